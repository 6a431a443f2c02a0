"""The growing tree of a node: few bytes a leaf in memory, and the paths of a commit all at once.

Levels 8 and up (one hash for each full block of 256 leaves, and what stands above) are kept whole,
64 bytes a block. Levels 0 to 7 are kept only from the first block that the last commit touched.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from protocol.errors import EncodingError
from protocol.log import merkle
from protocol.log.merkle import EMPTY_ROOT, HASH_BYTES, TREE_SIZE_MAX

BLOCK_LEVEL: Final = 8
BLOCK_LEAVES: Final = 1 << BLOCK_LEVEL

# The leaf hashes of one old block: 256 of them when the block is full, else those it has.
Block = Callable[[int], Sequence[bytes]]


def _parents(children: list[bytes]) -> list[bytes]:
    """Return the hashes above consecutive pairs; spelled out because a node lives in this line."""
    sha256 = hashlib.sha256
    return [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(children[::2], children[1::2], strict=True)
    ]


class Tree:
    """An append-only RFC 6962 tree that one writer grows commit by commit.

    Attributes:
        size: Number of leaves.
    """

    __slots__ = ("_edge", "_first", "_low", "_upper", "size")

    def __init__(self) -> None:
        """Begin an empty tree."""
        self.size = 0
        # Hashes of perfect nodes of levels 0 to 7, from leaf `_first` on, a multiple of 256.
        self._low: list[list[bytes]] = [[] for _ in range(BLOCK_LEVEL)]
        self._first = 0
        # Hashes of perfect nodes of levels 8, 9, …: 32 bytes each, one after the other.
        self._upper: list[bytearray] = [bytearray()]
        self._edge: list[bytes] | None = None

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Append the leaves of one commit.

        Args:
            leaf_hashes: 32 bytes each, in order; memory holds these until the next call.

        Source:
            RFC 6962 §2.1.
        """
        if not leaf_hashes:
            return
        low = self._low
        dropped = (self.size & -BLOCK_LEAVES) - self._first
        if dropped:
            for level, hashes in enumerate(low):
                del hashes[: dropped >> level]
            self._first += dropped
        had = self.size
        self.size += len(leaf_hashes)
        assert self.size <= TREE_SIZE_MAX
        self._edge = None
        low[0] += leaf_hashes
        for level in range(1, BLOCK_LEVEL + 1):
            # Nodes of this level that the commit completed: their children come in pairs.
            shift = self._first >> level - 1
            begin, end = had >> level, self.size >> level
            if begin == end:
                break
            parents = _parents(low[level - 1][2 * begin - shift : 2 * end - shift])
            if level < BLOCK_LEVEL:
                low[level] += parents
            else:
                self._grow(begin, parents)

    def _grow(self, had: int, parents: list[bytes]) -> None:
        """Append nodes of level 8 after the `had` that stand there, and what they complete."""
        sha256 = hashlib.sha256
        upper = self._upper
        upper[0] += b"".join(parents)
        count = had + len(parents)
        level = 0
        while had >> 1 != count >> 1:
            had, count = had >> 1, count >> 1
            below = upper[level]
            level += 1
            if level == len(upper):
                upper.append(bytearray())
            upper[level] += b"".join(
                sha256(b"\x01" + below[at : at + 64]).digest()
                for at in range(had * 64, count * 64, 64)
            )

    def _node(self, level: int, index: int) -> bytes:
        """Return the hash of a perfect node that memory holds."""
        if level >= BLOCK_LEVEL:
            at = index * HASH_BYTES
            return bytes(self._upper[level - BLOCK_LEVEL][at : at + HASH_BYTES])
        return self._low[level][index - (self._first >> level)]

    def _edges(self) -> list[bytes]:
        """Return the hash of the rightmost node of each level, ragged or not, up to the root."""
        if self._edge is None:
            sha256 = hashlib.sha256
            index = self.size - 1
            found = self._low[0][-1]
            edge = [found]
            level = 0
            while index:
                if index & 1:
                    left = self._node(level, index - 1)
                    found = sha256(b"\x01" + left + found).digest()
                edge.append(found)
                level += 1
                index >>= 1
            self._edge = edge
        return self._edge

    def root(self) -> bytes:
        """Return the 32-byte root of all the leaves."""
        return self._edges()[-1] if self.size else EMPTY_ROOT

    def paths(self, first: int, count: int) -> list[bytes]:
        """Return the inclusion paths of consecutive leaves of the last commit, at the present size.

        Args:
            first: Index of the first leaf; its block was touched by the last `extend`.
            count: 1 or more leaves.

        Returns:
            One path a leaf: its hashes from the bottom to the top, 32 bytes each, in one piece.

        Source:
            RFC 6962 §2.1.1.
        """
        assert self._first <= first < first + count <= self.size
        edge = self._edges()
        last = self.size - 1
        low, high = first, first + count - 1
        # Paths are made from the top: all the leaves under a node share what follows it.
        above = [b""]
        for level in range(len(edge) - 2, -1, -1):
            begin, end = low >> level, high >> level
            above = self._below(level, begin, end, last >> level, above)
        return above

    def _below(
        self, level: int, begin: int, end: int, last: int, above: list[bytes]
    ) -> list[bytes]:
        """Return the paths of the nodes begin to end of a level, given those of their parents.

        Each path is the hash of the node's neighbour and then its parent's path.
        """
        edge = self._edge
        assert edge is not None
        if begin == end:
            sibling = begin ^ 1
            if sibling > last:
                return above
            return [(edge[level] if sibling == last else self._node(level, sibling)) + above[0]]
        hashes = self._row(level, begin & -2, min(end | 1, last) + 1)
        if end | 1 >= last:
            hashes[last - (begin & -2)] = edge[level]
        carried = len(hashes) & 1
        pairs = zip(above, hashes[::2], hashes[1::2], strict=False)
        paths = [path for up, left, right in pairs for path in (right + up, left + up)]
        if carried:
            paths.append(above[-1])
        elif not end & 1:
            paths.pop()
        if begin & 1:
            del paths[0]
        return paths

    def _row(self, level: int, begin: int, end: int) -> list[bytes]:
        """Return the hashes of the nodes begin to end − 1; a ragged last one is left to be set."""
        if level < BLOCK_LEVEL:
            shift = self._first >> level
            hashes = self._low[level][begin - shift : end - shift]
        else:
            row = self._upper[level - BLOCK_LEVEL][begin * HASH_BYTES : end * HASH_BYTES]
            hashes = [bytes(row[at : at + HASH_BYTES]) for at in range(0, len(row), HASH_BYTES)]
        if len(hashes) < end - begin:
            hashes.append(b"")
        return hashes

    def _reader(self, block: Block) -> merkle.Node:
        """Return an accessor of perfect nodes that asks `block` for what memory has dropped."""
        known: dict[int, list[list[bytes]]] = {}

        def node(level: int, index: int) -> bytes:
            if level >= BLOCK_LEVEL or index << level >= self._first:
                return self._node(level, index)
            number = index >> BLOCK_LEVEL - level
            if number not in known:
                rows = [list(block(number))]
                assert len(rows[0]) == BLOCK_LEAVES
                while len(rows) < BLOCK_LEVEL:
                    rows.append(_parents(rows[-1]))
                known[number] = rows
            return known[number][level][index & (1 << BLOCK_LEVEL - level) - 1]

        return node

    def proof(self, index: int, size: int, block: Block) -> bytes:
        """Return the inclusion path of any leaf in the tree as it was at any earlier size.

        Args:
            index: The leaf, below `size`.
            size: A size that this tree had, or has.
            block: Gives the 256 leaf hashes of a full block by its number; asked at most twice.

        Returns:
            Hashes from the bottom to the top, 32 bytes each, in one piece.

        Source:
            RFC 6962 §2.1.1.
        """
        assert 0 <= index < size <= self.size
        return b"".join(merkle.inclusion_path(self._reader(block), index, size))

    def consistency(self, old: int, new: int, block: Block) -> bytes:
        """Return the proof that the tree at size `new` begins with the tree at size `old`.

        Args:
            old: The earlier size, 0 ≤ old ≤ new.
            new: The later size, at most the present one.
            block: Gives the 256 leaf hashes of a full block by its number; asked at most twice.

        Returns:
            Hashes in the order of RFC 6962, 32 bytes each, in one piece.

        Source:
            RFC 6962 §2.1.2.
        """
        assert 0 <= old <= new <= self.size
        return b"".join(merkle.consistency_path(self._reader(block), old, new))

    def holds(self, number: int, leaf_hashes: Sequence[bytes]) -> bool:
        """Say whether these are the leaves of a block, or the first ones of the last block.

        Args:
            number: The block; it begins at leaf 256 · number.
            leaf_hashes: 1 to 256 leaf hashes, 32 bytes each.
        """
        if not 0 < len(leaf_hashes) <= BLOCK_LEAVES:
            return False
        begin = number * BLOCK_LEAVES
        if begin >= self._first:
            at = begin - self._first
            return self._low[0][at : at + len(leaf_hashes)] == list(leaf_hashes)
        row = list(leaf_hashes)
        while len(row) > 1:
            row = _parents(row)
        return len(leaf_hashes) == BLOCK_LEAVES and row[0] == self._node(BLOCK_LEVEL, number)

    def dump(self) -> bytes:
        """Return what a snapshot needs, in one piece.

        Returns:
            The size in 8 bytes, a hash for each block before the last one, and the leaf hashes of
            the last block, of which there are 1 to 256 unless the tree is empty.

        Source:
            Spec 0007, snapshot of a tree.
        """
        blocks = max(self.size - 1, 0) >> BLOCK_LEVEL
        leaves = self._low[0][(blocks << BLOCK_LEVEL) - self._first :]
        upper = bytes(self._upper[0][: blocks * HASH_BYTES])
        return self.size.to_bytes(8, "big") + upper + b"".join(leaves)

    @classmethod
    def load(cls, blob: bytes) -> "Tree":
        """Return the tree of a snapshot; levels above 8 are hashed again, so none can disagree.

        Args:
            blob: What `dump` returned; the caller compares the root with its checkpoint.

        Raises:
            EncodingError: the length does not fit the size that it states.

        Source:
            Spec 0007, snapshot of a tree.
        """
        size = int.from_bytes(blob[:8], "big")
        blocks = max(size - 1, 0) >> BLOCK_LEVEL
        leaves = size - blocks * BLOCK_LEAVES
        if len(blob) != 8 + (blocks + leaves) * HASH_BYTES or size > TREE_SIZE_MAX:
            raise EncodingError(f"snapshot of a tree of {size} leaves in {len(blob)} bytes")
        hashes = [blob[at : at + HASH_BYTES] for at in range(8, len(blob), HASH_BYTES)]
        tree = cls()
        tree.size = tree._first = blocks * BLOCK_LEAVES
        tree._grow(0, hashes[:blocks])
        tree.extend(hashes[blocks:])
        return tree
