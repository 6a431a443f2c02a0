"""All accounts of one cooperative, in columns: 133 bytes an account, a million in memory.

An account is a slot number in every column. Identifiers are found through an open-addressing table
because a dict of a million 16-byte keys alone takes as much memory as all the columns.
"""

from array import array
from collections.abc import Iterator
from enum import IntEnum
from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec

_EMPTY: Final = 0xFFFFFFFF
_TABLE_MIN: Final = 1 << 10
_FIRST_WORD: Final = Struct("<I").unpack_from
NO_KEY: Final = bytes(32)


class Role(IntEnum):
    """What an account is for."""

    COOPERATIVE = 0
    SUSPENSE = 1
    MEMBER = 2
    CORRESPONDENT = 3


HOLDERS: Final = (int(Role.MEMBER), int(Role.COOPERATIVE))
"""What accounts are for that pay, are paid, and owe; numbers, as the column of roles has them."""


class KeyState(msgspec.Struct, frozen=True):
    """Which keys speak for an account.

    Attributes:
        kev: Number of the last key event.
        keys: Current public keys, 32 bytes each, increasing; empty when revoked.
        thr: How many of them must sign.
        next: SHA-256 digests of the next keys.
        nthr: How many of those must sign the rotation.
    """

    kev: int
    keys: list[bytes]
    thr: int
    next: list[bytes]
    nthr: int


class Accounts:
    """Balances, limits, counters and keys, by slot."""

    def __init__(self) -> None:
        self.ids = bytearray()
        self.balance = array("q")
        self.credit_limit = array("q")
        self.ceiling = array("q")
        self.seq = array("q")
        self.window = array("Q")
        self.kev = array("I")
        self.role = bytearray()
        self.key = bytearray()
        self.next = bytearray()
        self.several: dict[int, KeyState] = {}
        self._table = array("I", [_EMPTY]) * _TABLE_MIN
        self._mask = _TABLE_MIN - 1

    def __len__(self) -> int:
        return len(self.role)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.role)))

    def find(self, account: bytes) -> int:
        """Return the slot of a 16-byte identifier, or -1."""
        table = self._table
        # Identifiers are the beginnings of SHA-256 digests: their first bytes are spread evenly.
        place: int = _FIRST_WORD(account)[0] & self._mask
        while (slot := table[place]) != _EMPTY:
            at = slot << 4
            if self.ids[at : at + 16] == account:
                return slot
            place = (place + 1) & self._mask
        return -1

    def identifier(self, slot: int) -> bytes:
        """Return the 16-byte identifier of a slot."""
        return bytes(self.ids[slot << 4 : (slot << 4) + 16])

    def open(self, account: bytes, role: Role, credit_limit: int, ceiling: int) -> int:
        """Add an account at balance 0 and return its slot."""
        assert len(account) == 16
        assert self.find(account) < 0
        slot = len(self.role)
        self.ids += account
        self.balance.append(0)
        self.credit_limit.append(credit_limit)
        self.ceiling.append(ceiling)
        self.seq.append(0)
        self.window.append(0)
        self.kev.append(0)
        self.role.append(role)
        self.key += NO_KEY
        self.next += NO_KEY
        if 2 * (slot + 1) > len(self._table):
            self._table = array("I", [_EMPTY]) * (2 * len(self._table))
            self._mask = len(self._table) - 1
            for old in range(slot):
                self._place(old)
        self._place(slot)
        return slot

    def _place(self, slot: int) -> None:
        table = self._table
        place = _FIRST_WORD(self.ids, slot << 4)[0] & self._mask
        while table[place] != _EMPTY:
            place = (place + 1) & self._mask
        table[place] = slot

    def key_state(self, slot: int) -> KeyState:
        """Return which keys speak for a slot; empty keys when none do."""
        state = self.several.get(slot)
        if state is not None:
            return state
        key = bytes(self.key[slot << 5 : (slot << 5) + 32])
        following = bytes(self.next[slot << 5 : (slot << 5) + 32])
        if key == NO_KEY:
            return KeyState(self.kev[slot], [], 0, [], 0)
        return KeyState(self.kev[slot], [key], 1, [following], 1)

    def set_keys(self, slot: int, state: KeyState) -> None:
        """Replace the keys of a slot; one key of one stays in the columns, others aside."""
        single = (len(state.keys), state.thr, len(state.next), state.nthr) == (1, 1, 1, 1)
        self.kev[slot] = state.kev
        self.key[slot << 5 : (slot << 5) + 32] = state.keys[0] if single else NO_KEY
        self.next[slot << 5 : (slot << 5) + 32] = state.next[0] if single else NO_KEY
        if single:
            self.several.pop(slot, None)
        else:
            self.several[slot] = state

    def sections(self) -> list[bytes | bytearray | memoryview]:
        """Return the columns as little-endian buffers, in the order that `restore` takes."""
        return [
            self.ids,
            *(memoryview(column).cast("B") for column in self._columns()),
            self.role,
            self.key,
            self.next,
        ]

    def _columns(self) -> list["array[int]"]:
        return [
            self.balance,
            self.credit_limit,
            self.ceiling,
            self.seq,
            self.window,
            self.kev,
            self._table,
        ]

    def restore(self, sections: list[bytearray], several: dict[int, KeyState]) -> None:
        """Take over columns that `sections` wrote."""
        self.ids, *columns, self.role, self.key, self.next = sections
        self._table = array("I")
        for column, data in zip(self._columns(), columns, strict=True):
            column.frombytes(data)
        self._mask = len(self._table) - 1
        self.several = several

    def digest(self) -> bytes:
        """Return SHA-256 of all columns, 32 bytes."""
        total = sha256()
        for section in self.sections():
            total.update(section)
        return total.digest()
