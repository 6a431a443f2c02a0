"""Nodes of the demonstration: found, started, watched, and never left behind."""

import os
import signal
import socket
from pathlib import Path

import pytest

from cli.demo_town import (
    COOPERATIVES_MAX,
    Signals,
    Terms,
    Town,
    cooperative_names,
    environment,
    free_ports,
)
from cli.failures import ExitCode, Failure
from cli.sentences import say
from protocol.identifiers import slug
from protocol.signatures import public_key_of

TERMS = Terms("UEB", 2, "1000", "1000")
OFFICER = public_key_of(bytes(32))
AUDITOR = public_key_of(bytes([1] * 32))


def town_in(folder: Path, signals: Signals) -> Town:
    home = folder / "town"
    home.mkdir()
    return Town(home, "fr", signals)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_cooperative_has_a_name_and_a_folder_of_its_own() -> None:
    names = cooperative_names(COOPERATIVES_MAX)
    assert names[:4] == ["Bretagne", "Rhône", "Alsace", "Île-de-France"]
    assert len({slug(name) for name in names}) == COOPERATIVES_MAX


def test_ports_are_free_and_distinct() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_the_settings_of_the_user_reach_no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDE_NODE_LISTEN", "0.0.0.0:80")
    monkeypatch.setenv("RONDE_HOME", "/somewhere")
    given = environment("en")
    assert [name for name in given if name.startswith("RONDE_")] == ["RONDE_LANG"]
    assert given["RONDE_LANG"] == "en"


def test_nodes_answer_until_the_end_and_nothing_is_left(tmp_path: Path) -> None:
    with Signals() as signals, town_in(tmp_path, signals) as town:
        town.found(["Bretagne", "Rhône"], [OFFICER, OFFICER], AUDITOR, TERMS)
        town.start()
        pids = [node.process.pid for node in town.nodes if node.process is not None]
        assert len(pids) == 2
        for node in town.nodes:
            socket.create_connection(("127.0.0.1", node.port), timeout=5).close()
    assert not any(is_running(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []


def test_a_founding_that_fails_is_told_with_the_words_of_the_node(tmp_path: Path) -> None:
    terms = Terms("ueb", 2, "1000", "1000")
    with (
        Signals() as signals,
        town_in(tmp_path, signals) as town,
        pytest.raises(Failure) as caught,
    ):
        town.found(["Bretagne"], [OFFICER], AUDITOR, terms)
    assert caught.value.key == "demo.node_died"
    sentence = say(caught.value.key, "fr", **caught.value.fields)
    assert sentence.startswith("Le nœud de Bretagne s'est arrêté (code 2). Ses dernières lignes :")
    assert "Cette coopérative ne peut pas être fondée" in sentence


def test_a_node_that_cannot_listen_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Signals() as signals, town_in(tmp_path, signals) as town:
        town.found(["Bretagne"], [OFFICER], AUDITOR, TERMS)
        taken = socket.create_server(("127.0.0.1", town.nodes[0].port))
        with taken, pytest.raises(Failure) as caught:
            town.start()
    assert caught.value.code is ExitCode.NETWORK
    assert "Impossible d'écouter" in say(caught.value.key, "fr", **caught.value.fields)
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_does_not_stop_is_ended_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.demo_town.STOP_S", 0.2)
    with Signals() as signals, town_in(tmp_path, signals) as town:
        town.found(["Bretagne"], [OFFICER], AUDITOR, TERMS)
        town.start()
        process = town.nodes[0].process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("number", "ending", "code"),
    [
        (signal.SIGINT, KeyboardInterrupt, None),
        (signal.SIGTERM, SystemExit, 143),
        (signal.SIGHUP, SystemExit, 129),
    ],
)
def test_a_signal_during_a_start_waits_until_the_process_is_known(
    number: signal.Signals, ending: type[BaseException], code: int | None
) -> None:
    done = []

    def start(signals: Signals) -> None:
        with signals.hold():
            os.kill(os.getpid(), number)
            done.append("started")

    with Signals() as signals:
        with pytest.raises(ending) as caught:
            start(signals)
        # The end has begun: no second signal may stop the stopping.
        os.kill(os.getpid(), number)
        done.append("stopped")
    assert done == ["started", "stopped"]
    assert getattr(caught.value, "code", None) == code


def test_the_signals_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Signals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
