"""Starts what is measured, reads its CPU and memory from /proc, stops it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tests.bench.load import Tally, Task

ROOT = Path(__file__).resolve().parent.parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_START_S = 120


class Running:
    """A process and its children."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    def pids(self) -> list[int]:
        """Return the process and everything that it started."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        return found

    def cpu_s(self) -> float:
        """Return user and system seconds of all of them so far."""
        ticks = 0
        for pid in self.pids():
            # The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS

    def memory_mb(self, field: str = "VmRSS") -> float:
        """Return a field of /proc/PID/status of the first process, in MB of 10^6 bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise AssertionError(field)


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RONDE_")}
    return {**kept, "PYTHONPATH": str(ROOT), **(extra or {})}


@contextlib.contextmanager
def started(
    arguments: list[str], extra: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Running]:
    """Run a Python module until the block ends; its first line is {"listening": URL}."""
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context((log or Path(os.devnull)).open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=_environment(extra),
            stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{arguments[0]} did not come up; see {log}")
            port = int(json.loads(line)["listening"].rpartition(":")[2])
            yield Running(process, port)
            if process.poll() is not None:
                raise RuntimeError(f"{arguments[0]} ended by itself; see {log}")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


@contextlib.contextmanager
def node(folder: Path, gates: int, extra: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run a node as its operator does: `ronde-node run`."""
    arguments = ["node.main", "run", "--folder", str(folder), "--listen", "127.0.0.1:0"]
    settings = {"RONDE_NODE_GATES": str(gates), **(extra or {})}
    with started(arguments, settings, folder.with_suffix(".log")) as running:
        yield running


def load(task: Task) -> Tally:
    """Play a task in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"], cwd=ROOT, env=_environment(None),
        input=msgspec.json.encode(task), stdout=subprocess.PIPE, check=True,
        timeout=task.seconds + _START_S,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout, type=Tally)


def settled(running: Running, seconds: float = 0.2) -> float:
    """Return the CPU seconds so far, once the process has come to rest."""
    before = running.cpu_s()
    while True:
        time.sleep(seconds)
        now = running.cpu_s()
        if now - before <= seconds / 10:
            return now
        before = now
