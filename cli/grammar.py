"""The shape of every command: two languages, lazy groups, common options, the same first argument.

A command is a function that takes the `Choices` of the run first and returns an exit code::

    @command(fr="Montre le solde.", en="Shows the balance.", json=True, key=True)
    @argument("address", metavar=("ADRESSE", "ADDRESS"))
    @option("--limit", type=int, fr="Combien au plus.", en="How many at most.")
    def balance(choices: Choices, address: str, limit: int | None) -> int: ...

Its line in `cli.commands` says where it is, so that nothing is imported before it is asked for.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from cli.choices import Choices, Language
from cli.failures import ExitCode, Failure
from cli.sentences import pick, say, two

Body = Callable[..., int | None]
_WIDTH_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table of commands.

    Attributes:
        fr: What it does, in French, in one short sentence.
        en: The same in English.
        target: Where it is, as `module:name`; empty for a group.
        entries: The commands of a group.
    """

    fr: str
    en: str
    target: str = ""
    entries: Mapping[str, "Entry"] | None = None


def language_of(ctx: click.Context | None) -> Language:
    """Return the language of the run; French when nothing was chosen yet (completion)."""
    choices = ctx.find_object(Choices) if ctx is not None else None
    return choices.lang if choices is not None else "fr"


class UnknownCommand(click.UsageError):
    """Somebody typed the name of no command.

    Attributes:
        name: What was typed.
        near: Names that look like it.
    """

    def __init__(self, name: str, near: list[str], ctx: click.Context) -> None:
        super().__init__(name, ctx)
        self.name = name
        self.near = near


class ExtraArguments(click.UsageError):
    """More arguments than the command takes."""


class SpokenArgument(click.Argument):
    """An argument whose name and help exist in two languages."""

    def __init__(self, *args: Any, explained: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.explained = explained

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the name shown in usage lines and errors."""
        name = pick(self.metavar or self.human_readable_name, language_of(ctx))
        name = name if self.required else f"[{name}]"
        return name if self.nargs == 1 else f"{name} …"


class SpokenOption(click.Option):
    """An option whose metavar and help exist in two languages."""

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the name of the value shown in the help."""
        if self.metavar is None:
            return super().make_metavar(ctx)
        return pick(self.metavar, language_of(ctx))


class SpokenCommand(click.Command):
    """A command whose help is in the language of the run."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return -h and --help with a help text of ours."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = two("Affiche cette aide.", "Shows this help.")
        return found

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the line shown in a list of commands."""
        return pick(self.short_help or self.help or "", language_of(click.get_current_context()))

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        lang = language_of(ctx)
        pieces = [say("usage.options_metavar", lang)]
        for parameter in self.get_params(ctx):
            pieces += parameter.get_usage_pieces(ctx)
        if isinstance(self, click.Group):
            pieces.append(say("usage.command_metavar", lang))
        title = say("usage.title", lang) + " "
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=title)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, then its examples: they are what most people look for."""
        lang = language_of(ctx)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(pick(self.help or "", lang))
        if self.examples:
            with formatter.section(say("usage.examples", lang)):
                for example in self.examples:
                    formatter.write(" " * formatter.current_indent + pick(example, lang) + "\n")

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments that have an explanation."""
        lang = language_of(ctx)
        rows = [
            (parameter.make_metavar(ctx), pick(parameter.explained, lang))
            for parameter in self.get_params(ctx)
            if isinstance(parameter, SpokenArgument) and parameter.explained
        ]
        if rows:
            with formatter.section(say("usage.arguments", lang)):
                formatter.write_dl(rows)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        lang = language_of(ctx)
        records = [
            parameter.get_help_record(ctx)
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
        ]
        rows = [(record[0], pick(record[1], lang)) for record in records if record is not None]
        with formatter.section(say("usage.options", lang)):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and name the arguments that are too many in the language of the run."""
        allowed, ctx.allow_extra_args = ctx.allow_extra_args, True
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            # Not every error of the parser says where it happened.
            error.ctx = error.ctx or ctx
            raise
        ctx.allow_extra_args = allowed
        if ctx.args and not allowed and not ctx.resilient_parsing:
            raise ExtraArguments(" ".join(ctx.args), ctx)
        return rest


class LazyGroup(SpokenCommand, click.Group):
    """A group that imports a command only to run it; its list of commands costs nothing."""

    def __init__(self, entries: Mapping[str, Entry], **attributes: Any) -> None:
        super().__init__(no_args_is_help=True, **attributes)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table: daily things first."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now; None when there is none of that name."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        if entry.entries is not None:
            return LazyGroup(
                entry.entries, name=cmd_name, help=two(entry.fr, entry.en), params=common_options()
            )
        return _loaded(cmd_name, entry.target)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names, or say which names look like it."""
        found = self.get_command(ctx, args[0])
        if found is None and not ctx.resilient_parsing:
            from difflib import get_close_matches

            raise UnknownCommand(args[0], get_close_matches(args[0], list(self.entries)), ctx)
        return args[0] if found else None, found, args[1:]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        lang = language_of(ctx)
        with formatter.section(say("usage.commands", lang)):
            formatter.write_dl(
                [
                    (name, entry.fr if lang == "fr" else entry.en)
                    for name, entry in self.entries.items()
                ]
            )
        super().format_options(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete names from the table, without importing any command."""
        from click.shell_completion import CompletionItem

        lang = language_of(ctx)
        names = [
            CompletionItem(name, help=entry.fr if lang == "fr" else entry.en)
            for name, entry in self.entries.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def _loaded(name: str, target: str) -> click.Command:
    module, _, attribute = target.partition(":")
    if importlib.util.find_spec(module) is None:
        raise Failure(ExitCode.USAGE, "usage.not_here", name=name)
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, click.Command), target
    return found


def argument(
    name: str, *, metavar: tuple[str, str], fr: str = "", en: str = "", **attributes: Any
) -> Callable[[Body], Body]:
    """Add a positional argument to a command, named and explained in both languages."""
    return click.argument(
        name,
        cls=SpokenArgument,
        metavar=two(*metavar),
        explained=two(fr, en) if fr else "",
        **attributes,
    )


def option(
    *names: str, fr: str, en: str, metavar: tuple[str, str] | None = None, **attributes: Any
) -> Callable[[Body], Body]:
    """Add an option to a command, explained in both languages."""
    if metavar is not None:
        attributes["metavar"] = two(*metavar)
    return click.option(*names, cls=SpokenOption, help=two(fr, en), **attributes)


confirmed = option(
    "--yes", is_flag=True, fr="Ne demande pas confirmation.", en="Asks for no confirmation."
)


def command(
    *, fr: str, en: str, examples: Sequence[str] = (), json: bool = False, key: bool = False
) -> Callable[[Body], SpokenCommand]:
    """Make a command of a function `(choices: Choices, …) -> int`.

    Args:
        fr: What it does, in French.
        en: The same in English.
        examples: Lines to be copied, shown first in the help; may be made with `two`.
        json: It has `--json`; the function reads `choices.as_json`.
        key: It unlocks the wallet: it has `--passphrase-fd` and `--passphrase-file`.
    """

    def make(body: Body) -> SpokenCommand:
        made = click.command(cls=SpokenCommand, help=two(fr, en), examples=examples)(
            click.pass_obj(body)
        )
        made.params += _json_option() if json else []
        made.params += _passphrase_options() if key else []
        made.params += common_options()
        return made

    return make


def _chosen(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        choices = ctx.find_object(Choices)
        if choices is not None and value is not None and value is not False:
            setattr(choices, attribute, value)

    return keep


def _kept_option(names: list[str], attribute: str, help: str, **attributes: Any) -> SpokenOption:
    return SpokenOption(
        names, help=help, expose_value=False, callback=_chosen(attribute), **attributes
    )


def common_options() -> list[click.Parameter]:
    """Return the options that every command and group takes, at any place of the line."""
    return [
        _kept_option(
            ["--home"],
            "folder",
            two(
                "Dossier du portefeuille (sinon RONDE_HOME).",
                "Folder of the wallet (else RONDE_HOME).",
            ),
            metavar=two("DOSSIER", "FOLDER"),
            type=click.Path(file_okay=False, path_type=Path),
        ),
        _kept_option(
            ["--lang"],
            "lang",
            two(
                "Langue des messages (sinon RONDE_LANG, sinon le français).",
                "Language of the messages (else RONDE_LANG, else French).",
            ),
            type=click.Choice(["fr", "en"]),
        ),
    ]


def _json_option() -> list[click.Parameter]:
    text = two("Résultat en JSON sur la sortie standard.", "Result as JSON on standard output.")
    return [_kept_option(["--json"], "as_json", text, is_flag=True)]


def _passphrase_options() -> list[click.Parameter]:
    return [
        _kept_option(
            ["--passphrase-fd"],
            "passphrase_fd",
            two(
                "Lit la phrase de passe sur ce descripteur ouvert.",
                "Reads the passphrase from this open descriptor.",
            ),
            metavar="N",
            type=click.IntRange(min=0),
        ),
        _kept_option(
            ["--passphrase-file"],
            "passphrase_file",
            two(
                "Lit la phrase de passe dans ce fichier, lisible de vous seul (0600).",
                "Reads the passphrase from this file, readable by you alone (0600).",
            ),
            metavar=two("FICHIER", "FILE"),
            type=click.Path(path_type=Path),
        ),
    ]
