"""What a member signs of its own means: how much set-offs may pay out of its account."""

from typing import Annotated

import msgspec

from protocol.messages.invoices import INVOICE_AMOUNT_MAX
from protocol.shapes import Bin16, Bin32, Count, Document, Seconds

ProvisionAmount = Annotated[int, msgspec.Meta(ge=0, le=INVOICE_AMOUNT_MAX)]


class Provision(Document, frozen=True, gc=False):
    """A member's consent: set-offs may move so much out of its account, to pay its own debts.

    Attributes:
        amt: Minor units, 0 to 2^40 − 1, from now on; 0 withdraws what was allowed before.
        by: The account, 16 bytes.
        exp: Last second at which it may enter the log.
        home: The cooperative that keeps the account, 32 bytes.
        iat: Second of signing.
        kev: Key event number of the account's keys.
        net: The federation's network, 32 bytes.
        seq: The account's counter.
        unit: Code of the unit of account.
    """

    amt: ProvisionAmount
    by: Bin16
    exp: Seconds
    home: Bin32
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count
    unit: Annotated[str, msgspec.Meta(min_length=2, max_length=12)]
