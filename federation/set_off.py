"""The largest set-off: cancel as much debt as can be cancelled without touching anybody's net.

A set-off is a circulation inside the graph of debts: on every arc between 0 and what is owed, and
what a member no longer owes equals what it is no longer owed. Whoever uses a result passes it
through `federation.optimality.verify_optimal`. Source: spec 0013.
"""

from collections.abc import Sequence

import numpy as np

from federation.library import Amounts, Arcs, fits_64_bits, with_lemon, with_networkx
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
    chosen = plain_costs(graph) if costs is None else costs
    if not graph.amounts:
        return []
    flow = solve_with_lemon(graph, chosen)
    if flow is None:
        flow = solve_with_networkx(graph, chosen)
    return flow


def solve_with_lemon(graph: Graph[Name], costs: Sequence[int]) -> list[int] | None:
    """Search with `library.with_lemon`.

    Args:
        graph: at least one arc.
        costs: one for each arc.

    Returns:
        Minor units cancelled, one for each arc; None when the library has no answer.
    """
    if not fits_64_bits(len(graph.names), costs):
        return None
    found = with_lemon(len(graph.names), _arcs(graph, costs), _no_supplies(graph))
    return None if found is None else [int(cancelled) for cancelled in found.tolist()]


def solve_with_networkx(graph: Graph[Name], costs: Sequence[int]) -> list[int]:
    """Search with `library.with_networkx`; see `solve_with_lemon`."""
    found = with_networkx(len(graph.names), _arcs(graph, costs), _no_supplies(graph))
    return [int(cancelled) for cancelled in found.tolist()]


def _arcs(graph: Graph[Name], costs: Sequence[int]) -> Arcs:
    return (
        np.array(graph.debtors, np.int32),
        np.array(graph.creditors, np.int32),
        np.array(graph.amounts, np.int64),
        np.array(costs),
    )


def _no_supplies(graph: Graph[Name]) -> Amounts:
    return np.zeros(len(graph.names), np.int64)
