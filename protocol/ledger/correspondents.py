"""Rules: a payment between neighbours. One answer, signed over one offer, ends it in both books.

Spec 0012. The payer's cooperative holds the order and signs an offer; the payee's cooperative
answers; the sealed answer, with the offer inside, is an entry of both logs.
"""

from msgspec import UNSET

from protocol.envelope import Opened, open_sealed
from protocol.ledger.accounts import HOLDERS
from protocol.ledger.authority import check_neighbour, check_node, check_reply, check_validity
from protocol.ledger.book import SUSPENSE_SLOT, Book, Correspondent
from protocol.ledger.changes import Change, Changes, OfferAnswered, Posted
from protocol.ledger.far_payments import (
    awaits_acceptance,
    invoice_verdict,
    paid_off,
    released,
)
from protocol.ledger.refusals import Refusal
from protocol.messages.peering import Answer, Offer


def check_offer(book: Book, opened: Opened[Offer]) -> tuple[int, Correspondent] | Refusal:
    """Check that an offer is the next one of a cooperative with which we have a line.

    Returns:
        Slot and state of the payer's cooperative, or why the offer cannot be answered at all.
    """
    line = check_neighbour(book, opened)
    if isinstance(line, Refusal):
        return line
    slot, state = line
    offer = opened.document
    # Spec 0012: The payee's node MUST answer the offers of a direction in their order, without
    # a gap.
    if (offer.seq, offer.prev) != (state.got + 1, state.ghead):
        return Refusal.OFFER_NOT_NEXT
    # Spec 0017: An offer that names an invoice MUST wait for the invoice's acceptance.
    return Refusal.NOT_ACCEPTED if awaits_acceptance(book, slot, offer) else line


def offer_verdict(book: Book, slot: int, offer: Offer, at: int) -> Refusal | None:
    """Say whether an offer is accepted: an ordinary transfer from the other cooperative's account.

    Args:
        book: The payee's book.
        slot: The payer's cooperative in it.
        offer: The offer, checked with `check_offer`.
        at: Second of the entry.
    """
    refusal = check_validity(book.net, offer, at)
    if refusal is not None:
        return refusal
    if offer.unit != book.unit:
        return Refusal.WRONG_UNIT
    accounts = book.accounts
    payee = accounts.find(offer.acct)
    if payee < 0 or accounts.role[payee] not in HOLDERS:
        return Refusal.PAYEE_UNKNOWN
    if accounts.balance[payee] + offer.amt > accounts.ceiling[payee]:
        return Refusal.CEILING_EXCEEDED
    reserved = book.head.correspondents[slot].down
    if accounts.balance[slot] - reserved - offer.amt < -accounts.credit_limit[slot]:
        return Refusal.LINE_LIMIT_EXCEEDED
    return invoice_verdict(book, slot, payee, offer)


def decide_answer(book: Book, opened: Opened[Answer], at: int) -> Changes | Refusal:
    """Decide an answer: ours to their offer, or theirs to ours."""
    answer = opened.document
    if answer.net != book.net:
        return Refusal.WRONG_NETWORK
    offer = open_sealed(answer.offer, Offer)
    # Spec 0012: An answer MUST come from the cooperative that the offer is addressed to.
    if answer.by != offer.document.to or answer.seq != offer.document.seq:
        return Refusal.OFFER_UNKNOWN
    if answer.by == book.cooperative:
        return _decide_given(book, opened, offer, at)
    if offer.document.by == book.cooperative:
        return _decide_received(book, opened, offer)
    return Refusal.WRONG_COOPERATIVE


def _decide_given(
    book: Book, opened: Opened[Answer], offer: Opened[Offer], at: int
) -> Changes | Refusal:
    refusal = check_node(book, opened)
    if refusal is not None:
        return refusal
    line = check_offer(book, offer)
    if isinstance(line, Refusal):
        return line
    slot, _ = line
    verdict = offer_verdict(book, slot, offer.document, at)
    # Spec 0012: The answer MUST be the verdict of the payee's rules at the second of its entry.
    if opened.document.why != (verdict or 0):
        return Refusal.VERDICT_WRONG
    answered = OfferAnswered(slot, False, offer.id, b"")
    if verdict is not None:
        return (answered,)
    payee = book.accounts.find(offer.document.acct)
    amount = offer.document.amt
    posted = Posted([(slot, -amount), (payee, amount)])
    return posted, answered, *paid_off(book, offer.document)


def _decide_received(book: Book, opened: Opened[Answer], offer: Opened[Offer]) -> Changes | Refusal:
    line = check_reply(book, opened, offer)
    if isinstance(line, Refusal):
        return line
    slot, state = line
    hold = book.head.holds.get(offer.document.order)
    inv = b"" if offer.document.inv is UNSET else offer.document.inv
    terms = (slot, offer.document.acct, offer.document.amt, inv)
    if hold is None or (hold.correspondent, hold.payee, hold.amount, hold.invoice) != terms:
        return Refusal.OFFER_UNKNOWN
    if (offer.document.seq, offer.document.prev) != (state.sent + 1, state.shead):
        return Refusal.OFFER_NOT_NEXT
    # Spec 0012: A hold MUST end by a signed answer alone; silence and time end nothing.
    is_paid = opened.document.why == 0
    destination = slot if is_paid else hold.payer
    posted: Change = Posted([(SUSPENSE_SLOT, -hold.amount), (destination, hold.amount)])
    answered = OfferAnswered(slot, True, offer.id, hold.order)
    return posted, answered, *released(book, hold, is_paid)
