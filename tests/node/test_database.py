"""One file, one writer, one durability: anything else does not open."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import StoreError
from node.store.database import (
    Group,
    commit,
    create_database,
    open_database,
    read_connection,
    rows,
    stage,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    create_database(path)
    return path


def test_the_file_is_durable_and_its_owners_alone(path: Path) -> None:
    connection = open_database(path)
    assert rows(connection, "PRAGMA synchronous") == [(2,)]
    assert rows(connection, "PRAGMA journal_mode") == [("wal",)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.with_suffix(".lock").stat().st_mode) == 0o600
    connection.close()


def test_a_file_is_never_made_over_another(path: Path) -> None:
    with pytest.raises(StoreError):
        create_database(path)


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        create_database(tmp_path / "none" / "ledger.db")
    with pytest.raises(StoreError, match="no such file"):
        open_database(tmp_path / "ledger.db")
    with pytest.raises(StoreError):
        read_connection(tmp_path / "ledger.db")


def test_a_second_writer_is_refused_while_the_first_one_is_at_work(path: Path) -> None:
    first = open_database(path)
    with pytest.raises(StoreError, match="another process"):
        open_database(path)
    script = (
        "from pathlib import Path; from node.store.database import open_database;"
        f"open_database(Path({str(path)!r}))"
    )
    other = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "StoreError" in other.stderr and "another process" in other.stderr
    open_database(path, alone=False).close()
    with pytest.raises(StoreError, match="another process"):
        open_database(path)
    first.close()
    open_database(path).close()


def test_another_schema_and_a_file_of_another_kind_do_not_open(path: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreError, match="schema 99"):
        open_database(path)
    # The refusal lets go of the lock.
    with pytest.raises(StoreError, match="schema 99"):
        open_database(path)
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError):
        open_database(noise)


def test_a_file_that_cannot_be_a_log_ahead_is_not_durable() -> None:
    """A database in memory has no write-ahead log: the promise cannot be kept."""
    link = Path("/dev/shm") / f"ronde-{os.getpid()}.db"
    link.symlink_to("/dev/null")
    try:
        with pytest.raises(StoreError):
            open_database(link)
        with pytest.raises(StoreError):
            read_connection(link)
    finally:
        link.unlink()


def test_a_reader_sees_a_group_only_once_it_is_durable(path: Path) -> None:
    connection, reader = open_database(path), read_connection(path)
    group = Group()
    assert not group
    group.entries.append((0, 1, bytes(32), b"sealed", b""))
    assert group
    stage(connection, group)
    assert rows(reader, "SELECT count(*) FROM entries") == [(0,)]
    commit(connection)
    assert rows(reader, "SELECT count(*) FROM entries") == [(1,)]
    with pytest.raises(StoreError):
        rows(reader, "DELETE FROM entries")
    reader.close()
    connection.close()


@pytest.mark.parametrize("count", [1, 24, 25, 26, 50, 63])
def test_a_group_of_any_size_is_written_whole_and_in_its_order(path: Path, count: int) -> None:
    connection = open_database(path)
    group = Group()
    group.entries += [
        (n, n // 7, bytes([n]) * 32, b"sealed %d" % n, b"t" * n) for n in range(count)
    ]
    stage(connection, group)
    commit(connection)
    assert rows(connection, "SELECT * FROM entries ORDER BY idx") == group.entries
    connection.close()


def test_a_disk_that_says_no_is_a_store_error_at_each_step(path: Path) -> None:
    connection = open_database(path)
    group = Group()
    group.statements.append(("INSERT INTO nowhere VALUES (1)", ()))
    with pytest.raises(StoreError, match="writing failed"):
        stage(connection, group)
    connection.execute("ROLLBACK")
    with pytest.raises(StoreError, match="commit failed"):
        commit(connection)
    connection.close()


def test_a_disk_too_small_for_the_tables_is_a_store_error(tmp_path: Path) -> None:
    import resource

    # The child alone is limited: files of at most 8 kB, which the schema exceeds.
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
        "from node.store.database import create_database as c; from pathlib import Path;"
        f"c(Path({str(tmp_path / 'ledger.db')!r}))"
    )
    other = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    assert "StoreError" in other.stderr, other.stderr
