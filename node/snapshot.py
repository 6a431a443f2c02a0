"""Snapshot files: the state at one size of the log, so that a start replays the tail alone.

A file is: magic, count of sections, their lengths (8 bytes each, big-endian), the sections, and
SHA-256 of all before. It is a convenience: the log is the truth, a bad snapshot is passed over.
"""

import os
import sqlite3
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from node.errors import StoreError
from node.store.database import rows
from node.trail import Trail
from protocol.errors import EncodingError, ProtocolError
from protocol.ledger.book import Book
from protocol.log.checkpoints import open_checkpoint
from protocol.log.tree import Tree

_MAGIC: Final = b"ronde/snapshot/v1\0"
_KEEP: Final = 2


class State(NamedTuple):
    """Book, tree and trail at one size of the log."""

    book: Book
    tree: Tree
    trail: Trail

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.tree.size


def _path(folder: Path, size: int) -> Path:
    return folder / f"snapshot-{size:016d}"


def save(folder: Path, book: Book, tree: Tree, trail: Trail) -> None:
    """Write a snapshot beside the log, whole or not at all, and drop all but the last two.

    Raises:
        StoreError: the disk refused.
    """
    sections: list[bytes | bytearray | memoryview] = [
        book.dump_head(),
        tree.dump(),
        memoryview(trail.touched).cast("B"),
        memoryview(trail.authored).cast("B"),
        trail.check.to_bytes(4, "big"),
        *book.accounts.sections(),
    ]
    lengths = b"".join(len(section).to_bytes(8, "big") for section in sections)
    target = _path(folder, tree.size)
    temporary = target.with_suffix(".new")
    digest = sha256()
    try:
        # What a start after a crash found half written.
        for half in folder.glob("snapshot-*.new"):
            half.unlink()
        with open(temporary, "wb", opener=_private) as file:
            for part in (_MAGIC, len(sections).to_bytes(2, "big"), lengths, *sections):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target)
        for old in sorted(folder.glob("snapshot-*[0-9]"))[:-_KEEP]:
            old.unlink()
    except OSError as error:
        raise StoreError(f"{target}: {error}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(file: BufferedReader) -> list[bytearray]:
    digest = sha256()

    def take(count: int) -> bytearray:
        part = bytearray(count)
        if file.readinto(part) != count:
            raise EncodingError("snapshot cut short")
        digest.update(part)
        return part

    if take(len(_MAGIC)) != _MAGIC:
        raise EncodingError("not a snapshot")
    count = int.from_bytes(take(2), "big")
    lengths = take(8 * count)
    sizes = [int.from_bytes(lengths[at : at + 8], "big") for at in range(0, 8 * count, 8)]
    left = os.fstat(file.fileno()).st_size - file.tell()
    if sum(sizes) + digest.digest_size != left:
        raise EncodingError("snapshot of another length than it states")
    sections = [take(size) for size in sizes]
    if file.read() != digest.digest():
        raise EncodingError("snapshot with a wrong digest")
    return sections


def load(path: Path) -> State:
    """Read a snapshot.

    Raises:
        EncodingError: damaged.
        OSError: unreadable.
    """
    with path.open("rb") as file:
        head, tree, touched, authored, check, *columns = _read(file)
    trail = Trail()
    trail.touched.frombytes(touched)
    trail.authored.frombytes(authored)
    trail.check = int.from_bytes(check, "big")
    return State(Book.load(bytes(head), columns), Tree.load(bytes(tree)), trail)


def load_latest(folder: Path, connection: sqlite3.Connection) -> State | None:
    """Return the newest good snapshot of this very log, or None."""
    for path in sorted(folder.glob("snapshot-*[0-9]"), reverse=True):
        try:
            state = load(path)
            if _is_of_log(state, connection):
                return state
        except (ProtocolError, OSError, ValueError, msgspec.MsgspecError):
            continue
    return None


def _is_of_log(state: State, connection: sqlite3.Connection) -> bool:
    """Say whether the log was signed for at the snapshot's size, with the snapshot's root.

    A backup that was put back may have gone another way than the snapshots beside it.
    """
    found = rows(connection, "SELECT note, trails FROM heads WHERE size=?", (state.size,))
    if not found:
        return False
    charter = state.book.head.charter
    signed = open_checkpoint(found[0][0], charter.origin, charter.log)
    return (signed.root, found[0][1]) == (state.tree.root(), state.trail.check)
