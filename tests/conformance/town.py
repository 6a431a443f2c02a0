"""A town for stories: real node processes on loopback, and people who type commands.

Nothing is imitated: nodes are founded and run by `ronde-node`, people by `ronde` and its files.
"""

import contextlib
import io
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.main import main
from cli.wallet_file import Wallet, load

ROOT = Path(__file__).resolve().parents[2]
PHRASE = "quatre mots sans rapport"
PATIENCE_S = 30
# Below the ports that systems lend to outgoing connections.
PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def shape(self) -> dict[str, Any]:
        """What was printed as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def free_port() -> int:
    for _ in range(200):
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@dataclass
class Person:
    """Somebody with a wallet; the passphrase is in a private file."""

    folder: Path
    phrase: Path

    @property
    def wallet(self) -> Wallet:
        return load(self.folder)

    def types(self, *line: str) -> Run:
        """Type one command and return how it ended."""
        out, err = io.StringIO(), io.StringIO()
        given = ["--home", str(self.folder)]
        if line[0] not in {"receipt"} and line[:2] not in {("office", "open"), ("office", "lines")}:
            given += ["--passphrase-file", str(self.phrase)]
        # Options end where the shell's "--" says so.
        place = line.index("--") if "--" in line else len(line)
        words = [*line[:place], *given, *line[place:]]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return Run(code, out.getvalue(), err.getvalue())

    def does(self, *line: str) -> Run:
        """Type one command that must succeed."""
        run = self.types(*line)
        assert run.code == 0, (line, run)
        return run

    def balance(self) -> str:
        return str(self.does("balance", "--json").shape["balance"])


@dataclass
class Node:
    """A cooperative's node: a folder, an address, and a process while it runs."""

    name: str
    folder: Path
    port: int
    process: "subprocess.Popen[str] | None" = None
    flags: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, wait: bool = True) -> None:
        assert self.process is None
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "node.main", "run", "--folder", str(self.folder)),
                    *("--listen", f"127.0.0.1:{self.port}", *self.flags),
                ],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        if not wait:
            return
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if ready else ""
        assert line, self.said()
        assert json.loads(line)["listening"] == self.url

    def said(self) -> str:
        """Return what the node wrote while it ran."""
        return (self.folder.parent / f"{self.folder.name}.log").read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End this node's own process, and no other."""
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


class Town:
    """Cooperatives in a folder; every process ends with the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: dict[str, Node] = {}
        self.officers: dict[str, list[Person]] = {}
        self.phrase = folder / "phrase"
        self.phrase.write_text(PHRASE + "\n", encoding="utf-8")
        self.phrase.chmod(0o600)

    def __enter__(self) -> "Town":
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            # Whatever happened to it, a story leaves no process behind.
            with contextlib.suppress(subprocess.TimeoutExpired):
                node.stop()
            if node.process is not None:
                node.kill()

    def person(self, name: str, *flags: str) -> Person:
        """Make a wallet."""
        person = Person(self.folder / name, self.phrase)
        person.does("wallet", "create", "--light", "--yes", "--name", name, *flags, "--json")
        return person

    def found(
        self, name: str, *flags: str, officers: int = 1, needed: int = 1, start: bool = True
    ) -> Node:
        """Found a cooperative with its officers' wallets, and start its node."""
        node = Node(name, self.folder / f"node-{len(self.nodes)}", free_port())
        people = [
            self.person(f"officer-{len(self.nodes)}-{place}", "--officer")
            for place in range(officers)
        ]
        keys = [
            json.loads(person.types("wallet", "show", "--json").out)["key"] for person in people
        ]
        words = ["init", "--folder", str(node.folder), "--name", name, "--url", node.url]
        words += ["--unit", "UEB", "--credit-limit", "150,00", "--ceiling", "1500,00"]
        words += ["--federation", "essai", "--officers-needed", str(needed), "--json"]
        for key in keys:
            words += ["--officer", key]
        made = subprocess.run(
            [sys.executable, "-m", "node.main", *words, *flags],
            cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, env=dict(os.environ),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        self.nodes[name], self.officers[name] = node, people
        if start:
            node.start()
            for person in people:
                person.does("office", "open", node.url)
        return node

    def member(self, name: str, node: Node, *flags: str) -> Person:
        """Make a wallet, apply, and be admitted."""
        person = self.person(name)
        letter = self.folder / f"{name}.txt"
        person.does("wallet", "apply", node.url, "-o", str(letter))
        self.officers[node.name][0].does("office", "admit", str(letter), "--yes", *flags)
        return person

    def join(self, one: Node, two: Node, limit: str = "500") -> None:
        """Open a credit line: one proposes, the other accepts."""
        proposed = self.officers[one.name][0].types(
            "office", "line", two.url, "--limit", limit, "--their-limit", limit, "--yes"
        )
        assert proposed.code == 7, proposed
        accepted = self.officers[two.name][0].types("office", "accept", one.name, "--yes")
        assert accepted.code == 0, accepted
