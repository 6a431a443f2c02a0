"""`ronde-node`: found a cooperative, run its node, look after it."""

import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from node.grammar import SpokenCommand, SpokenGroup, explain
from node.words import Language, language_of, say

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
INTERRUPTED: Final = 130
FOLDER_VARIABLE: Final = "RONDE_NODE_FOLDER"
DEFAULT_FOLDER: Final = "ronde-node"

log = logging.getLogger("ronde.node")

# An option: its flag, how click takes it, and its help in both languages.
_Line = tuple[str, dict[str, Any], str, str]


class Ending(Exception):
    """The command ends here, with a sentence of `node.words` and an exit code."""

    def __init__(self, code: int, word: str, **fields: str | int) -> None:
        super().__init__(word)
        self.code = code
        self.word = word
        self.fields = fields


class _Speech:
    """Makes commands whose help is in one language."""

    def __init__(self, lang: Language) -> None:
        self.lang = lang

    def text(self, french: str, english: str) -> str:
        return french if self.lang == "fr" else english

    def language(self) -> click.Option:
        return click.Option(
            ["--lang"],
            type=click.Choice(["fr", "en"]),
            expose_value=False,
            help=self.text("Langue (sinon RONDE_LANG).", "Language (else RONDE_LANG)."),
        )

    def folder(self) -> click.Option:
        return click.Option(
            ["--folder"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar=self.text("DOSSIER", "FOLDER"),
            default=lambda: Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER),
            help=self.text(
                f"Dossier du nœud (sinon {FOLDER_VARIABLE}, sinon ./{DEFAULT_FOLDER}).",
                f"Folder of the node (else {FOLDER_VARIABLE}, else ./{DEFAULT_FOLDER}).",
            ),
        )

    def as_json(self) -> click.Option:
        return click.Option(
            ["--json", "as_json"], is_flag=True, help=self.text("En JSON.", "As JSON.")
        )

    def command(
        self, name: str, body: Callable[..., int], about: str, *params: click.Parameter
    ) -> click.Command:
        def spoken(**given: Any) -> int:
            return body(self.lang, **given)

        every = [*params, self.folder(), self.language()]
        return SpokenCommand(name, callback=spoken, help=about, params=every, lang=self.lang)


def commands(lang: Language) -> click.Group:
    """Return the command with its help in one language."""
    speech = _Speech(lang)
    text, command = speech.text, speech.command
    about = text("Les auditeurs du nœud.", "The node's auditors.")
    auditor = SpokenGroup("auditor", help=about, lang=lang)
    about = text("Ouvre les inscriptions à un auditeur.", "Opens the entries to an auditor.")
    key = click.Argument(["key"], metavar=text("CLÉ", "KEY"))
    auditor.add_command(command("add", _add_auditor, about, key))
    group = SpokenGroup(
        "ronde-node",
        lang=lang,
        params=[speech.language()],
        help=text("Le nœud d'une coopérative.", "A cooperative's node."),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    about = text(
        "Fonde une coopérative ; demande ce qui manque.",
        "Founds a cooperative; asks for what is missing.",
    )
    group.add_command(command("init", _init, about, *_init_options(text), speech.as_json()))
    about = text(
        "Fait tourner le nœud jusqu'à SIGTERM ou Ctrl-C.", "Runs the node until SIGTERM or Ctrl-C."
    )
    group.add_command(command("run", _run, about, *_run_options(text)))
    about = text("Examine le nœud et dit quoi réparer.", "Examines the node, says what to mend.")
    group.add_command(command("doctor", _doctor, about, speech.as_json()))
    group.add_command(auditor)
    return group


def _init_options(text: Callable[[str, str], str]) -> list[click.Parameter]:
    return [
        click.Option([flag], help=text(french, english), **more)
        for flag, more, french, english in [*_lines_of_terms(text), *_lines_of_keys(text)]
    ]


def _lines_of_terms(text: Callable[[str, str], str]) -> list[_Line]:
    amount = text("MONTANT", "AMOUNT")
    return [
        (
            "--name",
            {"metavar": text("NOM", "NAME")},
            "Nom de la coopérative.",
            "Name of the cooperative.",
        ),
        ("--url", {"metavar": "URL"}, "Adresse publique du nœud.", "Public address of the node."),
        (
            "--unit",
            {"metavar": "CODE"},
            "Code de l'unité de compte.",
            "Code of the unit of account.",
        ),
        (
            "--decimals",
            {"type": click.IntRange(0, 6), "default": 2, "metavar": "N"},
            "Décimales de l'unité (2 sinon).",
            "Decimals of the unit (2 otherwise).",
        ),
        (
            "--credit-limit",
            {"metavar": amount},
            "Plafond de débit d'un nouveau compte, en unités.",
            "Credit limit of a new account, in units.",
        ),
        (
            "--ceiling",
            {"metavar": amount},
            "Plafond de crédit, en unités (sinon dix fois le plafond de débit).",
            "Ceiling, in units (else ten times the credit limit).",
        ),
    ]


def _lines_of_keys(text: Callable[[str, str], str]) -> list[_Line]:
    key = text("CLÉ", "KEY")
    return [
        (
            "--officer",
            {"multiple": True, "metavar": key},
            "Clé d'un mandataire (key1…) ; à répéter.",
            "Key of an officer (key1…); may be repeated.",
        ),
        (
            "--officers-needed",
            {"type": int, "metavar": "N"},
            "Signatures qu'il faut à une décision (sinon la majorité).",
            "Signatures that a decision needs (else the majority).",
        ),
        (
            "--federation",
            {"default": "ronde", "metavar": text("NOM", "NAME")},
            "Nom de la coopérative interrégionale, le même pour toutes (« ronde » sinon).",
            "Name of the federation, the same for all its cooperatives ('ronde' otherwise).",
        ),
        (
            "--auditor",
            {"multiple": True, "metavar": key},
            "Clé d'un auditeur (key1…) ; à répéter.",
            "Key of an auditor (key1…); may be repeated.",
        ),
    ]


def _run_options(text: Callable[[str, str], str]) -> list[click.Parameter]:
    return [
        click.Option(
            ["--listen"],
            metavar=text("ADRESSE:PORT", "ADDRESS:PORT"),
            help=text("Adresse d'écoute.", "Where to listen."),
        ),
        click.Option(
            ["--gates"],
            type=click.IntRange(0, 64),
            metavar="N",
            help=text("Processus de vérification.", "Processes that verify."),
        ),
        click.Option(
            ["--log-json"],
            is_flag=True,
            default=None,
            help=text("Lignes techniques en JSON.", "Log lines as JSON."),
        ),
    ]


def _init(lang: Language, *, folder: Path, as_json: bool, **given: Any) -> int:
    from node.errors import StoreError
    from node.founding import FoundingError
    from node.init import found_from
    from node.settings import SettingsError

    try:
        made = found_from(lang, folder, given)
    except FoundingError as error:
        fields = {"folder": str(folder), "reason": str(error), **error.fields}
        code = REFUSED if error.word == "init.folder_exists" else USAGE
        raise Ending(code, error.word, **fields) from error
    except SettingsError as error:
        raise Ending(USAGE, "settings.wrong", reason=str(error)) from error
    except (StoreError, OSError) as error:
        raise Ending(REFUSED, "init.disk", reason=str(error)) from error
    click.echo(json.dumps(made.shape, ensure_ascii=False) if as_json else made.sentence)
    return DONE


def _settings(folder: Path, flags: dict[str, Any] | None = None) -> Any:
    from node.settings import SettingsError, load_settings

    try:
        return load_settings(folder, flags=flags)
    except FileNotFoundError as error:
        raise Ending(NOT_FOUND, "folder.missing", folder=str(folder)) from error
    except SettingsError as error:
        raise Ending(USAGE, "settings.wrong", reason=str(error)) from error


def _run(lang: Language, *, folder: Path, **flags: Any) -> int:
    import asyncio

    from node.errors import StoreError
    from node.gates import GateError
    from node.keyfile import KeyFileError
    from node.logs import configure
    from node.running import ListenError, LockedError, crash, locked, loop_factory, run_node

    settings = _settings(folder, flags)
    configure(settings.log_json)

    def announce(url: str) -> None:
        click.echo(json.dumps({"listening": url}))

    try:
        with locked(folder), asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run_node(folder, settings, announce))
    except LockedError as error:
        raise Ending(REFUSED, "run.locked", folder=str(folder)) from error
    except (ListenError, GateError) as error:
        raise Ending(
            REFUSED, "run.cannot_listen", listen=settings.listen, reason=str(error)
        ) from error
    except (StoreError, OSError) as error:
        raise Ending(REFUSED, "run.store", reason=str(error)) from error
    except KeyFileError as error:
        raise Ending(REFUSED, error.word, path=str(error.path)) from error
    except Exception as error:  # noqa: BLE001 - the one place: whatever it is, the node stops
        crash(error)
    return DONE


def _doctor(lang: Language, *, folder: Path, as_json: bool) -> int:
    from node.doctor import examine, report

    findings = examine(folder, _settings(folder), lang)
    click.echo(report(findings, lang, as_json=as_json))
    return REFUSED if any(finding.state == "bad" for finding in findings) else DONE


def _add_auditor(lang: Language, *, folder: Path, key: str) -> int:
    from node.settings import SettingsError, add_auditor

    _settings(folder)
    try:
        is_new = add_auditor(folder, key)
    except SettingsError as error:
        raise Ending(USAGE, "settings.wrong", reason=str(error)) from error
    click.echo(say("auditor.added" if is_new else "auditor.known", lang, key=key))
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: The command line without the program; the process's own when None.

    Returns:
        0 done, 1 refused or failed, 2 usage, 3 no node there, 130 interrupted.
    """
    line = list(sys.argv[1:] if arguments is None else arguments)
    lang = language_of(line, os.environ)
    try:
        code = commands(lang).main(line, prog_name="ronde-node", standalone_mode=False)
    except Ending as ending:
        sentence = say(ending.word, lang, **ending.fields)
        click.echo(say("error", lang, sentence=sentence), err=True)
        return ending.code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.UsageError as error:
        click.echo(say("error", lang, sentence=explain(error, lang)), err=True)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return int(code or DONE)


if __name__ == "__main__":
    sys.exit(main())
