"""What the demonstration says, also of what should never happen."""

from pathlib import Path

import pytest

from cli.choices import Choices
from cli.demo_audit import audit_town
from cli.demo_books import Position
from cli.demo_replay import Optimum
from cli.demo_report import LOOPS_SHOWN, Teller, as_json
from cli.demo_round import Cleared, Loop
from cli.demo_run import tell_verdict
from cli.demo_town import Signals, Town
from cli.demo_trade import Paid
from cli.failures import ExitCode, Failure
from cli.sentences import SENTENCES
from cli.sentences_demo import DEMO

BEFORE = [
    Position("Alsace", {"Corse": 300}, {"Rhône": 500}, 0),
    Position("Corse", {"Rhône": 300}, {"Alsace": 300}, 0),
    Position("Rhône", {"Alsace": 500}, {"Corse": 300}, 0),
]
AFTER = [
    Position("Alsace", {}, {"Rhône": 200}, 0),
    Position("Corse", {}, {}, 0),
    Position("Rhône", {"Alsace": 200}, {}, 0),
]
LOOP = Loop(("Alsace", "Corse", "Rhône"), 300)


@pytest.fixture
def teller() -> Teller:
    return Teller(Choices(), "UEB", 2)


def test_every_sentence_of_the_demonstration_is_there_in_both_languages() -> None:
    assert all(SENTENCES[key] == pair and all(pair) for key, pair in DEMO.items())


def test_a_round_is_told_by_its_largest_cycle_and_the_rest(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    loops = [LOOP, *[Loop(("Alsace", "Rhône"), amount) for amount in range(12)]]
    teller.round(Cleared(loops, BEFORE, AFTER, 1.0), "Alsace")
    out = capsys.readouterr().out
    assert "3,00 → 0,00" in out
    assert "5,00 → 2,00" in out
    assert f"… et {len(loops) - LOOPS_SHOWN} autres." in out
    assert "9,00 UEB de dettes effacées sur 11,00 UEB." in out


def test_debts_without_a_cycle_are_told_to_remain(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    teller.round(Cleared([], AFTER, AFTER, 1.0), "Alsace")
    out = capsys.readouterr().out
    assert "on ne revient jamais à son point de départ" in out
    assert "Rien n'a été effacé sur 2,00 UEB de dettes." in out


def test_a_net_position_that_moved_is_not_passed_over(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = [Position("Alsace", {}, {"Rhône": 150}, 0), *AFTER[1:]]
    cleared = Cleared([LOOP], BEFORE, moved, 1.0)
    teller.round(cleared, "Alsace")
    assert "La position nette de Alsace a bougé de −0,50 UEB" in capsys.readouterr().out
    assert cleared.net_changes() == {"Alsace": -50, "Corse": 0, "Rhône": 0}


@pytest.mark.parametrize(
    ("best", "told"),
    [(900, "C'est exactement le meilleur résultat possible"), (950, "les nœuds ont effacé 9,00")],
)
def test_what_was_cleared_is_held_against_the_optimum(
    teller: Teller, capsys: pytest.CaptureFixture[str], best: int, told: str
) -> None:
    teller.optimum(Cleared([LOOP], BEFORE, AFTER, 1.0), Optimum(1100, best))
    assert told in capsys.readouterr().out


def test_the_json_object_has_the_decimals_of_the_file() -> None:
    cleared = Cleared([LOOP], BEFORE, AFTER, 1.0)
    audit: dict[str, object] = {"exit": 0, "signatures": 7, "findings": []}
    shape = as_json(Paid(4, 2.0), cleared, audit, Optimum(1100, 900), 3, 1.23456)
    assert shape == {
        "v": 1,
        "cooperatives": [{"name": one.name, "sum": "0.000"} for one in AFTER],
        "payments": {"count": 4, "per_second": 2.0},
        "rounds": [
            {
                "gross_before": "1.100",
                "gross_after": "0.200",
                "cleared": "0.900",
                "net_changes": {"Alsace": "0.000", "Corse": "0.000", "Rhône": "0.000"},
                "cycles": [{"members": ["Alsace", "Corse", "Rhône"], "amount": "0.300"}],
                "optimum": {"cleared": "0.900", "share": "0.818182"},
            }
        ],
        "audit": audit,
        "seconds": 1.235,
    }


def test_a_verdict_is_told_with_its_findings(
    teller: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [{"text": "Rhône : l'écriture 3 est fausse."}]
    tell_verdict(teller, {"exit": 5, "signatures": 7, "findings": found})
    tell_verdict(teller, {"exit": 0, "signatures": 7, "findings": found})
    out = capsys.readouterr().out
    assert "L'auditeur refuse (code 5) :\n  Rhône : l'écriture 3 est fausse." in out
    assert "rien de faux, à noter toutefois :\n  Rhône" in out


def test_an_auditor_who_cannot_fetch_is_told_with_its_words(tmp_path: Path) -> None:
    home = tmp_path / "town"
    home.mkdir()
    with (
        Signals() as signals,
        Town(home, "fr", signals) as town,
        pytest.raises(Failure) as caught,
    ):
        audit_town(town)
    assert (caught.value.key, caught.value.code) == ("demo.fetch_failed", ExitCode.USAGE)
