"""What a person or a script sees: results on stdout, everything else on stderr.

Nothing moves, colours or asks unless a terminal is there to see it.
"""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from cli.choices import Language, uses_colour
from cli.failures import ExitCode, Failure
from cli.sentences import say
from protocol import amounts

# U+00A0 and not the narrow U+202F: the screens and code pages of old machines have it too.
_GROUP: Final[dict[Language, str]] = {"fr": "\u00a0", "en": ","}
_POINT: Final[dict[Language, str]] = {"fr": ",", "en": "."}
_YES: Final = frozenset({"o", "oui", "y", "yes"})


def result(text: str) -> None:
    """Print a result on stdout."""
    print(text)


def note(text: str) -> None:
    """Print on stderr what a person should know and a script should not have to skip."""
    print(text, file=sys.stderr)


def warn(text: str) -> None:
    """Print on stderr what must not be overlooked; in colour on a terminal."""
    if uses_colour(sys.stderr.isatty()):
        text = f"\x1b[1;31m{text}\x1b[0m"
    print(text, file=sys.stderr)


def emit_json(shape: Mapping[str, object]) -> None:
    """Print a documented shape on stdout, on one line.

    Args:
        shape: Has a version under "v"; its amounts are strings of decimal units (`for_json`).
    """
    assert isinstance(shape.get("v"), int), "every shape is versioned"
    print(json.dumps(shape, ensure_ascii=False, allow_nan=False))


def amount(minor: int, decimals: int, lang: Language, unit: str = "") -> str:
    """Return an amount or a balance as people write it: "1 234,50 UEB", "−12,50".

    Args:
        minor: Whole minor units, of either sign.
        decimals: How many decimals the unit has.
        lang: French groups by spaces with a comma, English by commas with a point.
        unit: Put after the figure when given.
    """
    figure = amounts.format_amount(
        minor, decimals, separator=_POINT[lang], group=_GROUP[lang]
    ).replace("-", "\u2212")
    return f"{figure} {unit}" if unit else figure


def for_json(minor: int, decimals: int) -> str:
    """Return an amount as a string of decimal units for JSON: "-1234.50"."""
    return amounts.to_decimal_text(minor, decimals)


def confirm(sentence: str, lang: Language, *, yes: bool) -> None:
    """Repeat what is about to happen and go on only when the person says so.

    Args:
        sentence: Who gives what to whom.
        lang: Language of the question.
        yes: The person answered beforehand (`--yes`); the sentence is still printed.

    Raises:
        Failure: refused, unless the answer is oui, o, yes or y; an empty line and the end of
            input are a no; usage, there is no terminal to ask on.
    """
    note(sentence)
    if not yes and ask(say("screen.confirm", lang), lang).casefold() not in _YES:
        raise Failure(ExitCode.REFUSED, "pay.declined")


def ask(question: str, lang: Language) -> str:
    """Ask on stderr and return one line without the spaces around it; "" at the end of input.

    Raises:
        Failure: usage, there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise Failure(ExitCode.USAGE, "screen.no_terminal")
    print(question, end=" ", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        note("")
    return line.strip()


def draw_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    right: Sequence[int] = (),
) -> None:
    """Print a table on stdout: drawn on a terminal, aligned text elsewhere.

    Args:
        columns: The headings.
        rows: As many cells as headings in each.
        title: Printed above.
        right: Positions of the columns of figures.
    """
    if not sys.stdout.isatty():
        _print_aligned(columns, rows, title, right)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, header_style="bold")
    for position, column in enumerate(columns):
        table.add_column(
            Text(column),
            justify="right" if position in right else "left",
            no_wrap=position in right,
        )
    for row in rows:
        # As Text: square brackets in a name are a name, not a style.
        table.add_row(*(Text(cell) for cell in row))
    Console(no_color=not uses_colour(True)).print(table)


def _print_aligned(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, right: Sequence[int]
) -> None:
    if title:
        print(title)
    lines = [columns, *rows]
    widths = [max(len(line[position]) for line in lines) for position in range(len(columns))]
    for line in lines:
        cells = [
            cell.rjust(width) if position in right else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


@contextlib.contextmanager
def waiting(text: str) -> Iterator[Callable[[str], None]]:
    """Show that something takes time: a spinner on a terminal, one line elsewhere.

    Args:
        text: What is being done.

    Yields:
        A function that changes the text; without effect where there is no terminal.
    """
    if not sys.stderr.isatty():
        note(text)
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, no_color=not uses_colour(True))
    # As Text: square brackets in a name are a name, not a style.
    with console.status(Text(text)) as status:
        yield lambda changed: status.update(Text(changed))
