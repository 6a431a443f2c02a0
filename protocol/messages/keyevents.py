"""Key events: how a key comes to speak for an account or a cooperative (spec 0005)."""

from typing import Annotated

import msgspec

from protocol.shapes import Bin16, Bin32, Count, Document, Identity, Seconds, Small

Keys = Annotated[list[Bin32], msgspec.Meta(min_length=1, max_length=8)]
Zero = Annotated[int, msgspec.Meta(ge=0, le=0)]


class Inception(Document, frozen=True, gc=False):
    """The first keys of an account, and the digests of the next ones.

    The account's identifier is the first 16 bytes of this document's identifier.

    Attributes:
        exp: Last second at which it may enter a log.
        iat: Second of signing.
        keys: Current Ed25519 keys, 32 bytes each, strictly increasing.
        kev: Key event number, 0.
        net: The federation's network, 32 bytes.
        next: Digests of the keys of the next event, 32 bytes each.
        nonce: 16 random bytes, so that the identifier says nothing about the key.
        nthr: How many of the next keys must sign their rotation.
        seq: The author's counter, 0.
        thr: How many of the current keys must sign a document.
    """

    exp: Seconds
    iat: Seconds
    kev: Zero
    keys: Keys
    net: Bin32
    next: Keys
    nonce: Bin16
    nthr: Small
    seq: Zero
    thr: Small


class Rotation(Document, frozen=True, gc=False):
    """The next keys, revealed, take over; signed by them (spec 0005).

    Attributes:
        by: Account (16 bytes) or cooperative (32 bytes) whose keys change.
        exp: Last second at which it may enter a log.
        iat: Second of signing.
        kev: Number of this event: the current one plus 1.
        keys: The new keys; their digests are the `next` of the event before.
        net: The federation's network, 32 bytes.
        next: Digests of the keys after these.
        nthr: How many of those must sign the next rotation.
        seq: The author's counter.
        thr: How many of the new keys must sign a document.
    """

    by: Identity
    exp: Seconds
    iat: Seconds
    kev: Count
    keys: Keys
    net: Bin32
    next: Keys
    nthr: Small
    seq: Count
    thr: Small


class Revocation(Document, frozen=True, gc=False):
    """The keys of an account sign nothing any more; signed by the current ones (spec 0005).

    Attributes:
        by: Account, 16 bytes.
        exp: Last second at which it may enter a log.
        iat: Second of signing.
        kev: Current key event number.
        net: The federation's network, 32 bytes.
        seq: The author's counter.
    """

    by: Bin16
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count
