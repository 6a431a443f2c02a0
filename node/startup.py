"""From snapshot and log tail to the state in memory; checked against the signed head."""

import sqlite3
from typing import Final

from node.errors import StoreError
from node.snapshot import State
from node.store.database import rows
from node.trail import Trail, replay
from protocol.envelope import Opened, open_sealed, reopen_verified
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
    connection: sqlite3.Connection, snapshot: State | None
) -> tuple[Book, Tree, Trail]:
    """Replay the tail of the log upon a snapshot, or the whole log without one.

    The node verified every signature when it stored the entry; here the leaves are hashed again,
    and the root must be the one that the node signed last.

    Raises:
        StoreError: an entry is refused, or the log differs from its signed head.
    """
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
            if not replay(book, trail, words, at, idx):
                _decide_again(book, trail, sealed, at, idx)
            index += 1
        tree.extend(leaves)
    _check_head(connection, book, tree)
    return book, tree, trail


def _decide_again(book: Book, trail: Trail, sealed: bytes, at: int, index: int) -> None:
    changes = decide(book, reopen_verified(sealed), at)
    if isinstance(changes, Refusal):
        raise StoreError(f"entry {index} is refused at its replay: {changes.name}")
    book.apply(changes, at)
    trail.reach(len(book.accounts))
    trail.mark(changes, index)


def _check_head(connection: sqlite3.Connection, book: Book, tree: Tree) -> None:
    note = rows(connection, "SELECT note FROM heads ORDER BY size DESC LIMIT 1")[0][0]
    charter = book.head.charter
    head = open_checkpoint(note, charter.origin, charter.log)
    if (head.size, head.root) != (tree.size, tree.root()):
        raise StoreError(
            f"the log of {tree.size} entries differs from its signed head of {head.size}: "
            "restore a backup; `ronde-node doctor` says more"
        )
    if book.sum() != 0:
        raise StoreError("the balances do not sum to zero")
