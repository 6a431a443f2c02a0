"""Rules: our part of a cycle of obligations and lines (spec 0018)."""

from itertools import pairwise

from msgspec import UNSET

from protocol.ledger.accounts import Role
from protocol.ledger.book import COOPERATIVE_SLOT, Book
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
from protocol.messages.rounds import Consent

_OWN = (int(Role.MEMBER), int(Role.COOPERATIVE))


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
        slots: Minor units by slot of the other cooperative.
        cuts: Minor units by invoice.
        txs: The cycles that it has named.
    """

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}
        self.cuts: dict[bytes, int] = {}
        self.txs: set[bytes] = set()

    def name(self, book: Book, tx: bytes) -> list[Refusal]:
        """Note a cycle; refuse one that is consented to, settled, or named before."""
        head = book.head
        known = tx in head.shares or tx in head.parts or tx in head.settled or tx in self.txs
        self.txs.add(tx)
        # Spec 0014: A node MUST NOT consent twice to one cycle.
        return [Refusal.SHARE_KNOWN] if known else []

    def reduce(self, book: Book, slot: int, amount: int, *, owed: bool) -> list[Refusal]:
        """Ask for a part of what stands between us and a correspondent.

        Args:
            book: Our book.
            slot: Of the correspondent.
            amount: Minor units.
            owed: Whether we owe it; else it owes us.
        """
        state, balance = book.head.correspondents[slot], book.accounts.balance[slot]
        free = balance - state.down if owed else -balance - state.up
        self.slots[slot] = self.slots.get(slot, 0) + amount
        # Spec 0014: A share MUST NOT exceed what stands between the two and is not reserved.
        return [Refusal.SHARE_EXCEEDS_BALANCE] if self.slots[slot] > free else []

    def cut(self, book: Book, invoice: bytes, amount: int) -> list[Refusal]:
        """Ask for a part of an obligation."""
        one = book.head.invoices[invoice]
        self.cuts[invoice] = self.cuts.get(invoice, 0) + amount
        if not one.accepted:
            return [Refusal.NOT_ACCEPTED]
        # Spec 0018: A cut MUST NOT exceed what is owed on its obligation and not reserved.
        return [Refusal.MORE_THAN_OWED] if self.cuts[invoice] > one.free else []


def reserve(
    book: Book, consent: Consent, part: Part, asked: Asked
) -> PartReserved | list[Refusal]:
    """Decide one part of a consent.

    Args:
        book: Our book.
        consent: Ours.
        part: One of its parts.
        asked: What the parts before it ask for; what this one asks for is added.

    Returns:
        What it reserves, or every reason against it.
    """
    refusals = asked.name(book, part.tx)
    net: dict[int, int] = {}
    slots = [-1, -1]
    for at, cooperative in enumerate((part.creditor, part.debtor)):
        if cooperative is UNSET:
            continue
        line = book.correspondent(cooperative)
        if line is None:
            refusals.append(Refusal.LINE_UNKNOWN)
            continue
        slots[at] = line[0]
        refusals += asked.reduce(book, line[0], part.amt, owed=at == 0)
        net[COOPERATIVE_SLOT] = net.get(COOPERATIVE_SLOT, 0) + (-1 if at else 1)
    cuts: list[tuple[bytes, bytes]] = []
    for reference in part.cuts:
        invoice = book.invoices.named(consent.exp, reference)
        if not invoice:
            refusals.append(Refusal.INVOICE_UNKNOWN)
            continue
        refusals += asked.cut(book, invoice, part.amt)
        one = book.head.invoices[invoice]
        for slot, step in ((one.debtor, 1), (one.creditor, -1)):
            if slot >= 0 and book.accounts.role[slot] in _OWN:
                net[slot] = net.get(slot, 0) + step
        cuts.append((invoice, reference))
    # Spec 0018: A part MUST let each account of the book off exactly as much as the account lets
    # off, where the debts on lines are the cooperative's own.
    if any(net.values()):
        refusals.append(Refusal.NOT_BALANCED)
    if not net:
        refusals.append(Refusal.CONSENT_EMPTY)
    return refusals or PartReserved(part.tx, *slots, part.amt, cuts)


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
    """Return what a certified joint cycle does to our book: reserved parts fall."""
    changes: list[Change] = [PartSettled(part.tx, deadline)]
    moves: dict[int, int] = {}
    for slot, amount in ((part.creditor, -part.amount), (part.debtor, part.amount)):
        if slot >= 0:
            moves[slot] = moves.get(slot, 0) + amount
    if len(moves) == 1 or any(moves.values()):
        # A line that ends at our own account moves the balance of nobody else: the other side of
        # the posting is the obligation that falls, which has no account.
        changes.append(_posted(moves))
    for invoice, _ in part.cuts:
        one = book.head.invoices[invoice]
        changes.append(InvoiceReduced(invoice, one.creditor, one.debtor, part.amount))
    return tuple(changes)


def _posted(moves: dict[int, int]) -> Posted:
    return Posted([*moves.items()])
