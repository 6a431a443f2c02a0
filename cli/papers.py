"""The papers of a member and of an officer, written out and not yet signed.

Pure: time comes in as seconds, randomness as bytes; `protocol.envelope.seal` signs what is made.
"""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import UNSET, UnsetType

from protocol.envelope import Opened, seal
from protocol.messages.decisions import Admission, Charter, CreditLine
from protocol.messages.keyevents import Inception
from protocol.messages.orders import Leg, Order, Question

VALIDITY_S: Final = 3_600
DECISION_VALIDITY_S: Final = 14 * 86_400  # an officer may wait for the other's signature
QUESTION_VALIDITY_S: Final = 300
NO_DOCUMENT: Final = bytes(32)

Ask = Literal[
    "account", "blinds", "history", "invoices", "obligations", "openings", "outcome", "round"
]


def inception(
    key: bytes,
    next_digest: bytes,
    network: bytes,
    *,
    now_s: int,
    nonce: bytes,
    validity_s: int = DECISION_VALIDITY_S,
) -> Inception:
    """Return the first key event of a member with one key.

    Args:
        key: Public key, 32 bytes.
        next_digest: Digest of the key after it, 32 bytes.
        network: The federation's network, 32 bytes.
        now_s: Second of signing.
        nonce: 16 random bytes.
        validity_s: Seconds in which it may enter a log.
    """
    return Inception(
        exp=now_s + validity_s,
        iat=now_s,
        kev=0,
        keys=[key],
        net=network,
        next=[next_digest],
        nonce=nonce,
        nthr=1,
        seq=0,
        thr=1,
    )


def admission(
    charter: Opened[Charter],
    event: bytes,
    *,
    credit_limit: int,
    ceiling: int,
    seq: int,
    now_s: int,
    kev: int = 0,
) -> Admission:
    """Return the decision that admits a member.

    Args:
        charter: The cooperative's.
        event: The member's sealed inception.
        credit_limit: How far below zero the account may stand, minor units.
        ceiling: How far above zero, minor units.
        seq: The cooperative's counter.
        now_s: Second of signing.
        kev: Key event number of the cooperative.
    """
    return Admission(
        by=charter.id,
        ceil=ceiling,
        climit=credit_limit,
        event=event,
        exp=now_s + DECISION_VALIDITY_S,
        iat=now_s,
        kev=kev,
        net=charter.document.net,
        seq=seq,
    )


def credit_line(
    ours: Opened[Charter],
    theirs: Opened[Charter],
    *,
    our_limit: int,
    their_limit: int,
    version: int,
    now_s: int,
    kev: int = 0,
) -> CreditLine:
    """Return a credit line that our cooperative proposes.

    Args:
        ours: Our charter.
        theirs: The other cooperative's.
        our_limit: How far we may be in debit towards them, minor units.
        their_limit: How far they may be in debit towards us, minor units.
        version: 1 for the first line between the two, then one more each time.
        now_s: Second of signing.
        kev: Key event number of our cooperative.
    """
    first, second = (ours, theirs) if ours.id < theirs.id else (theirs, ours)
    limits = {ours.id: our_limit, theirs.id: their_limit}
    return CreditLine(
        a=first.id,
        achart=first.sealed,
        alimit=limits[first.id],
        b=second.id,
        bchart=second.sealed,
        blimit=limits[second.id],
        by=ours.id,
        exp=now_s + DECISION_VALIDITY_S,
        iat=now_s,
        kev=kev,
        net=ours.document.net,
        seq=version,
    )


def leg(account: bytes, amount: int, cooperative: bytes | None = None) -> Leg:
    """Return one payee of an order; `cooperative` is named when it is not the payer's."""
    return Leg(acct=account, amt=amount, coop=UNSET if cooperative is None else cooperative)


def order(
    charter: Opened[Charter],
    payer: bytes,
    legs: Sequence[Leg],
    *,
    seq: int,
    now_s: int,
    purpose: bytes | None = None,
    kev: int = 0,
    validity_s: int = VALIDITY_S,
) -> Order:
    """Return a transfer order.

    Args:
        charter: That of the payer's cooperative.
        payer: The payer's account, 16 bytes.
        legs: Who receives how much.
        seq: The payer's counter.
        now_s: Second of signing.
        purpose: Salted hash of the purpose (`purpose_digest`), or None.
        kev: Key event number of the payer's keys.
        validity_s: Seconds in which it may be accepted.
    """
    what: bytes | UnsetType = UNSET if purpose is None else purpose
    return Order(
        by=payer,
        exp=now_s + validity_s,
        home=charter.id,
        iat=now_s,
        kev=kev,
        legs=list(legs),
        net=charter.document.net,
        seq=seq,
        unit=charter.document.unit,
        what=what,
    )


def question(
    ask: Ask,
    by: bytes,
    cooperative: bytes,
    network: bytes,
    *,
    now_s: int,
    doc: bytes = NO_DOCUMENT,
    first: int = 0,
    most: int = 100,
    kev: int = 0,
    seq: int = 0,
) -> Question:
    """Return a question to a node.

    Args:
        ask: What is asked.
        by: The account, 16 bytes, or the key that signs, 32 bytes.
        cooperative: Whose node is asked, 32 bytes.
        network: The federation's network, 32 bytes.
        now_s: Second of signing.
        doc: Identifier of an order, for "outcome".
        first: Index of the first entry wanted, or the greatest one for a history.
        most: How many items at most.
        kev: Key event number of the author.
        seq: Makes two questions of one second different.
    """
    return Question(
        ask=ask,
        by=by,
        doc=doc,
        exp=now_s + QUESTION_VALIDITY_S,
        first=first,
        home=cooperative,
        iat=now_s,
        kev=kev,
        most=most,
        net=network,
        seq=seq,
    )


def sealed_inception(
    key_seed: bytes, key: bytes, next_digest: bytes, network: bytes, *, now_s: int, nonce: bytes
) -> bytes:
    """Return a member's first key event, signed by its own key; arguments as `inception`."""
    return seal(inception(key, next_digest, network, now_s=now_s, nonce=nonce), key_seed)
