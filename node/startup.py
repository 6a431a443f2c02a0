"""From snapshot and log tail to the state in memory; checked against the signed head."""

import sqlite3

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
from protocol.log.merkle import HASH_BYTES
from protocol.log.tree import Tree
from protocol.messages.decisions import Charter


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

    The node verified every signature when it stored the entry. Here it replays the trails, whose
    check must be the one that was written, over the leaves, whose root must be the one that it
    signed last; the documents are hashed again by `node.scrub`, while the node already answers.

    Args:
        connection: To the log.
        snapshot: Where to begin.
        anew: Hash and decide every document again instead of trusting leaves and trails.

    Raises:
        StoreError: an entry is refused, or the log differs from its signed head.
    """
    try:
        return _catch_up(connection, snapshot, anew)
    except (
        ProtocolError, sqlite3.Error, ArithmeticError, AssertionError, LookupError, ValueError,
        TypeError,
    ) as error:  # fmt: skip
        # Whatever shape a damaged row takes, the answer is the same.
        raise StoreError(f"the log is damaged: {error or type(error).__name__}") from error


def _catch_up(
    connection: sqlite3.Connection, snapshot: State | None, anew: bool
) -> tuple[Book, Tree, Trail]:
    state = snapshot or _found(connection)
    book, tree, trail = state.book, state.tree, state.trail
    trail.reach(len(book.accounts))
    read = connection.execute(
        "SELECT idx, at, trail FROM entries WHERE idx>=? ORDER BY idx", (tree.size,)
    )
    heads = connection.execute(
        "SELECT size, leaves FROM heads WHERE size>? ORDER BY size", (tree.size,)
    )
    for size, leaves in heads:
        begin = tree.size
        group = read.fetchmany(size - begin)
        # So many different numbers in order, from the first to the last: none is missing.
        whole = len(group) == size - begin and (group[0][0], group[-1][0]) == (begin, size - 1)
        if not whole or len(leaves) != (size - begin) * HASH_BYTES:
            raise StoreError(f"entries {begin} to {size - 1} are not all in the log")
        if anew:
            _hash_again(connection, begin, size, leaves)
        for index, at, words in group:
            if anew or not replay(book, trail, words, at, index):
                _decide_again(connection, state, at, index, words)
        tree.extend([leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)])
    _check_head(connection, book, tree, trail)
    if read.fetchone() is not None:
        raise StoreError("the log has entries that no head was signed for")
    return book, tree, trail


def _hash_again(connection: sqlite3.Connection, begin: int, size: int, leaves: bytes) -> None:
    found = connection.execute(
        "SELECT idx, salt, at, sealed FROM entries WHERE idx>=? AND idx<? ORDER BY idx",
        (begin, size),
    )
    for place, (index, salt, at, sealed) in enumerate(found):
        leaf = leaves[place * HASH_BYTES : (place + 1) * HASH_BYTES]
        if entry_leaf(salt, at, sealed) != leaf:
            raise StoreError(f"entry {index} differs from its leaf")


def _decide_again(
    connection: sqlite3.Connection, state: State, at: int, index: int, words: bytes
) -> None:
    book, trail = state.book, state.trail
    sealed = rows(connection, "SELECT sealed FROM entries WHERE idx=?", (index,))[0][0]
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
