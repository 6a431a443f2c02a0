"""Read debts from an Arrow file, where pyarrow is installed (the extra `arrow`).

Columns are found by their names, as in a CSV. Amounts are whole numbers or exact decimals: binary
fractions are refused, for money is never rounded. Source: spec 0019 §1.
"""

from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from cli.csv_rows import DECIMALS_MAX
from cli.debt_faults import DebtFileError, DebtFileFault
from cli.debt_table import DebtTable
from cli.debt_weights import weight_column
from cli.debts_csv import COLUMNS
from cli.debts_packed import checked_table, with_weights
from federation.obligations import MAX_GROSS

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLES: Final = ("debtor", "creditor", "amount")


def read_arrow(stream: BinaryIO) -> DebtTable:
    """Read an Arrow IPC file or stream of debts, one batch after the other.

    Args:
        stream: the bytes of the file.

    Raises:
        DebtFileError: pyarrow is absent, or with the number of the debt and the reason.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise DebtFileError(DebtFileFault.ARROW_ABSENT) from error
    try:
        return _gather(pyarrow, stream)
    except (pyarrow.ArrowException, pyarrow.ArrowInvalid, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DebtFileError(DebtFileFault.ARROW, found=reason) from error


def _gather(pyarrow: Any, stream: BinaryIO) -> DebtTable:
    numbers: dict[str, int] = {}
    columns: tuple[list[NDArray[Any]], ...] = ([], [], [], [])
    row = decimals = 0
    oversized: int | None = None
    for batch in _batches(pyarrow, stream):
        order = _order(batch.schema.names)
        for column, role in zip(columns[:2], order[:2], strict=True):
            column.append(_numbered(pyarrow, batch.column(role), numbers, row))
        values, decimals, place = _minor_units(pyarrow, batch.column(order[2]), row)
        if oversized is None and place is not None:
            oversized = row + place
        columns[2].append(values)
        weight = _weight_place(batch.schema.names)
        if weight is not None:
            columns[3].append(_weights(pyarrow, batch.column(weight), row))
        row += len(batch)
    debtors, creditors = (_joined(column, np.int32) for column in columns[:2])
    amounts = _joined(columns[2], np.int64)
    table = checked_table(list(numbers), debtors, creditors, amounts, decimals, oversized)
    return with_weights(table, _joined(columns[3], np.int64)) if columns[3] else table


def _joined(parts: list[NDArray[Any]], kind: type[Any]) -> NDArray[Any]:
    joined = np.concatenate(parts) if parts else np.empty(0, kind)
    # Each part is given back before the next column is joined.
    parts.clear()
    return joined.astype(kind, copy=False)


def _batches(pyarrow: Any, stream: BinaryIO) -> "Iterator[Any]":
    source = pyarrow.PythonFile(stream, mode="r")
    if stream.read(6) == b"ARROW1":
        stream.seek(0)
        with pyarrow.ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)
    else:
        stream.seek(0)
        with pyarrow.ipc.open_stream(source) as reader:
            yield from reader


def _order(names: list[str]) -> tuple[int, int, int]:
    roles = [COLUMNS.get(name.strip().casefold()) for name in names]
    if sorted(role for role in roles if role is not None) != sorted(_ROLES):
        raise DebtFileError(DebtFileFault.NO_COLUMN)
    debtor, creditor, amount = (roles.index(role) for role in _ROLES)
    return debtor, creditor, amount


def _weight_place(names: list[str]) -> int | None:
    try:
        return weight_column(names)
    except ValueError as error:
        raise DebtFileError(DebtFileFault.TWO_WEIGHTS) from error


def _weights(pyarrow: Any, column: Any, row: int) -> NDArray[np.int64]:
    """Return the weight on each row, of an empty cell 1; one that fits no 64 bits as 0."""
    if not pyarrow.types.is_integer(column.type):
        raise DebtFileError(DebtFileFault.WEIGHT, found=str(column.type), row=row + 1)
    values = [1 if value is None else value for value in column.to_pylist()]
    return np.array([value if abs(value) <= MAX_GROSS else 0 for value in values], np.int64)


def _numbered(pyarrow: Any, column: Any, numbers: dict[str, int], row: int) -> NDArray[np.int32]:
    """Return the number of the name on each row; new names get the next one."""
    if column.null_count:
        place = column.is_null().to_numpy(zero_copy_only=False).argmax()
        raise DebtFileError(DebtFileFault.NAME, row=row + int(place) + 1)
    kinds = pyarrow.types
    if not kinds.is_dictionary(column.type):
        if not (kinds.is_string(column.type) or kinds.is_large_string(column.type)):
            raise DebtFileError(DebtFileFault.ARROW, found=str(column.type))
        column = column.dictionary_encode()
    known = []
    for name in column.dictionary.to_pylist():
        if not isinstance(name, str):
            raise DebtFileError(DebtFileFault.ARROW, found=str(column.type))
        known.append(numbers.setdefault(name.strip(), len(numbers)))
    if not known:
        return np.empty(0, np.int32)
    places = np.array(known, np.int32)
    chosen: NDArray[np.int32] = places[column.indices.to_numpy(zero_copy_only=False)]
    return chosen


def _minor_units(pyarrow: Any, column: Any, row: int) -> tuple[NDArray[np.int64], int, int | None]:
    """Return amounts, their decimals, and the first place where one fits no 64 bits."""
    if column.null_count:
        place = column.is_null().to_numpy(zero_copy_only=False).argmax()
        raise DebtFileError(DebtFileFault.AMOUNT, row=row + int(place) + 1)
    kinds = pyarrow.types
    if kinds.is_decimal(column.type):
        # Spec 0013: The reader MUST refuse an amount of more than 6 decimals.
        if not 0 <= column.type.scale <= DECIMALS_MAX:
            raise DebtFileError(DebtFileFault.DECIMALS, found=str(column.type))
        decimals = int(column.type.scale)
        values = [int(value.scaleb(decimals)) for value in column.to_pylist()]
    elif kinds.is_integer(column.type):
        decimals = 0
        if not kinds.is_uint64(column.type):
            return column.to_numpy(zero_copy_only=False).astype(np.int64), 0, None
        values = column.to_pylist()
    else:
        raise DebtFileError(DebtFileFault.ARROW_AMOUNT, found=str(column.type))
    place = next((at for at, value in enumerate(values) if value > MAX_GROSS), None)
    clipped = [max(-1, min(value, MAX_GROSS)) for value in values]
    return np.array(clipped, np.int64), decimals, place
