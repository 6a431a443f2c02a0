"""A terminal for stories: one shell on a real pseudo-terminal, and a person who answers.

Commands are typed one after the other; whatever a program asks is answered like a person would.
"""

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conformance.town import PHRASE

PATIENCE_S = 60
# What the shell prints when it waits for the next command, with the last exit code.
READY = re.compile(rb"\x1e(\d+)\x1e")
# The 24 words as `wallet create` lists them: four a line, each with its number.
_WORD = re.compile(r"\b(\d{1,2})\.? +([^\W\d_]+)")


class Typed(NamedTuple):
    """What one command showed, and how it ended."""

    command: str
    screen: str
    code: int


class Asked(NamedTuple):
    """A line on which a question is followed by what a person answers, and how they spell it."""

    line: str
    answer: Callable[[str], str] = str


class Terminal:
    """One shell in a folder; it and what it started end with the block."""

    def __init__(self, folder: Path, commands: Path, lang: str) -> None:
        """Start the shell.

        Args:
            folder: Where it stands, and its home.
            commands: The folder of `ronde` and `ronde-node`.
            lang: What RONDE_LANG says, until a command says otherwise.
        """
        self._master, slave = pty.openpty()
        self._questions: Sequence[Asked] = ()
        self._answered = 0
        environment = {
            **os.environ,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "80",
            "LINES": "50",
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PS1": "",
            "PS2": "",
            "RONDE_LANG": lang,
            "TERM": "dumb",
            "XDG_DATA_HOME": str(folder / "share"),
        }
        environment.pop("RONDE_HOME", None)
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        assert self._shell.stdin is not None
        self._typing = self._shell.stdin
        # The first terminal that a session opens is its own: passphrases are asked on /dev/tty.
        self._typing.write(f"exec 9<>{os.ttyname(slave)}\n".encode())
        self._typing.flush()
        os.close(slave)
        self._screen = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        # The whole session, nodes too; each of them ends cleanly on SIGTERM.
        os.killpg(self._shell.pid, signal.SIGTERM)
        self._typing.close()
        try:
            self._shell.wait(PATIENCE_S)
        finally:
            os.close(self._master)

    def types(self, command: str, questions: Sequence[Asked] = ()) -> Typed:
        """Type a command and return what it showed once it ended, or listens.

        Args:
            command: As a person types it.
            questions: What this command may ask, and what a person answers.
        """
        self._screen, self._answered, self._questions = b"", 0, questions
        behind = command.rstrip().endswith("&")
        # Programs read the terminal; the shell alone reads our pipe.
        line = command if behind else "{ " + command + "\n} < /dev/tty"
        line += "\nprintf '\\036%d\\036' $?\n"
        self._typing.write(line.encode())
        self._typing.flush()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            ended = READY.search(self._screen)
            if ended is not None and (not behind or b'"listening"' in self._screen):
                break
            assert time.monotonic() < deadline, (command, self._screen.decode())
            self._read_and_answer()
        screen = READY.sub(b"", self._screen).decode().replace("\r\n", "\n")
        return Typed(command, screen, int(ended[1]))

    def _read_and_answer(self) -> None:
        ready, _, _ = select.select([self._master], [], [], 1)
        if ready:
            self._screen += os.read(self._master, 65_536)
        seen = self._screen.decode(errors="ignore")
        open_line = seen[self._answered :].rpartition("\n")[2]
        answer = self._answer(seen, open_line)
        if answer is not None:
            self._answered = len(seen)
            os.write(self._master, answer.encode() + b"\n")

    def _answer(self, seen: str, question: str) -> str | None:
        """Return what a person would type, or None while nothing is asked."""
        if not question.endswith(" "):
            return None
        for asked in self._questions:
            if asked.line.startswith(question):
                return asked.answer(asked.line.removeprefix(question))
        if re.search(r"(assphrase|hrase de passe|once more|encore une fois)[^:\n]*: $", question):
            return PHRASE
        if re.search(r"\[[oy]/N\] $", question):
            return "oui"
        number = re.search(r"(?:Mot n°|Word number) (\d+) ?: $", question)
        if number is not None:
            words: dict[int, str] = {int(place): word for place, word in _WORD.findall(seen)}
            return words[int(number[1])]
        return None
