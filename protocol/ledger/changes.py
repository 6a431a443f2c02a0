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
    """An order waits in the suspense account for the other cooperative's answer.

    `invoice` is the one that it pays off, 32 bytes, or empty.
    """

    order: bytes
    payer: int
    correspondent: int
    payee: bytes
    amount: int
    invoice: bytes = b""


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


class PartReserved(msgspec.Struct, frozen=True, gc=False):
    """We consented to a joint cycle (spec 0018): `amount` is reserved on all that it lets fall.

    Attributes:
        tx: Identifier of the terms.
        creditor: Slot of the cooperative that we owe on a line of the cycle, or −1.
        debtor: Slot of the cooperative that owes us on one, or −1.
        amount: Minor units.
        cuts: (invoice, its reference in the round) of each obligation.
    """

    tx: bytes
    creditor: int
    debtor: int
    amount: int
    cuts: list[tuple[bytes, bytes]]


class PartSettled(msgspec.Struct, frozen=True, gc=False):
    """The joint cycle is certified: its reservation ends, as with `ShareSettled`."""

    tx: bytes
    exp: int


class InvoiceIssued(msgspec.Struct, frozen=True, gc=False):
    """A creditor asks a debtor for an amount, minor units, due at a second.

    `abroad` is the account of the side at another cooperative, 16 bytes, or empty.
    """

    invoice: bytes
    creditor: int
    debtor: int
    amount: int
    due: int
    abroad: bytes = b""


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


class InvoiceHeld(msgspec.Struct, frozen=True, gc=False):
    """A part of an obligation is on its way to the other cooperative; below 0, no longer."""

    invoice: bytes
    creditor: int
    debtor: int
    amount: int


class DocumentDue(msgspec.Struct, frozen=True):
    """A document must be relayed to another cooperative under the next number (spec 0017).

    Attributes:
        correspondent: Slot of the other cooperative.
        document: Identifier of the document, 32 bytes.
        invoice: Identifier of the invoice that it is about, 32 bytes.
    """

    correspondent: int
    document: bytes
    invoice: bytes


class RelayAcknowledged(msgspec.Struct, frozen=True):
    """A relay is acknowledged: the pair's chain of relays grows by one in that direction.

    Attributes:
        correspondent: Slot of the other cooperative.
        sent: True when the relay was ours.
        relay: Identifier of the relay, 32 bytes.
        document: Identifier of the document inside, 32 bytes.
    """

    correspondent: int
    sent: bool
    relay: bytes
    document: bytes


InvoiceChange = (
    InvoiceIssued
    | InvoiceAccepted
    | CancellationNoted
    | InvoiceEnded
    | InvoiceReduced
    | InvoiceHeld
)
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
    | PartReserved
    | PartSettled
    | InvoiceChange
    | ProvisionSet
    | DocumentDue
    | RelayAcknowledged
)
Changes = tuple[Change, ...]
