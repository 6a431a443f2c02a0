"""The book: what one cooperative's accounts are now. `apply` is its only writer (spec 0006)."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import msgspec

from protocol.identifiers import correspondent_account, reserved_account
from protocol.ledger.accounts import Accounts, KeyState, Role
from protocol.ledger.changes import (
    AccountOpened,
    CancellationNoted,
    Changes,
    InvoiceAccepted,
    InvoiceEnded,
    InvoiceIssued,
    InvoiceReduced,
    KeysSet,
    LimitsSet,
    LineSet,
    OfferAnswered,
    OrderHeld,
    Posted,
    ProvisionSet,
    SequenceUsed,
    ShareReserved,
    ShareSettled,
)
from protocol.ledger.open_invoices import InvoiceIndex, OpenInvoice
from protocol.messages.decisions import Charter

COOPERATIVE_SLOT: Final = 0
SUSPENSE_SLOT: Final = 1
WINDOW_BITS: Final = 64
_WINDOW_MASK: Final = (1 << WINDOW_BITS) - 1
NO_OFFER: Final = bytes(32)


class Correspondent(msgspec.Struct):
    """Another cooperative with which we have a credit line.

    Attributes:
        cooperative: Its identifier, 32 bytes.
        name: Its name.
        version: Version of the line.
        sent: Number of our offers that it answered; `shead` the last one's identifier.
        got: Number of its offers that we answered; `ghead` the last one's identifier.
        down: Reserved reductions of its balance in our book, minor units.
        up: Reserved increases, minor units.
    """

    cooperative: bytes
    name: str
    version: int
    sent: int = 0
    shead: bytes = NO_OFFER
    got: int = 0
    ghead: bytes = NO_OFFER
    down: int = 0
    up: int = 0


class BookHead(msgspec.Struct):
    """Everything of a book that is not a column; written whole into a snapshot."""

    cooperative: bytes
    charter: Charter
    at: int = 0
    correspondents: dict[int, Correspondent] = {}
    holds: dict[bytes, OrderHeld] = {}
    shares: dict[bytes, ShareReserved] = {}
    settled: dict[bytes, int] = {}
    several: dict[int, KeyState] = {}
    invoices: dict[bytes, OpenInvoice] = {}
    provisions: dict[int, int] = {}


class Book:
    """Accounts, key states, credit lines, holds and reservations of one cooperative.

    Args:
        charter: The founding document.
        cooperative: Its identifier, 32 bytes.
    """

    def __init__(self, charter: Charter, cooperative: bytes) -> None:
        self._bind(BookHead(cooperative, charter), Accounts())
        no_keys = KeyState(0, [], 0, [], 0)
        node = KeyState(0, charter.keys, charter.thr, charter.next, charter.nthr)
        for role, name, keys in (
            (Role.COOPERATIVE, "cooperative", node),
            (Role.SUSPENSE, "suspense", no_keys),
        ):
            self.apply((AccountOpened(reserved_account(name), role, 0, charter.ceil, keys),), 0)

    def _bind(self, head: BookHead, accounts: Accounts) -> None:
        self.head = head
        self.accounts = accounts
        self.invoices = InvoiceIndex(head.invoices)
        # Read at every order: one attribute instead of a chain of three.
        self.cooperative = head.cooperative
        self.net = head.charter.net
        self.unit = head.charter.unit

    def correspondent(self, cooperative: bytes) -> tuple[int, Correspondent] | None:
        """Return slot and state of another cooperative's account, or None without a line."""
        slot = self.accounts.find(correspondent_account(cooperative))
        if slot < 0:
            return None
        return slot, self.head.correspondents[slot]

    def is_sequence_used(self, slot: int, seq: int) -> bool:
        """Say whether an author's number is used, or older than the 64 last ones."""
        behind = self.accounts.seq[slot] - seq
        if behind < 0:
            return False
        return behind >= WINDOW_BITS or bool(self.accounts.window[slot] >> behind & 1)

    def apply(self, changes: Changes, at: int) -> None:
        """Change the book as decided, at second `at`; nothing else ever changes it."""
        for change in changes:
            _WRITERS[type(change)](self, change)
        self.head.at = at

    def sum(self) -> int:
        """Return the sum of all balances, which is 0."""
        return sum(self.accounts.balance)

    def digest(self) -> bytes:
        """Return SHA-256 of the whole book: equal books have equal digests."""
        return sha256(self.dump_head() + self.accounts.digest()).digest()

    def dump_head(self) -> bytes:
        """Return the head as bytes: the same for the same book, in whatever order it grew."""
        head = self.head
        whole = msgspec.structs.replace(
            head,
            correspondents=dict(sorted(head.correspondents.items())),
            holds=dict(sorted(head.holds.items())),
            shares=dict(sorted(head.shares.items())),
            several=dict(sorted(self.accounts.several.items())),
            invoices=dict(sorted(head.invoices.items())),
            provisions=dict(sorted(head.provisions.items())),
        )
        return msgspec.msgpack.encode(whole)

    @classmethod
    def load(cls, head: bytes, sections: list[bytearray]) -> "Book":
        """Return the book that `dump_head` and `Accounts.sections` wrote."""
        book = cls.__new__(cls)
        state = msgspec.msgpack.decode(head, type=BookHead)
        accounts = Accounts()
        accounts.restore(sections, state.several)
        book._bind(state, accounts)
        return book


def _post(book: Book, change: Posted) -> None:
    balance = book.accounts.balance
    total = 0
    for slot, amount in change.moves:
        balance[slot] += amount
        total += amount
    # Spec 0006: The changes of an entry MUST sum to zero.
    assert total == 0, "postings do not sum to zero"


def _use_sequence(book: Book, change: SequenceUsed) -> None:
    accounts = book.accounts
    slot = change.slot
    ahead = change.seq - accounts.seq[slot]
    if ahead > 0:
        window = accounts.window[slot] << ahead if ahead < WINDOW_BITS else 0
        accounts.window[slot] = (window | 1) & _WINDOW_MASK
        accounts.seq[slot] = change.seq
    else:
        accounts.window[slot] |= 1 << -ahead


def _open(book: Book, change: AccountOpened) -> None:
    slot = book.accounts.open(change.account, change.role, change.credit_limit, change.ceiling)
    if change.keys.keys:
        book.accounts.set_keys(slot, change.keys)


def _set_limits(book: Book, change: LimitsSet) -> None:
    book.accounts.credit_limit[change.slot] = change.credit_limit
    book.accounts.ceiling[change.slot] = change.ceiling


def _set_keys(book: Book, change: KeysSet) -> None:
    book.accounts.set_keys(change.slot, change.keys)


def _set_line(book: Book, change: LineSet) -> None:
    slot = book.accounts.find(change.account)
    known = book.head.correspondents.get(slot)
    if known is None:
        state = Correspondent(change.cooperative, change.name, change.version)
        book.head.correspondents[slot] = state
    else:
        known.version = change.version


def _hold(book: Book, change: OrderHeld) -> None:
    book.head.holds[change.order] = change
    book.head.correspondents[change.correspondent].up += change.amount


def _answer(book: Book, change: OfferAnswered) -> None:
    state = book.head.correspondents[change.correspondent]
    if change.sent:
        state.sent += 1
        state.shead = change.offer
        state.up -= book.head.holds.pop(change.order).amount
    else:
        state.got += 1
        state.ghead = change.offer


def _reserve(book: Book, change: ShareReserved) -> None:
    book.head.shares[change.tx] = change
    book.head.correspondents[change.creditor].down += change.amount
    book.head.correspondents[change.debtor].up += change.amount


def _settle(book: Book, change: ShareSettled) -> None:
    head = book.head
    share = head.shares.pop(change.tx)
    # Until its deadline the same cycle could be consented to and certified once more.
    head.settled = {tx: exp for tx, exp in head.settled.items() if exp >= head.at}
    head.settled[change.tx] = change.exp
    book.head.correspondents[share.creditor].down -= share.amount
    book.head.correspondents[share.debtor].up -= share.amount


def _issue(book: Book, change: InvoiceIssued) -> None:
    invoice = OpenInvoice(change.creditor, change.debtor, change.amount, change.due)
    book.invoices.issue(change.invoice, invoice)


def _accept(book: Book, change: InvoiceAccepted) -> None:
    book.invoices.accept(change.invoice)


def _note_cancellation(book: Book, change: CancellationNoted) -> None:
    book.head.invoices[change.invoice].ending = change.by


def _end(book: Book, change: InvoiceEnded) -> None:
    book.invoices.end(change.invoice)


def _reduce(book: Book, change: InvoiceReduced) -> None:
    book.invoices.reduce(change.invoice, change.amount)


def _provide(book: Book, change: ProvisionSet) -> None:
    # Spec 0016: A provision MUST NOT fall below 0.
    assert change.left >= 0
    if change.left:
        book.head.provisions[change.slot] = change.left
    else:
        book.head.provisions.pop(change.slot, None)


_WRITERS: Final[dict[type, Callable[[Book, Any], None]]] = {
    Posted: _post,
    SequenceUsed: _use_sequence,
    AccountOpened: _open,
    LimitsSet: _set_limits,
    KeysSet: _set_keys,
    LineSet: _set_line,
    OrderHeld: _hold,
    OfferAnswered: _answer,
    ShareReserved: _reserve,
    ShareSettled: _settle,
    InvoiceIssued: _issue,
    InvoiceAccepted: _accept,
    CancellationNoted: _note_cancellation,
    InvoiceEnded: _end,
    InvoiceReduced: _reduce,
    ProvisionSet: _provide,
}
