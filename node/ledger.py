"""The ledger of a node: book, tree and trail in memory, the log on disk; without a clock or a loop.

One group of documents at a time: decide each, apply it, stage the rows, then make them durable and
only then answer. A group whose write fails is never answered, and the node stops: what is in memory
is ahead of the disk, and only a restart, which replays, may go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from msgspec import UNSET

from federation.members_set_off import obligations_of, verify_discharge
from federation.pool import rooms_of
from node.clock import random_bytes
from node.errors import Conflict, StoreError
from node.keyfile import NodeKeys
from node.recall import Recall
from node.snapshot import load_latest, save
from node.startup import catch_up, found_state
from node.store.database import (
    DATABASE_NAME,
    INSERT_HEAD,
    Group,
    Statement,
    Writer,
    commit,
    create_database,
    open_database,
    read_connection,
    rows,
    stage,
)
from node.store.effects import Effects
from node.trail import is_transfer
from protocol.encoding import check_text
from protocol.envelope import Opened, open_sealed, reopen_verified
from protocol.errors import EncodingError, ProofError, ProtocolError
from protocol.identifiers import correspondent_account
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.changes import Changes
from protocol.ledger.decide import decide
from protocol.ledger.refusals import Refusal
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.log.leaves import SALT_BYTES, entry_leaf, entry_leaves
from protocol.log.receipts import Receipt
from protocol.log.tree import BLOCK_LEAVES, Tree
from protocol.messages.decisions import Admission, Charter, CreditLine
from protocol.messages.invoices import Discharge, Invoice
from protocol.messages.orders import Order, purpose_digest
from protocol.messages.peering import Answer
from protocol.messages.relaying import Acknowledgement
from protocol.messages.wire import Submission

Verdict = Receipt | Refusal | ProtocolError | Conflict
Maker = Callable[[Book, int], Opened[Any] | Refusal]
# A document that stands in the log already may meet these when it comes again: it is not refused.
_MAY_REPEAT: Final = frozenset(
    {
        Refusal.EXPIRED,
        Refusal.KEYS_REVOKED,
        Refusal.KEY_EVENT_NOT_CURRENT,
        Refusal.SEQUENCE_USED,
    }
)


@dataclass(slots=True)
class Item:
    """One document on its way into the log.

    Attributes:
        opened: The verified document; None when `make` signs it at its turn.
        submission: What came with it, kept beside the log.
        make: Writes the node's own document on the book as it is at its turn.
        place: Place of its entry in the group once decided, or −1.
        verdict: What is answered once the group is durable.
    """

    opened: Opened[Any] | None
    submission: Submission | None = None
    make: Maker | None = None
    place: int = -1
    verdict: Verdict | None = None


@dataclass(slots=True)
class Decided:
    """A group that is applied in memory, not yet durable.

    Attributes:
        at: Second of all its entries.
        first: Index of its first entry.
        items: What was asked.
        group: What is written.
        again: Refused items whose document may stand in the log already.
    """

    at: int
    first: int
    items: list[Item] = field(default_factory=list)
    group: Group = field(default_factory=Group)
    again: list[Item] = field(default_factory=list)


def create_log(folder: Path, sealed_charter: bytes, log_seed: bytes, at: int) -> None:
    """Make the database of a new cooperative: entry 0 is its charter, signed for at once.

    Raises:
        StoreError: the file exists, or cannot be written.
        ProtocolError: the charter does not hold.
    """
    opened = open_sealed(sealed_charter, Charter)
    book = found_state(opened, at)
    tree = Tree()
    salt = random_bytes(SALT_BYTES)
    leaf = entry_leaf(salt, at, sealed_charter)
    tree.extend([leaf])
    origin = book.head.charter.origin
    note = sign_checkpoint(Checkpoint(origin, 1, tree.root()), origin, log_seed)
    create_database(folder / DATABASE_NAME)
    connection = open_database(folder / DATABASE_NAME)
    group = Group()
    group.entries.append((0, at, salt, sealed_charter, b""))
    group.statements.append((INSERT_HEAD, (1, note, 0, leaf)))
    try:
        stage(connection, group)
        commit(connection)
    finally:
        connection.close()


class Ledger:
    """Book, tree and trail of one cooperative, with the connection that alone writes its log."""

    def __init__(
        self, folder: Path, keys: NodeKeys, offer_validity_s: int, connection: Writer
    ) -> None:
        self.folder = folder
        self.keys = keys
        self.connection = connection
        self.reader = read_connection(folder / DATABASE_NAME)
        state = load_latest(folder, connection)
        # Before the tail is replayed upon it: the state grows with the log.
        self.snapshot_size = state.size if state else 0
        self.book, self.tree, self.trail = catch_up(connection, state)
        _check_keys(self.book, keys)
        # The blocks before it are hashed again by `node.scrub`, while the node already answers.
        self.scrub((self.tree.size - 1) // BLOCK_LEAVES)
        self.origin = self.book.head.charter.origin
        self.note: str = rows(connection, "SELECT note FROM heads ORDER BY size DESC LIMIT 1")[0][0]
        self.recall = Recall(connection, self.block)
        self.effects = Effects(self.reader, self.book, keys.document, offer_validity_s)

    @classmethod
    def open(cls, folder: Path, keys: NodeKeys, offer_validity_s: int = 86_400) -> "Ledger":
        """Open a node's folder: the latest good snapshot, then the tail of the log.

        Raises:
            StoreError: no database, not durable, open in another process, the log differs from its
                signed head, or the keys are another node's.
        """
        connection = open_database(folder / DATABASE_NAME)
        try:
            return cls(folder, keys, offer_validity_s, connection)
        except StoreError:
            connection.close()
            raise

    def decide_group(
        self, items: list[Item], now: int, statements: Sequence[Statement] = ()
    ) -> Decided:
        """Decide and apply a group in memory and stage its rows.

        Args:
            items: Documents, in order; their verdicts are filled in here and by `answer`.
            now: Second of the group; never before the last entry's.
            statements: Rows beside the log that become durable with the group.

        Raises:
            StoreError: the disk refused; the node must stop.
        """
        decided = self.open_group(now)
        self.enter(decided, items)
        self.close_group(decided, statements)
        return decided

    def open_group(self, now: int) -> Decided:
        """Begin a group upon all that was closed before it; nothing else may be open."""
        return Decided(max(now, self.book.head.at), self.tree.size)

    def enter(self, decided: Decided, items: list[Item]) -> None:
        """Decide and apply each item in turn, in memory alone."""
        salts = random_bytes(SALT_BYTES * len(items))
        at, entries = decided.at, decided.group.entries
        apply, mark = self.book.apply, self.trail.mark
        decided.items += items
        for turn, item in enumerate(items):
            changes = self._decide(item, at, decided)
            if changes is None:
                continue
            apply(changes, at)
            opened = item.opened
            assert opened is not None
            item.place = len(entries)
            index = decided.first + item.place
            extra = item.submission
            plain = is_transfer(changes)
            if not plain:
                self.trail.reach(len(self.book.accounts))
            if not plain or (extra is not None and extra.text is not UNSET):
                self.effects.note(decided.group, changes, opened, extra, index, at)
            words = mark(changes, index)
            salt = salts[turn * SALT_BYTES : (turn + 1) * SALT_BYTES]
            entries.append((index, at, salt, opened.sealed, words))

    def close_group(self, decided: Decided, statements: Sequence[Statement] = ()) -> None:
        """Sign for a group and stage its rows.

        Raises:
            StoreError: the disk refused; the node must stop.
        """
        if decided.group.entries:
            self._seal_group(decided)
        decided.group.statements += statements
        if decided.group:
            stage(self.connection, decided.group)

    def _decide(self, item: Item, at: int, decided: Decided) -> Changes | None:
        try:
            if item.make is not None:
                made = item.make(self.book, at)
                if isinstance(made, Refusal):
                    item.verdict = made
                    return None
                item.opened = made
            opened = item.opened
            assert opened is not None
            changes = decide(self.book, opened, at)
            if isinstance(changes, Refusal):
                self._refuse(item, changes, decided)
                return None
            if type(opened.document) is Discharge:
                self._check_discharge(opened.document)
            extra = item.submission
            if extra is not None and (extra.text is not UNSET or extra.name is not UNSET):
                self._check_extra(extra, opened)
        except (ProtocolError, Conflict) as error:
            item.verdict = error
            return None
        return changes

    def _check_discharge(self, discharge: Discharge) -> None:
        # Spec 0016: The node MUST NOT enter a discharge that is not the largest set-off among its
        # members.
        try:
            rooms = rooms_of(self.book, (one.acct for one in discharge.pots))
            verify_discharge(obligations_of(self.book), discharge, rooms)
        except ProofError as error:
            raise Conflict(f"the obligations are others than this set-off's: {error}") from error

    def _refuse(self, item: Item, refusal: Refusal, decided: Decided) -> None:
        item.verdict = refusal
        opened = item.opened
        assert opened is not None
        if refusal in _MAY_REPEAT and not isinstance(opened.document, CreditLine):
            # Looked for once the group is durable: the twin may stand in this very group.
            decided.again.append(item)

    def find_entry(self, opened: Opened[Any]) -> int:
        """Return the index of the entry that holds this very document, or −1."""
        document = opened.document
        by = document.by
        book = self.book
        if by == book.cooperative:
            slot = COOPERATIVE_SLOT
        else:
            slot = book.accounts.find(by if len(by) == 16 else correspondent_account(by))
        if slot < 0 or not book.is_sequence_used(slot, document.seq):
            return -1
        index = self.recall.place(slot, document.seq, self.trail.authored[slot] - 1)
        if index < 0:
            return -1
        sealed = rows(self.connection, "SELECT sealed FROM entries WHERE idx=?", (index,))[0][0]
        # The number may have been used by a document of another kind.
        return index if reopen_verified(sealed).id == opened.id else -1

    def _check_extra(self, submission: Submission, opened: Opened[Any]) -> None:
        if submission.name is not UNSET and isinstance(opened.document, Admission):
            self.effects.check_name(submission.name)
        if submission.text is UNSET:
            return
        check_text(submission.text)
        # What we answer a neighbour ourselves says nothing of the purpose: its paper does.
        if isinstance(opened.document, Answer | Acknowledgement):
            return
        purposeful = isinstance(opened.document, Order | Invoice)
        what = opened.document.what if purposeful else UNSET
        # Spec 0008: The node MUST refuse a purpose that is not the one whose hash was signed.
        if submission.salt is UNSET or what != purpose_digest(submission.salt, submission.text):
            raise EncodingError("the purpose is not the one that was signed")

    def _seal_group(self, decided: Decided) -> None:
        first, at = decided.first, decided.at
        leaves = entry_leaves([entry[1:4] for entry in decided.group.entries])
        self.tree.extend(leaves)
        size = self.tree.size
        checkpoint = Checkpoint(self.origin, size, self.tree.root())
        self.note = note = sign_checkpoint(checkpoint, self.origin, self.keys.log)
        row = (size, note, self.trail.check, b"".join(leaves))
        decided.group.statements.append((INSERT_HEAD, row))
        paths = self.tree.paths(first, len(leaves))
        entries = decided.group.entries
        for item in decided.items:
            if item.place >= 0:
                place = item.place
                item.verdict = Receipt(
                    at=at, head=note, idx=first + place, path=paths[place], salt=entries[place][2]
                )

    def answer(self, decided: Decided) -> None:
        """Fill in the verdicts that needed the group to be durable: repeated documents."""
        for item in decided.again:
            assert item.opened is not None
            index = self.find_entry(item.opened)
            if index >= 0:
                item.verdict = self.receipt(index)

    def receipt(self, index: int) -> Receipt:
        """Return the receipt of any entry: always the one that was given first."""
        at, salt = rows(self.connection, "SELECT at, salt FROM entries WHERE idx=?", (index,))[0]
        size, note = rows(
            self.connection,
            "SELECT size, note FROM heads WHERE size>? ORDER BY size LIMIT 1",
            (index,),
        )[0]
        path = self.tree.proof(index, size, self.recall.block)
        return Receipt(at=at, head=note, idx=index, path=path, salt=salt)

    def block(self, number: int) -> list[bytes]:
        """Return the leaf hashes of a block of 256 entries, from the documents on the disk."""
        begin = number * BLOCK_LEAVES
        found = rows(
            self.reader,
            "SELECT at, salt, sealed FROM entries WHERE idx>=? AND idx<? ORDER BY idx",
            (begin, begin + BLOCK_LEAVES),
        )
        return entry_leaves(found)

    def scrub(self, number: int) -> None:
        """Hash the documents of one block again: a full one, or at the start the last one.

        Raises:
            StoreError: a document, its salt or its second is not what was signed for.
        """
        if not self.tree.holds(number, self.block(number)):
            begin = number * BLOCK_LEAVES
            raise StoreError(
                f"a document from entry {begin} to {begin + BLOCK_LEAVES - 1} was changed on the "
                "disk: restore a backup; `ronde-node doctor` says which"
            )

    def snapshot(self) -> None:
        """Write the state to a snapshot file, so that the next start has less to replay."""
        if self.tree.size > self.snapshot_size:
            save(self.folder, self.book, self.tree, self.trail)
            self.snapshot_size = self.tree.size

    def close(self) -> None:
        """Close the database."""
        self.reader.close()
        self.connection.close()


def _check_keys(book: Book, keys: NodeKeys) -> None:
    """Refuse to sign with another node's keys: nobody could verify such a receipt."""
    current = book.accounts.key_state(COOPERATIVE_SLOT).keys
    if keys.log_key != book.head.charter.log or keys.document_key not in current:
        raise StoreError("the keys of this folder are not those of its log")
