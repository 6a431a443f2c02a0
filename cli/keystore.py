r"""The member's seed under a passphrase: one small file, argon2id and a secretbox.

The file is a JSON object, so that its parameters can be read without any tool of ours:
`{"v":1,"kdf":"argon2id13","ops":…,"mem":…,"salt":hex,"box":hex}`. The box holds
`"ronde/keystore/v1\0"`, two letters for the word list, and the 32 bytes behind the 24 words.
All keys of a member come from that seed by number, so the paper words bring all of them back.
"""

import hashlib
import json
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as NaClRuntimeError
from nacl.secret import SecretBox

from cli import durable
from cli.failures import ExitCode, Failure
from cli.words import WordList
from protocol.ledger import authority
from protocol.signatures import public_key_of

KEYSTORE_FILE: Final = "keystore.json"
SEED_BYTES: Final = 32
PASSPHRASE_CHARACTERS_MIN: Final = 8
KDF: Final = "argon2id13"

_HEADER: Final = b"ronde/keystore/v1\0"
_MEMBER_KEY: Final = b"ronde/member-key/v1\0"
_BOX_BYTES: Final = SecretBox.NONCE_SIZE + SecretBox.MACBYTES + len(_HEADER) + 2 + SEED_BYTES

Strength = Literal["moderate", "interactive"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of a passphrase costs.

    Attributes:
        ops: Passes over the memory.
        mem: Bytes of memory.
    """

    ops: int
    mem: int


COSTS: Final[dict[Strength, Cost]] = {
    # 256 MiB: half a second on a small server; the default.
    "moderate": Cost(pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE),
    # 64 MiB: for a machine with little memory; nothing weaker is ever written or opened.
    "interactive": Cost(pwhash.argon2id.OPSLIMIT_INTERACTIVE, pwhash.argon2id.MEMLIMIT_INTERACTIVE),
}
_FLOOR: Final = COSTS["interactive"]
# A file made by a stranger must not take the machine's memory away.
_ROOF: Final = Cost(pwhash.argon2id.OPSLIMIT_SENSITIVE * 4, pwhash.argon2id.MEMLIMIT_SENSITIVE)


@dataclass(frozen=True, slots=True)
class Seed:
    """The secret of a wallet.

    Attributes:
        entropy: 32 bytes, the ones behind the 24 words.
        language: The list the words were written in.
    """

    entropy: bytes
    language: WordList

    def __repr__(self) -> str:
        """Name the list only: the entropy is a secret."""
        return f"Seed(language={self.language!r})"


def new_seed(language: WordList) -> Seed:
    """Return a fresh seed from the machine's own randomness."""
    return Seed(secrets.token_bytes(SEED_BYTES), language)


def key_seed(seed: Seed, number: int) -> bytes:
    """Return the 32 secret bytes from which Ed25519 key `number` is made.

    Args:
        seed: The seed of the wallet.
        number: 0 for the first key, one more at each rotation; below 2^32.
    """
    data = _MEMBER_KEY + number.to_bytes(4, "big")
    return hashlib.blake2b(data, key=seed.entropy, digest_size=SEED_BYTES).digest()


def public_key(seed: Seed, number: int) -> bytes:
    """Return the 32 public bytes of key `number`."""
    return public_key_of(key_seed(seed, number))


def next_key_digest(seed: Seed, number: int) -> bytes:
    """Return the promise that key `number` makes of key `number + 1`, without showing it.

    Returns:
        SHA-256 of the text `ronde/next-key/v1`, a zero byte and the next public key.
    """
    return authority.next_key_digest(public_key(seed, number + 1))


def create(folder: Path, seed: Seed, passphrase: str, strength: Strength = "moderate") -> Path:
    """Write the encrypted seed into a folder that holds none yet.

    Args:
        folder: The wallet's folder; made when missing.
        seed: What is to be kept.
        passphrase: At least 8 characters.
        strength: `interactive` only for machines with little memory, and for tests.

    Returns:
        The file written.

    Raises:
        Failure: refused, a keystore is already there (it is untouched); usage, the passphrase is
            too short or the folder cannot be written.
    """
    path = folder / KEYSTORE_FILE
    if path.exists():
        raise Failure(ExitCode.REFUSED, "keystore.exists", path=str(path))
    durable.write_new(path, _locked(seed, passphrase, COSTS[strength]))
    return path


def check_present(folder: Path) -> None:
    """Make sure, before a person is asked for a passphrase, that there is something to unlock.

    Raises:
        Failure: not found, the folder holds no keystore.
    """
    if not (folder / KEYSTORE_FILE).exists():
        raise Failure(ExitCode.NOT_FOUND, "keystore.missing", path=str(folder / KEYSTORE_FILE))


def unlock(folder: Path, passphrase: str) -> Seed:
    """Return the seed kept in a folder.

    Raises:
        Failure: not found, there is no keystore; locked, the passphrase is wrong or the file is
            damaged or weaker than the floor.
    """
    return _opened(folder / KEYSTORE_FILE, passphrase)[0]


def change_passphrase(folder: Path, old: str, new: str, strength: Strength | None = None) -> None:
    """Lock the same seed under another passphrase; the old file is replaced in one step.

    Args:
        folder: The wallet's folder.
        old: The passphrase in force.
        new: The one that takes its place, at least 8 characters.
        strength: Another cost; None keeps the cost of the file.

    Raises:
        Failure: as `unlock`, or the new passphrase is too short; the old one then still opens.
    """
    path = folder / KEYSTORE_FILE
    seed, cost = _opened(path, old)
    durable.write_over(path, _locked(seed, new, COSTS[strength] if strength else cost))


def check_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that would be guessed.

    Raises:
        Failure: usage, fewer than 8 characters.
    """
    if len(unicodedata.normalize("NFC", passphrase)) < PASSPHRASE_CHARACTERS_MIN:
        raise Failure(ExitCode.USAGE, "passphrase.short", least=PASSPHRASE_CHARACTERS_MIN)


def _box(passphrase: str, salt: bytes, cost: Cost) -> SecretBox:
    # The same accent typed on two systems is not always the same bytes: NFC makes it so.
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    try:
        key = pwhash.argon2id.kdf(
            SecretBox.KEY_SIZE, secret, salt, opslimit=cost.ops, memlimit=cost.mem
        )
    except NaClRuntimeError:
        raise Failure(ExitCode.LOCKED, "keystore.no_memory", mebibytes=cost.mem >> 20) from None
    return SecretBox(key)


def _locked(seed: Seed, passphrase: str, cost: Cost) -> bytes:
    assert len(seed.entropy) == SEED_BYTES
    check_passphrase(passphrase)
    salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
    plain = _HEADER + seed.language.encode() + seed.entropy
    shape = {
        "v": 1,
        "kdf": KDF,
        "ops": cost.ops,
        "mem": cost.mem,
        "salt": salt.hex(),
        "box": bytes(_box(passphrase, salt, cost).encrypt(plain)).hex(),
    }
    return json.dumps(shape).encode() + b"\n"


def _opened(path: Path, passphrase: str) -> tuple[Seed, Cost]:
    check_present(path.parent)
    cost, salt, box = _parse(path, durable.read_small(path))
    try:
        plain = _box(passphrase, salt, cost).decrypt(box)
    except CryptoError:
        # Without its cause: nothing of the attempt stays in a traceback.
        raise Failure(ExitCode.LOCKED, "keystore.wrong_passphrase") from None
    language = plain[len(_HEADER) : len(_HEADER) + 2]
    if not plain.startswith(_HEADER) or language not in {b"fr", b"en"}:
        raise Failure(ExitCode.LOCKED, "keystore.damaged", path=str(path))
    return Seed(plain[len(_HEADER) + 2 :], "fr" if language == b"fr" else "en"), cost


def _parse(path: Path, content: bytes) -> tuple[Cost, bytes, bytes]:
    damaged = Failure(ExitCode.LOCKED, "keystore.damaged", path=str(path))
    try:
        shape = json.loads(content)
        version, kdf = shape["v"], shape["kdf"]
        cost = Cost(shape["ops"], shape["mem"])
        salt, box = bytes.fromhex(shape["salt"]), bytes.fromhex(shape["box"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise damaged from None
    if version != 1 or kdf != KDF:
        raise Failure(ExitCode.LOCKED, "keystore.unknown_version", path=str(path))
    if type(cost.ops) is not int or type(cost.mem) is not int:
        raise damaged
    if cost.ops < _FLOOR.ops or cost.mem < _FLOOR.mem:
        raise Failure(ExitCode.LOCKED, "keystore.weak", path=str(path))
    if cost.ops > _ROOF.ops or cost.mem > _ROOF.mem:
        raise damaged
    if len(salt) != pwhash.argon2id.SALTBYTES or len(box) != _BOX_BYTES:
        raise damaged
    return cost, salt, box
