"""What officers sign, k of n: charter, admissions, limits, credit lines (spec 0006, 0011)."""

from typing import Annotated

import msgspec

from protocol.messages.keyevents import Keys, Zero
from protocol.shapes import (
    Bin16,
    Bin32,
    Count,
    Document,
    Embedded,
    FreeText,
    Level,
    OriginText,
    Seconds,
    Small,
    UnitCode,
)

Officers = Annotated[list[Bin32], msgspec.Meta(min_length=1, max_length=16)]
Decimals = Annotated[int, msgspec.Meta(ge=0, le=6)]


class Charter(Document, frozen=True, gc=False):
    """The founding document, entry 0 of every log; its identifier is the cooperative's.

    Attributes:
        ceil: Default ceiling of a new account, minor units above zero.
        climit: Default credit limit of a new account, minor units below zero.
        dec: Decimals of the unit: one unit is 10**dec minor units.
        exp: Last second at which it may open a log.
        iat: Second of signing.
        kev: Key event number of the node's keys, 0.
        keys: The node's document keys.
        log: The key that signs checkpoints, used for nothing else.
        name: The cooperative's name, as people read it.
        net: The federation's network, 32 bytes.
        next: Digests of the node's next document keys.
        nthr: How many of those must sign their rotation.
        officers: Keys of the officers.
        origin: The log's name in its checkpoints.
        othr: How many officers must sign a decision.
        seq: 0.
        thr: How many of the node's keys must sign.
        unit: Code of the unit of account.
    """

    ceil: Level
    climit: Level
    dec: Decimals
    exp: Seconds
    iat: Seconds
    kev: Zero
    keys: Keys
    log: Bin32
    name: FreeText
    net: Bin32
    next: Keys
    nthr: Small
    officers: Officers
    origin: OriginText
    othr: Small
    seq: Zero
    thr: Small
    unit: UnitCode


class Admission(Document, frozen=True, gc=False):
    """Officers admit a member: the account opens with these limits.

    Attributes:
        by: The cooperative, 32 bytes.
        ceil: How far above zero the account may stand, minor units.
        climit: How far below zero the account may stand, minor units.
        event: The sealed `Inception` of the member's keys.
        exp: Last second at which it may enter the log.
        iat: Second of signing.
        kev: Key event number of the cooperative.
        net: The federation's network, 32 bytes.
        seq: The cooperative's counter.
    """

    by: Bin32
    ceil: Level
    climit: Level
    event: Embedded
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count


class LimitChange(Document, frozen=True, gc=False):
    """Officers set the two limits of an account; fields as in `Admission`.

    Attributes:
        acct: The account, 16 bytes.
        by: The cooperative, 32 bytes.
        ceil: New ceiling, minor units.
        climit: New credit limit, minor units.
        exp: Last second at which it may enter the log.
        iat: Second of signing.
        kev: Key event number of the cooperative.
        net: The federation's network, 32 bytes.
        seq: The cooperative's counter.
    """

    acct: Bin16
    by: Bin32
    ceil: Level
    climit: Level
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count


class CreditLine(Document, frozen=True, gc=False):
    """A credit line between two cooperatives, signed by officers of both; it stands in both logs.

    Attributes:
        a: The cooperative with the smaller identifier, 32 bytes.
        achart: Its sealed charter.
        alimit: How far it may be in debit towards the other, minor units.
        b: The other one, 32 bytes.
        bchart: Its sealed charter.
        blimit: How far that one may be in debit, minor units.
        by: Which of the two proposed it, 32 bytes.
        exp: Last second at which it may enter a log.
        iat: Second of signing.
        kev: Key event number of the proposer.
        net: The federation's network, 32 bytes.
        seq: Version of the line: 1 for the first, then one more each time.
    """

    a: Bin32
    achart: Embedded
    alimit: Level
    b: Bin32
    bchart: Embedded
    blimit: Level
    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count
