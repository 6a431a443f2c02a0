"""Documents of a fixed shape have the bytes of the generic profile, and no others pass."""

from typing import Annotated, Any

import msgpack
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.encoding import decode, encode
from protocol.errors import EncodingError
from protocol.kinds import LOGGED, SHAPES, TYPE_OF, type_name
from protocol.messages.decisions import Charter
from protocol.messages.orders import Leg
from protocol.messages.wire import SUBMISSION, Submission
from protocol.shapes import Document, FreeText, Shape
from tests.protocol.documents import as_map, documents_of
from tests.protocol.town import Cooperative

KINDS = sorted(SHAPES)


def _documents(kind: str) -> st.SearchStrategy[Any]:
    struct: type[Document] = SHAPES[kind].struct
    return documents_of(struct)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_writes_the_bytes_of_the_generic_profile(kind: str) -> None:
    shape = SHAPES[kind]

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(_documents(kind))
    def law(document: Any) -> None:
        data = shape.encode(document)
        assert data == encode(as_map(document))
        assert shape.decode(data) == document
        assert encode(decode(data)) == data

    law()


@pytest.mark.parametrize("kind", KINDS)
def test_any_bytes_end_in_a_document_or_in_encoding_error(kind: str) -> None:
    shape = SHAPES[kind]

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(_documents(kind), st.data())
    def law(document: Any, choice: st.DataObject) -> None:
        data = bytearray(shape.encode(document))
        for _ in range(choice.draw(st.integers(1, 3))):
            place = choice.draw(st.integers(0, len(data) - 1))
            data[place] = choice.draw(st.integers(0, 255))
        cut = bytes(data[: choice.draw(st.integers(0, len(data)))])
        for read in (bytes(data), cut):
            try:
                other = shape.decode(read)
            except EncodingError:
                with pytest.raises(EncodingError):
                    shape.decode_run([shape.encode(document), read])
                continue
            assert shape.decode_run([shape.encode(document), read]) == [document, other]
            assert shape.encode(other) == read

    law()


def _charter() -> dict[str, Any]:
    fields = as_map(Cooperative("bretagne").charter)
    assert isinstance(fields, dict)
    return fields


CHARTER = SHAPES[TYPE_OF[Charter]]


@pytest.mark.parametrize(("change", "found"), [
    ({"extra": 1}, "unknown field"), ({"dec": 7}, "dec"), ({"dec": True}, "dec"),
    ({"net": bytes(31)}, "net"), ({"kev": 1}, "kev"), ({"unit": "sel"}, "unit"),
    ({"unit": "SEL\n"}, "unit"), ({"origin": "a b"}, "origin"), ({"keys": []}, "keys"),
    ({"keys": [bytes(32)] * 9}, "keys"), ({"officers": [bytes(32)] * 17}, "officers"),
    ({"climit": -1}, "climit"), ({"ceil": 2**53}, "ceil"), ({"name": ""}, "name"),
    ({"name": "x" * 257}, "name"), ({"name": "e\u0301"}, "normalization"),
    ({"name": "a\u202eb"}, "bidirectional"), ({"name": "a\tb"}, "control"), ({"log": "x"}, "log"),
])  # fmt: skip
def test_a_field_out_of_its_bounds_is_refused(change: dict[str, Any], found: str) -> None:
    # Spec 0003: The reader MUST refuse a document with a field that its table does not have.
    # Spec 0003: The reader MUST refuse a field of another type or outside the bounds of its table.
    fields = dict(sorted((_charter() | change).items()))
    with pytest.raises(EncodingError, match=found):
        CHARTER.decode(msgpack.packb(fields))


def test_a_missing_field_is_refused() -> None:
    # Spec 0003: The reader MUST refuse a document without a field of its table, unless the table
    # says that it may be absent.
    fields = _charter()
    del fields["othr"]
    with pytest.raises(EncodingError, match="othr"):
        CHARTER.decode(msgpack.packb(fields))


def test_fields_in_another_order_or_twice_or_in_longer_form_are_refused() -> None:
    fields = _charter()
    twice = bytes([0x80 | 2]) + msgpack.packb("a") + b"\x01" + msgpack.packb("a") + b"\x01"
    leg = Shape(Leg)
    whole = CHARTER.encode(CHARTER.struct(**fields))
    # 17 fields stand in map16 already; the integer 2 of `dec` has a longer form.
    longer = whole.replace(b"\xa3dec\x02", b"\xa3dec\xcc\x02")
    for shape, data in (
        (CHARTER, msgpack.packb(dict(reversed(fields.items())))),
        (CHARTER, longer),
        (CHARTER, whole + b"\x00"),
        (leg, twice),
        (leg, msgpack.packb({"amt": 1, "acct": bytes(16)})),
    ):
        with pytest.raises(EncodingError):
            shape.decode(data)
    assert longer != whole


def test_an_absent_field_is_absent_and_never_nil() -> None:
    leg = Leg(bytes(16), 5)
    assert as_map(leg) == {"acct": bytes(16), "amt": 5}
    with pytest.raises(EncodingError):
        Shape(Leg).decode(msgpack.packb({"acct": bytes(16), "amt": 5, "coop": None}))


def test_a_free_text_may_be_absent() -> None:
    bare = Submission(doc=b"x")
    assert SUBMISSION.decode(SUBMISSION.encode(bare)) == bare
    with pytest.raises(EncodingError, match="control"):
        SUBMISSION.decode(SUBMISSION.encode(Submission(doc=b"x", text="a\nb")))


def test_a_shape_looks_at_no_more_than_its_bound() -> None:
    with pytest.raises(EncodingError, match="at most 4"):
        Shape(Leg, bytes_max=4).decode(bytes(5))


def test_a_struct_whose_fields_are_out_of_order_is_no_shape() -> None:
    class Wrong(Document, frozen=True, gc=False):
        b: int
        a: Annotated[FreeText, msgspec.Meta()]

    with pytest.raises(AssertionError, match="alphabetical"):
        Shape(Wrong)


def test_the_table_names_each_shape_once_and_logs_fifteen_kinds() -> None:
    assert len(SHAPES) == len(TYPE_OF) == 26
    assert type_name("order") == "application/vnd.ronde.order.v1+msgpack"
    assert all(SHAPES[name].struct is struct for struct, name in TYPE_OF.items())
    words = {name.split(".")[2] for name in LOGGED}
    assert words == {
        "acceptance", "admission", "answer", "cancellation", "certificate", "charter", "consent",
        "discharge", "invoice", "limit", "line", "order", "provision",
        "revocation", "rotation",
    }  # fmt: skip
