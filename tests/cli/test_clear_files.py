"""What `ronde clear` leaves behind: certificates, cycles, a picture; and what it refuses."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import clear, clear_rings, clear_verify
from cli.clear_certificate import Certificate, decode, encode
from cli.clear_picture import Figures, draw
from cli.clear_rings import Ring, check_rings
from cli.debts import read_table
from cli.failures import Failure
from federation import tie_break
from federation.engine import clear as find
from federation.library import Amounts
from federation.network import Network, merge
from federation.rings import walk
from protocol.errors import ProofError
from tests.cli.clearing import SALT, Capture, answer, loaded_by_verify, ronde

DEBTS = "debtor,creditor,amount\nA,B,100.00\nB,C,80.00\nC,A,70.00\nC,D,5.00\nD,C,2.00\nA,B,1.00\n"


@pytest.fixture
def debts(tmp_path: Path) -> Path:
    path = tmp_path / "debts.csv"
    path.write_text(DEBTS, encoding="utf-8")
    return path


@pytest.mark.parametrize("salt", [[], ["--salt", SALT]])
def test_a_certificate_that_was_written_holds(
    debts: Path, tmp_path: Path, salt: list[str], capsys: Capture
) -> None:
    out = tmp_path / "debts.cert"
    cleared = answer(capsys, debts, "--certificate", out, *salt)
    verified = answer(capsys, "verify", debts, out)
    assert cleared.pop("cycles") == 2
    del cleared["seconds"], verified["seconds"]
    assert verified == cleared
    assert verified["salt"] == (salt[1] if salt else None)
    assert verified["cleared"] == "214.00"


@pytest.mark.parametrize("line", [["verify"], ["--lang", "en", "--json", "verify"]])
def test_the_word_verify_may_stand_behind_options(
    debts: Path, tmp_path: Path, line: list[str], capsys: Capture
) -> None:
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--certificate", out) == 0
    assert ronde(*line, debts, out) == 0
    assert "214" in capsys.readouterr().out


def test_a_file_called_verify_is_a_file(
    debts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    debts.rename("verify")
    assert ronde("--", "verify") == 0
    assert ronde("./verify") == 0
    assert ronde("verify") == 2


def test_one_unit_more_or_less_on_any_arc_and_any_other_potential_is_refused(
    debts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--certificate", out) == 0
    sound = decode(out.read_bytes())
    assert isinstance(sound, Certificate)
    for place in range(len(sound.flow)):
        for change in (-1, 1):
            flow = sound.flow.copy()
            flow[place] += change
            out.write_bytes(encode(Certificate(sound.debts, flow, sound.potentials, None)))
            assert ronde("verify", debts, out) == 5
    still = np.zeros_like(sound.potentials)
    out.write_bytes(encode(Certificate(sound.debts, sound.flow, still, None)))
    assert ronde("verify", debts, out) == 5


def test_a_certificate_is_of_these_debts_alone(
    debts: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--certificate", out) == 0
    debts.write_text(DEBTS.replace("A,B,1.00", "A,B,1.01"), encoding="utf-8")
    assert ronde("verify", debts, out) == 5
    debts.write_text("A,B,1\n", encoding="utf-8")
    capsys.readouterr()
    assert ronde("--lang", "en", "verify", debts, out) == 5
    assert capsys.readouterr().err == "VERIFICATION FAILED: this certificate is of other debts\n"
    # The same debts, saved otherwise.
    rows = [line.split(",") for line in DEBTS.splitlines()]
    debts.write_text("\r\n".join(";".join(reversed(row)) for row in rows), encoding="utf-8-sig")
    assert ronde("verify", debts, out) == 0


def test_wrong_use_has_its_exit_codes(debts: Path, tmp_path: Path) -> None:
    none, folder = tmp_path / "none", tmp_path / "folder"
    folder.mkdir()
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--certificate", out) == 0
    bad = tmp_path / "bad.csv"
    bad.write_text("A,A,1\n", encoding="utf-8")
    assert ronde("verify", none, out) == 3
    assert ronde("verify", debts, none) == 3
    assert ronde("verify", debts, folder) == 2
    assert ronde("verify", bad, out) == 2
    assert ronde("verify", debts, debts) == 2
    assert ronde("verify", debts) == 2
    assert ronde("verify", debts, out, out) == 2
    assert ronde() == 2
    assert ronde(none) == 3
    assert ronde(debts, "--salt", "00") == 2
    assert ronde(debts, "--salt", "zz" * 32) == 2
    assert ronde(debts, "--salt", " 0" * 32) == 2
    assert ronde(debts, "--certificate", debts) == 2
    assert ronde(debts, "--cycles", out, "--picture", out) == 2
    assert ronde(debts, "--cycles", folder) == 2
    assert ronde(debts, "--cycles", none / "deeper" / "cycles.csv") == 2
    assert debts.read_text(encoding="utf-8") == DEBTS
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bad.csv", "debts.cert", "debts.csv", "folder",
    ]  # fmt: skip


def test_a_certificate_of_another_version_says_so(
    debts: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "debts.cert"
    out.write_bytes(msgspec.msgpack.encode({"v": 7, "more": "later"}))
    assert ronde("verify", debts, out) == 2
    assert "autre version (7)" in capsys.readouterr().err


@given(st.binary(max_size=100))
def test_any_bytes_are_a_certificate_or_none(content: bytes) -> None:
    found = decode(content)
    assert not isinstance(found, Certificate) or encode(found) == content


def test_too_many_members_take_no_salt(
    debts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.clear_certificate.MEMBERS_WITH_SALT_MAX", 3)
    assert ronde(debts, "--salt", SALT) == 2
    assert ronde(debts) == 0


def test_a_check_that_does_not_fit_in_memory_may_be_tried_again_elsewhere(
    debts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    out = tmp_path / "debts.cert"
    assert ronde(debts, "--certificate", out) == 0
    monkeypatch.setattr(clear_verify, "verify", full)
    assert ronde("verify", debts, out) == 4


def test_the_check_loads_no_solver(debts: Path, tmp_path: Path) -> None:
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--certificate", out) == 0
    assert loaded_by_verify(debts, out) == "[]"


def test_the_cycles_are_a_file_of_debts_that_clears_in_full(
    debts: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "cycles.csv"
    assert ronde(debts, "--cycles", out) == 0
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["debtor"], row["creditor"], row["amount"]) for row in rows] == [
        ("A", "B", "70.00"), ("B", "C", "70.00"), ("C", "A", "70.00"),
        ("C", "D", "2.00"), ("D", "C", "2.00"),
    ]  # fmt: skip
    assert [row["cycle"] for row in rows] == [Ring(("A", "B", "C"), 7000).id] * 3 + [
        Ring(("C", "D"), 200).id
    ] * 2
    capsys.readouterr()
    whole = answer(capsys, out)
    assert (whole["cleared"], whole["gross_after"]) == ("214.00", "0.00")


def test_the_cycles_as_json_say_the_same(debts: Path, tmp_path: Path) -> None:
    out = tmp_path / "cycles.JSON"
    assert ronde(debts, "--cycles", out) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == {
        "v": 1,
        "cycles": [
            {"id": Ring(("A", "B", "C"), 7000).id, "amount": "70.00", "members": ["A", "B", "C"]},
            {"id": Ring(("C", "D"), 200).id, "amount": "2.00", "members": ["C", "D"]},
        ],
    }
    debts.write_text("A,B,1\n", encoding="utf-8")
    assert ronde(debts, "--cycles", out) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == {"v": 1, "cycles": []}


def test_a_pipe_is_written_to_as_it_stands(debts: Path) -> None:
    line = [sys.executable, "-m", "cli.main", "clear", str(debts), "--cycles", "/dev/stdout"]
    run = subprocess.run(line, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("cycle,debtor,creditor,amount\n")


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_cycles_that_do_not_add_up_are_found_out(
    debts: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clear_rings, "_LEGS_AT_ONCE", at_once)
    table = read_table(debts)
    network, _ = merge(len(table.names), table.debtors, table.creditors, table.amounts)
    flow = find(network).flow
    ends, members, amounts = walk(network, flow)
    check_rings(network, flow, (ends, members, amounts))
    wrong = [
        (ends, members, amounts + 1),
        (ends, members, amounts * 0),
        (ends, members[::-1].copy(), amounts),
        (ends[:-1], members, amounts[:-1]),
        (np.array([0, 1, 5]), members, amounts),
        (ends[:1], members, amounts[:0]),
    ]
    for rings in wrong:
        with pytest.raises(ProofError):
            check_rings(network, flow, rings)


def test_cycles_of_very_many_arcs_are_looked_for_only_when_wanted(
    debts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(clear, "ARCS_COUNTED_MAX", 1)
    proof = tmp_path / "debts.cert"
    assert answer(capsys, debts, "--certificate", proof)["cycles"] is None
    assert ronde("verify", debts, proof) == 0
    capsys.readouterr()
    assert answer(capsys, debts, "--cycles", tmp_path / "cycles.csv")["cycles"] == 2


@pytest.mark.parametrize(
    ("lang", "said"),
    [("fr", ["avant", "après", "Les plus grandes boucles", "Boucle 1, 70,00 : A → B → C → A."]),
     ("en", ["before", "after", "The largest cycles", "Cycle 1, 70.00: A → B → C → A."])],
)  # fmt: skip
def test_the_picture_says_in_words_what_it_shows(
    debts: Path, tmp_path: Path, lang: str, said: list[str]
) -> None:
    out = tmp_path / "picture.svg"
    assert ronde(debts, "--picture", out, "--lang", lang) == 0
    root = ElementTree.fromstring(out.read_text(encoding="utf-8"))
    words = " ".join(root.itertext())
    assert [each for each in said if each not in words] == []
    assert root.attrib["role"] == "img"
    assert root.attrib["lang"] == lang
    named = {each.attrib.get("id") for each in root.iter()}
    assert set(root.attrib["aria-labelledby"].split()) <= named


names = st.text(min_size=1, max_size=30)


@given(st.lists(st.lists(names, min_size=2, max_size=20), max_size=6), st.integers(0, 100))
def test_no_name_leaves_its_place_in_the_picture(rings: list[list[str]], cleared: int) -> None:
    drawn = [(Ring(tuple(members), 1), "0,01") for members in rings]
    figures = Figures(100, cleared, "1,00", "<&>", "\x1b]0;", "0 %", drawn)
    for lang in ("fr", "en"):
        root = ElementTree.fromstring(draw(figures, "en" if lang == "en" else "fr"))
        tags = {each.tag.rpartition("}")[2] for each in root.iter()}
        assert tags <= {
            "svg", "title", "desc", "defs", "pattern", "rect", "marker", "path", "text", "circle",
        }  # fmt: skip


def test_a_picture_of_nothing_says_so() -> None:
    assert "Aucune dette ne tourne en rond." in draw(Figures(0, 0, "0", "0", "0", "0 %", []), "fr")


def test_what_cannot_be_written_leaves_the_old_file(debts: Path, tmp_path: Path) -> None:
    out = tmp_path / "cycles.csv"
    out.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        clear_rings.write_rings(
            out,
            (np.array([0, 2]), np.array([0, 1], np.int32), np.array([1])),
            ["a", "\ud800"],
            0,
        )
    assert out.read_text(encoding="utf-8") == "old"
    with pytest.raises(Failure):
        clear_rings.write_rings(tmp_path, walk_of_nothing(), [], 0)


def walk_of_nothing() -> clear_rings.Rings:
    return np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64)


@pytest.mark.parametrize("steps", [3, 8, 12, 100])
def test_the_tiers_hold_every_member_and_all_that_stays_owed(
    tmp_path: Path, steps: int, capsys: Capture
) -> None:
    path = tmp_path / "chain.csv"
    path.write_text("".join(f"m{n:03},m{n + 1:03},1\n" for n in range(steps)), encoding="utf-8")
    for salt in ([], ["--salt", SALT]):
        tiers = answer(capsys, path, *salt)["tiers"]
        assert len(tiers) == min(steps + 1, 64)
        assert [tier["tier"] for tier in tiers] == list(range(len(tiers)))
        assert sum(tier["members"] for tier in tiers) == steps + 1
        assert sum(int(tier["owed"]) for tier in tiers) == steps
    assert ronde(path) == 0
    shown = capsys.readouterr().out
    assert ("7 et plus" in shown) == (steps >= 8)


def test_where_all_is_cleared_no_tier_is_shown(debts: Path, capsys: Capture) -> None:
    debts.write_text("A,B,1\nB,A,1\n", encoding="utf-8")
    assert ronde(debts) == 0
    shown = capsys.readouterr().out
    assert "100,0000" in shown
    assert "rang" not in shown


TWO_WAYS = "debtor,creditor,amount\nA,B,5\nB,C,5\nB,D,5\nC,A,5\nD,A,5\n"


def test_a_salt_that_leaves_a_choice_is_passed_over_and_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    path, out, fair = tmp_path / "two.csv", tmp_path / "two.cert", tmp_path / "fair.cert"
    path.write_text(TWO_WAYS, encoding="utf-8")
    assert answer(capsys, path, "--certificate", fair, "--salt", SALT)["salt"] == SALT
    # Equal ties of all arcs stand for hashes that happen to agree.
    real = tie_break.ties_of

    def blind(network: Network, names: list[str], salt: bytes) -> Amounts:
        ties = real(network, names, salt)
        return ties * 0 if salt == bytes(32) else ties

    monkeypatch.setattr(tie_break, "ties_of", blind)
    used = answer(capsys, path, "--certificate", out, "--salt", SALT)["salt"]
    assert used == tie_break.next_salt(bytes(32)).hex()
    assert ronde("verify", path, out) == 0
    found = decode(fair.read_bytes())
    assert isinstance(found, Certificate)
    table = read_table(path)
    network, _ = merge(len(table.names), table.debtors, table.creditors, table.amounts)
    any_one = find(network, np.zeros(network.arcs, np.int64))
    out.write_bytes(encode(Certificate(found.debts, any_one.flow, any_one.potentials, bytes(32))))
    capsys.readouterr()
    assert ronde("verify", path, out) == 5
    assert "une autre compensation serait aussi bonne" in capsys.readouterr().err
