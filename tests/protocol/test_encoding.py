"""One value has one encoding, and every other sequence of bytes ends in `EncodingError`."""

import unicodedata
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.encoding import (
    ARRAY_ITEMS_MAX,
    BIN_BYTES_MAX,
    DEPTH_MAX,
    INT_MAX,
    MAP_ITEMS_MAX,
    PAYLOAD_BYTES_MAX,
    TEXT_BYTES_MAX,
    check_text,
    decode,
    encode,
)
from protocol.errors import EncodingError
from tests.protocol.documents import texts

KEYS = st.from_regex(r"\A[a-z][a-z0-9_]{0,15}\Z")
LEAVES = st.booleans() | st.integers(-INT_MAX, INT_MAX) | texts(40) | st.binary(max_size=40)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
MAPS = st.dictionaries(KEYS, VALUES, max_size=6)


def _depth(value: Any) -> int:
    if isinstance(value, list | dict):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(_depth, inner), default=0)
    return 0


def _nested(levels: int) -> dict[str, Any]:
    value: Any = []
    for _ in range(levels - 2):
        value = [value]
    return {"a": value}


@given(MAPS.filter(lambda value: _depth(value) <= DEPTH_MAX))
def test_what_is_encoded_decodes_to_itself_and_in_any_order_of_its_keys(value: Any) -> None:
    data = encode(value)
    assert decode(data) == value
    assert encode(dict(reversed(value.items()))) == data


@given(st.binary(max_size=200))
@example(bytes.fromhex("819000"))
@example(bytes.fromhex("818000"))
@example(bytes.fromhex("81d6ff0000000000"))
@example(bytes.fromhex("81a161d7ffffffffffffffffff"))
@example(b"\x91" * 2_000)
@example(bytes.fromhex("81a161dfffffffff"))
def test_any_bytes_either_are_the_one_form_of_a_map_or_end_in_encoding_error(data: bytes) -> None:
    try:
        value = decode(data)
    except EncodingError:
        return
    assert encode(value) == data


@given(MAPS.filter(lambda value: _depth(value) <= DEPTH_MAX), st.data())
def test_a_changed_bit_never_decodes_to_the_same_value(value: Any, choice: st.DataObject) -> None:
    data = encode(value)
    place = choice.draw(st.integers(0, 8 * len(data) - 1))
    flipped = bytearray(data)
    flipped[place >> 3] ^= 1 << (place & 7)
    try:
        other = decode(bytes(flipped))
    except EncodingError:
        return
    # False == 0 and True == 1 in Python, not in the profile: compare what is written.
    assert encode(other) != data


@pytest.mark.parametrize("value", [
    {"a": INT_MAX}, {"a": -INT_MAX}, {"a": "x" * TEXT_BYTES_MAX},
    {"a": "é" * (TEXT_BYTES_MAX >> 1)},
    {"a": bytes(BIN_BYTES_MAX)}, {"a": [0] * ARRAY_ITEMS_MAX}, _nested(DEPTH_MAX),
    {f"k{place}": 0 for place in range(MAP_ITEMS_MAX)}, {"a" * 16: 0}, {"a": "Île-de-France"},
])  # fmt: skip
def test_the_bounds_themselves_are_inside(value: Any) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("value", [
    {"a": INT_MAX + 1}, {"a": -INT_MAX - 1}, {"a": "x" * (TEXT_BYTES_MAX + 1)},
    {"a": "é" * ((TEXT_BYTES_MAX >> 1) + 1)}, {"a": bytes(BIN_BYTES_MAX + 1)},
    {"a": [0] * (ARRAY_ITEMS_MAX + 1)}, _nested(DEPTH_MAX + 1), {"a" * 17: 0},
    {f"k{place}": 0 for place in range(MAP_ITEMS_MAX + 1)}, {"A": 0}, {"": 0}, {"1": 0}, {"_a": 0},
    {"é": 0}, {"a": None}, {"a": 1.5}, {"a": float("nan")}, {"a": msgpack.ExtType(5, b"x")},
    {"a": "e\u0301"}, {"a": "line\n"}, {"a": "\x7f"}, {"a": "\u202eabc"}, {"a": "é\u0085"},
    {"a": [bytes(BIN_BYTES_MAX)] * 8}, {"a": [[], None]},
])  # fmt: skip
def test_what_lies_outside_is_refused_by_writer_and_reader(value: Any) -> None:
    # Spec 0003: The reader MUST refuse a text, binary, array or map above the bound of its type.
    # Spec 0003: The reader MUST refuse a text that is not UTF-8, not in form C, or has a forbidden
    # character.
    # Spec 0003: The reader MUST refuse a key that the writer may not use.
    # Spec 0003: The writer MUST NOT put control characters (category Cc) or bidirectional controls
    # into a text.
    # Spec 0003: The writer MUST keep a document within 65,535 bytes.
    with pytest.raises(EncodingError):
        encode(value)
    with pytest.raises(EncodingError):
        decode(msgpack.packb(value))


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(EncodingError, match="surrogate"):
        encode({"a": "\ud800"})


@pytest.mark.parametrize(("data", "found"), [
    ("81a16181", "not MessagePack"), ("80" + "00", "not MessagePack"), ("90", "not a map"),
    ("01", "not a map"), ("82a16200a16100", "out of order"), ("82a16100a16101", "canonical"),
    ("8100c2", "map key"), ("81c4016100", "map key"), ("81a161cc05", "canonical"),
    ("81a161d90178", "canonical"), ("81a161c5000100", "canonical"), ("81a161dc000100", "canonical"),
    ("de0001a16100", "canonical"), ("81a161d3ffffffffffffffff", "canonical"),
    ("81a161cf0020000000000000", "integer"),
])  # fmt: skip
def test_another_form_of_the_same_value_is_refused(data: str, found: str) -> None:
    # Spec 0003: The writer MUST give every integer, text, binary, array and map the fewest bytes
    # that MessagePack has for it.
    # Spec 0003: The writer MUST write integers from 0 up in the unsigned family (fixint, uint8 to
    # uint64).
    with pytest.raises(EncodingError, match=found):
        decode(bytes.fromhex(data))


def test_more_than_a_payload_is_not_looked_at() -> None:
    # Spec 0003: The reader MUST refuse more than 65,535 bytes before it looks at them.
    with pytest.raises(EncodingError, match="65536 bytes"):
        decode(bytes(PAYLOAD_BYTES_MAX + 1))


@given(st.text(max_size=20))
def test_a_text_that_passes_is_composed_and_shows_every_character(text: str) -> None:
    try:
        check_text(text)
    except EncodingError:
        return
    assert unicodedata.is_normalized("NFC", text)
    assert all(unicodedata.category(character) not in {"Cc", "Cs"} for character in text)
