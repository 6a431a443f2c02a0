"""The shape of the node's commands: help and mistakes in one language, the other's never mixed in.

The library writes its headings and its errors in English only, so none of them is shown.
"""

from typing import Any

import click

from node.words import Language, say


class SpokenCommand(click.Command):
    """A command whose help is in one language."""

    def __init__(self, *args: Any, lang: Language, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.lang = lang

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return -h and --help with a text of ours."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = say("help.help", self.lang)
        return found

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        pieces = ["[OPTIONS]"]
        for parameter in self.get_params(ctx):
            pieces += parameter.get_usage_pieces(ctx)
        if isinstance(self, click.Group):
            pieces.append(say("help.command_metavar", self.lang))
        prefix = say("help.usage", self.lang) + " "
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=prefix)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of a group, then the options."""
        if isinstance(self, click.Group):
            about = [(name, one.help or "") for name, one in self.commands.items()]
            with formatter.section(say("help.commands", self.lang)):
                formatter.write_dl(about)
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        records = [one.get_help_record(ctx) for one in options]
        with formatter.section(say("help.options", self.lang)):
            formatter.write_dl([record for record in records if record is not None])


class SpokenGroup(SpokenCommand, click.Group):
    """A group whose help is in one language."""


def explain(error: click.UsageError, lang: Language) -> str:
    """Return what is wrong with a command line, and where its help is."""
    sentence = _sentence(error, lang)
    near = getattr(error, "possibilities", None)
    if near:
        sentence += " " + say("usage.near", lang, near=", ".join(sorted(near)))
    if error.ctx is not None:
        sentence += "\n" + say("usage.see_help", lang, command=error.ctx.command_path)
    return sentence


def _sentence(error: click.UsageError, lang: Language) -> str:
    if isinstance(error, click.NoSuchOption):
        return say("usage.no_such_option", lang, name=error.option_name)
    if isinstance(error, click.BadOptionUsage):
        return say("usage.option_use", lang, name=error.option_name)
    if isinstance(error, click.BadParameter) and error.param is not None:
        missing = isinstance(error, click.MissingParameter)
        name = max(error.param.opts, key=len)
        if isinstance(error.param, click.Argument) and error.ctx is not None:
            name = error.param.make_metavar(error.ctx)
        kind = error.param.type
        if isinstance(kind, click.IntRange) and not missing:
            bounds = {"least": str(kind.min), "most": str(kind.max)}
            return say("usage.wants_number", lang, name=name, **bounds)
        return say("usage.missing" if missing else "usage.bad_value", lang, name=name)
    # Left are a command that is none, and arguments that are too many.
    return say("usage.wrong", lang)
