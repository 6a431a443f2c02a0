"""The set-off between members that uses their provisions: what an office proposes (spec 0016)."""

from collections.abc import Iterator, Sequence
from typing import Final

from federation.members_set_off import Obligation, Proposal
from federation.obligations import Graph, allot
from federation.pool import Pooled, Rooms, solve_with_pool
from protocol.messages.invoices import CUTS_MAX, POTENTIALS_MAX, Cut, Potential

STARTS_TRIED: Final = 16


def has_provision(rooms: Rooms) -> bool:
    """Say whether the pool may pay anything at all."""
    return any(room.gives for room in rooms.values())


def after(obligations: Sequence[Obligation], cuts: Sequence[Cut]) -> list[Obligation]:
    """Return what stays owed once a discharge is entered, in the same order."""
    falls = {cut.inv: cut.amt for cut in cuts}
    left = [one._replace(owed=one.owed - falls.get(one.invoice, 0)) for one in obligations]
    return [one for one in left if one.owed]


def moved(obligations: Sequence[Obligation], cuts: Sequence[Cut]) -> dict[bytes, int]:
    """Return by how much a discharge moves each balance, minor units, zeros left out."""
    falls = {cut.inv: cut.amt for cut in cuts}
    net: dict[bytes, int] = {}
    for one in obligations:
        amount = falls.get(one.invoice, 0)
        net[one.debtor] = net.get(one.debtor, 0) - amount
        net[one.creditor] = net.get(one.creditor, 0) + amount
    return {account: change for account, change in sorted(net.items()) if change}


def propose_with_pool(obligations: Sequence[Obligation], rooms: Rooms) -> Proposal | None:
    """Compute the next discharge of a book that uses provisions.

    Args:
        obligations: All of them, those that shall fall first at the beginning.
        rooms: What the pool may move at each member with an obligation.

    Returns:
        What it would say; None when nobody can be let off.
    """
    if not has_provision(rooms):
        return None
    everyone = dict.fromkeys(name for one in obligations for name in (one.debtor, one.creditor))
    is_small = len(everyone) <= POTENTIALS_MAX and len(obligations) <= CUTS_MAX
    for members in [sorted(everyone)] if is_small else _some(obligations, rooms):
        kept = dict.fromkeys(members)
        inside = [one for one in obligations if one.debtor in kept and one.creditor in kept]
        debts = [(one.debtor, one.creditor, one.owed) for one in inside]
        graph = Graph.from_debts(debts)
        found = solve_with_pool(graph, rooms)
        fallen = zip(inside, allot(graph, found.flow, debts), strict=True)
        cuts = [Cut(amount, one.invoice) for one, amount in fallen if amount]
        if 0 < len(cuts) <= CUTS_MAX:
            return _proposal(graph, found, cuts, is_whole=is_small)
    return None


def _proposal(graph: Graph[bytes], found: Pooled, cuts: list[Cut], *, is_whole: bool) -> Proposal:
    pots = [Potential(*pair) for pair in zip(graph.names, found.labels, strict=True)]
    return Proposal(sorted(cuts, key=lambda cut: cut.inv), pots, is_whole, found.pool)


def _some(obligations: Sequence[Obligation], rooms: Rooms) -> Iterator[Sequence[bytes]]:
    """Yield smaller and smaller surroundings of the members that may pay most.

    With a pool all members hang together, so that no part of an optimum stands on its own.
    """
    neighbours: dict[bytes, dict[bytes, None]] = {}
    for one in obligations:
        neighbours.setdefault(one.debtor, {})[one.creditor] = None
        neighbours.setdefault(one.creditor, {})[one.debtor] = None
    payers = [name for name in neighbours if name in rooms and rooms[name].gives]
    payers.sort(key=lambda name: (-rooms[name].gives, name))
    for start in payers[:STARTS_TRIED]:
        reached = [start]
        known = dict.fromkeys(reached)
        for name in reached:
            for other in neighbours[name]:
                if other not in known:
                    known[other] = None
                    reached.append(other)
        size = min(len(reached), POTENTIALS_MAX)
        while size > 1:
            yield reached[:size]
            size //= 2
