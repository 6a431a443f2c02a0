"""A set-off of any size as cycles, in arrays; `federation.cycles` says what they are.

Source: spec 0013 §5.
"""

from itertools import pairwise

import numpy as np

from federation import kernel
from federation.cycles import walk_arcs
from federation.library import Amounts, Places
from federation.network import Network
from protocol.errors import ProofError

Rings = tuple[Amounts, Places, Amounts]
"""Where each cycle begins and, as the last, where the last one ends; members; amounts."""


def walk(network: Network, flow: Amounts) -> Rings:
    """Decompose a set-off into cycles whose amounts add up to it exactly.

    Args:
        network: the debts.
        flow: minor units cancelled on each arc.

    Returns:
        The cycles, each from its smallest member on, in ascending order of their members; there
        are never more of them than arcs with a flow.

    Raises:
        ProofError: the flow is not a circulation of this network.
        MemoryError: the cycles do not fit.
    """
    if flow.shape != network.amounts.shape or (flow < 0).any() or (flow > network.amounts).any():
        raise ProofError("flow out of bounds")
    if network.nets(flow).any():
        raise ProofError("the flow changes a net position")
    if kernel.is_there():
        tails, heads = network.debtors, network.creditors
        return _in_order(*kernel.walk(network.members, tails, heads, flow))
    return _in_order(*_walked(network, flow))


def _walked(network: Network, flow: Amounts) -> Rings:
    members: list[int] = []
    ends = [0]
    amounts: list[int] = []
    ways = network.debtors.tolist(), network.creditors.tolist()
    for way, amount in walk_arcs(network.members, *ways, flow.tolist()):
        first = way.index(min(way))
        members += way[first:] + way[:first]
        ends.append(len(members))
        amounts.append(amount)
    return np.array(ends, np.int64), np.array(members, np.int32), np.array(amounts, np.int64)


def _in_order(ends: Amounts, members: Places, amounts: Amounts) -> Rings:
    """Sort cycles by their members: big-endian numbers compare as bytes do."""
    raw = members.astype(">i4").tobytes()
    places = (4 * ends).tolist()
    keys = [raw[begin:end] for begin, end in pairwise(places)]
    # Spec 0013: The cycles MUST be listed in ascending order of their members.
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    sorted_members = np.frombuffer(b"".join([keys[place] for place in order]), ">i4")
    lengths = np.diff(ends)[order]
    return (
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        sorted_members.astype(np.int32),
        amounts[order],
    )
