"""Runs spec/vectors/0008-member-interface."""

import json
from pathlib import Path
from typing import Any

import pytest

from node.founding import network_of
from protocol.errors import EncodingError
from protocol.messages import wire
from protocol.shapes import Shape

VECTORS = "0008-member-interface"
FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / VECTORS
SHAPES: dict[str, Shape[Any]] = {
    shape.struct.__name__: shape for shape in vars(wire).values() if isinstance(shape, Shape)
}


def cases(name: str) -> list[Any]:
    content = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in content["cases"]]


@pytest.mark.parametrize("case", cases("containers.json"))
def test_a_container_has_one_encoding(case: dict[str, str]) -> None:
    shape, data = SHAPES[case["shape"]], bytes.fromhex(case["bytes"])
    if "error" in case:
        with pytest.raises(EncodingError):
            shape.decode(data)
    else:
        assert shape.encode(shape.decode(data)) == data


@pytest.mark.parametrize("case", cases("networks.json"))
def test_a_network_is_the_hash_of_its_name(case: dict[str, str]) -> None:
    assert network_of(case["federation"]).hex() == case["network"]
