"""Spec 0013 against its own vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.debt_faults import DebtFileError
from cli.debts import parse_debts
from federation.cycles import Cycle, short_cycles, verify_cycles
from federation.obligations import Graph
from federation.optimality import verify_optimal
from federation.tie_break import next_salt, tie_costs, tie_hash, unique_optimum, verify_answer
from protocol.errors import EncodingError, ProofError

VECTORS = "0013-clearing-mathematics"
FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / VECTORS

Case = dict[str, Any]


def cases(file: str) -> list[Any]:
    content = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in content["cases"]]


def graph_of(case: Case) -> Graph[str]:
    return Graph.from_debts([(debtor, creditor, n) for debtor, creditor, n in case["debts"]])


@pytest.mark.parametrize("case", cases("graphs"))
def test_debts_become_the_graph(case: Case) -> None:
    if case["name"].endswith("_fail"):
        with pytest.raises(EncodingError, match=case["fault"]):
            graph_of(case)
        return
    graph = graph_of(case)
    assert list(graph.names) == case["members"]
    assert [list(arc) for arc in graph.debts()] == case["arcs"]


@pytest.mark.parametrize("case", cases("hashes"))
def test_an_arc_has_its_hash(case: Case) -> None:
    salt = bytes.fromhex(case["salt"])
    names = case["debtor"], case["creditor"]
    assert tie_hash(salt, *names) == case["h"]
    assert tie_hash(salt, *(name.encode() for name in names)) == case["h"]
    assert tie_costs(Graph.from_debts([(*names, 1)]), salt) == [case["cost"]]
    assert next_salt(salt).hex() == case["next_salt"]


@pytest.mark.parametrize("case", cases("rounds"))
def test_a_round_has_its_answer(case: Case) -> None:
    graph, salt = graph_of(case), bytes.fromhex(case["salt"])
    answer = unique_optimum(graph, salt)
    assert case["unique"]
    assert answer.skipped == 0
    assert answer.costs == case["costs"]
    assert answer.flow == case["flow"]
    assert sum(answer.flow) == case["cleared"]
    assert answer.potentials == case["potentials"]
    verify_answer(graph, salt, 0, case["flow"], case["potentials"])
    found = short_cycles(graph, case["flow"])
    assert [[list(cycle.members), cycle.amount] for cycle in found] == case["cycles"]


@pytest.mark.parametrize("case", cases("proofs"))
def test_a_proof_holds_or_is_refused(case: Case) -> None:
    if case["name"].endswith("_fail"):
        with pytest.raises(ProofError, match=f"^{case['first']}"):
            verify_optimal(graph_of(case), case["flow"], case["potentials"])
    else:
        verify_optimal(graph_of(case), case["flow"], case["potentials"])


@pytest.mark.parametrize("case", cases("cycles"))
def test_cycles_add_up_or_are_refused(case: Case) -> None:
    listed = [Cycle(tuple(members), amount) for members, amount in case["cycles"]]
    if case["name"].endswith("_fail"):
        with pytest.raises(ProofError, match=f"^{case['first']}"):
            verify_cycles(graph_of(case), case["flow"], listed)
    else:
        verify_cycles(graph_of(case), case["flow"], listed)


@pytest.mark.parametrize("case", cases("files"))
def test_a_debt_file_is_read_or_refused(case: Case) -> None:
    content = bytes.fromhex(case["file"])
    if case["name"].endswith("_fail"):
        with pytest.raises(DebtFileError) as caught:
            parse_debts(content)
        assert (caught.value.fault, caught.value.line) == (case["fault"], case["line"])
    else:
        file = parse_debts(content)
        assert [list(debt) for debt in file.debts] == case["debts"]
        assert file.decimals == case["decimals"]
