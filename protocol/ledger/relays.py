"""Rules: invoices between members of two cooperatives, told from one book to the other.

Spec 0017. What a member signs stands in the member's own log first; its node relays it, and the
other node's acknowledgement, with the relay inside, is an entry of both logs. The debtor's book
says when an invoice is an obligation, and when one that nobody has accepted ends.
"""

from typing import Any, Final

from msgspec import UNSET

from protocol.envelope import Opened, open_any, open_sealed
from protocol.kinds import TYPE_OF
from protocol.ledger.accounts import HOLDERS
from protocol.ledger.authority import check_neighbour, check_node, check_reply
from protocol.ledger.book import Book, Correspondent
from protocol.ledger.changes import (
    CancellationNoted,
    Change,
    Changes,
    InvoiceAccepted,
    InvoiceEnded,
    InvoiceIssued,
    RelayAcknowledged,
)
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import Acceptance, Cancellation, Invoice
from protocol.messages.relaying import Acknowledgement, Relay

WAITING_ABROAD_MAX: Final = 4_096
RELAYED: Final = frozenset(TYPE_OF[kind] for kind in (Invoice, Acceptance, Cancellation))

Told = Opened[Any]


def check_relay(book: Book, opened: Opened[Relay]) -> tuple[int, Correspondent, Told] | Refusal:
    """Check that a relay is the next one of a cooperative with which we have a line.

    Returns:
        Slot and state of that cooperative and the document inside, or why the relay cannot be
        acknowledged at all.

    Raises:
        ProtocolError: the document inside does not hold, or is none that is relayed.
    """
    line = check_neighbour(book, opened)
    if isinstance(line, Refusal):
        return line
    slot, state = line
    relay = opened.document
    # Spec 0017: The node that is told MUST acknowledge the relays of a direction in their order,
    # without a gap.
    if (relay.seq, relay.prev) != (state.heard + 1, state.hhead):
        return Refusal.RELAY_NOT_NEXT
    told = open_any(relay.doc, RELAYED)
    # Spec 0017: The node that is told MUST NOT acknowledge a second relay of an open invoice.
    return Refusal.INVOICE_KNOWN if told.id in book.head.invoices else (slot, state, told)


def relay_verdict(book: Book, slot: int, by: bytes, told: Told) -> Change | Refusal:
    """Say what a relayed document changes in this book, or why it changes nothing.

    Args:
        book: The book that is told.
        slot: The other cooperative in it.
        by: Its identifier, 32 bytes.
        told: The document, its signatures verified; whose keys they are the other book knows.
    """
    document = told.document
    if document.net != book.net:
        return Refusal.WRONG_NETWORK
    # Spec 0017: A document MUST be relayed by the cooperative that keeps its author's account.
    if document.home != by:
        return Refusal.WRONG_COOPERATIVE
    if isinstance(document, Invoice):
        return _invoice(book, slot, told)
    invoice = book.head.invoices.get(document.inv)
    if invoice is None:
        return Refusal.INVOICE_UNKNOWN
    # Spec 0017: A relayed document MUST be by the side of the invoice that is abroad.
    is_side = slot in (invoice.creditor, invoice.debtor) and invoice.abroad == document.by
    sides = (invoice.creditor, invoice.debtor)
    if isinstance(document, Acceptance):
        if not is_side or slot != invoice.debtor:
            return Refusal.NOT_A_PARTY
        if invoice.accepted:
            return Refusal.ALREADY_ACCEPTED
        return InvoiceAccepted(document.inv, *sides)
    if not is_side:
        return Refusal.NOT_A_PARTY
    if invoice.ending == slot:
        return Refusal.CANCELLATION_NOTED
    if invoice.accepted and invoice.ending < 0:
        return CancellationNoted(document.inv, *sides, slot)
    return InvoiceEnded(document.inv, *sides)


def _invoice(book: Book, slot: int, told: Opened[Invoice]) -> Change | Refusal:
    """Say whether an invoice from abroad may wait here for its debtor."""
    invoice = told.document
    if invoice.coop != book.cooperative:
        return Refusal.WRONG_COOPERATIVE
    if invoice.unit != book.unit:
        return Refusal.WRONG_UNIT
    debtor = book.accounts.find(invoice.debtor)
    if debtor < 0 or book.accounts.role[debtor] not in HOLDERS:
        return Refusal.DEBTOR_UNKNOWN
    # Spec 0017: A book MUST NOT have more than 4,096 waiting invoices from one other cooperative.
    if book.invoices.waiting(slot) >= WAITING_ABROAD_MAX:
        return Refusal.TOO_MANY_WAITING
    return InvoiceIssued(told.id, slot, debtor, invoice.amt, invoice.due, invoice.by)


def is_ended_by(told: Told, verdict: Change | Refusal) -> bool:
    """Say whether an acknowledgement must tell that the invoice is gone."""
    return isinstance(told.document, Cancellation) and isinstance(verdict, InvoiceEnded)


def decide_acknowledgement(
    book: Book, opened: Opened[Acknowledgement], at: int
) -> Changes | Refusal:
    """Decide an acknowledgement: ours of their relay, or theirs of ours."""
    answer = opened.document
    if answer.net != book.net:
        return Refusal.WRONG_NETWORK
    relay = open_sealed(answer.relay, Relay)
    # Spec 0017: An acknowledgement MUST come from the cooperative that the relay is addressed to.
    if answer.by != relay.document.to or answer.seq != relay.document.seq:
        return Refusal.RELAY_UNKNOWN
    if answer.by == book.cooperative:
        return _decide_given(book, opened, relay)
    if relay.document.by == book.cooperative:
        return _decide_received(book, opened, relay)
    return Refusal.WRONG_COOPERATIVE


def _decide_given(
    book: Book, opened: Opened[Acknowledgement], relay: Opened[Relay]
) -> Changes | Refusal:
    refusal = check_node(book, opened)
    if refusal is not None:
        return refusal
    checked = check_relay(book, relay)
    if isinstance(checked, Refusal):
        return checked
    slot, state, told = checked
    verdict = relay_verdict(book, slot, state.cooperative, told)
    why = int(verdict) if isinstance(verdict, Refusal) else 0
    # Spec 0017: The acknowledgement MUST be the verdict of the rules of the book that is told.
    if (opened.document.why, opened.document.ends) != (why, is_ended_by(told, verdict)):
        return Refusal.VERDICT_WRONG
    acknowledged = RelayAcknowledged(slot, False, relay.id, told.id)
    return (acknowledged,) if isinstance(verdict, Refusal) else (verdict, acknowledged)


def _decide_received(
    book: Book, opened: Opened[Acknowledgement], relay: Opened[Relay]
) -> Changes | Refusal:
    line = check_reply(book, opened, relay)
    if isinstance(line, Refusal):
        return line
    slot, state = line
    told = open_any(relay.document.doc, RELAYED)
    due = book.head.under_way.get(told.id)
    # Spec 0017: A relay MUST carry the document that has its number in the log of its sender.
    if due is None or (due.correspondent, due.number) != (slot, relay.document.seq):
        return Refusal.RELAY_UNKNOWN
    if (relay.document.seq, relay.document.prev) != (state.told + 1, state.thead):
        return Refusal.RELAY_NOT_NEXT
    acknowledged = RelayAcknowledged(slot, True, relay.id, told.id)
    invoice = book.head.invoices.get(due.invoice)
    # Spec 0017: An invoice that the debtor's book refuses MUST end in the creditor's book.
    refused = isinstance(told.document, Invoice) and opened.document.why != 0
    # Spec 0017: An invoice that is gone in the other book by a cancellation MUST end.
    if invoice is not None and (refused or opened.document.ends):
        return InvoiceEnded(due.invoice, invoice.creditor, invoice.debtor), acknowledged
    return (acknowledged,)


def debtor_of(book: Book, invoice: Invoice) -> int | Refusal:
    """Return the slot of an invoice's debtor, or of the debtor's cooperative."""
    if invoice.coop is not UNSET:
        # Spec 0017: An invoice MUST NOT go to a cooperative without a credit line.
        line = book.correspondent(invoice.coop)
        return Refusal.LINE_UNKNOWN if line is None else line[0]
    slot = book.accounts.find(invoice.debtor)
    if slot < 0 or book.accounts.role[slot] not in HOLDERS:
        return Refusal.DEBTOR_UNKNOWN
    return slot
