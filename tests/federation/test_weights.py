"""Weights and lines: one optimum whatever the solver, and the laws that hold for any of them."""

import random
from dataclasses import replace
from itertools import pairwise

import networkx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from federation import library
from federation.certificate import verify
from federation.library import Amounts, with_lemon, with_networkx
from federation.network import Network, Terms, merge
from federation.tie_break import ties_of
from federation.uniqueness import is_only
from federation.weights import unit, value
from tests.bench.clearing.both_ways import ENGINES, Engine
from tests.bench.clearing.oracles import proves
from tests.federation.weighted import (
    MEMBERS,
    Row,
    arcs_of,
    by_networkx,
    by_ortools,
    circulations,
    debt_rows,
    exact_costs,
    grown,
    joined,
    line_rows,
    listed,
    rows,
)

both = pytest.mark.parametrize("engine", ENGINES)
SALT = bytes(range(32))
NAMES = [f"member {number}" for number in range(20)]
plain_lines = rows(0, 12, (0,), 8)


def tied(net: Network, names: list[str] | None = None) -> Amounts:
    chosen = NAMES[: net.members] if names is None else names
    return ties_of(net, chosen, SALT)


def checked(engine: Engine, net: Network, ties: Amounts | None = None) -> list[int]:
    """Clear; check the proof by the product and by plain numbers; return the flow."""
    cleared = engine(net, ties)
    verify(net, cleared.flow, cleared.potentials, ties)
    flow: list[int] = cleared.flow.tolist()
    arcs = arcs_of(net)
    each = unit(net.members, ties is not None)
    if net.terms is None:
        each = 1 if ties is None else 2**40
    added = [int(line) for *_, line in arcs] if ties is None else ties.tolist()
    costs = [tie - arc[3] * each for arc, tie in zip(arcs, added, strict=True)]
    debts = [arc[:3] for arc in arcs]
    assert proves(debts, flow, cleared.potentials.tolist(), costs)
    return flow


def worth(net: Network, flow: list[int]) -> int:
    return sum(arc[3] * part for arc, part in zip(arcs_of(net), flow, strict=True))


@both
def test_every_solver_finds_the_same_value_and_with_ties_the_same_flow(engine: Engine) -> None:
    chosen = 0
    for seed in range(250):
        members, debts, lines = grown(seed)
        net = joined(debts, lines, members).network
        arcs = arcs_of(net)
        flow = checked(engine, net)
        found = value(net, np.array(flow, np.int64))
        assert found == worth(net, flow)
        costs = exact_costs(members, arcs, None)
        spent = sum(cost * part for cost, part in zip(costs, flow, strict=True))
        for solver in (by_networkx, by_ortools):
            other = solver(members, arcs, costs)
            assert spent == sum(c * part for c, part in zip(costs, other, strict=True)), seed
        ties = tied(net)
        flow = checked(engine, net, ties)
        assert worth(net, flow) == found
        if not is_only(net, *engine_parts(engine, net, ties), ties):
            chosen += 1
            continue
        costs = exact_costs(members, arcs, ties.tolist())
        for solver in (by_networkx, by_ortools):
            assert flow == solver(members, arcs, costs), (seed, solver.__name__)
    assert chosen < 5


def engine_parts(engine: Engine, net: Network, ties: Amounts) -> tuple[Amounts, Amounts]:
    cleared = engine(net, ties)
    return cleared.flow, cleared.potentials


def test_both_libraries_take_several_arcs_of_one_pair() -> None:
    for seed in range(80):
        members, debts, lines = grown(seed)
        net = joined(debts, lines, members).network
        if not net.arcs:
            continue
        ties = tied(net).tolist()
        costs = np.array(exact_costs(members, arcs_of(net), ties), np.int64)
        columns = net.debtors, net.creditors, net.amounts, costs
        still = np.zeros(members, np.int64)
        first, second = (solve(members, columns, still) for solve in (with_lemon, with_networkx))
        assert first is not None
        assert second is not None
        assert int((first * costs).sum()) == int((second * costs).sum())


@both
def test_the_search_for_many_arcs_gives_the_same_answers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    nets = [
        joined(debts, lines, members).network for members, debts, lines in map(grown, range(80))
    ]
    usual = [(worth(net, checked(engine, net)), checked(engine, net, tied(net))) for net in nets]
    monkeypatch.setattr(library, "SCALING_FROM", 1)
    for net, (found, flow) in zip(nets, usual, strict=True):
        assert worth(net, checked(engine, net)) == found
        ties = tied(net)
        if is_only(net, *engine_parts(engine, net, ties), ties):
            assert checked(engine, net, ties) == flow


def test_costs_that_scaling_could_not_hold_are_left_to_the_other_search() -> None:
    assert library.fits_scaling(10**6, [-60, 70])
    assert not library.fits_scaling(10**6, [-(10**6), 1])
    assert library.fits_64_bits(10**6, [-(10**6), 1])


@both
@given(debts=rows(1, 2, (1, 2, 5), 5), lines=rows(0, 2, (0, -1), 3))
def test_no_set_off_of_all_there_are_is_better(
    debts: list[Row], lines: list[Row], engine: Engine
) -> None:
    net = joined(debts, lines).network
    arcs = arcs_of(net)
    found = checked(engine, net)

    def judged(flow: tuple[int, ...] | list[int]) -> tuple[int, int]:
        lent = sum(part for (*_, is_line), part in zip(arcs, flow, strict=True) if is_line)
        return worth(net, list(flow)), -lent

    # The greatest value; among those, no more is lent than needed.
    assert judged(found) == max(map(judged, circulations(MEMBERS, arcs)))


@given(debts=rows(1, 12, (1,), 14), lines=rows(0, 0, (0, -3), 4))
def test_weights_of_one_and_lines_without_a_limit_are_no_weights_and_no_lines(
    debts: list[Row], lines: list[Row]
) -> None:
    given_debts = listed(debts)
    columns = given_debts.debtors, given_debts.creditors, given_debts.amounts
    net, places = merge(MEMBERS, *columns)
    made = joined(debts, lines)
    assert made.network.terms is None
    assert made.arcs.tolist() == [*places.tolist(), *[-1] * len(lines)]
    for one, other in zip(columns_of(net), columns_of(made.network), strict=True):
        assert one == other


def columns_of(net: Network) -> list[list[int]]:
    return [net.debtors.tolist(), net.creditors.tolist(), net.amounts.tolist()]


@both
@given(debts=rows(1, 12, (1,), 14))
def test_the_costs_for_weights_give_the_old_answer_where_each_is_one(
    debts: list[Row], engine: Engine
) -> None:
    net = joined(debts).network
    terms = Terms(np.ones(net.arcs, np.int64), np.zeros(net.arcs, np.bool_))
    same = replace(net, terms=terms)
    assert sum(checked(engine, same)) == sum(checked(engine, net))
    ties = tied(net)
    assert tied(same).tolist() == ties.tolist()
    first, second = engine(net, ties), engine(same, ties)
    assert is_only(net, first.flow, first.potentials, ties) == is_only(
        same, second.flow, second.potentials, ties
    )
    assume(is_only(net, first.flow, first.potentials, ties))
    assert checked(engine, same, ties) == first.flow.tolist()


@both
@given(debts=debt_rows, lines=line_rows, one=rows(1, 9, (0, -1), 1))
def test_one_line_more_or_a_higher_limit_never_lowers_the_value(
    debts: list[Row], lines: list[Row], one: list[Row], engine: Engine
) -> None:
    net = joined(debts, lines).network
    before = worth(net, checked(engine, net))
    more = joined(debts, lines + one).network
    assert worth(more, checked(engine, more)) >= before
    raised = [(x, y, limit + 3, weight) for x, y, limit, weight in lines]
    more = joined(debts, raised).network
    assert worth(more, checked(engine, more)) >= before


@both
@given(debts=rows(1, 12, (1,), 14), lines=plain_lines)
def test_lines_never_lower_what_is_cleared_and_nobody_lends_for_nothing(
    debts: list[Row], lines: list[Row], engine: Engine
) -> None:
    alone = sum(checked(engine, joined(debts).network))
    net = joined(debts, lines).network
    flow = checked(engine, net)
    cleared = worth(net, flow)
    assert cleared >= alone
    lent = sum(part for (*_, is_line), part in zip(arcs_of(net), flow, strict=True) if is_line)
    assert not (cleared == alone and lent)


@both
@given(debts=debt_rows, lines=line_rows, factor=st.integers(2, 1_000))
def test_weights_times_a_number_change_nothing_but_the_value(
    debts: list[Row], lines: list[Row], factor: int, engine: Engine
) -> None:
    def scaled(each: list[Row]) -> list[Row]:
        return [(x, y, amount, weight * factor) for x, y, amount, weight in each]

    net, more = (joined(*both_rows).network for both_rows in
                 ((debts, lines), (scaled(debts), scaled(lines))))  # fmt: skip
    assume(net.terms is not None)
    assert worth(more, checked(engine, more)) == factor * worth(net, checked(engine, net))
    ties = tied(net)
    assert tied(more).tolist() == ties.tolist()
    assume(is_only(net, *engine_parts(engine, net, ties), ties))
    assert checked(engine, more, ties) == checked(engine, net, ties)


@both
@given(debts=debt_rows, lines=line_rows, factor=st.integers(2, 2**40))
def test_amounts_and_limits_times_a_number_give_the_set_off_times_that_number(
    debts: list[Row], lines: list[Row], factor: int, engine: Engine
) -> None:
    def scaled(each: list[Row]) -> list[Row]:
        return [(x, y, amount * factor, weight) for x, y, amount, weight in each]

    net = joined(debts, lines).network
    more = joined(scaled(debts), scaled(lines)).network
    assert worth(more, checked(engine, more)) == factor * worth(net, checked(engine, net))
    ties = tied(net)
    assume(is_only(net, *engine_parts(engine, net, ties), ties))
    assert checked(engine, more, ties) == [part * factor for part in checked(engine, net, ties)]


@both
@given(debts=debt_rows, lines=line_rows)
def test_no_net_position_changes_and_no_limit_is_passed(
    debts: list[Row], lines: list[Row], engine: Engine
) -> None:
    made = joined(debts, lines)
    fallen, used = made.parts(engine(made.network, None).flow)
    claims = [0] * MEMBERS
    for (debtor, creditor, amount, _), part in zip(debts, fallen.tolist(), strict=True):
        assert 0 <= part <= amount
        claims[debtor] += part  # owes less
        claims[creditor] -= part  # is owed less
    for (lender, borrower, limit, _), part in zip(lines, used.tolist(), strict=True):
        assert 0 <= part <= limit
        claims[lender] += part  # is owed more
        claims[borrower] -= part  # owes more
    assert claims == [0] * MEMBERS


@both
@given(debts=debt_rows, lines=line_rows, dice=st.randoms(use_true_random=False))
def test_order_and_numbers_of_the_input_change_nothing_under_a_salt(
    debts: list[Row], lines: list[Row], dice: random.Random, engine: Engine
) -> None:
    names = [f"member {number}" for number in range(MEMBERS)]
    first = joined(debts, lines)
    ties = tied(first.network, names)
    assume(is_only(first.network, *engine_parts(engine, first.network, ties), ties))
    turned = list(range(MEMBERS))
    dice.shuffle(turned)
    renumbered = [
        [(turned[x], turned[y], amount, weight) for x, y, amount, weight in each]
        for each in (debts, lines)
    ]
    for each in renumbered:
        dice.shuffle(each)
    second = joined(renumbered[0], renumbered[1])
    again = [names[turned.index(number)] for number in range(MEMBERS)]
    assert by_name(second.network, engine, again) == by_name(first.network, engine, names)


def by_name(net: Network, engine: Engine, names: list[str]) -> dict[tuple[object, ...], int]:
    flow = checked(engine, net, tied(net, names))
    return {(names[arc[0]], names[arc[1]], *arc[2:]): part
            for arc, part in zip(arcs_of(net), flow, strict=True)}  # fmt: skip


@both
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_what_a_pool_clears_of_debts_in_layers_is_the_largest_flow(
    layers: int, engine: Engine
) -> None:
    for seed in range(40):
        dice = random.Random(f"pool {layers} {seed}")
        stages = [list(range(4 * at, 4 * at + 4)) for at in range(layers + 1)]
        pool = 4 * (layers + 1)
        debts = [
            (dice.choice(one), dice.choice(other), dice.randint(1, 30), 1)
            for one, other in pairwise(stages)
            for _ in range(7)
        ]
        lines = [(pool, member, dice.randint(0, 25), 0) for member in stages[0]]
        lines += [(member, pool, dice.randint(0, 25), 0) for member in stages[-1]]
        net = joined(debts, lines, pool + 1).network
        graph = networkx.DiGraph()
        graph.add_nodes_from(("source", "sink"))
        for debtor, creditor, amount, _ in debts + lines:
            tail = "source" if debtor == pool else debtor
            head = "sink" if creditor == pool else creditor
            room = graph.get_edge_data(tail, head, {"capacity": 0})["capacity"]
            graph.add_edge(tail, head, capacity=room + amount)
        largest = networkx.maximum_flow_value(graph, "source", "sink")
        # Each unit of liquidity clears a debt in each layer.
        assert worth(net, checked(engine, net)) == layers * largest


@both
def test_a_pool_without_limits_clears_everything(engine: Engine) -> None:
    for seed in range(40):
        members, debts, _ = grown(seed)
        much = 2**40 * len(debts)
        lines = [(members, at, much, 0) for at in range(members)]
        lines += [(at, members, much, 0) for at in range(members)]
        made = joined(debts, lines, members + 1)
        fallen, _ = made.parts(engine(made.network, None).flow)
        assert fallen.tolist() == [amount for *_, amount, _ in debts]


@both
def test_the_heavier_debt_of_a_pair_falls_first_and_the_heavier_line_is_used_first(
    engine: Engine,
) -> None:
    debts = [(0, 1, 4, 1), (0, 1, 3, 9), (0, 1, 2, 5), (1, 2, 6, 1)]
    lines = [(2, 0, 2, -1), (2, 0, 3, 0), (2, 0, 1, 0)]
    made = joined(debts, lines, 3)
    assert [arc[:3] for arc in arcs_of(made.network)] == [
        (0, 1, 3), (0, 1, 2), (0, 1, 4), (1, 2, 6), (2, 0, 4), (2, 0, 2),
    ]  # fmt: skip
    for ties in (None, tied(made.network)):
        fallen, used = made.parts(engine(made.network, ties).flow)
        assert fallen.tolist() == [1, 3, 2, 6]
        assert used.tolist() == [2, 3, 1]
    made = joined(debts, [(2, 0, 2, 0), (2, 0, 3, 0)], 3)
    fallen, used = made.parts(engine(made.network, None).flow)
    assert (fallen.tolist(), used.tolist()) == ([0, 3, 2, 5], [2, 3])


@both
def test_one_very_heavy_debt_among_many_members_needs_no_slower_library(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "with_networkx", None)
    members = 200_000
    debts = [(0, 1, 9, 10**9), (1, members - 1, 5, 1), (7, 8, 3, 1), (8, 7, 2, 1)]
    net = joined(debts, [(members - 1, 0, 4, 0)], members).network
    assert checked(engine, net) == [4, 4, 2, 2, 4]
