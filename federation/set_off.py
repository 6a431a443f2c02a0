"""The largest set-off: cancel as much debt as can be cancelled without touching anybody's net.

A set-off is a circulation inside the graph of debts: on every arc between 0 and what is owed, and
what a member no longer owes equals what it is no longer owed. Whoever uses a result passes it
through `federation.optimality.verify_optimal`. Source: spec 0013.
"""

from collections.abc import Sequence

import numpy as np

from federation.library import Arcs, cheapest, fits_64_bits
from federation.obligations import Graph, Name

PLAIN_COST = -1
"""Cost of one cancelled unit when only the total counts."""


def plain_costs(graph: Graph[Name]) -> list[int]:
    """Return the costs under which the total cancelled is all that counts: -1 on every arc."""
    return [PLAIN_COST] * len(graph.amounts)


def solve(graph: Graph[Name], costs: Sequence[int] | None = None) -> list[int]:
    """Search for a set-off of least cost.

    Args:
        graph: the debts.
        costs: one negative whole number for each arc; -1 for all when None.

    Returns:
        Minor units cancelled, one for each arc.
    """
    if not graph.amounts:
        return []
    arcs = arcs_of(graph, plain_costs(graph) if costs is None else costs)
    found = cheapest(len(graph.names), arcs, np.zeros(len(graph.names), np.int64))
    return [int(cancelled) for cancelled in found.tolist()]


def arcs_of(graph: Graph[Name], costs: Sequence[int]) -> Arcs:
    """Return the arcs of a graph as the libraries take them; costs may be beyond 64 bits."""
    return (
        np.array(graph.debtors, np.int32),
        np.array(graph.creditors, np.int32),
        np.array(graph.amounts, np.int64),
        np.array(costs, np.int64 if fits_64_bits(len(graph.names), costs) else np.object_),
    )
