"""A proof is accepted exactly when it holds: each arc, each potential, each answer is tried."""

from itertools import product

import numpy as np
import pytest

from federation.certificate import verify
from federation.engine import clear
from federation.library import Amounts
from federation.network import Network
from protocol.errors import ProofError
from tests.bench.clearing.baselines import cycles_up_to, greedy
from tests.bench.clearing.both_ways import ENGINES, Engine, drawn_ties, listed, merged
from tests.bench.clearing.generated import named
from tests.bench.clearing.oracles import best_costs, grown, proves

both = pytest.mark.parametrize("engine", ENGINES)
# Two ways to the same total; a longer circle that is worth more than the two short ones it meets.
SMALL = [
    (4, [(0, 1, 9), (1, 2, 9), (2, 0, 9), (1, 3, 9), (3, 0, 9)]),
    (3, [(0, 1, 5), (1, 2, 5), (2, 0, 5)]),
    (4, [(0, 1, 4), (1, 0, 3), (1, 2, 5), (2, 3, 5), (3, 1, 2), (3, 0, 6)]),
    *(grown(seed) for seed in range(40)),
]


def accepts(net: Network, flow: Amounts, potentials: Amounts, ties: Amounts | None = None) -> bool:
    try:
        verify(net, flow, potentials, ties)
    except ProofError:
        return False
    return True


@both
@pytest.mark.parametrize("tied", [False, True])
def test_one_unit_more_or_less_on_any_arc_is_refused(engine: Engine, tied: bool) -> None:
    for seed, (members, debts) in enumerate(SMALL):
        net, _ = merged(members, debts)
        ties = np.array(drawn_ties(seed, net.arcs), np.int64) if tied else None
        cleared = engine(net, ties)
        assert accepts(net, cleared.flow, cleared.potentials, ties)
        for arc, step in product(range(net.arcs), (-1, 1)):
            tampered = cleared.flow.copy()
            tampered[arc] += step
            assert not accepts(net, tampered, cleared.potentials, ties), (seed, arc, step)


@both
def test_other_potentials_are_refused_unless_they_prove_it_too(engine: Engine) -> None:
    refused = proving = 0
    for members, debts in SMALL:
        net, whole = merged(members, debts)
        cleared = engine(net, None)
        for member, step in product(range(members), (-2, -1, 1, 2)):
            other = cleared.potentials.copy()
            other[member] += step
            holds = proves(whole, cleared.flow.tolist(), other.tolist(), [-1] * net.arcs)
            assert accepts(net, cleared.flow, other) == holds
            refused += not holds
            proving += holds
    # Both kinds were met.
    assert refused > 100
    assert proving > 100


@both
def test_potentials_raised_together_prove_the_same(engine: Engine) -> None:
    for members, debts in SMALL:
        net, _ = merged(members, debts)
        cleared = engine(net, None)
        assert accepts(net, cleared.flow, cleared.potentials + 1_000)


def test_no_potentials_prove_what_is_not_the_best() -> None:
    net, whole = merged(4, [(0, 1, 1), (1, 0, 1), (1, 2, 1), (2, 3, 1), (3, 0, 1)])
    # The long circle over 0→1 clears four, the short one two.
    assert clear(net).flow.tolist() == [1, 0, 1, 1, 1]
    for flow in ([0, 0, 0, 0, 0], [1, 1, 0, 0, 0]):
        less = np.array(flow, np.int64)
        assert not net.nets(less).any()
        for tiers in product(range(5), repeat=4):
            assert not accepts(net, less, np.array(tiers, np.int64))
            assert not proves(whole, flow, tiers, [-1] * net.arcs)


def test_nothing_cancelled_is_refused_where_something_could_be() -> None:
    for members, debts in SMALL:
        net, _ = merged(members, debts)
        best = clear(net)
        nothing = np.zeros(net.arcs, np.int64)
        assert accepts(net, nothing, best.potentials) == (not best.flow.any())


@pytest.mark.parametrize("name", ["fed:10:1", "fed:50:1", "trade:100:5:1"])
def test_a_feasible_answer_that_is_not_the_best_is_refused(name: str) -> None:
    debts = named(name)
    rows = zip(debts.debtors.tolist(), debts.creditors.tolist(), debts.amounts.tolist(),
               strict=True)  # fmt: skip
    net, _ = merged(debts.members, list(rows))
    best = clear(net)
    merged_debts = (net.members, net.debtors, net.creditors, net.amounts)
    for flow in (greedy(*merged_debts), cycles_up_to(6, *merged_debts)):
        assert not net.nets(flow).any()
        assert 0 < flow.sum() < best.flow.sum()
        assert not accepts(net, flow, best.potentials)


def test_the_best_total_with_another_choice_is_refused_under_ties() -> None:
    net, whole = merged(4, [(0, 1, 9), (1, 2, 9), (2, 0, 9), (1, 3, 9), (3, 0, 9)])
    ties = np.array([0, 0, 7, 0, 0], np.int64)
    cleared = clear(net, ties)
    # Arcs by pair: 0→1, 1→2, 1→3, 2→0, 3→0; the way over 2 is cheaper than 7 over 3.
    assert cleared.flow.tolist() == [9, 9, 0, 9, 0]
    other = np.array([9, 0, 9, 0, 9], np.int64)
    costs = best_costs(4, ties.tolist())
    for potentials in (cleared.potentials, clear(net).potentials):
        assert not accepts(net, other, potentials, ties)
        assert not proves(whole, other.tolist(), potentials.tolist(), costs)


def test_potentials_so_large_that_a_difference_wraps_around_are_refused() -> None:
    net, whole = merged(3, [(0, 1, 5), (1, 2, 5), (2, 0, 5)])
    nothing = np.zeros(3, np.int64)
    # In 64 bits 0→1, 1→2 and 2→0 all seem to climb; the least number has no opposite.
    for tiers in ([-(2**63), -1, 0], [-(2**62) - 1, 0, 2**62], [2**63 - 1, -(2**63), 2]):
        assert not proves(whole, [0, 0, 0], tiers, [-1] * 3)
        assert not accepts(net, nothing, np.array(tiers, np.int64)), tiers
    for edge in (-(2**63), 2**63 - 1):
        for place in range(3):
            potentials = np.zeros(3, np.int64)
            potentials[place] = edge
            assert not accepts(net, nothing, potentials)


def test_flows_so_large_that_a_sum_wraps_around_are_refused() -> None:
    net, _ = merged(3, [(0, 1, 5), (1, 2, 5), (2, 0, 5)])
    for edge in (-(2**63), 2**63 - 1, -(2**62), 2**62):
        assert not accepts(net, np.full(3, edge, np.int64), np.zeros(3, np.int64))


@both
def test_lists_of_another_length_are_refused(engine: Engine) -> None:
    net, _ = merged(3, [(0, 1, 5), (1, 2, 5), (2, 0, 5)])
    flow, potentials = (cleared := engine(net, None)).flow, cleared.potentials
    for changed in (flow[:-1], np.append(flow, 0)):
        assert not accepts(net, changed, potentials)
    for changed in (potentials[:-1], np.append(potentials, 0)):
        assert not accepts(net, flow, changed)


@both
def test_potentials_are_the_least_ones_not_below_zero(engine: Engine) -> None:
    for members, debts in SMALL:
        net, _ = merged(members, debts)
        cleared = engine(net, None)
        assert cleared.potentials.min(initial=0) == 0
        # None can be lowered, alone or with others: a chain of tight arcs leads to each from a 0.
        rows = list(zip(listed(net), cleared.flow.tolist(), strict=True))
        tiers = cleared.potentials.tolist()
        tight = [(d, c) for (d, c, owed), part in rows if part < owed and tiers[c] == tiers[d] + 1]
        tight += [(c, d) for (d, c, _), part in rows if part and tiers[d] == tiers[c] - 1]
        held = {member for member, tier in enumerate(tiers) if not tier}
        for _ in range(members):
            held |= {head for tail, head in tight if tail in held}
        assert held == set(range(members))
