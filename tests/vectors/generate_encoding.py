"""Writes spec/vectors/0003-encoding: run it again and nothing changes.

The bytes are made by a small writer of its own, so that the vectors are not an echo of the code.
"""

from typing import Any

from tests.vectors.papers import Case, write

FOLDER = "0003-encoding"


def _int(value: int) -> bytes:
    if 0 <= value < 128 or -32 <= value < 0:
        return value.to_bytes(1, "big", signed=value < 0)
    heads = (0xCC, 0xCD, 0xCE, 0xCF) if value >= 0 else (0xD0, 0xD1, 0xD2, 0xD3)
    for head, size in zip(heads, (1, 2, 4, 8), strict=True):
        span = 1 << 8 * size
        if value < span if value >= 0 else value >= -(span >> 1):
            return bytes([head]) + value.to_bytes(size, "big", signed=value < 0)
    raise AssertionError(value)


def _head(count: int, fix: int, below: int, heads: tuple[int, int, int]) -> bytes:
    if count < below:
        return bytes([fix | count])
    for head, size in zip(heads, (1, 2, 4), strict=True):
        if head and count < 1 << 8 * size:
            return bytes([head]) + count.to_bytes(size, "big")
    raise AssertionError(count)


def packed(value: Any) -> bytes:
    """Return the shortest MessagePack of a value, keys as they stand."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, str):
        text = value.encode()
        return _head(len(text), 0xA0, 32, (0xD9, 0xDA, 0xDB)) + text
    if isinstance(value, bytes):
        return _head(len(value), 0, 0, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, list):
        return _head(len(value), 0x90, 16, (0, 0xDC, 0xDD)) + b"".join(map(packed, value))
    items = b"".join(packed(key) + packed(item) for key, item in value.items())
    return _head(len(value), 0x80, 16, (0, 0xDE, 0xDF)) + items


def _written(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bin": value.hex()}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"$int": str(value)}
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    return value


def _valid() -> list[Case]:
    numbers = [0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**53 - 1]
    numbers += [-1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**53) + 1]
    samples: list[tuple[str, str, Any]] = [
        (f"integer-{number}".replace("--", "-minus-"), "shortest form", {"a": number})
        for number in numbers
    ]
    for count, kind in ((0, "fix"), (31, "fix"), (32, "8"), (255, "8"), (256, "16"), (1_024, "16")):
        samples.append((f"text-{count}", f"str{kind}", {"a": "x" * count}))
    for count in (0, 1, 255, 256, 8_192):
        samples.append((f"binary-{count}", "bin8 or bin16", {"a": bytes(count)}))
    for count in (0, 15, 16, 1_024):
        samples.append((f"array-{count}", "fixarray or array16", {"a": [1] * count}))
    for count in (0, 15, 16, 64):
        keys = {f"k{place:02}": place for place in range(count)}
        samples.append((f"map-{count}", "fixmap or map16", keys))
    deep: Any = []
    for _ in range(6):
        deep = [deep]
    samples += [
        ("booleans", "one byte each", {"a": True, "b": False}),
        ("french", "composed letters", {"name": "Île-de-France, œuvre à 12 €"}),
        ("beyond-the-plane", "four bytes of UTF-8", {"a": "🌻"}),
        ("key-16", "the longest key", {"a234567890123456": 0}),
        (
            "key-order",
            "digits, then the low line, then letters",
            {"a": 1, "a1": 2, "a_": 3, "aa": 4},
        ),
        ("depth-8", "the map and seven arrays", {"a": deep}),
    ]
    return [
        {"name": name, "comment": comment, "value": _written(value), "hex": packed(value).hex()}
        for name, comment, value in samples
    ]


def _invalid() -> list[Case]:
    deep: Any = []
    for _ in range(7):
        deep = [deep]
    samples: list[tuple[str, str, bytes]] = [
        ("nothing", "no bytes", b""),
        ("cut", "the value is missing", b"\x81\xa1a"),
        ("trailing", "one byte more", packed({"a": 1}) + b"\x00"),
        ("top-array", "not a map", b"\x90"),
        ("top-integer", "not a map", b"\x01"),
        ("nil", "absent is absent", b"\x81\xa1a\xc0"),
        ("float", "1.5", bytes.fromhex("81a161cb3ff8000000000000")),
        ("float-whole", "1.0 is no integer", bytes.fromhex("81a161ca3f800000")),
        ("nan", "not a number", bytes.fromhex("81a161cb7ff8000000000000")),
        ("extension", "type 5", bytes.fromhex("81a161d40500")),
        ("timestamp", "type -1", bytes.fromhex("81a161d6ff00000000")),
        ("never-used", "0xc1", b"\x81\xa1a\xc1"),
        ("integer-2-53", "one too many", packed({"a": 2**53})),
        ("integer-minus-2-53", "one too few", packed({"a": -(2**53)})),
        ("long-integer", "5 as uint8", bytes.fromhex("81a161cc05")),
        ("long-integer-64", "5 as uint64", bytes.fromhex("81a161cf0000000000000005")),
        ("signed-positive", "5 as int8", bytes.fromhex("81a161d005")),
        ("long-negative", "-1 as int8", bytes.fromhex("81a161d0ff")),
        ("long-text", "x as str8", bytes.fromhex("81a161d90178")),
        ("long-binary", "one byte as bin16", bytes.fromhex("81a161c5000100")),
        ("long-array", "one item as array16", bytes.fromhex("81a161dc000100")),
        ("long-map", "one entry as map16", bytes.fromhex("de0001a16100")),
        ("long-key", "the key as str8", bytes.fromhex("81d9016100")),
        ("unordered", "b before a", packed({"b": 0, "a": 0})),
        ("twice", "a and a", bytes.fromhex("82a16100a16101")),
        ("nested-unordered", "inside an array", packed({"a": [{"b": 0, "a": 0}]})),
        ("key-integer", "0", bytes.fromhex("810000")),
        ("key-binary", "a in bin8", bytes.fromhex("81c4016100")),
        ("key-array", "cannot be a key", bytes.fromhex("819000")),
        ("key-upper", "A", packed({"A": 0})),
        ("key-digit", "begins with 1", packed({"1a": 0})),
        ("key-empty", "no letter", packed({"": 0})),
        ("key-17", "one letter too many", packed({"a" * 17: 0})),
        ("key-proto", "__proto__", packed({"__proto__": 0})),
        ("utf-8", "a byte that begins nothing", bytes.fromhex("81a161a1ff")),
        ("surrogate", "half of a pair", bytes.fromhex("81a161a3eda080")),
        ("decomposed", "e and an acute accent", packed({"a": "e\u0301"})),
        ("line-feed", "a control character", packed({"a": "a\nb"})),
        ("delete", "U+007F", packed({"a": "\x7f"})),
        ("next-line", "U+0085 among letters", packed({"a": "é\u0085"})),
        ("override", "U+202E turns a text round", packed({"a": "\u202e05"})),
        ("isolate", "U+2066", packed({"a": "\u2066a"})),
        ("text-1025", "one byte too many", packed({"a": "x" * 1_025})),
        ("binary-8193", "one byte too many", packed({"a": bytes(8_193)})),
        ("array-1025", "one item too many", packed({"a": [1] * 1_025})),
        ("map-65", "one entry too many", packed({f"k{place:02}": 0 for place in range(65)})),
        ("depth-9", "the map and eight arrays", packed({"a": deep})),
    ]  # fmt: skip
    return [
        {"name": f"{name}_fail", "comment": comment, "hex": data.hex()}
        for name, comment, data in samples
    ]


if __name__ == "__main__":
    write(FOLDER, "values.json", "Values and their one encoding", _valid() + _invalid())
