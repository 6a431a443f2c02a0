"""The SQLite file of a node: opened with the one durability that is safe, or not at all."""

import fcntl
import os
import sqlite3
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, Final

from node.errors import StoreError

SCHEMA_VERSION: Final = 3
DATABASE_NAME: Final = "ledger.db"
LOCK_SUFFIX: Final = ".lock"
_WAL_PAGES: Final = 8_000
_FULL: Final = 2

# Version 2: invoices. A log of version 1 has none, so that its new tables begin empty.
_INVOICES: Final = """
CREATE TABLE invoices (id BLOB PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE cuts (idx INTEGER NOT NULL, slot INTEGER NOT NULL, inv BLOB NOT NULL,
                   amt INTEGER NOT NULL, owed INTEGER NOT NULL, owes INTEGER NOT NULL,
                   other INTEGER NOT NULL, PRIMARY KEY (idx, slot, inv)) WITHOUT ROWID;
"""
# Version 3: invoices between cooperatives, and the secrets of positions; an older log has none.
_RELAYS: Final = """
CREATE TABLE relays (cooperative BLOB NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL,
                     doc BLOB NOT NULL UNIQUE, inv BLOB NOT NULL, extra BLOB NOT NULL,
                     answer INTEGER, PRIMARY KEY (cooperative, seq)) WITHOUT ROWID;
CREATE TABLE heard (cooperative BLOB NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
                    PRIMARY KEY (cooperative, seq)) WITHOUT ROWID;
"""
_BLINDS: Final = """
CREATE TABLE blinds (round BLOB PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;
"""
# What each version added. Version 3 also has provisions, which have no table.
_STEPS: Final = {1: _INVOICES, 2: _RELAYS + _BLINDS}
_SCHEMA: Final = """
CREATE TABLE entries (idx INTEGER PRIMARY KEY, at INTEGER NOT NULL, salt BLOB NOT NULL,
                      sealed BLOB NOT NULL, trail BLOB NOT NULL);
CREATE TABLE heads (size INTEGER PRIMARY KEY, note TEXT NOT NULL, trails INTEGER NOT NULL,
                    leaves BLOB NOT NULL);
CREATE TABLE names (name TEXT PRIMARY KEY, account BLOB NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE purposes (idx INTEGER PRIMARY KEY, salt BLOB NOT NULL, text TEXT NOT NULL);
CREATE TABLE offers (cooperative BLOB NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL,
                     doc BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL, extra BLOB NOT NULL,
                     answer INTEGER, PRIMARY KEY (cooperative, seq)) WITHOUT ROWID;
CREATE TABLE answers (cooperative BLOB NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL,
                      PRIMARY KEY (cooperative, seq)) WITHOUT ROWID;
CREATE TABLE labels (idx INTEGER PRIMARY KEY, who TEXT NOT NULL);
CREATE TABLE lines (cooperative BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE waiting (id BLOB PRIMARY KEY, sealed BLOB NOT NULL, url TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE peers (cooperative BLOB PRIMARY KEY, url TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE papers (id BLOB NOT NULL, round BLOB NOT NULL, kind TEXT NOT NULL,
                     sealed BLOB NOT NULL, PRIMARY KEY (round, kind, id)) WITHOUT ROWID;
"""

# One statement for many rows: a step of SQLite from Python costs as much as the row itself.
_ROWS: Final = 25
_INSERT_ENTRY: Final = "INSERT INTO entries VALUES (?,?,?,?,?)"
_INSERT_ENTRIES: Final = _INSERT_ENTRY + ",(?,?,?,?,?)" * (_ROWS - 1)
INSERT_HEAD: Final = "INSERT INTO heads VALUES (?,?,?,?)"

Statement = tuple[str, tuple[Any, ...]]


class Writer(sqlite3.Connection):
    """The connection of a node's one writer; the lock that keeps others out ends with it."""

    lock: int | None = None

    def hold(self, path: Path) -> None:
        """Keep every other writer out until this connection is closed.

        Raises:
            StoreError: another one is at work, in this process or another.
        """
        # A file of its own: whoever closes the database file itself gives up SQLite's own locks.
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreError(f"{path}: another process writes this node's log") from error
        self.lock = lock

    def close(self) -> None:
        """Close the database, then let others in."""
        super().close()
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


def _connect(path: Path) -> Writer:
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=5.0, factory=Writer
        )
        assert isinstance(connection, Writer)
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        level = connection.execute("PRAGMA synchronous").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    # With anything less, a power cut loses acknowledged commits: measured in spec/decisions.
    if mode != "wal" or level != _FULL:
        raise StoreError(f"{path}: journal_mode={mode}, synchronous={level}: not durable")
    return connection


def create_database(path: Path) -> None:
    """Make a new, empty database file, readable by its owner alone.

    Raises:
        StoreError: the file exists, or cannot be written.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise StoreError(str(error)) from error
    connection = _connect(path)
    try:
        connection.executescript(
            f"BEGIN;{_SCHEMA}{''.join(_STEPS.values())}PRAGMA user_version={SCHEMA_VERSION};COMMIT;"
        )
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        connection.close()


def open_database(path: Path, *, alone: bool = True) -> Writer:
    """Open the file of a node for its one writer, and keep every other writer out.

    Args:
        path: The file.
        alone: False to look at it beside a running node, which must go on undisturbed.

    Raises:
        StoreError: absent, of another version, not durable, or open in another process.
    """
    if not path.is_file():
        raise StoreError(f"{path}: no such file; begin with `ronde-node init`")
    connection = _connect(path)
    try:
        if alone:
            connection.hold(path.with_suffix(LOCK_SUFFIX))
        version = rows(connection, "PRAGMA user_version")[0][0]
        if version in _STEPS and alone:
            _bring_forward(connection, path, version)
        elif version not in (*_STEPS, SCHEMA_VERSION):
            raise StoreError(f"{path}: schema {version}, this program knows {SCHEMA_VERSION}")
    except StoreError:
        connection.close()
        raise
    return connection


def _bring_forward(connection: Writer, path: Path, version: int) -> None:
    """Bring a file of an older version to the newest one, whole or not at all."""
    steps = "".join(_STEPS[each] for each in range(version, SCHEMA_VERSION))
    try:
        connection.executescript(f"BEGIN;{steps}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error


def read_connection(path: Path) -> sqlite3.Connection:
    """Open the file for reading only, beside the writer.

    Raises:
        StoreError: absent or unreadable.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        connection.execute("SELECT count(*) FROM heads").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    return connection


class Group:
    """What one group commit writes: everything or nothing, in one transaction."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, bytes, bytes, bytes]] = []
        self.statements: list[Statement] = []

    def __bool__(self) -> bool:
        return bool(self.entries or self.statements)


def stage(connection: sqlite3.Connection, group: Group) -> None:
    """Put a group into an open transaction; nothing is durable before `commit`.

    Raises:
        StoreError: the disk refused; the node must stop.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        entries = group.entries
        rest = len(entries) % _ROWS
        whole = zip(*[chain.from_iterable(entries[rest:])] * (5 * _ROWS), strict=True)
        connection.executemany(_INSERT_ENTRY, entries[:rest])
        connection.executemany(_INSERT_ENTRIES, whole)
        for sql, values in group.statements:
            connection.execute(sql, values)
    except sqlite3.Error as error:
        raise StoreError(f"writing failed: {error}") from error


def commit(connection: sqlite3.Connection) -> None:
    """Make the open transaction durable; called from the disk thread, where it may wait.

    Raises:
        StoreError: the disk refused; the node must stop, a failed sync is never repeated.
    """
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(f"commit failed: {error}") from error


def rows(connection: sqlite3.Connection, sql: str, values: Iterable[Any] = ()) -> list[Any]:
    """Return all rows of a query.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        return connection.execute(sql, tuple(values)).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"reading failed: {error}") from error
