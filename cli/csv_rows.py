"""The rows of a CSV as people save it, and the amounts in them; shared by debts and lines.

Source: spec 0013 §6.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO, Final

from cli.debt_faults import DebtFileError, DebtFileFault

DECIMALS_MAX: Final = 6
_COLUMNS_LEAST: Final = 3
_AMOUNT: Final = re.compile(r"(-?)([0-9]{1,19})(?:([.,])([0-9]{1,30}))?")

Row = tuple[int, list[str]]
"""Number of a line, counted from 1, and its cells."""


class Lines:
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

    def __enter__(self) -> "Lines":
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
            if not is_blank(rows[0]):
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


def is_blank(cells: Sequence[str]) -> bool:
    """Say whether no cell of a row holds anything."""
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


def delimiter_of(stream: BinaryIO) -> str:
    """Return ";" when the first line that says something has three columns with it, else ","."""
    try:
        with Lines(stream, ";") as lines:
            _, cells = lines.one() or (0, [])
    except DebtFileError:
        # Quotes that are wrong between semicolons may be right between commas.
        return ","
    return ";" if len(cells) >= _COLUMNS_LEAST else ","


def split_amount(amount: str, line: int, delimiter: str, mark: str) -> tuple[str, str, str]:
    """Take an amount apart.

    Args:
        amount: what stands in the cell, without spaces at its ends.
        line: its number.
        delimiter: between the columns of the file.
        mark: the decimal mark of the file so far, "" when there was none.

    Returns:
        The whole part, the decimals and the decimal mark of the file so far.

    Raises:
        DebtFileError: with the line and the reason.
    """
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
