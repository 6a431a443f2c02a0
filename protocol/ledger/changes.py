"""The only shapes in which a book changes (spec 0006). A decision is a tuple of them."""

import msgspec

from protocol.ledger.accounts import KeyState, Role


class Posted(msgspec.Struct, frozen=True, gc=False):
    """Amounts move between accounts.

    Attributes:
        moves: (slot, change in minor units) pairs; the changes sum to zero.
    """

    moves: list[tuple[int, int]]


class SequenceUsed(msgspec.Struct, frozen=True, gc=False):
    """An author's number is used up."""

    slot: int
    seq: int


class AccountOpened(msgspec.Struct, frozen=True):
    """A new account, at 0."""

    account: bytes
    role: Role
    credit_limit: int
    ceiling: int
    keys: KeyState


class LimitsSet(msgspec.Struct, frozen=True, gc=False):
    """New limits of an account, minor units."""

    slot: int
    credit_limit: int
    ceiling: int


class KeysSet(msgspec.Struct, frozen=True):
    """New keys of an account."""

    slot: int
    keys: KeyState


class LineSet(msgspec.Struct, frozen=True):
    """A credit line with another cooperative opens, or has a new version.

    Attributes:
        account: The other's account in our book, 16 bytes.
        cooperative: Its identifier, 32 bytes.
        name: Its name.
        version: Version of the line.
    """

    account: bytes
    cooperative: bytes
    name: str
    version: int


class OrderHeld(msgspec.Struct, frozen=True):
    """An order waits in the suspense account for the other cooperative's answer."""

    order: bytes
    payer: int
    correspondent: int
    payee: bytes
    amount: int


class OfferAnswered(msgspec.Struct, frozen=True):
    """An offer is answered: the pair's journal grows by one in that direction.

    Attributes:
        correspondent: Slot of the other cooperative.
        sent: True when the offer was ours.
        offer: Identifier of the offer, 32 bytes.
        order: Identifier of our member's order when the offer was ours, else empty.
    """

    correspondent: int
    sent: bool
    offer: bytes
    order: bytes


class ShareReserved(msgspec.Struct, frozen=True):
    """We consented to a set-off: `amount` is reserved on both accounts."""

    tx: bytes
    creditor: int
    debtor: int
    amount: int


class ShareSettled(msgspec.Struct, frozen=True):
    """The set-off is certified: its reservation ends; until `exp` there is no other one of `tx`."""

    tx: bytes
    exp: int


class InvoiceIssued(msgspec.Struct, frozen=True, gc=False):
    """A creditor asks a debtor for an amount, minor units, due at a second."""

    invoice: bytes
    creditor: int
    debtor: int
    amount: int
    due: int


class InvoiceAccepted(msgspec.Struct, frozen=True, gc=False):
    """The debtor owes it from now on."""

    invoice: bytes
    creditor: int
    debtor: int


class CancellationNoted(msgspec.Struct, frozen=True, gc=False):
    """The slot `by`, one of the two sides, would end an obligation; the other side has a say."""

    invoice: bytes
    creditor: int
    debtor: int
    by: int


class InvoiceEnded(msgspec.Struct, frozen=True, gc=False):
    """An invoice is withdrawn, declined, or cancelled by both."""

    invoice: bytes
    creditor: int
    debtor: int


class InvoiceReduced(msgspec.Struct, frozen=True, gc=False):
    """An obligation falls by an amount, minor units: paid, or set off."""

    invoice: bytes
    creditor: int
    debtor: int
    amount: int


class ProvisionSet(msgspec.Struct, frozen=True, gc=False):
    """From now on set-offs may move `left` minor units out of an account; 0 when none."""

    slot: int
    left: int


InvoiceChange = InvoiceIssued | InvoiceAccepted | CancellationNoted | InvoiceEnded | InvoiceReduced
Change = (
    Posted
    | SequenceUsed
    | AccountOpened
    | LimitsSet
    | KeysSet
    | LineSet
    | OrderHeld
    | OfferAnswered
    | ShareReserved
    | ShareSettled
    | InvoiceChange
    | ProvisionSet
)
Changes = tuple[Change, ...]
