"""The papers of a clearing round (spec 0014)."""

from typing import Annotated

import msgspec

from protocol.messages.joint import OWED_MAX, Owed, Part
from protocol.shapes import (
    Amount,
    Bin32,
    Count,
    Document,
    Embedded,
    Level,
    Seconds,
    Signed,
    Small,
)

Ids = Annotated[list[Bin32], msgspec.Meta(min_length=1, max_length=1_024)]
Panel = Annotated[list[Bin32], msgspec.Meta(min_length=2, max_length=10)]


class Edge(Document, frozen=True, gc=False):
    """One account between two cooperatives, as one of them sees it.

    Attributes:
        bal: Balance of the other one's account in our book; positive when we owe it.
        got: Number of offers received and answered.
        ghead: Identifier of the last one, 32 zero bytes when none.
        peer: The other cooperative, 32 bytes.
        sent: Number of our offers that were answered.
        shead: Identifier of the last one, 32 zero bytes when none.
        top: The most that may be set off, at most the balance's magnitude.
    """

    bal: Signed
    ghead: Bin32
    got: Count
    peer: Bin32
    sent: Count
    shead: Bin32
    top: Level


class Convening(Document, frozen=True, gc=False):
    """One node opens a round; its identifier names the round.

    Attributes:
        by: The convening cooperative, 32 bytes.
        exp: Last second at which ballots may be cast: the deadline D.
        iat: Second of signing.
        kev: Key event number.
        members: Cooperatives that are asked, strictly increasing.
        net: The federation's network, 32 bytes.
        panel: The witness panel, strictly increasing, part of the members.
        seq: The convener's counter of rounds.
    """

    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    members: Ids
    net: Bin32
    panel: Panel
    seq: Count


class Position(Document, frozen=True, gc=False, kw_only=True):
    """What one cooperative states of its accounts with the others, and of its members' obligations.

    Attributes:
        blind: Binds it to the secret of its pseudonyms, 32 bytes; only with `owed` (spec 0018).
        by: The cooperative, 32 bytes.
        edges: One an account, in increasing order of the peer.
        exp: The round's deadline.
        iat: Second of signing.
        kev: Key event number.
        net: The federation's network, 32 bytes.
        owed: Obligations that it offers to the round, those due first at the beginning; absent when
            there are none.
        round: Identifier of the convening.
        seq: Size of the log when it was stated.
    """

    blind: Bin32 | msgspec.UnsetType = msgspec.UNSET
    by: Bin32
    edges: Annotated[list[Edge], msgspec.Meta(max_length=256)]
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    owed: (
        Annotated[list[Owed], msgspec.Meta(min_length=1, max_length=OWED_MAX)] | msgspec.UnsetType
    ) = msgspec.UNSET
    round: Bin32
    seq: Count


class Manifest(Document, frozen=True, gc=False):
    """The same input for everybody: which positions count; sealed by the leader and the panel.

    Attributes:
        by: The leader, 32 bytes.
        exp: The round's deadline.
        iat: Second of signing.
        kev: Key event number.
        members: Cooperatives that stated a position, strictly increasing.
        net: The federation's network, 32 bytes.
        papers: Identifier of each one's position, in the same order.
        round: Identifier of the convening.
        seq: Attempt, from 1.
    """

    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    members: Ids
    net: Bin32
    papers: Ids
    round: Bin32
    seq: Count


class Flow(Document, frozen=True, gc=False):
    """How much of one debt is set off; debtor and creditor are places in the graph's names."""

    amt: Amount
    creditor: Small
    debtor: Small


class Solution(Document, frozen=True, gc=False):
    """The leader's optimum, with the certificate that it is one.

    Attributes:
        by: The leader, 32 bytes.
        exp: The round's deadline.
        flows: Minor units set off on each debt.
        iat: Second of signing.
        kev: Key event number.
        net: The federation's network, 32 bytes.
        pots: One integer potential a name of the graph, in its order.
        round: Identifier of the manifest.
        seq: Attempt.
        skip: Salts passed over before the one that makes the optimum unique.
    """

    by: Bin32
    exp: Seconds
    flows: Annotated[list[Flow], msgspec.Meta(max_length=1_536)]
    iat: Seconds
    kev: Count
    net: Bin32
    pots: Annotated[list[Signed], msgspec.Meta(min_length=1, max_length=1_024)]
    round: Bin32
    seq: Count
    skip: Small


class SetOff(Document, frozen=True, gc=False):
    """What all members of one cycle sign: each owes the next, each debt falls by `amt`.

    Attributes:
        amt: Minor units.
        by: The leader, 32 bytes.
        cycle: The cooperatives, smallest first, each one the debtor of the next.
        exp: The deadline D.
        iat: Second of signing.
        kev: Key event number of the leader.
        keys: The key that signs for each of them, in the same order.
        net: The federation's network, 32 bytes.
        panel: The witness panel.
        pkeys: The key that signs for each of those.
        round: Identifier of the manifest.
        seq: Number of the cycle in the round.
    """

    amt: Amount
    by: Bin32
    cycle: Annotated[list[Bin32], msgspec.Meta(min_length=2, max_length=100)]
    exp: Seconds
    iat: Seconds
    kev: Count
    keys: Annotated[list[Bin32], msgspec.Meta(min_length=2, max_length=100)]
    net: Bin32
    panel: Panel
    pkeys: Panel
    round: Bin32
    seq: Count


class Share(Document, frozen=True, gc=False):
    """One cooperative's part of one cycle.

    Attributes:
        amt: Minor units.
        creditor: Whom we owe, 32 bytes.
        debtor: Who owes us, 32 bytes.
        tx: Identifier of the `SetOff`.
    """

    amt: Amount
    creditor: Bin32
    debtor: Bin32
    tx: Bin32


class Consent(Document, frozen=True, gc=False, kw_only=True):
    """READY: one cooperative's signature under its cycles; entering its log reserves the amounts.

    Attributes:
        by: The cooperative, 32 bytes.
        exp: The deadline D of the cycles.
        iat: Second of signing.
        kev: Key event number.
        net: The federation's network, 32 bytes.
        parts: Its part of each joint cycle (spec 0018); absent when there is none.
        round: Identifier of the manifest.
        seq: Number of this consent in the round, from 0.
        shares: Its part of each cycle of lines alone.
    """

    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    parts: Annotated[list[Part], msgspec.Meta(min_length=1, max_length=48)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    round: Bin32
    seq: Count
    shares: Annotated[list[Share], msgspec.Meta(max_length=48)]


class Ballot(Document, frozen=True, gc=False):
    """A witness's ballot 0: these cycles carry every member's consent, seen before the deadline.

    Attributes:
        by: The witness, 32 bytes.
        exp: The deadline D.
        iat: Second of the vote, at most `exp`.
        kev: Key event number.
        net: The federation's network, 32 bytes.
        round: Identifier of the manifest.
        seq: Ballot number, 0.
        txs: Identifiers of the set-offs, strictly increasing.
    """

    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    round: Bin32
    seq: Count
    txs: Annotated[list[Bin32], msgspec.Meta(min_length=1, max_length=200)]


class Certificate(Document, frozen=True, gc=False):
    """All consents and a quorum of ballots for one cycle: the single moment of decision.

    Attributes:
        ballots: Sealed ballots of distinct witnesses.
        by: The cooperative that enters it in its log, 32 bytes.
        consents: Sealed consents, one a cooperative of the cycle, in the cycle's order.
        exp: The deadline D.
        iat: Second of signing.
        kev: Key event number.
        net: The federation's network, 32 bytes.
        seq: Number of the cycle.
        terms: Payload of the `SetOff`, or of the `JointSetOff`.
    """

    ballots: Annotated[list[Embedded], msgspec.Meta(min_length=1, max_length=10)]
    by: Bin32
    consents: Annotated[list[Embedded], msgspec.Meta(min_length=1, max_length=100)]
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count
    terms: Embedded
