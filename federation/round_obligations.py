"""What members owe one another, as the positions of a round state it (spec 0018).

A position names accounts by pseudonyms of this round alone; whoever has its secret, as the
cooperative's auditor does, can make it again from the book.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from msgspec import UNSET

from protocol.blinding import OWN_ACCOUNT, obligation_ref, pseudonym_of
from protocol.errors import ProofError
from protocol.identifiers import reserved_account
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.joint_set_offs import rising
from protocol.messages.joint import OWED_MAX, Owed
from protocol.messages.rounds import Position

ROUND_MAX: Final = 1_024
"""Obligations, and vertices, of all positions of a round together."""


class Claim(NamedTuple):
    """An obligation of a book, of which nothing is reserved or on its way; those due first first.

    Attributes:
        due: Second at which it is due.
        invoice: Its identifier, 32 bytes.
        debtor: Account, 16 bytes; empty when it is elsewhere.
        creditor: Account, 16 bytes; empty when it is elsewhere.
        peer: The cooperative of the side that is elsewhere, 32 bytes; empty when both are here.
        amount: Minor units.
    """

    due: int
    invoice: bytes
    debtor: bytes
    creditor: bytes
    peer: bytes
    amount: int


class Claims(NamedTuple):
    """What a book could offer to a round.

    Attributes:
        obligations: Those due first at the beginning.
        falls: By how much the cooperative's own balance may fall, minor units.
        rises: By how much it may rise.
    """

    obligations: list[Claim]
    falls: int
    rises: int


class Debt(NamedTuple):
    """An obligation that counts in a round.

    Attributes:
        debtor: Name in the graph, 32 or 48 bytes.
        creditor: Name in the graph.
        amount: Minor units.
        ref: Its reference in the round, 32 bytes.
    """

    debtor: bytes
    creditor: bytes
    amount: int
    ref: bytes


def claims_of(book: Book) -> Claims:
    """Return what a book could offer to a round."""
    accounts = book.accounts
    balance = accounts.balance[COOPERATIVE_SLOT]
    return Claims(
        sorted(_claims(book)),
        max(0, balance + accounts.credit_limit[COOPERATIVE_SLOT]),
        max(0, accounts.ceiling[COOPERATIVE_SLOT] - balance - rising(book)),
    )


def _claims(book: Book) -> Iterator[Claim]:
    identifier, correspondents = book.accounts.identifier, book.head.correspondents
    for inv, one in book.head.invoices.items():
        if not one.accepted or one.free < 1:
            continue
        sides, peer = [], b""
        for slot in (one.debtor, one.creditor):
            elsewhere = correspondents.get(slot)
            sides.append(b"" if elsewhere else identifier(slot))
            peer = elsewhere.cooperative if elsewhere else peer
        yield Claim(one.due, inv, sides[0], sides[1], peer, one.free)


def bounds(members: int) -> tuple[int, int]:
    """Return how many obligations, and how many pseudonyms, a position may have.

    Args:
        members: Cooperatives that the round was convened with.
    """
    share = ROUND_MAX // members
    return min(share, OWED_MAX), max(share - 1, 0)


def owed_of(claims: Claims, secret: bytes, members: Sequence[bytes], deadline: int) -> list[Owed]:
    """Return what a position states of its members' obligations.

    Args:
        claims: Of the book.
        secret: Of the position, 32 bytes.
        members: Cooperatives of the convening.
        deadline: Of the round, seconds.
    """
    most, pseudonyms_max = bounds(len(members))
    convened = frozenset(members)
    own = reserved_account("cooperative")
    names: dict[bytes, bytes] = {own: OWN_ACCOUNT}
    room = {(own, b""): claims.falls, (b"", own): claims.rises}
    stated: list[Owed] = []
    for claim in claims.obligations:
        if len(stated) == most:
            break
        # Spec 0018: The writer MUST leave out an obligation whose other side is not asked.
        if claim.peer and claim.peer not in convened:
            continue
        accounts = [one for one in (claim.debtor, claim.creditor) if one]
        # Spec 0018: The writer MUST state of the cooperative's own debts no more than its balance
        # may fall by, and of its own claims no more than its balance may rise by.
        side = _own_side(claim, own)
        amount = min(claim.amount, room.get(side, claim.amount))
        if not amount:
            continue
        # Spec 0018: The writer MUST state obligations in the order of their due dates, then of
        # their invoices, and pass over those that need a pseudonym too many.
        if len(dict.fromkeys([*names, *accounts])) - 1 > pseudonyms_max:
            continue
        for account in accounts:
            if account not in names:
                names[account] = pseudonym_of(secret, account)
        if side in room:
            room[side] -= amount
        stated.append(
            Owed(
                amt=amount,
                creditor=names[claim.creditor] if claim.creditor else UNSET,
                debtor=names[claim.debtor] if claim.debtor else UNSET,
                peer=claim.peer or UNSET,
                ref=obligation_ref(deadline, claim.invoice),
            )
        )
    return stated


def _own_side(claim: Claim, own: bytes) -> tuple[bytes, bytes]:
    """Return on which side of an obligation the cooperative's own account is, if on any."""
    return (own if claim.debtor == own else b"", own if claim.creditor == own else b"")


def has_obligations(positions: Sequence[Position]) -> bool:
    """Say whether a round is about more than lines."""
    return any(position.owed is not UNSET for position in positions)


def check_owed(position: Position, members: int) -> None:
    """Refuse a position whose obligations no graph can hold.

    Args:
        position: Of one cooperative.
        members: Cooperatives that the round was convened with.

    Raises:
        ProofError: names what does not hold.
    """
    # Spec 0018: The reader MUST refuse a position with obligations and without blind, or with blind
    # and without obligations.
    if (position.owed is UNSET) != (position.blind is UNSET):
        raise ProofError("a position with obligations and without blind, or the other way round")
    if position.owed is UNSET:
        return
    most, pseudonyms_max = bounds(members)
    names: dict[bytes, None] = {}
    refs: dict[bytes, None] = {}
    for one in position.owed:
        sides = [side for side in (one.debtor, one.creditor) if side is not UNSET]
        # Spec 0018: The reader MUST refuse an obligation without a side here, with one side and no
        # peer, with two sides and a peer, of an account to itself, to its own cooperative as peer,
        # or stated twice.
        if (
            len(sides) != (2 if one.peer is UNSET else 1)
            or len(dict.fromkeys(sides)) != len(sides)
            or one.peer == position.by
            or one.ref in refs
        ):
            raise ProofError("a position states an obligation that is none")
        refs[one.ref] = None
        names |= dict.fromkeys(sides)
    names.pop(OWN_ACCOUNT, None)
    # Spec 0018: The reader MUST refuse a position of n members with more than 1,024 div n
    # obligations, or with more than 1,024 div n − 1 pseudonyms.
    if len(refs) > most or len(names) > pseudonyms_max:
        raise ProofError("a position states more obligations than its share of the round")


def obligations(positions: Sequence[Position]) -> list[Debt]:
    """Return the obligations that count, in the order in which those of one pair fall.

    Args:
        positions: Checked with `check_owed`, one a cooperative.
    """
    far = {
        (position.by, one.ref): one
        for position in positions
        for one in (() if position.owed is UNSET else position.owed)
        if one.peer is not UNSET
    }
    found: list[Debt] = []
    for position in positions:
        for one in () if position.owed is UNSET else position.owed:
            if one.debtor is UNSET:
                continue
            debtor = vertex(position.by, one.debtor)
            if one.peer is UNSET:
                assert one.creditor is not UNSET
                found.append(Debt(debtor, vertex(position.by, one.creditor), one.amt, one.ref))
                continue
            # Spec 0018: An obligation between two cooperatives counts only if both state it, each
            # its own side, with the smaller of both amounts.
            twin = far.get((one.peer, one.ref))
            if twin is None or twin.creditor is UNSET or twin.peer != position.by:
                continue
            amount = min(one.amt, twin.amt)
            found.append(Debt(debtor, vertex(one.peer, twin.creditor), amount, one.ref))
    return found


def vertex(cooperative: bytes, pseudonym: bytes) -> bytes:
    """Return the name in the graph of an account: 48 bytes, or 32 of the cooperative's own."""
    return cooperative if pseudonym == OWN_ACCOUNT else cooperative + pseudonym


def home_of(name: bytes) -> bytes:
    """Return the cooperative of a name in the graph."""
    return name[:32]
