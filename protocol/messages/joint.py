"""Obligations in a clearing round, and cycles of obligations and lines (spec 0018)."""

from typing import Annotated, Final

import msgspec

from protocol.messages.invoices import InvoiceAmount
from protocol.shapes import Amount, Bin16, Bin32, Count, Document, Seconds, Small

ARCS_MAX: Final = 60
OWED_MAX: Final = 512


class Owed(Document, frozen=True, gc=False, kw_only=True):
    """One obligation that a position offers to the round.

    Attributes:
        amt: Minor units that are owed and not reserved.
        creditor: Pseudonym of the account that is owed; 16 zero bytes for the cooperative's own.
            Absent when the creditor is elsewhere.
        debtor: Pseudonym of the account that owes, in the same way.
        peer: The other side's cooperative, 32 bytes; absent when both sides are here.
        ref: The obligation's reference in this round, 32 bytes.
    """

    amt: InvoiceAmount
    creditor: Bin16 | msgspec.UnsetType = msgspec.UNSET
    debtor: Bin16 | msgspec.UnsetType = msgspec.UNSET
    peer: Bin32 | msgspec.UnsetType = msgspec.UNSET
    ref: Bin32


class JointCut(Document, frozen=True, gc=False):
    """One obligation of a joint cycle; it falls by the amount of the cycle.

    Attributes:
        at: Place of the debtor's cooperative in the terms.
        ref: The obligation's reference in this round, 32 bytes.
        to: Place of the creditor's cooperative; absent when it is the debtor's.
    """

    at: Small
    ref: Bin32
    to: Small | msgspec.UnsetType = msgspec.UNSET


class JointLine(Document, frozen=True, gc=False):
    """One debt on a line of a joint cycle: places of the two cooperatives in the terms."""

    creditor: Small
    debtor: Small


class JointSetOff(Document, frozen=True, gc=False):
    """What all cooperatives of a cycle of obligations and lines agree to.

    Attributes:
        amt: Minor units by which each obligation and each line of the cycle falls.
        by: The leader, 32 bytes.
        coops: The cooperatives involved, strictly increasing.
        cuts: The obligations, in the cycle's order.
        exp: The deadline D.
        iat: Second of signing.
        kev: Key event number of the leader.
        keys: The key that signs for each cooperative, in the same order.
        lines: The debts on lines, in the cycle's order.
        net: The federation's network, 32 bytes.
        panel: The witness panel.
        pkeys: The key that signs for each of those.
        round: Identifier of the manifest.
        seq: Number of the cycle in the round.
    """

    amt: Amount
    by: Bin32
    coops: Annotated[list[Bin32], msgspec.Meta(min_length=1, max_length=ARCS_MAX)]
    cuts: Annotated[list[JointCut], msgspec.Meta(min_length=1, max_length=ARCS_MAX)]
    exp: Seconds
    iat: Seconds
    kev: Count
    keys: Annotated[list[Bin32], msgspec.Meta(min_length=1, max_length=ARCS_MAX)]
    lines: Annotated[list[JointLine], msgspec.Meta(max_length=ARCS_MAX)]
    net: Bin32
    panel: Annotated[list[Bin32], msgspec.Meta(min_length=2, max_length=10)]
    pkeys: Annotated[list[Bin32], msgspec.Meta(min_length=2, max_length=10)]
    round: Bin32
    seq: Count


class Part(Document, frozen=True, gc=False, kw_only=True):
    """One cooperative's part of a joint cycle.

    Attributes:
        amt: Minor units.
        creditor: Whom we owe on a line of the cycle, 32 bytes; absent when nobody.
        cuts: References of the cycle's obligations that stand in our book, in the cycle's order.
        debtor: Who owes us on a line of the cycle, 32 bytes; absent when nobody.
        tx: Identifier of the `JointSetOff`.
    """

    amt: Amount
    creditor: Bin32 | msgspec.UnsetType = msgspec.UNSET
    cuts: Annotated[list[Bin32], msgspec.Meta(max_length=ARCS_MAX)]
    debtor: Bin32 | msgspec.UnsetType = msgspec.UNSET
    tx: Bin32
