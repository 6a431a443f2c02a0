"""Runs spec/vectors/0006-ledger, 0012-payments, 0014-set-offs, 0016 and 0017."""

from typing import Any

import pytest

from protocol.ledger.refusals import Refusal
from protocol.ledger.set_offs import quorum
from protocol.messages.orders import purpose_digest
from tests.vectors.papers import cases, read, run

VECTORS = ["0006-ledger", "0012-payments", "0014-set-offs", "0016-invoices", "0017-far-invoices"]
GIVEN = {folder: read(folder, "entries.json")["given"] for folder in VECTORS}


@pytest.mark.parametrize(("folder", "case"), [
    pytest.param(folder, case, id=f"{folder[:4]}-{case['name']}")
    for folder in VECTORS for case in read(folder, "entries.json")["cases"]
])  # fmt: skip
def test_books_answer_and_stand_as_the_vectors_say(folder: str, case: dict[str, Any]) -> None:
    run(GIVEN[folder], case)


@pytest.mark.parametrize("case", cases("0014-set-offs", "quorums.json"))
def test_quorums_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    assert quorum(case["seats"]) == case["ballots"]


@pytest.mark.parametrize("case", cases("0006-ledger", "purposes.json"))
def test_purposes_are_hashed_as_in_the_vectors(case: dict[str, Any]) -> None:
    assert purpose_digest(bytes.fromhex(case["salt"]), case["text"]).hex() == case["what"]


def test_every_refusal_stands_in_the_vectors() -> None:
    folders = [*VECTORS, "0018-joint-set-offs"]
    files = [("0005-key-events", "chains.json"), *((folder, "entries.json") for folder in folders)]
    shown = {
        step["refusal"]
        for folder, file in files
        for case in read(folder, file)["cases"]
        for step in case["documents"]
    }
    assert sorted(shown) == [0, *Refusal]
