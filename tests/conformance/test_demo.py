"""The main road, end to end: real nodes, real payments, one round, one audit, nothing left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

ROOT = Path(__file__).resolve().parent.parent.parent
REGIONS = ["Bretagne", "Rhône", "Alsace", "Île-de-France"]
AT_MOST_S = 60


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every demonstration write here, so that what it leaves behind is seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("RONDE_LANG", raising=False)
    return tmp_path


def left_behind(folder: Path) -> list[str]:
    """Return the processes whose command line names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if str(folder) in words and int(entry.name) != os.getpid():
                found.append(f"{entry.name} {words}")
    return found


def played(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["demo", "--json", *words]) == 0
    shape = json.loads(capsys.readouterr().out)
    assert isinstance(shape, dict)
    return shape


def test_one_cycle_of_four_is_cleared_and_nobody_s_net_moves(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    shape = played(capsys)
    assert list(shape) == ["v", "cooperatives", "payments", "rounds", "audit", "seconds"]
    assert shape["v"] == 1
    assert shape["cooperatives"] == [{"name": name, "sum": "0.00"} for name in REGIONS]
    assert shape["payments"]["count"] == 7
    assert shape["payments"]["per_second"] > 0
    assert shape["rounds"] == [
        {
            "gross_before": "1795.50",
            "gross_after": "115.50",
            "cleared": "1680.00",
            "net_changes": dict.fromkeys(REGIONS, "0.00"),
            "cycles": [{"members": REGIONS, "amount": "420.00"}],
        }
    ]
    assert shape["audit"] == {
        "exit": 0,
        "signatures": shape["audit"]["signatures"],
        "findings": [],
    }
    assert shape["audit"]["signatures"] > 100
    assert shape["seconds"] < AT_MOST_S
    assert list(folder.iterdir()) == []
    assert left_behind(folder) == []


def test_a_person_reads_who_gives_what_to_whom(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Alice (Bretagne) donne 420,00 UEB à Bob (Rhône) pour « miel »." in out
    assert "Rhône doit 420,00 UEB à Alsace." in out
    assert "▶ Rhône" in out
    assert "Aucune position nette n'a bougé, et la somme de chaque livre est 0,00 UEB." in out
    assert "aucune anomalie" in out
    assert out.splitlines()[-1].startswith("Rien n'a été gardé")
    assert list(folder.iterdir()) == []


def test_two_cooperatives_have_nothing_to_clear_and_are_told_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["demo", "--cooperatives", "2", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "With two cooperatives, opposite payments net out by themselves" in out
    assert "Nothing is gone out of 80.00 UEB of debts." in out


def test_what_is_kept_can_be_audited_again_and_run_again(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main(["demo", "--cooperatives", "3", "--keep"]) == 0
    out = capsys.readouterr().out
    kept = folder / "ronde-demo"
    assert f"ronde audit verify {kept / 'audit'}" in out
    assert main(["audit", "verify", str(kept / "audit")]) == 0
    wallet = ["--home", str(kept / "bretagne" / "alice")]
    assert main(["wallet", "show", *wallet]) == 0
    assert "alice" in capsys.readouterr().out
    assert (kept / "bretagne" / "node" / "node.toml").is_file()
    assert left_behind(folder) == []
    # What is there is never written over.
    assert main(["demo", "--keep", str(kept)]) == 2
    assert "n'est pas vide" in capsys.readouterr().err


def test_a_file_of_debts_is_replayed_to_its_optimum(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    lines = [f"m{at},m{(at * 7 + 3) % 40},{at}.25" for at in range(1, 120) if (at * 6 + 3) % 40]
    path = folder / "debts.csv"
    path.write_text("\n".join(["debtor,creditor,amount", *lines]), encoding="utf-8")
    shape = played(capsys, "--data", str(path), "--cooperatives", "5", "--limit", "100")
    (session,) = shape["rounds"]
    assert shape["payments"]["count"] == 100
    assert session["optimum"]["cleared"] == session["cleared"] != "0.00"
    assert set(session["net_changes"].values()) == {"0.00"}
    assert shape["audit"]["exit"] == 0
    assert main(["demo", "--data", str(path), "--cooperatives", "3"]) == 0
    assert "C'est exactement le meilleur résultat possible" in capsys.readouterr().out


def test_wrong_words_are_told_before_anything_starts(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert main(["demo", "--limit", "3"]) == 2
    assert main(["demo", "--cooperatives", "1"]) == 2
    assert main(["demo", "--data", str(folder / "none.csv")]) == 3
    assert list(folder.iterdir()) == []
    assert "existe pas" in capsys.readouterr().err


def started(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "demo", *words],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_path(folder: Path, pattern: str) -> Path:
    until = time.monotonic() + AT_MOST_S
    while time.monotonic() < until:
        for path in folder.glob(pattern):
            return path
        time.sleep(0.005)
    raise AssertionError(f"no {pattern}")


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [
        (signal.SIGTERM, 143, "ronde-demo-*"),
        (signal.SIGHUP, 129, "*/rhone/node"),
        (signal.SIGTERM, 143, "*/rhone/node/listening"),
        (signal.SIGINT, 130, "*/rhone/node/listening"),
    ],
)
def test_a_demonstration_that_is_stopped_leaves_no_process_and_no_file(
    folder: Path, number: signal.Signals, code: int, moment: str
) -> None:
    with started(folder) as demonstration:
        await_path(folder, moment)
        demonstration.send_signal(number)
        _, err = demonstration.communicate(timeout=AT_MOST_S)
    assert demonstration.returncode == code
    if number == signal.SIGINT:
        assert "Interrompu : les nœuds sont arrêtés, leurs dossiers effacés." in err
    assert left_behind(folder) == []
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel of Linux ends them")
def test_a_demonstration_that_is_killed_leaves_no_process(folder: Path) -> None:
    with started(folder) as demonstration:
        await_path(folder, "*/rhone/node/listening")
        demonstration.kill()
        demonstration.communicate(timeout=AT_MOST_S)
    until = time.monotonic() + 20
    while left_behind(folder) and time.monotonic() < until:
        time.sleep(0.05)
    assert left_behind(folder) == []


def test_a_node_that_dies_is_named_and_everything_stops(folder: Path) -> None:
    with started(folder) as demonstration:
        await_path(folder, "*/rhone/node/listening")
        (line,) = [line for line in left_behind(folder) if "/rhone/node --listen" in line]
        os.kill(int(line.split()[0]), signal.SIGKILL)
        _, err = demonstration.communicate(timeout=AT_MOST_S)
    assert demonstration.returncode == 4
    assert "Le nœud de Rhône s'est arrêté (code -9)" in err
    assert left_behind(folder) == []
    assert list(folder.iterdir()) == []
