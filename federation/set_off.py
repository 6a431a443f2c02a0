"""The largest set-off: cancel as much debt as can be cancelled without touching anybody's net.

A set-off is a circulation inside the graph of debts: on every arc between 0 and what is owed, and
what a member no longer owes equals what it is no longer owed. The two libraries that search for
one live in this room only, and are imported when first needed. Neither is trusted: whoever uses a
result passes it through `federation.optimality.verify_optimal`. Source: spec 0013.
"""

from collections.abc import Sequence

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
    flow = solve_with_ortools(graph, chosen)
    if flow is None:
        flow = solve_with_networkx(graph, chosen)
    return flow


def fits_64_bits(members: int, costs: Sequence[int]) -> bool:
    """Say whether cost scaling stays within 64 bits.

    The solver multiplies costs by members + 1; its prices then move by less than
    4 * members * (members + 1) * largest cost over all phases (each phase lowers a price by at
    most 3 * members * epsilon, and epsilon shrinks by 5 from the largest scaled cost).

    Args:
        members: how many members the graph has.
        costs: one for each arc.

    Returns:
        False when the bound cannot be guaranteed.
    """
    largest = max(abs(cost) for cost in costs)
    return 4 * members * (members + 1) * largest < 2**62


def solve_with_ortools(graph: Graph[Name], costs: Sequence[int]) -> list[int] | None:
    """Search with the cost-scaling solver of OR-tools (64-bit integers, milliseconds).

    Args:
        graph: at least one arc.
        costs: one for each arc.

    Returns:
        Minor units cancelled, one for each arc; None when the library is missing, the numbers are
        too large for it, or it gives up.
    """
    if not fits_64_bits(len(graph.names), costs):
        return None
    try:
        import numpy as np
        from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
    except ImportError:
        return None
    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        np.array(graph.debtors, dtype=np.int32),
        np.array(graph.creditors, dtype=np.int32),
        np.array(graph.amounts, dtype=np.int64),
        np.array(costs, dtype=np.int64),
    )
    if solver.solve() != SimpleMinCostFlow.OPTIMAL:
        return None
    return [int(cancelled) for cancelled in solver.flows(arcs).tolist()]


def solve_with_networkx(graph: Graph[Name], costs: Sequence[int]) -> list[int]:
    """Search with the network simplex of networkx (whole numbers of any size, slower).

    Args:
        graph: at least one arc.
        costs: one for each arc.

    Returns:
        Minor units cancelled, one for each arc.
    """
    import networkx

    arcs = list(zip(graph.debtors, graph.creditors, strict=True))
    network = networkx.DiGraph()
    # Members first and in order: the library's answer then depends on the graph alone.
    network.add_nodes_from(range(len(graph.names)))
    for (debtor, creditor), owed, cost in zip(arcs, graph.amounts, costs, strict=True):
        network.add_edge(debtor, creditor, capacity=owed, weight=cost)
    _, cancelled = networkx.network_simplex(network)
    return [int(cancelled[debtor][creditor]) for debtor, creditor in arcs]
