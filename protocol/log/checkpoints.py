"""Signed heads of a log: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519 keys.

The texts are those of the public transparency world, so that outside programs verify them as they
are: a note is a text, an empty line, and signature lines; a checkpoint is a note of three lines.
"""

import base64
import binascii
import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from protocol import signatures
from protocol.errors import EncodingError, SignatureError
from protocol.log.merkle import HASH_BYTES, TREE_SIZE_MAX

NOTE_BYTES_MAX: Final = 4_096
NAME_BYTES_MAX: Final = 255
ED25519: Final = b"\x01"

_KEY_ID_BYTES: Final = 4
_DASH: Final = "— "
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_KEY_ID_TEXT: Final = re.compile(r"[0-9a-f]{8}")


class Checkpoint(NamedTuple):
    """The state of a log that its node vouches for.

    Attributes:
        origin: Name of the log, which is also the name of its key.
        size: Number of leaves.
        root: 32-byte RFC 6962 root of these leaves.
    """

    origin: str
    size: int
    root: bytes

    def to_body(self) -> str:
        """Return the three lines that are signed: origin, size, root in base64."""
        _check_name(self.origin)
        assert 0 <= self.size <= TREE_SIZE_MAX
        assert len(self.root) == HASH_BYTES
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class VerifierKey(NamedTuple):
    """An Ed25519 key of notes and its name."""

    name: str
    public_key: bytes


def _check_name(name: str) -> None:
    # Spec 0007: The reader MUST refuse a key name that is empty or has a space or a `+`.
    if not name or len(name.encode()) > NAME_BYTES_MAX or "+" in name or not name.isprintable():
        raise EncodingError("the name of a log key is empty, too long or unprintable, or has a +")
    if any(character.isspace() for character in name):
        raise EncodingError("the name of a log key has a space")


def _base64(text: str) -> bytes:
    # Spec 0007: The reader MUST refuse base64 that is not the one padded standard form.
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EncodingError("not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise EncodingError("not the canonical base64")
    return raw


def key_id(name: str, public_key: bytes) -> bytes:
    """Return the 4 bytes that point to a key in a signature line.

    Source:
        Spec 0007, signed notes; C2SP signed-note v1.0.0.
    """
    # Spec 0007: The key id is SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[0:4].
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return the text of a key that verifiers are given: name, key id, type and key.

    Args:
        name: Without spaces and "+".
        public_key: 32 bytes.

    Source:
        Spec 0007, verifier keys; C2SP signed-note v1.0.0.
    """
    _check_name(name)
    material = base64.b64encode(ED25519 + public_key).decode()
    return f"{name}+{key_id(name, public_key).hex()}+{material}"


def parse_verifier_key(text: str) -> VerifierKey:
    """Read the text of a verifier key.

    Raises:
        EncodingError: another form, a key id that is not this key's, or a type other than Ed25519.

    Source:
        Spec 0007, verifier keys; C2SP signed-note v1.0.0.
    """
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise EncodingError("a verifier key has three parts")
    name, digits, material = parts
    _check_name(name)
    raw = _base64(material)
    if raw[:1] != ED25519 or len(raw) != 1 + signatures.KEY_BYTES:
        raise EncodingError("not an Ed25519 verifier key")
    # Spec 0007: The reader MUST refuse a verifier key whose key id is not that of its name and key.
    if not _KEY_ID_TEXT.fullmatch(digits) or bytes.fromhex(digits) != key_id(name, raw[1:]):
        raise EncodingError("the key id is another key's")
    return VerifierKey(name, raw[1:])


def sign_note(text: str, key_name: str, seed: bytes) -> str:
    """Return a note: the text, an empty line and one signature line.

    Args:
        text: One or more lines, each ended by a line feed.
        key_name: Name of the key.
        seed: 32-byte Ed25519 seed.

    Source:
        Spec 0007, signed notes.
    """
    _check_name(key_name)
    assert text.endswith("\n")
    identity = _own_key_id(key_name, seed)
    signature = base64.b64encode(identity + signatures.sign(seed, text.encode())).decode()
    return f"{text}\n{_DASH}{key_name} {signature}\n"


@functools.lru_cache(maxsize=4)
def _own_key_id(name: str, seed: bytes) -> bytes:
    """Remembered because a node signs each commit, and its key costs half a signature to derive."""
    return key_id(name, signatures.public_key_of(seed))


def open_note(note: str, keys: Sequence[VerifierKey]) -> tuple[str, list[VerifierKey]]:
    """Return the signed text of a note and the keys whose signatures hold.

    Args:
        note: At most 4,096 bytes of UTF-8.
        keys: The keys that the caller knows; signatures of other keys are not looked at.

    Returns:
        The text, ended by a line feed, and the known keys that signed it, each once, in the order
        of their lines; the list may be empty.

    Raises:
        EncodingError: the note is malformed or too large.
        SignatureError: a signature line of a known key does not hold.

    Source:
        Spec 0007, signed notes; C2SP signed-note v1.0.0.
    """
    _check_characters(note)
    text, gap, lines = note.rpartition("\n\n")
    # Spec 0007: The reader MUST refuse a note without an empty line before its signature lines.
    if not gap or not lines.endswith("\n") or not text:
        raise EncodingError("a note has a text, an empty line and signature lines")
    text += "\n"
    known = {(key.name, key_id(*key)): key for key in keys}
    verified: list[VerifierKey] = []
    for line in lines[:-1].split("\n"):
        name, raw = _signature_line(line)
        key = known.get((name, raw[:_KEY_ID_BYTES]))
        # Spec 0007: The reader MUST ignore the signature of a key that it does not know.
        # Spec 0007: The reader MUST count a public key once, however many lines or names it has.
        if key is None or any(key.public_key == other.public_key for other in verified):
            continue
        # Spec 0007: The reader MUST refuse a note in which the first signature of a known key does
        #   not hold.
        signatures.verify(key.public_key, text.encode(), raw[_KEY_ID_BYTES:])
        verified.append(key)
    return text, verified


def _check_characters(note: str) -> None:
    try:
        size = len(note.encode())
    except UnicodeEncodeError as error:
        raise EncodingError("note with a lone surrogate") from error
    # Spec 0007: The reader MUST refuse a note of more than 4,096 bytes.
    if size > NOTE_BYTES_MAX:
        raise EncodingError(f"note of {size} bytes, at most {NOTE_BYTES_MAX}")
    # Spec 0007: The reader MUST refuse a note with a control character other than the line feed.
    if any(unicodedata.category(character) == "Cc" for character in note if character != "\n"):
        raise EncodingError("note with a control character")


def _signature_line(line: str) -> tuple[str, bytes]:
    """Return the key name of a signature line, and its key id and signature in one piece."""
    name, gap, signature = line.removeprefix(_DASH).partition(" ")
    # Spec 0007: The reader MUST refuse a note with a malformed signature line.
    if not line.startswith(_DASH) or not gap:
        raise EncodingError("malformed signature line")
    _check_name(name)
    raw = _base64(signature)
    if len(raw) <= _KEY_ID_BYTES:
        raise EncodingError("signature line without a signature")
    return name, raw


def sign_checkpoint(checkpoint: Checkpoint, key_name: str, seed: bytes) -> str:
    """Return the note of a checkpoint, signed by one key.

    Args:
        checkpoint: What is vouched for.
        key_name: Name of the signing key; the origin for the log's own key.
        seed: 32-byte Ed25519 seed of a key that signs nothing but checkpoints.

    Source:
        Spec 0007, checkpoints; C2SP tlog-checkpoint v1.0.0.
    """
    return sign_note(checkpoint.to_body(), key_name, seed)


def parse_body(body: str) -> Checkpoint:
    """Read the three lines of a checkpoint; says nothing about who signed them.

    Raises:
        EncodingError: not exactly three lines, a wrong size or root.

    Source:
        Spec 0007, checkpoints; C2SP tlog-checkpoint v1.0.0.
    """
    lines = body.split("\n")
    # Spec 0007: The reader MUST refuse a checkpoint that has not exactly three lines.
    if len(lines) != 4 or lines[3]:
        raise EncodingError("a checkpoint has three lines")
    origin, size_text, root_text, _ = lines
    _check_name(origin)
    # Spec 0007: The reader MUST refuse a size with a sign, a leading zero or another digit.
    if not _SIZE.fullmatch(size_text):
        raise EncodingError("the size of a checkpoint is not a plain number")
    size = int(size_text)
    # Spec 0007: The reader MUST refuse a size above 2^53−1.
    if size > TREE_SIZE_MAX:
        raise EncodingError("the size of a checkpoint is too large")
    root = _base64(root_text)
    if len(root) != HASH_BYTES:
        raise EncodingError("the root of a checkpoint is not 32 bytes long")
    return Checkpoint(origin, size, root)


def open_checkpoint(note: str, origin: str, public_key: bytes) -> Checkpoint:
    """Verify and read a checkpoint of a known log.

    Args:
        note: The signed note, at most 4,096 bytes.
        origin: The log that the caller expects; its key has the same name.
        public_key: The log's 32-byte key.

    Raises:
        EncodingError: malformed, or of another origin.
        SignatureError: no signature of this key, or one that does not hold.

    Source:
        Spec 0007, checkpoints; C2SP tlog-checkpoint v1.0.0.
    """
    body, verified = open_note(note, [VerifierKey(origin, public_key)])
    # Spec 0007: The reader MUST refuse a checkpoint without a signature of the log's own key.
    if not verified:
        raise SignatureError("no signature of the log's key")
    checkpoint = parse_body(body)
    # Spec 0007: The reader MUST refuse a checkpoint whose origin is not the log that it asked for.
    if checkpoint.origin != origin:
        raise EncodingError(f"checkpoint of {checkpoint.origin}, not of {origin}")
    return checkpoint
