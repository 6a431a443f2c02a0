"""What the engine is measured against: bare libraries, and the ways that do not reach the optimum.

The libraries get the merged debts as arrays and the transport form of the problem: what stays owed
is shipped from net debtors to net creditors at one a unit (or at `costs`), and what is not shipped
is cancelled. They return flows only, no proof, no single answer.
"""

import importlib
import importlib.metadata
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arcs32 = NDArray[np.int32]
Units = NDArray[np.int64]
Solver = Callable[[int, Arcs32, Arcs32, Units, Units], Units]


def version(package: str) -> str | None:
    """Return the version of a package, None when it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _surplus(members: int, debtors: Arcs32, creditors: Arcs32, amounts: Units) -> Units:
    """Return what each member owes more than it is owed."""
    surplus = np.zeros(members, np.int64)
    np.add.at(surplus, debtors, amounts)
    np.subtract.at(surplus, creditors, amounts)
    return surplus


def _lemon(way: str) -> Solver:
    def solve(
        members: int, debtors: Arcs32, creditors: Arcs32, amounts: Units, costs: Units
    ) -> Units:
        library: Any = importlib.import_module("pylmcf.pylmcf_cpp")
        left: Units = getattr(library, way)(
            _surplus(members, debtors, creditors, amounts),
            debtors.astype(np.int64),
            creditors.astype(np.int64),
            amounts,
            costs,
        )
        return amounts - left

    return solve


def _ortools(
    members: int, debtors: Arcs32, creditors: Arcs32, amounts: Units, costs: Units
) -> Units:
    library: Any = importlib.import_module("ortools.graph.python.min_cost_flow")
    flows = library.SimpleMinCostFlow()
    arcs = flows.add_arcs_with_capacity_and_unit_cost(debtors, creditors, amounts, costs)
    surplus = _surplus(members, debtors, creditors, amounts)
    flows.set_nodes_supplies(np.arange(members, dtype=np.int32), surplus)
    status = flows.solve()
    assert status == flows.OPTIMAL, status
    left: Units = flows.flows(arcs)
    return amounts - left


LIBRARIES: dict[str, tuple[str, Solver]] = {
    "cost_scaling": ("pylmcf", _lemon("lmcf_cost_scaling")),
    "network_simplex": ("pylmcf", _lemon("lmcf")),
    "ortools": ("ortools", _ortools),
}
"""By name: the package it needs and how to call it; costs at least 0, flows come back."""


def installed() -> list[str]:
    """Name the libraries that are there, the reference first."""
    return [name for name, (package, _) in LIBRARIES.items() if version(package) is not None]


def library(
    name: str,
    members: int,
    debtors: Arcs32,
    creditors: Arcs32,
    amounts: Units,
    ties: Units | None = None,
) -> Units:
    """Solve with a bare library.

    Args:
        name: of `LIBRARIES`.
        members: how many members there are.
        debtors, creditors, amounts: the merged debts, ascending by debtor, then creditor.
        ties: what one cancelled unit costs on each arc among equally large set-offs, at least 0.

    Returns:
        Minor units cancelled on each arc.
    """
    # A way around meets each member once, so no sum of ties reaches what one unit is worth.
    costs = np.ones(len(amounts), np.int64)
    if ties is not None and len(ties):
        costs = (members + 1) * (int(ties.max()) + 1) - ties
    return LIBRARIES[name][1](members, debtors, creditors, amounts, costs)


def greedy(members: int, debtors: Arcs32, creditors: Arcs32, amounts: Units) -> Units:
    """Follow the biggest debt of each member and cancel every circle met, until none is left.

    A member from which no way leads on is never entered again, so one pass over the arcs is
    enough. What remains has no cycle, and still less may be cancelled than could be.
    """
    heads, left = creditors.tolist(), amounts.tolist()
    # The arc to follow stands last; it is dropped when it is used up or leads nowhere.
    order = np.argsort(amounts, kind="stable")
    leaving: list[list[int]] = [[] for _ in range(members)]
    for arc, debtor in zip(order.tolist(), debtors[order].tolist(), strict=True):
        leaving[debtor].append(arc)
    place = [-1] * members
    for root in range(members):
        way, arcs = [root], list[int]()
        place[root] = 0
        while way:
            onward = leaving[way[-1]]
            while onward and not (left[onward[-1]] and leaving[heads[onward[-1]]]):
                onward.pop()
            if not onward:
                place[way.pop()] = -1
                # The arc that led here leads nowhere now: its debtor drops it next.
                del arcs[-1:]
                continue
            arc, head = onward[-1], heads[onward[-1]]
            arcs.append(arc)
            if place[head] < 0:
                place[head] = len(way)
                way.append(head)
                continue
            circle = range(place[head], len(arcs))
            amount = min(left[arcs[step]] for step in circle)
            for step in circle:
                left[arcs[step]] -= amount
            emptied = next(step for step in circle if not left[arcs[step]])
            for member in way[emptied + 1 :]:
                place[member] = -1
            del way[emptied + 1 :], arcs[emptied:]
    return amounts - np.array(left, dtype=np.int64)


def _members_of(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def cycles_up_to(
    longest: int, members: int, debtors: Arcs32, creditors: Arcs32, amounts: Units
) -> Units:
    """Cancel cycles of 2, then of 3, … and at last of `longest` members, as many as are found.

    This is what a search among neighbours reaches. For graphs of some thousand arcs: who can be
    reached in so many steps is kept as the bits of a number.
    """
    tails, heads, left = debtors.tolist(), creditors.tolist(), amounts.tolist()
    onward = [0] * members
    arc_of: dict[tuple[int, int], int] = {}
    for arc, pair in enumerate(zip(tails, heads, strict=True)):
        arc_of[pair] = arc
        onward[pair[0]] |= 1 << pair[1]

    def way_back(start: int, goal: int, steps: int) -> list[int] | None:
        """Return the members of a shortest way of at most so many steps, both ends with it."""
        rings, seen = [1 << start], 1 << start
        while not onward_of(rings[-1]) >> goal & 1:
            fresh = onward_of(rings[-1]) & ~seen
            if not fresh or len(rings) >= steps:
                return None
            seen |= fresh
            rings.append(fresh)
        way = [goal]
        for ring in reversed(rings):
            way.append(next(m for m in _members_of(ring) if onward[m] >> way[-1] & 1))
        return way[::-1]

    def onward_of(ring: int) -> int:
        reached = 0
        for member in _members_of(ring):
            reached |= onward[member]
        return reached

    for length in range(2, longest + 1):
        for tail, head in zip(tails, heads, strict=True):
            while onward[tail] >> head & 1:
                way = way_back(head, tail, length - 1)
                if way is None:
                    break
                pairs = list(zip(way, [*way[1:], head], strict=True))
                amount = min(left[arc_of[pair]] for pair in pairs)
                for pair in pairs:
                    left[arc_of[pair]] -= amount
                    if not left[arc_of[pair]]:
                        onward[pair[0]] ^= 1 << pair[1]
    return amounts - np.array(left, dtype=np.int64)
