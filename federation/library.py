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


SCALING_FROM = 200_000
"""Arcs from which on cost scaling is faster than the network simplex."""


def total(amounts: Amounts) -> int:
    """Add up amounts that may exceed 64 bits together, exactly.

    Args:
        amounts: minor units, not below 0, at most 2**31 of them.
    """
    return (int((amounts >> 32).sum()) << 32) + int((amounts & 0xFFFFFFFF).sum())


def cheapest(members: int, arcs: Arcs, supplies: Amounts) -> Amounts:
    """Search for the cheapest flow that leads away what each member supplies.

    Args:
        members: how many members there are.
        arcs: debtors, creditors, the most that may flow, and the cost of one unit; at least one
            arc.
        supplies: minor units that leave each member more than enter it; their sum is zero.

    Returns:
        Minor units on each arc.
    """
    flow = with_lemon(members, arcs, supplies)
    return with_networkx(members, arcs, supplies) if flow is None else flow


def fits_64_bits(members: int, costs: Sequence[int]) -> bool:
    """Say whether the prices of a network simplex stay within 64 bits.

    A price is the sum of costs along a way in a tree, below members * largest cost, from a root
    that lies 2**62 away at most.

    Args:
        members: how many members the graph has.
        costs: one for each arc.

    Returns:
        False when the bound cannot be guaranteed.
    """
    largest = max(abs(cost) for cost in costs)
    return 4 * (members + 1) * largest < 2**62


def fits_scaling(members: int, costs: Sequence[int]) -> bool:
    """Say whether the prices of a cost scaling stay within 64 bits.

    It multiplies costs by 16 × members, and a price moves by less than 4 × members times the
    largest of these.

    Args:
        members: how many members the graph has.
        costs: one for each arc.
    """
    largest = max(abs(cost) for cost in costs)
    return 64 * (members + 1) ** 2 * largest < 2**62


def with_lemon(members: int, arcs: Arcs, supplies: Amounts) -> Amounts | None:
    """Search with LEMON in pylmcf (64-bit integers, milliseconds).

    By its network simplex; where there are many arcs by its cost scaling, which then takes a
    third of the time.

    Args:
        members: how many members there are.
        arcs: debtors, creditors, amounts and costs.
        supplies: minor units, one for each member.

    Returns:
        Minor units on each arc; None when the library is missing, the numbers are too large for
        it, or it gives up.
    """
    debtors, creditors, amounts, costs = arcs
    # It does not look for overflow itself.
    ends = int(costs.min()), int(costs.max())
    if not fits_64_bits(members, ends) or total(amounts) >= 2**63:
        return None
    try:
        from pylmcf.pylmcf_cpp import lmcf, lmcf_cost_scaling
    except ImportError:
        return None
    search = lmcf
    if len(amounts) >= SCALING_FROM and fits_scaling(members, ends):
        search = lmcf_cost_scaling
    # It takes no negative costs: of an arc that gains it is told what does not flow, backwards.
    gains = costs < 0
    whole = np.where(gains, amounts, 0)
    rest = supplies.copy()
    np.subtract.at(rest, debtors, whole)
    np.add.at(rest, creditors, whole)
    tails = np.where(gains, creditors, debtors).astype(np.int64)
    heads = np.where(gains, debtors, creditors).astype(np.int64)
    try:
        found: Amounts = search(rest, tails, heads, amounts, np.abs(costs))
    except RuntimeError:
        return None
    return np.where(gains, amounts - found, found)


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
    network = networkx.MultiDiGraph()
    # Members first and in order: the library's answer then depends on the graph alone.
    for member, supply in enumerate(supplies.tolist()):
        network.add_node(member, demand=-supply)
    pairs = list(enumerate(zip(debtors, creditors, strict=True)))
    for (arc, (debtor, creditor)), most, cost in zip(pairs, amounts, costs, strict=True):
        network.add_edge(debtor, creditor, arc, capacity=most, weight=cost)
    _, found = networkx.network_simplex(network)
    return np.array([found[debtor][creditor][arc] for arc, (debtor, creditor) in pairs], np.int64)
