"""What an entry leads to beside the log, in the same transaction: offers, names, labels."""

import sqlite3
from typing import Any

from msgspec import UNSET

from node.errors import Conflict
from node.store.database import Group, rows
from node.store.relays import RelayRows
from protocol.envelope import Opened, document_id, seal
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.changes import (
    AccountOpened,
    Changes,
    DocumentDue,
    InvoiceIssued,
    InvoiceReduced,
    LineSet,
    OfferAnswered,
    OrderHeld,
    RelayAcknowledged,
)
from protocol.messages.invoices import Discharge
from protocol.messages.orders import Order
from protocol.messages.peering import Answer, Offer
from protocol.messages.rounds import Certificate, Consent
from protocol.messages.wire import SUBMISSION, Submission


class Effects:
    """Writes the rows that belong to an entry: the next offer of a held order, a member's name.

    Args:
        connection: To read the log with; never the writer's, which may be inside a sync.
        book: The book.
        seed: The node's document key, which signs offers.
        offer_validity_s: How long an offer may be accepted, seconds.
    """

    def __init__(
        self, connection: sqlite3.Connection, book: Book, seed: bytes, offer_validity_s: int
    ) -> None:
        self._connection = connection
        self._book = book
        self._seed = seed
        self._validity_s = offer_validity_s
        self._relays = RelayRows(connection, book, seed)
        self._names: set[str] = {row[0] for row in rows(connection, "SELECT name FROM names")}
        self._tips: dict[bytes, tuple[int, bytes]] = {
            row[0]: (row[1], row[2])
            for row in rows(connection, "SELECT cooperative, max(seq), id FROM offers GROUP BY 1")
        }

    def check_name(self, name: str) -> None:
        """Refuse a name that a member of this cooperative already has.

        Raises:
            Conflict: the name is taken.
        """
        if name in self._names:
            raise Conflict(f"the name {name} is taken")

    def note(
        self,
        group: Group,
        changes: Changes,
        opened: Opened[Any],
        submission: Submission | None,
        index: int,
        at: int,
    ) -> None:
        """Add to a group what one entry leads to."""
        if submission is not None and submission.text is not UNSET:
            values = (index, submission.salt, submission.text)
            group.statements.append(("INSERT INTO purposes VALUES (?,?,?)", values))
        document = opened.document
        if isinstance(document, Consent):
            # In one transaction with the reservation: a lost consent would bind us for ever.
            paper = (opened.id, document.round, "consent", opened.sealed)
            group.statements.append(("INSERT OR IGNORE INTO papers VALUES (?,?,?,?)", paper))
        for change in changes:
            if isinstance(change, AccountOpened):
                self._name(group, change, submission)
            elif isinstance(change, LineSet):
                self._line(group, change, opened.sealed)
            elif isinstance(change, OrderHeld):
                self._offer(group, change, opened, submission, at)
            elif isinstance(change, OfferAnswered):
                self._answer(group, change, opened, submission, index)
            elif isinstance(change, InvoiceIssued):
                row = (change.invoice, index)
                # A neighbour's node may tell again of an invoice that is gone: the newest counts.
                sql = "INSERT OR REPLACE INTO invoices VALUES (?,?)"
                group.statements.append((sql, row))
            elif isinstance(change, InvoiceReduced) and isinstance(
                document, Discharge | Certificate
            ):
                self._cut(group, change, index)
            elif isinstance(change, DocumentDue):
                self._relays.write(group, change, opened, submission, index, at)
            elif isinstance(change, RelayAcknowledged):
                self._relays.answered(group, change, opened, submission, index)

    def _cut(self, group: Group, change: InvoiceReduced, index: int) -> None:
        """Note for both sides what fell, and from what: later the invoice may be gone."""
        left = self._book.head.invoices.get(change.invoice)
        before = change.amount + (left.owed if left is not None else 0)
        sides = ((change.debtor, 1, change.creditor), (change.creditor, 0, change.debtor))
        for slot, owes, other in sides:
            row = (index, slot, change.invoice, change.amount, before, owes, other)
            group.statements.append(("INSERT INTO cuts VALUES (?,?,?,?,?,?,?)", row))

    def _name(self, group: Group, change: AccountOpened, submission: Submission | None) -> None:
        if submission is not None and submission.name is not UNSET:
            self._names.add(submission.name)
            values = (submission.name, change.account)
            group.statements.append(("INSERT INTO names VALUES (?,?)", values))

    def _line(self, group: Group, change: LineSet, sealed: bytes) -> None:
        values = (change.cooperative, sealed)
        group.statements.append(("INSERT OR REPLACE INTO lines VALUES (?,?)", values))

    def _offer(
        self,
        group: Group,
        hold: OrderHeld,
        opened: Opened[Order],
        submission: Submission | None,
        at: int,
    ) -> None:
        book = self._book
        state = book.head.correspondents[hold.correspondent]
        seq, before = self._tips.get(state.cooperative, (state.sent, state.shead))
        offer = Offer(
            acct=hold.payee,
            amt=hold.amount,
            by=book.cooperative,
            exp=at + self._validity_s,
            iat=at,
            inv=hold.invoice or UNSET,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            net=book.net,
            order=hold.order,
            prev=before,
            seq=seq + 1,
            to=state.cooperative,
            unit=book.unit,
            what=opened.document.what,
        )
        identity = document_id(offer)
        sealed = seal(offer, self._seed)
        self._tips[state.cooperative] = (offer.seq, identity)
        extra = SUBMISSION.encode(
            Submission(
                doc=sealed,
                name=self._payer_name(hold),
                salt=submission.salt if submission else UNSET,
                text=submission.text if submission else UNSET,
            )
        )
        group.statements.append(
            (
                "INSERT INTO offers VALUES (?,?,?,?,?,?,NULL)",
                (state.cooperative, offer.seq, identity, hold.order, sealed, extra),
            )
        )

    def _payer_name(self, hold: OrderHeld) -> Any:
        account = self._book.accounts.identifier(hold.payer)
        found = rows(self._connection, "SELECT name FROM names WHERE account=?", (account,))
        return found[0][0] if found else UNSET

    def _answer(
        self,
        group: Group,
        change: OfferAnswered,
        opened: Opened[Answer],
        submission: Submission | None,
        index: int,
    ) -> None:
        state = self._book.head.correspondents[change.correspondent]
        seq = opened.document.seq
        if change.sent:
            sql = "UPDATE offers SET answer=? WHERE cooperative=? AND seq=?"
            group.statements.append((sql, (index, state.cooperative, seq)))
            return
        values = (state.cooperative, seq, index)
        group.statements.append(("INSERT INTO answers VALUES (?,?,?)", values))
        if submission is not None and submission.name is not UNSET:
            label = (index, f"{submission.name}@{state.name}")
            group.statements.append(("INSERT INTO labels VALUES (?,?)", label))
