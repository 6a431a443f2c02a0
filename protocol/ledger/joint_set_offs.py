"""Rules: our part of a cycle of obligations and lines (spec 0018)."""

from itertools import pairwise

from msgspec import UNSET

from protocol.ledger.accounts import HOLDERS
from protocol.ledger.book import COOPERATIVE_SLOT, SUSPENSE_SLOT, Book
from protocol.ledger.changes import (
    Change,
    Changes,
    InvoiceReduced,
    PartReserved,
    PartSettled,
    Posted,
)
from protocol.ledger.refusals import Refusal
from protocol.messages.joint import JointSetOff, Part


def part_of(terms: JointSetOff, tx: bytes, cooperative: bytes) -> Part:
    """Return one cooperative's part of a joint cycle.

    Args:
        terms: Well formed.
        tx: Their identifier, 32 bytes.
        cooperative: One of those involved.
    """
    place = terms.coops.index(cooperative)
    owing = [line.creditor for line in terms.lines if line.debtor == place]
    owed = [line.debtor for line in terms.lines if line.creditor == place]
    return Part(
        amt=terms.amt,
        creditor=terms.coops[owing[0]] if owing else UNSET,
        cuts=[cut.ref for cut in terms.cuts if place in (cut.at, cut.to)],
        debtor=terms.coops[owed[0]] if owed else UNSET,
        tx=tx,
    )


def is_well_formed(terms: JointSetOff) -> bool:
    """Say whether every place of some terms is one, and each is passed at most once by lines."""
    count = len(terms.coops)
    debtors = [line.debtor for line in terms.lines]
    creditors = [line.creditor for line in terms.lines]
    places = [cut.at for cut in terms.cuts] + debtors + creditors
    places += [cut.to for cut in terms.cuts if cut.to is not UNSET]
    refs = [cut.ref for cut in terms.cuts]
    # Spec 0018: The reader MUST refuse terms that name a cooperative out of order, without a part
    # or without a key, a place beyond them, an obligation twice, or two lines of one debtor or of
    # one creditor.
    return (
        all(left < right for left, right in pairwise(terms.coops))
        and len(terms.keys) == count
        and set(places) == set(range(count))
        and len(set(refs)) == len(refs)
        and len(set(debtors)) == len(debtors)
        and len(set(creditors)) == len(creditors)
        and all(line.debtor != line.creditor for line in terms.lines)
        and all(cut.to is UNSET or cut.to != cut.at for cut in terms.cuts)
    )


class Asked:
    """What the shares and parts of one consent ask for so far: they count together.

    Attributes:
        falls: By how much the cooperative's own balance would fall, minor units.
        rises: By how much it would rise.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._slots: dict[int, int] = {}
        self._cuts: dict[bytes, int] = {}
        self._txs: set[bytes] = set()
        self.falls = 0
        self.rises = rising(book)

    def name(self, tx: bytes) -> list[Refusal]:
        """Note a cycle; refuse one that is consented to, settled, or named before."""
        head = self._book.head
        known = tx in head.shares or tx in head.parts or tx in head.settled or tx in self._txs
        self._txs.add(tx)
        # Spec 0014: A node MUST NOT consent twice to one cycle.
        return [Refusal.SHARE_KNOWN] if known else []

    def reduce(self, slot: int, amount: int, *, owed: bool) -> list[Refusal]:
        """Ask for a part of what stands between us and a correspondent.

        Args:
            slot: Of the correspondent.
            amount: Minor units.
            owed: Whether we owe it; else it owes us.
        """
        state = self._book.head.correspondents[slot]
        balance = self._book.accounts.balance[slot]
        free = balance - state.down if owed else -balance - state.up
        self._slots[slot] = self._slots.get(slot, 0) + amount
        # Spec 0014: A share MUST NOT exceed what stands between the two and is not reserved.
        return [Refusal.SHARE_EXCEEDS_BALANCE] if self._slots[slot] > free else []

    def cut(self, invoice: bytes, amount: int) -> list[Refusal]:
        """Ask for a part of an obligation."""
        one = self._book.head.invoices[invoice]
        self._cuts[invoice] = self._cuts.get(invoice, 0) + amount
        if not one.accepted:
            return [Refusal.NOT_ACCEPTED]
        # Spec 0018: A cut MUST NOT exceed what is owed on its obligation, not reserved and not on
        # its way.
        return [Refusal.MORE_THAN_OWED] if self._cuts[invoice] > one.free else []

    def move(self, amount: int) -> list[Refusal]:
        """Ask for a change of the cooperative's own balance, minor units."""
        accounts = self._book.accounts
        balance = accounts.balance[COOPERATIVE_SLOT]
        if amount < 0:
            self.falls -= amount
            # Spec 0018: A part MUST NOT bring the cooperative's own balance below minus its credit
            # limit.
            beyond = balance - self.falls < -accounts.credit_limit[COOPERATIVE_SLOT]
            return [Refusal.CREDIT_LIMIT_EXCEEDED] if beyond else []
        self.rises += amount
        # Spec 0018: A part MUST NOT bring the cooperative's own balance above its ceiling, together
        # with all parts that wait.
        beyond = amount > 0 and balance + self.rises > accounts.ceiling[COOPERATIVE_SLOT]
        return [Refusal.CEILING_EXCEEDED] if beyond else []

    def held(self) -> list[Change]:
        """Return the posting that holds what the own balance would fall by."""
        moves = [(COOPERATIVE_SLOT, -self.falls), (SUSPENSE_SLOT, self.falls)]
        return [Posted(moves)] if self.falls else []


def rising(book: Book) -> int:
    """Return by how much the parts that wait would raise the cooperative's own balance."""
    waiting = book.head.parts.values()
    return sum([one.amount for one in waiting if one.creditor >= 0 and one.debtor < 0])


def reserve(
    book: Book, deadline: int, part: Part, asked: Asked
) -> tuple[PartReserved, list[Refusal]]:
    """Decide one part of a consent.

    Args:
        book: Our book.
        deadline: Of the consent.
        part: One of its parts.
        asked: What the shares and parts before it ask for; what this one asks for is added.

    Returns:
        What it reserves, and every reason against it.
    """
    refusals = asked.name(part.tx)
    net: dict[int, int] = {}
    slots = [-1, -1]
    for at, cooperative in enumerate((part.creditor, part.debtor)):
        if cooperative is UNSET:
            continue
        step = -1 if at else 1
        net[COOPERATIVE_SLOT] = net.get(COOPERATIVE_SLOT, 0) + step
        line = book.correspondent(cooperative)
        if line is None:
            refusals.append(Refusal.LINE_UNKNOWN)
            continue
        slots[at] = line[0]
        refusals += asked.reduce(line[0], part.amt, owed=at == 0)
    moved = (part.creditor is not UNSET) - (part.debtor is not UNSET)
    refusals += asked.move(moved * part.amt)
    cuts: list[tuple[bytes, bytes]] = []
    for reference in part.cuts:
        invoice = book.invoices.named(deadline, reference)
        if not invoice:
            refusals.append(Refusal.INVOICE_UNKNOWN)
            continue
        refusals += asked.cut(invoice, part.amt)
        one = book.head.invoices[invoice]
        for slot, step in ((one.debtor, 1), (one.creditor, -1)):
            # The side at another cooperative stands here with that cooperative's account.
            if book.accounts.role[slot] in HOLDERS:
                net[slot] = net.get(slot, 0) + step
        cuts.append((invoice, reference))
    # Spec 0018: A part MUST let each account of the book off exactly as much as the account lets
    # off, where the debts on lines are the cooperative's own.
    if any(net.values()):
        refusals.append(Refusal.NOT_BALANCED)
    # Spec 0018: A part MUST have an obligation or a line.
    if not net:
        refusals.append(Refusal.CONSENT_EMPTY)
    return PartReserved(part.tx, slots[0], slots[1], part.amt, cuts), refusals


def is_as_consented(book: Book, part: PartReserved, terms: JointSetOff, tx: bytes) -> bool:
    """Say whether a reservation is the one that follows from terms."""
    if book.cooperative not in terms.coops:
        return False
    names = [
        book.head.correspondents[slot].cooperative if slot >= 0 else UNSET
        for slot in (part.creditor, part.debtor)
    ]
    mine = Part(
        amt=part.amount,
        creditor=names[0],
        cuts=[reference for _, reference in part.cuts],
        debtor=names[1],
        tx=part.tx,
    )
    return mine == part_of(terms, tx, book.cooperative)


def settle(book: Book, part: PartReserved, deadline: int) -> Changes:
    """Return what a certified joint cycle does to our book: what was reserved falls.

    Args:
        book: Our book.
        part: Reserved by our consent.
        deadline: In the terms.
    """
    moves: list[tuple[int, int]] = []
    if part.creditor >= 0:
        moves.append((part.creditor, -part.amount))
        if part.debtor < 0:
            moves.append((COOPERATIVE_SLOT, part.amount))
    if part.debtor >= 0:
        moves.append((part.debtor, part.amount))
        if part.creditor < 0:
            moves.append((SUSPENSE_SLOT, -part.amount))
    changes: list[Change] = [PartSettled(part.tx, deadline)]
    if moves:
        changes.append(Posted(moves))
    for invoice, _ in part.cuts:
        one = book.head.invoices.get(invoice)
        # Both sides may have cancelled the rest of it at the other cooperative meanwhile.
        if one is not None:
            changes.append(InvoiceReduced(invoice, one.creditor, one.debtor, part.amount))
    return tuple(changes)
