"""The growing tree of a node gives what the definition gives, however its commits are cut."""

import hashlib
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.errors import EncodingError
from protocol.log import merkle
from protocol.log.tree import BLOCK_LEAVES, Tree

COUNT = 1_100
LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(COUNT)]
ROWS: list[list[bytes]] = [LEAVES]
while len(ROWS[-1]) > 1:
    below = ROWS[-1]
    ROWS.append([merkle.node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])


def node(level: int, index: int) -> bytes:
    return ROWS[level][index]


@cache
def root(size: int) -> bytes:
    return merkle.root(node, size)


def path(index: int, size: int) -> bytes:
    return b"".join(merkle.inclusion_path(node, index, size))


def block(number: int) -> list[bytes]:
    return LEAVES[number * BLOCK_LEAVES : (number + 1) * BLOCK_LEAVES]


def grown(*counts: int) -> Tree:
    tree = Tree()
    for count in counts:
        tree.extend(LEAVES[tree.size : tree.size + count])
    return tree


def test_the_root_is_that_of_the_definition_at_every_size() -> None:
    tree = Tree()
    assert tree.root() == merkle.EMPTY_ROOT
    for size in range(1, 601):
        tree.extend(LEAVES[size - 1 : size])
        assert tree.size == size
        assert tree.root() == root(size)
        assert tree.paths(size - 1, 1) == [path(size - 1, size)]


def test_one_commit_of_any_size_gives_every_path() -> None:
    for size in range(1, 601, 7):
        assert grown(size).paths(0, size) == [path(index, size) for index in range(size)]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([1, 2, 3, 17, 100, 255, 256, 257, 300]), min_size=1, max_size=5))
def test_the_cut_into_commits_changes_nothing(counts: list[int]) -> None:
    tree = Tree()
    for count in counts:
        first = tree.size
        new = LEAVES[first : first + count]
        if not new:
            break
        tree.extend(new)
        assert tree.root() == root(tree.size)
        expected = [path(index, tree.size) for index in range(first, tree.size)]
        assert tree.paths(first, len(new)) == expected


@given(st.data())
def test_a_part_of_a_commit_has_the_same_paths(data: st.DataObject) -> None:
    tree = grown(300, 512, data.draw(st.integers(1, COUNT - 812)))
    first = data.draw(st.integers(812 // 256 * 256, tree.size - 1))
    count = data.draw(st.integers(1, tree.size - first))
    expected = [path(index, tree.size) for index in range(first, first + count)]
    assert tree.paths(first, count) == expected


@given(st.data())
def test_any_leaf_has_a_proof_at_any_earlier_size(data: st.DataObject) -> None:
    tree = grown(300, 300, 490)
    size = data.draw(st.integers(1, tree.size))
    index = data.draw(st.integers(0, size - 1))
    assert tree.proof(index, size, block) == path(index, size)


@given(st.data())
def test_any_two_sizes_have_a_consistency_proof(data: st.DataObject) -> None:
    tree = grown(300, 300, 490)
    new = data.draw(st.integers(0, tree.size))
    old = data.draw(st.integers(0, new))
    proof = tree.consistency(old, new, block)
    assert proof == b"".join(merkle.consistency_path(node, old, new))
    hashes = [proof[at : at + 32] for at in range(0, len(proof), 32)]
    merkle.verify_consistency(old, new, hashes, root(old), root(new))


def test_an_old_proof_reads_at_most_two_blocks() -> None:
    tree = grown(1_000, 10)
    for index, size in ((3, 400), (700, 701), (3, 1_010), (255, 1_000)):
        asked: list[int] = []

        def reading(number: int, asked: list[int] = asked) -> list[bytes]:
            asked.append(number)
            return block(number)

        tree.proof(index, size, reading)
        assert len(asked) == len(set(asked)) <= 2


@given(st.integers(0, COUNT))
@example(256)
@example(257)
@example(1_024)
def test_a_snapshot_gives_the_same_tree_back(size: int) -> None:
    tree = grown(size)
    loaded = Tree.load(tree.dump())
    assert (loaded.size, loaded.root()) == (size, root(size))
    assert loaded.dump() == tree.dump()
    loaded.extend(LEAVES[size : size + 5])
    assert loaded.root() == root(loaded.size)
    for index in range(size, loaded.size):
        assert loaded.paths(index, 1) == [path(index, loaded.size)]


@pytest.mark.parametrize("change", [b"", b"\x00" * 7, b"\x00" * 32])
def test_a_snapshot_of_another_length_is_refused(change: bytes) -> None:
    blob = grown(300).dump()
    with pytest.raises(EncodingError):
        Tree.load(blob + change if change else blob[:-1])


def test_no_bytes_are_no_snapshot() -> None:
    with pytest.raises(EncodingError):
        Tree.load(b"")


def test_an_empty_commit_changes_nothing() -> None:
    tree = grown(5)
    tree.extend([])
    assert (tree.size, tree.root()) == (5, root(5))


def test_memory_holds_few_leaves_whatever_the_size() -> None:
    tree = grown(*[100] * 11)
    kept = sum(len(row) for row in tree._low)
    assert kept <= 2 * (100 + BLOCK_LEAVES)


def test_paths_outside_the_last_commit_are_our_own_fault() -> None:
    tree = grown(600, 10)
    for first, count in ((0, 1), (605, 10), (605, 0)):
        with pytest.raises(AssertionError):
            tree.paths(first, count)
