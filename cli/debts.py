"""Read a file of debts: a CSV as people save it, or columns as programs write them.

CSV: columns debtor, creditor, amount; comma or semicolon between them, UTF-8 with or without a byte
order mark, a first line of column names in any order or none (then debtor, creditor, amount).
Amounts have a decimal point, or a decimal comma in files with semicolons. Whatever could be read in
two ways is refused with the number of its line. Big files may be MessagePack (`.msgpack`) or Arrow
(`.arrow`, `.feather`) instead. Source: spec 0013 §6, spec 0019 §1.
"""

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from cli.debt_faults import DebtFileError, DebtFileFault
from cli.debt_table import DebtTable
from cli.debt_weights import unless_all_one
from cli.debts_csv import Watch, read_csv

FILE_BYTES_MAX: Final = 1024 * 1024 * 1024  # about forty million debts
_PACKED: Final = (".msgpack", ".mpk")
_ARROW: Final = (".arrow", ".feather")


@dataclass(frozen=True, slots=True)
class DebtFile:
    """What a file says.

    Attributes:
        debts: `(debtor, creditor, amount)` in the order of the file; amounts in minor units.
        decimals: decimals of the unit: the largest number found in the file, 0 to 6.
    """

    debts: list[tuple[str, str, int]]
    decimals: int


def read_debts(path: Path, limit: int | None = None) -> DebtFile:
    """Read a file of debts into a list.

    Args:
        path: the file.
        limit: read so many debts at most, the first ones; all when None.

    Raises:
        DebtFileError: with the line and the reason.
    """
    table = read_table(path, limit)
    return DebtFile(table.debts(), table.decimals)


def parse_debts(content: bytes, limit: int | None = None) -> DebtFile:
    """Read the bytes of a CSV of debts; see `read_debts`."""
    if len(content) > FILE_BYTES_MAX:
        raise DebtFileError(DebtFileFault.FILE_TOO_LARGE)
    table = read_csv(io.BytesIO(content), limit)
    return DebtFile(table.debts(), table.decimals)


def read_table(path: Path, limit: int | None = None, watch: Watch | None = None) -> DebtTable:
    """Read a file of debts into columns.

    Args:
        path: the file; its suffix says its form, CSV unless it is one of the others.
        limit: read so many debts at most, the first ones; all when None.
        watch: told now and then how many bytes were read.

    Raises:
        DebtFileError: with the line or the number of the debt, and the reason.
    """
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            stream = _readable_twice(file)
            if suffix in _PACKED:
                from cli.debts_packed import read_packed

                return _first(read_packed(stream.read()), limit)
            if suffix in _ARROW:
                from cli.debts_arrow import read_arrow

                return _first(read_arrow(stream), limit)
            return read_csv(stream, limit, watch)
    except FileNotFoundError as error:
        raise DebtFileError(DebtFileFault.MISSING, found=path.name) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DebtFileError(DebtFileFault.UNREADABLE, found=reason) from error


def _readable_twice(file: BinaryIO) -> BinaryIO:
    """Return an ordinary file as it is; what comes through a pipe is kept in memory."""
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode):
        if status.st_size > FILE_BYTES_MAX:
            raise DebtFileError(DebtFileFault.FILE_TOO_LARGE)
        return file
    content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise DebtFileError(DebtFileFault.FILE_TOO_LARGE)
    return io.BytesIO(content)


def _first(table: DebtTable, limit: int | None) -> DebtTable:
    """Return the first debts of a table; the members are those of all of it."""
    if limit is None:
        return table
    columns = table.debtors[:limit], table.creditors[:limit], table.amounts[:limit]
    weights = None if table.weights is None else unless_all_one(table.weights[:limit])
    return DebtTable(table.names, *columns, table.decimals, weights)
