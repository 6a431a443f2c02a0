"""The largest set-off, from either library, checked by a proof that trusts neither."""

import sys

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.library import fits_64_bits
from federation.obligations import Graph
from federation.optimality import potentials, verify_optimal
from federation.set_off import (
    plain_costs,
    solve,
)
from federation.tie_break import tie_costs
from tests.federation.graphs import (
    Debt,
    debt_lists,
    grown,
    solve_with_lemon,
    solve_with_networkx,
)

SALT = bytes(32)


def optimum(debts: list[Debt]) -> int:
    return sum(solve(Graph.from_debts(debts)))


@given(debt_lists())
def test_net_positions_are_untouched_and_no_cycle_is_left(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    verify_optimal(graph, flow, potentials(graph, flow))
    left = graph.remaining(flow)
    before = dict(zip(graph.names, graph.nets(), strict=True))
    rest = Graph.from_debts(left)
    after = dict.fromkeys(graph.names, 0) | dict(zip(rest.names, rest.nets(), strict=True))
    assert after == before
    assert nx.is_directed_acyclic_graph(nx.DiGraph([debt[:2] for debt in left]))
    assert optimum(left) == 0


@pytest.mark.parametrize("seed", range(300))
def test_both_libraries_agree_on_the_total(seed: int) -> None:
    members = 2 + seed % 11
    graph = Graph.from_debts(grown(seed, members, 3 * members, 10 ** (1 + seed % 9)))
    for costs in (plain_costs(graph), tie_costs(graph, SALT)):
        fast, slow = solve_with_lemon(graph, costs), solve_with_networkx(graph, costs)
        assert fast is not None
        for flow in (fast, slow):
            verify_optimal(graph, flow, potentials(graph, flow, costs), costs)
        assert sum(fast) == sum(slow)


@given(debt_lists(), st.integers(2, 10**6))
def test_scaling_the_debts_scales_the_optimum(debts: list[Debt], factor: int) -> None:
    scaled = [(debtor, creditor, amount * factor) for debtor, creditor, amount in debts]
    assert optimum(scaled) == factor * optimum(debts)


@given(debt_lists(), debt_lists(at_most=1))
def test_one_more_debt_never_lowers_the_optimum(debts: list[Debt], more: list[Debt]) -> None:
    assert optimum(debts + more) >= optimum(debts)


def test_no_debts_no_set_off() -> None:
    graph: Graph[str] = Graph.from_debts([])
    assert solve(graph) == []
    verify_optimal(graph, [], potentials(graph, []))


@pytest.mark.parametrize("largest", [2**53, 2**62 - 1])
def test_amounts_that_a_double_cannot_hold_are_exact(largest: int) -> None:
    debts = [("a", "b", largest + 1), ("b", "a", largest - 1)]
    graph = Graph.from_debts(debts)
    assert solve(graph) == [largest - 1, largest - 1]
    assert solve(graph, tie_costs(graph, SALT)) == [largest - 1, largest - 1]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_largest_costs_and_amounts_stay_exact_at_hundreds_of_members(seed: int) -> None:
    graph = Graph.from_debts(grown(seed, 300, 1000, 2**53))
    costs = tie_costs(graph, SALT)
    fast = solve_with_lemon(graph, costs)
    assert fast is not None
    verify_optimal(graph, fast, potentials(graph, fast, costs), costs)
    assert fast == solve_with_networkx(graph, costs)


def test_rounds_of_any_allowed_size_fit_64_bits() -> None:
    assert fits_64_bits(4096, [-(2**32)])
    assert fits_64_bits(10**9, [-1])
    assert fits_64_bits(2**16, [-(2**42)])
    assert not fits_64_bits(2**20, [-(2**42)])
    assert not fits_64_bits(2, [-(2**62)])


def test_costs_beyond_64_bits_go_to_whole_numbers_of_any_size() -> None:
    graph = Graph.from_debts([("a", "b", 5), ("b", "a", 3)])
    costs = [-(2**70), -(2**70)]
    assert solve_with_lemon(graph, costs) is None
    assert solve(graph, costs) == [3, 3]


def test_without_the_fast_library_the_other_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylmcf.pylmcf_cpp", None)
    graph = Graph.from_debts([("a", "b", 5), ("b", "a", 3)])
    assert solve_with_lemon(graph, [-1, -1]) is None
    assert solve(graph) == [3, 3]


def test_when_the_fast_library_gives_up_the_other_one_answers() -> None:
    # More than 2**63 enters and leaves each member, which no sound list of debts can make.
    pairs = [(one, other) for one in range(4) for other in range(4) if one != other]
    graph = Graph(
        names=tuple("abcd"),
        debtors=tuple(debtor for debtor, _ in pairs),
        creditors=tuple(creditor for _, creditor in pairs),
        amounts=(2**62,) * len(pairs),
    )
    assert solve_with_lemon(graph, plain_costs(graph)) is None
    assert solve(graph) == list(graph.amounts)
