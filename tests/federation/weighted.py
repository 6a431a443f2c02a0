"""Debts with weights and lines for the tests, and solvers that share nothing with the engine."""

import random
from collections.abc import Iterator, Sequence
from itertools import product

import networkx
import numpy as np
from hypothesis import strategies as st
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from federation.network import Network
from federation.weights import Joined, Listed, join

Row = tuple[int, int, int, int]
"""Debtor, creditor, amount, weight; of a line who lends, who borrows, limit, weight."""

Arc = tuple[int, int, int, int, bool]
"""Debtor, creditor, amount, weight, whether it is a line."""

MEMBERS = 6
_pairs = st.tuples(st.integers(0, MEMBERS - 1), st.integers(0, MEMBERS - 1)).filter(
    lambda pair: pair[0] != pair[1]
)


def rows(
    least: int, largest: int, weights: Sequence[int], at_most: int
) -> st.SearchStrategy[list[Row]]:
    """Draw debts or lines between `MEMBERS` members."""
    one = st.tuples(_pairs, st.integers(least, largest), st.sampled_from(weights))
    return st.lists(one.map(lambda row: (*row[0], row[1], row[2])), max_size=at_most)


debt_rows = rows(1, 12, (1, 1, 2, 3, 40), 14)
line_rows = rows(0, 12, (0, 0, 0, -1, -2, -50), 8)


def listed(each: Sequence[Row]) -> Listed:
    """Return rows as columns."""
    table = np.array(each, np.int64).reshape(-1, 4)
    ends = table[:, :2].astype(np.int32)
    return Listed(ends[:, 0].copy(), ends[:, 1].copy(), table[:, 2].copy(), table[:, 3].copy())


def joined(debts: Sequence[Row], lines: Sequence[Row] = (), members: int = MEMBERS) -> Joined:
    """Return the network of debts and lines."""
    return join(members, listed(debts), listed(lines))


def arcs_of(net: Network) -> list[Arc]:
    """List the arcs of a network."""
    count = net.arcs
    weights = [1] * count if net.terms is None else net.terms.weights.tolist()
    is_line = [False] * count if net.terms is None else net.terms.is_line.tolist()
    columns = net.debtors.tolist(), net.creditors.tolist(), net.amounts.tolist()
    return list(zip(*columns, weights, is_line, strict=True))


def grown(seed: int) -> tuple[int, list[Row], list[Row]]:
    """Grow members, debts and lines from a seed; on some a pool lends to all and takes from all."""
    dice = random.Random(f"weights {seed}")
    members = dice.randint(2, 9)
    largest = dice.choice((1, 3, 100, 2**40))
    weights = dice.choice(((1,), (1, 2), (1, 2, 3, 50), (1, 1_000)))

    def drawn(least: int, choice: tuple[int, ...], most: int) -> list[Row]:
        pairs = [dice.sample(range(members), 2) for _ in range(dice.randint(0, most))]
        return [(x, y, dice.randint(least, largest), dice.choice(choice)) for x, y in pairs]

    debts = drawn(1, weights, 3 * members)
    if dice.random() < 0.4:
        pool = members
        lines = [(pool, at, dice.randint(0, largest), 0) for at in range(members)]
        lines += [(at, pool, dice.randint(0, largest), 0) for at in range(members)]
        return members + 1, debts, lines
    return members, debts, drawn(0, (0, 0, -1, -7), members)


def exact_costs(members: int, arcs: Sequence[Arc], ties: Sequence[int] | None) -> list[int]:
    """Return costs by which the value comes first, then the ties or the use of lines."""
    chosen = [int(is_line) for *_, is_line in arcs] if ties is None else ties
    each = (members + 1) * (max(chosen, default=0) + 1)
    return [tie - each * arc[3] for arc, tie in zip(arcs, chosen, strict=True)]


def by_networkx(members: int, arcs: Sequence[Arc], costs: Sequence[int]) -> list[int]:
    """Solve with the network simplex of networkx."""
    graph = networkx.MultiDiGraph()
    graph.add_nodes_from(range(members))
    for place, ((debtor, creditor, most, *_), cost) in enumerate(zip(arcs, costs, strict=True)):
        graph.add_edge(debtor, creditor, place, capacity=most, weight=cost)
    flows = networkx.network_simplex(graph)[1]
    return [flows[arc[0]][arc[1]][place] for place, arc in enumerate(arcs)]


def by_ortools(members: int, arcs: Sequence[Arc], costs: Sequence[int]) -> list[int]:
    """Solve with the cost scaling of OR-tools."""
    solver = SimpleMinCostFlow()
    for (debtor, creditor, most, *_), cost in zip(arcs, costs, strict=True):
        solver.add_arc_with_capacity_and_unit_cost(debtor, creditor, most, cost)
    for member in range(members):
        solver.set_node_supply(member, 0)
    assert solver.solve() == solver.OPTIMAL
    return [solver.flow(place) for place in range(len(arcs))]


def circulations(members: int, arcs: Sequence[Arc]) -> Iterator[tuple[int, ...]]:
    """Yield every set-off there is; for a handful of small arcs."""
    for flow in product(*(range(most + 1) for _, _, most, *_ in arcs)):
        balance = [0] * members
        for (debtor, creditor, *_), part in zip(arcs, flow, strict=True):
            balance[debtor] += part
            balance[creditor] -= part
        if not any(balance):
            yield flow
