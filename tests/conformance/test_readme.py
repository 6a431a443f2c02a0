"""The two READMEs: one is the other's twin, and what they show is what one really sees.

Before a block, `<!-- story: NAME [PLACE] -->` says in which story it is typed, and when.
A line `…` stands for lines left out, `…` within a line for what differs from run to run.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conformance.terminal import Asked, Terminal
from tests.conformance.town import ROOT, free_port

TWINS = {"fr": ROOT / "README.fr.md", "en": ROOT / "README.md"}
COMMANDS = Path(sys.executable).parent
MARK = re.compile(r"<!-- story: (\w+)(?: (\d+))? -->\n```console\n(.*?)```", re.DOTALL)
BLOCK = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
# What is typed in the other language's words.
TRANSLATED = {"12.50": "12,50", "honey": "miel", ' ARGS="--lang en"': "", "debts.csv": "dettes.csv"}
# What a run makes new, and is called the same from then on.
NEW = {"text": r"(?:key|coop|memb)1[a-z0-9]+", "number": "[0-9a-f]{12}"}
# What differs from run to run: the time, how long it took, how much was signed, and the rest.
CHANGING = {"time": r"[\d-]+ [\d:]+", "seconds": r"\d+[.,]\d", "count": r"\d+", "rest": ".*"}
VARIABLE = re.compile(
    r"(?P<text>(?:key|coop|memb)1[a-z0-9]+…)|(?P<number>\b[0-9a-f]{12}\b)"
    r"|(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d)|(?P<seconds>\d+[.,]\d(?= second| seconde))"
    r"|(?P<count>\d+(?= signatures))|(?P<rest>…)"
)
ASKED = re.compile(r"^(Phrase de passe|Passphrase|Nouvelle phrase|New passphrase|La même|The same)")


class Step(NamedTuple):
    """A command of a README and the lines shown under it."""

    command: str
    shown: list[str]


def text_of(lang: str) -> str:
    return TWINS[lang].read_text(encoding="utf-8")


def steps_in(block: str) -> list[Step]:
    steps: list[Step] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:], []))
        elif line.strip():
            steps[-1].shown.append(line)
    return steps


def story(lang: str, name: str) -> list[Step]:
    """Return the steps of a story in the order in which they are typed."""
    parts = [
        (int(place or 0), block)
        for told, place, block in MARK.findall(text_of(lang))
        if told == name
    ]
    return [step for _, block in sorted(parts) for step in steps_in(block)]


class Seen:
    """What this run calls the names that a README shows.

    Attributes:
        ports: The port of this run for each port of the README.
        names: The keys, accounts and numbers of this run for those of the README.
    """

    def __init__(self, *ports: str) -> None:
        self.ports = {f":{port}": f":{free_port()}" for port in ports}
        self.names: dict[str, str] = {}

    def here(self, text: str) -> str:
        """Return a text of a README with the names of this run."""
        for shown, here in {**self.ports, **self.names}.items():
            text = text.replace(shown, here)
        return text

    def match(self, shown: str, line: str) -> bool:
        """Compare a line shown with a line seen, and learn its new names."""
        for port, here in self.ports.items():
            line = line.replace(here, port)
        pattern, new, at = "", [], 0
        for place in VARIABLE.finditer(shown):
            pattern += re.escape(shown[at : place.start()])
            kind = str(place.lastgroup)
            if kind in NEW:
                new.append(place[0])
                pattern += f"({self.names.get(place[0], NEW[kind])})"
            else:
                pattern += CHANGING[kind]
            at = place.end()
        found = re.fullmatch(pattern + re.escape(shown[at:]), line)
        if found is not None:
            self.names.update(zip(new, found.groups(), strict=True))
        return found is not None


def compare(step: Step, screen: str, seen: Seen) -> None:
    """Fail unless the screen is what the README shows, but for what it leaves out."""
    lines = [line.replace("\u00a0", " ").rstrip() for line in screen.splitlines()]
    waiting = [line for line in lines if line and not ASKED.match(line)]
    skipping = False
    for shown in step.shown:
        if shown == "…":
            skipping = True
            continue
        while skipping and waiting and not seen.match(shown, waiting[0]):
            waiting.pop(0)
        assert waiting and seen.match(shown, waiting[0]), (step.command, shown, screen)
        waiting.pop(0)
        skipping = False
    assert skipping or not waiting, (step.command, waiting)


def play(lang: str, name: str, folder: Path, seen: Seen) -> None:
    with Terminal(folder, COMMANDS, lang) as terminal:
        for step in story(lang, name):
            # The light keystore opens in a tenth of the time; nothing else differs.
            command = seen.here(step.command).replace("wallet create", "wallet create --light")
            typed = terminal.types(command, [Asked(line, seen.here) for line in step.shown])
            compare(step, typed.screen, seen)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_village_of_the_readme_shows_what_it_says(lang: str, tmp_path: Path) -> None:
    play(lang, "village", tmp_path, Seen("8480", "8481"))


@pytest.mark.slow
def test_the_demonstration_of_the_readme_shows_what_it_says(tmp_path: Path) -> None:
    (step,) = story("en", "demo")
    with Terminal(tmp_path, COMMANDS, "fr") as terminal:
        typed = terminal.types("ronde demo --lang en")
    compare(step, typed.screen, Seen())


def headings(lang: str) -> list[int]:
    prose = BLOCK.sub("", text_of(lang))
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]


def typed_in(lang: str) -> list[str]:
    blocks = "\n".join(BLOCK.findall(text_of(lang)))
    return [line[2:] for line in blocks.splitlines() if line.startswith("$ ")]


def in_french(command: str) -> str:
    for english, french in TRANSLATED.items():
        command = command.replace(english, french)
    return command


def test_the_two_readmes_are_twins() -> None:
    assert headings("fr") == headings("en")
    assert typed_in("fr") == [in_french(command) for command in typed_in("en")]
    marks = {lang: [found[:2] for found in MARK.findall(text_of(lang))] for lang in TWINS}
    assert marks["fr"] == marks["en"]
    for lang, other in (("fr", "README.md"), ("en", "README.fr.md")):
        assert f"]({other})" in text_of(lang).splitlines()[2]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_page_that_a_readme_names_is_there(lang: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", text_of(lang))
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
