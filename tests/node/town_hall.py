"""A founded cooperative in a folder, and its node as a real process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from node.clock import now_s
from node.founding import found_cooperative, network_of
from protocol.signatures import public_key_of

ROOT = Path(__file__).resolve().parents[2]
OFFICER = b"o" * 32
PATIENCE_S = 40


def found(folder: Path, name: str = "Bretagne") -> bytes:
    return found_cooperative(
        folder,
        name=name,
        url="http://127.0.0.1:8480",
        unit="UEB",
        decimals=2,
        credit_limit=15_000,
        ceiling=150_000,
        officers=[public_key_of(OFFICER)],
        officers_needed=1,
        network=network_of("essai"),
        auditors=[],
        now_s=now_s(),
    )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "node.main", *arguments]


@contextlib.contextmanager
def node(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a node on a free port; yields the process and its URL; SIGTERM at the end."""
    process = subprocess.Popen(
        command("run", "--folder", str(folder), "--listen", "127.0.0.1:0", *flags),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RONDE_LANG": "fr"},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        yield process, json.loads(line)["listening"]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        body: bytes = answer.read()
    return body


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ends(pid: int) -> bool:
    """Say whether a process ends within the tests' patience."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        time.sleep(0.05)
    return False
