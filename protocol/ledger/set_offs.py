"""Rules: consent to a cycle, and its certificate (spec 0014). Each cycle commits on its own."""

from hashlib import sha256

from msgspec import UNSET

from protocol.envelope import Opened, open_sealed, pre_authentication
from protocol.errors import EncodingError, SignatureError
from protocol.kinds import SHAPES, TYPE_OF
from protocol.ledger.authority import check_node
from protocol.ledger.book import Book
from protocol.ledger.changes import Change, Changes, Posted, ShareReserved, ShareSettled
from protocol.ledger.joint_set_offs import (
    Asked,
    is_as_consented,
    is_well_formed,
    part_of,
    reserve,
    settle,
)
from protocol.ledger.refusals import Refusal
from protocol.messages.joint import JointSetOff
from protocol.messages.rounds import Ballot, Certificate, Consent, SetOff, Share


def quorum(seats: int) -> int:
    """Return how many of a panel's ballots decide: any two quorums share an honest witness.

    Args:
        seats: Size of the panel, at least 2; of them f = (seats − 1) div 3 may be dishonest.

    Source:
        Spec 0014; n = 3 with 2 ballots is unsafe, so up to 3 seats all must vote.
    """
    assert seats >= 2
    if seats <= 3:
        return seats
    return (seats + (seats - 1) // 3) // 2 + 1


Terms = SetOff | JointSetOff


def read_terms(payload: bytes) -> tuple[Terms, bytes]:
    """Return the terms of a cycle and their 32-byte identifier, from their canonical payload.

    Raises:
        EncodingError: the payload is of neither kind.
    """
    try:
        terms: Terms = SHAPES[TYPE_OF[SetOff]].decode(payload)
    except EncodingError:
        # Spec 0018: No payload is of both kinds, since each has a field that the other has not.
        terms = SHAPES[TYPE_OF[JointSetOff]].decode(payload)
    return terms, sha256(pre_authentication(TYPE_OF[type(terms)], payload)).digest()


def terms_id(payload: bytes) -> bytes:
    """Return the 32-byte identifier of the terms of a cycle from their canonical payload.

    Raises:
        EncodingError: the payload is of neither kind.
    """
    return read_terms(payload)[1]


def members_of(terms: Terms) -> list[bytes]:
    """Return the cooperatives whose consent a cycle needs, in the order of their consents."""
    return terms.cycle if isinstance(terms, SetOff) else terms.coops


def share_of(terms: SetOff, tx: bytes, cooperative: bytes) -> Share:
    """Return one member's part of a cycle: it owes the next one, the one before owes it."""
    place = terms.cycle.index(cooperative)
    following = (place + 1) % len(terms.cycle)
    return Share(
        amt=terms.amt,
        creditor=terms.cycle[following],
        debtor=terms.cycle[place - 1],
        tx=tx,
    )


def reserve_share(
    book: Book, share: Share, asked: Asked
) -> tuple[ShareReserved | None, list[Refusal]]:
    """Decide one share of a consent, as `reserve` decides a part.

    Returns:
        What it reserves, None without a line, and every reason against it.
    """
    creditor, debtor = book.correspondent(share.creditor), book.correspondent(share.debtor)
    if creditor is None or debtor is None:
        return None, [Refusal.LINE_UNKNOWN]
    refusals = asked.name(share.tx)
    refusals += asked.reduce(creditor[0], share.amt, owed=True)
    refusals += asked.reduce(debtor[0], share.amt, owed=False)
    return ShareReserved(share.tx, creditor[0], debtor[0], share.amt), refusals


def decide_consent(book: Book, opened: Opened[Consent], at: int) -> Changes | Refusal:
    """Decide our node's consent: each share lies within what is owed and not reserved yet."""
    refusal = check_node(book, opened, at)
    if refusal is not None:
        return refusal
    consent = opened.document
    changes: list[Change] = []
    asked = Asked(book)
    refusals: list[Refusal] = []
    for share in consent.shares:
        kept, against = reserve_share(book, share, asked)
        refusals += against
        if kept is not None:
            changes.append(kept)
    for part in () if consent.parts is UNSET else consent.parts:
        reserved, against = reserve(book, consent.exp, part, asked)
        refusals += against
        changes.append(reserved)
    # Spec 0018: A consent MUST have a share or a part.
    if not consent.shares and consent.parts is UNSET:
        refusals.append(Refusal.CONSENT_EMPTY)
    return min(refusals) if refusals else (*asked.held(), *changes)


def check_consents(terms: Terms, tx: bytes, consents: list[bytes]) -> bool:
    """Say whether every member of a cycle signed exactly these terms, in the cycle's order.

    Raises:
        ProtocolError: a consent does not hold.
    """
    members = members_of(terms)
    if not len(members) == len(terms.keys) == len(consents) == len(set(members)):
        return False
    for member, key, sealed in zip(members, terms.keys, consents, strict=True):
        opened = open_sealed(sealed, Consent)
        consent = opened.document
        # Spec 0014: The reader MUST refuse a certificate that lacks the consent of a member of
        # the cycle.
        if (
            (consent.by, consent.net) != (member, terms.net)
            or (consent.round, consent.exp) != (terms.round, terms.exp)
            or opened.signers != (key,)
            or not _names(consent, terms, tx, member)
        ):
            return False
    return True


def _names(consent: Consent, terms: Terms, tx: bytes, member: bytes) -> bool:
    """Say whether a consent has exactly the share or part that follows from some terms."""
    if isinstance(terms, SetOff):
        return share_of(terms, tx, member) in consent.shares
    return consent.parts is not UNSET and part_of(terms, tx, member) in consent.parts


def count_ballots(terms: Terms, tx: bytes, ballots: list[bytes]) -> int:
    """Return how many distinct witnesses of the panel voted for a cycle before its deadline.

    Raises:
        ProtocolError: a ballot does not hold.
    """
    voters: set[bytes] = set()
    seats = dict(zip(terms.panel, terms.pkeys, strict=False))
    for sealed in ballots:
        opened = open_sealed(sealed, Ballot)
        ballot = opened.document
        if (
            (ballot.net, ballot.round) == (terms.net, terms.round)
            and opened.signers == (seats.get(ballot.by),)
            and tx in ballot.txs
            and ballot.iat <= terms.exp
        ):
            voters.add(ballot.by)
    return len(voters)


def check_certificate(certificate: Certificate) -> tuple[Terms, bytes]:
    """Verify a certificate from its own papers.

    Returns:
        The terms of the cycle and their identifier.

    Raises:
        ProtocolError: a paper does not hold, a consent or a quorum of ballots is missing.

    Source:
        Spec 0014; which key speaks for whom is checked at consent, and again by auditors.
    """
    terms, tx = read_terms(certificate.terms)
    if isinstance(terms, JointSetOff) and not is_well_formed(terms):
        raise SignatureError("the terms of a joint set-off contradict themselves")
    if len(set(terms.panel)) != len(terms.pkeys) or len(terms.panel) != len(terms.pkeys):
        raise SignatureError("the panel of a set-off names a witness twice or without a key")
    if not check_consents(terms, tx, certificate.consents):
        raise SignatureError("a consent of the cycle is missing")
    if count_ballots(terms, tx, certificate.ballots) < quorum(len(terms.panel)):
        raise SignatureError("the ballots of the panel are not a quorum")
    return terms, tx


def _is_as_consented(book: Book, share: ShareReserved, terms: SetOff, tx: bytes) -> bool:
    # A dishonest node may log one consent and hand out another: an auditor must see it, not stop.
    if book.cooperative not in terms.cycle:
        return False
    wanted = share_of(terms, tx, book.cooperative)
    names = [book.head.correspondents[slot].cooperative for slot in (share.creditor, share.debtor)]
    return (names, share.amount) == ([wanted.creditor, wanted.debtor], wanted.amt)


def decide_certificate(book: Book, opened: Opened[Certificate], at: int) -> Changes | Refusal:
    """Decide a certificate: two postings in each book, nothing when we did not consent."""
    refusal = check_node(book, opened)
    if refusal is not None:
        return refusal
    assert at >= book.head.at
    try:
        terms, tx = check_certificate(opened.document)
    except SignatureError:
        return Refusal.CERTIFICATE_INCOMPLETE
    if isinstance(terms, JointSetOff):
        part = book.head.parts.get(tx)
        if part is None or not is_as_consented(book, part, terms, tx):
            return Refusal.SHARE_UNKNOWN
        return settle(book, part, terms.exp)
    share = book.head.shares.get(tx)
    # Spec 0014: The node MUST refuse a certificate of a cycle to which it did not consent.
    if share is None or not _is_as_consented(book, share, terms, tx):
        return Refusal.SHARE_UNKNOWN
    return (
        Posted([(share.creditor, -terms.amt), (share.debtor, terms.amt)]),
        ShareSettled(tx, terms.exp),
    )
