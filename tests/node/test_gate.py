import json
import os
import signal
import time
import urllib.error
from pathlib import Path

from tests.node.town_hall import children, ends, found, get, node


def test_gates_answer_for_the_ledger_and_end_with_the_node(tmp_path: Path) -> None:
    found(tmp_path)
    with node(tmp_path, "--gates", "2") as (process, url):
        gates = children(process.pid)
        assert len(gates) == 2
        for _ in range(20):
            assert json.loads(get(f"{url}/"))["size"] == 1
        assert json.loads(get(f"{url}/readyz"))["status"] == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
        assert all(ends(pid) for pid in gates)
    assert not (tmp_path / "ledger.sock").exists()


def test_a_dead_gate_is_replaced(tmp_path: Path) -> None:
    found(tmp_path)
    with node(tmp_path, "--gates", "1") as (process, url):
        first = children(process.pid)[0]
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                if first not in children(process.pid) and get(f"{url}/healthz"):
                    break
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.1)
        assert json.loads(get(f"{url}/"))["name"] == "Bretagne"
        assert first not in children(process.pid)


def test_no_gate_outlives_a_node_that_was_killed(tmp_path: Path) -> None:
    found(tmp_path)
    with node(tmp_path, "--gates", "2") as (process, _):
        gates = children(process.pid)
        process.kill()
        process.wait()
        assert all(ends(pid) for pid in gates)
    with node(tmp_path, "--gates", "1") as (_, url):
        assert json.loads(get(f"{url}/"))["size"] == 1
