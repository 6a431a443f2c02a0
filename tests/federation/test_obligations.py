"""Debts become one graph."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.obligations import MAX_GROSS, DebtFault, Graph, allot, debt_fault
from federation.optimality import potentials
from protocol.errors import EncodingError, ProofError
from tests.federation.graphs import Debt, debt_lists


@given(debt_lists(), st.randoms(use_true_random=False))
def test_the_order_of_the_debts_changes_nothing(debts: list[Debt], dice: random.Random) -> None:
    shuffled = list(debts)
    dice.shuffle(shuffled)
    assert Graph.from_debts(shuffled) == Graph.from_debts(debts)


@given(debt_lists())
def test_nothing_is_lost_by_merging(debts: list[Debt]) -> None:
    graph = Graph.from_debts(debts)
    assert graph.gross == sum(amount for _, _, amount in debts)
    arcs = graph.debts()
    assert arcs == sorted(arcs)
    assert len({(debtor, creditor) for debtor, creditor, _ in arcs}) == len(arcs)
    assert sum(graph.nets()) == 0
    assert set(graph.names) == {name for debt in debts for name in debt[:2]}


@given(debt_lists(), st.data())
def test_every_debt_gets_its_part_first_listed_first(
    debts: list[Debt], draw: st.DataObject
) -> None:
    graph = Graph.from_debts(debts)
    flow = [draw.draw(st.integers(0, owed)) for owed in graph.amounts]
    parts = allot(graph, flow, debts)
    assert all(0 <= part <= amount for part, (_, _, amount) in zip(parts, debts, strict=True))
    for debtor, creditor, cancelled in zip(graph.debtors, graph.creditors, flow, strict=True):
        pair = (graph.names[debtor], graph.names[creditor])
        own = [(p, d[2]) for p, d in zip(parts, debts, strict=True) if d[:2] == pair]
        assert sum(part for part, _ in own) == cancelled
        open_ones = [place for place, (part, amount) in enumerate(own) if part < amount]
        assert not any(part for part, _ in own[open_ones[0] + 1 :]) if open_ones else True


def test_names_may_be_bytes() -> None:
    graph = Graph.from_debts([(b"\xff", b"\x00", 3), (b"\x00", b"\xff", 4)])
    assert graph.names == (b"\x00", b"\xff")
    assert graph.debts() == [(b"\x00", b"\xff", 4), (b"\xff", b"\x00", 3)]


def test_members_of_text_stand_in_the_order_of_their_bytes() -> None:
    names = ["\U0001f335", "\uff5e", "é", "z", "Z", "a"]
    graph = Graph.from_debts([(one, other, 1) for one, other in pairwise(names)])
    assert list(graph.names) == sorted(names, key=str.encode)


def test_members_without_debts_stand_in_the_graph_when_asked_for() -> None:
    graph = Graph.from_debts([("b", "d", 1), ("d", "b", 1)], members=["a", "b", "c"])
    assert graph.names == ("a", "b", "c", "d")
    assert potentials(graph, [1, 1]) == [0, 0, 0, 0]
    assert graph.nets() == [0, 0, 0, 0]


@given(debt_lists(), st.randoms(use_true_random=False))
def test_a_published_flow_comes_back_in_the_order_of_the_arcs(
    debts: list[Debt], dice: random.Random
) -> None:
    graph = Graph.from_debts(debts)
    flow = [dice.randint(0, owed) for owed in graph.amounts]
    listed = graph.debts(flow)
    dice.shuffle(listed)
    assert graph.aligned(listed) == flow


def test_a_flow_on_no_debt_or_listed_twice_is_refused() -> None:
    graph = Graph.from_debts([("a", "b", 1), ("b", "a", 1)])
    with pytest.raises(ProofError, match="1 flows are on no debt"):
        graph.aligned([("a", "b", 1), ("a", "c", 1)])
    with pytest.raises(ProofError, match="listed twice"):
        graph.aligned([("a", "b", 1), ("a", "b", 1)])


def test_what_stays_owed_is_the_debt_less_the_flow() -> None:
    graph = Graph.from_debts([("a", "b", 5), ("b", "a", 3)])
    assert graph.remaining([3, 3]) == [("a", "b", 2)]


def test_faults_are_checked_in_the_order_of_their_rank() -> None:
    assert debt_fault("a", "a", 0, MAX_GROSS) is DebtFault.SELF_DEBT
    assert debt_fault("a", "b", 0, MAX_GROSS) is DebtFault.AMOUNT_NOT_POSITIVE
    assert debt_fault("a", "b", 1, MAX_GROSS) is DebtFault.TOTAL_TOO_LARGE
    assert debt_fault("a", "b", MAX_GROSS) is None


def test_a_refused_debt_is_named_by_its_place() -> None:
    with pytest.raises(EncodingError, match="debt 1 refused: SELF_DEBT"):
        Graph.from_debts([("a", "b", 1), ("b", "b", 1)])


def test_debts_of_another_graph_have_no_part() -> None:
    graph = Graph.from_debts([("a", "b", 1), ("b", "a", 1)])
    with pytest.raises(AssertionError):
        allot(graph, [1, 1], [("a", "b", 1)])
