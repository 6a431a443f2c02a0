"""Proofs with weights and lines: accepted exactly when they hold, and never beyond 64 bits."""

from itertools import product

import numpy as np
import pytest

from federation.certificate import POTENTIAL_MAX, verify
from federation.library import Amounts
from federation.line_rings import with_lines_as_members
from federation.network import Network
from federation.rings import walk
from federation.tie_break import tie_hash, ties_of
from federation.uniqueness import is_only
from federation.weights import (
    WEIGHT_MAX,
    heaviest_of,
    heaviest_sum_max,
    join,
    tie_suffixes,
    unit,
    value,
)
from protocol.errors import EncodingError, ProofError
from tests.bench.clearing.both_ways import ENGINES, Engine
from tests.bench.clearing.oracles import proves
from tests.federation.weighted import Row, arcs_of, circulations, grown, joined, listed

both = pytest.mark.parametrize("engine", ENGINES)
SALT = bytes(range(32))


def named(net: Network) -> Amounts:
    return ties_of(net, [f"member {number:02}" for number in range(net.members)], SALT)


def accepts(net: Network, flow: Amounts, potentials: Amounts, ties: Amounts | None = None) -> bool:
    try:
        verify(net, flow, potentials, ties)
    except ProofError:
        return False
    return True


def costs_of(net: Network, ties: Amounts | None) -> list[int]:
    """Return the costs by the words of the spec, in numbers of any size."""
    power = 1
    while power < 2 * net.members:
        power *= 2
    if ties is None:
        return [int(is_line) - weight * power for *_, weight, is_line in arcs_of(net)]
    rows = zip(arcs_of(net), ties.tolist(), strict=True)
    return [tie - weight * power * 2**20 for (*_, weight, _), tie in rows]


def weighted(seeds: range) -> list[Network]:
    nets = [join_of(seed) for seed in seeds]
    return [net for net in nets if net.terms is not None and net.arcs]


def join_of(seed: int) -> Network:
    members, debts, lines = grown(seed)
    return joined(debts, lines, members).network


@both
@pytest.mark.parametrize("has_ties", [False, True])
def test_one_unit_more_or_less_on_any_arc_is_refused(engine: Engine, has_ties: bool) -> None:
    for net in weighted(range(60)):
        ties = named(net) if has_ties else None
        cleared = engine(net, ties)
        assert accepts(net, cleared.flow, cleared.potentials, ties)
        for arc, step in product(range(net.arcs), (-1, 1)):
            tampered = cleared.flow.copy()
            tampered[arc] += step
            assert not accepts(net, tampered, cleared.potentials, ties)


@both
@pytest.mark.parametrize("has_ties", [False, True])
def test_other_potentials_are_refused_unless_they_prove_it_too(
    engine: Engine, has_ties: bool
) -> None:
    refused = proving = 0
    for net in weighted(range(60)):
        ties = named(net) if has_ties else None
        cleared = engine(net, ties)
        costs, debts = costs_of(net, ties), [arc[:3] for arc in arcs_of(net)]
        each = unit(net.members, has_ties)
        for member, step in product(range(net.members), (-each, -1, 1, each)):
            other = cleared.potentials.copy()
            other[member] += step
            holds = proves(debts, cleared.flow.tolist(), other.tolist(), costs)
            assert accepts(net, cleared.flow, other, ties) == holds
            refused += not holds
            proving += holds
    assert refused > 100
    assert proving > 50


def test_no_answer_but_the_best_is_accepted_with_the_potentials_of_the_best() -> None:
    net = joined([(0, 1, 2, 3), (0, 1, 2, 1), (1, 2, 2, 1), (2, 0, 1, 1)], [(2, 0, 2, 0)], 3)
    engine = ENGINES[-1].values[0]
    best = engine(net.network, None)
    tried = 0
    for flow in circulations(3, arcs_of(net.network)):
        other = np.array(flow, np.int64)
        accepted = accepts(net.network, other, best.potentials)
        assert accepted == (flow == tuple(best.flow.tolist()))
        tried += 1
    assert tried > 4


def test_a_proof_for_other_weights_or_without_them_is_refused() -> None:
    debts = [(0, 1, 5, 1), (1, 2, 5, 1), (2, 0, 5, 1), (1, 0, 5, 3)]
    net, plain = (
        joined([(x, y, amount, weight if kept else 1) for x, y, amount, weight in debts]).network
        for kept in (True, False)
    )
    engine = ENGINES[-1].values[0]
    heavy, light = engine(net, None), engine(plain, None)
    assert heavy.flow.tolist() != light.flow.tolist()
    assert not accepts(net, light.flow, light.potentials)
    assert not accepts(plain, heavy.flow, heavy.potentials)


@both
def test_potentials_are_the_least_ones_not_below_zero(engine: Engine) -> None:
    for net in weighted(range(60)):
        for ties in (None, named(net)):
            cleared = engine(net, ties)
            flow = cleared.flow.tolist()
            ways = []
            for arc, part, cost in zip(arcs_of(net), flow, costs_of(net, ties), strict=True):
                ways += [(arc[0], arc[1], -cost)] * (part < arc[2])
                ways += [(arc[1], arc[0], cost)] * (part > 0)
            least = [0] * net.members
            for _ in range(net.members):
                for tail, head, gain in ways:
                    least[head] = max(least[head], least[tail] + gain)
            assert cleared.potentials.tolist() == least


@both
def test_weights_up_to_the_bound_are_cleared_and_above_it_refused(engine: Engine) -> None:
    members = 64
    limit = heaviest_sum_max(members, has_ties=True)
    ring = [(at, (at + 1) % members, 5 if at else 3) for at in range(members)]
    for above in (0, 1):
        weight = limit // members + above
        net = joined([(*debt, weight) for debt in ring], members=members).network
        ties = named(net)
        assert (heaviest_of(net) > limit) == bool(above)
        if above:
            with pytest.raises(EncodingError, match="too large for so many members"):
                engine(net, ties)
            still = np.zeros(members, np.int64)
            with pytest.raises(EncodingError, match="too large for so many members"):
                verify(net, np.zeros(members, np.int64), still, ties)
            engine(net, None)
        else:
            cleared = engine(net, ties)
            verify(net, cleared.flow, cleared.potentials, ties)
            assert cleared.flow.tolist() == [3] * members
            tiers = cleared.potentials.tolist()
            assert POTENTIAL_MAX // 2 < max(tiers) <= POTENTIAL_MAX
            assert proves(ring, [3] * members, tiers, costs_of(net, ties))


@pytest.mark.parametrize("has_ties", [False, True])
@pytest.mark.parametrize("members", [1, 2, 3, 64, 1_000, 2**15, 2**19])
def test_what_the_bound_allows_fits_and_no_more(members: int, has_ties: bool) -> None:
    power = unit(members, has_ties)
    ties = members * 2 ** (20 * has_ties)
    assert power >= 2 * ties
    assert power < 4 * max(ties, 1) or members == 1
    limit = heaviest_sum_max(members, has_ties)
    assert limit * power + ties <= POTENTIAL_MAX < (limit + 1) * power + ties


def test_the_bound_counts_the_heaviest_arc_of_each_member() -> None:
    net = joined([(0, 1, 1, 5), (1, 2, 1, 7), (0, 1, 1, 2)], [(2, 3, 1, -9), (4, 3, 0, -50)], 5)
    assert heaviest_of(net.network) == 5 + 7 + 9 + 9
    assert heaviest_of(joined([(0, 1, 1, 1)], members=2).network) == 0


@pytest.mark.parametrize(
    ("debts", "lines", "said"),
    [
        ([(0, 1, 1, 0)], [], "debt 0 refused: WEIGHT"),
        ([(0, 1, 1, 1), (0, 1, 1, WEIGHT_MAX + 1)], [], "debt 1 refused: WEIGHT"),
        ([(0, 0, 1, 2)], [], "debt 0 refused: SELF_DEBT"),
        ([(0, 1, 0, 2)], [], "debt 0 refused: AMOUNT_NOT_POSITIVE"),
        ([], [(1, 1, 1, 0)], "line 0 refused: SELF_LINE"),
        ([], [(0, 1, 1, 0), (0, 1, -1, 0)], "line 1 refused: LIMIT_NEGATIVE"),
        ([], [(0, 1, 1, 1)], "line 0 refused: WEIGHT"),
        ([], [(0, 1, 1, -WEIGHT_MAX - 1)], "line 0 refused: WEIGHT"),
        ([], [(0, 3, 1, 0)], "an end that is no member"),
        ([], [(-1, 0, 1, 0)], "an end that is no member"),
        ([(0, 1, 2**62, 1)], [(1, 0, 2**62, 0)], "TOTAL_TOO_LARGE"),
        ([(0, 1, 2**62, 1), (1, 0, 2**62, 1)], [], "TOTAL_TOO_LARGE"),
    ],
)
def test_what_is_no_debt_and_no_line_is_refused_by_its_place(
    debts: list[Row], lines: list[Row], said: str
) -> None:
    with pytest.raises(EncodingError, match=said):
        joined(debts, lines, 3)


def test_columns_of_different_lengths_are_refused() -> None:
    two, one = listed([(0, 1, 1, 1), (1, 0, 1, 1)]), listed([(0, 1, 1, 0)])
    short = type(two)(two.debtors, two.creditors, two.amounts, two.weights[:1])
    with pytest.raises(EncodingError):
        join(2, short)
    with pytest.raises(EncodingError):
        join(2, two, type(one)(one.debtors, one.creditors, one.amounts, one.weights[:0]))
    with pytest.raises(EncodingError):
        join(2, two, type(one)(one.debtors[:0], one.creditors, one.amounts, one.weights))


def test_the_largest_sum_is_cleared() -> None:
    half = 2**62
    net = joined([(0, 1, half, 2), (1, 2, half - 2, 1)], [(2, 0, 1, 0)], 3).network
    for parameter in ENGINES:
        cleared = parameter.values[0](net, None)
        assert cleared.flow.tolist() == [1, 1, 1]
    big = joined([(0, 1, half, WEIGHT_MAX), (1, 0, half - 1, 1)], members=2).network
    flow = ENGINES[-1].values[0](big, None).flow
    assert value(big, flow) == (half - 1) * (WEIGHT_MAX + 1)


def test_the_first_debt_of_a_pair_keeps_its_hash_and_the_others_have_their_own() -> None:
    debts = [(0, 1, 1, 9), (0, 1, 1, 4), (0, 1, 1, 2), (1, 0, 1, 1)]
    net = joined(debts, [(0, 1, 1, 0), (0, 1, 1, -1), (1, 2, 1, 0)], 3).network
    names = ["a", "b", "c"]
    assert tie_suffixes(net) == {
        1: bytes([0, 0, 0, 0, 1]),
        2: bytes([0, 0, 0, 0, 2]),
        3: bytes([1, 0, 0, 0, 0]),
        4: bytes([1, 0, 0, 0, 1]),
        6: bytes([1, 0, 0, 0, 0]),
    }
    ties = ties_of(net, names, SALT).tolist()
    assert ties[0] == tie_hash(SALT, "a", "b")
    assert ties[5] == tie_hash(SALT, "b", "a")
    assert len(set(ties)) == len(ties)


def test_two_equal_ways_over_lines_leave_a_choice_that_the_ties_end() -> None:
    net = joined(
        [(0, 1, 5, 1)], [(1, 2, 5, 0), (2, 0, 5, 0), (1, 3, 5, 0), (3, 0, 5, 0)], 4
    ).network
    engine = ENGINES[-1].values[0]
    none = np.zeros(net.arcs, np.int64)
    cleared = engine(net, none)
    assert not is_only(net, cleared.flow, cleared.potentials, none)
    ties = named(net)
    cleared = engine(net, ties)
    assert is_only(net, cleared.flow, cleared.potentials, ties)


@both
def test_cycles_that_run_over_lines_add_up_to_the_set_off(engine: Engine) -> None:
    over_lines = 0
    for seed in range(120):
        net = join_of(seed)
        flow = engine(net, None).flow
        expanded, parts = with_lines_as_members(net, flow)
        ends, members, amounts = walk(expanded, parts)
        arcs = arcs_of(net)
        used = [arc for arc, (*_, is_line) in enumerate(arcs) if is_line and flow[arc]]
        left: dict[tuple[int, int], int] = {}
        for (debtor, creditor, *_, is_line), part in zip(arcs, flow.tolist(), strict=True):
            if not is_line:
                left[debtor, creditor] = left.get((debtor, creditor), 0) + part
        lent = dict.fromkeys(used, 0)
        for begin, end, amount in zip(ends[:-1], ends[1:], amounts.tolist(), strict=True):
            way = members[begin:end].tolist()
            assert way[0] == min(way) < net.members
            for tail, head in zip(way, [*way[1:], way[0]], strict=True):
                if head >= net.members:
                    lent[used[head - net.members]] += amount
                    assert arcs[used[head - net.members]][0] == tail
                elif tail >= net.members:
                    assert arcs[used[tail - net.members]][1] == head
                else:
                    left[tail, head] -= amount
        assert not any(left.values())
        assert lent == {arc: flow[arc] for arc in used}
        over_lines += bool(used)
    assert over_lines > 20
