"""A set-off falls into cycles that add up to it."""

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given

from federation.cycles import Cycle, cycles, short_cycles, verify_cycles
from federation.obligations import Graph
from federation.set_off import solve
from protocol.errors import ProofError
from tests.federation.graphs import Debt, by_pair, debt_lists, grown

WAYS = [cycles, short_cycles]


def as_defined(graph: Graph[str], flow: list[int]) -> list[Cycle[str]]:
    """Decompose by the words of spec 0013, looking at every possible cycle each time."""
    rest = by_pair(graph, flow)
    found = []
    while rest:
        debtor, creditor = min(rest, key=lambda arc: (rest[arc], arc))
        others = [name for name in graph.names if name not in {debtor, creditor}]
        rings = [
            (debtor, creditor, *between)
            for length in range(len(others) + 1)
            for between in permutations(others, length)
        ]
        ring = next(ring for ring in rings if set(Cycle(ring, 1).arcs()) <= set(rest))
        arcs = Cycle(ring, 1).arcs()
        amount = min(rest[arc] for arc in arcs)
        rest = {arc: left - amount * (arc in arcs) for arc, left in rest.items()}
        rest = {arc: left for arc, left in rest.items() if left}
        first = ring.index(min(ring))
        found.append(Cycle(ring[first:] + ring[:first], amount))
    return sorted(found)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(20))
def test_the_amounts_sum_back_to_the_flow(way: type, seed: int) -> None:
    graph = Graph.from_debts(grown(seed, 5 + 4 * seed, 30 + 20 * seed, 1000))
    flow = solve(graph)
    found: list[Cycle[str]] = way(graph, flow)
    total: Counter[tuple[str, str]] = Counter()
    for cycle in found:
        assert cycle.members[0] == min(cycle.members)
        assert len(set(cycle.members)) == len(cycle.members) >= 2
        for arc in cycle.arcs():
            total[arc] += cycle.amount
    assert dict(total) == by_pair(graph, flow)
    assert found == sorted(found)
    assert len(found) <= len(total)
    verify_cycles(graph, flow, found)


@given(debt_lists())
def test_both_ways_give_sound_cycles(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    for way in WAYS:
        verify_cycles(graph, flow, way(graph, flow))


@given(debt_lists(names="abcde"))
def test_short_cycles_are_those_of_the_definition(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    assert short_cycles(graph, flow) == as_defined(graph, flow)


@pytest.mark.parametrize("way", WAYS)
def test_what_does_not_come_back_is_refused(way: type) -> None:
    graph = Graph.from_debts([("a", "b", 2), ("b", "a", 2)])
    with pytest.raises(ProofError, match="net position"):
        way(graph, [2, 1])


def test_a_short_cycle_is_found_where_a_walk_goes_the_long_way() -> None:
    debts = [
        ("a", "b", 1),
        ("b", "c", 1),
        ("c", "a", 1),
        ("b", "a", 1),
        ("a", "c", 1),
        ("c", "b", 1),
    ]
    graph = Graph.from_debts(debts)
    assert [len(cycle.members) for cycle in short_cycles(graph, [1] * 6)] == [2, 2, 2]


@given(debt_lists())
def test_an_amount_changed_by_one_is_refused(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    found = cycles(graph, flow)
    for place, cycle in enumerate(found):
        for change in (-1, 1):
            tampered = list(found)
            tampered[place] = Cycle(cycle.members, cycle.amount + change)
            with pytest.raises(ProofError):
                verify_cycles(graph, flow, tampered)
