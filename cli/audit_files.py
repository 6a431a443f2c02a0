"""The folder of an audit: what was fetched of each node, as plain files (spec 0015).

`DIR/<name>/charter|checkpoint|lines|entries|leaves|blinds` and `DIR/rounds/<hex>/<name>`. Nothing
in it is secret to the auditor's mandate, and nothing in it is believed before it is verified.
"""

import mmap
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import durable
from cli.failures import Failure
from protocol.envelope import ENVELOPE_BYTES_MAX
from protocol.log.leaves import SALT_BYTES, entry_leaf
from protocol.log.merkle import HASH_BYTES
from protocol.messages.wire import Opening

BLINDS: Final = "blinds"
CHARTER: Final = "charter"
CHECKPOINT: Final = "checkpoint"
ENTRIES: Final = "entries"
LEAVES: Final = "leaves"
LINES: Final = "lines"
ROUNDS: Final = "rounds"
SMALL_BYTES_MAX: Final = 70_000
PAPERS_BYTES_MAX: Final = 20_000_000

_HEAD: Final = struct.Struct(f">Q{SALT_BYTES}sI")
_SIZE: Final = struct.Struct(">I")

Record = tuple[int, bytes, bytes]


class EntriesFile:
    """The entries of one log, read once from the first to the last.

    Attributes:
        whole: Bytes of whole records read so far.
        count: Their number.
        is_broken: Whether the file ends inside a record; known when all are read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.whole = 0
        self.count = 0
        self.is_broken = False

    def __iter__(self) -> Iterator[Record]:
        """Yield second, salt and sealed document of each entry, up to the first broken record."""
        with self._path.open("rb") as stream:
            end = os.fstat(stream.fileno()).st_size
            if not end:
                return
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield from self._read(content, end)

    def _read(self, content: mmap.mmap, end: int) -> Iterator[Record]:
        unpack, head = _HEAD.unpack_from, _HEAD.size
        place = count = 0
        try:
            while place + head <= end:
                at, salt, size = unpack(content, place)
                following = place + head + size
                # Spec 0015: The reader MUST refuse a file that ends inside a record.
                if size > ENVELOPE_BYTES_MAX or following > end:
                    break
                sealed = content[place + head : following]
                place = following
                count += 1
                yield at, salt, sealed
            self.is_broken = place != end
        finally:
            self.whole, self.count = place, count


def pack_records(openings: Iterable[Opening]) -> bytes:
    """Return openings as the records of the entries file."""
    return b"".join(
        _HEAD.pack(opening.at, opening.salt, len(opening.sealed)) + opening.sealed
        for opening in openings
    )


def leaves_of(records: Iterable[Record]) -> bytes:
    """Return the leaf hashes of records, 32 bytes each."""
    return b"".join(entry_leaf(salt, at, sealed) for at, salt, sealed in records)


def pack_papers(papers: Iterable[bytes]) -> bytes:
    """Return sealed papers one after the other, each behind its length in 4 bytes."""
    return b"".join(_SIZE.pack(len(sealed)) + sealed for sealed in papers)


def split_papers(content: bytes) -> list[bytes] | None:
    """Return the papers that `pack_papers` joined; None when the file ends inside one."""
    papers: list[bytes] = []
    place = 0
    while place < len(content):
        if place + _SIZE.size > len(content):
            return None
        (size,) = _SIZE.unpack_from(content, place)
        place += _SIZE.size
        if place + size > len(content):
            return None
        papers.append(content[place : place + size])
        place += size
    return papers


@dataclass(frozen=True, slots=True)
class LogFolder:
    """The folder of one node."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    def entries(self) -> EntriesFile:
        """Return the reader of the entries."""
        return EntriesFile(self.path / ENTRIES)

    def small(self, name: str, bytes_max: int = SMALL_BYTES_MAX) -> bytes | None:
        """Return the content of a file; None when there is none.

        Raises:
            Failure: usage, the file cannot be read or is too large.
        """
        if not (self.path / name).is_file():
            return None
        return durable.read_small(self.path / name, bytes_max=bytes_max)

    def noted_leaves(self) -> bytes:
        """Return the leaves; nobody trusts them, so that a broken file is as good as none."""
        try:
            # A leaf is shorter than any record: more bytes than the entries have are not leaves.
            return self.small(LEAVES, (self.path / ENTRIES).stat().st_size) or b""
        except Failure:
            return b""

    def mend(self) -> tuple[int, bytes]:
        """Cut off a record that an interrupted fetch left unfinished.

        Returns:
            How many whole entries there are, and their noted leaves.
        """
        path = self.path / ENTRIES
        if not path.exists():
            return 0, b""
        noted = self.noted_leaves()
        noted = noted[: len(noted) - len(noted) % HASH_BYTES]
        reader = self.entries()
        # What was noted before stays: a disk that lies is then found, and the entry named.
        fresh = [
            entry_leaf(salt, at, sealed)
            for number, (at, salt, sealed) in enumerate(reader)
            if number * HASH_BYTES >= len(noted)
        ]
        if reader.is_broken:
            os.truncate(path, reader.whole)
        return reader.count, (noted + b"".join(fresh))[: reader.count * HASH_BYTES]

    def append(self, openings: Sequence[Opening]) -> None:
        """Add entries at the end; until `close` the folder has no checkpoint: it is not whole."""
        (self.path / CHECKPOINT).unlink(missing_ok=True)
        handle = os.open(
            self.path / ENTRIES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, durable.PRIVATE_FILE
        )
        with os.fdopen(handle, "ab") as stream:
            stream.write(pack_records(openings))

    def close(self, leaves: bytes, checkpoint: str) -> None:
        """Make the entries durable, then write what says that they are whole."""
        if (self.path / ENTRIES).exists():
            handle = os.open(self.path / ENTRIES, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        durable.write_over(self.path / LEAVES, leaves)
        durable.write_over(self.path / CHECKPOINT, checkpoint.encode())


def log_folders(folder: Path) -> list[LogFolder]:
    """Return the folder of each node, in the order of their names."""
    return [
        LogFolder(path)
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name != ROUNDS and not path.name.startswith(".")
    ]


def round_files(folder: Path) -> list[tuple[str, list[Path]]]:
    """Return each round's name and the files of its papers, one a node."""
    rounds = folder / ROUNDS
    if not rounds.is_dir():
        return []
    return [
        (path.name, sorted(file for file in path.iterdir() if not file.name.startswith(".")))
        for path in sorted(rounds.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    ]
