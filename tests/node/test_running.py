import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from node import gates
from node.gates import GateError, Gates
from node.running import (
    ListenError,
    LockedError,
    bound_socket,
    locked,
    loop_factory,
    notify,
    url_of,
)


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(LockedError), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_systemd_is_told_when_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("notify")
        monkeypatch.setenv("NOTIFY_SOCKET", "notify")
        notify("READY=1")
        assert systemd.recv(100) == b"READY=1"
    name = f"@ronde-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:])
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("STOPPING=1")
        assert systemd.recv(100) == b"STOPPING=1"
    notify("READY=1")


def test_a_loop_is_made_with_or_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loop_factory() is not None
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory() is None


def test_an_address_is_bound_or_said_to_be_none() -> None:
    with bound_socket("127.0.0.1", 0, shared=True) as one:
        port = one.getsockname()[1]
        assert url_of(one) == f"http://127.0.0.1:{port}"
        with bound_socket("127.0.0.1", port, shared=True):
            pass
        one.listen()
        with pytest.raises(ListenError):
            bound_socket("127.0.0.1", port, shared=False)
    with pytest.raises(ListenError):
        bound_socket("no.such.host.invalid", 0, shared=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the policy")
@pytest.mark.parametrize("allowed", [True, False])
def test_a_process_of_a_node_does_not_interrupt_the_others(allowed: bool) -> None:
    forbid = "def refuse(*_): raise PermissionError\nos.sched_setscheduler = refuse\n"
    code = (
        f"import os, gc\n{'' if allowed else forbid}from node.running import settle_down\n"
        "settle_down()\nprint(os.sched_getscheduler(0), gc.get_freeze_count() > 0)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(os.SCHED_BATCH if allowed else os.SCHED_OTHER), "True"]


async def test_a_gate_that_does_not_come_up_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GateError):
        await Gates(tmp_path, "127.0.0.1:0").start(1)
    monkeypatch.setattr(gates, "START_S", 0)
    late = Gates(tmp_path, "127.0.0.1:0")
    with pytest.raises(GateError):
        await asyncio.wait_for(late.start(1), 30)
    await late.stop()
