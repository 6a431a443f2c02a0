"""Read a file of debts: columns debtor, creditor, amount, as a spreadsheet or a program saves them.

Accepted: comma or semicolon between the columns, UTF-8 with or without a byte order mark, a first
line of column names in any order or none (then debtor, creditor, amount). Amounts have a decimal
point, or a decimal comma in files with semicolons. Whatever could be read in two ways is refused
with the number of its line. Source: spec 0013, debt files.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cli.failures import ExitCode
from federation.obligations import DebtFault, debt_fault

DECIMALS_MAX: Final = 6
NAME_CHARACTERS_MAX: Final = 200
FILE_BYTES_MAX: Final = 256 * 1024 * 1024  # about ten million debts

_AMOUNT: Final = re.compile(r"(-?)([0-9]{1,19})(?:([.,])([0-9]{1,30}))?")
_ROLES: Final = ("debtor", "creditor", "amount")
_COLUMNS: Final = {
    "debtor": "debtor",
    "débiteur": "debtor",
    "debiteur": "debtor",
    "creditor": "creditor",
    "créancier": "creditor",
    "creancier": "creditor",
    "amount": "amount",
    "montant": "amount",
}


class DebtFileFault(StrEnum):
    """Why a file of debts cannot be read; `_SENTENCES` says each one in French and English."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    FILE_TOO_LARGE = "file_too_large"
    NOT_UTF8 = "not_utf8"
    BAD_CSV = "bad_csv"
    NO_COLUMN = "no_column"
    COLUMNS = "columns"
    NAME = "name"
    AMOUNT = "amount"
    COMMA = "comma"
    MIXED_MARKS = "mixed_marks"
    DECIMALS = "decimals"
    SELF_DEBT = "self_debt"
    NOT_POSITIVE = "not_positive"
    TOTAL = "total"


_SENTENCES: Final[dict[DebtFileFault, tuple[str, str]]] = {
    DebtFileFault.MISSING: (
        "le fichier « {found} » n’existe pas",
        "there is no file “{found}”",
    ),
    DebtFileFault.UNREADABLE: (
        "le fichier ne peut pas être lu ({found})",
        "the file cannot be read ({found})",
    ),
    DebtFileFault.FILE_TOO_LARGE: (
        "le fichier dépasse 256 Mio",
        "the file is larger than 256 MiB",
    ),
    DebtFileFault.NOT_UTF8: (
        "le texte n’est pas en UTF-8 ; enregistrez le fichier au format « CSV UTF-8 »",
        "the text is not UTF-8; save the file as “CSV UTF-8”",
    ),
    DebtFileFault.BAD_CSV: (
        "les guillemets ne sont pas ceux d’un fichier CSV, ou une case est trop longue",
        "the quotes are not those of a CSV file, or a field is too long",
    ),
    DebtFileFault.NO_COLUMN: (
        "il faut une colonne de chaque nom : debtor, creditor, amount (débiteur, créancier,"
        " montant)",
        "one column of each name is needed: debtor, creditor, amount",
    ),
    DebtFileFault.COLUMNS: (
        "trois colonnes attendues (débiteur, créancier, montant), {found} trouvées",
        "three columns expected (debtor, creditor, amount), {found} found",
    ),
    DebtFileFault.NAME: (
        "un nom est vide ou dépasse 200 caractères",
        "a name is empty or longer than 200 characters",
    ),
    DebtFileFault.AMOUNT: (
        "« {found} » n’est pas un montant ; écrivez par exemple 1234.50, sans espace",
        "“{found}” is not an amount; write for example 1234.50, without spaces",
    ),
    DebtFileFault.COMMA: (
        "« {found} » : la virgule décimale demande des colonnes séparées par « ; »",
        "“{found}”: a decimal comma needs columns separated by “;”",
    ),
    DebtFileFault.MIXED_MARKS: (
        "« {found} » : le fichier mêle virgules et points décimaux, gardez l’un des deux",
        "“{found}”: the file mixes decimal commas and points, keep one of them",
    ),
    DebtFileFault.DECIMALS: (
        "« {found} » a plus de 6 décimales",
        "“{found}” has more than 6 decimals",
    ),
    DebtFileFault.SELF_DEBT: (
        "« {found} » se doit de l’argent à lui-même",
        "“{found}” owes money to itself",
    ),
    DebtFileFault.NOT_POSITIVE: (
        "« {found} » : une dette doit être supérieure à zéro",
        "“{found}”: a debt must be above zero",
    ),
    DebtFileFault.TOTAL: (
        "le total des dettes dépasse 9 223 372 036 854 775 807 unités minimales",
        "the sum of all debts exceeds 9,223,372,036,854,775,807 minor units",
    ),
}

_OF_DEBT: Final = {
    DebtFault.SELF_DEBT: DebtFileFault.SELF_DEBT,
    DebtFault.AMOUNT_NOT_POSITIVE: DebtFileFault.NOT_POSITIVE,
    DebtFault.TOTAL_TOO_LARGE: DebtFileFault.TOTAL,
}


class DebtFileError(Exception):
    """A file of debts cannot be read.

    Attributes:
        fault: what is wrong.
        line: line of the file, counted from 1; 0 when the fault is of the whole file.
        found: what stood there, shortened, without control characters.
    """

    def __init__(self, fault: DebtFileFault, line: int = 0, found: str = "") -> None:
        super().__init__(f"{fault} at line {line}")
        self.fault = fault
        self.line = line
        shown = "".join(letter if letter.isprintable() else "?" for letter in found)
        self.found = shown if len(shown) <= 40 else shown[:39] + "…"

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 for a file that is not there, 2 for everything else."""
        return ExitCode.NOT_FOUND if self.fault is DebtFileFault.MISSING else ExitCode.USAGE

    def sentence(self, lang: str) -> str:
        """Say it to a person.

        Args:
            lang: "fr" or "en".
        """
        french, english = _SENTENCES[self.fault]
        text = (english if lang == "en" else french).format(found=self.found)
        if not self.line:
            return text
        return f"line {self.line}: {text}" if lang == "en" else f"ligne {self.line} : {text}"


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
    """Read a file of debts.

    Args:
        path: the file.
        limit: read so many debts at most, the first ones; all when None.

    Raises:
        DebtFileError: with the line and the reason.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise DebtFileError(DebtFileFault.MISSING, found=path.name) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DebtFileError(DebtFileFault.UNREADABLE, found=reason) from error
    return parse_debts(content, limit)


def parse_debts(content: bytes, limit: int | None = None) -> DebtFile:
    """Read the bytes of a file of debts; see `read_debts`."""
    if len(content) > FILE_BYTES_MAX:
        raise DebtFileError(DebtFileFault.FILE_TOO_LARGE)
    body = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise DebtFileError(DebtFileFault.NOT_UTF8, line) from error
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    first = next(rows, None)
    if first is None:
        return DebtFile([], 0)
    order = _order(*first)
    if order is None:
        order = (0, 1, 2)
        rows = _put_back(first, rows)
        exact = True
    else:
        exact = False
    typed: list[tuple[int, str, str, str, str, str]] = []
    mark = ""
    decimals = 0
    for line, cells in rows:
        if limit is not None and len(typed) == limit:
            break
        if len(cells) <= max(order) or (exact and len(cells) != len(_ROLES)):
            raise DebtFileError(DebtFileFault.COLUMNS, line, str(len(cells)))
        debtor, creditor, amount = (cells[place].strip() for place in order)
        if not 0 < len(debtor) <= NAME_CHARACTERS_MAX or not (
            0 < len(creditor) <= NAME_CHARACTERS_MAX
        ):
            raise DebtFileError(DebtFileFault.NAME, line)
        whole, fraction, mark = _split(amount, line, delimiter, mark)
        # Spec 0013: The number of decimals of the unit MUST be the largest one found in the file.
        decimals = max(decimals, len(fraction))
        typed.append((line, debtor, creditor, whole, fraction, amount))
    return DebtFile(_in_minor_units(typed, decimals), decimals)


def _delimiter(text: str) -> str:
    """Return ";" when the first line that says something has three columns with it, else ","."""
    try:
        _, cells = next(_rows(text, ";"), (0, []))
    except DebtFileError:
        # Quotes that are wrong between semicolons may be right between commas.
        return ","
    return ";" if len(cells) >= len(_ROLES) else ","


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise DebtFileError(DebtFileFault.BAD_CSV, reader.line_num) from error


def _put_back(
    first: tuple[int, list[str]], rows: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rows


def _order(line: int, cells: Sequence[str]) -> tuple[int, int, int] | None:
    """Return the places of debtor, creditor and amount when the line holds column names."""
    roles = [_COLUMNS.get(cell.strip().casefold()) for cell in cells]
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


def _in_minor_units(
    typed: Sequence[tuple[int, str, str, str, str, str]], decimals: int
) -> list[tuple[str, str, int]]:
    """Bring all amounts to the same number of decimals, and refuse unsound debts."""
    debts: list[tuple[str, str, int]] = []
    gross = 0
    for line, debtor, creditor, whole, fraction, amount in typed:
        minor = int(whole + fraction.ljust(decimals, "0"))
        fault = debt_fault(debtor, creditor, minor, gross)
        if fault is not None:
            found = debtor if fault is DebtFault.SELF_DEBT else amount
            raise DebtFileError(_OF_DEBT[fault], line, found)
        gross += minor
        debts.append((debtor, creditor, minor))
    return debts
