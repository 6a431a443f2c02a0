"""A proof holds for the optimum and for nothing else."""

import pytest
from hypothesis import assume, given

from federation.cycles import cycles
from federation.obligations import Graph
from federation.optimality import potentials, verify_circulation, verify_optimal
from federation.set_off import plain_costs, solve
from federation.tie_break import tie_costs
from protocol.errors import ProofError
from tests.federation.graphs import Debt, debt_lists, grown

SALT = bytes(32)
TRIANGLE = [("a", "b", 10), ("b", "c", 8), ("c", "a", 7)]


@given(debt_lists())
def test_one_unit_more_or_less_on_any_arc_is_refused(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    for costs in (plain_costs(graph), tie_costs(graph, SALT)):
        flow = solve(graph, costs)
        proof = potentials(graph, flow, costs)
        verify_optimal(graph, flow, proof, costs)
        for arc in range(len(flow)):
            for change in (-1, 1):
                tampered = list(flow)
                tampered[arc] += change
                with pytest.raises(ProofError):
                    verify_optimal(graph, tampered, proof, costs)


@given(debt_lists())
def test_a_cycle_held_back_is_refused_though_every_net_is_right(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    found = cycles(graph, flow)
    assume(found)
    proof = potentials(graph, flow)
    for cycle in found:
        held = set(cycle.arcs())
        less = [
            cancelled - ((graph.names[debtor], graph.names[creditor]) in held)
            for debtor, creditor, cancelled in zip(
                graph.debtors, graph.creditors, flow, strict=True
            )
        ]
        verify_circulation(graph, less)
        with pytest.raises(ProofError, match="cancelled, proof asks for"):
            verify_optimal(graph, less, proof)
        with pytest.raises(ProofError, match="can still be improved"):
            potentials(graph, less)


@given(debt_lists())
def test_the_potentials_are_the_least_not_below_zero(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    proof = potentials(graph, flow)
    assert min(proof, default=0) == 0
    # One less for any member above zero breaks the proof, so no smaller one exists.
    for member, potential in enumerate(proof):
        if potential:
            lower = list(proof)
            lower[member] -= 1
            with pytest.raises(ProofError):
                verify_optimal(graph, flow, lower)


def test_a_debt_that_should_stay_is_refused_when_cancelled() -> None:
    # The longer way from a to y cancels more, and y owes a for one of the two only.
    debts = [("y", "a", 1), ("a", "y", 1), ("a", "z", 1), ("z", "y", 1)]
    graph = Graph.from_debts(debts)
    best = solve(graph)
    assert best == [0, 1, 1, 1]
    proof = [0, 2, 1]
    verify_optimal(graph, best, proof)
    with pytest.raises(ProofError, match=r"^a -> y: 1 cancelled, proof asks for 0$"):
        verify_optimal(graph, [1, 0, 1, 0], proof)


def test_the_first_bad_arc_is_named() -> None:
    graph = Graph.from_debts(TRIANGLE)
    proof = potentials(graph, [7, 7, 7])
    with pytest.raises(ProofError, match=r"^a -> b: 11 cancelled of 10 owed$"):
        verify_optimal(graph, [11, 9, 9], proof)
    with pytest.raises(ProofError, match=r"^c -> a: 6 cancelled, proof asks for 7$"):
        verify_optimal(graph, [6, 6, 6], proof)
    with pytest.raises(ProofError, match=r"^a: net position changed by -1$"):
        verify_optimal(graph, [7, 7, 6], proof)


def test_names_of_bytes_are_shown_in_hexadecimal() -> None:
    graph = Graph.from_debts([(b"\x01", b"\xab", 5), (b"\xab", b"\x01", 5)])
    with pytest.raises(ProofError, match=r"^01 -> ab: 6 cancelled of 5 owed$"):
        verify_circulation(graph, [6, 6])


@pytest.mark.parametrize("seed", range(3))
def test_an_improvable_set_off_is_told_in_reasonable_time_under_round_costs(seed: int) -> None:
    graph = Graph.from_debts(grown(seed, 60, 400, 10**6))
    costs = tie_costs(graph, SALT)
    other = solve(graph, tie_costs(graph, bytes([1]) * 32))
    assert other != solve(graph, costs)
    with pytest.raises(ProofError, match="can still be improved"):
        potentials(graph, other, costs)
