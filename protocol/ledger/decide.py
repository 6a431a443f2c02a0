"""From a document to its rule, and from a log back to its book (spec 0006)."""

from collections.abc import Callable
from typing import Any, Final

from protocol.envelope import Opened
from protocol.ledger.book import Book
from protocol.ledger.changes import Changes
from protocol.ledger.correspondents import decide_answer
from protocol.ledger.invoices import (
    decide_acceptance,
    decide_cancellation,
    decide_discharge,
    decide_invoice,
)
from protocol.ledger.membership import (
    decide_admission,
    decide_limits,
    decide_line,
    decide_revocation,
    decide_rotation,
)
from protocol.ledger.provisions import decide_provision
from protocol.ledger.refusals import Refusal
from protocol.ledger.set_offs import decide_certificate, decide_consent
from protocol.ledger.transfers import decide_order
from protocol.messages.decisions import Admission, CreditLine, LimitChange
from protocol.messages.invoices import Acceptance, Cancellation, Discharge, Invoice
from protocol.messages.keyevents import Revocation, Rotation
from protocol.messages.orders import Order
from protocol.messages.peering import Answer
from protocol.messages.provisions import Provision
from protocol.messages.rounds import Certificate, Consent

_RULES: Final[dict[type, Callable[[Book, Opened[Any], int], Changes | Refusal]]] = {
    Acceptance: decide_acceptance,
    Admission: decide_admission,
    Answer: decide_answer,
    Cancellation: decide_cancellation,
    Certificate: decide_certificate,
    Consent: decide_consent,
    CreditLine: decide_line,
    Discharge: decide_discharge,
    Invoice: decide_invoice,
    LimitChange: decide_limits,
    Order: decide_order,
    Provision: decide_provision,
    Revocation: decide_revocation,
    Rotation: decide_rotation,
}


def decide(book: Book, opened: Opened[Any], at: int) -> Changes | Refusal:
    """Decide a document: what it would change, or the first refusal that applies.

    Args:
        book: The book as it is; nothing is changed.
        opened: A document whose signatures hold.
        at: Second of the entry, not before the last one's.

    Returns:
        The changes for `Book.apply`, or a `Refusal`.

    Raises:
        ProtocolError: a document inside the document does not hold.

    Source:
        Spec 0006.
    """
    rule = _RULES.get(type(opened.document))
    if rule is None:
        return Refusal.NOT_FOR_A_LOG
    return rule(book, opened, at)


def enter(book: Book, opened: Opened[Any], at: int) -> Refusal | None:
    """Decide a logged document again and apply it: what node and auditor do alike.

    Returns:
        None when the book has taken it, else why this entry should not be in the log.

    Raises:
        ProtocolError: a document inside the document does not hold.
    """
    # Spec 0006: The second of an entry MUST NOT be before that of the entry before it.
    if at < book.head.at:
        return Refusal.NOT_YET_VALID
    changes = decide(book, opened, at)
    if isinstance(changes, Refusal):
        return changes
    book.apply(changes, at)
    return None
