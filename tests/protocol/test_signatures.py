"""The strict rule on points and scalars that other verifiers take differently."""

from hashlib import sha512

import pytest
from nacl import bindings

from protocol.errors import SignatureError
from protocol.signatures import is_valid_key, public_key_of, sign, verify, verify_registered

SEED = bytes(range(32))
KEY = public_key_of(SEED)
MESSAGE = b"ronde"
SIGNATURE = sign(SEED, MESSAGE)
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
# The points of order 1, 2, 4 and 8, and their encodings that are not canonical.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
TORSION = bytes.fromhex(SMALL[4])


def test_a_signature_holds_for_its_key_and_message_alone() -> None:
    verify(KEY, MESSAGE, SIGNATURE)
    verify_registered(KEY, MESSAGE, SIGNATURE)
    for key, message, signature in (
        (public_key_of(bytes(32)), MESSAGE, SIGNATURE),
        (KEY, MESSAGE + b"!", SIGNATURE),
        (KEY, MESSAGE, sign(SEED, b"another")),
    ):
        with pytest.raises(SignatureError, match="does not hold"):
            verify(key, message, signature)


@pytest.mark.parametrize(("key", "signature"), [
    (KEY, SIGNATURE[:-1]), (KEY, SIGNATURE + b"\0"), (KEY, b""), (KEY[:-1], SIGNATURE),
    (KEY + b"\0", SIGNATURE),
])  # fmt: skip
def test_lengths_are_exact(key: bytes, signature: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_registered(key, MESSAGE, signature)
    with pytest.raises(SignatureError):
        verify(key, MESSAGE, signature)


@pytest.mark.parametrize("point", SMALL)
def test_a_point_of_small_order_is_neither_a_key_nor_a_commitment(point: str) -> None:
    # Spec 0004: The reader MUST refuse a signature whose R is not canonical or of small order.
    small = bytes.fromhex(point)
    assert not is_valid_key(small)
    for signature in (small + bytes(32), SIGNATURE):
        with pytest.raises(SignatureError):
            verify_registered(small, MESSAGE, signature)
    with pytest.raises(SignatureError):
        verify_registered(KEY, MESSAGE, small + SIGNATURE[32:])


def test_a_scalar_above_the_group_order_is_refused() -> None:
    # Spec 0004: The reader MUST refuse a signature whose S is not below L.
    scalar = int.from_bytes(SIGNATURE[32:], "little")
    for more in (scalar + ORDER, ORDER, 2**256 - 1):
        with pytest.raises(SignatureError):
            verify(KEY, MESSAGE, SIGNATURE[:32] + more.to_bytes(32, "little"))


def _hidden(public: bytes, commitment: bytes, message: bytes) -> bytes:
    """Return the S of this commitment under the secret of `SEED`, whatever key is named."""
    secret = bytearray(sha512(SEED).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 63 | 64
    digest = int.from_bytes(sha512(commitment + public + message).digest(), "little") % ORDER
    nonce = 12_345
    scalar = (nonce + digest * int.from_bytes(secret, "little")) % ORDER
    return scalar.to_bytes(32, "little")


def _times_base(scalar: int) -> bytes:
    point: bytes = bindings.crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little"))
    return point


def test_a_key_with_a_small_component_may_not_be_registered() -> None:
    # Spec 0005: The node MUST refuse to register a key that is not a point of prime order (spec
    # 0004).
    mixed = bindings.crypto_core_ed25519_add(KEY, TORSION)
    assert not is_valid_key(mixed)
    commitment = _times_base(12_345)
    # One message in eight has a challenge that hides the component: libsodium alone would accept.
    held = 0
    for number in range(64):
        message = b"message %d" % number
        signature = commitment + _hidden(mixed, commitment, message)
        try:
            verify_registered(mixed, message, signature)
        except SignatureError:
            continue
        held += 1
        with pytest.raises(SignatureError, match="prime order"):
            verify(mixed, message, signature)
    assert 0 < held < 64


def test_a_commitment_with_a_small_component_is_refused() -> None:
    good = _times_base(12_345)
    verify(KEY, MESSAGE, good + _hidden(KEY, good, MESSAGE))
    mixed = bindings.crypto_core_ed25519_add(good, TORSION)
    with pytest.raises(SignatureError):
        verify(KEY, MESSAGE, mixed + _hidden(KEY, mixed, MESSAGE))


def test_coordinates_above_the_prime_and_bytes_off_the_curve_are_no_keys() -> None:
    assert is_valid_key(KEY)
    for value in range(PRIME, 2**255):
        assert not is_valid_key(value.to_bytes(32, "little"))
    off = [value for value in range(2, 40) if not is_valid_key(value.to_bytes(32, "little"))]
    assert len(off) > 19
    assert not is_valid_key(b"")
