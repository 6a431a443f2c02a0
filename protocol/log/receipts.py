"""A receipt is a proof: a signed checkpoint, a place in the log, and the path between the two."""

from typing import Final

import msgspec

from protocol.errors import EncodingError
from protocol.log import merkle
from protocol.log.checkpoints import Checkpoint, open_checkpoint
from protocol.log.leaves import SALT_BYTES, entry_leaf

AT_MAX: Final = 2**53 - 1
PATH_BYTES_MAX: Final = merkle.PATH_HASHES_MAX * merkle.HASH_BYTES


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a member is given for an entry, and needs with its document to convince anybody.

    Attributes:
        at: Time of the entry by its node, whole seconds since 1970.
        head: Signed note of a checkpoint that covers the entry.
        idx: Index of the entry's leaf.
        path: Inclusion path to the root of `head`, 32 bytes a hash, from the bottom to the top.
        salt: The 32 bytes that open the commitment.
    """

    at: int
    head: str
    idx: int
    path: bytes
    salt: bytes


def split_path(path: bytes) -> list[bytes]:
    """Return the hashes of a path that came in one piece.

    Raises:
        EncodingError: longer than 53 hashes, or not whole hashes.

    Source:
        Spec 0007, receipts.
    """
    # Spec 0007: The reader MUST refuse a path that is not 0 to 53 times 32 bytes long.
    if len(path) % merkle.HASH_BYTES or len(path) > PATH_BYTES_MAX:
        raise EncodingError(f"path of {len(path)} bytes")
    return [path[at : at + merkle.HASH_BYTES] for at in range(0, len(path), merkle.HASH_BYTES)]


def verify_receipt(receipt: Receipt, sealed: bytes, origin: str, log_key: bytes) -> Checkpoint:
    """Verify that a document stands in a log, trusting only the log's key.

    Args:
        receipt: What the node gave.
        sealed: The document exactly as it was sent.
        origin: The log that must hold it.
        log_key: That log's 32-byte Ed25519 key.

    Returns:
        The checkpoint, whose size and root the caller may compare with what others saw.

    Raises:
        EncodingError: a field of a wrong size, or a malformed checkpoint.
        SignatureError: the checkpoint is not signed by `log_key`.
        ProofError: the document, time or salt is not what the log holds at this index.

    Source:
        Spec 0007, receipts.
    """
    # Spec 0007: The reader MUST refuse a receipt whose salt is not 32 bytes long.
    if len(receipt.salt) != SALT_BYTES:
        raise EncodingError(f"salt of {len(receipt.salt)} bytes")
    # Spec 0007: The reader MUST refuse a receipt whose time is outside 0 … 2^53−1.
    if not 0 <= receipt.at <= AT_MAX:
        raise EncodingError(f"receipt at {receipt.at}")
    path = split_path(receipt.path)
    checkpoint = open_checkpoint(receipt.head, origin, log_key)
    leaf = entry_leaf(receipt.salt, receipt.at, sealed)
    # Spec 0007: The reader MUST compute the leaf of a receipt from the document that it holds.
    merkle.verify_inclusion(leaf, receipt.idx, checkpoint.size, path, checkpoint.root)
    return checkpoint
