"""What a person sees while a large file is cleared."""

import io
import sys
from pathlib import Path

import pytest

from cli import clear_stages
from cli.main import main


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def debts(tmp_path: Path) -> Path:
    path = tmp_path / "debts.csv"
    path.write_text("A,B,1\nB,A,1\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("lang", "word"), [("fr", "compensation"), ("en", "clearing")])
def test_a_large_file_shows_its_stages_on_a_terminal_alone(
    debts: Path, lang: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clear_stages, "LARGE_FILE_BYTES", 0)
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    proof = debts.with_suffix(".cert")
    line = ["clear", str(debts), "--lang", lang, "--json"]
    assert main([*line, "--certificate", str(proof)]) == 0
    assert word in screen.getvalue()
    assert main(["clear", "verify", str(debts), str(proof), "--json"]) == 0
    silent = io.StringIO()
    monkeypatch.setattr(sys, "stderr", silent)
    assert main(line) == 0
    assert silent.getvalue() == ""


def test_a_small_file_shows_none(debts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["clear", str(debts), "--json"]) == 0
    assert screen.getvalue() == ""
