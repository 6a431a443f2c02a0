"""The set-off between the members of one cooperative: found by an office, proven to auditors.

The obligations are the accepted invoices of a book; a discharge lets some of them fall and carries
the potentials that prove it the largest one among the members that it names. Source: spec 0016.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType

from federation.cycles import cycles
from federation.obligations import Graph, allot
from federation.optimality import potentials, verify_optimal
from federation.pool import NO_ROOMS, Rooms, verify_with_pool
from federation.set_off import solve
from protocol.errors import ProofError
from protocol.ledger.book import Book
from protocol.messages.invoices import (
    CUTS_MAX,
    POTENTIALS_MAX,
    Cut,
    Discharge,
    Potential,
)

CYCLES_TRIED: Final = 16

Arc = tuple[bytes, bytes]


class Obligation(NamedTuple):
    """An accepted invoice; in this order the obligations between two members fall.

    Attributes:
        due: Second at which it is due.
        invoice: Its identifier, 32 bytes.
        debtor: Account, 16 bytes.
        creditor: Account, 16 bytes.
        owed: Minor units still owed.
    """

    due: int
    invoice: bytes
    debtor: bytes
    creditor: bytes
    owed: int


class Proposal(NamedTuple):
    """What a discharge would say.

    Attributes:
        cuts: By how much each obligation falls, in the order of the invoices.
        pots: The proof, in the order of the members.
        is_whole: Whether no other discharge is left to make after it.
        pool: Potential of the pool; absent when no balance moves.
    """

    cuts: list[Cut]
    pots: list[Potential]
    is_whole: bool
    pool: int | UnsetType = UNSET


def obligations_of(book: Book) -> list[Obligation]:
    """Return the obligations of a book, those due first at the beginning."""
    identifier = book.accounts.identifier
    return sorted(
        Obligation(one.due, key, identifier(one.debtor), identifier(one.creditor), one.owed)
        for key, one in book.head.invoices.items()
        if one.accepted
    )


def _graph(obligations: Iterable[Obligation], members: Iterable[bytes] = ()) -> Graph[bytes]:
    return Graph.from_debts([(one.debtor, one.creditor, one.owed) for one in obligations], members)


def verify_discharge(
    obligations: Sequence[Obligation], discharge: Discharge, rooms: Rooms = NO_ROOMS
) -> None:
    """Check that a discharge is the largest set-off among its members; silence is consent.

    Args:
        obligations: Of the book just before its entry.
        discharge: Accepted by the rules of the book.
        rooms: What a pool may move at each member, just before its entry.

    Raises:
        ProofError: names what does not hold.
    """
    members = dict.fromkeys(one.acct for one in discharge.pots)
    everyone = dict.fromkeys(name for one in obligations for name in (one.debtor, one.creditor))
    # Spec 0016: A discharge MUST name every member with an obligation, when these members are at
    # most 1,000 and their obligations at most 600.
    is_small = len(everyone) <= POTENTIALS_MAX and len(obligations) <= CUTS_MAX
    if is_small and any(name not in members for name in everyone):
        missing = next(name for name in everyone if name not in members)
        raise ProofError(f"{missing.hex()}: a member with an obligation is left out")
    inside = [one for one in obligations if one.debtor in members and one.creditor in members]
    graph = _graph(inside, members)
    known = {one.invoice: (one.debtor, one.creditor) for one in inside}
    fallen: dict[Arc, int] = {}
    for cut in discharge.cuts:
        arc = known.get(cut.inv)
        if arc is None:
            raise ProofError(f"{cut.inv.hex()}: no obligation among the members of the discharge")
        fallen[arc] = fallen.get(arc, 0) + cut.amt
    flow = graph.aligned([(*arc, amount) for arc, amount in fallen.items()])
    labels = [one.pot for one in discharge.pots]
    if discharge.pool is not UNSET:
        verify_with_pool(graph, flow, rooms, labels, discharge.pool)
        return
    # Spec 0016: The reader MUST refuse a discharge that is not the largest set-off among its
    # members.
    verify_optimal(graph, flow, labels)


def propose(obligations: Sequence[Obligation]) -> Proposal | None:
    """Compute the next discharge of a book.

    Args:
        obligations: All of them, those that shall fall first at the beginning.

    Returns:
        What it would say; None when nobody can be let off.
    """
    graph = _graph(obligations)
    flow = solve(graph)
    if not any(flow):
        return None
    labels = potentials(graph, flow)
    if len(graph.names) <= POTENTIALS_MAX and len(obligations) <= CUTS_MAX:
        return _proposal(obligations, graph, flow, labels, graph.names, is_whole=True)
    parts = _parts(graph, flow)
    chosen: list[bytes] = []
    cut_count = _cut_counts(obligations, graph, flow)
    count = taken = 0
    for part in parts:
        cuts = sum(cut_count.get(name, 0) for name in part)
        if len(chosen) + len(part) <= POTENTIALS_MAX and count + cuts <= CUTS_MAX:
            chosen += part
            count += cuts
            taken += 1
    if not chosen:
        return _smaller(obligations, graph, flow, parts[0])
    is_whole = taken == len(parts)
    return _proposal(obligations, graph, flow, labels, chosen, is_whole=is_whole)


def _proposal(
    obligations: Sequence[Obligation],
    graph: Graph[bytes],
    flow: Sequence[int],
    labels: Sequence[int],
    members: Iterable[bytes],
    *,
    is_whole: bool,
) -> Proposal:
    """Keep of a set-off what falls among some members, who set nothing off with any other."""
    kept = dict.fromkeys(members)
    debts = [(one.debtor, one.creditor, one.owed) for one in obligations]
    fallen = zip(obligations, allot(graph, flow, debts), strict=True)
    cuts = [Cut(amt, one.invoice) for one, amt in fallen if amt and one.debtor in kept]
    pots = [
        Potential(name, label)
        for name, label in zip(graph.names, labels, strict=True)
        if name in kept
    ]
    return Proposal(sorted(cuts, key=lambda cut: cut.inv), pots, is_whole)


def _cut_counts(
    obligations: Sequence[Obligation], graph: Graph[bytes], flow: Sequence[int]
) -> dict[bytes, int]:
    """Return how many obligations of each debtor fall."""
    debts = [(one.debtor, one.creditor, one.owed) for one in obligations]
    falling = sorted(
        one.debtor
        for one, amount in zip(obligations, allot(graph, flow, debts), strict=True)
        if amount
    )
    return {debtor: len(list(group)) for debtor, group in groupby(falling)}


def _parts(graph: Graph[bytes], flow: Sequence[int]) -> list[list[bytes]]:
    """Return the members that set off with one another, part by part, the largest flow first."""
    leader = list(range(len(graph.names)))

    def lead(member: int) -> int:
        while leader[member] != member:
            leader[member] = leader[leader[member]]
            member = leader[member]
        return member

    amounts = [0] * len(graph.names)
    rows = list(zip(graph.debtors, graph.creditors, flow, strict=True))
    for debtor, creditor, cancelled in rows:
        if cancelled:
            leader[lead(debtor)] = lead(creditor)
    for debtor, _, cancelled in rows:
        amounts[lead(debtor)] += cancelled
    members: dict[int, list[bytes]] = {}
    for place, name in enumerate(graph.names):
        if amounts[lead(place)]:
            members.setdefault(lead(place), []).append(name)
    return [members[first] for first in sorted(members, key=lambda one: (-amounts[one], one))]


def _smaller(
    obligations: Sequence[Obligation], graph: Graph[bytes], flow: Sequence[int], part: list[bytes]
) -> Proposal | None:
    """Propose what fits of a part that is too large: the best among fewer of its members."""
    for members in _fewer(obligations, graph, flow, part):
        kept = dict.fromkeys(members)
        inside = [one for one in obligations if one.debtor in kept and one.creditor in kept]
        some = _graph(inside)
        found = solve(some)
        cuts = sum(_cut_counts(inside, some, found).values())
        if 0 < cuts <= CUTS_MAX:
            labels = potentials(some, found)
            return _proposal(inside, some, found, labels, some.names, is_whole=False)
    return None


def _fewer(
    obligations: Sequence[Obligation], graph: Graph[bytes], flow: Sequence[int], part: list[bytes]
) -> Iterator[Sequence[bytes]]:
    """Yield smaller and smaller surroundings of one member, then the largest cycles alone."""
    members = _walk(obligations, part)
    size = min(len(members), POTENTIALS_MAX)
    while size > 1:
        yield members[:size]
        size //= 2
    short = [one for one in cycles(graph, flow) if len(one.members) <= POTENTIALS_MAX]
    for cycle in sorted(short, key=lambda one: -one.amount)[:CYCLES_TRIED]:
        yield cycle.members


def _walk(obligations: Sequence[Obligation], part: Sequence[bytes]) -> list[bytes]:
    """Return the members of a part, neighbours close to one another: a walk in breadth."""
    inside = dict.fromkeys(part)
    neighbours: dict[bytes, dict[bytes, None]] = {}
    for one in obligations:
        if one.debtor in inside and one.creditor in inside:
            neighbours.setdefault(one.debtor, {})[one.creditor] = None
            neighbours.setdefault(one.creditor, {})[one.debtor] = None
    order = dict.fromkeys([max(part, key=lambda name: (len(neighbours[name]), name))])
    reached = list(order)
    for name in reached:
        for other in neighbours[name]:
            if other not in order:
                order[other] = None
                reached.append(other)
    return reached
