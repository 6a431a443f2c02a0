"""What a member signs: transfer orders, and questions about the account (spec 0006, 0008)."""

from hashlib import sha256
from typing import Annotated, Literal

import msgspec

from protocol.shapes import Amount, Bin16, Bin32, Count, Document, Identity, Seconds, Small

LEGS_MAX = 1_000


def purpose_digest(salt: bytes, text: str) -> bytes:
    """Return what an order says of its purpose: a salted hash, 32 bytes (spec 0006)."""
    return sha256(b"ronde/what/v1\0" + salt + text.encode()).digest()


class Leg(Document, frozen=True, gc=False):
    """One payee of an order.

    Attributes:
        acct: The payee's account, 16 bytes.
        amt: Minor units, at least 1.
        coop: The payee's cooperative, 32 bytes; absent when it is the payer's.
        inv: The invoice that it pays off, 32 bytes (spec 0016); absent when there is none.
    """

    acct: Bin16
    amt: Amount
    coop: Bin32 | msgspec.UnsetType = msgspec.UNSET
    inv: Bin32 | msgspec.UnsetType = msgspec.UNSET


class Order(Document, frozen=True, gc=False):
    """A transfer order: one signature, 1 to 1,000 legs.

    Attributes:
        by: The payer's account, 16 bytes.
        exp: Last second at which it may be accepted.
        home: The cooperative that keeps the payer's account, 32 bytes.
        iat: Second of signing.
        kev: Key event number of the payer's keys.
        legs: Who receives how much.
        net: The federation's network, 32 bytes.
        seq: The payer's counter; each number is used once.
        unit: Code of the unit of account; the ledger compares it with its own.
        what: Salted hash of the purpose, 32 bytes; absent when there is none.
    """

    by: Bin16
    exp: Seconds
    home: Bin32
    iat: Seconds
    kev: Count
    legs: Annotated[list[Leg], msgspec.Meta(min_length=1, max_length=LEGS_MAX)]
    net: Bin32
    seq: Count
    unit: Annotated[str, msgspec.Meta(min_length=2, max_length=12)]
    what: Bin32 | msgspec.UnsetType = msgspec.UNSET


class Question(Document, frozen=True, gc=False):
    """A member's, an auditor's or an officer's signed question to a node; it never enters a log.

    Attributes:
        ask: What is asked.
        by: The account (16 bytes), or the key that signs (32 bytes): an auditor's for "openings"
            and "blinds", an officer's for "round" and "obligations", an officer's or a member's for
            "account".
        doc: Identifier of the order whose outcome is asked, or of the invoice after which a list
            goes on; 32 zero bytes otherwise.
        exp: Last second at which it may be answered.
        first: Index of the first entry wanted, or the greatest one for a history.
        home: The cooperative that is asked, 32 bytes.
        iat: Second of signing.
        kev: Key event number.
        most: How many items at most.
        net: The federation's network, 32 bytes.
        seq: The author's counter; not consumed.
    """

    ask: Literal[
        "account", "blinds", "history", "invoices", "obligations", "openings", "outcome", "round"
    ]  # fmt: skip
    by: Identity
    doc: Bin32
    exp: Seconds
    first: Count
    home: Bin32
    iat: Seconds
    kev: Count
    most: Small
    net: Bin32
    seq: Count
