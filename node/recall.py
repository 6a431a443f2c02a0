"""What repeats need of the past: where an author's number stands, and the leaves of full blocks.

The log has no index by author. The author's trail is walked back, and what was seen is kept: a
thousand repeats of one old order walk once, where each walk would keep everybody else waiting.
"""

from collections.abc import Callable
from sqlite3 import Connection
from typing import Final

from node.store.database import rows
from node.trail import previous_authored

PLACES_MAX: Final = 100_000
BLOCKS_MAX: Final = 64


class _Walk:
    """One author's trail, walked from `top` down to above `low`; indices, −1 for the end."""

    def __init__(self, newest: int) -> None:
        self.top = self.low = newest
        self.places: dict[int, int] = {}


class Recall:
    """Remembers what it read of the log; nothing that it knows can change.

    Args:
        connection: The writer's own: what it staged is asked for only once it is durable.
        read_block: Gives the leaf hashes of a full block from the disk.
    """

    def __init__(self, connection: Connection, read_block: Callable[[int], list[bytes]]) -> None:
        self._connection = connection
        self._read_block = read_block
        self._walks: dict[int, _Walk] = {}
        self._places = 0
        self._blocks: dict[int, list[bytes]] = {}

    def place(self, slot: int, seq: int, newest: int) -> int:
        """Return the index of the newest entry that used an author's number, or −1.

        Args:
            slot: The author's.
            seq: The number.
            newest: Index of the author's newest entry, or −1.
        """
        # Whoever was asked about last is forgotten last.
        walk = self._walks.pop(slot, None) or _Walk(newest)
        self._walks[slot] = walk
        had = len(walk.places)
        fresh: dict[int, int] = {}
        index = newest
        while index > walk.top:
            number, before = self._step(index)
            fresh.setdefault(number, index)
            index = before
        walk.top = newest
        walk.places |= fresh
        while seq not in walk.places and walk.low >= 0:
            number, before = self._step(walk.low)
            walk.places.setdefault(number, walk.low)
            walk.low = before
        self._places += len(walk.places) - had
        self._forget()
        return walk.places.get(seq, -1)

    def _step(self, index: int) -> tuple[int, int]:
        found = rows(self._connection, "SELECT trail FROM entries WHERE idx=?", (index,))
        return previous_authored(found[0][0])

    def _forget(self) -> None:
        while self._places > PLACES_MAX and len(self._walks) > 1:
            oldest = self._walks.pop(next(iter(self._walks)))
            self._places -= len(oldest.places)

    def block(self, number: int) -> list[bytes]:
        """Return the leaf hashes of a full block, read once."""
        known = self._blocks.get(number)
        if known is None:
            known = self._read_block(number)
            if len(self._blocks) >= BLOCKS_MAX:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = known
        return known
