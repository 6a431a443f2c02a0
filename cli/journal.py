"""Orders written down before they are sent, so that a retry never pays twice.

One SQLite file in the wallet's folder. What is in it is on the disk when a call returns; the
wallet sends nothing that is not in it, and sends the same bytes again until it has an answer.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import durable
from cli.failures import ExitCode, Failure

JOURNAL_FILE: Final = "journal.sqlite"
ID_BYTES: Final = 32
FIRST_SEQ: Final = 1  # number 0 is the inception's
PREFIX_CHARACTERS_MIN: Final = 4
BUSY_SECONDS: Final = 10
_VERSION: Final = 1

# A number is used once among the orders that may still enter a log; a refused one never will.
_SCHEMA: Final = (
    """CREATE TABLE orders (
        order_id BLOB PRIMARY KEY CHECK (length(order_id) = 32),
        account TEXT NOT NULL,
        seq INTEGER NOT NULL CHECK (seq >= 0),
        sealed BLOB NOT NULL,
        fields TEXT NOT NULL,
        memo TEXT NOT NULL,
        salt BLOB NOT NULL,
        written_s INTEGER NOT NULL,
        interim BLOB,
        receipt BLOB,
        rejection BLOB,
        CHECK (receipt IS NULL OR rejection IS NULL)
    ) STRICT""",
    "CREATE UNIQUE INDEX one_order_a_number ON orders (account, seq) WHERE rejection IS NULL",
    f"PRAGMA user_version = {_VERSION}",
)
_COLUMNS: Final = (
    "order_id, account, seq, sealed, fields, memo, salt, written_s, interim, receipt, rejection"
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE: Final = 0xFF  # the low byte of an extended SQLite result code


@dataclass(frozen=True, slots=True)
class Draft:
    """A signed order that is about to be written down.

    Attributes:
        order_id: 32 bytes, the identifier of the signed document.
        sealed: The exact bytes that will be sent.
        sentence_fields: The names and amounts with which the screen tells who gives what to whom.
        memo: The purpose as typed; it never leaves the wallet unless the member shows it.
        salt: The salt of the purpose's hash in the order; empty when there is no purpose.
    """

    order_id: bytes
    sealed: bytes
    sentence_fields: dict[str, str]
    memo: str
    salt: bytes


@dataclass(frozen=True, slots=True)
class JournalledOrder:
    """An order as the journal keeps it.

    Attributes:
        draft: What was written before sending.
        account: The payer's account as text.
        seq: The payer's number of this order.
        written_s: Second (Unix) at which it was written down.
        interim: An answer that is not the last word (accepted, not final yet), or None.
        receipt: The final receipt, or None.
        rejection: The signed rejection, or None.
    """

    draft: Draft
    account: str
    seq: int
    written_s: int
    interim: bytes | None
    receipt: bytes | None
    rejection: bytes | None

    @property
    def is_settled(self) -> bool:
        """Whether the node's last word is known."""
        return self.receipt is not None or self.rejection is not None


class Journal:
    """The orders of a wallet. Two processes may hold it at once.

    Args:
        folder: The wallet's folder; the file is made when missing.

    Raises:
        Failure: usage, the file cannot be opened or is damaged; network (nothing was sent, safe to
            retry), the disk is full or another process holds the journal for ten seconds.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL_FILE
        durable.make_folder(folder)
        is_new = not self._path.exists()
        with self._telling_failures():
            if is_new:
                self._path.touch(durable.PRIVATE_FILE)
            self._database = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            # A rollback journal, not WAL: one file to copy, and home folders may be on a network.
            # EXTRA is FULL, and the folder synced too after the rollback journal is removed.
            self._database.execute("PRAGMA synchronous = EXTRA")
            self._prepare()
        if is_new:
            durable.sync_folder(folder)

    def __enter__(self) -> "Journal":
        """Return itself: `with Journal(folder) as journal`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the file go."""
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def next_seq(self, account: str, at_least: int = FIRST_SEQ) -> int:
        """Return the number that the next order of an account takes, as things stand now.

        Args:
            account: The payer's account as text.
            at_least: The number that the node expects, when it is known.
        """
        with self._telling_failures():
            return self._next_seq(account, at_least)

    def write(
        self, account: str, at_least: int, now_s: int, compose: Callable[[int], Draft]
    ) -> JournalledOrder:
        """Take the next number, let the order be signed under it, and write it down, in one step.

        Args:
            account: The payer's account as text.
            at_least: The number that the node expects, when it is known; else `FIRST_SEQ`.
            now_s: Seconds (Unix).
            compose: Signs the order for a number; when it raises, nothing is written.

        Returns:
            The order, on the disk: from here on it may be sent.

        Raises:
            Failure: nothing was written, so nothing may be sent.
        """
        with self._telling_failures(), self._transaction():
            seq = self._next_seq(account, at_least)
            draft = compose(seq)
            while self._select("order_id = ?", (draft.order_id,)):
                # The very same document was refused in this second: another number is another one.
                seq += 1
                draft = compose(seq)
            self._insert(account, seq, now_s, draft)
        return JournalledOrder(draft, account, seq, now_s, None, None, None)

    def record(self, account: str, seq: int, now_s: int, draft: Draft) -> None:
        """Write down an order whose number was chosen by the caller.

        Writing the same order again changes nothing.

        Raises:
            Failure: refused, another order holds this number; or as `write`.
        """
        with self._telling_failures(), self._transaction():
            known = self._select("order_id = ?", (draft.order_id,))
            if known and known[0].draft.sealed == draft.sealed:
                return
            if known or self._select(
                "account = ? AND seq = ? AND rejection IS NULL", (account, seq)
            ):
                raise Failure(ExitCode.REFUSED, "journal.seq_taken", seq=seq)
            self._insert(account, seq, now_s, draft)

    def unsettled(self, account: str | None = None) -> list[JournalledOrder]:
        """Return the orders without a last word, the oldest first."""
        with self._telling_failures():
            return self._select(
                "receipt IS NULL AND rejection IS NULL AND (?1 IS NULL OR account = ?1)"
                " ORDER BY rowid",
                (account,),
            )

    def latest(self, most: int) -> list[JournalledOrder]:
        """Return the last orders written, the newest first."""
        with self._telling_failures():
            return self._select("1 ORDER BY rowid DESC LIMIT ?", (most,))

    def find(self, prefix: str) -> JournalledOrder:
        """Return the one order whose identifier begins so.

        Args:
            prefix: 4 to 64 hexadecimal digits.

        Raises:
            Failure: not found; usage, too short, not hexadecimal, or several orders begin so.
        """
        digits = prefix.strip().lower()
        if len(digits) < PREFIX_CHARACTERS_MIN or set(digits) - set("0123456789abcdef"):
            raise Failure(ExitCode.USAGE, "journal.bad_prefix", least=PREFIX_CHARACTERS_MIN)
        with self._telling_failures():
            found = self._select("lower(hex(order_id)) GLOB ? LIMIT 2", (digits + "*",))
        if not found:
            raise Failure(ExitCode.NOT_FOUND, "journal.not_found", prefix=digits)
        if len(found) > 1:
            raise Failure(ExitCode.USAGE, "journal.several", prefix=digits)
        return found[0]

    def keep_interim(self, order_id: bytes, answer: bytes) -> None:
        """Keep an answer that is not the last word; the order stays unsettled."""
        self._answer(order_id, "interim", answer)

    def close_with_receipt(self, order_id: bytes, receipt: bytes) -> None:
        """Keep the receipt: the transfer stands.

        Raises:
            Failure: verification failed, a signed rejection of the same order is kept already;
                not found, the order was never written here.
        """
        self._answer(order_id, "receipt", receipt)

    def close_with_refusal(self, order_id: bytes, rejection: bytes) -> None:
        """Keep the signed rejection: the transfer was refused, its number is free again.

        Raises:
            Failure: verification failed, a receipt of the same order is kept already;
                not found, the order was never written here.
        """
        self._answer(order_id, "rejection", rejection)

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._transaction():
                # Another process may have made the table while this one waited.
                version = self._database.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    for statement in _SCHEMA:
                        self._database.execute(statement)
                    return
        if version != _VERSION:
            raise Failure(ExitCode.USAGE, "journal.unknown_version", path=str(self._path))

    def _next_seq(self, account: str, at_least: int) -> int:
        last = self._database.execute(
            "SELECT max(seq) FROM orders WHERE account = ? AND rejection IS NULL", (account,)
        ).fetchone()[0]
        return at_least if last is None else max(at_least, last + 1)

    def _insert(self, account: str, seq: int, now_s: int, draft: Draft) -> None:
        assert len(draft.order_id) == ID_BYTES
        fields = json.dumps(draft.sentence_fields, ensure_ascii=False)
        self._database.execute(
            "INSERT INTO orders (order_id, account, seq, sealed, fields, memo, salt, written_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (draft.order_id, account, seq, draft.sealed, fields, draft.memo, draft.salt, now_s),
        )

    def _select(self, condition: str, values: tuple[object, ...]) -> list[JournalledOrder]:
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM orders WHERE {condition}",  # noqa: S608 (all ours)
            values,
        )
        return [
            JournalledOrder(
                Draft(row[0], row[3], json.loads(row[4]), row[5], row[6]),
                row[1],
                row[2],
                *row[7:],
            )
            for row in rows
        ]

    def _answer(self, order_id: bytes, column: str, answer: bytes) -> None:
        contrary = {"receipt": "rejection", "rejection": "receipt"}.get(column)
        with self._telling_failures(), self._transaction():
            found = self._select("order_id = ?", (order_id,))
            if not found:
                raise Failure(ExitCode.NOT_FOUND, "journal.not_found", prefix=order_id.hex()[:12])
            if contrary is not None and getattr(found[0], contrary) is not None:
                # The node signed yes and no to one order: that is for an auditor, not for a retry.
                raise Failure(
                    ExitCode.VERIFICATION_FAILED, "journal.both_answers", order=order_id.hex()[:12]
                )
            self._database.execute(
                f"UPDATE orders SET {column} = ? WHERE order_id = ?",  # noqa: S608 (all ours)
                (answer, order_id),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE: the right to write is taken before anything is read.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            # A full disk has already rolled it back.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _telling_failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._failure(error) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Failure(
                ExitCode.USAGE, "journal.unusable", path=str(self._path), reason=reason
            ) from error

    def _failure(self, error: sqlite3.DatabaseError) -> Failure:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
        path = str(self._path)
        if code == sqlite3.SQLITE_FULL:
            return Failure(ExitCode.NETWORK, "journal.full", path=path)
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return Failure(ExitCode.NETWORK, "journal.busy", path=path)
        if code in _DAMAGED:
            return Failure(ExitCode.USAGE, "journal.damaged", path=path)
        return Failure(ExitCode.USAGE, "journal.unusable", path=path, reason=str(error))
