"""A set-off as one picture: how far the debts fall, and the largest cycles as rings.

SVG written by hand. It reads without colour (what is cleared is hatched), and aloud: its title and
description say what it shows. Every text in it was escaped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from cli.choices import Language
from cli.clear_rings import Ring
from cli.sentences import say

RINGS_MAX: Final = 6
MEMBERS_MAX: Final = 8
NAME_CHARACTERS_MAX: Final = 16
_WIDTH: Final = 900
_BAR_LEFT, _BAR_WIDTH, _BAR_HEIGHT = 110, 560, 44
_RINGS_TOP: Final = 250
_CELL_WIDTH, _CELL_HEIGHT, _RADIUS = 300, 270, 72
_HEAD: Final = """<defs>
<pattern id="cleared" width="8" height="8" patternUnits="userSpaceOnUse" \
patternTransform="rotate(45)"><rect width="8" height="8" fill="#fff"/>\
<rect width="3" height="8" fill="#767676"/></pattern>
<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0 0L10 5L0 10z" fill="#222"/></marker>
</defs>
<rect width="100%" height="100%" fill="#fff"/>
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the picture shows; amounts in minor units, and as people write them.

    Attributes:
        before: sum of the debts.
        cleared: what is cancelled of it.
        before_text, cleared_text, after_text: the amounts as text.
        share_text: the share that is cancelled.
        rings: the largest cycles with their amounts as text.
        lines_text: what is said of lines; None when there were none.
    """

    before: int
    cleared: int
    before_text: str
    cleared_text: str
    after_text: str
    share_text: str
    rings: Sequence[tuple[Ring, str]]
    lines_text: str | None = None


def draw(figures: Figures, lang: Language) -> str:
    """Return the picture of a set-off as an SVG document.

    Args:
        figures: what it shows; at most `RINGS_MAX` cycles.
        lang: language of its texts.
    """
    assert len(figures.rings) <= RINGS_MAX
    rows = (len(figures.rings) + 2) // 3
    height = _RINGS_TOP + 40 + max(rows * _CELL_HEIGHT, 40)
    title = say(
        "clear.picture_title", lang, cleared=figures.cleared_text, before=figures.before_text
    )
    spoken = [
        say("clear.picture_desc", lang, before=figures.before_text, after=figures.after_text,
            share=figures.share_text)
    ]  # fmt: skip
    for number, (ring, amount) in enumerate(figures.rings, start=1):
        members = _spoken(ring, lang)
        spoken.append(
            say("clear.picture_desc_ring", lang, number=number, amount=amount, members=members)
        )
    if figures.lines_text is not None:
        spoken.append(figures.lines_text)
    if not figures.rings:
        spoken.append(say("clear.picture_none", lang))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc" '
        f'lang="{lang}" font-family="sans-serif" font-size="15" fill="#222">\n',
        f'<title id="title">{_safe(title)}</title>\n',
        f'<desc id="desc">{_safe(" ".join(spoken))}</desc>\n',
        _HEAD,
        _text(30, 42, title, size=21),
        _bars(figures, lang),
        _rings(figures.rings, lang),
        "</svg>\n",
    ]
    return "".join(parts)


def _bars(figures: Figures, lang: Language) -> str:
    after = figures.before - figures.cleared
    width = _BAR_WIDTH * after // figures.before if figures.before else 0
    first, second = 72, 72 + _BAR_HEIGHT + 18
    middle = _BAR_HEIGHT // 2 + 5
    parts = [
        _text(30, first + middle, say("clear.picture_before", lang)),
        _bar(_BAR_LEFT, first, _BAR_WIDTH if figures.before else 0, "#444"),
        _text(_BAR_LEFT + _BAR_WIDTH + 14, first + middle, figures.before_text),
        _text(30, second + middle, say("clear.picture_after", lang)),
        _bar(_BAR_LEFT, second, width, "#444"),
        _bar(_BAR_LEFT + width, second, (_BAR_WIDTH if figures.before else 0) - width,
             "url(#cleared)"),
        _text(_BAR_LEFT + _BAR_WIDTH + 14, second + middle, figures.after_text),
    ]  # fmt: skip
    legend = second + _BAR_HEIGHT + 16
    cleared = f"{say('clear.picture_cleared', lang)} {figures.cleared_text} ({figures.share_text})"
    parts += [
        _bar(_BAR_LEFT, legend, 16, "#444", 16),
        _text(_BAR_LEFT + 24, legend + 13, say("clear.picture_owed", lang)),
        _bar(_BAR_LEFT + 160, legend, 16, "url(#cleared)", 16),
        _text(_BAR_LEFT + 184, legend + 13, cleared),
    ]
    if figures.lines_text is not None:
        parts.append(_text(_BAR_LEFT, legend + 40, figures.lines_text))
    return "".join(parts)


def _bar(left: int, top: int, width: int, fill: str, height: int = _BAR_HEIGHT) -> str:
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}" '
        'stroke="#222"/>\n'
    )


def _rings(rings: Sequence[tuple[Ring, str]], lang: Language) -> str:
    if not rings:
        return _text(30, _RINGS_TOP + 20, say("clear.picture_none", lang))
    parts = [_text(30, _RINGS_TOP + 20, say("clear.picture_rings", lang), size=18)]
    for number, (ring, amount) in enumerate(rings):
        middle = _CELL_WIDTH * (number % 3) + _CELL_WIDTH // 2
        top = _RINGS_TOP + 40 + _CELL_HEIGHT * (number // 3)
        names = _shown(ring, lang)
        parts.append(_ring(middle, top + 110, names, _dashed(ring, len(names))))
        parts.append(_text(middle, top + 115, amount, anchor="middle", weight="bold"))
        said = say("clear.picture_ring", lang, amount=amount)
        parts.append(_text(middle, top + 235, said, size=12, anchor="middle"))
    return "".join(parts)


def _shown(ring: Ring, lang: Language) -> list[str]:
    """Return the names that are drawn: all, or the first ones and how many others there are."""
    if len(ring.members) <= MEMBERS_MAX:
        return [_short(name) for name in ring.members]
    others = len(ring.members) - MEMBERS_MAX + 1
    first = [_short(name) for name in ring.members[: MEMBERS_MAX - 1]]
    return [*first, say("clear.picture_others", lang, count=others)]


def _dashed(ring: Ring, shown: int) -> set[int]:
    """Return the arrows that stand for lines, when only so many names are drawn."""
    last = len(ring.members) - 1
    return {shown - 1 if step == last else step for step in ring.lines
            if step < shown - 1 or step == last}  # fmt: skip


def _spoken(ring: Ring, lang: Language) -> str:
    """Return the way around in words; a step over a line says so."""
    names = [*_shown(ring, lang), _short(ring.members[0])]
    by_line = f" → ({say('clear.picture_by_line', lang)}) "
    dashed = _dashed(ring, len(names) - 1)
    ways = [by_line if step in dashed else " → " for step in range(len(names) - 1)]
    return names[0] + "".join([way + name for way, name in zip(ways, names[1:], strict=True)])


def _ring(middle: int, centre: int, names: Sequence[str], dashed: set[int]) -> str:
    """Draw names around a circle, clockwise from the top, each with an arrow to the next."""
    parts = []
    step = 2 * math.pi / len(names)
    # Arrows keep away from the dots by a little less than a fifth of a right angle.
    gap = 0.16
    for place, name in enumerate(names):
        angle = place * step - math.pi / 2
        begin, end = _on(middle, centre, angle + gap), _on(middle, centre, angle + step - gap)
        bend = 1 if step - 2 * gap > math.pi else 0
        dashes = ' stroke-dasharray="6 4"' if place in dashed else ""
        parts.append(
            f'<path d="M{begin} A{_RADIUS} {_RADIUS} 0 {bend} 1 {end}" fill="none" '
            f'stroke="#222" stroke-width="1.6"{dashes} marker-end="url(#head)"/>\n'
        )
        x, y = _on(middle, centre, angle).split(" ")
        parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="#222"/>\n')
        across, down = math.cos(angle), math.sin(angle)
        anchor = "middle" if abs(across) < 0.2 else "start" if across > 0 else "end"
        left = round(middle + (_RADIUS + 12) * across)
        top = round(centre + (_RADIUS + 16) * down + 4)
        parts.append(_text(left, top, name, size=11, anchor=anchor))
    return "".join(parts)


def _on(middle: int, centre: int, angle: float) -> str:
    return f"{middle + _RADIUS * math.cos(angle):.1f} {centre + _RADIUS * math.sin(angle):.1f}"


def _text(
    left: int, top: int, words: str, *, size: int = 15, anchor: str = "", weight: str = ""
) -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    strong = f' font-weight="{weight}"' if weight else ""
    return f'<text x="{left}" y="{top}" font-size="{size}"{where}{strong}>{_safe(words)}</text>\n'


def _short(name: str) -> str:
    if len(name) <= NAME_CHARACTERS_MAX:
        return name
    return name[: NAME_CHARACTERS_MAX - 1] + "…"


def _safe(words: str) -> str:
    """Return a text as XML has it: escaped, and without the characters that no XML may hold."""
    shown = [letter if letter.isprintable() or letter == "\u202f" else "\ufffd" for letter in words]
    return escape("".join(shown))
