"""Commitments: one entry, one leaf; nothing of the entry can be read from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.log.leaves import COMMITMENT_BYTES, entry_commitment, entry_leaf, entry_leaves
from protocol.log.merkle import leaf_hash

salts = st.binary(min_size=32, max_size=32)
times = st.integers(0, 2**53 - 1)


@given(salts, times, st.binary(max_size=500))
def test_the_leaf_is_the_hash_of_the_commitment(salt: bytes, at: int, sealed: bytes) -> None:
    commitment = entry_commitment(salt, at, sealed)
    assert len(commitment) == COMMITMENT_BYTES
    assert commitment[0] == 1
    assert entry_leaf(salt, at, sealed) == leaf_hash(commitment)


@given(salts, times, st.binary(max_size=50))
def test_salt_time_and_document_are_each_committed_to(salt: bytes, at: int, sealed: bytes) -> None:
    other_salt = bytes([salt[0] ^ 1]) + salt[1:]
    found = {
        entry_commitment(salt, at, sealed),
        entry_commitment(other_salt, at, sealed),
        entry_commitment(salt, at + 1, sealed),
        entry_commitment(salt, at, sealed + b"\x00"),
    }
    assert len(found) == 4


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_of_another_length_is_our_own_fault(length: int) -> None:
    with pytest.raises(AssertionError):
        entry_leaf(bytes(length), 0, b"")
    with pytest.raises(AssertionError):
        entry_commitment(bytes(length), 0, b"")


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    entries = [(at, bytes([at]) * 32, bytes(at * 40)) for at in range(1, 40)]
    assert entry_leaves(entries) == [entry_leaf(salt, at, sealed) for at, salt, sealed in entries]
    assert entry_leaves([]) == []
