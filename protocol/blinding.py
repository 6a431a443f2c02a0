"""How obligations and accounts are named in a round, for this round alone (spec 0018)."""

from hashlib import sha256
from typing import Final

SECRET_BYTES: Final = 32
OWN_ACCOUNT: Final = bytes(16)
"""Stands for the cooperative's own account, whose vertex is the cooperative itself."""

_BLIND_DOMAIN: Final = b"ronde/blind/v1\0"
_VERTEX_DOMAIN: Final = b"ronde/vertex/v1\0"
_REF_DOMAIN: Final = b"ronde/owed/v1\0"


def blind_of(secret: bytes) -> bytes:
    """Return what a position says of its secret.

    Args:
        secret: 32 fresh bytes, of one position alone.

    Returns:
        32 bytes that bind the cooperative to the secret and tell nothing of it.
    """
    assert len(secret) == SECRET_BYTES
    # Spec 0018: blind MUST be the SHA-256 of `ronde/blind/v1`, 00 and the secret.
    return sha256(_BLIND_DOMAIN + secret).digest()


def pseudonym_of(secret: bytes, account: bytes) -> bytes:
    """Return the name of a member's account in one round.

    Args:
        secret: Of the position, 32 bytes.
        account: 16 bytes.

    Returns:
        16 bytes.
    """
    assert len(secret) == SECRET_BYTES
    # Spec 0018: A pseudonym MUST be the first 16 bytes of the SHA-256 of `ronde/vertex/v1`, 00, the
    # secret and the account.
    return sha256(_VERTEX_DOMAIN + secret + account).digest()[:16]


def obligation_ref(deadline: int, invoice: bytes) -> bytes:
    """Return the reference of an obligation in one round: both its sides find the same.

    Args:
        deadline: Of the round, seconds.
        invoice: Identifier of the invoice, 32 bytes.

    Returns:
        32 bytes.
    """
    # Spec 0018: A reference MUST be the SHA-256 of `ronde/owed/v1`, 00, the deadline in 8 bytes and
    # the identifier of the invoice.
    return sha256(_REF_DOMAIN + deadline.to_bytes(8, "big") + invoice).digest()
