"""Columns of accounts: found by identifier, kept in order, restored byte for byte."""

from array import array
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ledger.accounts import Accounts, KeyState, Role

ONE = KeyState(3, [b"k" * 32], 1, [b"n" * 32], 1)
NONE = KeyState(4, [], 0, [], 0)


def _identifier(number: int) -> bytes:
    return sha256(b"account %d" % number).digest()[:16]


def test_every_account_is_found_and_no_other_while_the_table_grows() -> None:
    accounts = Accounts()
    for number in range(3_000):
        assert accounts.open(_identifier(number), Role.MEMBER, number, 2 * number) == number
    assert len(accounts) == 3_000
    assert list(accounts) == list(range(3_000))
    for number in range(3_000):
        assert accounts.find(_identifier(number)) == number
        assert accounts.identifier(number) == _identifier(number)
        assert accounts.find(_identifier(number + 3_000)) == -1


def test_identifiers_that_share_their_first_bytes_do_not_meet() -> None:
    accounts = Accounts()
    names = [b"same" + bytes([place]) * 12 for place in range(20)]
    for name in names:
        accounts.open(name, Role.MEMBER, 0, 0)
    assert [accounts.find(name) for name in names] == list(range(20))
    assert accounts.find(b"same" + b"\xff" * 12) == -1


def test_an_account_opens_once_and_has_sixteen_bytes() -> None:
    accounts = Accounts()
    accounts.open(bytes(16), Role.MEMBER, 0, 0)
    with pytest.raises(AssertionError):
        accounts.open(bytes(16), Role.MEMBER, 0, 0)
    with pytest.raises(AssertionError):
        accounts.open(bytes(15), Role.MEMBER, 0, 0)


def test_keys_move_between_the_columns_and_the_side_table() -> None:
    accounts = Accounts()
    slot = accounts.open(bytes(16), Role.MEMBER, 0, 0)
    assert accounts.key_state(slot) == KeyState(0, [], 0, [], 0)
    several = KeyState(5, [b"a" * 32, b"b" * 32], 2, [b"c" * 32], 1)
    for state in (ONE, several, ONE, NONE, several):
        accounts.set_keys(slot, state)
        assert accounts.key_state(slot) == state
        assert accounts.kev[slot] == state.kev
        assert (slot in accounts.several) == (state != ONE)


@given(st.lists(st.integers(0, 60), unique=True), st.integers(-(2**53), 2**53))
def test_columns_restore_to_equal_columns(numbers: list[int], balance: int) -> None:
    accounts = Accounts()
    for number in numbers:
        slot = accounts.open(_identifier(number), Role.CORRESPONDENT, number, number)
        accounts.set_keys(slot, ONE if number % 2 else NONE)
        accounts.balance[slot] = balance
    copy = Accounts()
    copy.restore([bytearray(section) for section in accounts.sections()], dict(accounts.several))
    assert copy.digest() == accounts.digest()
    assert copy.balance == array("q", [balance] * len(numbers))
    for number in range(61):
        assert copy.find(_identifier(number)) == accounts.find(_identifier(number))
    if numbers:
        copy.balance[0] += 1
        assert copy.digest() != accounts.digest()
