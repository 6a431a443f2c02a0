"""Read a CSV of debts into columns, some thousands of lines at a time.

Lines that look all alike are read together; where one of them does not, these thousands are read
again one by one, and the first that is wrong says so with its number. Source: spec 0013 §6.
"""

import codecs
import csv
import gc
import io
import re
from array import array
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from typing import BinaryIO, Final

import numpy as np

from cli.debt_faults import OF_DEBT, DebtFileError, DebtFileFault
from cli.debt_table import DebtTable, first_fault, in_order
from federation.obligations import MAX_GROSS, DebtFault

DECIMALS_MAX: Final = 6
NAME_CHARACTERS_MAX: Final = 200
LINES_AT_ONCE: Final = 16_384

_AMOUNT: Final = re.compile(r"(-?)([0-9]{1,19})(?:([.,])([0-9]{1,30}))?")
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

Row = tuple[int, list[str]]
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
    delimiter = _delimiter(stream)
    collects = gc.isenabled()
    # Millions of rows come and go and hold no circles: looking for some costs half of the time.
    gc.disable()
    try:
        with _Lines(stream, delimiter) as lines:
            columns = _read_lines(lines, delimiter, limit, lambda: watch and watch(stream.tell()))
    finally:
        if collects:
            gc.enable()
    table, found = columns.table()
    if found is not None:
        raise _located(stream, columns, *found)
    return table


def _read_lines(
    lines: "_Lines", delimiter: str, limit: int | None, told: Callable[[], object]
) -> "_Columns":
    first = lines.one()
    order = _order(*first) if first is not None else None
    columns = _Columns(order or (0, 1, 2), order is None, delimiter)
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

    def __init__(self, order: tuple[int, int, int], exact: bool, delimiter: str) -> None:
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
            if not _is_blank(cells):
                self._add_one(line, cells)

    def _add_together(self, rows: list[list[str]]) -> bool:
        """Take rows that look alike; False, and nothing taken, when one of them does not."""
        lengths = set(map(len, rows))
        if min(lengths) <= max(self.order) or (self.exact and lengths != {len(_ROLES)}):
            return False
        cells = list(zip(*rows, strict=False))
        amounts = self._read_together(cells[self.order[2]])
        if amounts is None:
            return False
        try:
            debtors, creditors = (
                list(map(self.numbers.__getitem__, cells[place])) for place in self.order[:2]
            )
        except _BadName:
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
        whole, fraction, self.mark = _split(amount, line, self.delimiter, self.mark)
        self._refine(len(fraction))
        minor = int(whole + fraction.ljust(self.decimals, "0"))
        if minor > MAX_GROSS and self.oversized is None:
            self.oversized = len(self.amounts)
        self.debtors.append(pair[0])
        self.creditors.append(pair[1])
        self.amounts.append(min(minor, MAX_GROSS))

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
        table = DebtTable(names, debtors, creditors, amounts, self.decimals)
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


class _Lines:
    """The rows of a CSV that are not blank, one by one or many at a time.

    Attributes:
        line: number of the line that was read last, counted from 1.
    """

    def __init__(self, stream: BinaryIO, delimiter: str) -> None:
        stream.seek(0)
        self.line = 0
        self._stream = stream
        # Spec 0013: The reader MUST accept a byte order mark before UTF-8 and refuse every other
        #   encoding.
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._reader = csv.reader(self._text, delimiter=delimiter, strict=True)
        self._failure: DebtFileError | None = None

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._stream.closed:
            self._text.detach()

    def one(self) -> Row | None:
        """Return the next row that is not blank; None at the end."""
        while True:
            rows = self.some(1)
            if not rows:
                return None
            if not _is_blank(rows[0]):
                return self.line, rows[0]

    def some(self, count: int) -> list[list[str]]:
        """Return the next rows, blank ones among them; none at the end.

        Those before a line that cannot be read are given out before it is told.
        """
        if self._failure is not None:
            raise self._failure
        rows: list[list[str]] = []
        try:
            rows.extend(islice(self._reader, count))
        except csv.Error:
            self._failure = DebtFileError(DebtFileFault.BAD_CSV, self._reader.line_num)
        except UnicodeDecodeError:
            line = _undecodable_line(self._stream)
            self._failure = DebtFileError(DebtFileFault.NOT_UTF8, line)
        if self._failure is not None and not rows:
            raise self._failure
        self.line = self._reader.line_num
        return rows


def _is_blank(cells: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _undecodable_line(stream: BinaryIO) -> int:
    """Return the number of the first line that is not UTF-8."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    while True:
        block = stream.read(1 << 20)
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            return line + error.object.count(b"\n", 0, error.start)
        line += block.count(b"\n")


def _delimiter(stream: BinaryIO) -> str:
    """Return ";" when the first line that says something has three columns with it, else ","."""
    try:
        with _Lines(stream, ";") as lines:
            _, cells = lines.one() or (0, [])
    except DebtFileError:
        # Quotes that are wrong between semicolons may be right between commas.
        return ","
    return ";" if len(cells) >= len(_ROLES) else ","


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


def _split(amount: str, line: int, delimiter: str, mark: str) -> tuple[str, str, str]:
    """Return the whole part, the decimals and the decimal mark of the file so far."""
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        raise DebtFileError(DebtFileFault.AMOUNT, line, amount)
    minus, whole, found, fraction = match.groups(default="")
    if minus:
        raise DebtFileError(DebtFileFault.NOT_POSITIVE, line, amount)
    # Spec 0013: The reader MUST refuse a decimal comma in a file separated by commas.
    if found == "," and delimiter == ",":
        raise DebtFileError(DebtFileFault.COMMA, line, amount)
    # Spec 0013: The reader MUST refuse a file with both decimal commas and decimal points.
    if found and mark and found != mark:
        raise DebtFileError(DebtFileFault.MIXED_MARKS, line, amount)
    # Spec 0013: The reader MUST refuse an amount of more than 6 decimals.
    if len(fraction) > DECIMALS_MAX:
        raise DebtFileError(DebtFileFault.DECIMALS, line, amount)
    return whole, fraction, found or mark


def _located(stream: BinaryIO, columns: _Columns, place: int, fault: DebtFault) -> DebtFileError:
    """Read again up to a debt that is not sound, to tell its line."""
    row: Row | None = None
    with _Lines(stream, columns.delimiter) as lines:
        for _ in range(place + (1 if columns.exact else 2)):
            row = lines.one()
    assert row is not None, "the file became shorter while it was read"
    line, cells = row
    role = 0 if fault is DebtFault.SELF_DEBT else 2
    return DebtFileError(OF_DEBT[fault], line, cells[columns.order[role]].strip())
