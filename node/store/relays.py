"""What an entry leads to at another cooperative: the relay that tells it, in one transaction."""

import sqlite3
from typing import Any, Final

from msgspec import UNSET

from node.store.database import Group, rows
from protocol.envelope import Opened, document_id, seal
from protocol.ledger.book import COOPERATIVE_SLOT, Book, Correspondent
from protocol.ledger.changes import DocumentDue, RelayAcknowledged
from protocol.messages.invoices import Invoice
from protocol.messages.relaying import Acknowledgement, Relay
from protocol.messages.wire import SUBMISSION, Submission

_NEW: Final = "INSERT INTO relays VALUES (?,?,?,?,?,?,NULL)"
_ANSWERED: Final = "UPDATE relays SET answer=? WHERE cooperative=? AND seq=?"
_HEARD: Final = "INSERT INTO heard VALUES (?,?,?)"
_LABEL: Final = "INSERT INTO labels VALUES (?,?)"


class RelayRows:
    """Writes the relays that are due and what became of them.

    Args:
        connection: To read the log with; never the writer's.
        book: The book.
        seed: The node's document key, which signs relays.
    """

    def __init__(self, connection: sqlite3.Connection, book: Book, seed: bytes) -> None:
        self._connection = connection
        self._book = book
        self._seed = seed
        self._tips: dict[bytes, tuple[int, bytes]] = {
            row[0]: (row[1], row[2])
            for row in rows(connection, "SELECT cooperative, max(seq), id FROM relays GROUP BY 1")
        }

    def write(
        self,
        group: Group,
        change: DocumentDue,
        opened: Opened[Any],
        submission: Submission | None,
        index: int,
        at: int,
    ) -> None:
        """Sign the next relay of a direction and keep it with the entry that it tells of."""
        # Spec 0017: The node MUST keep a relay before it sends it.
        book = self._book
        state = book.head.correspondents[change.correspondent]
        seq, before = self._tips.get(state.cooperative, (state.told, state.thead))
        relay = Relay(
            by=book.cooperative,
            doc=opened.sealed,
            exp=at,
            iat=at,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            net=book.net,
            prev=before,
            seq=seq + 1,
            to=state.cooperative,
        )
        assert relay.seq == book.head.under_way[change.document].number
        identity, sealed = document_id(relay), seal(relay, self._seed)
        self._tips[state.cooperative] = (relay.seq, identity)
        extra = Submission(
            doc=sealed,
            name=self._name(opened.document.by),
            salt=submission.salt if submission else UNSET,
            text=submission.text if submission else UNSET,
        )
        row = (state.cooperative, relay.seq, identity, opened.id, change.invoice)
        group.statements.append((_NEW, (*row, SUBMISSION.encode(extra))))
        if isinstance(opened.document, Invoice):
            self._label(group, submission, state, index)

    def _name(self, account: bytes) -> Any:
        found = rows(self._connection, "SELECT name FROM names WHERE account=?", (account,))
        return found[0][0] if found else UNSET

    @staticmethod
    def _label(
        group: Group, submission: Submission | None, state: Correspondent, index: int
    ) -> None:
        """Keep how the other side is called, as its own member or its node says it."""
        if submission is not None and submission.name is not UNSET:
            group.statements.append((_LABEL, (index, f"{submission.name}@{state.name}")))

    def answered(
        self,
        group: Group,
        change: RelayAcknowledged,
        opened: Opened[Acknowledgement],
        submission: Submission | None,
        index: int,
    ) -> None:
        """Note an acknowledgement: what we sent is known there, or what they sent is known here."""
        state = self._book.head.correspondents[change.correspondent]
        seq = opened.document.seq
        if change.sent:
            group.statements.append((_ANSWERED, (index, state.cooperative, seq)))
            return
        group.statements.append((_HEARD, (state.cooperative, seq, index)))
        self._label(group, submission, state, index)
