"""A small federation on this machine: real node processes, started, watched and always stopped.

Nothing outlives the demonstration: each node is the leader of its own group of processes, the
group is ended on every way out, and where the system can, the kernel ends a node whose parent died.
"""

import atexit
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

from cli.choices import Language
from cli.failures import ExitCode, Failure
from protocol.identifiers import TextKind, slug, to_text

REGIONS: Final = (
    "Bretagne",
    "Rhône",
    "Alsace",
    "Île-de-France",
    "Occitanie",
    "Normandie",
    "Corse",
    "Bourgogne",
    "Provence",
    "Picardie",
    "Lorraine",
    "Auvergne",
)
COOPERATIVES_MIN: Final = 2
COOPERATIVES_MAX: Final = 20
START_S: Final = 30
STOP_S: Final = 10
LOG_LINES: Final = 6
# Below the ports that systems lend to outgoing connections, so that none is taken meanwhile.
_PORTS: Final = range(20_000, 32_000)
_PR_SET_PDEATHSIG: Final = 1
_ROOT: Final = Path(__file__).resolve().parent.parent


def cooperative_names(count: int) -> list[str]:
    """Return the names of so many cooperatives: regions first, then numbers."""
    names = list(REGIONS[:count])
    return names + [f"Coopérative {number}" for number in range(len(names) + 1, count + 1)]


@dataclass(slots=True)
class Node:
    """One cooperative's node.

    Attributes:
        name: The cooperative's name.
        folder: Everything of this cooperative.
        port: Port on loopback.
        process: The running process, or None.
    """

    name: str
    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        """The folder of `ronde-node`: keys, database, settings."""
        return self.folder / "node"

    @property
    def log(self) -> Path:
        """What the node says while it runs."""
        return self.folder / "node.log"

    @property
    def said(self) -> Path:
        """What the node prints on its standard output."""
        return self.folder / "node.out"


@dataclass(frozen=True, slots=True)
class Terms:
    """What all cooperatives of the demonstration have alike.

    Attributes:
        unit: Code of the unit of account.
        decimals: Decimals of the unit.
        credit_limit: Default of a new account, in units, as text.
        ceiling: The same above zero.
    """

    unit: str
    decimals: int
    credit_limit: str
    ceiling: str


class Signals:
    """Ctrl-C, SIGTERM and SIGHUP end the demonstration in order, never in the middle of a start."""

    def __init__(self) -> None:
        self._held = False
        self._closing = False
        self._asked = 0
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "Signals":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._asked = number
        if not self._held and not self._closing:
            self._end()

    def _end(self) -> None:
        self._closing = True
        if self._asked == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + self._asked)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Let what is inside happen whole; a signal that comes meanwhile ends it afterwards."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked and not self._closing:
            self._end()

    def close(self) -> None:
        """From now on a signal changes nothing: the end has begun."""
        self._closing = True


@dataclass(slots=True)
class Town:
    """All nodes of the demonstration; `with` starts nothing and stops everything.

    Attributes:
        folder: Where everything is written.
        lang: Language of the nodes' messages.
        signals: The signals of this run.
        kept: Whether the folder stays.
        nodes: The nodes, in the order of the ring.
    """

    folder: Path
    lang: Language
    signals: Signals
    kept: bool = False
    nodes: list[Node] = field(default_factory=list)
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    _ended: bool = False

    def __enter__(self) -> "Town":
        atexit.register(self.stop)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        atexit.unregister(self.stop)

    def found(
        self,
        names: Sequence[str],
        officers: Sequence[bytes],
        auditor: bytes,
        terms: Terms,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Found one cooperative for each name with `ronde-node init`, all at the same time.

        Args:
            names: Of the cooperatives.
            officers: Public key of the officer of each.
            auditor: Public key of the auditor.
            terms: Unit and limits.
            meanwhile: Something else to be done while they are being founded.

        Raises:
            Failure: a founding did not end well.
        """
        starting = []
        for name, officer, port in zip(names, officers, free_ports(len(names)), strict=True):
            node = Node(name, self.folder / slug(name), port)
            node.folder.mkdir(mode=0o700, exist_ok=True)
            self.nodes.append(node)
            words = [
                *("init", "--folder", str(node.home), "--name", name, "--url", node.url),
                *("--unit", terms.unit, "--decimals", str(terms.decimals)),
                *("--credit-limit", terms.credit_limit, "--ceiling", terms.ceiling),
                *("--officer", to_text(TextKind.KEY, officer), "--officers-needed", "1"),
                *("--auditor", to_text(TextKind.KEY, auditor), "--federation", "demo"),
            ]
            starting.append((node, self._spawn(node, words)))
        meanwhile()
        for node, process in starting:
            if self._waited(process) != 0:
                raise died(node, process)

    def start(self) -> None:
        """Start every node and wait until all answer.

        Raises:
            Failure: a node ended, or did not begin to listen in time.
        """
        for node in self.nodes:
            words = ["run", "--folder", str(node.home), "--listen", f"127.0.0.1:{node.port}"]
            node.process = self._spawn(node, words)
        until = time.monotonic() + START_S
        for node in self.nodes:
            while '"listening"' not in node.said.read_text(encoding="utf-8", errors="replace"):
                self.check()
                if time.monotonic() > until:
                    raise Failure(ExitCode.NETWORK, "demo.node_silent", name=node.name)
                time.sleep(0.02)

    def check(self) -> None:
        """Make sure that every node is alive.

        Raises:
            Failure: one has ended; its last words are told.
        """
        for node in self.nodes:
            if node.process is not None and node.process.poll() is not None:
                raise died(node, node.process)

    def stop(self) -> None:
        """End every process, in order if it can, by force if it must; remove the folder."""
        if self._ended:
            return
        self.signals.close()
        alive = [process for process in self._processes if process.poll() is None]
        for process in alive:
            _signal_group(process, signal.SIGTERM)
        until = time.monotonic() + STOP_S
        for process in alive:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._ended = True

    def _spawn(self, node: Node, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        with node.said.open("wb") as said:
            return self._begin("node.main", words, node.folder, said, node.log)

    def _begin(
        self, module: str, words: Sequence[str], folder: Path, printed: IO[bytes] | int, log: Path
    ) -> "subprocess.Popen[bytes]":
        """Start a program of ours, which ends with the town."""
        with log.open("ab") as said, self.signals.hold():
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *words],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=said,
                cwd=folder,
                env=environment(self.lang),
                start_new_session=True,
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - no thread of ours runs then
            )
            self._processes.append(process)
        return process

    def _waited(self, process: "subprocess.Popen[bytes]") -> int | None:
        try:
            return process.wait(START_S)
        except subprocess.TimeoutExpired:
            return None

    def run_beside(self, words: Sequence[str], log: Path) -> "tuple[int, bytes]":
        """Run another `ronde` command as a process of its own, to its end.

        Args:
            words: Its command line.
            log: Receives what it says on standard error.

        Returns:
            Its exit code and what it printed.
        """
        process = self._begin("cli.main", words, self.folder, subprocess.PIPE, log)
        printed, _ = process.communicate()
        return process.returncode, printed


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on now."""
    found: list[int] = []
    while len(found) < count:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def environment(lang: Language) -> dict[str, str]:
    """Return the variables of a node: none of the user's own settings of nodes and wallets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RONDE_")}
    if (_ROOT / "pyproject.toml").is_file():
        # Run from a source tree that may not be installed; an installed one is found anyway.
        before = [kept["PYTHONPATH"]] if kept.get("PYTHONPATH") else []
        kept["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *before])
    return kept | {"PYTHONIOENCODING": "utf-8", "RONDE_LANG": lang}


def died(node: Node, process: "subprocess.Popen[bytes]") -> Failure:
    """Return the failure that tells of a node's end, with its last words."""
    lines = node.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    ended = process.poll()
    return Failure(
        ExitCode.NETWORK,
        "demo.node_died",
        name=node.name,
        status="?" if ended is None else ended,
        lines="\n".join(f"    {line}" for line in lines) or "    …",
    )


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _end_with_parent() -> Callable[[], None] | None:
    """Return what a child does first: ask the kernel to end it when we die. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
