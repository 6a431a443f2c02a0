"""Read debts that a program wrote as MessagePack: one map whose columns are whole arrays.

The columns are used where they lie in the file, so the table takes no more than the file. Source:
spec 0019 §1.
"""

from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from cli.csv_rows import DECIMALS_MAX
from cli.debt_faults import OF_DEBT, DebtFileError, DebtFileFault
from cli.debt_table import DebtTable, first_fault, in_order
from cli.debt_weights import unless_all_one
from cli.debts_csv import NAME_CHARACTERS_MAX
from federation.obligations import DebtFault
from federation.weights import WEIGHT_MAX

VERSION = 1


class _Columns(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    decimals: int
    names: list[str]
    debtors: memoryview
    creditors: memoryview
    amounts: memoryview
    weights: memoryview | None = None


def read_packed(content: bytes) -> DebtTable:
    """Read a MessagePack file of debts.

    Args:
        content: the bytes of the file.

    Raises:
        DebtFileError: with the number of the debt, where one is wrong, and the reason.
    """
    try:
        columns = msgspec.msgpack.decode(content, type=_Columns)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DebtFileError(DebtFileFault.PACKED, found=str(error)) from error
    if columns.v != VERSION or not 0 <= columns.decimals <= DECIMALS_MAX:
        raise DebtFileError(DebtFileFault.PACKED, found="v, decimals")
    debtors = _column(columns.debtors, np.dtype("<i4"))
    creditors = _column(columns.creditors, np.dtype("<i4"))
    amounts = _column(columns.amounts, np.dtype("<i8"))
    weights = None if columns.weights is None else _column(columns.weights, np.dtype("<i8"))
    table = checked_table(columns.names, debtors, creditors, amounts, columns.decimals)
    return table if weights is None else with_weights(table, weights)


def _column(raw: memoryview, kind: np.dtype[np.signedinteger]) -> NDArray[np.signedinteger]:
    if len(raw) % kind.itemsize:
        raise DebtFileError(DebtFileFault.PACKED, found=f"{len(raw)} % {kind.itemsize}")
    # In memory whole numbers are those of the machine; on nearly all of them nothing is copied.
    return np.frombuffer(raw, kind).astype(kind.newbyteorder("="), copy=False)


def with_weights(table: DebtTable, weights: NDArray[np.signedinteger]) -> DebtTable:
    """Return a checked table with a weight for each debt.

    Raises:
        DebtFileError: with the number of the debt, where a weight is wrong.
    """
    # Spec 0019: The reader MUST refuse columns of different lengths.
    if len(weights) != len(table):
        raise DebtFileError(DebtFileFault.PACKED, found=f"{len(table)}, {len(weights)}")
    # Spec 0013: The reader MUST refuse a weight of a debt below 1 or above 1000000000.
    wrong = (weights < 1) | (weights > WEIGHT_MAX)
    if wrong.any():
        row = int(wrong.argmax())
        raise DebtFileError(DebtFileFault.WEIGHT, found=str(weights[row]), row=row + 1)
    return replace(table, weights=unless_all_one(weights.astype(np.int64, copy=False)))


def checked_table(
    names: list[str],
    debtors: NDArray[np.signedinteger],
    creditors: NDArray[np.signedinteger],
    amounts: NDArray[np.signedinteger],
    decimals: int,
    oversized: int | None = None,
) -> DebtTable:
    """Make a table of columns that a program wrote, once all of it was checked.

    Args:
        names: in any order.
        debtors: the place of a name for each debt.
        creditors: the same.
        amounts: minor units of each debt.
        decimals: decimals of the unit.
        oversized: the first debt whose amount fits no 64 bits, if there is one.

    Raises:
        DebtFileError: with the number of the debt, where one is wrong, and the reason.
    """
    # Spec 0019: The reader MUST refuse columns of different lengths.
    if not len(debtors) == len(creditors) == len(amounts):
        lengths = f"{len(debtors)}, {len(creditors)}, {len(amounts)}"
        raise DebtFileError(DebtFileFault.PACKED, found=lengths)
    for name in names:
        if not 0 < len(name) <= NAME_CHARACTERS_MAX or name != name.strip():
            raise DebtFileError(DebtFileFault.NAME)
    # Spec 0019: The reader MUST refuse a name that is listed twice.
    if len(set(names)) != len(names):
        raise DebtFileError(DebtFileFault.PACKED, found="names")
    # Spec 0019: The reader MUST refuse a number that is the place of no name.
    for places in (debtors, creditors):
        wrong = (places < 0) | (places >= len(names))
        if wrong.any():
            row = int(wrong.argmax())
            raise DebtFileError(DebtFileFault.PLACES, found=str(places[row]), row=row + 1)
    found = first_fault(debtors, creditors, amounts, oversized)
    if found is not None:
        row, fault = found
        said = names[debtors[row]] if fault is DebtFault.SELF_DEBT else str(amounts[row])
        raise DebtFileError(OF_DEBT[fault], found=said, row=row + 1)
    ordered, numbers = in_order(names)
    if numbers is not None:
        debtors, creditors = numbers[debtors], numbers[creditors]
    return DebtTable(ordered, debtors, creditors, amounts, decimals)
