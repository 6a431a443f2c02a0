import asyncio
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from node import doctor
from node.clock import now_s
from node.doctor import examine, report
from node.keyfile import NAME, new_keys, write_keys
from node.main import main
from node.running import locked
from node.settings import add_auditor, load_settings, parse_settings
from protocol.identifiers import TextKind, to_text
from protocol.signatures import public_key_of
from tests.node.paper_door import PaperDoor, settings
from tests.node.street import front
from tests.node.town_hall import found


def states(folder: Path) -> dict[str, str]:
    return {each.name: each.state for each in examine(folder, load_settings(folder, {}), "fr")}


def test_a_new_node_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(tmp_path)
    assert main(["doctor", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "✔ Base de données" in said
    assert said.endswith("Tout va bien.\n")
    assert main(["doctor", "--folder", str(tmp_path), "--json", "--lang", "en"]) == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["v"], shape["ok"]) == (1, True)
    assert {each["name"] for each in shape["checks"]} >= {"log", "keys", "clock", "disk", "running"}


def test_what_is_open_to_others_is_bad(tmp_path: Path) -> None:
    found(tmp_path)
    (tmp_path / "node.key").chmod(0o644)
    (tmp_path / "ledger.db").chmod(0o640)
    tmp_path.chmod(0o755)
    found_states = states(tmp_path)
    assert found_states["mode:node.key"] == "bad"
    assert found_states["mode:ledger.db"] == "bad"
    assert found_states["mode:folder"] == "bad"
    assert found_states["keys"] == "bad"


def test_a_changed_salt_is_seen_against_the_signed_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found(tmp_path)
    with sqlite3.connect(tmp_path / "ledger.db") as base:
        base.execute("UPDATE entries SET salt=zeroblob(32)")
    base.close()
    assert main(["doctor", "--folder", str(tmp_path)]) == 1
    assert "✘" in capsys.readouterr().out


@pytest.mark.parametrize("damage", [b"", b"no database at all, but some text"])
def test_a_database_that_is_none_is_bad(tmp_path: Path, damage: bytes) -> None:
    found(tmp_path)
    (tmp_path / "ledger.db").write_bytes(damage)
    assert states(tmp_path)["database"] == "bad"


def test_missing_files_are_bad(tmp_path: Path) -> None:
    found(tmp_path)
    (tmp_path / "ledger.db").unlink()
    (tmp_path / "node.key").unlink()
    found_states = states(tmp_path)
    assert (found_states["mode:ledger.db"], found_states["database"]) == ("bad", "bad")
    assert found_states["mode:node.key"] == "bad"


def test_the_keys_of_another_node_are_bad(tmp_path: Path) -> None:
    found(tmp_path)
    (tmp_path / NAME).unlink()
    write_keys(tmp_path, new_keys())
    assert states(tmp_path)["keys"] == "bad"


def test_a_slow_clock_and_a_full_disk_are_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path)
    monkeypatch.setattr(doctor, "now_s", lambda: 1_000)
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", shutil.disk_usage(tmp_path).total * 2)
    found_states = states(tmp_path)
    assert (found_states["clock"], found_states["disk"]) == ("bad", "bad")


def test_a_running_node_and_an_auditor_are_seen(tmp_path: Path) -> None:
    found(tmp_path)
    add_auditor(tmp_path, to_text(TextKind.KEY, public_key_of(b"a" * 32)))
    with locked(tmp_path):
        found_states = states(tmp_path)
    assert (found_states["running"], found_states["auditors"]) == ("well", "well")


async def test_neighbours_are_asked_and_their_clocks_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path)
    text = (tmp_path / "node.toml").read_text()
    coops = [to_text(TextKind.COOPERATIVE, bytes([n]) * 32) for n in range(2)]

    def looked() -> list[doctor.Finding]:
        return [
            each
            for each in examine(tmp_path, parse_settings(text + more, {}), "en")
            if each.name.startswith("peer:")
        ]

    async with front(PaperDoor(), settings()) as port:
        more = f'"{coops[0]}" = "http://127.0.0.1:{port}"\n"{coops[1]}" = "http://127.0.0.1:1"\n'
        asked = await asyncio.to_thread(looked)
        assert sorted(each.state for each in asked) == ["bad", "well"]
        more = f'"{coops[0]}" = "http://127.0.0.1:{port}/nowhere"\n'
        assert (await asyncio.to_thread(looked))[0].state == "bad"
        more = f'"{coops[0]}" = "http://127.0.0.1:{port}"\n'
        real = now_s()
        monkeypatch.setattr(doctor, "now_s", lambda: real + 3_600)
        skewed = await asyncio.to_thread(looked)
    assert skewed[0].state == "bad"
    assert "-36" in skewed[0].says or "-35" in skewed[0].says
    assert "✘" in report(skewed, "en", as_json=False)
