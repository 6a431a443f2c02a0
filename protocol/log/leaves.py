"""What the log holds of an entry: a salted commitment of 33 bytes, never the entry itself."""

import struct
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

SALT_BYTES: Final = 32
COMMITMENT_BYTES: Final = 33

_DOMAIN: Final = b"ronde/leaf/v1\x00"
_HEAD: Final = struct.Struct(f">{len(_DOMAIN)}s{SALT_BYTES}sQI").pack


def entry_commitment(salt: bytes, at: int, sealed: bytes) -> bytes:
    """Return the 33 bytes that are published for an entry.

    Args:
        salt: 32 random bytes that the node keeps with the entry.
        at: Time of the entry, whole seconds since 1970.
        sealed: The signed document exactly as it was received.

    Returns:
        0x01 and then the SHA-256 over domain, salt, time, length and document.

    Source:
        Spec 0007, leaves.
    """
    assert len(salt) == SALT_BYTES
    # Spec 0007: The commitment of an entry is 0x01 ‖ SHA-256(domain ‖ salt ‖ at ‖ length ‖ sealed).
    return b"\x01" + sha256(_HEAD(_DOMAIN, salt, at, len(sealed)) + sealed).digest()


def entry_leaf(salt: bytes, at: int, sealed: bytes) -> bytes:
    """Return the 32-byte leaf hash of an entry's commitment, for the tree.

    Args:
        salt: 32 random bytes that the node keeps with the entry.
        at: Time of the entry, whole seconds since 1970.
        sealed: The signed document exactly as it was received.

    Source:
        Spec 0007, leaves; RFC 6962 §2.1.
    """
    assert len(salt) == SALT_BYTES
    return entry_leaves([(at, salt, sealed)])[0]


def entry_leaves(entries: Sequence[tuple[int, bytes, bytes]]) -> list[bytes]:
    """Return the leaf hashes of many entries: the hot path of node and auditor.

    Args:
        entries: (second, salt of 32 bytes, sealed document) each.

    Source:
        Spec 0007, leaves; RFC 6962 §2.1.
    """
    # 0x00 is the mark of a leaf in RFC 6962, 0x01 the version of the commitment.
    return [
        sha256(
            b"\x00\x01" + sha256(_HEAD(_DOMAIN, salt, at, len(sealed)) + sealed).digest()
        ).digest()
        for at, salt, sealed in entries
    ]
