"""The one canonical MessagePack form of any value (spec 0003).

Decoding refuses every other form: it unpacks, walks the value, encodes it again and compares the
bytes, so that one value has one encoding and what was received is what was signed.
Documents with a fixed shape go through `protocol.shapes`, which gives the same bytes faster.
"""

import re
import unicodedata
from typing import Final

import msgpack

from protocol.errors import EncodingError

INT_MAX: Final = 2**53 - 1
TEXT_BYTES_MAX: Final = 1_024
BIN_BYTES_MAX: Final = 8_192
ARRAY_ITEMS_MAX: Final = 1_024
MAP_ITEMS_MAX: Final = 64
DEPTH_MAX: Final = 8
PAYLOAD_BYTES_MAX: Final = 65_535

Value = bool | int | str | bytes | list["Value"] | dict[str, "Value"]

_KEY = re.compile(r"[a-z][a-z0-9_]{0,15}")
# Bidirectional overrides and isolates can make a signed text read as another one.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_text(text: str) -> None:
    """Refuse a text that a reader could mistake for another one.

    Args:
        text: Any string; at most 1,024 bytes of UTF-8.

    Raises:
        EncodingError: too long, not NFC, a control character, a bidirectional override, or
            a lone surrogate.

    Source:
        Spec 0003, texts.
    """
    if text.isascii():
        if len(text) > TEXT_BYTES_MAX:
            raise EncodingError(f"text of {len(text)} bytes, at most {TEXT_BYTES_MAX}")
        if not text.isprintable():
            raise EncodingError("text with a control character")
        return
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise EncodingError("text with a lone surrogate") from error
    if size > TEXT_BYTES_MAX:
        raise EncodingError(f"text of {size} bytes, at most {TEXT_BYTES_MAX}")
    # Spec 0003: The writer MUST put every text in Unicode normalization form C.
    if not unicodedata.is_normalized("NFC", text):
        raise EncodingError("text not in normalization form C")
    if any(unicodedata.category(character) == "Cc" or character in _BIDI for character in text):
        raise EncodingError("text with a control or bidirectional character")


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind is bool:
        return
    if kind is int:
        # Spec 0003: The reader MUST refuse an integer outside −(2^53−1) … 2^53−1.
        if not -INT_MAX <= value <= INT_MAX:  # type: ignore[operator]
            raise EncodingError("integer outside ±(2^53−1)")
    elif isinstance(value, str):
        check_text(value)
    elif isinstance(value, bytes):
        if len(value) > BIN_BYTES_MAX:
            raise EncodingError(f"binary of {len(value)} bytes, at most {BIN_BYTES_MAX}")
    elif isinstance(value, list | dict):
        # Spec 0003: The reader MUST refuse a value nested deeper than 8.
        if depth >= DEPTH_MAX:
            raise EncodingError(f"nested deeper than {DEPTH_MAX}")
        _check_items(value, depth + 1)
    else:
        # Spec 0003: The reader MUST refuse nil, floats, extensions and timestamps.
        raise EncodingError(f"type {kind.__name__} is not in the profile")


def _check_items(value: list[object] | dict[object, object], depth: int) -> None:
    if isinstance(value, list):
        if len(value) > ARRAY_ITEMS_MAX:
            raise EncodingError(f"array of {len(value)} items, at most {ARRAY_ITEMS_MAX}")
        for item in value:
            _check(item, depth)
        return
    if len(value) > MAP_ITEMS_MAX:
        raise EncodingError(f"map of {len(value)} entries, at most {MAP_ITEMS_MAX}")
    last = ""
    for key, item in value.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise EncodingError("map key outside [a-z][a-z0-9_]{0,15}")
        # Spec 0003: The writer MUST put the keys of a map in strictly increasing byte order.
        if key <= last:
            raise EncodingError(f"map key {key!r} out of order")
        last = key
        _check(item, depth)


def encode(value: dict[str, Value]) -> bytes:
    """Return the canonical bytes of a map; keys are put in order here.

    Args:
        value: A map of bool, int, str, bytes, list and map; at most 65,535 bytes encoded.

    Raises:
        EncodingError: a value is outside the profile.

    Source:
        Spec 0003.
    """
    ordered = _ordered(value)
    _check(ordered, 0)
    data: bytes = msgpack.packb(ordered)
    if len(data) > PAYLOAD_BYTES_MAX:
        raise EncodingError(f"{len(data)} bytes, at most {PAYLOAD_BYTES_MAX}")
    return data


def _ordered(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


def decode(data: bytes) -> dict[str, Value]:
    """Return the map of which `data` is the canonical form.

    Args:
        data: At most 65,535 bytes.

    Raises:
        EncodingError: not MessagePack, not canonical, outside the profile, or too large.

    Source:
        Spec 0003.
    """
    if len(data) > PAYLOAD_BYTES_MAX:
        raise EncodingError(f"{len(data)} bytes, at most {PAYLOAD_BYTES_MAX}")
    try:
        # A key that is itself an array or a map cannot be hashed: msgpack says TypeError.
        value = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.exceptions.StackError, RecursionError) as error:
        raise EncodingError(f"not MessagePack: {error}") from error
    # Spec 0003: The reader MUST refuse a document whose top level is not a map.
    if type(value) is not dict:
        raise EncodingError("the top level is not a map")
    _check(value, 0)
    # Spec 0003: The reader MUST refuse bytes that differ from the encoding of the decoded value.
    if msgpack.packb(value) != data:
        raise EncodingError("not the canonical form")
    return value
