"""A person at a terminal: she reads, types, mistypes, changes her mind; nothing is half made."""

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

from cli import keystore
from cli.failures import ExitCode
from cli.words import to_words

ROOT = Path(__file__).resolve().parents[2]
PHRASE = "quatre mots sans rapport"


def program(*line: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *line]


class Person:
    """Somebody at a terminal of her own, who reads before she types."""

    def __init__(self, *line: str) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execv(sys.executable, program(*line))
        self.seen = ""

    def reads(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + 30
        while (found := re.search(pattern, self.seen)) is None:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.terminal, 4_096).decode(errors="replace")
                except OSError:
                    raise AssertionError(self.seen) from None
        self.seen = self.seen[found.end() :]
        return found

    def types(self, text: str) -> None:
        os.write(self.terminal, f"{text}\n".encode())

    def leaves(self) -> int:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
            if select.select([self.terminal], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.terminal, 4_096).decode(errors="replace")
                except OSError:
                    time.sleep(0.02)
        raise AssertionError(self.seen)


def paper_of(person: Person) -> dict[int, str]:
    shown = person.reads(r"24\. \S+").string
    return {int(n): word for n, word in re.findall(r"(\d+)\. (\S+)", shown)}


def test_a_person_makes_a_wallet_and_reads_three_words_back(tmp_path: Path) -> None:
    home = tmp_path / "w"
    person = Person("wallet", "create", "--home", str(home), "--light")
    person.reads("Nouvelle phrase")
    person.types(PHRASE)
    person.reads("encore une fois")
    person.types("une autre chose")
    person.reads("pas les mêmes")
    for _ in range(2):
        person.reads(r"Nouvelle phrase|encore une fois")
        person.types(PHRASE)
    paper = paper_of(person)
    assert len(paper) == 24
    number = int(person.reads(r"Mot n° (\d+) :")[1])
    person.types("abaisser" if paper[number] != "abaisser" else "abandon")
    person.reads("Ce n'est pas le mot")
    for _ in range(3):
        number = int(person.reads(r"Mot n° (\d+) :")[1])
        person.types(paper[number])
    assert person.leaves() == 0
    assert PHRASE not in person.seen
    assert keystore.unlock(home, PHRASE).language == "fr"


def test_a_person_who_did_not_copy_the_words_gets_no_wallet(tmp_path: Path) -> None:
    person = Person("wallet", "create", "--home", str(tmp_path / "w"), "--light", "--lang", "en")
    for _ in range(2):
        person.reads(r"New passphrase|once more")
        person.types(PHRASE)
    for _ in range(3):
        person.reads(r"Word number \d+:")
        person.types("?")
    assert person.leaves() == ExitCode.REFUSED
    assert not (tmp_path / "w").exists()


def test_a_person_types_her_words_and_mends_the_wrong_one(tmp_path: Path) -> None:
    words = to_words(bytes(range(32)))
    person = Person("wallet", "restore", "--home", str(tmp_path / "w"), "--light")
    person.reads("24 mots")
    person.types(" ".join(words[:12]))
    person.types(" ".join([*words[12:23], "xylophone"]))
    person.reads(r"Mot n° 24 :")
    person.types(words[23])
    for _ in range(2):
        person.reads(r"Nouvelle phrase|encore une fois")
        person.types(PHRASE)
    assert person.leaves() == 0
    assert keystore.unlock(tmp_path / "w", PHRASE).entropy == bytes(range(32))


def test_control_c_ends_with_a_sentence_and_nothing_half_made(tmp_path: Path) -> None:
    person = Person("wallet", "create", "--home", str(tmp_path / "w"))
    person.reads("Nouvelle phrase")
    os.kill(person.pid, signal.SIGINT)
    assert person.leaves() == 130
    assert "Interrompu" in person.seen
    assert "Traceback" not in person.seen
    assert not (tmp_path / "w").exists()


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    person = Person("wallet", "create", "--home", str(tmp_path / "w"))
    person.reads("Nouvelle phrase")
    person.types("")
    assert person.leaves() == ExitCode.USAGE
    assert "vide" in person.seen
