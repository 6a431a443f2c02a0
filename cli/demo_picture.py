"""A cycle of debts drawn with letters: a rectangle where it fits, else a ladder.

With or without Unicode, and never with colour alone.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_SAMPLE: Final = "é✔→─│╭╰╯▶◀▲▼−«»…’\u00a0"
_PLAIN: Final = {
    "✔": "+",
    "✘": "x",
    "→": "->",
    "−": "-",
    "\u00a0": " ",
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "’": "'",
    "…": "...",
    "–": "-",
    "—": "-",
    "·": "-",
    "œ": "oe",
    "Œ": "OE",
}
_SHORTEST_SHAFT: Final = 2
_INDENT: Final = 2


@dataclass(frozen=True, slots=True)
class Strokes:
    """The letters that lines are drawn with."""

    across: str
    down: str
    right: str
    left: str
    up: str
    head: str
    corner: str
    begin: str
    end: str


UNICODE: Final = Strokes("─", "│", "▶", "◀", "▲", "▼", "╯", "╭", "╰")
ASCII: Final = Strokes("-", "|", ">", "<", "^", "v", "+", "+", "+")


@dataclass(frozen=True, slots=True)
class Arc:
    """One debt of a cycle.

    Attributes:
        debtor: Who owes; the creditor is the debtor of the next arc.
        label: What is written along the arrow.
    """

    debtor: str
    label: str


def shows_unicode(encoding: str | None) -> bool:
    """Say whether a stream of this encoding can show everything that is drawn and written here."""
    try:
        _SAMPLE.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def plain(text: str) -> str:
    """Return a text in ASCII that says the same: "Île" gives "Ile", "→" gives "->"."""
    spelled = "".join(_PLAIN.get(letter, letter) for letter in text)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()


def draw_cycle(arcs: Sequence[Arc], centre: str, width: int, strokes: Strokes) -> list[str]:
    """Draw who owes whom around a cycle.

    Args:
        arcs: At least two, in the order of the cycle.
        centre: Written in the middle.
        width: Columns of the terminal.
        strokes: `UNICODE` or `ASCII`.

    Returns:
        Lines without trailing spaces.
    """
    assert len(arcs) >= 2
    if len(arcs) > 2:
        drawing = _rectangle(arcs, centre, strokes)
        if max(len(line) for line in drawing) <= width:
            return drawing
    return _ladder(arcs, centre, strokes)


def _ladder(arcs: Sequence[Arc], centre: str, strokes: Strokes) -> list[str]:
    margin = " " * _INDENT
    lines = [f"{margin}{strokes.begin}{strokes.across}{strokes.right} {arcs[0].debtor}"]
    side = f"{margin}{strokes.down}"
    for place, (arc, following) in enumerate(pairwise(arcs)):
        middle = f"     {centre}" if place == (len(arcs) - 1) // 2 else ""
        lines.append(f"{side}     {strokes.down}  {arc.label}{middle}")
        lines.append(f"{side}     {strokes.head}")
        lines.append(f"{side}   {following.debtor}")
    lines.append(f"{side}     {strokes.down}  {arcs[-1].label}")
    lines.append(f"{margin}{strokes.end}{strokes.across * 5}{strokes.corner}")
    return [line.rstrip() for line in lines]


def _rectangle(arcs: Sequence[Arc], centre: str, strokes: Strokes) -> list[str]:
    """Draw the first half from left to right, the second half back below it."""
    half = (len(arcs) + 1) // 2
    top = arcs[:half]
    bottom = list(reversed(arcs[half:]))
    is_odd = len(bottom) < half
    below = [arc.debtor for arc in bottom] + ([strokes.corner] if is_odd else [])
    left_label, right_label = arcs[-1].label, arcs[half - 1].label
    # Along the bottom row each arrow belongs to the debtor at its right end.
    lower = [arc.label for arc in bottom[1:]] + ([""] if is_odd else [])
    upper = [arc.label for arc in top[:-1]]
    names = [arc.debtor for arc in top]
    left = max(len(names[0]), len(below[0]), len(left_label)) // 2
    right = max(len(names[-1]), len(below[-1]), len(right_label)) // 2
    span = max(
        _span(names, upper),
        _span(below, lower),
        len(left_label) // 2 + len(centre) + len(right_label) // 2 + 6,
    )
    canvas = _Canvas(_INDENT + left + span + right + 2)
    begin, end = _INDENT + left, _INDENT + left + span
    canvas.row(names, upper, begin, end, strokes, strokes.right)
    canvas.sides(begin, end, strokes.up, strokes.down)
    canvas.labels(begin, end, left_label, right_label, centre)
    canvas.sides(begin, end, strokes.down, strokes.down if is_odd else strokes.head)
    canvas.row(below, lower, begin, end, strokes, strokes.left)
    return canvas.lines


def _span(names: Sequence[str], labels: Sequence[str]) -> int:
    """Return the least distance between the middles of the first and the last name of a row."""
    inner = sum(len(name) for name in names[1:-1])
    ends = len(names[0]) - len(names[0]) // 2 + len(names[-1]) // 2
    return inner + ends + sum(_least(label) for label in labels)


def _least(label: str) -> int:
    # " ── label ──▶ "
    return len(label) + 2 * _SHORTEST_SHAFT + (5 if label else 3)


class _Canvas:
    """Lines of one width, written from left to right."""

    def __init__(self, width: int) -> None:
        self._width = width
        self.lines: list[str] = []

    def _add(self, pieces: Sequence[tuple[int, str]]) -> None:
        line = [" "] * self._width
        for place, text in pieces:
            line[place : place + len(text)] = text
        self.lines.append("".join(line).rstrip())

    def row(
        self,
        names: Sequence[str],
        labels: Sequence[str],
        begin: int,
        end: int,
        strokes: Strokes,
        tip: str,
    ) -> None:
        """Add a row of names joined by arrows; the outer names have their middle on the sides."""
        spare = end - begin - _span(names, labels)
        pieces = []
        place = begin - len(names[0]) // 2
        for number, name in enumerate(names):
            pieces.append((place, name))
            place += len(name)
            if number < len(labels):
                share = spare // (len(labels) - number)
                spare -= share
                shaft = _arrow(labels[number], _least(labels[number]) + share, strokes, tip)
                pieces.append((place, shaft))
                place += len(shaft)
        self._add(pieces)

    def sides(self, begin: int, end: int, left: str, right: str) -> None:
        """Add a line with a stroke on either side."""
        self._add([(begin, left), (end, right)])

    def labels(self, begin: int, end: int, left: str, right: str, centre: str) -> None:
        """Add the line with the labels of both sides and what stands in the middle."""
        first = begin - len(left) // 2
        last = end - len(right) // 2
        room = last - (first + len(left))
        self._add(
            [
                (first, left),
                (first + len(left) + max(0, room - len(centre)) // 2, centre),
                (last, right),
            ]
        )


def _arrow(label: str, length: int, strokes: Strokes, tip: str) -> str:
    """Return an arrow of a length, with a space at both ends."""
    middle = f" {label} " if label else ""
    shaft = length - len(middle) - 3
    before = strokes.across * (shaft // 2)
    after = strokes.across * (shaft - shaft // 2)
    if tip == strokes.left:
        # Without a label it comes around the corner, and touches it.
        return f" {tip}{before}{middle}{after}" + (" " if label else strokes.across)
    return f" {before}{middle}{after}{tip} "
