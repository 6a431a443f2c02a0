"""What two nodes sign to carry a member's document into the other's log (spec 0017)."""

from protocol.shapes import Bin32, Count, Document, Embedded, Seconds, Small


class Relay(Document, frozen=True, gc=False):
    """A cooperative shows another one a document of its log about an invoice between the two.

    Attributes:
        by: The cooperative whose log has the document, 32 bytes.
        doc: The sealed `Invoice`, `Acceptance` or `Cancellation`.
        exp: Equal to `iat`: a relay does not lapse.
        iat: Second of signing, that of the document's entry.
        kev: Key event number of the node that relays.
        net: The federation's network, 32 bytes.
        prev: Identifier of the relay before in this direction; 32 zero bytes for the first.
        seq: Number of the relay in this direction, from 1, without a gap.
        to: The other cooperative, 32 bytes.
    """

    by: Bin32
    doc: Embedded
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    prev: Bin32
    seq: Count
    to: Bin32


class Acknowledgement(Document, frozen=True, gc=False):
    """What a relayed document did in the other book; it stands sealed in both logs.

    Attributes:
        by: The cooperative that was told, 32 bytes.
        ends: Whether the invoice of a cancellation is gone in its book.
        exp: Equal to `iat`: an acknowledgement does not lapse.
        iat: Second of signing.
        kev: Key event number of its node.
        net: The federation's network, 32 bytes.
        relay: The sealed `Relay`.
        seq: Number of that relay.
        why: 0 when it was taken, else the number of the refusal.
    """

    by: Bin32
    ends: bool
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    relay: Embedded
    seq: Count
    why: Small
