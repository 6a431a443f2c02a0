"""Lines on which members lend to one another during a set-off, as a CSV says them.

Columns from, to, limit and, if wanted, weight; in French de, vers, limite, poids. Source: spec 0013
§7, spec 0019 §6.
"""

import io
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from cli.csv_rows import DECIMALS_MAX, Lines, delimiter_of, split_amount
from cli.debt_faults import DebtFileError, DebtFileFault
from cli.debt_table import Amounts, Places, digest_of, in_order
from cli.debts import FILE_BYTES_MAX
from cli.debts_csv import NAME_CHARACTERS_MAX
from federation.obligations import MAX_GROSS
from federation.weights import WEIGHT_MAX

# Spec 0019: The domain of the digest of lines MUST be the 15 bytes `ronde/lines/v1` and 00.
_DOMAIN: Final = b"ronde/lines/v1\0"
_NAMES: Final = {
    "from": 0, "de": 0, "to": 1, "vers": 1, "à": 1, "limit": 2, "limite": 2, "weight": 3,
    "poids": 3,
}  # fmt: skip
_WEIGHT: Final = re.compile(r"-?[0-9]{1,10}")
_PARTS: Final = 3  # from, to, limit

Order = tuple[int, int, int, int | None]
"""The places of from, to, limit and, if there is one, weight."""


@dataclass(frozen=True, slots=True, eq=False)
class LineTable:
    """Lines in the order of the file: `lenders[k]` lets `borrowers[k]` use `limits[k]`.

    Attributes:
        names: the members, ascending, each once; a member is known by its place here.
        lenders: who lends on each line.
        borrowers: who borrows.
        limits: minor units, at least 0.
        weights: at most 0; the lower, the later a line is used.
        decimals: decimals of the unit, 0 to 6.
    """

    names: Sequence[str]
    lenders: Places
    borrowers: Places
    limits: Amounts
    weights: Amounts
    decimals: int

    def __len__(self) -> int:
        """Return how many lines there are."""
        return len(self.limits)

    def digest(self) -> bytes:
        """Return the SHA-256 that names these lines, whatever file they came from.

        Source:
            Spec 0019 §6.
        """
        places, numbers = (self.lenders, self.borrowers), (self.limits, self.weights)
        return digest_of(_DOMAIN, self.decimals, self.names, places, numbers)


def read_lines(path: Path) -> LineTable:
    """Read a CSV of lines.

    Args:
        path: the file.

    Raises:
        DebtFileError: with the number of the line of the file, and the reason.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise DebtFileError(DebtFileFault.MISSING, found=path.name) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DebtFileError(DebtFileFault.UNREADABLE, found=reason) from error
    if len(content) > FILE_BYTES_MAX:
        raise DebtFileError(DebtFileFault.FILE_TOO_LARGE)
    return parse_lines(io.BytesIO(content))


def parse_lines(stream: BinaryIO) -> LineTable:
    """Read the bytes of a CSV of lines; see `read_lines`."""
    delimiter = delimiter_of(stream)
    columns = _Columns(delimiter)
    with Lines(stream, delimiter) as rows:
        first = rows.one()
        order = None if first is None else _order(*first)
        row = first if order is None else rows.one()
        if order is not None:
            columns.order = order
        elif first is not None:
            columns.width = len(first[1])
            if columns.width not in (_PARTS, _PARTS + 1):
                raise DebtFileError(DebtFileFault.LINE_COLUMNS, first[0], str(columns.width))
            columns.order = (0, 1, 2, 3 if columns.width > _PARTS else None)
        while row is not None:
            columns.add(*row)
            row = rows.one()
    return columns.table()


def _order(line: int, cells: Sequence[str]) -> Order | None:
    """Return the places of the columns when the line holds their names."""
    roles = [_NAMES.get(cell.strip().casefold()) for cell in cells]
    known = sorted(role for role in roles if role is not None)
    if len(known) < 2:
        return None
    if known not in ([0, 1, 2], [0, 1, 2, 3]):
        raise DebtFileError(DebtFileFault.LINE_NO_COLUMN, line)
    weight = roles.index(3) if 3 in known else None
    return roles.index(0), roles.index(1), roles.index(2), weight


class _Columns:
    """The lines read so far, their limits in millionths of the unit."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        self.order: Order = (0, 1, 2, None)
        self.width: int | None = None
        self.mark = ""
        self.decimals = 0
        self.numbers: dict[str, int] = {}
        self.lenders = array("i")
        self.borrowers = array("i")
        self.limits: list[int] = []
        self.weights = array("q")

    def add(self, line: int, cells: list[str]) -> None:
        """Take one row; `line` is its number."""
        is_short = len(cells) <= max(self.order[:3])
        if is_short or (self.width is not None and len(cells) != self.width):
            raise DebtFileError(DebtFileFault.LINE_COLUMNS, line, str(len(cells)))
        lender, borrower, limit = (cells[place].strip() for place in self.order[:3])
        for name in (lender, borrower):
            if not 0 < len(name) <= NAME_CHARACTERS_MAX:
                raise DebtFileError(DebtFileFault.NAME, line)
        # Spec 0013: The reader MUST refuse a line of a member to itself.
        if lender == borrower:
            raise DebtFileError(DebtFileFault.SELF_LINE, line, lender)
        # Spec 0013: The reader MUST refuse a limit below 0.
        if limit.startswith("-"):
            raise DebtFileError(DebtFileFault.LIMIT_NEGATIVE, line, limit)
        whole, fraction, self.mark = split_amount(limit, line, self.delimiter, self.mark)
        self.weights.append(self._weight_of(line, cells))
        self.decimals = max(self.decimals, len(fraction))
        self.limits.append(int(whole + fraction.ljust(DECIMALS_MAX, "0")))
        self.lenders.append(self.numbers.setdefault(lender, len(self.numbers)))
        self.borrowers.append(self.numbers.setdefault(borrower, len(self.numbers)))

    def _weight_of(self, line: int, cells: list[str]) -> int:
        place = self.order[3]
        # Spreadsheets leave empty cells at the end of a line away.
        text = cells[place].strip() if place is not None and place < len(cells) else ""
        weight = 0 if not text else int(text) if _WEIGHT.fullmatch(text) else 1
        # Spec 0013: The reader MUST refuse a weight of a line above 0 or below −1000000000.
        if not -WEIGHT_MAX <= weight <= 0:
            raise DebtFileError(DebtFileFault.LINE_WEIGHT, line, text)
        return weight

    def table(self) -> LineTable:
        """Return the lines in their unit, members in the order of their names."""
        scale = 10 ** (DECIMALS_MAX - self.decimals)
        if sum(self.limits) > MAX_GROSS * scale:
            raise DebtFileError(DebtFileFault.LIMITS_TOTAL)
        limits = np.array([limit // scale for limit in self.limits], np.int64)
        names, renumbered = in_order(list(self.numbers))
        ends = np.array(self.lenders, np.int32), np.array(self.borrowers, np.int32)
        if renumbered is not None:
            ends = renumbered[ends[0]], renumbered[ends[1]]
        return LineTable(names, *ends, limits, np.array(self.weights, np.int64), self.decimals)
