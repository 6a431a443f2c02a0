"""Runs spec/vectors/0002-amounts-and-identifiers."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from protocol.amounts import AmountError, format_amount, parse_amount, parse_decimal_text
from protocol.errors import EncodingError
from protocol.identifiers import (
    TextKind,
    correspondent_account,
    from_text,
    parse_address,
    reserved_account,
    slug,
    to_text,
)

ROOT = Path(__file__).resolve().parents[2]
VECTORS = "0002-amounts-and-identifiers"
FOLDER = ROOT / "spec" / "vectors" / VECTORS


def cases(file: str) -> list[Any]:
    document = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in document["cases"]]


@pytest.mark.parametrize("case", cases("amounts.json"))
def test_amounts_are_read_and_printed_as_the_vectors_say(case: dict[str, Any]) -> None:
    if case["kind"] == "printed":
        text = format_amount(
            case["minor"], case["decimals"], separator=case["separator"], group=case["group"]
        )
        assert text == case["text"]
        return
    read = parse_amount if case["kind"] == "typed" else parse_decimal_text
    if "reason" not in case:
        assert read(case["text"], case["decimals"]) == case["minor"]
        return
    with pytest.raises(AmountError) as caught:
        read(case["text"], case["decimals"])
    assert caught.value.reason.value == case["reason"]


@pytest.mark.parametrize("case", cases("texts.json"))
def test_checked_texts_are_read_and_written_as_the_vectors_say(case: dict[str, Any]) -> None:
    kind = TextKind(case["kind"])
    if "error" in case:
        with pytest.raises(EncodingError):
            from_text(kind, case["text"])
        return
    raw = bytes.fromhex(case["bytes"])
    assert from_text(kind, case["text"]) == raw
    assert to_text(kind, raw) == case["text"].lower()


@pytest.mark.parametrize("case", cases("names.json"))
def test_names_and_addresses_are_read_as_the_vectors_say(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(EncodingError):
            slug(case["title"]) if "title" in case else parse_address(case["address"])
    elif "title" in case:
        assert slug(case["title"]) == case["slug"]
    else:
        address = parse_address(case["address"])
        assert [address.name, address.cooperative] == case["parts"]
        assert str(address) == case["address"]


@pytest.mark.parametrize("case", cases("derived.json"))
def test_derived_accounts_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    if "role" in case:
        account = reserved_account(case["role"])
    else:
        account = correspondent_account(bytes.fromhex(case["cooperative"]))
    assert account.hex() == case["account"]


def test_the_generator_leaves_no_difference() -> None:
    made = runpy.run_path(str(Path(__file__).with_name("generate_amounts_and_identifiers.py")))
    documents = made["documents"]()
    assert sorted(documents) == sorted(path.name for path in FOLDER.glob("*.json"))
    for file, document in documents.items():
        assert json.loads((FOLDER / file).read_text(encoding="utf-8")) == document


def test_the_example_of_the_spec_is_in_the_vectors() -> None:
    spec = (ROOT / "spec" / "0002-amounts-and-identifiers.md").read_text(encoding="utf-8")
    samples = [case.values[0] for case in cases("texts.json")[:1] + cases("derived.json")[:2]]
    assert samples[0]["text"] in spec
    assert all(sample["account"] in spec for sample in samples[1:])
