"""Sealed documents: what was signed is what is read, and no bit of it can change."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import PAYLOAD_BYTES_MAX
from protocol.envelope import (
    ENVELOPE,
    ENVELOPE_BYTES_MAX,
    Envelope,
    SignatureLine,
    document_id,
    merge,
    open_any,
    open_run,
    open_sealed,
    pre_authentication,
    reopen_verified,
    seal,
)
from protocol.errors import EncodingError, ProtocolError, SignatureError
from protocol.kinds import LOGGED, SHAPES, TYPE_OF
from protocol.messages.decisions import Charter
from protocol.messages.orders import Order
from protocol.signatures import public_key_of, sign
from tests.protocol.town import Cooperative, seeds_of

TOWN = Cooperative("bretagne")
ALICE, BOB = TOWN.admit("alice"), TOWN.admit("bob")
ORDER = ALICE.pay((BOB, 1_250))
THREE = seeds_of("one", "two", "three")


def test_a_sealed_document_opens_to_what_was_signed() -> None:
    # Spec 0004: The writer MUST sign the message, and never the bare payload.
    opened = open_sealed(ORDER, Order)
    payload = SHAPES[TYPE_OF[Order]].encode(opened.document)
    assert opened.message == pre_authentication(TYPE_OF[Order], payload)
    assert opened.sealed == ORDER
    assert opened.signers == (public_key_of(ALICE.seeds[0]),)
    assert opened.id == document_id(opened.document)
    assert reopen_verified(ORDER) == opened


def test_the_identifier_does_not_depend_on_signatures() -> None:
    one, two = seal(TOWN.charter, THREE[0]), seal(TOWN.charter, *reversed(THREE))
    assert open_sealed(one, Charter).id == open_sealed(two, Charter).id == TOWN.id
    assert open_sealed(two, Charter).signers == tuple(map(public_key_of, THREE))


def test_every_bit_of_a_sealed_order_counts() -> None:
    for place in range(8 * len(ORDER)):
        flipped = bytearray(ORDER)
        flipped[place >> 3] ^= 1 << (place & 7)
        with pytest.raises(ProtocolError):
            open_any(bytes(flipped), LOGGED)


@given(st.lists(st.tuples(st.integers(0, len(ORDER) - 1), st.integers(0, 255)), max_size=8))
def test_changed_bytes_end_in_a_protocol_error_and_nothing_else(
    changes: list[tuple[int, int]],
) -> None:
    spoilt = bytearray(ORDER)
    for place, value in changes:
        spoilt[place] = value
    if spoilt == ORDER:
        return
    with pytest.raises(ProtocolError):
        open_any(bytes(spoilt), LOGGED)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        open_any(data, LOGGED)


def test_merging_collects_the_signatures_of_one_document() -> None:
    # Spec 0004: The writer MUST put the signatures in strictly increasing order of their keys.
    parts = [seal(TOWN.charter, seed) for seed in reversed(THREE)]
    assert merge(*parts, parts[0]) == seal(TOWN.charter, *THREE)
    with pytest.raises(EncodingError, match="different"):
        merge(parts[0], ORDER)


def _envelope(**changes: Any) -> bytes:
    envelope = ENVELOPE.decode(ORDER)
    fields: dict[str, Any] = {"p": envelope.p, "s": envelope.s, "t": envelope.t} | changes
    return ENVELOPE.encode(Envelope(**fields))


def _line(seed: bytes, kind: str, payload: bytes) -> SignatureLine:
    return SignatureLine(1, public_key_of(seed), sign(seed, pre_authentication(kind, payload)))


def test_a_type_that_is_not_expected_is_refused_before_any_signature() -> None:
    with pytest.raises(EncodingError, match="not expected"):
        open_any(ORDER, frozenset())
    with pytest.raises(EncodingError, match="not expected"):
        open_sealed(ORDER, Charter)


def test_a_signature_under_one_type_is_none_under_another() -> None:
    with pytest.raises(SignatureError):
        open_any(_envelope(t=TYPE_OF[Charter]), frozenset({TYPE_OF[Charter]}))


def test_signatures_out_of_order_or_of_one_key_twice_are_refused() -> None:
    payload = ENVELOPE.decode(ORDER).p
    lines = [_line(seed, TYPE_OF[Order], payload) for seed in THREE]
    for wrong in (lines[::-1], [lines[0], lines[0]]):
        with pytest.raises(SignatureError, match="out of order"):
            open_sealed(_envelope(s=wrong), Order)


def test_one_forged_signature_among_good_ones_refuses_the_whole() -> None:
    # Spec 0004: The reader MUST refuse an envelope of which any signature does not hold.
    payload = ENVELOPE.decode(ORDER).p
    lines = [_line(seed, TYPE_OF[Order], payload) for seed in THREE]
    lines[1] = SignatureLine(1, lines[1].k, lines[0].s)
    with pytest.raises(SignatureError, match="does not hold"):
        open_sealed(_envelope(s=lines), Order)


def test_signed_garbage_is_refused_after_its_signature() -> None:
    # Spec 0004: The reader MUST refuse a payload that is not the canonical encoding of its type's
    # shape.
    for payload in (b"\x80", b"\x81\xa1a\x01", b"\xc1"):
        lines = [_line(THREE[0], TYPE_OF[Order], payload)]
        with pytest.raises(EncodingError, match="Order"):
            open_sealed(_envelope(p=payload, s=lines), Order)


@pytest.mark.parametrize("change", [
    {"s": []}, {"p": b""}, {"p": bytes(PAYLOAD_BYTES_MAX + 1)},
    {"s": [{"a": 2, "k": bytes(32), "s": bytes(64)}]},
    {"s": [{"a": 1, "k": bytes(31), "s": bytes(64)}]},
    {"s": [{"a": 1, "k": bytes(32), "s": bytes(63)}]},
    {"s": [{"a": 1, "k": bytes([place]) * 32, "s": bytes(64)} for place in range(17)]},
    {"x": 1}, {"t": 5},
])  # fmt: skip
def test_an_envelope_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    # Spec 0004: The reader MUST refuse an envelope that is not the canonical encoding of its shape.
    fields = {"p": b"\x80", "s": [{"a": 1, "k": bytes(32), "s": bytes(64)}], "t": TYPE_OF[Order]}
    data = msgpack.packb(dict(sorted((fields | change).items())))
    with pytest.raises(EncodingError):
        open_any(data, LOGGED)


RUN = [ORDER, ALICE.pay((BOB, 5)), TOWN.sealed, BOB.pay((ALICE, 7))]


def test_a_run_opens_as_its_documents_do_one_by_one() -> None:
    allowed = LOGGED
    for run in (RUN, [RUN[0], RUN[1]], [RUN[2]]):
        assert open_run(run, allowed) == [open_any(sealed, allowed) for sealed in run]


@given(
    st.integers(0, len(RUN) - 1), st.integers(0, len(ORDER) - 1), st.integers(1, 255),
    st.booleans(),
)  # fmt: skip
def test_one_changed_byte_refuses_the_whole_run(
    spoilt: int, place: int, change: int, alike: bool
) -> None:
    # Spec 0004: The reader MUST refuse an envelope of which any signature does not hold.
    run = [ORDER, RUN[1]] * 2 if alike else list(RUN)
    data = bytearray(run[spoilt])
    data[place % len(data)] ^= change
    run[spoilt] = bytes(data)
    with pytest.raises(ProtocolError):
        open_run(run, LOGGED)


def test_more_than_an_envelope_is_not_looked_at() -> None:
    # Spec 0004: The reader MUST refuse more than 68,000 bytes before it looks at them.
    with pytest.raises(EncodingError, match="68001 bytes"):
        open_any(bytes(ENVELOPE_BYTES_MAX + 1), LOGGED)
    with pytest.raises(EncodingError, match="at most 68000 bytes"):
        open_run([ORDER, bytes(ENVELOPE_BYTES_MAX + 1)], LOGGED)


def test_the_greatest_order_fits_its_envelope() -> None:
    members = [(BOB, 2**53 - 1)] * 1_000
    sealed = ALICE.pay(*members)
    assert len(open_sealed(sealed, Order).document.legs) == 1_000
    with pytest.raises(EncodingError, match="length <= 1000"):
        open_sealed(ALICE.pay(*members, (BOB, 1)), Order)
