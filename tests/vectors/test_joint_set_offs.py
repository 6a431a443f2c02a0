"""Runs spec/vectors/0018-joint-set-offs."""

from typing import Any

import pytest

from federation.joint_cycles import Frame, pieces, terms_of
from federation.obligations import Graph
from federation.round_obligations import check_owed, obligations
from federation.round_papers import agreed_debts
from federation.tie_break import verify_answer
from protocol.blinding import blind_of, obligation_ref, pseudonym_of
from protocol.kinds import SHAPES, TYPE_OF
from protocol.messages.rounds import Convening, Position
from tests.vectors.papers import cases, read, run

VECTORS = "0018-joint-set-offs"
GIVEN = read(VECTORS, "entries.json")["given"]


@pytest.mark.parametrize("case", cases(VECTORS, "entries.json"))
def test_books_answer_and_stand_as_the_vectors_say(case: dict[str, Any]) -> None:
    run(GIVEN, case)


@pytest.mark.parametrize("case", cases(VECTORS, "names.json"))
def test_names_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    secret = bytes.fromhex(case["secret"])
    assert blind_of(secret).hex() == case["blind"]
    assert pseudonym_of(secret, bytes.fromhex(case["account"])).hex() == case["pseudonym"]
    assert obligation_ref(case["deadline"], bytes.fromhex(case["inv"])).hex() == case["ref"]


@pytest.mark.parametrize("case", cases(VECTORS, "rounds.json"))
def test_terms_follow_from_positions_as_in_the_vectors(case: dict[str, Any]) -> None:
    keys = {bytes.fromhex(one): bytes.fromhex(key) for one, key in case["members"].items()}
    ids = sorted(keys)
    shape = SHAPES[TYPE_OF[Position]]
    positions = [shape.decode(bytes.fromhex(payload)) for payload in case["positions"]]
    for position in positions:
        check_owed(position, len(ids))
    owed = [(one.debtor, one.creditor, one.amount) for one in obligations(positions)]
    graph = Graph.from_debts(agreed_debts(positions) + owed, members=ids)
    assert [name.hex() for name in graph.names] == case["names"]
    assert [[a.hex(), b.hex(), amount] for a, b, amount in graph.debts()] == case["debts"]
    salt = bytes.fromhex(case["salt"])
    verify_answer(graph, salt, case["skip"], case["flow"], case["potentials"])
    first = positions[0]
    convening = Convening(
        by=ids[0], exp=first.exp, iat=first.iat, kev=0, members=ids, net=first.net, panel=ids, seq=1
    )
    frame = Frame(convening, salt, keys, ids[0], 0, first.iat)
    terms = [
        terms_of(piece, number, frame)
        for number, piece in enumerate(pieces(graph, case["flow"], positions))
    ]
    assert case["terms"] == [
        {"type": TYPE_OF[type(one)], "payload": SHAPES[TYPE_OF[type(one)]].encode(one).hex()}
        for one in terms
    ]
