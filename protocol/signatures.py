"""Ed25519 under one strict rule (spec 0004): the same verdict in every process, everywhere.

The rule: the key and the commitment R are canonical encodings of points of the prime-order
subgroup other than the identity, S is below the group order, and the equation holds.
libsodium refuses non-canonical and small-order R, S out of range and small-order keys; with a key
that `is_valid_key` accepts, its equation has a prime-order R or none. Nothing here is faster with
batches: a batch verifier may disagree with itself, so none may decide.
"""

from functools import lru_cache
from typing import Final

from nacl import bindings
from nacl._sodium import ffi, lib

from protocol.errors import SignatureError

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_OPEN: Final = lib.crypto_sign_open
_NOWHERE: Final = ffi.NULL


def public_key_of(seed: bytes) -> bytes:
    """Return the 32-byte public key of a 32-byte seed (RFC 8032 §5.1.5)."""
    return _secret_key(seed)[KEY_BYTES:]


def is_valid_key(public_key: bytes) -> bool:
    """Say whether 32 bytes may be registered as a key.

    Args:
        public_key: The encoding of a point, 32 bytes.

    Returns:
        True for the canonical encoding of a point of prime order other than the identity.

    Source:
        Spec 0004; libsodium `crypto_core_ed25519_is_valid_point`.
    """
    return len(public_key) == KEY_BYTES and bindings.crypto_core_ed25519_is_valid_point(public_key)


@lru_cache(maxsize=64)
def _secret_key(seed: bytes) -> bytes:
    # Half of the time of a signature goes into this: a node signs with the same two keys all day.
    return bindings.crypto_sign_seed_keypair(seed)[1]


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature of `message` by the key of a 32-byte seed."""
    secret_key = _secret_key(seed)
    return bindings.crypto_sign(message, secret_key)[:SIGNATURE_BYTES]


def verify_registered(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Verify under a key that was checked with `is_valid_key` when it was registered.

    Args:
        public_key: 32 bytes.
        message: Any bytes.
        signature: 64 bytes, R then S.

    Raises:
        SignatureError: the signature is not this key's over exactly this message.

    Source:
        Spec 0004.
    """
    # Spec 0004: The reader MUST refuse a signature that is not 64 bytes long.
    if len(signature) != SIGNATURE_BYTES or len(public_key) != KEY_BYTES:
        raise SignatureError("a key has 32 bytes and a signature 64")
    signed = signature + message
    # libsodium's crypto_sign_open without a place for the message: no copy, the same verdict.
    if _OPEN(_NOWHERE, _NOWHERE, signed, len(signed), public_key):
        raise SignatureError("the signature does not hold")


def verify(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Verify under a key of unknown origin: the strict rule whole.

    Args:
        public_key: 32 bytes.
        message: Any bytes.
        signature: 64 bytes, R then S.

    Raises:
        SignatureError: the key or the signature does not hold.

    Source:
        Spec 0004.
    """
    # Spec 0004: The reader MUST refuse a key that is not the canonical encoding of a point of
    # prime order.
    if not is_valid_key(public_key):
        raise SignatureError("the key is not a point of prime order")
    verify_registered(public_key, message, signature)
