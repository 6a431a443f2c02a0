"""`ronde clear` with weights and lines: what is read, printed, proven, written and refused."""

import csv
import json
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli import clear_agreed
from cli.clear_certificate import Certificate, decode, encode
from cli.clear_picture import Figures, draw
from cli.clear_rings import Ring
from cli.debts import read_table
from tests.cli.clearing import DEBTS, LINES, SALT, Capture, answer, ronde


def test_json_has_fields_of_weights_and_lines_only_where_there_are_some(
    debts: Path, lines: Path, tmp_path: Path, capsys: Capture
) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text("debtor,creditor,amount,weight\nA,B,5,1\nB,A,4,\n", encoding="utf-8")
    usual = list(answer(capsys, plain))
    assert usual[-1] == "tiers"
    weighted = answer(capsys, debts)
    assert list(weighted) == [*usual, "weighted", "value"]
    assert (weighted["cleared"], weighted["weighted"], weighted["value"]) == ("6.00", True, "10.00")
    both = answer(capsys, debts, "--lines", lines)
    assert list(both) == [*usual, "weighted", "value", "lines"]
    found = both["lines"]
    assert isinstance(found, dict)
    assert len(bytes.fromhex(found.pop("digest"))) == 32
    assert found == {
        "count": 3,
        "used": 2,
        "lent": "5.50",
        "each": [
            {"from": "Chloé", "to": "Anne", "limit": "4.50", "weight": 0, "used": "4.50"},
            {"from": "Chloé", "to": "Anne", "limit": "1.00", "weight": -1, "used": "1.00"},
            {"from": "L", "to": "Bruno", "limit": "3.00", "weight": -9, "used": "0.00"},
        ],
    }
    figures = ("gross_before", "cleared", "gross_after", "value", "participants", "cycles")
    assert [both[key] for key in figures] == ["20.00", "17.00", "3.00", "31.00", 3, 3]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", ["valeur pondérée", "31,00", "2 sur 3", "5,50", "inchangés", "ligne de", "4,50",
                "le second le doit au premier"]),
        ("en", ["weighted value", "31.00", "2 of 3", "5.50", "unchanged", "line from", "4.50",
                "the second owes the first"]),
    ],
)  # fmt: skip
def test_a_person_reads_what_is_used_of_each_line(
    debts: Path, lines: Path, lang: str, words: list[str], capsys: Capture
) -> None:
    assert ronde(debts, "--lines", lines, "--lang", lang) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert [word for word in words if word not in out] == []


def test_many_lines_are_counted_for_a_person_and_summed_for_a_program(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    debts, lines = tmp_path / "debts.csv", tmp_path / "lines.csv"
    debts.write_text("".join(f"a{n},b{n},1\n" for n in range(20)), encoding="utf-8")
    lines.write_text("".join(f"b{n},a{n},1\n" for n in range(20)), encoding="utf-8")
    assert ronde(debts, "--lines", lines) == 0
    out = capsys.readouterr().out
    assert "et 8 autres" in out
    monkeypatch.setattr(clear_agreed, "LINES_LISTED_MAX", 19)
    found = answer(capsys, debts, "--lines", lines)["lines"]
    assert isinstance(found, dict)
    assert (found["used"], found["lent"], found["each"]) == (20, "20", None)


@pytest.mark.parametrize("salt", [[], ["--salt", SALT]])
def test_a_certificate_with_lines_holds_and_no_other_one_does(
    debts: Path, lines: Path, tmp_path: Path, salt: list[str], capsys: Capture
) -> None:
    out = tmp_path / "debts.cert"
    with_lines = ("--lines", lines)
    cleared = answer(capsys, debts, *with_lines, "--certificate", out, *salt)
    verified = answer(capsys, "verify", debts, out, *with_lines)
    for each in (cleared, verified):
        each.pop("cycles", None)
        del each["seconds"]
    assert verified == cleared
    sound = decode(out.read_bytes())
    assert isinstance(sound, Certificate)
    assert len(sound.flow) == 6
    for place, change in product(range(6), (-1, 1)):
        flow = sound.flow.copy()
        flow[place] += change
        tampered = Certificate(sound.debts, flow, sound.potentials, sound.salt, sound.lines)
        out.write_bytes(encode(tampered))
        assert ronde("verify", debts, out, *with_lines) == 5
    for member in range(4):
        tiers = sound.potentials.copy()
        tiers[member] += 2**50
        other = Certificate(sound.debts, sound.flow, tiers, sound.salt, sound.lines)
        out.write_bytes(encode(other))
        assert ronde("verify", debts, out, *with_lines) == 5


def test_a_certificate_is_of_these_debts_weights_and_lines_alone(
    debts: Path, lines: Path, tmp_path: Path, capsys: Capture
) -> None:
    out, alone = tmp_path / "debts.cert", tmp_path / "alone.cert"
    assert ronde(debts, "--lines", lines, "--certificate", out) == 0
    assert ronde(debts, "--certificate", alone) == 0
    capsys.readouterr()

    def said(*words: object) -> tuple[int, str]:
        code = ronde("verify", *words, "--lang", "en")
        return code, capsys.readouterr().err.strip()

    code, text = said(debts, out)
    assert code == 2
    assert "add --lines and their file" in text
    code, text = said(debts, alone, "--lines", lines)
    assert code == 5
    assert "without lines" in text
    lines.write_text(LINES.replace("4,5", "4,6"), encoding="utf-8")
    assert said(debts, out, "--lines", lines) == (
        5, "VERIFICATION FAILED: this certificate is of other lines",
    )  # fmt: skip
    lines.write_text(LINES, encoding="utf-8")
    assert said(debts, out, "--lines", lines)[0] == 0
    debts.write_text(DEBTS.replace(",3\n", ",2\n"), encoding="utf-8")
    assert said(debts, out, "--lines", lines) == (
        5, "VERIFICATION FAILED: this certificate is of other debts",
    )  # fmt: skip
    # The same, saved otherwise; weights of one need no column.
    rows = "Anne,Bruno,10,3\nBruno,Chloé,8,1\nChloé,Anne,2.00,1\n"
    debts.write_text("debtor,creditor,amount,weight\n" + rows, encoding="utf-8")
    assert said(debts, out, "--lines", lines)[0] == 0


def test_a_certificate_from_before_weights_and_lines_still_holds(tmp_path: Path) -> None:
    # The example at the head of spec 0019, as it was written before there were any.
    debts, out = tmp_path / "debts.csv", tmp_path / "debts.cert"
    debts.write_text("rhone,alsace,70.00\nalsace,bretagne,100\nbretagne,rhone,80\n", "utf-8")
    digest = read_table(debts).digest()
    assert digest.hex().startswith("d0848f6de5e13e10")
    flow = 3 * (7_000).to_bytes(8, "little")
    tiers = b"".join(tier.to_bytes(8, "little") for tier in range(3))
    old = b"\x84\xa5debts\xc4\x20" + digest + b"\xa4flow\xc4\x18" + flow
    old += b"\xaapotentials\xc4\x18" + tiers + b"\xa1v\x01"
    assert ronde(debts, "--certificate", out) == 0
    assert out.read_bytes() == old
    assert ronde("verify", debts, out) == 0


def test_the_cycles_say_which_steps_run_over_lines(
    debts: Path, lines: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "cycles.csv"
    assert ronde(debts, "--lines", lines, "--cycles", out) == 0
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    assert {(row["debtor"], row["creditor"]) for row in rows if row["kind"] == "line"} == {
        ("Chloé", "Anne")
    }
    assert [row["amount"] for row in rows if row["kind"] == "line"] == ["4.50", "1.00"]
    capsys.readouterr()
    whole = answer(capsys, out)
    assert whole["gross_after"] == "0.00"
    as_json = tmp_path / "cycles.json"
    assert ronde(debts, "--lines", lines, "--cycles", as_json) == 0
    found = json.loads(as_json.read_text(encoding="utf-8"))["cycles"]
    assert [each["lines"] for each in found] == [[], [2], [2]]
    assert found[1]["id"] == Ring(("Anne", "Bruno", "Chloé"), 450, (2,)).id
    assert len({each["id"] for each in found}) == 3


@pytest.mark.parametrize(
    ("lang", "said"),
    [("fr", ["2 lignes utilisées, 5,50 prêtés", "Anne → Bruno → Chloé → (ligne) Anne"]),
     ("en", ["2 lines used, 5.50 lent", "Anne → Bruno → Chloé → (line) Anne"])],
)  # fmt: skip
def test_the_picture_shows_lines_and_says_so(
    debts: Path, lines: Path, tmp_path: Path, lang: str, said: list[str]
) -> None:
    out = tmp_path / "picture.svg"
    assert ronde(debts, "--lines", lines, "--picture", out, "--lang", lang) == 0
    text = out.read_text(encoding="utf-8")
    words = " ".join(ElementTree.fromstring(text).itertext())
    assert [each for each in said if each not in words] == []
    assert text.count("stroke-dasharray") == 2
    assert ronde(debts, "--picture", out, "--lang", lang) == 0
    assert "stroke-dasharray" not in out.read_text(encoding="utf-8")


def test_lines_of_members_that_are_not_drawn_are_not_drawn() -> None:
    names = tuple(f"m{number}" for number in range(12))
    drawn = {
        steps: draw(Figures(9, 1, "9", "1", "8", "x", [(Ring(names, 1, steps), "1")]), "fr").count(
            "stroke-dasharray"
        )
        for steps in ((), (0,), (6,), (7,), (10,), (11,), (6, 11))
    }
    assert drawn == {(): 0, (0,): 1, (6,): 1, (7,): 0, (10,): 0, (11,): 1, (6, 11): 2}
