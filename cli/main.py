"""The door: read the command line, run one command, print how it ended, return its exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from cli.choices import Choices, first_choices
from cli.commands import COMMANDS
from cli.failures import BROKEN_PIPE, INTERRUPTED, ExitCode, Failure
from cli.grammar import LazyGroup, common_options
from cli.sentences import say, two
from protocol.errors import ProtocolError

COMPLETION_VARIABLE: Final = "_RONDE_COMPLETE"


def _print_version(ctx: click.Context, _: click.Parameter, wanted: Any) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib import metadata

    try:
        version = metadata.version("ronde")
    except metadata.PackageNotFoundError:
        version = "?"
    print(f"ronde {version}")
    ctx.exit(0)


ronde = LazyGroup(
    COMMANDS,
    name="ronde",
    help=two(
        "Le portefeuille, le bureau et le banc d'audit d'une coopérative d'échange sans centre.",
        "The wallet, the office and the audit bench of an exchange cooperative without a centre.",
    ),
    examples=(
        two(
            "ronde demo                              # tout voir en une minute",
            "ronde demo                              # see everything in a minute",
        ),
        two(
            "ronde pay alice@bretagne 12,50 --for miel",
            "ronde pay alice@bretagne 12.50 --for honey",
        ),
    ),
    params=[
        *common_options(),
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            callback=_print_version,
            help=two("Affiche la version.", "Shows the version."),
        ),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: The command line without the program; the process's own when None.

    Returns:
        The exit code: `cli.failures.ExitCode`, or 130 and 141 for a signal.
    """
    line = list(sys.argv[1:] if arguments is None else arguments)
    _tolerate_odd_terminals()
    choices = first_choices(line, os.environ)
    try:
        code = _run(line, choices)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us left: what Python would still flush at exit goes nowhere, silently.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def _run(line: list[str], choices: Choices) -> int:
    lang = choices.lang
    try:
        return _invoke(line, choices)
    except Failure as failure:
        return _tell(failure.code, say(failure.key, lang, **failure.fields), choices)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.message, file=sys.stderr)
        return ExitCode.USAGE
    except click.UsageError as error:
        from cli.usage_errors import explain

        return _tell(ExitCode.USAGE, explain(error, lang), choices)
    except ProtocolError as error:
        sentence = say("main.bad_bytes", lang, reason=str(error))
        return _tell(ExitCode.VERIFICATION_FAILED, sentence, choices)
    except (click.Abort, KeyboardInterrupt, EOFError):
        # The empty line ends the terminal's own ^C.
        print("\n" + say("main.interrupted", lang), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _tell(ExitCode.NETWORK, say("main.disk", lang, reason=reason), choices)


def _invoke(line: list[str], choices: Choices) -> int:
    """Run one command; the library's own `main` would end the process on a closed pipe."""
    if COMPLETION_VARIABLE in os.environ:
        # Asked by the shell: answers and exits.
        ronde.main(line, prog_name="ronde", complete_var=COMPLETION_VARIABLE)
    try:
        with ronde.make_context("ronde", line, obj=choices) as ctx:
            code = ronde.invoke(ctx)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    return ExitCode.DONE if code is None else int(code)


def _tell(code: ExitCode, sentence: str, choices: Choices) -> int:
    from cli.screen import note, warn

    if code is ExitCode.VERIFICATION_FAILED:
        # The loudest message of the program: somebody lied, or somebody's disk did.
        warn(say("main.verification_failed", choices.lang, sentence=sentence))
    else:
        note(say("main.error", choices.lang, sentence=sentence))
    return code


def _tolerate_odd_terminals() -> None:
    """Let a terminal that has no « é » show a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
