"""The node's own seeds at rest: one file that only the node's user can read."""

import os
import stat
from pathlib import Path
from typing import Annotated, Final

import msgspec

from node.clock import random_bytes
from protocol.ledger.authority import next_key_digest
from protocol.signatures import public_key_of

NAME: Final = "node.key"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_FILE_BYTES_MAX: Final = 4_096

Seed = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class KeyFileError(Exception):
    """The key file cannot be trusted or used.

    Attributes:
        word: Key of the sentence in `node.words`.
        path: The file.
    """

    def __init__(self, word: str, path: Path) -> None:
        super().__init__(f"{word}: {path}")
        self.word = word
        self.path = path


class NodeKeys(msgspec.Struct, frozen=True):
    """Three seeds, 32 bytes each.

    Attributes:
        document: Signs the node's documents.
        next: Signs the rotation that replaces `document`; its key is shown nowhere before.
        log: Signs checkpoints and nothing else.
    """

    document: bytes
    next: bytes
    log: bytes

    def __repr__(self) -> str:
        """Name the public key only."""
        return f"NodeKeys({self.document_key.hex()})"

    @property
    def document_key(self) -> bytes:
        """Public key of the node's documents, 32 bytes."""
        return public_key_of(self.document)

    @property
    def log_key(self) -> bytes:
        """Public key of the log's checkpoints, 32 bytes."""
        return public_key_of(self.log)

    @property
    def next_digest(self) -> bytes:
        """What the charter says of the next key, 32 bytes."""
        return next_key_digest(public_key_of(self.next))


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    document: Seed
    next: Seed
    log: Seed


def new_keys() -> NodeKeys:
    """Return three new seeds."""
    return NodeKeys(random_bytes(32), random_bytes(32), random_bytes(32))


def write_keys(folder: Path, keys: NodeKeys) -> Path:
    """Write the key file, durably, where there is none.

    Raises:
        KeyFileError: there is one already; it is left alone.
        OSError: the disk refused.
    """
    path = folder / NAME
    written = _Written(1, keys.document.hex(), keys.next.hex(), keys.log.hex())
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError("keyfile.exists", path) from error
    with os.fdopen(file, "wb") as out:
        out.write(msgspec.json.encode(written) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    parent = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
    return path


def load_keys(folder: Path) -> NodeKeys:
    """Read the key file.

    Raises:
        KeyFileError: missing, a link, readable by others, or not a key file.
    """
    path = folder / NAME
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise KeyFileError("keyfile.missing", path) from error
    except OSError as error:
        raise KeyFileError("keyfile.unreadable", path) from error
    with os.fdopen(file, "rb") as source:
        # The mode of what was opened, not of what the name may point to a moment later.
        if os.fstat(source.fileno()).st_mode & _OTHERS:
            raise KeyFileError("keyfile.open_to_others", path)
        text = source.read(_FILE_BYTES_MAX)
    try:
        written = msgspec.json.decode(text, type=_Written)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KeyFileError("keyfile.malformed", path) from error
    if written.v != 1:
        raise KeyFileError("keyfile.malformed", path)
    seeds = (written.document, written.next, written.log)
    return NodeKeys(*(bytes.fromhex(seed) for seed in seeds))
