"""The one table: type name of a document ↔ its shape (spec 0005)."""

from typing import Any, Final

from protocol.messages.answers import Card, Rejection
from protocol.messages.decisions import Admission, Charter, CreditLine, LimitChange
from protocol.messages.invoices import Acceptance, Cancellation, Discharge, Invoice
from protocol.messages.keyevents import Inception, Revocation, Rotation
from protocol.messages.orders import Order, Question
from protocol.messages.peering import Answer, Offer
from protocol.messages.provisions import Provision
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from protocol.shapes import Document, Shape


def type_name(word: str, version: int = 1) -> str:
    """Return the media type of a document, as it is signed (spec 0004)."""
    return f"application/vnd.ronde.{word}.v{version}+msgpack"


# Spec 0005: A type name MUST never be given to another shape.
_WORDS: Final[dict[str, type[Document]]] = {
    "acceptance": Acceptance,
    "admission": Admission,
    "answer": Answer,
    "ballot": Ballot,
    "cancellation": Cancellation,
    "card": Card,
    "certificate": Certificate,
    "charter": Charter,
    "consent": Consent,
    "convening": Convening,
    "discharge": Discharge,
    "inception": Inception,
    "invoice": Invoice,
    "limit": LimitChange,
    "line": CreditLine,
    "manifest": Manifest,
    "offer": Offer,
    "order": Order,
    "position": Position,
    "provision": Provision,
    "question": Question,
    "rejection": Rejection,
    "revocation": Revocation,
    "rotation": Rotation,
    "setoff": SetOff,
    "solution": Solution,
}

SHAPES: Final[dict[str, Shape[Any]]] = {
    type_name(word): Shape(struct) for word, struct in _WORDS.items()
}
TYPE_OF: Final[dict[type[Document], str]] = {
    struct: type_name(word) for word, struct in _WORDS.items()
}
# Spec 0005: Only these types MUST enter a log.
LOGGED: Final = frozenset(
    TYPE_OF[struct]
    for struct in (
        Acceptance,
        Admission,
        Answer,
        Cancellation,
        Certificate,
        Charter,
        Consent,
        CreditLine,
        Discharge,
        Invoice,
        LimitChange,
        Order,
        Provision,
        Revocation,
        Rotation,
    )
)
