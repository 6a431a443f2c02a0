"""The two libraries that search for a cheapest flow; neither is trusted.

They live in this room only, and are imported when first needed. Source: spec 0013.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int32]
Amounts = NDArray[np.int64]
Arcs = tuple[Places, Places, Amounts, Amounts]
"""Debtors, creditors, amounts and costs of the arcs."""


def cheapest(
    members: int,
    debtors: Places,
    creditors: Places,
    amounts: Amounts,
    costs: Amounts,
    supplies: Amounts,
) -> Amounts:
    """Search for the cheapest flow that leads away what each member supplies.

    Args:
        members: how many members there are.
        debtors: the debtor of each arc, at least one arc, each pair once.
        creditors: the creditor of each arc.
        amounts: the most that may flow on each arc, minor units.
        costs: of one unit on each arc.
        supplies: minor units that leave each member more than enter it; their sum is zero.

    Returns:
        Minor units on each arc.
    """
    arcs = debtors, creditors, amounts, costs
    flow = with_ortools(members, arcs, supplies)
    return with_networkx(members, arcs, supplies) if flow is None else flow


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


def with_ortools(members: int, arcs: Arcs, supplies: Amounts) -> Amounts | None:
    """Search with the cost-scaling solver of OR-tools (64-bit integers, milliseconds).

    Args:
        members: how many members there are.
        arcs: debtors, creditors, amounts and costs.
        supplies: minor units, one for each member.

    Returns:
        Minor units on each arc; None when the library is missing, the numbers are too large for
        it, or it gives up.
    """
    debtors, creditors, amounts, costs = arcs
    if not fits_64_bits(members, [int(abs(costs).max())]):
        return None
    try:
        from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
    except ImportError:
        return None
    solver = SimpleMinCostFlow()
    added = solver.add_arcs_with_capacity_and_unit_cost(debtors, creditors, amounts, costs)
    supplying = np.flatnonzero(supplies).astype(np.int32)
    solver.set_nodes_supplies(supplying, supplies[supplying])
    if solver.solve() != SimpleMinCostFlow.OPTIMAL:
        return None
    found: Amounts = solver.flows(added)
    return found


def with_networkx(members: int, arcs: Arcs, supplies: Amounts) -> Amounts:
    """Search with the network simplex of networkx (whole numbers of any size, slower).

    Args:
        members: how many members there are.
        arcs: debtors, creditors, amounts and costs.
        supplies: minor units, one for each member.

    Returns:
        Minor units on each arc.
    """
    import networkx

    debtors, creditors, amounts, costs = (column.tolist() for column in arcs)
    network = networkx.DiGraph()
    # Members first and in order: the library's answer then depends on the graph alone.
    for member, supply in enumerate(supplies.tolist()):
        network.add_node(member, demand=-supply)
    for debtor, creditor, most, cost in zip(debtors, creditors, amounts, costs, strict=True):
        network.add_edge(debtor, creditor, capacity=most, weight=cost)
    _, found = networkx.network_simplex(network)
    pairs = zip(debtors, creditors, strict=True)
    return np.array([found[debtor][creditor] for debtor, creditor in pairs], np.int64)
