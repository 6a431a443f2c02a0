"""What weights and lines did in a set-off: their part of the table and of the JSON object.

Source: spec 0013 §7; spec 0019 §6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from cli.choices import Language
from cli.clear_money import money
from cli.clear_subject import Subject
from cli.debt_table import Amounts
from cli.sentences import say
from federation.library import total
from federation.weights import value
from protocol.amounts import to_decimal_text
from protocol.errors import ProofError

if TYPE_CHECKING:
    from rich.console import Console

LINES_SHOWN: Final = 12
LINES_LISTED_MAX: Final = 100_000
"""Above, the JSON object has the sums alone."""


@dataclass(frozen=True, slots=True)
class UsedLine:
    """One line of the file, and what the set-off uses of it.

    Attributes:
        lender: who lends.
        borrower: who borrows.
        limit: minor units agreed.
        weight: at most 0.
        used: minor units, from 0 to the limit.
    """

    lender: str
    borrower: str
    limit: int
    weight: int
    used: int


@dataclass(frozen=True, slots=True)
class Agreed:
    """What weights and lines did.

    Attributes:
        is_weighted: whether a debt weighs other than 1.
        value: sum of weight × minor units over debts and lines.
        lines: what is used of lines; None without lines.
    """

    is_weighted: bool
    value: int
    lines: "LinesUsed | None"


@dataclass(frozen=True, slots=True)
class LinesUsed:
    """What a set-off uses of all lines.

    Attributes:
        digest: of the lines.
        count: how many there are.
        used: how many are used.
        lent: sum of what is used, minor units.
        first: the first ones that are used, at most `LINES_SHOWN`.
        each: every line in the order of its file; None when there are more than
            `LINES_LISTED_MAX`.
    """

    digest: bytes
    count: int
    used: int
    lent: int
    first: Sequence[UsedLine]
    each: Sequence[UsedLine] | None


def agreed_of(subject: Subject, flow: Amounts) -> Agreed | None:
    """Return what weights and lines did; None where there are neither.

    Args:
        subject: debts and lines.
        flow: minor units on each arc, proven.

    Raises:
        ProofError: a line is used beyond its limit.
    """
    table, joined = subject.lines, subject.joined
    if joined is None:
        return None
    worth = value(subject.network, flow)
    if table is None:
        return Agreed(subject.is_weighted, worth, None)
    _, used = joined.parts(flow)
    limits = joined.amounts[joined.debts :]
    # The proof has said so of merged lines; here it is said of each one.
    if (used < 0).any() or (used > limits).any():
        raise ProofError("a line is used beyond its limit")
    columns = (table.lenders, table.borrowers, limits, table.weights, used)

    def listed(places: NDArray[np.intp]) -> list[UsedLine]:
        rows = zip(*(column[places].tolist() for column in columns), strict=True)
        names = table.names
        return [UsedLine(names[one], names[other], *numbers) for one, other, *numbers in rows]

    touched = np.flatnonzero(used)
    lines = LinesUsed(
        digest=table.digest(),
        count=len(table),
        used=len(touched),
        lent=total(used),
        first=listed(touched[:LINES_SHOWN]),
        each=listed(np.arange(len(table))) if len(table) <= LINES_LISTED_MAX else None,
    )
    return Agreed(subject.is_weighted, worth, lines)


def agreed_shape(agreed: Agreed, decimals: int) -> dict[str, object]:
    """Return the fields that weights and lines add to the documented object.

    Args:
        agreed: what they say.
        decimals: of the amounts.
    """
    fields: dict[str, object] = {
        "weighted": agreed.is_weighted,
        "value": to_decimal_text(agreed.value, decimals),
    }
    if agreed.lines is None:
        return fields
    each = agreed.lines.each
    fields["lines"] = {
        "digest": agreed.lines.digest.hex(),
        "count": agreed.lines.count,
        "used": agreed.lines.used,
        "lent": to_decimal_text(agreed.lines.lent, decimals),
        "each": None if each is None else [_line_shape(line, decimals) for line in each],
    }
    return fields


def _line_shape(line: UsedLine, decimals: int) -> dict[str, object]:
    return {
        "from": line.lender,
        "to": line.borrower,
        "limit": to_decimal_text(line.limit, decimals),
        "weight": line.weight,
        "used": to_decimal_text(line.used, decimals),
    }


def agreed_rows(agreed: Agreed, decimals: int, lang: Language) -> list[tuple[str, str]]:
    """Return the rows that weights and lines add to the table: keys of sentences, and texts."""
    rows = []
    if agreed.is_weighted:
        rows.append(("value", money(agreed.value, decimals, lang)))
    if agreed.lines is not None:
        used, count = money(agreed.lines.used, 0, lang), money(agreed.lines.count, 0, lang)
        rows.append(("lines", say("clear.lines_of", lang, used=used, count=count)))
        rows.append(("lent", money(agreed.lines.lent, decimals, lang)))
        rows.append(("nets", say("clear.nets_same", lang)))
    return rows


def print_lines(lines: LinesUsed, decimals: int, lang: Language, console: "Console") -> None:
    """Print the lines that are used, the first ones one by one."""
    if not lines.used:
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE)
    for key in ("line_from", "line_to"):
        table.add_column(say(f"clear.{key}", lang))
    for key in ("line_used", "line_limit"):
        table.add_column(say(f"clear.{key}", lang), no_wrap=True, justify="right")
    for line in lines.first:
        amounts = money(line.used, decimals, lang), money(line.limit, decimals, lang)
        table.add_row(Text(line.lender), Text(line.borrower), *amounts)
    if lines.used > len(lines.first):
        more = money(lines.used - len(lines.first), 0, lang)
        table.add_row(say("clear.lines_more", lang, count=more), "", "", "")
    console.print(table)
    console.print(Text(say("clear.lines_say", lang)))
