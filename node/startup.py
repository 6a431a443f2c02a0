"""From snapshot and log tail to the state in memory; checked against the signed head."""

import sqlite3
from typing import Final

from node.errors import StoreError
from node.snapshot import State
from node.store.database import rows
from node.trail import Trail, replay
from protocol.envelope import Opened, open_sealed, reopen_verified
from protocol.errors import ProtocolError
from protocol.ledger.book import Book
from protocol.ledger.decide import decide
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.log.checkpoints import open_checkpoint
from protocol.log.leaves import entry_leaf
from protocol.log.tree import BLOCK_LEAVES, Tree
from protocol.messages.decisions import Charter

_FETCH: Final = 4 * BLOCK_LEAVES


def found_state(opened: Opened[Charter], at: int) -> Book:
    """Return the book of a charter.

    Raises:
        StoreError: the charter founds nothing.
    """
    book = found(opened, at)
    if isinstance(book, Refusal):
        raise StoreError(f"the charter is refused: {book.name}")
    return book


def _found(connection: sqlite3.Connection) -> State:
    first = rows(connection, "SELECT at, salt, sealed FROM entries WHERE idx=0")
    if not first:
        raise StoreError("the log is empty: it has no charter")
    at, salt, sealed = first[0]
    state = State(found_state(open_sealed(sealed, Charter), at), Tree(), Trail())
    state.tree.extend([entry_leaf(salt, at, sealed)])
    return state


def catch_up(
    connection: sqlite3.Connection, snapshot: State | None, *, anew: bool = False
) -> tuple[Book, Tree, Trail]:
    """Replay the tail of the log upon a snapshot, or the whole log without one.

    The node verified every signature when it stored the entry; here the leaves are hashed again,
    and the root must be the one that the node signed last.

    Args:
        connection: To the log.
        snapshot: Where to begin.
        anew: Decide every document again instead of trusting the trails.

    Raises:
        StoreError: an entry is refused, or the log differs from its signed head.
    """
    try:
        return _catch_up(connection, snapshot, anew)
    except (
        ProtocolError, sqlite3.Error, ArithmeticError, AssertionError, LookupError, ValueError
    ) as error:  # fmt: skip
        # Whatever shape a damaged row takes, the answer is the same.
        raise StoreError(f"the log is damaged: {error or type(error).__name__}") from error


def _catch_up(
    connection: sqlite3.Connection, snapshot: State | None, anew: bool
) -> tuple[Book, Tree, Trail]:
    state = snapshot or _found(connection)
    book, tree, trail = state.book, state.tree, state.trail
    trail.reach(len(book.accounts))
    cursor = connection.execute(
        "SELECT idx, at, salt, sealed, trail FROM entries WHERE idx>=? ORDER BY idx", (tree.size,)
    )
    index = tree.size
    while batch := cursor.fetchmany(_FETCH):
        leaves = []
        for idx, at, salt, sealed, words in batch:
            if idx != index:
                raise StoreError(f"entry {index} is missing from the log")
            leaves.append(entry_leaf(salt, at, sealed))
            if anew or not replay(book, trail, words, at, idx):
                _decide_again(book, trail, sealed, at, idx, words)
            index += 1
        tree.extend(leaves)
    _check_head(connection, book, tree, trail)
    return book, tree, trail


def _decide_again(
    book: Book, trail: Trail, sealed: bytes, at: int, index: int, words: bytes
) -> None:
    changes = decide(book, reopen_verified(sealed), at)
    if isinstance(changes, Refusal):
        raise StoreError(f"entry {index} is refused at its replay: {changes.name}")
    book.apply(changes, at)
    trail.reach(len(book.accounts))
    if trail.mark(changes, index) != words:
        raise StoreError(f"entry {index} has another trail than its document leaves")


def _check_head(connection: sqlite3.Connection, book: Book, tree: Tree, trail: Trail) -> None:
    found = rows(connection, "SELECT note, trails FROM heads ORDER BY size DESC LIMIT 1")
    if not found:
        raise StoreError("the log has no signed head")
    note, trails = found[0]
    charter = book.head.charter
    head = open_checkpoint(note, charter.origin, charter.log)
    if (head.size, head.root) != (tree.size, tree.root()):
        raise StoreError(
            f"the log of {tree.size} entries differs from its signed head of {head.size}: "
            "restore a backup; `ronde-node doctor` says more"
        )
    if trails != trail.check:
        raise StoreError("the trails differ from those that were written: restore a backup")
    if book.sum() != 0:
        raise StoreError("the balances do not sum to zero")
