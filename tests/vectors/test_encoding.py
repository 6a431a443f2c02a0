"""Runs spec/vectors/0003-encoding."""

from typing import Any

import pytest

from protocol.encoding import decode, encode
from protocol.errors import EncodingError
from tests.vectors.papers import cases

VECTORS = "0003-encoding"


def _value(written: Any) -> Any:
    if isinstance(written, dict):
        if set(written) == {"$int"}:
            return int(written["$int"])
        if set(written) == {"$bin"}:
            return bytes.fromhex(written["$bin"])
        return {key: _value(item) for key, item in written.items()}
    return [_value(item) for item in written] if isinstance(written, list) else written


@pytest.mark.parametrize("case", cases(VECTORS, "values.json"))
def test_a_value_has_the_bytes_of_the_vectors_and_no_others(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if case["name"].endswith("_fail"):
        with pytest.raises(EncodingError):
            decode(data)
        return
    assert encode(_value(case["value"])) == data
    assert decode(data) == _value(case["value"])
