"""Laws of a set-off that hold for any debts, on both ways of the engine."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.library import Amounts, Places
from federation.network import Network, allot, merge
from federation.rings import walk
from protocol.errors import EncodingError, ProofError
from tests.bench.clearing.both_ways import (
    ENGINES,
    TIE_BITS,
    Engine,
    checked,
    drawn_ties,
    listed,
    merged,
)
from tests.bench.clearing.oracles import Debt, grown

MEMBERS = 6
pairs = st.tuples(st.integers(0, MEMBERS - 1), st.integers(0, MEMBERS - 1)).filter(
    lambda pair: pair[0] != pair[1]
)
debt_lists = st.lists(
    st.tuples(pairs, st.integers(1, 12)).map(lambda debt: (*debt[0], debt[1])), max_size=18
)
both = pytest.mark.parametrize("engine", ENGINES)


def columns(debts: list[Debt]) -> tuple[Places, Places, Amounts]:
    """Return debtors, creditors and amounts as arrays, int32, int32 and int64."""
    table = np.array(debts, np.int64).reshape(-1, 3)
    return table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2].copy()


def ties_of(net: Network, seed: int, names: list[int]) -> list[int]:
    """Draw ties from the names of the members, so that they follow a member to another number."""
    return [
        random.Random(f"{seed} {names[debtor]} {names[creditor]}").getrandbits(TIE_BITS)
        for debtor, creditor, _ in listed(net)
    ]


def by_name(net: Network, flow: list[int], names: list[int]) -> dict[tuple[int, int], int]:
    rows = zip(listed(net), flow, strict=True)
    return {(names[debtor], names[creditor]): part for (debtor, creditor, _), part in rows}


@both
@given(debts=debt_lists)
def test_net_positions_stay_and_no_debt_is_new_or_larger(debts: list[Debt], engine: Engine) -> None:
    net, _ = merged(MEMBERS, debts)
    flow = engine(net, None).flow
    assert ((flow >= 0) & (flow <= net.amounts)).all()
    assert net.nets(net.amounts - flow).tolist() == net.nets().tolist()


@both
@given(debts=debt_lists, seed=st.integers(0, 999), dice=st.randoms(use_true_random=False))
def test_order_and_numbers_of_the_input_change_nothing_once_ties_are_on(
    debts: list[Debt], seed: int, dice: random.Random, engine: Engine
) -> None:
    first, _ = merged(MEMBERS, debts)
    plain = list(range(MEMBERS))
    flow = checked(engine, first, ties_of(first, seed, plain))
    names = list(plain)
    dice.shuffle(names)
    number = {name: place for place, name in enumerate(names)}
    turned = [(number[debtor], number[creditor], amount) for debtor, creditor, amount in debts]
    dice.shuffle(turned)
    second, _ = merged(MEMBERS, turned)
    again = checked(engine, second, ties_of(second, seed, names))
    assert by_name(first, flow, plain) == by_name(second, again, names)


@both
@given(debts=debt_lists, factor=st.integers(2, 2**50))
def test_amounts_times_a_number_give_the_set_off_times_that_number(
    debts: list[Debt], factor: int, engine: Engine
) -> None:
    net, _ = merged(MEMBERS, debts)
    more, _ = merged(MEMBERS, [(d, c, amount * factor) for d, c, amount in debts])
    assert sum(checked(engine, more)) == factor * sum(checked(engine, net))
    ties = drawn_ties(factor, net.arcs)
    flow = checked(engine, net, ties)
    assert checked(engine, more, ties) == [part * factor for part in flow]


@both
@given(debts=debt_lists, one=st.tuples(pairs, st.integers(1, 12)))
def test_one_debt_more_or_larger_never_lowers_the_optimum(
    debts: list[Debt], one: tuple[tuple[int, int], int], engine: Engine
) -> None:
    before = sum(checked(engine, merged(MEMBERS, debts)[0]))
    more = [*debts, (*one[0], one[1])]
    assert sum(checked(engine, merged(MEMBERS, more)[0])) >= before
    for place, (debtor, creditor, amount) in enumerate(debts):
        raised = [*debts[:place], (debtor, creditor, amount + one[1]), *debts[place + 1 :]]
        assert sum(checked(engine, merged(MEMBERS, raised)[0])) >= before


@both
@given(debts=debt_lists)
def test_what_was_set_off_and_executed_leaves_nothing_to_set_off(
    debts: list[Debt], engine: Engine
) -> None:
    net, whole = merged(MEMBERS, debts)
    flow = checked(engine, net)
    rows = zip(whole, flow, strict=True)
    rest = [(d, c, owed - part) for (d, c, owed), part in rows if owed > part]
    assert sum(checked(engine, merged(MEMBERS, rest)[0])) == 0


@both
@given(debts=debt_lists)
def test_each_debt_gets_its_part_the_first_listed_first(debts: list[Debt], engine: Engine) -> None:
    debtors, creditors, amounts = columns(debts)
    net, arcs = merge(MEMBERS, debtors, creditors, amounts)
    flow = engine(net, None).flow
    left = flow.tolist()
    parts = allot(net, flow, arcs, amounts).tolist()
    for arc, amount, part in zip(arcs.tolist(), amounts.tolist(), parts, strict=True):
        assert part == min(amount, left[arc])
        left[arc] -= part
    assert not any(left)


@given(debts=debt_lists)
def test_merging_adds_up_equal_pairs_and_keeps_opposite_ones_apart(debts: list[Debt]) -> None:
    net, arcs = merge(MEMBERS, *columns(debts))
    owed: dict[tuple[int, int], int] = {}
    for debtor, creditor, amount in debts:
        owed[debtor, creditor] = owed.get((debtor, creditor), 0) + amount
    assert listed(net) == [(*pair, owed[pair]) for pair in sorted(owed)]
    ends = [(net.debtors[arc], net.creditors[arc]) for arc in arcs]
    assert ends == [(debtor, creditor) for debtor, creditor, _ in debts]
    assert net.gross == sum(owed.values())


@pytest.mark.parametrize(
    ("debts", "place", "fault"),
    [
        ([(0, 1, 5), (2, 2, 5)], 1, "SELF_DEBT"),
        ([(0, 1, 0)], 0, "AMOUNT_NOT_POSITIVE"),
        ([(0, 1, 4), (1, 0, 3), (1, 2, -3)], 2, "AMOUNT_NOT_POSITIVE"),
    ],
)
def test_a_debt_that_is_none_is_refused_by_its_place(
    debts: list[Debt], place: int, fault: str
) -> None:
    with pytest.raises(EncodingError, match=f"debt {place} refused: {fault}"):
        merged(3, debts)


@pytest.mark.parametrize(
    "debts",
    [
        [(0, 1, 2**63 - 1), (1, 2, 1)],
        [(0, 1, 2**62), (0, 1, 2**62)],
        [(0, 1, 2**63 - 1), (1, 0, 2**63 - 1), (1, 2, 2)],  # 0 when it wraps around
    ],
)
def test_debts_whose_sum_exceeds_sixty_three_bits_are_refused(debts: list[Debt]) -> None:
    with pytest.raises(EncodingError, match="TOTAL_TOO_LARGE"):
        merged(3, debts)


@both
def test_cycles_add_up_to_the_set_off(engine: Engine) -> None:
    for seed in range(120):
        net, whole = merged(*grown(seed))
        flow = engine(net, None).flow
        offsets, members, amounts = walk(net, flow)
        left = {(debtor, creditor): part for (debtor, creditor, _), part in
                zip(whole, flow.tolist(), strict=True)}  # fmt: skip
        ways = []
        for begin, end, amount in zip(offsets[:-1], offsets[1:], amounts.tolist(), strict=True):
            way = members[begin:end].tolist()
            ways.append(way)
            assert amount >= 1
            assert len(way) == len(set(way)) >= 2
            assert way[0] == min(way)
            for pair in zip(way, [*way[1:], way[0]], strict=True):
                left[pair] -= amount
        assert not any(left.values())
        assert ways == sorted(ways)
        assert len(ways) <= net.arcs


def test_no_cycles_are_made_of_what_is_no_circulation() -> None:
    net, _ = merged(3, [(0, 1, 5), (1, 2, 5), (2, 0, 5)])
    for flow in ([5, 5, 4], [6, 6, 6], [-1, -1, -1]):
        with pytest.raises(ProofError):
            walk(net, np.array(flow, np.int64))
