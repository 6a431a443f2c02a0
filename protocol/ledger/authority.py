"""Who may sign for whom, and when (spec 0005, 0006): checks that every rule begins with."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final, Protocol

from protocol.envelope import Opened
from protocol.ledger.accounts import KeyState
from protocol.ledger.book import COOPERATIVE_SLOT, Book, Correspondent
from protocol.ledger.refusals import Refusal
from protocol.signatures import is_valid_key

SKEW_MAX_S: Final = 300
VALIDITY_MAX_S: Final = 31 * 24 * 3_600
SEQUENCE_AHEAD_MAX: Final = 1_000_000


class Dated(Protocol):
    """A document that names its network and its validity, in seconds."""

    @property
    def net(self) -> bytes:
        """Network, 32 bytes."""

    @property
    def iat(self) -> int:
        """Second of signing."""

    @property
    def exp(self) -> int:
        """Last second at which it may enter a log."""


def next_key_digest(public_key: bytes) -> bytes:
    """Return what an inception says of a key that is not shown yet, 32 bytes (spec 0005)."""
    return sha256(b"ronde/next-key/v1\0" + public_key).digest()


def check_validity(net: bytes, document: Dated, at: int) -> Refusal | None:
    """Check network and dates of a document that would enter a log at second `at`."""
    # Spec 0006: The node MUST refuse a document of another network.
    if document.net != net:
        return Refusal.WRONG_NETWORK
    if document.iat > at + SKEW_MAX_S:
        return Refusal.NOT_YET_VALID
    if document.exp < at:
        return Refusal.EXPIRED
    if document.exp - document.iat > VALIDITY_MAX_S:
        return Refusal.VALIDITY_TOO_LONG
    return None


def check_author(book: Book, slot: int, kev: int, signers: tuple[bytes, ...]) -> Refusal | None:
    """Check that the current keys of an account signed.

    Args:
        book: The book.
        slot: The author's account.
        kev: Key event number that the document names.
        signers: Keys whose signatures hold.
    """
    accounts = book.accounts
    if (
        len(signers) == 1
        and accounts.key[slot << 5 : (slot << 5) + 32] == signers[0]
        and accounts.kev[slot] == kev
    ):
        return None
    state = accounts.key_state(slot)
    if not state.keys:
        return Refusal.KEYS_REVOKED
    # Spec 0005: The node MUST refuse a document that names another key event than the current one.
    if state.kev != kev:
        return Refusal.KEY_EVENT_NOT_CURRENT
    return check_threshold(signers, state.keys, state.thr)


def check_threshold(
    signers: tuple[bytes, ...], allowed: Sequence[bytes], threshold: int
) -> Refusal | None:
    """Check that only allowed keys signed, and enough of them; distinct keys are counted."""
    # Spec 0006: The node MUST refuse a document that carries a signature of a key not entitled
    # to it.
    if any(key not in allowed for key in signers):
        return Refusal.SIGNER_NOT_ALLOWED
    return None if len(signers) >= threshold else Refusal.TOO_FEW_SIGNATURES


def check_sequence(book: Book, slot: int, seq: int) -> Refusal | None:
    """Check that an author's number is new, and not absurdly far ahead."""
    ahead = seq - book.accounts.seq[slot]
    if ahead > 0:
        return None if ahead <= SEQUENCE_AHEAD_MAX else Refusal.SEQUENCE_TOO_FAR
    # Spec 0006: The node MUST refuse a number that its author has used.
    return Refusal.SEQUENCE_USED if book.is_sequence_used(slot, seq) else None


def check_officers(book: Book, opened: Opened[Any], at: int) -> Refusal | None:
    """Check a decision of our own officers: validity, cooperative, k of n, number."""
    document = opened.document
    charter = book.head.charter
    if document.net == book.net and document.by != book.cooperative:
        return Refusal.WRONG_COOPERATIVE
    refusal = check_validity(book.net, document, at)
    if refusal is None and document.kev != book.accounts.kev[COOPERATIVE_SLOT]:
        refusal = Refusal.KEY_EVENT_NOT_CURRENT
    # Spec 0006: A decision MUST carry the signatures of at least othr officers.
    refusal = refusal or check_threshold(opened.signers, charter.officers, charter.othr)
    return refusal or check_sequence(book, COOPERATIVE_SLOT, document.seq)


def check_node(book: Book, opened: Opened[Any], at: int | None = None) -> Refusal | None:
    """Check a document of our own node; its dates too when it enters at second `at`."""
    document = opened.document
    if document.net != book.net:
        return Refusal.WRONG_NETWORK
    if document.by != book.cooperative:
        return Refusal.WRONG_COOPERATIVE
    refusal = None if at is None else check_validity(book.net, document, at)
    return refusal or check_author(book, COOPERATIVE_SLOT, document.kev, opened.signers)


def check_neighbour(book: Book, opened: Opened[Any]) -> tuple[int, Correspondent] | Refusal:
    """Check a paper that the node of a neighbour, with which we have a line, sends to us.

    Returns:
        Slot and state of the neighbour, or why the paper is not for us or not its own.
    """
    document = opened.document
    if document.net != book.net:
        return Refusal.WRONG_NETWORK
    if document.to != book.cooperative:
        return Refusal.WRONG_COOPERATIVE
    return _neighbour_that_signed(book, opened)


def check_reply(
    book: Book, opened: Opened[Any], asked: Opened[Any]
) -> tuple[int, Correspondent] | Refusal:
    """Check who signed a neighbour's answer, and that what it answers was signed by our node.

    Returns:
        Slot and state of the neighbour, or the first refusal.
    """
    line = _neighbour_that_signed(book, opened)
    if isinstance(line, Refusal):
        return line
    return check_node(book, asked) or line


def _neighbour_that_signed(book: Book, opened: Opened[Any]) -> tuple[int, Correspondent] | Refusal:
    document = opened.document
    line = book.correspondent(document.by)
    if line is None:
        return Refusal.LINE_UNKNOWN
    return check_author(book, line[0], document.kev, opened.signers) or line


def are_acceptable(state: KeyState) -> bool:
    """Say whether keys may be registered: distinct, in order, points of prime order, thresholds."""
    # Spec 0005: The node MUST refuse keys or digests that are not in strictly increasing order.
    for items in (state.keys, state.next):
        if any(left >= right for left, right in pairwise(items)):
            return False
    if not (1 <= state.thr <= len(state.keys) and 1 <= state.nthr <= len(state.next)):
        return False
    return all(is_valid_key(key) for key in state.keys)
