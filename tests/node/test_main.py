import json
import signal
import subprocess
from pathlib import Path

import pytest

from node.main import main
from node.running import locked
from node.settings import load_settings
from node.words import SENTENCES, language_of
from protocol.identifiers import TextKind, to_text
from protocol.signatures import public_key_of
from tests.node.town_hall import ROOT, command, found, get, node

KEY = to_text(TextKind.KEY, public_key_of(b"o" * 32))
FLAGS = ("--url", "http://x.example", "--unit", "UEB", "--credit-limit", "150,00")


def init(folder: Path, *more: str) -> int:
    return main(["init", "--folder", str(folder), "--name", "Bretagne", *FLAGS, *more])


def test_init_founds_and_says_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path / "n", "--officer", KEY, "--auditor", KEY) == 0
    said = capsys.readouterr().out
    assert "Bretagne est fondée." in said
    assert "de −150,00 à +1500,00 UEB" in said
    assert f"ronde-node run --folder {tmp_path / 'n'}" in said
    assert load_settings(tmp_path / "n", {}).auditors == [KEY]


def test_init_has_a_shape_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(tmp_path / "n", "--officer", KEY, "--ceiling", "300", "--json") == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["v"], shape["credit_limit"], shape["ceiling"]) == (1, "150.00", "300.00")
    assert shape["cooperative"].startswith("coop1")
    assert shape["officers"] == [KEY]


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ((), 2, "--officer"),
        (("--officer", "key1x"), 2, "key1x"),
        (("--officer", KEY, "--officers-needed", "2"), 2, "entre 1 et 1"),
        (("--officer", KEY, "--ceiling", "beaucoup"), 2, "beaucoup"),
        (
            ("--officer", KEY, "--decimals", "9"),
            2,
            "--decimals ne convient pas : il faut un nombre entier de 0 à 6",
        ),
        (("--officer", KEY, "--url", "bretagne"), 2, "bretagne"),
        (("--officer", KEY, "--unit", "euro"), 2, "fondée"),
    ],
)
def test_init_says_what_does_not_fit_and_makes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    assert init(tmp_path / "n", *more) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "n").exists()


def test_init_leaves_an_existing_folder_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert init(tmp_path, "--officer", KEY) == 1
    assert "Rien n'a été changé" in capsys.readouterr().err


def test_init_says_when_the_disk_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert init(tmp_path / "file" / "n", "--officer", KEY) == 1
    assert "Le disque a refusé" in capsys.readouterr().err


def test_init_asks_what_is_missing_on_a_terminal(tmp_path: Path) -> None:
    import os
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        command("init", "--folder", str(tmp_path / "n"), "--lang", "en"),
        cwd=ROOT,
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        text=True,
    )
    os.write(parent, f"Rhône\n\n\n\n{KEY}\n".encode())
    said, _ = process.communicate(timeout=40)
    os.close(child)
    shown = os.read(parent, 65_536).decode()
    os.close(parent)
    assert process.returncode == 0, shown
    assert "Name of the cooperative" in shown
    assert "Rhône is founded." in said
    assert "from −150.00 to +1500.00 UEB" in said


def test_a_folder_without_a_node_is_exit_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in (["run"], ["doctor"], ["auditor", "add", KEY]):
        assert main([*line, "--folder", str(tmp_path / "none")]) == 3
        assert "ronde-node init" in capsys.readouterr().err


def test_a_wrong_setting_is_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path)
    monkeypatch.setenv("RONDE_NODE_GATES", "many")
    assert main(["run", "--folder", str(tmp_path)]) == 2
    assert "gates" in capsys.readouterr().err


def test_auditors_are_added_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(tmp_path)
    assert main(["auditor", "add", KEY, "--folder", str(tmp_path)]) == 0
    assert main(["auditor", "add", KEY, "--folder", str(tmp_path)]) == 0
    assert "déjà" in capsys.readouterr().out
    assert main(["auditor", "add", "key1x", "--folder", str(tmp_path)]) == 2


@pytest.mark.parametrize("line", [["--help"], ["init", "-h"], ["run", "-h"], ["doctor", "-h"]])
def test_help_is_in_the_language_asked_for(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 0
    french = capsys.readouterr().out
    assert main(["--lang", "en", *line]) == 0
    assert capsys.readouterr().out != french


def test_a_wrong_command_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["dance"]) == 2
    assert main(["run", "--gates", "x"]) == 2
    assert capsys.readouterr().err


def test_the_language_is_french_unless_asked() -> None:
    assert language_of([], {}) == "fr"
    assert language_of([], {"RONDE_LANG": "en"}) == "en"
    assert language_of(["run", "--lang", "fr"], {"RONDE_LANG": "en"}) == "fr"
    assert language_of(["--lang=en"], {}) == "en"


def test_every_sentence_has_both_languages_with_the_same_fields() -> None:
    import string

    for word, pair in SENTENCES.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(text)} for text in pair]
        assert fields[0] == fields[1], word
        assert pair[0] != pair[1]


def test_a_node_runs_says_where_and_stops_clean(tmp_path: Path) -> None:
    found(tmp_path)
    with node(tmp_path) as (process, url):
        assert (tmp_path / "listening").read_text() == f"{url}\n"
        assert json.loads(get(f"{url}/"))["name"] == "Bretagne"
        second = subprocess.run(
            command("run", "--folder", str(tmp_path)), cwd=ROOT, capture_output=True, text=True
        )
        assert second.returncode == 1
        assert "tourne déjà" in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
    assert not (tmp_path / "listening").exists()
    with locked(tmp_path):
        pass


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    found(tmp_path / "a")
    found(tmp_path / "b")
    with node(tmp_path / "a") as (_, url):
        taken = subprocess.run(
            command(
                "run", "--folder", str(tmp_path / "b"), "--listen", url.removeprefix("http://")
            ),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert taken.returncode == 1
    assert "Impossible d'écouter" in taken.stderr
    assert "Traceback" not in taken.stderr


@pytest.mark.parametrize(
    ("name", "said"), [("ledger.db", "a failli"), ("node.key", "clé du nœud manque")]
)
def test_a_node_without_its_files_says_which(tmp_path: Path, name: str, said: str) -> None:
    found(tmp_path)
    (tmp_path / name).unlink()
    ended = subprocess.run(
        command("run", "--folder", str(tmp_path)), cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
