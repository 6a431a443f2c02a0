"""What is wrong with a command line, said in the language of the run."""

import click

from cli.choices import Language
from cli.grammar import ExtraArguments, UnknownCommand
from cli.sentences import say


def explain(error: click.UsageError, lang: Language) -> str:
    """Return one or two lines: what is wrong, and where the help is.

    No text of the library is shown or read: it exists in English only.
    """
    lines = [_sentence(error, lang)]
    near = _near(error)
    if near:
        names = ", ".join(near)
        lines[0] += " " + say("usage.did_you_mean", lang, near=names)
    if error.ctx is not None:
        lines.append(say("usage.see_help", lang, command=error.ctx.command_path))
    return "\n".join(lines)


def _sentence(error: click.UsageError, lang: Language) -> str:
    if isinstance(error, UnknownCommand):
        return say("usage.no_such_command", lang, name=error.name)
    if isinstance(error, ExtraArguments):
        return say("usage.extra_arguments", lang, arguments=error.message)
    if isinstance(error, click.NoSuchOption):
        return say("usage.no_such_option", lang, name=error.option_name)
    if isinstance(error, click.BadOptionUsage):
        return say("usage.option_use", lang, name=error.option_name)
    if isinstance(error, click.MissingParameter):
        key = "missing_option" if isinstance(error.param, click.Option) else "missing_argument"
        return say(f"usage.{key}", lang, name=_name(error))
    if isinstance(error, click.BadParameter):
        return say("usage.bad_value", lang, name=_name(error), wanted=_wanted(error, lang))
    if isinstance(error, click.BadArgumentUsage):
        return say("usage.argument_count", lang)
    return say("usage.missing_command", lang)


def _near(error: click.UsageError) -> list[str]:
    if isinstance(error, UnknownCommand):
        return error.near
    if isinstance(error, click.NoSuchOption):
        return list(error.possibilities or ())
    return []


def _name(error: click.BadParameter) -> str:
    if error.param is None or error.ctx is None:
        return "?"
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.make_metavar(error.ctx)


def _wanted(error: click.BadParameter, lang: Language) -> str:
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return say("usage.wants_choice", lang, choices=", ".join(map(str, kind.choices)))
    if isinstance(kind, click.IntRange):
        low = "−∞" if kind.min is None else str(kind.min)
        high = "∞" if kind.max is None else str(kind.max)
        return say("usage.wants_range", lang, range=f"{low} … {high}")
    if isinstance(kind, click.types.IntParamType):
        return say("usage.wants_integer", lang)
    if isinstance(kind, click.Path | click.File):
        return say("usage.wants_file", lang)
    return say("usage.wants_other", lang)
