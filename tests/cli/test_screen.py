"""What is printed: results apart from messages, figures as people write them, no surprise."""

import io
import json
import os
import pty
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import screen
from cli.choices import Choices, first_choices, uses_colour
from cli.failures import ExitCode, Failure
from cli.sentences import REFUSALS, SENTENCES, pick, say, say_refusal, two
from protocol.ledger.refusals import Refusal

ROOT = Path(__file__).resolve().parents[2]


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_of_a_sentence_have_the_same_fields() -> None:
    wrong = [key for key, (fr, en) in SENTENCES.items() if fields_of(fr) != fields_of(en)]
    assert wrong == []


def test_every_sentence_exists_in_both_languages() -> None:
    assert [key for key, pair in SENTENCES.items() if not all(part.strip() for part in pair)] == []


def test_every_refusal_says_why_and_what_to_do_next() -> None:
    assert set(REFUSALS) == set(Refusal)
    for refusal in Refusal:
        for lang in ("fr", "en"):
            sentence = say_refusal(refusal, "en" if lang == "en" else "fr")
            assert sentence.endswith(".")
            # Two statements: what is wrong, then what to do.
            assert sum(sentence.count(mark) for mark in (". ", " : ", ": ")) >= 1, sentence


def test_a_transfer_is_told_as_who_gives_what_to_whom() -> None:
    told = {"payer": "Alice", "payer_cooperative": "Bretagne", "amount": "12,50 UEB"}
    told |= {"payee": "Bob", "payee_cooperative": "Rhône", "memo": "miel"}
    assert (
        say("transfer.gives_for", "fr", **told)
        == "Alice (Bretagne) donne 12,50 UEB à Bob (Rhône) pour « miel »."
    )
    assert say("transfer.gives_for", "en", **told).startswith("Alice (Bretagne) gives 12,50 UEB to")


@pytest.mark.parametrize(
    ("minor", "decimals", "fr", "en"),
    [
        (1250, 2, "12,50", "12.50"),
        (-1250, 2, "−12,50", "−12.50"),
        (123456789, 2, "1\u00a0234\u00a0567,89", "1,234,567.89"),
        (0, 2, "0,00", "0.00"),
        (7, 0, "7", "7"),
        (-5, 3, "−0,005", "−0.005"),
    ],
)
def test_amounts_are_written_as_each_language_writes_them(
    minor: int, decimals: int, fr: str, en: str
) -> None:
    assert screen.amount(minor, decimals, "fr") == fr
    assert screen.amount(minor, decimals, "en") == en
    assert screen.amount(minor, decimals, "fr", "UEB") == f"{fr} UEB"


@given(st.integers(-(2**53), 2**53), st.integers(0, 6))
def test_an_amount_in_json_is_a_string_of_plain_digits(minor: int, decimals: int) -> None:
    text = screen.for_json(minor, decimals)
    assert set(text) <= set("-.0123456789")
    assert int(text.replace(".", "")) == minor


def test_results_and_messages_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    screen.result("résultat")
    screen.note("message")
    screen.warn("attention")
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("résultat\n", "message\nattention\n")


def test_json_is_one_versioned_line_in_plain_letters(capsys: pytest.CaptureFixture[str]) -> None:
    screen.emit_json({"v": 1, "name": "Île-de-France", "amount": "12.50"})
    out = capsys.readouterr().out
    assert out == '{"v": 1, "name": "Île-de-France", "amount": "12.50"}\n'
    assert json.loads(out)["v"] == 1
    with pytest.raises(AssertionError):
        screen.emit_json({"name": "no version"})
    with pytest.raises(ValueError):
        screen.emit_json({"v": 1, "seconds": float("nan")})


@pytest.mark.parametrize("answer", ["o", "O", "oui", "Oui ", "y", "YES"])
def test_a_yes_is_a_yes(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer + "\n"))
    screen.confirm("Alice donne", "fr", yes=False)


@pytest.mark.parametrize("answer", ["\n", "n\n", "non\n", "ouais\n", "", "x\n"])
def test_anything_else_is_a_no(
    answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    with pytest.raises(Failure, match=r"pay\.declined") as caught:
        screen.confirm("Alice donne", "fr", yes=False)
    assert caught.value.code is ExitCode.REFUSED
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith("Alice donne\nOn y va ? [o/N]")


def test_the_sentence_is_repeated_even_when_yes_was_said_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen.confirm("Alice donne", "fr", yes=True)
    assert capsys.readouterr().err == "Alice donne\n"


def test_nobody_is_asked_where_nobody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("o\n"))
    with pytest.raises(Failure, match=r"screen\.no_terminal") as caught:
        screen.confirm("Alice donne", "fr", yes=False)
    assert caught.value.code is ExitCode.USAGE


def test_a_table_is_aligned_text_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [["Bretagne", "1,00"], ["Île-de-France", "-420,00"]]
    screen.draw_table(["Nom", "Solde"], rows, title="Soldes", right=(1,))
    assert capsys.readouterr().out == (
        "Soldes\nNom              Solde\nBretagne          1,00\nÎle-de-France  -420,00\n"
    )


def test_a_table_is_drawn_on_a_terminal_and_names_are_no_styles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    screen.draw_table(["Nom", "Solde"], [["[red]Bob[/red]", "1,00"]], right=(1,))
    assert "[red]Bob[/red]" in terminal.getvalue()
    assert "┃" in terminal.getvalue()


def test_waiting_is_one_line_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with screen.waiting("Je cherche") as tell:
        tell("encore")
    assert capsys.readouterr().err == "Je cherche\n"


def test_waiting_turns_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with screen.waiting("Je cherche [ici]") as tell:
        tell("Je trouve [ici]")
    assert "Je trouve [ici]" in terminal.getvalue()


def test_a_warning_is_in_colour_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen.warn("attention")
    assert terminal.getvalue() == "\x1b[1;31mattention\x1b[0m\n"


def test_no_colour_where_it_was_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert uses_colour(True)
    assert not uses_colour(False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not uses_colour(True)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not uses_colour(True)


@pytest.mark.parametrize(
    ("line", "environment", "lang"),
    [
        ([], {}, "fr"),
        ([], {"RONDE_LANG": "en"}, "en"),
        ([], {"RONDE_LANG": "de"}, "fr"),
        (["--lang", "en", "pay"], {}, "en"),
        (["pay", "--lang=en"], {}, "en"),
        (["--lang", "fr"], {"RONDE_LANG": "en"}, "fr"),
        (["--", "--lang", "en"], {}, "fr"),
        (["--lang"], {}, "fr"),
    ],
)
def test_the_language_is_known_before_the_line_is_parsed(
    line: list[str], environment: dict[str, str], lang: str
) -> None:
    assert first_choices(line, environment).lang == lang


def test_the_folder_is_the_one_asked_for_else_the_usual_one(tmp_path: Path) -> None:
    assert first_choices([], {"RONDE_HOME": str(tmp_path)}).home == tmp_path
    assert Choices().home.name == "ronde"
    assert Choices(folder=Path("here")).home == Path.cwd() / "here"


def test_two_languages_travel_in_one_string() -> None:
    assert pick(two("oui", "yes"), "fr") == "oui"
    assert pick(two("oui", "yes"), "en") == "yes"
    assert pick("--json", "en") == "--json"


def test_a_screen_without_accents_shows_question_marks_and_goes_on() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    run = subprocess.run(
        [sys.executable, "-m", "cli.main", "xyzzy"], cwd=ROOT, env=environment, capture_output=True
    )
    assert run.returncode == ExitCode.USAGE
    assert b"? xyzzy ?" in run.stderr


def test_whoever_stops_reading_gets_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, "-m", "cli.main", "--help"],
        cwd=ROOT, stdout=writing, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writing)
    assert (run.returncode, run.stderr) == (141, b"")


def test_help_on_a_terminal_has_no_escape_codes() -> None:
    main_end, child_end = pty.openpty()
    run = subprocess.run([sys.executable, "-m", "cli.main", "-h"], cwd=ROOT, stdout=child_end)
    seen = os.read(main_end, 65_536)
    os.close(main_end)
    os.close(child_end)
    assert run.returncode == 0
    assert b"\x1b" not in seen
