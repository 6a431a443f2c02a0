"""The Merkle tree of RFC 6962 §2.1 as pure functions: roots, paths, and their verification.

Whoever keeps a tree hands in `Node`, which gives the hash of a perfect subtree:
`node(level, index)` covers the 2^level leaves from index · 2^level on.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from protocol.errors import ProofError

HASH_BYTES: Final = 32
# No tree has more leaves than an integer of a document can count, so no path is longer.
TREE_SIZE_MAX: Final = 2**53 - 1
PATH_HASHES_MAX: Final = 53
# Spec 0007: The root of an empty log is the SHA-256 of no bytes.
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Node = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte hash of a leaf that holds `entry` (RFC 6962 §2.1)."""
    # Spec 0007: The hash of a leaf is SHA-256(0x00 ‖ entry).
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of the node above two hashes (RFC 6962 §2.1)."""
    # Spec 0007: The hash of a node is SHA-256(0x01 ‖ left ‖ right).
    return hashlib.sha256(b"\x01" + left + right).digest()


def _span(node: Node, first: int, count: int) -> bytes:
    """Return the hash over `count` ≥ 1 leaves from `first`, a multiple of a power of two ≥ count.

    The perfect subtrees of such a span stand from the largest to the smallest; they are folded
    from the right, as the definition does.
    """
    found = None
    end = first + count
    level = 0
    while count:
        if count & 1:
            end -= 1 << level
            hashed = node(level, end >> level)
            found = hashed if found is None else node_hash(hashed, found)
        count >>= 1
        level += 1
    assert found is not None
    return found


def root(node: Node, size: int) -> bytes:
    """Return the root of the first `size` leaves.

    Args:
        node: Hashes of perfect subtrees.
        size: 0 or more leaves.

    Source:
        RFC 6962 §2.1.
    """
    return _span(node, 0, size) if size else EMPTY_ROOT


def inclusion_path(node: Node, index: int, size: int) -> list[bytes]:
    """Return the path from one leaf to the root, from the bottom to the top.

    Args:
        node: Hashes of perfect subtrees.
        index: The leaf, 0 ≤ index < size.
        size: The size of the tree that the path leads to.

    Source:
        RFC 6962 §2.1.1.
    """
    assert 0 <= index < size
    path = []
    level = 0
    while (size - 1) >> level:
        sibling = (index >> level) ^ 1
        first = sibling << level
        # A node without a neighbour on its right is carried up unchanged: nothing to prove.
        if first < size:
            path.append(_span(node, first, min(1 << level, size - first)))
        level += 1
    return path


def consistency_path(node: Node, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of size `new` begins with the tree of size `old`.

    Args:
        node: Hashes of perfect subtrees.
        old: The earlier size, 0 ≤ old ≤ new.
        new: The later size.

    Returns:
        Hashes in the order of RFC 6962; empty when `old` is 0 or equals `new`.

    Source:
        RFC 6962 §2.1.2.
    """
    assert 0 <= old <= new
    if old in (0, new):
        return []
    path = []
    first, kept, whole, count = 0, True, old, new
    while whole != count:
        half = 1 << (count - 1).bit_length() - 1
        if whole <= half:
            path.append(_span(node, first + half, count - half))
            count = half
        else:
            path.append(_span(node, first, half))
            first, whole, count, kept = first + half, whole - half, count - half, False
    if not kept:
        path.append(_span(node, first, whole))
    path.reverse()
    return path


def _check_hashes(hashes: Sequence[bytes]) -> None:
    # Spec 0007: The reader MUST refuse a root or a hash of a path that is not 32 bytes long.
    if any(len(hashed) != HASH_BYTES for hashed in hashes):
        raise ProofError("a hash of a proof is not 32 bytes long")


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root_hash: bytes
) -> None:
    """Verify that a leaf stands at `index` in the tree of `size` leaves with this root.

    Args:
        leaf: The 32-byte leaf hash.
        index: Its place, from 0.
        size: The size that the checkpoint states.
        path: 32-byte hashes from the bottom to the top.
        root_hash: The root that the checkpoint states.

    Raises:
        ProofError: the index is outside the tree, or the path has another length or root.

    Source:
        RFC 6962 §2.1.1.
    """
    # Spec 0007: The reader MUST refuse an index that is not below the size.
    if not 0 <= index < size <= TREE_SIZE_MAX:
        raise ProofError(f"index {index} outside a log of {size}")
    _check_hashes([leaf, *path, root_hash])
    found = leaf
    place, last, used = index, size - 1, 0
    while last:
        if place & 1 or place < last:
            # Spec 0007: The reader MUST refuse a path that is shorter or longer than the tree asks.
            if used == len(path):
                raise ProofError("the inclusion path is too short")
            hashed = path[used]
            used += 1
            found = node_hash(hashed, found) if place & 1 else node_hash(found, hashed)
        place >>= 1
        last >>= 1
    if used != len(path):
        raise ProofError("the inclusion path is too long")
    # Spec 0007: The reader MUST refuse a path that does not lead to the root of the checkpoint.
    if found != root_hash:
        raise ProofError("the inclusion path leads to another root")


def verify_consistency(
    old_size: int, new_size: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Verify that the later tree begins with the earlier one: nothing was rewritten.

    Args:
        old_size: Leaves of the earlier tree.
        new_size: Leaves of the later tree.
        path: 32-byte hashes in the order of RFC 6962.
        old_root: Root of the earlier tree.
        new_root: Root of the later tree.

    Raises:
        ProofError: sizes in the wrong order, a path of another length, or another root.

    Source:
        RFC 6962 §2.1.2.
    """
    # Spec 0007: The reader MUST refuse a consistency proof from a larger size to a smaller one.
    if not 0 <= old_size <= new_size <= TREE_SIZE_MAX:
        raise ProofError(f"a log does not grow from {old_size} to {new_size}")
    _check_hashes([*path, old_root, new_root])
    if old_size in (0, new_size):
        _verify_trivial(old_size, new_size, path, old_root, new_root)
        return
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    hashes = iter(path)
    # A perfect earlier tree is a node of the later one, so its root is not sent again.
    first = _next(hashes) if place else old_root
    old_found = new_found = first
    while last:
        if place & 1:
            hashed = _next(hashes)
            old_found, new_found = node_hash(hashed, old_found), node_hash(hashed, new_found)
        elif place < last:
            new_found = node_hash(new_found, _next(hashes))
        place, last = place >> 1, last >> 1
    if next(hashes, None) is not None:
        raise ProofError("the consistency proof is too long")
    if old_found != old_root:
        raise ProofError("the consistency proof leads to another earlier root")
    if new_found != new_root:
        raise ProofError("the consistency proof leads to another later root")


def _next(hashes: Iterator[bytes]) -> bytes:
    hashed = next(hashes, None)
    if hashed is None:
        raise ProofError("the consistency proof is too short")
    return hashed


def _verify_trivial(
    old_size: int, new_size: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Two equal trees, or an empty earlier one: there is nothing to prove, and only one root."""
    if path:
        raise ProofError("the consistency proof is too long")
    if old_size == new_size and old_root != new_root:
        raise ProofError("two roots for one size")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ProofError("the root of an empty log is another")
