"""Whether a set-off is the only best one: nothing is left to choose (spec 0013 §4)."""

from collections.abc import Iterable, Sequence

import numpy as np

from federation.certificate import reduced_costs
from federation.library import Amounts
from federation.network import Network

FaceArc = tuple[int, int, bool, bool]
"""An arc of reduced cost 0: debtor, creditor, whether it may carry less, whether more."""


def is_only(network: Network, flow: Amounts, potentials: Amounts, ties: Amounts) -> bool:
    """Prove that no other set-off is as good, in a time linear in the arcs.

    Args:
        network: the debts.
        flow: an optimum set-off, accepted by `certificate.verify` with the same other arguments.
        potentials: one for each member.
        ties: a number of 20 bits for each arc.

    Returns:
        True when the optimum is unique for these ties.
    """
    face = np.flatnonzero(reduced_costs(network, potentials, ties) == 0)
    cancelled, owed = flow[face], network.amounts[face]
    return leaves_no_choice(
        network.members,
        zip(
            network.debtors[face].tolist(),
            network.creditors[face].tolist(),
            (cancelled > 0).tolist(),
            (cancelled < owed).tolist(),
            strict=True,
        ),
    )


def leaves_no_choice(members: int, face: Iterable[FaceArc]) -> bool:
    """Say whether the arcs of reduced cost 0 leave nothing to choose.

    Two optimum set-offs differ only on arcs of reduced cost zero, by a way around in the residual
    graph of these arcs. Arcs partly cancelled can change both ways: they must form a forest. Arcs
    untouched or wholly cancelled can change one way: between the trees of that forest they must
    not close a circle.

    Args:
        members: how many members there are.
        face: the arcs of reduced cost 0.
    """
    parent = list(range(members))
    one_way: list[tuple[int, int]] = []
    for debtor, creditor, may_fall, may_rise in face:
        if may_fall and may_rise:
            tree, other = _root(parent, debtor), _root(parent, creditor)
            if tree == other:
                return False
            parent[tree] = other
        elif may_fall:
            one_way.append((creditor, debtor))
        else:
            one_way.append((debtor, creditor))
    return _without_circle(
        len(parent), [(_root(parent, tail), _root(parent, head)) for tail, head in one_way]
    )


def _root(parent: list[int], member: int) -> int:
    """Find the representative of a group, halving the way there."""
    while parent[member] != member:
        parent[member] = parent[parent[member]]
        member = parent[member]
    return member


def _without_circle(count: int, arrows: Sequence[tuple[int, int]]) -> bool:
    """Say whether arrows between `count` places never lead back to their start."""
    entering = [0] * count
    leaving: list[list[int]] = [[] for _ in range(count)]
    for tail, head in arrows:
        entering[head] += 1
        leaving[tail].append(head)
    free = [place for place in range(count) if not entering[place]]
    removed = 0
    while free:
        place = free.pop()
        removed += 1
        for head in leaving[place]:
            entering[head] -= 1
            if not entering[head]:
                free.append(head)
    return removed == count
