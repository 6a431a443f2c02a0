"""Debts as columns: three arrays of whole numbers and the names they stand for.

A country has millions of debts: sixteen bytes each, and each name once. Members are numbered in the
order of their names, so that every file of the same debts gives the same numbers. Source: spec
0013.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from federation.obligations import MAX_GROSS, DebtFault

Places = NDArray[np.int32]
Amounts = NDArray[np.int64]

# Spec 0019: The domain of the digest MUST be the 15 bytes `ronde/debts/v1` and 00.
_DOMAIN: Final = b"ronde/debts/v1\0"
# Spec 0019: With weights the domain of the digest MUST be the 15 bytes `ronde/debts/v2` and 00.
_DOMAIN_WITH_WEIGHTS: Final = b"ronde/debts/v2\0"
_NAMES_AT_ONCE: Final = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class DebtTable:
    """What a file says: member `debtors[k]` owes `amounts[k]` to member `creditors[k]`.

    Attributes:
        names: the members, ascending, each once; a member is known by its place here.
        debtors: the debtor of each debt, in the order of the file.
        creditors: the creditor of each debt.
        amounts: minor units of each debt, at least 1; their sum is below 2**63.
        decimals: decimals of the unit, 0 to 6.
        weights: how much a cancelled unit of each debt counts; None when each counts 1.
    """

    names: Sequence[str]
    debtors: Places
    creditors: Places
    amounts: Amounts
    decimals: int
    weights: Amounts | None = None

    def __len__(self) -> int:
        """Return how many debts there are."""
        return len(self.amounts)

    @property
    def participants(self) -> int:
        """Members that owe or are owed; a file may name others."""
        seen = np.zeros(len(self.names), np.bool_)
        seen[self.debtors] = True
        seen[self.creditors] = True
        return int(seen.sum())

    def debts(self) -> list[tuple[str, str, int]]:
        """List `(debtor, creditor, amount)` in the order of the file."""
        columns = self.debtors.tolist(), self.creditors.tolist(), self.amounts.tolist()
        return [
            (self.names[debtor], self.names[creditor], amount)
            for debtor, creditor, amount in zip(*columns, strict=True)
        ]

    def digest(self) -> bytes:
        """Return the SHA-256 that names these debts, whatever file they came from.

        Source:
            Spec 0019 §2.
        """
        places, numbers = (self.debtors, self.creditors), [self.amounts]
        if self.weights is None:
            return digest_of(_DOMAIN, self.decimals, self.names, places, numbers)
        # Spec 0019: The weights MUST be hashed as a fourth column, 8 bytes a debt, low byte first.
        numbers.append(self.weights)
        return digest_of(_DOMAIN_WITH_WEIGHTS, self.decimals, self.names, places, numbers)


def digest_of(
    domain: bytes,
    decimals: int,
    names: Sequence[str],
    places: Sequence[Places],
    numbers: Sequence[Amounts],
) -> bytes:
    """Return the SHA-256 over names and columns.

    Args:
        domain: what kind of columns they are.
        decimals: of the amounts.
        names: ascending.
        places: columns of places of names.
        numbers: columns of amounts and weights.
    """
    content = hashlib.sha256(domain)
    content.update(struct.pack(">BII", decimals, len(names), len(places[0])))
    for start in range(0, len(names), _NAMES_AT_ONCE):
        raw = [name.encode() for name in names[start : start + _NAMES_AT_ONCE]]
        content.update(b"".join([struct.pack(">H", len(name)) + name for name in raw]))
    # Spec 0019: The three columns MUST be hashed one after the other, low byte first.
    for ends in places:
        content.update(np.ascontiguousarray(ends, "<i4").data)
    for column in numbers:
        content.update(np.ascontiguousarray(column, "<i8").data)
    return content.digest()


def in_order(names: Sequence[str]) -> tuple[Sequence[str], Places | None]:
    """Sort names that were numbered as they came.

    Args:
        names: all different.

    Returns:
        The names ascending and the new number of each old one; None when they were in order.
    """
    if all(map(str.__lt__, names, names[1:])):
        return names, None
    order = sorted(range(len(names)), key=names.__getitem__)
    numbers = np.empty(len(names), np.int32)
    numbers[order] = np.arange(len(names), dtype=np.int32)
    return [names[place] for place in order], numbers


def first_fault(
    debtors: Places, creditors: Places, amounts: Amounts, oversized: int | None = None
) -> tuple[int, DebtFault] | None:
    """Find the first debt that cannot be accepted after those before it.

    Args:
        debtors: the debtor of each debt.
        creditors: the creditor of each debt.
        amounts: minor units of each debt.
        oversized: the first debt whose amount did not fit the array, if one did not.

    Returns:
        The place of the debt, counted from 0, and its first fault in rank order.
    """
    # Spec 0013: The reader MUST refuse a debt of a member to itself.
    # Spec 0013: The reader MUST refuse an amount below 1.
    marks = ((debtors == creditors, DebtFault.SELF_DEBT),
             (amounts < 1, DebtFault.AMOUNT_NOT_POSITIVE))  # fmt: skip
    found = [(int(wrong.argmax()), fault) for wrong, fault in marks if wrong.any()]
    if oversized is not None:
        found.append((oversized, DebtFault.TOTAL_TOO_LARGE))
    sound = min(found)[0] if found else len(amounts)
    high, low = amounts[:sound] >> 32, amounts[:sound] & 0xFFFFFFFF
    # Spec 0013: The reader MUST refuse debts whose sum exceeds 9223372036854775807.
    if (int(high.sum()) << 32) + int(low.sum()) > MAX_GROSS:
        through = np.cumsum(high) + (np.cumsum(low) >> 32)
        found.append((int((through >= 2**31).argmax()), DebtFault.TOTAL_TOO_LARGE))
    return min(found) if found else None
