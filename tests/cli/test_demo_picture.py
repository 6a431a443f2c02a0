"""The picture of a cycle: every name and label once, within the width, in whatever letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo_picture import ASCII, UNICODE, Arc, draw_cycle, plain, shows_unicode

FOUR = [
    Arc("Bretagne", "500,00 → 80,00"),
    Arc("Rhône", "420,00 → 0,00"),
    Arc("Alsace", "455,50 → 35,50"),
    Arc("Île-de-France", "420,00 → 0,00"),
]
names = st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=14)
arcs = st.lists(names, min_size=2, max_size=20, unique=True).map(
    lambda found: [Arc(name, f"{number},00") for number, name in enumerate(found)]
)


def test_four_cooperatives_make_a_rectangle() -> None:
    assert "\n".join(draw_cycle(FOUR, "chacune efface 420,00", 80, UNICODE)) == (
        "    Bretagne ─────── 500,00 → 80,00 ───────▶ Rhône\n"
        "        ▲                                      │\n"
        "  420,00 → 0,00  chacune efface 420,00   420,00 → 0,00\n"
        "        │                                      ▼\n"
        "  Île-de-France ◀───── 455,50 → 35,50 ───── Alsace"
    )


def test_an_odd_cycle_turns_around_a_corner() -> None:
    drawn = draw_cycle([Arc("A", "1"), Arc("B", "2"), Arc("C", "3")], "−1", 80, ASCII)
    assert drawn == [
        "  A -- 1 --> B",
        "  ^          |",
        "  3    −1    2",
        "  |          |",
        "  C <--------+",
    ]


def test_where_the_rectangle_does_not_fit_a_ladder_is_drawn() -> None:
    assert draw_cycle(FOUR[:3], "420,00", 40, UNICODE) == [
        "  ╭─▶ Bretagne",
        "  │     │  500,00 → 80,00",
        "  │     ▼",
        "  │   Rhône",
        "  │     │  420,00 → 0,00     420,00",
        "  │     ▼",
        "  │   Alsace",
        "  │     │  455,50 → 35,50",
        "  ╰─────╯",
    ]


@given(arcs, st.integers(min_value=40, max_value=250))
def test_every_cooperative_and_every_amount_is_drawn_within_the_width(
    cycle: list[Arc], width: int
) -> None:
    drawn = draw_cycle(cycle, "−1,00", width, UNICODE)
    assert max(len(line) for line in drawn) <= width
    assert all(line == line.rstrip() for line in drawn)
    whole = "\n".join(drawn)
    for arc in cycle:
        assert arc.debtor in whole
        assert arc.label in whole
    assert whole.count("▶") + whole.count("◀") + whole.count("▲") + whole.count("▼") == len(cycle)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False), ("no such", False)],
)
def test_only_an_encoding_that_has_every_letter_gets_them(
    encoding: str | None, shown: bool
) -> None:
    assert shows_unicode(encoding) is shown


def test_plain_text_says_the_same_in_ascii() -> None:
    assert plain("✔ Île-de-France : 1\u00a0680,00 → −0,50 « œuf »…") == (
        '+ Ile-de-France : 1 680,00 -> -0,50 " oeuf "...'
    )
