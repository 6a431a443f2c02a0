"""Read a CSV of debts into columns, some thousands of lines at a time.

Lines that look all alike are read together; where one of them does not, these thousands are read
again one by one, and the first that is wrong says so with its number. Source: spec 0013 §6.
"""

import gc
import re
from array import array
from collections.abc import Callable, Sequence
from functools import cache
from typing import BinaryIO, Final

import numpy as np

from cli.csv_rows import DECIMALS_MAX, Lines, Row, delimiter_of, is_blank, split_amount
from cli.debt_faults import OF_DEBT, DebtFileError, DebtFileFault
from cli.debt_table import DebtTable, first_fault, in_order
from cli.debt_weights import BadWeightError, WeightCells, unless_all_one, weight_column
from federation.obligations import MAX_GROSS, DebtFault

NAME_CHARACTERS_MAX: Final = 200
LINES_AT_ONCE: Final = 16_384

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_DIGITS: Final = 18  # any number of so many digits fits 64 bits
_ROLES: Final = ("debtor", "creditor", "amount")
COLUMNS: Final = {
    "debtor": "debtor",
    "débiteur": "debtor",
    "debiteur": "debtor",
    "creditor": "creditor",
    "créancier": "creditor",
    "creancier": "creditor",
    "amount": "amount",
    "montant": "amount",
}

Watch = Callable[[int], None]


def read_csv(stream: BinaryIO, limit: int | None = None, watch: Watch | None = None) -> DebtTable:
    """Read a CSV of debts.

    Args:
        stream: the bytes of the file, which can be read twice.
        limit: read so many debts at most, the first ones; all when None.
        watch: told now and then how many bytes were read.

    Raises:
        DebtFileError: with the line and the reason.
    """
    delimiter = delimiter_of(stream)
    collects = gc.isenabled()
    # Millions of rows come and go and hold no circles: looking for some costs half of the time.
    gc.disable()
    try:
        with Lines(stream, delimiter) as lines:
            columns = _read_lines(lines, delimiter, limit, lambda: watch and watch(stream.tell()))
    finally:
        if collects:
            gc.enable()
    table, found = columns.table()
    if found is not None:
        raise _located(stream, columns, *found)
    return table


def _read_lines(
    lines: Lines, delimiter: str, limit: int | None, told: Callable[[], object]
) -> "_Columns":
    first = lines.one()
    order = _order(*first) if first is not None else None
    weight = _weight_place(*first) if first is not None and order is not None else None
    columns = _Columns(order or (0, 1, 2), order is None, delimiter, weight)
    if first is not None and order is None and limit != 0:
        columns.add(first[0] - 1, [first[1]])
    while limit is None or len(columns.amounts) < limit:
        missing = LINES_AT_ONCE if limit is None else limit - len(columns.amounts)
        before = lines.line
        rows = lines.some(min(LINES_AT_ONCE, missing))
        if not rows:
            break
        columns.add(before, rows)
        told()
    return columns


class _BadName(Exception):
    """A name is empty or too long."""


class _Numbers(dict[str, int]):
    """Numbers names as they come; with spaces around it a name is the same name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, cell: str) -> int:
        name = cell.strip()
        if name != cell:
            number = self[name]
        elif 0 < len(name) <= NAME_CHARACTERS_MAX:
            number = len(self.names)
            self.names.append(name)
        else:
            raise _BadName
        self[cell] = number
        return number


class _Columns:
    """The debts read so far; amounts with the most decimals that were found so far."""

    def __init__(
        self, order: tuple[int, int, int], exact: bool, delimiter: str, weight: int | None
    ) -> None:
        self.order = order
        self.exact = exact
        self.delimiter = delimiter
        self.mark = ""
        self.decimals = 0
        self.oversized: int | None = None
        self.numbers = _Numbers()
        self.debtors = array("i")
        self.creditors = array("i")
        self.amounts = array("q")
        self.weight_place = weight
        self.weight_cells = WeightCells()
        self.weights = array("q")

    def add(self, line: int, rows: list[list[str]]) -> None:
        """Take rows.

        Args:
            line: number of the line before the first one.
            rows: their cells; blank ones are left out.
        """
        if self._add_together(rows):
            return
        for cells in rows:
            # The reader counts every line, also those that end inside of quotes.
            line += 1 + sum(len(_LINE_END.findall(cell)) for cell in cells)
            if not is_blank(cells):
                self._add_one(line, cells)

    def _add_together(self, rows: list[list[str]]) -> bool:
        """Take rows that look alike; False, and nothing taken, when one of them does not."""
        lengths = set(map(len, rows))
        last = max(self.order) if self.weight_place is None else max(*self.order, self.weight_place)
        if min(lengths) <= last or (self.exact and lengths != {len(_ROLES)}):
            return False
        cells = list(zip(*rows, strict=False))
        amounts = self._read_together(cells[self.order[2]])
        if amounts is None:
            return False
        try:
            debtors, creditors = (
                list(map(self.numbers.__getitem__, cells[place])) for place in self.order[:2]
            )
            if self.weight_place is not None:
                weights = list(map(self.weight_cells.__getitem__, cells[self.weight_place]))
                self.weights.fromlist(weights)
        except (_BadName, BadWeightError):
            return False
        self.debtors.fromlist(debtors)
        self.creditors.fromlist(creditors)
        self.amounts.fromlist(amounts)
        return True

    def _read_together(self, cells: tuple[str, ...]) -> list[int] | None:
        """Return amounts that are all sound and have the same mark, in minor units."""
        mark = self.mark or ("," if self.delimiter == ";" and "," in cells[0] else ".")
        text = "\n".join(cells)
        # A cell may hold the end of a line; then it is no amount.
        if text.count("\n") != len(cells) - 1:
            return None
        decimals = len(cells[0].partition(mark)[2])
        if decimals <= DECIMALS_MAX and _alike(mark, decimals).fullmatch(text):
            values = list(map(int, text.replace(mark, "").split("\n")))
        elif _mixed(mark).fullmatch(text):
            parts = [cell.partition(mark) for cell in cells]
            decimals = max([len(fraction) for _, _, fraction in parts])
            values = [int(whole + fraction.ljust(decimals, "0")) for whole, _, fraction in parts]
        else:
            return None
        if decimals < self.decimals:
            factor = 10 ** (self.decimals - decimals)
            if max(values) * factor > MAX_GROSS:
                return None
            values = [value * factor for value in values]
        self._refine(decimals)
        if decimals:
            self.mark = mark
        return values

    def _add_one(self, line: int, cells: list[str]) -> None:
        if len(cells) <= max(self.order) or (self.exact and len(cells) != len(_ROLES)):
            raise DebtFileError(DebtFileFault.COLUMNS, line, str(len(cells)))
        debtor, creditor, amount = (cells[place].strip() for place in self.order)
        try:
            pair = self.numbers[debtor], self.numbers[creditor]
        except _BadName as error:
            raise DebtFileError(DebtFileFault.NAME, line) from error
        weight = self._weight_of(line, cells)
        whole, fraction, self.mark = split_amount(amount, line, self.delimiter, self.mark)
        self._refine(len(fraction))
        minor = int(whole + fraction.ljust(self.decimals, "0"))
        if minor > MAX_GROSS and self.oversized is None:
            self.oversized = len(self.amounts)
        self.debtors.append(pair[0])
        self.creditors.append(pair[1])
        self.amounts.append(min(minor, MAX_GROSS))
        if weight is not None:
            self.weights.append(weight)

    def _weight_of(self, line: int, cells: list[str]) -> int | None:
        if self.weight_place is None:
            return None
        # Spreadsheets leave empty cells at the end of a line away.
        cell = cells[self.weight_place] if self.weight_place < len(cells) else ""
        try:
            return self.weight_cells[cell]
        except BadWeightError as error:
            raise DebtFileError(DebtFileFault.WEIGHT, line, str(error)) from error

    def _refine(self, decimals: int) -> None:
        """Bring the amounts read so far to more decimals."""
        # Spec 0013: The number of decimals of the unit MUST be the largest one found in the file.
        if decimals <= self.decimals:
            return
        factor = 10 ** (decimals - self.decimals)
        self.decimals = decimals
        if not self.amounts:
            return
        amounts = np.frombuffer(self.amounts, np.int64)
        too_large = amounts > MAX_GROSS // factor
        if too_large.any():
            place = int(too_large.argmax())
            self.oversized = place if self.oversized is None else min(place, self.oversized)
            np.minimum(amounts, MAX_GROSS // factor, out=amounts)
        amounts *= factor

    def table(self) -> tuple[DebtTable, tuple[int, DebtFault] | None]:
        """Return the debts, and the first one that is not sound."""
        names, renumbered = in_order(self.numbers.names)
        self.numbers.clear()
        debtors = np.frombuffer(self.debtors, np.int32)
        creditors = np.frombuffer(self.creditors, np.int32)
        if renumbered is not None:
            np.take(renumbered, debtors, out=debtors)
            np.take(renumbered, creditors, out=creditors)
        amounts = np.frombuffer(self.amounts, np.int64)
        weights = None
        if self.weight_place is not None:
            weights = unless_all_one(np.frombuffer(self.weights, np.int64))
        table = DebtTable(names, debtors, creditors, amounts, self.decimals, weights)
        return table, first_fault(debtors, creditors, amounts, self.oversized)


@cache
def _alike(mark: str, decimals: int) -> re.Pattern[str]:
    """Match lines of amounts with exactly so many decimals."""
    fraction = f"[{mark}][0-9]{{{decimals}}}" if decimals else ""
    amount = f"[0-9]{{1,{_DIGITS - decimals}}}{fraction}"
    return re.compile(f"{amount}(?:\n{amount})*")


@cache
def _mixed(mark: str) -> re.Pattern[str]:
    """Match lines of amounts with up to six decimals."""
    amount = f"[0-9]{{1,{_DIGITS - DECIMALS_MAX}}}(?:[{mark}][0-9]{{1,{DECIMALS_MAX}}})?"
    return re.compile(f"{amount}(?:\n{amount})*")


def _order(line: int, cells: Sequence[str]) -> tuple[int, int, int] | None:
    """Return the places of debtor, creditor and amount when the line holds column names."""
    roles = [COLUMNS.get(cell.strip().casefold()) for cell in cells]
    known = [role for role in roles if role is not None]
    # Two known names make a header; one may be a member who is called so.
    if len(known) < 2:
        return None
    if sorted(known) != sorted(_ROLES):
        raise DebtFileError(DebtFileFault.NO_COLUMN, line)
    debtor, creditor, amount = (roles.index(role) for role in _ROLES)
    return debtor, creditor, amount


def _weight_place(line: int, cells: Sequence[str]) -> int | None:
    """Return the place of the weights in the line of column names."""
    try:
        return weight_column(list(cells))
    except ValueError as error:
        raise DebtFileError(DebtFileFault.TWO_WEIGHTS, line) from error


def _located(stream: BinaryIO, columns: _Columns, place: int, fault: DebtFault) -> DebtFileError:
    """Read again up to a debt that is not sound, to tell its line."""
    row: Row | None = None
    with Lines(stream, columns.delimiter) as lines:
        for _ in range(place + (1 if columns.exact else 2)):
            row = lines.one()
    assert row is not None, "the file became shorter while it was read"
    line, cells = row
    role = 0 if fault is DebtFault.SELF_DEBT else 2
    return DebtFileError(OF_DEBT[fault], line, cells[columns.order[role]].strip())
