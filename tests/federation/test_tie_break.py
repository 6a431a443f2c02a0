"""One answer: nobody chooses among equally good set-offs."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from federation.certificate import UNIT_COST
from federation.engine import clear
from federation.network import merge
from federation.obligations import Graph
from federation.optimality import potentials, verify_optimal
from federation.set_off import plain_costs, solve
from federation.tie_break import (
    MAX_MEMBERS,
    SALTS_MAX,
    is_unique,
    next_salt,
    tie_costs,
    tie_hash,
    unique_optimum,
    verify_answer,
)
from federation.uniqueness import is_only
from protocol.errors import ProofError
from tests.federation.graphs import Debt, by_pair, debt_lists, grown, solve_with_networkx

SALT = bytes(range(32))
TWO_WAYS = [("a", "b", 1), ("b", "c", 1), ("c", "a", 1), ("b", "d", 1), ("d", "a", 1)]


def optima(graph: Graph[str], costs: list[int]) -> list[tuple[int, ...]]:
    """Try every flow."""
    within = product(*(range(owed + 1) for owed in graph.amounts))
    sound = [flow for flow in within if not any(graph.nets(flow))]
    worth = [sum(c * f for c, f in zip(costs, flow, strict=True)) for flow in sound]
    return [flow for flow, cost in zip(sound, worth, strict=True) if cost == min(worth)]


@settings(max_examples=300)
@given(debt_lists(names="abcd", largest=2, at_most=8), st.data())
def test_uniqueness_is_told_exactly(debts: list[Debt], draw: st.DataObject) -> None:
    graph = Graph.from_debts(debts)
    costs = [draw.draw(st.integers(-3, -1)) for _ in graph.amounts]
    flow = solve(graph, costs)
    alone = is_unique(graph, flow, potentials(graph, flow, costs), costs)
    assert alone == (len(optima(graph, costs)) == 1)


def test_plain_costs_leave_a_choice_and_round_costs_do_not() -> None:
    graph = Graph.from_debts(TWO_WAYS)
    plain = plain_costs(graph)
    flow = solve(graph)
    assert not is_unique(graph, flow, potentials(graph, flow), plain)
    answer = unique_optimum(graph, SALT)
    assert is_unique(graph, answer.flow, answer.potentials, answer.costs)
    assert sum(answer.flow) == sum(flow) == 3


@given(debt_lists())
def test_round_costs_never_lower_the_total(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    assert sum(unique_optimum(graph, SALT).flow) == sum(solve(graph))


@pytest.mark.parametrize("seed", range(40))
def test_neither_solver_nor_numbering_changes_the_answer(seed: int) -> None:
    dice = random.Random(seed)
    graph = Graph.from_debts(grown(seed, 4 + seed, 8 + 6 * seed, 50))
    answer = unique_optimum(graph, SALT)
    place = list(range(len(graph.names)))
    dice.shuffle(place)
    arcs = list(zip(graph.debtors, graph.creditors, graph.amounts, strict=True))
    dice.shuffle(arcs)
    names = sorted(range(len(place)), key=place.__getitem__)
    renumbered = Graph(
        names=tuple(graph.names[old] for old in names),
        debtors=tuple(place[debtor] for debtor, _, _ in arcs),
        creditors=tuple(place[creditor] for _, creditor, _ in arcs),
        amounts=tuple(amount for _, _, amount in arcs),
    )
    costs = tie_costs(renumbered, SALT)
    expected = by_pair(graph, answer.flow)
    assert by_pair(renumbered, solve(renumbered, costs)) == expected
    assert by_pair(renumbered, solve_with_networkx(renumbered, costs)) == expected
    assert by_pair(graph, solve_with_networkx(graph, answer.costs)) == expected


def test_a_split_between_equal_ways_is_not_unique() -> None:
    graph = Graph.from_debts([(debtor, creditor, 2) for debtor, creditor, _ in TWO_WAYS])
    for flow in ([2, 1, 1, 1, 1], [2, 2, 0, 2, 0], [2, 0, 2, 0, 2]):
        verify_optimal(graph, flow, potentials(graph, flow))
        assert not is_unique(graph, flow, potentials(graph, flow), plain_costs(graph))


def test_another_salt_chooses_otherwise() -> None:
    graph = Graph.from_debts(TWO_WAYS)
    answers = {tuple(unique_optimum(graph, bytes([n]) * 32).flow) for n in range(16)}
    assert len(answers) == 2


def a_tie() -> tuple[Graph[str], bytes]:
    """Find names whose hashes tie: two ways of one arc each way, two middle names of equal sums.

    The salt is fixed; some 2**20 pairs of middle names are tried, which a birthday makes enough.
    """
    seen: dict[int, str] = {}
    for number in range(100_000):
        name = f"m{number}"
        total = tie_hash(SALT, "b", name) + tie_hash(SALT, name, "a")
        if total in seen:
            debts = [("a", "b", 1)]
            for middle in (seen[total], name):
                debts += [("b", middle, 1), (middle, "a", 1)]
            return Graph.from_debts(debts), SALT
        seen[total] = name
    raise AssertionError("no tie found")


def test_a_salt_that_leaves_a_choice_is_passed_over_and_nobody_may_pass_over_another() -> None:
    graph, salt = a_tie()
    answer = unique_optimum(graph, salt)
    assert answer.skipped == 1
    verify_answer(graph, salt, 1, answer.flow, answer.potentials)
    costs = tie_costs(graph, salt)
    flow = solve(graph, costs)
    with pytest.raises(ProofError, match="not unique"):
        verify_answer(graph, salt, 0, flow, potentials(graph, flow, costs))
    sound = next_salt(salt)
    again = unique_optimum(graph, next_salt(sound))
    with pytest.raises(ProofError, match="not the first salt"):
        verify_answer(graph, sound, 1, again.flow, again.potentials)
    for skipped in (-1, SALTS_MAX):
        with pytest.raises(ProofError, match="passed over"):
            verify_answer(graph, salt, skipped, answer.flow, answer.potentials)


@given(debt_lists(), st.binary(min_size=32, max_size=32))
def test_a_published_answer_is_accepted_and_a_changed_one_refused(
    debts: list[Debt], salt: bytes
) -> None:
    graph = Graph.from_debts(debts)
    answer = unique_optimum(graph, salt)
    assume(answer.flow)
    verify_answer(graph, salt, answer.skipped, answer.flow, answer.potentials)
    changed = [answer.flow[0] + 1, *answer.flow[1:]]
    with pytest.raises(ProofError):
        verify_answer(graph, salt, answer.skipped, changed, answer.potentials)


def test_the_largest_allowed_graph_keeps_the_largest_total() -> None:
    graph = Graph.from_debts(grown(7, MAX_MEMBERS, 3 * MAX_MEMBERS, 1000))
    assert len(graph.names) > 4000
    answer = unique_optimum(graph, SALT)
    verify_optimal(graph, answer.flow, answer.potentials, answer.costs)
    assert sum(answer.flow) == sum(solve(graph))


def test_more_members_than_the_costs_bear_are_our_own_fault() -> None:
    ring = [f"{number:05}" for number in range(MAX_MEMBERS + 1)]
    graph = Graph.from_debts(
        [(one, other, 1) for one, other in zip(ring, ring[1:] + ring[:1], strict=True)]
    )
    with pytest.raises(AssertionError, match="too many members"):
        tie_costs(graph, SALT)
    with pytest.raises(AssertionError, match="32 bytes"):
        tie_hash(b"short", "a", "b")


@pytest.mark.parametrize("seed", range(60))
def test_uniqueness_in_arrays_is_uniqueness_of_the_graph(seed: int) -> None:
    graph = Graph.from_debts(grown(seed, 3 + seed % 7, 6 + seed % 20, 3))
    network = merge(
        len(graph.names), np.array(graph.debtors, np.int32), np.array(graph.creditors, np.int32),
        np.array(graph.amounts, np.int64),
    )[0]  # fmt: skip
    for ties in (np.zeros(network.arcs, np.int64), np.arange(network.arcs) * 7 % 5):
        cleared = clear(network, ties)
        costs = (UNIT_COST + ties).tolist()
        flow, proof = cleared.flow.tolist(), cleared.potentials.tolist()
        verify_optimal(graph, flow, proof, costs)
        only = is_only(network, cleared.flow, cleared.potentials, ties)
        assert only == is_unique(graph, flow, proof, costs)
