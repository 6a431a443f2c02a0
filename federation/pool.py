"""The pool of provisions beside the graph of debts: who may pay out of a balance, and who be paid.

The pool is one more member of the graph. An arc from it to a member carries what that member pays,
an arc to it what a member is paid; neither counts, so that the largest set-off is still that of the
most debt. Source: spec 0016; a node of liquidity is that of Fleischman and Dini, 2021.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from federation.library import cheapest
from federation.obligations import Graph
from federation.optimality import potentials, verify_optimal
from federation.set_off import PLAIN_COST, arcs_of
from protocol.errors import ProofError
from protocol.ledger.book import Book
from protocol.ledger.pool import leeway

# Behind every account: accounts have 16 bytes.
POOL: Final = b"\xff" * 17


class Room(NamedTuple):
    """What the pool may move at one member.

    Attributes:
        gives: Most that may leave the account: its provision, within its balance and credit line.
        takes: Most that may come to it below its ceiling.
    """

    gives: int
    takes: int


Rooms = Mapping[bytes, Room]
NO_ROOMS: Final[Rooms] = {}


class Pooled(NamedTuple):
    """An optimum with the pool.

    Attributes:
        flow: Minor units that fall on each arc of the debts.
        labels: Potential of each member.
        pool: Potential of the pool.
    """

    flow: list[int]
    labels: list[int]
    pool: int


def rooms_of(book: Book, accounts: Iterable[bytes]) -> dict[bytes, Room]:
    """Return the room at accounts of a book; those that it does not have are left out."""
    found = ((account, book.accounts.find(account)) for account in accounts)
    return {account: Room(*leeway(book, slot)) for account, slot in found if slot >= 0}


def parties_of(book: Book) -> list[bytes]:
    """Return the accounts of all members with an obligation, increasing."""
    slots: dict[int, None] = {}
    for one in book.head.invoices.values():
        if one.accepted and not one.abroad:
            slots[one.creditor] = slots[one.debtor] = None
    return sorted(map(book.accounts.identifier, slots))


def _with_pool(graph: Graph[bytes], rooms: Rooms) -> tuple[Graph[bytes], list[int]]:
    """Return the graph of the debts and of the pool, the debts first, with the cost of each arc."""
    count = len(graph.names)
    owes, owed = [0] * count, [0] * count
    for debtor, creditor, amount in zip(graph.debtors, graph.creditors, graph.amounts, strict=True):
        owes[debtor] += amount
        owed[creditor] += amount
    debtors, creditors, amounts = (list(graph.debtors), list(graph.creditors), list(graph.amounts))
    for place, name in enumerate(graph.names):
        room = rooms.get(name, Room(0, 0))
        # Spec 0016: The arc from the pool to a member is limited by its provision left, by its
        # balance and credit limit, and by what it owes among the members.
        out = min(room.gives, owes[place])
        # Spec 0016: The arc from a member to the pool is limited by the room below its ceiling and
        # by what it is owed among the members.
        back = min(room.takes, owed[place])
        for tail, head, most in ((count, place, out), (place, count, back)):
            if most > 0:
                debtors.append(tail)
                creditors.append(head)
                amounts.append(most)
    whole = Graph(
        names=(*graph.names, POOL),
        debtors=tuple(debtors),
        creditors=tuple(creditors),
        amounts=tuple(amounts),
    )
    costs = [PLAIN_COST] * len(graph.amounts)
    return whole, costs + [0] * (len(amounts) - len(costs))


def solve_with_pool(graph: Graph[bytes], rooms: Rooms) -> Pooled:
    """Search for the set-off of most debt when members pay and are paid within their room.

    Args:
        graph: The debts, of accounts.
        rooms: The room at each member; none at a member that is not named.
    """
    whole, costs = _with_pool(graph, rooms)
    if not whole.amounts:
        return Pooled([], [0] * len(graph.names), 0)
    still = np.zeros(len(whole.names), np.int64)
    found = cheapest(len(whole.names), arcs_of(whole, costs), still)
    # Units that a solver sends to a member and back change neither the debts nor the potentials.
    flow = found.tolist()
    *labels, pool = potentials(whole, flow, costs)
    return Pooled(flow[: len(graph.amounts)], labels, pool)


def _reach(rooms: Rooms, name: bytes, change: int) -> bool:
    room = rooms.get(name, Room(0, 0))
    return -room.gives <= change <= room.takes


def verify_with_pool(
    graph: Graph[bytes], flow: Sequence[int], rooms: Rooms, labels: Sequence[int], pool: int
) -> None:
    """Check that a set-off is the largest one that the pool allows; silence is consent.

    Args:
        graph: The debts.
        flow: Minor units that fall on each arc.
        rooms: The room at each member, just before.
        labels: Potential of each member.
        pool: Potential of the pool.

    Raises:
        ProofError: names what does not hold.
    """
    whole, costs = _with_pool(graph, rooms)
    listed = [
        (graph.names[tail], graph.names[head], amount)
        for tail, head, amount in zip(graph.debtors, graph.creditors, flow, strict=True)
    ]
    for name, change in zip(graph.names, graph.nets(flow), strict=True):
        # Spec 0016: The flow between the pool and a member MUST be what moves on its balance.
        if change and not _reach(rooms, name, change):
            raise ProofError(f"{name.hex()}: its balance moves by {change}, beyond its limits")
        if change:
            listed.append((POOL, name, -change) if change < 0 else (name, POOL, change))
    # Spec 0016: The reader MUST refuse a discharge with a pool that is not the largest set-off
    # among its members and the pool.
    try:
        verify_optimal(whole, whole.aligned(listed), [*labels, pool], costs)
    except ProofError as error:
        raise ProofError(str(error).replace(POOL.hex(), "pool")) from error
