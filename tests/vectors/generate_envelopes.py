"""Writes spec/vectors/0004-envelopes: run it again and nothing changes.

What is signed, the identifier and the envelope are put together here from the spec, byte by byte.
"""

from hashlib import sha256, sha512
from typing import Any

from nacl import bindings

from protocol.signatures import public_key_of, sign
from tests.protocol.test_signatures import SMALL
from tests.vectors.generate_encoding import packed
from tests.vectors.papers import Case, write

FOLDER = "0004-envelopes"
SEEDS = sorted((bytes(range(start, start + 32)) for start in range(3)), key=public_key_of)
KIND = "application/vnd.ronde.order.v1+msgpack"
ORDER: dict[str, Any] = {
    "by": bytes(range(16)), "exp": 1_763_800_600, "home": b"\x11" * 32, "iat": 1_763_800_000,
    "kev": 0, "legs": [{"acct": bytes(range(16, 32)), "amt": 1_250}], "net": b"\x22" * 32,
    "seq": 1, "unit": "SEL",
}  # fmt: skip
GROUP = 2**252 + 27742317777372353535851937790883648493


def _message(kind: str, payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d " % (len(kind), kind.encode(), len(payload)) + payload


def _lines(seeds: list[bytes], message: bytes) -> list[dict[str, Any]]:
    return [{"a": 1, "k": public_key_of(seed), "s": sign(seed, message)} for seed in seeds]


def _sealed(payload: bytes, lines: list[Any], kind: str = KIND) -> bytes:
    return packed({"p": payload, "s": lines, "t": kind})


def _good() -> list[Case]:
    found = []
    for count in (1, 2, 3):
        payload = packed(ORDER | {"seq": count})
        message = _message(KIND, payload)
        case: Case = {"name": f"signatures-{count}", "comment": "seeds in the order of their keys"}
        case |= {"seeds": [seed.hex() for seed in SEEDS[:count]], "type": KIND}
        case |= {"payload": payload.hex(), "message": message.hex()}
        case |= {"id": sha256(message).hexdigest()}
        found.append(case | {"sealed": _sealed(payload, _lines(SEEDS[:count], message)).hex()})
    return found


def _bad() -> list[Case]:
    payload = packed(ORDER)
    message = _message(KIND, payload)
    one, two, three = _lines(SEEDS, message)
    charter = KIND.replace("order", "charter")
    reordered = dict(reversed(ORDER.items()))
    unsorted = b"\x83\xa1t" + packed(KIND) + b"\xa1p" + packed(payload) + b"\xa1s" + packed([one])

    def signed(wrong: bytes) -> bytes:
        return _sealed(wrong, _lines(SEEDS[:1], _message(KIND, wrong)))

    encoding, signature = "EncodingError", "SignatureError"
    samples = [
        ("order-of-keys", "the greater key first", signature, _sealed(payload, [two, one])),
        ("key-twice", "one signature two times", signature, _sealed(payload, [one, one])),
        ("forged", "the signature of another key", signature,
         _sealed(payload, [one | {"s": two["s"]}])),
        ("one-of-two", "the second one does not hold", signature,
         _sealed(payload, [one, two | {"s": three["s"]}])),
        ("payload-changed", "seq 2 under the signature of seq 1", signature,
         _sealed(packed(ORDER | {"seq": 2}), [one])),
        ("bare-payload", "signed without its type", signature,
         _sealed(payload, [one | {"s": sign(SEEDS[0], payload)}])),
        ("another-type", "an order under the name of a charter", encoding,
         _sealed(payload, [one], charter)),
        ("algorithm", "a is 2", encoding, _sealed(payload, [one | {"a": 2}])),
        ("no-signature", "an empty list", encoding, _sealed(payload, [])),
        ("seventeen", "one signature too many", encoding,
         _sealed(payload, [one | {"k": bytes([n]) * 32} for n in range(17)])),
        ("signature-63", "one byte short", encoding, _sealed(payload, [one | {"s": bytes(63)}])),
        ("key-31", "one byte short", encoding, _sealed(payload, [one | {"k": bytes(31)}])),
        ("unknown-field", "x in the envelope", encoding,
         packed({"p": payload, "s": [one], "t": KIND, "x": 1})),
        ("envelope-unordered", "t before p", encoding, unsorted),
        ("trailing", "one byte more", encoding, _sealed(payload, [one]) + b"\x00"),
        ("payload-unordered", "well signed, keys backwards", encoding, signed(packed(reordered))),
        ("payload-field", "well signed, a field nobody knows", encoding,
         signed(packed(ORDER | {"zz": 1}))),
        ("payload-missing", "well signed, no unit", encoding,
         signed(packed({k: v for k, v in ORDER.items() if k != "unit"}))),
        ("payload-amount", "well signed, an amount of 0", encoding,
         signed(packed(ORDER | {"legs": [{"acct": bytes(16), "amt": 0}]}))),
        ("payload-legs", "well signed, no leg", encoding, signed(packed(ORDER | {"legs": []}))),
        ("payload-long", "well signed, seq in nine bytes", encoding,
         signed(payload.replace(b"\xa3seq\x01", b"\xa3seq\xcf" + bytes(7) + b"\x01"))),
    ]  # fmt: skip
    return [
        {"name": f"{name}_fail", "comment": comment, "type": KIND, "error": error}
        | {"sealed": sealed.hex()}
        for name, comment, error, sealed in samples
    ]


def _scalar(key: bytes, commitment: bytes, message: bytes) -> bytes:
    """Return S for the nonce 12345 under the secret of the first seed."""
    secret = bytearray(sha512(SEEDS[0]).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 63 | 64
    challenge = int.from_bytes(sha512(commitment + key + message).digest(), "little")
    value = (12_345 + challenge * int.from_bytes(secret, "little")) % GROUP
    return value.to_bytes(32, "little")


def _signatures() -> list[Case]:
    key, message = public_key_of(SEEDS[0]), b"ronde"
    good = sign(SEEDS[0], message)
    torsion = bytes.fromhex(SMALL[4])
    commitment: bytes = bindings.crypto_scalarmult_ed25519_base_noclamp(
        (12_345).to_bytes(32, "little")
    )
    mixed_key = bindings.crypto_core_ed25519_add(key, torsion)
    # The challenge is a multiple of 8 for this message: the small component of the key vanishes.
    hidden = next(
        text for text in (b"message %d" % number for number in range(1_000))
        if int.from_bytes(sha512(commitment + mixed_key + text).digest(), "little") % GROUP % 8 == 0
    )  # fmt: skip
    mixed = bindings.crypto_core_ed25519_add(commitment, torsion)
    above = int.from_bytes(good[32:], "little") + GROUP
    samples = [
        ("plain", "as RFC 8032 makes it", key, message, good),
        ("empty", "no bytes signed", key, b"", sign(SEEDS[0], b"")),
        ("own-nonce", "R need not be that of RFC 8032", key, message,
         commitment + _scalar(key, commitment, message)),
        ("message_fail", "another message", key, b"Ronde", good),
        ("key_fail", "another key", public_key_of(SEEDS[1]), message, good),
        ("s-above_fail", "S + L", key, message, good[:32] + above.to_bytes(32, "little")),
        ("mixed-key_fail", "the equation holds, the key has a part of order 8", mixed_key, hidden,
         commitment + _scalar(mixed_key, commitment, hidden)),
        ("mixed-r_fail", "a cofactored verifier accepts it", key, message,
         mixed + _scalar(key, mixed, message)),
        ("short_fail", "63 bytes", key, message, good[:-1]),
        ("long_fail", "65 bytes", key, message, good + b"\x00"),
        ("key-off-curve_fail", "y = 2 is no point", b"\x02" + bytes(31), message, good),
    ]  # fmt: skip
    for place, point in enumerate(SMALL):
        small = bytes.fromhex(point)
        samples += [
            (f"small-key-{place}_fail", "a key of small order", small, message, small + bytes(32)),
            (f"small-r-{place}_fail", "R of small order", key, message, small + good[32:]),
        ]
    return [
        {"name": name, "comment": comment, "key": k.hex(), "message": m.hex(), "signature": s.hex()}
        for name, comment, k, m, s in samples
    ]


if __name__ == "__main__":
    write(FOLDER, "envelopes.json", "Sealed orders and what is wrong with them", _good() + _bad())
    write(FOLDER, "signatures.json", "The strict Ed25519 rule", _signatures())
