"""Cycles of a set-off that also runs over lines: each line stands as a member of its own.

So a cycle says of each step whether a debt falls or a line is used. Source: spec 0013 §7.
"""

import numpy as np

from federation.library import Amounts, Places
from federation.network import Network


def with_lines_as_members(network: Network, flow: Amounts) -> tuple[Network, Amounts]:
    """Return a network in which no pair has two arcs, and the same set-off on it.

    Args:
        network: debts and lines.
        flow: minor units on each arc.

    Returns:
        Arcs with a flow alone, each with room for just that flow. Debts of a pair are one arc. A
        line from x to y that is used is an arc from x to a member after all others, and one from
        there to y; these members are numbered in the order of the arcs.
    """
    if network.terms is None:
        return network, flow
    used = np.flatnonzero((flow > 0) & network.terms.is_line)
    fallen = np.flatnonzero((flow > 0) & ~network.terms.is_line)
    between = network.members + np.arange(len(used), dtype=np.int32)
    members = network.members + len(used)
    tails: Places = np.concatenate((network.debtors[fallen], network.debtors[used], between))
    heads: Places = np.concatenate((network.creditors[fallen], between, network.creditors[used]))
    parts: Amounts = np.concatenate((flow[fallen], flow[used], flow[used]))
    order = np.lexsort((heads, tails))
    tails, heads, parts = tails[order], heads[order], parts[order]
    begins = np.flatnonzero(
        np.append(True, (tails[1:] != tails[:-1]) | (heads[1:] != heads[:-1]))[: len(tails)]
    )
    sums = np.add.reduceat(parts, begins) if len(begins) else parts
    return Network(members, tails[begins], heads[begins], sums), sums
