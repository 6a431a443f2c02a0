"""The trail of every account through the log: which entry touched it last, and before that.

Each entry carries the indices of the entries before it on each account that it touched, so a
member's history and the search for a repeated order are walks, with no index to write.
An entry that changes an invoice touches both its sides, by 0 when no balance moves.
A trail is little-endian 64-bit words: replayable, author's slot or −1, author's number, author's
entry before + 1, then (slot, change in minor units, entry before + 1) for each account.
"""

from array import array
from struct import Struct
from typing import Final, TypeGuard
from zlib import crc32

from protocol.ledger.book import Book
from protocol.ledger.changes import Changes, InvoiceChange, Posted, SequenceUsed

HEAD_WORDS: Final = 4
_NOBODY: Final = -1
# The trail of one payer and one payee, by far the most common: packed at once.
_TWO_MOVES: Final = Struct(f"={HEAD_WORDS + 2 * 3}q")
_TWO_BYTES: Final = _TWO_MOVES.size
_READ_TWO: Final = _TWO_MOVES.unpack


class Trail:
    """Last entry + 1 of every slot: `touched` moved its balance, `authored` it signed.

    Attributes:
        check: CRC-32 of all trails so far. No leaf covers a trail, and a start replays it: a disk
            that changed one must be noticed.
    """

    def __init__(self) -> None:
        self.check = 0
        self.touched = array("q")
        self.authored = array("q")

    def reach(self, slots: int) -> None:
        """Make room for a number of slots."""
        missing = slots - len(self.touched)
        if missing > 0:
            self.touched.extend([0] * missing)
            self.authored.extend([0] * missing)

    def mark(self, changes: Changes, index: int) -> bytes:
        """Note an entry on the trails of its accounts and return the words to store with it."""
        if is_transfer(changes) and len(changes[0].moves) == 2:
            return self._mark_two(*changes, index)
        author, seq, before = _NOBODY, 0, 0
        moves: list[tuple[int, int]] = []
        quiet: list[int] = []
        for change in changes:
            if type(change) is Posted:
                moves = change.moves
            elif type(change) is SequenceUsed:
                author, seq = change.slot, change.seq
                before = self.authored[author]
                self.authored[author] = index + 1
            elif isinstance(change, InvoiceChange):
                quiet += (change.creditor, change.debtor)
        if quiet:
            moved = [slot for slot, _ in moves]
            moves = [*moves, *((slot, 0) for slot in dict.fromkeys(quiet) if slot not in moved)]
        words = [int(is_transfer(changes)), author, seq, before]
        touched = self.touched
        for slot, amount in moves:
            words += (slot, amount, touched[slot])
            touched[slot] = index + 1
        stored = array("q", words).tobytes()
        self.check = crc32(stored, self.check)
        return stored

    def _mark_two(self, posted: Posted, used: SequenceUsed, index: int) -> bytes:
        """Mark the most common entry without a loop: a node does this all day."""
        touched = self.touched
        author = used.slot
        (payer, less), (payee, more) = posted.moves
        stored = _TWO_MOVES.pack(
            1, author, used.seq, self.authored[author],
            payer, less, touched[payer], payee, more, touched[payee],
        )  # fmt: skip
        touched[payer] = touched[payee] = self.authored[author] = index + 1
        self.check = crc32(stored, self.check)
        return stored


def is_transfer(changes: Changes) -> TypeGuard[tuple[Posted, SequenceUsed]]:
    """Say whether an entry only moves amounts for one author: its trail alone can replay it."""
    return len(changes) == 2 and type(changes[0]) is Posted and type(changes[1]) is SequenceUsed


def replay(book: Book, trail: Trail, words: bytes, at: int, index: int) -> bool:
    """Apply an ordinary transfer again from its trail alone.

    Returns:
        False when the entry is of another kind and its document must be decided again.
    """
    touched = trail.touched
    if len(words) == _TWO_BYTES:
        kind, author, seq, _, payer, less, _, payee, more, _ = _READ_TWO(words)
        if not kind:
            return False
        moves = [(payer, less), (payee, more)]
        touched[payer] = touched[payee] = index + 1
    else:
        kind, author, seq, _, *marks = memoryview(words).cast("q")
        if not kind:
            return False
        moves = list(zip(marks[::3], marks[1::3], strict=True))
        for slot, _ in moves:
            touched[slot] = index + 1
    trail.authored[author] = index + 1
    trail.check = crc32(words, trail.check)
    book.apply((Posted(moves), SequenceUsed(author, seq)), at)
    return True


def previous_authored(words: bytes) -> tuple[int, int]:
    """Return an entry's author's number, and the index of the author's entry before, or −1."""
    cells = array("q")
    cells.frombytes(words[: HEAD_WORDS * 8])
    return cells[2], cells[3] - 1


def step(words: bytes, slot: int) -> tuple[int, int] | None:
    """Return what an entry did to a slot: change in minor units, entry before or −1.

    None when the entry did not touch it.
    """
    cells = array("q")
    cells.frombytes(words)
    for place in range(HEAD_WORDS, len(cells), 3):
        if cells[place] == slot:
            return cells[place + 1], cells[place + 2] - 1
    return None
