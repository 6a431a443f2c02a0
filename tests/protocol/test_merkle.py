"""The tree of RFC 6962: its definition, other people's vectors, and proofs that fail."""

import base64
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProofError
from protocol.log import merkle

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(130)]
# Its roots have 17 letters instead of 32 bytes; a reader that is strict about hashes refuses it.
ODD_ONE = "sizes-are-equal-one-and-proof-is-empty"


@cache
def mth(first: int, end: int) -> bytes:
    """Return the root of a range by the definition of RFC 6962 §2.1."""
    if first == end:
        return merkle.EMPTY_ROOT
    if end - first == 1:
        return LEAVES[first]
    half = 1
    while half * 2 < end - first:
        half *= 2
    return merkle.node_hash(mth(first, first + half), mth(first + half, end))


def node(level: int, index: int) -> bytes:
    return mth(index << level, index + 1 << level)


def refused(call: Callable[[], None]) -> bool:
    try:
        call()
    except ProofError:
        return True
    return False


def test_the_root_is_that_of_the_definition_at_every_size() -> None:
    for size in range(len(LEAVES) + 1):
        assert merkle.root(node, size) == mth(0, size)


def test_every_leaf_has_a_path_that_verifies_and_fits_no_other_place() -> None:
    for size in [*range(1, 34), 64, 65, 127, 130]:
        for index in range(size):
            path = merkle.inclusion_path(node, index, size)
            merkle.verify_inclusion(LEAVES[index], index, size, path, mth(0, size))
            other = (index + 1) % size
            if other != index:
                with pytest.raises(ProofError):
                    merkle.verify_inclusion(LEAVES[index], other, size, path, mth(0, size))


def test_every_pair_of_sizes_has_a_proof_that_verifies() -> None:
    for new in [*range(34), 64, 65, 127, 130]:
        for old in range(new + 1):
            path = merkle.consistency_path(node, old, new)
            merkle.verify_consistency(old, new, path, mth(0, old), mth(0, new))


@given(st.data())
def test_a_changed_hash_in_an_inclusion_path_is_found(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(node, index, size)
    place = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    path[place] = (int.from_bytes(path[place], "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(ProofError, match="another root"):
        merkle.verify_inclusion(LEAVES[index], index, size, path, mth(0, size))


@given(st.data())
def test_a_changed_hash_in_a_consistency_proof_is_found(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, len(LEAVES)))
    old = data.draw(st.integers(1, new - 1))
    path = merkle.consistency_path(node, old, new)
    place = data.draw(st.integers(0, len(path) - 1))
    path[place] = bytes(32)
    with pytest.raises(ProofError, match=r"another (earlier|later) root"):
        merkle.verify_consistency(old, new, path, mth(0, old), mth(0, new))


def test_a_tree_too_large_to_count_is_refused() -> None:
    size = merkle.TREE_SIZE_MAX + 1
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[0], 0, size, [], LEAVES[0])
    with pytest.raises(ProofError):
        merkle.verify_consistency(1, size, [], LEAVES[0], LEAVES[0])


def test_an_empty_log_has_one_root_and_nothing_to_prove() -> None:
    merkle.verify_consistency(0, 0, [], merkle.EMPTY_ROOT, merkle.EMPTY_ROOT)
    merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, mth(0, 5))
    for path, old_root in (([LEAVES[0]], merkle.EMPTY_ROOT), ([], LEAVES[0])):
        with pytest.raises(ProofError):
            merkle.verify_consistency(0, 5, path, old_root, mth(0, 5))


def test_the_published_roots_of_eight_leaves_are_ours(shared_dir: Path) -> None:
    stored = json.loads((shared_dir / "vectors/rfc6962-merkle/roots.json").read_text())
    leaves = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in stored["leaf_inputs_hex"]]

    def hashed(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return merkle.node_hash(hashed(level - 1, index * 2), hashed(level - 1, index * 2 + 1))

    for size, root in enumerate(stored["root_by_size_hex"]):
        assert merkle.root(hashed, size).hex() == root


def _decoded(case: dict[str, Any], *fields: str) -> list[bytes]:
    return [base64.b64decode(case[field] or "") for field in fields]


def test_the_published_inclusion_vectors_are_judged_alike(shared_dir: Path) -> None:
    files = sorted((shared_dir / "vectors/rfc6962-merkle/inclusion").rglob("*.json"))
    assert len(files) == 98
    for file in files:
        case = json.loads(file.read_text())
        leaf, root = _decoded(case, "leafHash", "root")
        path = [base64.b64decode(hashed) for hashed in case["proof"] or []]
        index, size = case["leafIdx"], case["treeSize"]

        def verify(
            leaf: bytes = leaf,
            index: int = index,
            size: int = size,
            path: list[bytes] = path,
            root: bytes = root,
        ) -> None:
            merkle.verify_inclusion(leaf, index, size, path, root)

        assert refused(verify) == case["wantErr"], file


def test_the_published_consistency_vectors_are_judged_alike(shared_dir: Path) -> None:
    files = sorted((shared_dir / "vectors/rfc6962-merkle/consistency").rglob("*.json"))
    assert len(files) == 98
    for file in files:
        case = json.loads(file.read_text())
        old_root, new_root = _decoded(case, "root1", "root2")
        path = [base64.b64decode(hashed) for hashed in case["proof"] or []]

        def verify(
            old: int = case["size1"],
            new: int = case["size2"],
            path: list[bytes] = path,
            old_root: bytes = old_root,
            new_root: bytes = new_root,
        ) -> None:
            merkle.verify_consistency(old, new, path, old_root, new_root)

        assert refused(verify) == (case["wantErr"] or file.stem == ODD_ONE), file
