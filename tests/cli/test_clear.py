"""`ronde clear`: the figures, the proof, the exit codes."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.clear import run_clear, share_millionths
from federation.obligations import Graph
from federation.set_off import solve

RING = "debtor,creditor,amount\nA,B,100.00\nB,C,80.00\nC,A,70.00\n"
KEYS = [
    "v", "obligations", "participants", "gross_before", "cleared", "gross_after", "share",
    "optimal", "cycles", "seconds",
]  # fmt: skip


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.csv"
    path.write_text(RING, encoding="utf-8")
    return path


def test_json_says_what_the_documentation_says(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(ring, True, "fr") == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == ""
    assert list(answer) == KEYS
    assert isinstance(answer.pop("seconds"), float)
    assert answer == {
        "v": 1,
        "obligations": 3,
        "participants": 3,
        "gross_before": "250.00",
        "cleared": "210.00",
        "gross_after": "40.00",
        "share": "0.840000",
        "optimal": True,
        "cycles": 1,
    }


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", ["Compensation de ring.csv", "brut avant", "250,00", "210,00", "84,0000\u202f%",
                "boucles", "prouvé"]),
        ("en", ["Set-off of ring.csv", "gross before", "250.00", "210.00", "84.0000%", "cycles",
                "proven"]),
    ],
)  # fmt: skip
def test_a_person_reads_a_table(
    ring: Path, lang: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(ring, False, lang) == 0
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []


@pytest.mark.parametrize("text", ["", "debtor,creditor,amount\n", "a,b,5\n"])
def test_where_nothing_can_be_cleared_nothing_is(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.csv"
    path.write_text(text, encoding="utf-8")
    assert run_clear(path, True, "fr") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["cleared"], answer["share"], answer["optimal"]) == ("0", "0.000000", True)


def test_a_missing_file_and_a_bad_one_have_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(tmp_path / "none.csv", True, "fr") == 3
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b,1\na,a,1\n", encoding="utf-8")
    assert run_clear(bad, True, "fr") == 2
    assert run_clear(bad, True, "en") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "le fichier « none.csv » n’existe pas",
        "ligne 2 : « a » se doit de l’argent à lui-même",
        "line 2: “a” owes money to itself",
    ]


def too_little(graph: Graph[str]) -> list[int]:
    """Cancel one unit less all around: every net is right, the total is not the largest."""
    return [cancelled - 1 for cancelled in solve(graph)]


def too_much(graph: Graph[str]) -> list[int]:
    """Cancel one unit more on one debt."""
    first, *others = solve(graph)
    return [first + 1, *others]


def nothing(graph: Graph[str]) -> list[int]:
    """Cancel nothing."""
    return [0] * len(graph.amounts)


@pytest.mark.parametrize("lie", [too_little, too_much, nothing])
def test_a_solver_that_lies_is_found_out_and_no_figure_is_printed(
    ring: Path, lie: type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(ring, True, "fr", search=lie) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("VÉRIFICATION ÉCHOUÉE")


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_share_is_rounded_to_the_nearest_and_never_up_to_the_whole(one: int, other: int) -> None:
    cleared, gross = sorted((one, other))
    share = share_millionths(cleared, gross)
    if cleared == gross:
        assert share == (10**6 if gross else 0)
    else:
        assert share < 10**6
        exact = Fraction(cleared, gross) * 10**6
        assert abs(share - exact) <= Fraction(1, 2) or share == 10**6 - 1


def test_sarafu_is_cleared_to_its_known_optimum(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(shared_dir / "data" / "sarafu-debts.csv", True, "fr") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["obligations"], answer["participants"]) == (94_223, 37_677)
    assert answer["gross_before"] == "107886628.824"
    assert answer["cleared"] == "72671889.614"
    assert answer["gross_after"] == "35214739.210"
    assert answer["share"] == "0.673595"
    assert answer["optimal"] is True
