"""Rules: what a payment between cooperatives pays off of an invoice (spec 0017).

In the debtor's book the amount is on its way while the order is held, and falls off the obligation
when the answer accepts; in the creditor's book it falls off at the answer.
"""

from msgspec import UNSET

from protocol.ledger.book import Book
from protocol.ledger.changes import Change, InvoiceHeld, InvoiceReduced, OrderHeld
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Leg
from protocol.messages.peering import Offer


def hold_invoice(book: Book, payer: int, correspondent: int, leg: Leg) -> InvoiceHeld | Refusal:
    """Return what an order to another cooperative holds of the invoice that it names.

    Args:
        book: The debtor's book.
        payer: Slot of who pays.
        correspondent: Slot of the payee's cooperative.
        leg: The one leg of the order, which names an invoice.
    """
    assert leg.inv is not UNSET
    invoice = book.head.invoices.get(leg.inv)
    if invoice is None:
        return Refusal.INVOICE_UNKNOWN
    # Spec 0016: A leg that names an invoice MUST go from its debtor to its creditor.
    sides = (invoice.debtor, invoice.creditor, invoice.abroad)
    if (payer, correspondent, leg.acct) != sides:
        return Refusal.NOT_A_PARTY
    if not invoice.accepted:
        return Refusal.NOT_ACCEPTED
    # Spec 0017: The debtor's book MUST count what is on its way as if it were already paid.
    if leg.amt > invoice.free:
        return Refusal.MORE_THAN_OWED
    return InvoiceHeld(leg.inv, invoice.creditor, invoice.debtor, leg.amt)


def awaits_acceptance(book: Book, slot: int, offer: Offer) -> bool:
    """Say whether an offer pays an invoice of which the acceptance is still on its way here."""
    if offer.inv is UNSET:
        return False
    invoice = book.head.invoices.get(offer.inv)
    return invoice is not None and invoice.debtor == slot and not invoice.accepted


def invoice_verdict(book: Book, slot: int, payee: int, offer: Offer) -> Refusal | None:
    """Say what is wrong with the invoice that an offer names, in the creditor's book."""
    if offer.inv is UNSET:
        return None
    invoice = book.head.invoices.get(offer.inv)
    if invoice is None:
        return Refusal.INVOICE_UNKNOWN
    if (slot, payee) != (invoice.debtor, invoice.creditor):
        return Refusal.NOT_A_PARTY
    return Refusal.MORE_THAN_OWED if offer.amt > invoice.free else None


def paid_off(book: Book, offer: Offer) -> tuple[Change, ...]:
    """Return what an accepted offer pays off in the creditor's book."""
    if offer.inv is UNSET:
        return ()
    invoice = book.head.invoices[offer.inv]
    return (InvoiceReduced(offer.inv, invoice.creditor, invoice.debtor, offer.amt),)


def released(book: Book, hold: OrderHeld, is_paid: bool) -> tuple[Change, ...]:
    """Return what an answer does to the invoice of an order that was held in the debtor's book.

    An invoice that both sides have cancelled meanwhile is gone: nothing is left to fall.
    """
    invoice = book.head.invoices.get(hold.invoice)
    if invoice is None or invoice.held < hold.amount:
        return ()
    sides = (invoice.creditor, invoice.debtor)
    back = InvoiceHeld(hold.invoice, *sides, -hold.amount)
    return (back, InvoiceReduced(hold.invoice, *sides, hold.amount)) if is_paid else (back,)
