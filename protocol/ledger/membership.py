"""Rules: founding, admission, limits, key events, credit lines (spec 0005, 0006, 0011)."""

from protocol.envelope import Opened, open_sealed
from protocol.identifiers import correspondent_account
from protocol.ledger.accounts import HOLDERS, KeyState, Role
from protocol.ledger.authority import (
    are_acceptable,
    check_author,
    check_officers,
    check_sequence,
    check_threshold,
    check_validity,
    next_key_digest,
)
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.changes import (
    AccountOpened,
    Changes,
    KeysSet,
    LimitsSet,
    LineSet,
    ProvisionSet,
    SequenceUsed,
)
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Admission, Charter, CreditLine, LimitChange
from protocol.messages.keyevents import Inception, Revocation, Rotation


def _has_acceptable_keys(charter: Charter) -> bool:
    keys = KeyState(0, charter.keys, charter.thr, charter.next, charter.nthr)
    officers = KeyState(0, charter.officers, charter.othr, charter.next, charter.nthr)
    return are_acceptable(keys) and are_acceptable(officers)


def found(opened: Opened[Charter], at: int) -> Book | Refusal:
    """Open the book of a cooperative with its charter, entry 0 of the log (spec 0006)."""
    charter = opened.document
    refusal = check_validity(charter.net, charter, at)
    if refusal is not None:
        return refusal
    refusal = check_threshold(opened.signers, charter.keys, charter.thr)
    if refusal is not None:
        return refusal
    # Spec 0006: The reader MUST refuse a charter of keys that are not acceptable.
    if not _has_acceptable_keys(charter):
        return Refusal.KEYS_NOT_ACCEPTABLE
    book = Book(charter, opened.id)
    book.head.at = at
    return book


def decide_admission(book: Book, opened: Opened[Admission], at: int) -> Changes | Refusal:
    """Decide an admission: the account's identifier comes from its own inception."""
    refusal = check_officers(book, opened, at)
    if refusal is not None:
        return refusal
    admission = opened.document
    event = open_sealed(admission.event, Inception)
    refusal = check_validity(book.net, event.document, at)
    if refusal is not None:
        return refusal
    inception = event.document
    keys = KeyState(0, inception.keys, inception.thr, inception.next, inception.nthr)
    refusal = check_threshold(event.signers, keys.keys, keys.thr)
    if refusal is not None:
        return refusal
    # Spec 0005: The account's identifier MUST be the first 16 bytes of its inception's identifier.
    account = event.id[:16]
    if book.accounts.find(account) >= 0:
        return Refusal.ACCOUNT_EXISTS
    if not are_acceptable(keys):
        return Refusal.KEYS_NOT_ACCEPTABLE
    return (
        AccountOpened(account, Role.MEMBER, admission.climit, admission.ceil, keys),
        SequenceUsed(COOPERATIVE_SLOT, admission.seq),
    )


def decide_limits(book: Book, opened: Opened[LimitChange], at: int) -> Changes | Refusal:
    """Decide new limits; a balance beyond them stands, and may only come back."""
    refusal = check_officers(book, opened, at)
    if refusal is not None:
        return refusal
    change = opened.document
    slot = book.accounts.find(change.acct)
    # Spec 0006: The limits of a correspondent account MUST change through a credit line alone.
    if slot < 0 or book.accounts.role[slot] not in HOLDERS:
        return Refusal.ACCOUNT_UNKNOWN
    return (
        LimitsSet(slot, change.climit, change.ceil),
        SequenceUsed(COOPERATIVE_SLOT, change.seq),
    )


def _member(book: Book, account: bytes) -> int:
    # Spec 0005: A cooperative's keys MUST be named by its 32 bytes, an account's by its 16 bytes.
    slot = book.accounts.find(account)
    return slot if slot >= 0 and book.accounts.role[slot] == Role.MEMBER else -1


def _slot_of(book: Book, identity: bytes) -> int:
    if len(identity) == 16:
        return _member(book, identity)
    if identity == book.cooperative:
        return COOPERATIVE_SLOT
    return book.accounts.find(correspondent_account(identity))


def decide_rotation(book: Book, opened: Opened[Rotation], at: int) -> Changes | Refusal:
    """Decide a rotation: the keys announced by the event before come forward and sign."""
    rotation = opened.document
    refusal = check_validity(book.net, rotation, at)
    if refusal is not None:
        return refusal
    slot = _slot_of(book, rotation.by)
    if slot < 0:
        return Refusal.AUTHOR_UNKNOWN
    before = book.accounts.key_state(slot)
    if not before.keys:
        return Refusal.KEYS_REVOKED
    # Spec 0005: The number of a rotation MUST be one more than the current key event's.
    if rotation.kev != before.kev + 1:
        return Refusal.KEY_EVENT_NOT_CURRENT
    needed = max(before.nthr, rotation.thr)
    refusal = check_threshold(opened.signers, rotation.keys, needed)
    refusal = refusal or check_sequence(book, slot, rotation.seq)
    if refusal is not None:
        return refusal
    after = KeyState(rotation.kev, rotation.keys, rotation.thr, rotation.next, rotation.nthr)
    if not are_acceptable(after):
        return Refusal.KEYS_NOT_ACCEPTABLE
    # Spec 0005: The digests of a rotation's keys MUST be the next digests of the event before.
    if sorted(next_key_digest(key) for key in rotation.keys) != before.next:
        return Refusal.NEXT_KEYS_MISMATCH
    return KeysSet(slot, after), SequenceUsed(slot, rotation.seq)


def decide_revocation(book: Book, opened: Opened[Revocation], at: int) -> Changes | Refusal:
    """Decide a revocation: the account keeps its balance, and no key speaks for it."""
    revocation = opened.document
    refusal = check_validity(book.net, revocation, at)
    if refusal is not None:
        return refusal
    slot = _member(book, revocation.by)
    if slot < 0:
        return Refusal.AUTHOR_UNKNOWN
    refusal = check_author(book, slot, revocation.kev, opened.signers)
    refusal = refusal or check_sequence(book, slot, revocation.seq)
    if refusal is not None:
        return refusal
    changes = (
        KeysSet(slot, KeyState(revocation.kev, [], 0, [], 0)),
        SequenceUsed(slot, revocation.seq),
    )
    # Spec 0016: A revocation MUST end the provision of its author.
    return (*changes, ProvisionSet(slot, 0)) if slot in book.head.provisions else changes


def check_line(
    opened: Opened[CreditLine], net: bytes
) -> tuple[Opened[Charter], Opened[Charter]] | Refusal:
    """Check what both sides of a credit line see alike, apart from signatures and dates.

    Returns:
        The two charters, or why not.

    Raises:
        ProtocolError: an embedded charter does not hold.
    """
    line = opened.document
    first, second = open_sealed(line.achart, Charter), open_sealed(line.bchart, Charter)
    same = (first.document.net, first.document.unit, first.document.dec)
    # Spec 0011: The two cooperatives of a line MUST keep one unit with the same decimals in one
    # network.
    if (
        line.a >= line.b
        or line.by not in (line.a, line.b)
        or (first.id, second.id) != (line.a, line.b)
        or same != (second.document.net, second.document.unit, second.document.dec)
        or first.document.net != net
    ):
        return Refusal.LINE_TERMS_MISMATCH
    return first, second


def missing_officers(
    opened: Opened[CreditLine], charters: tuple[Charter, Charter]
) -> Refusal | None:
    """Say whether a line lacks a signature of either side's officers, or has a stranger's."""
    everyone = [key for charter in charters for key in charter.officers]
    refusal = check_threshold(opened.signers, everyone, 0)
    if refusal is not None:
        return refusal
    for charter in charters:
        # Spec 0011: A credit line MUST carry the signatures of enough officers of both
        # cooperatives.
        if sum(key in charter.officers for key in opened.signers) < charter.othr:
            return Refusal.TOO_FEW_SIGNATURES
    return None


def decide_line(book: Book, opened: Opened[CreditLine], at: int) -> Changes | Refusal:
    """Decide a credit line: the limit of each side is the other side's account in the books."""
    line = opened.document
    if line.net == book.net and book.cooperative not in (line.a, line.b):
        return Refusal.WRONG_COOPERATIVE
    refusal = check_validity(book.net, line, at)
    if refusal is not None:
        return refusal
    charters = check_line(opened, book.net)
    if isinstance(charters, Refusal):
        return charters
    refusal = missing_officers(opened, (charters[0].document, charters[1].document))
    if refusal is not None:
        return refusal
    ours_first = book.cooperative == line.a
    peer = charters[1] if ours_first else charters[0]
    our_limit, peer_limit = (line.alimit, line.blimit) if ours_first else (line.blimit, line.alimit)
    keys = KeyState(
        0, peer.document.keys, peer.document.thr, peer.document.next, peer.document.nthr
    )
    if not _has_acceptable_keys(peer.document):
        return Refusal.KEYS_NOT_ACCEPTABLE
    known = book.correspondent(peer.id)
    # Spec 0011: The version of a credit line MUST be one more than that of the line in force.
    if line.seq != (known[1].version if known else 0) + 1:
        return Refusal.LINE_VERSION_NOT_NEXT
    account = correspondent_account(peer.id)
    line_set = LineSet(account, peer.id, peer.document.name, line.seq)
    if known is not None:
        return LimitsSet(known[0], peer_limit, our_limit), line_set
    return AccountOpened(account, Role.CORRESPONDENT, peer_limit, our_limit, keys), line_set
