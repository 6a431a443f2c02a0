"""What a node signs back to a person: a rejection, a name's card (spec 0008)."""

from protocol.shapes import Bin16, Bin32, Count, Document, NameText, Seconds, Small


class Rejection(Document, frozen=True, gc=False):
    """The node's signed word that a document was refused.

    Attributes:
        by: The cooperative, 32 bytes.
        doc: Identifier of the refused document, 32 bytes.
        exp: Equal to `iat`: it commits to nothing later.
        iat: Second of the refusal.
        kev: Key event number of the node.
        net: The federation's network, 32 bytes.
        seq: Size of the log when it was refused.
        why: Number of the refusal.
    """

    by: Bin32
    doc: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    net: Bin32
    seq: Count
    why: Small


class Card(Document, frozen=True, gc=False):
    """The node's signed word that a name stands for an account; it never enters a log.

    Attributes:
        acct: The account, 16 bytes.
        by: The cooperative, 32 bytes.
        exp: Last second at which it may be relied on.
        iat: Second of signing.
        kev: Key event number of the node.
        name: The name, as in `name@cooperative`.
        net: The federation's network, 32 bytes.
        seq: Size of the log when it was signed.
    """

    acct: Bin16
    by: Bin32
    exp: Seconds
    iat: Seconds
    kev: Count
    name: NameText
    net: Bin32
    seq: Count
