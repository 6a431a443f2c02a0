"""What two cooperatives sign to one another: offer and answer of a payment (spec 0012)."""

import msgspec

from protocol.shapes import (
    Amount,
    Bin16,
    Bin32,
    Count,
    Document,
    Embedded,
    Seconds,
    Small,
    UnitCode,
)


class Offer(Document, frozen=True, gc=False, kw_only=True):
    """The payer's cooperative offers to owe the payee's cooperative more.

    Attributes:
        acct: The payee's account at `to`, 16 bytes.
        amt: Minor units, at least 1.
        by: The payer's cooperative, 32 bytes.
        exp: Last second at which it may be accepted.
        iat: Second of signing.
        inv: The invoice that it pays off, 32 bytes (spec 0017); absent when there is none.
        kev: Key event number of the payer's node.
        net: The federation's network, 32 bytes.
        order: Identifier of the member's order, 32 bytes.
        prev: Identifier of the offer before in this direction; 32 zero bytes for the first.
        seq: Number of the offer in this direction, from 1, without a gap.
        to: The payee's cooperative, 32 bytes.
        unit: Code of the unit of account.
        what: Salted hash of the purpose, 32 bytes; absent when there is none.
    """

    acct: Bin16
    amt: Amount
    by: Bin32
    exp: Seconds
    iat: Seconds
    inv: Bin32 | msgspec.UnsetType = msgspec.UNSET
    kev: Count
    net: Bin32
    order: Bin32
    prev: Bin32
    seq: Count
    to: Bin32
    unit: UnitCode
    what: Bin32 | msgspec.UnsetType = msgspec.UNSET


class Answer(Document, frozen=True, gc=False):
    """The payee's cooperative accepts or refuses an offer; the sealed answer stands in both logs.

    Attributes:
        by: The payee's cooperative, 32 bytes.
        exp: Equal to `iat`: an answer does not lapse.
        iat: Second of signing.
        kev: Key event number of the payee's node.
        net: The federation's network, 32 bytes.
        offer: The sealed `Offer` that is answered.
        seq: Number of that offer.
        why: 0 when accepted, else the number of the refusal.
    """

    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    offer: Embedded
    seq: Count
    why: Small
