"""Runs spec/vectors/0005-key-events."""

from typing import Any

import pytest

from protocol.envelope import open_sealed
from protocol.kinds import LOGGED, SHAPES
from protocol.ledger.authority import next_key_digest
from protocol.messages.keyevents import Inception
from tests.vectors.papers import cases, read, run

VECTORS = "0005-key-events"
GIVEN = read(VECTORS, "chains.json")["given"]


@pytest.mark.parametrize("case", cases(VECTORS, "chains.json"))
def test_a_chain_of_key_events_ends_as_the_vectors_say(case: dict[str, Any]) -> None:
    run(GIVEN, case)


def test_digests_and_identifiers_are_those_of_the_vectors() -> None:
    key, account = read(VECTORS, "derived.json")["cases"]
    assert next_key_digest(bytes.fromhex(key["key"])).hex() == key["digest"]
    opened = open_sealed(bytes.fromhex(account["event"]), Inception)
    assert opened.id.hex() == account["id"]
    assert account["id"][:32] == account["account"]


def test_the_types_are_those_of_the_vectors() -> None:
    table = read(VECTORS, "kinds.json")["cases"]
    assert [row["type"] for row in table] == sorted(SHAPES)
    assert {row["type"] for row in table if row["logged"]} == LOGGED
