"""Rules: invoices between members, and the discharge that sets them off (spec 0016)."""

from itertools import pairwise
from typing import Any, Final

from msgspec import UNSET

from protocol.envelope import Opened
from protocol.ledger.accounts import HOLDERS
from protocol.ledger.authority import (
    check_author,
    check_node,
    check_officers,
    check_sequence,
    check_validity,
)
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.changes import (
    CancellationNoted,
    Change,
    Changes,
    DocumentDue,
    InvoiceAccepted,
    InvoiceEnded,
    InvoiceIssued,
    InvoiceReduced,
    SequenceUsed,
)
from protocol.ledger.open_invoices import OpenInvoice
from protocol.ledger.pool import balances_moved
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import debtor_of
from protocol.messages.invoices import Acceptance, Cancellation, Discharge, Invoice
from protocol.messages.orders import Leg

WAITING_MAX: Final = 256


def author_slot(book: Book, opened: Opened[Any], at: int) -> int | Refusal:
    """Return the slot of the member who signed, or what is wrong with author and dates."""
    document = opened.document
    if document.net == book.net and document.home != book.cooperative:
        return Refusal.WRONG_COOPERATIVE
    refusal = check_validity(book.net, document, at)
    if refusal is not None:
        return refusal
    slot = book.accounts.find(document.by)
    if slot < 0 or book.accounts.role[slot] not in HOLDERS:
        return Refusal.AUTHOR_UNKNOWN
    refusal = check_author(book, slot, document.kev, opened.signers)
    refusal = refusal or check_sequence(book, slot, document.seq)
    return slot if refusal is None else refusal


def decide_invoice(book: Book, opened: Opened[Invoice], at: int) -> Changes | Refusal:
    """Decide an invoice: it waits for its debtor, and binds nobody."""
    creditor = author_slot(book, opened, at)
    if isinstance(creditor, Refusal):
        return creditor
    invoice = opened.document
    if invoice.unit != book.unit:
        return Refusal.WRONG_UNIT
    # Spec 0016: Creditor and debtor MUST be members or the cooperative itself, and two.
    debtor = debtor_of(book, invoice)
    if isinstance(debtor, Refusal):
        return debtor
    if debtor == creditor:
        return Refusal.DEBTOR_IS_CREDITOR
    # Spec 0016: A creditor MUST NOT have more than 256 invoices that nobody has accepted.
    if book.invoices.waiting(creditor) >= WAITING_MAX:
        return Refusal.TOO_MANY_WAITING
    used = SequenceUsed(creditor, invoice.seq)
    abroad = b"" if invoice.coop is UNSET else invoice.debtor
    issued = InvoiceIssued(opened.id, creditor, debtor, invoice.amt, invoice.due, abroad)
    due = (DocumentDue(debtor, opened.id, opened.id),) if abroad else ()
    return issued, used, *due


def decide_acceptance(book: Book, opened: Opened[Acceptance], at: int) -> Changes | Refusal:
    """Decide an acceptance: the debtor owes the whole amount from now on."""
    author = author_slot(book, opened, at)
    if isinstance(author, Refusal):
        return author
    identifier = opened.document.inv
    invoice = book.head.invoices.get(identifier)
    if invoice is None:
        return Refusal.INVOICE_UNKNOWN
    # Spec 0016: Only the debtor that an invoice names MUST be able to accept it.
    if author != invoice.debtor:
        return Refusal.NOT_A_PARTY
    if invoice.accepted:
        return Refusal.ALREADY_ACCEPTED
    accepted = InvoiceAccepted(identifier, invoice.creditor, invoice.debtor)
    return accepted, SequenceUsed(author, opened.document.seq), *_told(invoice, author, opened)


def decide_cancellation(book: Book, opened: Opened[Cancellation], at: int) -> Changes | Refusal:
    """Decide a cancellation: one side ends what binds nobody, both end an obligation."""
    author = author_slot(book, opened, at)
    if isinstance(author, Refusal):
        return author
    identifier = opened.document.inv
    invoice = book.head.invoices.get(identifier)
    if invoice is None:
        return Refusal.INVOICE_UNKNOWN
    if author not in (invoice.creditor, invoice.debtor):
        return Refusal.NOT_A_PARTY
    if invoice.ending == author:
        return Refusal.CANCELLATION_NOTED
    sides = (invoice.creditor, invoice.debtor)
    # Spec 0016: An obligation MUST end by cancellation only when both sides have signed one.
    # Spec 0017: A creditor's cancellation MUST NOT end a waiting invoice before the debtor's book
    # says so.
    is_theirs_to_end = bool(invoice.abroad) and author == invoice.creditor
    if invoice.ending < 0 and (invoice.accepted or is_theirs_to_end):
        change: Change = CancellationNoted(identifier, *sides, author)
    elif invoice.reserved:
        # Spec 0018: An obligation of which a part is reserved MUST NOT end by cancellation.
        return Refusal.INVOICE_HELD
    else:
        change = InvoiceEnded(identifier, *sides)
    used = SequenceUsed(author, opened.document.seq)
    return change, used, *_told(invoice, author, opened)


def _told(invoice: OpenInvoice, author: int, opened: Opened[Any]) -> tuple[DocumentDue, ...]:
    """Return what is due to the other cooperative, when a side of the invoice is there."""
    if not invoice.abroad:
        return ()
    other = invoice.creditor if author == invoice.debtor else invoice.debtor
    return (DocumentDue(other, opened.id, opened.document.inv),)


def reductions(book: Book, payer: int, legs: list[Leg]) -> tuple[InvoiceReduced, ...] | Refusal:
    """Return what the legs of an order pay off, or the first refusal among them.

    Args:
        book: The book.
        payer: Slot of who pays.
        legs: Of the order; the payees are known.
    """
    paid: dict[bytes, int] = {}
    refusals: list[Refusal] = []
    changes: list[InvoiceReduced] = []
    for leg in legs:
        if leg.inv is UNSET:
            continue
        invoice = book.head.invoices.get(leg.inv)
        if invoice is None:
            refusals.append(Refusal.INVOICE_UNKNOWN)
            continue
        # Spec 0016: A leg that names an invoice MUST go from its debtor to its creditor.
        if (payer, book.accounts.find(leg.acct)) != (invoice.debtor, invoice.creditor):
            refusals.append(Refusal.NOT_A_PARTY)
        paid[leg.inv] = paid.get(leg.inv, 0) + leg.amt
        refusals += _beyond(invoice, paid[leg.inv])
        changes.append(InvoiceReduced(leg.inv, invoice.creditor, invoice.debtor, leg.amt))
    return min(refusals) if refusals else tuple(changes)


def _beyond(invoice: OpenInvoice, amount: int) -> list[Refusal]:
    if not invoice.accepted:
        return [Refusal.NOT_ACCEPTED]
    # Spec 0018: What is reserved MUST be neither paid nor set off otherwise.
    return [Refusal.MORE_THAN_OWED] if amount > invoice.free else []


def _numbers(book: Book, opened: Opened[Discharge], at: int) -> tuple[SequenceUsed, ...] | Refusal:
    """Check who signed a discharge: officers, who number it, or else the node, which does not."""
    officers = book.head.charter.officers
    # Spec 0016: A discharge MUST carry the signatures of at least othr officers, or of the node.
    if any(key in officers for key in opened.signers):
        refusal = check_officers(book, opened, at)
        return refusal or (SequenceUsed(COOPERATIVE_SLOT, opened.document.seq),)
    return check_node(book, opened, at) or ()


def decide_discharge(book: Book, opened: Opened[Discharge], at: int) -> Changes | Refusal:
    """Decide a discharge: each obligation falls within what is owed, and no net position moves.

    That no set-off would cancel more is not decided here: auditors verify it (spec 0016).
    """
    discharge = opened.document
    numbers = _numbers(book, opened, at)
    if isinstance(numbers, Refusal):
        return numbers
    net: dict[int, int] = {}
    refusals: list[Refusal] = []
    changes: list[Change] = []
    for cut in discharge.cuts:
        invoice = book.head.invoices.get(cut.inv)
        if invoice is None:
            refusals.append(Refusal.INVOICE_UNKNOWN)
            continue
        refusals += _beyond(invoice, cut.amt)
        # Spec 0017: A discharge MUST NOT name an invoice to or from another cooperative.
        if invoice.abroad:
            refusals.append(Refusal.NOT_A_PARTY)
        net[invoice.debtor] = net.get(invoice.debtor, 0) - cut.amt
        net[invoice.creditor] = net.get(invoice.creditor, 0) + cut.amt
        changes.append(InvoiceReduced(cut.inv, invoice.creditor, invoice.debtor, cut.amt))
    if discharge.pool is not UNSET:
        # Without one of the invoices nobody knows by how much a balance would move.
        if len(changes) == len(discharge.cuts):
            moved, against = balances_moved(book, net)
            changes += moved
            refusals += against
    # Spec 0016: A discharge without a pool MUST let each member off exactly as much as the member
    # lets off.
    elif any(net.values()):
        refusals.append(Refusal.NOT_BALANCED)
    if not _is_ordered(discharge):
        refusals.append(Refusal.NOT_BALANCED)
    return min(refusals) if refusals else (*changes, *numbers)


def _is_ordered(discharge: Discharge) -> bool:
    # Spec 0016: The invoices and the members of a discharge MUST be strictly increasing.
    return all(left.inv < right.inv for left, right in pairwise(discharge.cuts)) and all(
        left.acct < right.acct for left, right in pairwise(discharge.pots)
    )
