"""What members sign of their debts to one another: invoice, acceptance, end; and the discharge."""

from typing import Annotated, Final

import msgspec

from protocol.shapes import Bin16, Bin32, Count, Document, Seconds, Signed

INVOICE_AMOUNT_MAX: Final = 2**40 - 1
# Together at most 63,000 bytes: a discharge always fits a payload.
CUTS_MAX: Final = 600
POTENTIALS_MAX: Final = 1_000

InvoiceAmount = Annotated[int, msgspec.Meta(ge=1, le=INVOICE_AMOUNT_MAX)]


class Invoice(Document, frozen=True, gc=False):
    """What a creditor asks of a debtor; it binds nobody before the debtor accepts it.

    Attributes:
        amt: Minor units, 1 to 2^40 − 1.
        by: The creditor's account, 16 bytes.
        debtor: The debtor's account in the same cooperative, 16 bytes.
        due: Second at which it is due.
        exp: Last second at which it may enter the log.
        home: The cooperative that keeps both accounts, 32 bytes.
        iat: Second of signing.
        kev: Key event number of the creditor's keys.
        net: The federation's network, 32 bytes.
        seq: The creditor's counter.
        unit: Code of the unit of account.
        what: Salted hash of the purpose, 32 bytes; absent when there is none.
    """

    amt: InvoiceAmount
    by: Bin16
    debtor: Bin16
    due: Seconds
    exp: Seconds
    home: Bin32
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count
    unit: Annotated[str, msgspec.Meta(min_length=2, max_length=12)]
    what: Bin32 | msgspec.UnsetType = msgspec.UNSET


class Acceptance(Document, frozen=True, gc=False):
    """The debtor's word that it owes an invoice, whole; `inv` is the invoice's identifier."""

    by: Bin16
    exp: Seconds
    home: Bin32
    iat: Seconds
    inv: Bin32
    kev: Count
    net: Bin32
    seq: Count


class Cancellation(Document, frozen=True, gc=False):
    """The word of one side that an invoice shall end; `inv` is the invoice's identifier."""

    by: Bin16
    exp: Seconds
    home: Bin32
    iat: Seconds
    inv: Bin32
    kev: Count
    net: Bin32
    seq: Count


class Cut(Document, frozen=True, gc=False):
    """By how much one obligation falls: minor units, identifier of its invoice."""

    amt: InvoiceAmount
    inv: Bin32


class Potential(Document, frozen=True, gc=False):
    """The potential of one member in the proof of spec 0013."""

    acct: Bin16
    pot: Signed


class Discharge(Document, frozen=True, gc=False, kw_only=True):
    """A set-off between members of one cooperative.

    Attributes:
        by: The cooperative, 32 bytes.
        cuts: Strictly increasing invoices.
        exp: Last second at which it may enter the log.
        iat: Second of signing.
        kev: Key event number of the cooperative's node.
        net: The federation's network, 32 bytes.
        pool: Potential of the pool when provisions are used; absent when no balance moves.
        pots: The members among whom it is the largest, strictly increasing, with the proof.
        seq: The cooperative's counter when officers sign; 0 of the node.
    """

    by: Bin32
    cuts: Annotated[list[Cut], msgspec.Meta(min_length=1, max_length=CUTS_MAX)]
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    pool: Signed | msgspec.UnsetType = msgspec.UNSET
    pots: Annotated[list[Potential], msgspec.Meta(min_length=2, max_length=POTENTIALS_MAX)]
    seq: Count
