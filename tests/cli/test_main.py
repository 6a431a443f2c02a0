"""The door: help in both languages, mistakes told with what was meant, the right exit code."""

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from cli import commands, main
from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.grammar import Entry, LazyGroup, argument, command, option
from protocol.errors import SignatureError

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "aiohttp", "aiosqlite", "asyncio", "cryptography", "mnemonic", "msgpack", "msgspec", "nacl",
    "networkx", "numpy", "platformdirs", "pylmcf", "rich", "sqlite3", "uvloop",
)  # fmt: skip
STARTS = 15
TIMES_BARE_PYTHON = 12


def run(*line: str) -> int:
    return main.main(list(line))


def entries(table: Mapping[str, Entry], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Entry]]:
    for name, entry in table.items():
        if entry.entries is not None:
            yield from entries(entry.entries, (*path, name))
        else:
            yield " ".join((*path, name)), entry


ENTRIES = dict(entries(commands.COMMANDS))


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_command_of_the_table_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = ENTRIES[name].target.partition(":")[0]
    assert importlib.util.find_spec(module) is not None, ENTRIES[name].target
    assert run(*name.split(), "--help") == 0
    assert f"Usage : ronde {name}" in capsys.readouterr().out
    assert run(*name.split(), "-h", "--lang", "en") == 0
    english = capsys.readouterr().out
    assert f"Usage: ronde {name}" in english
    assert "Shows this help." in english


def test_help_lists_every_command_in_the_language_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--help") == 0
    french = capsys.readouterr().out
    assert run("--help", "--lang", "en") == 0
    english = capsys.readouterr().out
    for name, entry in commands.COMMANDS.items():
        assert name in french
        assert entry.fr.split(".")[0] in french
        assert entry.en.split(".")[0] in english
    assert "Commandes\u00a0:" in french
    assert "Commands:" in english
    assert "\x1f" not in french + english


def test_no_command_at_all_shows_the_help_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == ExitCode.USAGE
    seen = capsys.readouterr()
    assert (seen.out, "Usage : ronde" in seen.err) == ("", True)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("ronde ")


@pytest.mark.parametrize(
    ("line", "fr", "en"),
    [
        (["walet"], "« walet ». Vouliez-vous dire : wallet ?", "'walet'. Did you mean: wallet?"),
        (["xyzzy"], "« xyzzy ».", "'xyzzy'."),
        (["wallet", "creat"], "Vouliez-vous dire : create ?", "Did you mean: create?"),
        (["--versio"], "Vouliez-vous dire : --version ?", "Did you mean: --version?"),
        (["wallet", "show", "--wrods"], "« --wrods »", "'--wrods'"),
        (["wallet", "show", "a", "b"], "Arguments en trop : a b.", "too many: a b."),
        (["wallet", "create", "--words", "de"], "l'un de fr, en", "one of fr, en"),
        (["wallet", "create", "--name"], "L'option --name", "The option --name"),
        (["wallet", "create", "--yes=1"], "L'option --yes", "The option --yes"),
        (["wallet", "show", "--passphrase-fd", "x"], "entier", "whole number"),
        (["wallet", "restore", "--key-number", "-1"], "0 … 4294967294", "0 … 4294967294"),
        (["clear"], "Il manque FICHIER.", "FILE is missing."),
    ],
)
def test_a_mistake_is_told_in_the_language_of_the_line(
    line: list[str], fr: str, en: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*line) == ExitCode.USAGE
    french = capsys.readouterr()
    assert french.err.startswith("Erreur : ")
    assert fr in french.err
    assert "--help" in french.err
    assert run("--lang=en", *line) == ExitCode.USAGE
    english = capsys.readouterr()
    assert english.err.startswith("Error: ")
    assert en in english.err
    assert french.out + english.out == ""


def test_a_file_that_is_not_there_is_not_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("clear", str(tmp_path / "absent.csv")) == ExitCode.NOT_FOUND
    assert "absent.csv" in capsys.readouterr().err


# --------------------------------------------------------- a small program of the same grammar


@command(fr="Fait une chose.", en="Does a thing.", json=True, key=True, examples=("ronde thing 1",))
@argument("what", metavar=("QUOI", "WHAT"), fr="La chose.", en="The thing.")
@argument("more", metavar=("AUTRES", "OTHERS"), nargs=-1)
@option("--needed", required=True, metavar=("X", "Y"), fr="Il le faut.", en="It is needed.")
@option("--ratio", type=float, fr="Un rapport.", en="A ratio.")
@option("--count", type=int, fr="Un nombre.", en="A number.")
@option("--from", "source", type=click.File("r"), fr="Un fichier.", en="A file.")
def thing(choices: Choices, what: str, more: tuple[str, ...], **_: object) -> int | None:
    """End in the way that the argument asks for."""
    endings: dict[str, BaseException] = {
        "failure": Failure(ExitCode.LOCKED, "keystore.wrong_passphrase"),
        "bytes": SignatureError("the signature does not hold"),
        "disk": OSError(28, "No space left on device"),
        "interrupt": KeyboardInterrupt(),
        "pipe": BrokenPipeError(),
        "usage": click.UsageError("english only"),
        "count": click.BadArgumentUsage("english only"),
        "value": click.BadParameter("english only"),
    }
    if what in endings:
        raise endings[what]
    print(what, *more, choices.as_json)
    return ExitCode.PENDING if what == "pending" else None


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("small_program")
    module.__dict__["thing"] = thing
    module.__spec__ = importlib.util.spec_from_loader("small_program", None)
    monkeypatch.setitem(sys.modules, "small_program", module)
    table = {
        "thing": Entry("Fait.", "Does.", "small_program:thing"),
        "absent": Entry("Rien.", "Nothing.", "no_such_module_at_all:x"),
    }
    settings = {"help_option_names": ["-h", "--help"]}
    group = LazyGroup(table, name="ronde", help="x", context_settings=settings)
    monkeypatch.setattr(main, "ronde", group)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("done", 0, ""),
        ("pending", 7, ""),
        ("failure", 6, "Erreur : Cette phrase de passe"),
        ("bytes", 5, "VÉRIFICATION ÉCHOUÉE"),
        ("disk", 4, "No space left"),
        ("interrupt", 130, "Interrompu"),
        ("usage", 2, "Il manque une commande"),
        ("count", 2, "nombre de valeurs"),
        ("value", 2, "une autre valeur"),
    ],
)
def test_each_ending_has_its_code_and_its_sentence(
    what: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("thing", what, "--needed", "1") == code
    err = capsys.readouterr().err
    assert said in err
    assert "english only" not in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["thing", "x"], "Il manque l'option --needed."),
        (["thing", "--needed", "1"], "Il manque QUOI."),
        (["thing", "x", "--needed", "1", "--count", "z"], "un nombre entier"),
        (["thing", "x", "--needed", "1", "--ratio", "z"], "une autre valeur"),
        (["thing", "x", "--needed", "1", "--from", "/no/such"], "un fichier"),
        (["absent"], "« absent » n'est pas dans cette installation"),
    ],
)
def test_what_is_missing_or_does_not_fit_is_named(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*line) == ExitCode.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_the_help_of_a_command_shows_examples_then_arguments_then_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("thing", "--help") == 0
    out = capsys.readouterr().out
    places = [
        out.index(part)
        for part in (
            "thing [OPTIONS] QUOI [AUTRES] …",
            "Exemples\u00a0:",
            "La chose.",
            "--needed X",
        )
    ]
    assert places == sorted(places)


@pytest.mark.usefixtures("small")
def test_json_is_chosen_on_the_command_that_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("thing", "a", "b", "--needed", "1", "--json") == 0
    assert capsys.readouterr().out == "a b True\n"


# ------------------------------------------------------------------------------- its own speed


def quiet_environment() -> dict[str, str]:
    """Return an environment in which nobody measures or writes anything else."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from cli.main import main; main(['--help']); main(['wallet', '--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=quiet_environment(), capture_output=True, text=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


def test_completion_imports_nothing_heavy() -> None:
    environment = quiet_environment() | {
        "_RONDE_COMPLETE": "bash_complete", "COMP_WORDS": "ronde wallet ", "COMP_CWORD": "2",
    }  # fmt: skip
    code = (
        "import sys; from cli.main import main\n"
        "try: main([])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert {"plain,create", "plain,restore", "plain,show"} <= set(run.stdout.splitlines())
    assert run.stdout.splitlines()[-1] == "[]"


def test_help_takes_less_than_twelve_times_bare_python() -> None:
    lines = {
        "bare": [sys.executable, "-c", "pass"],
        "help": [sys.executable, "-m", "cli.main", "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in lines}
    for turn in range(STARTS + 1):
        for name, line in lines.items():
            start = time.perf_counter()
            subprocess.run(line, env=quiet_environment(), stdout=subprocess.DEVNULL, check=True)
            # The first turn writes the compiled files.
            if turn:
                seconds[name].append(time.perf_counter() - start)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    assert median["help"] < TIMES_BARE_PYTHON * median["bare"], median
