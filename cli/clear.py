"""`ronde clear`: the largest set-off of a file of debts, proven, without any node.

The solver is not trusted: the figures are printed only after the proof of optimality and the
cycles have been checked in this very run.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.debts import DebtFile, DebtFileError, read_debts
from cli.failures import ExitCode
from federation.cycles import cycles, verify_cycles
from federation.obligations import Graph
from federation.optimality import potentials, verify_optimal
from federation.set_off import solve
from protocol.amounts import format_amount, to_decimal_text
from protocol.errors import ProofError

SHARE_DECIMALS: Final = 6

_LABELS: Final = {
    "fr": (
        "dettes",
        "participants",
        "brut avant",
        "compensé",
        "brut après",
        "part",
        "boucles",
        "optimum",
    ),
    "en": (
        "debts",
        "participants",
        "gross before",
        "cleared",
        "gross after",
        "share",
        "cycles",
        "optimum",
    ),
}
_TITLE: Final = {"fr": "Compensation de {name}", "en": "Set-off of {name}"}
_PROVEN: Final = {"fr": "prouvé", "en": "proven"}
_UNPROVEN: Final = {
    "fr": "VÉRIFICATION ÉCHOUÉE : la compensation calculée n’est pas l’optimum ({reason})",
    "en": "VERIFICATION FAILED: the set-off found is not the optimum ({reason})",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A set-off that was proven to be the largest.

    Attributes:
        obligations: debts in the file.
        participants: members that owe or are owed.
        gross_before: sum of the debts, minor units.
        cleared: sum of what is cancelled, minor units.
        cycles: number of cycles into which the set-off falls.
        decimals: decimals of the unit.
        seconds: wall-clock time from the first byte read to the end of the proof.
    """

    obligations: int
    participants: int
    gross_before: int
    cleared: int
    cycles: int
    decimals: int
    seconds: float


def run_clear(
    path: Path,
    as_json: bool,
    lang: str,
    search: Callable[[Graph[str]], list[int]] = solve,
) -> int:
    """Clear a file of debts and print the outcome.

    Args:
        path: the file, see `cli.debts`.
        as_json: print the documented JSON object instead of a table.
        lang: "fr" or "en".
        search: finds a set-off; its answer is checked before anything is printed.

    Returns:
        The exit code: 0 done, 2 the file cannot be read, 3 there is no such file, 5 the proof
        does not hold.
    """
    language = "en" if lang == "en" else "fr"
    started = time.perf_counter()
    try:
        file = read_debts(path)
    except DebtFileError as error:
        print(error.sentence(language), file=sys.stderr)
        return int(error.exit_code)
    try:
        outcome = _clear(file, search, started)
    except ProofError as error:
        print(_UNPROVEN[language].format(reason=error), file=sys.stderr)
        return int(ExitCode.VERIFICATION_FAILED)
    if as_json:
        print(json.dumps(_as_json(outcome)))
    else:
        _draw(outcome, _TITLE[language].format(name=path.name), language)
    return int(ExitCode.DONE)


def _clear(file: DebtFile, search: Callable[[Graph[str]], list[int]], started: float) -> Outcome:
    """Search, prove, decompose, and check each of the three."""
    graph = Graph.from_debts(file.debts)
    flow = search(graph)
    # Spec 0013: The writer MUST NOT say `optimal` before the proof was checked in the same run.
    verify_optimal(graph, flow, potentials(graph, flow))
    found = cycles(graph, flow)
    verify_cycles(graph, flow, found)
    return Outcome(
        obligations=len(file.debts),
        participants=len(graph.names),
        gross_before=graph.gross,
        cleared=sum(flow),
        cycles=len(found),
        decimals=file.decimals,
        seconds=time.perf_counter() - started,
    )


def share_millionths(cleared: int, gross_before: int) -> int:
    """Return the cleared share in millionths, rounded to the nearest, in whole numbers.

    A share that is not the whole never shows as the whole, and one that is not nothing may still
    round to nothing.

    Args:
        cleared: minor units.
        gross_before: minor units, at least `cleared`.
    """
    if not gross_before:
        return 0
    whole = 10**SHARE_DECIMALS
    nearest = (2 * cleared * whole + gross_before) // (2 * gross_before)
    return nearest if cleared == gross_before else min(nearest, whole - 1)


def _as_json(outcome: Outcome) -> dict[str, object]:
    """Return the documented object, version 1; amounts are text."""
    before, cleared, decimals = outcome.gross_before, outcome.cleared, outcome.decimals
    return {
        "v": 1,
        "obligations": outcome.obligations,
        "participants": outcome.participants,
        "gross_before": to_decimal_text(before, decimals),
        "cleared": to_decimal_text(cleared, decimals),
        "gross_after": to_decimal_text(before - cleared, decimals),
        "share": to_decimal_text(share_millionths(cleared, before), SHARE_DECIMALS),
        "optimal": True,
        "cycles": outcome.cycles,
        "seconds": round(outcome.seconds, 3),
    }


def _draw(outcome: Outcome, title: str, language: str) -> None:
    """Print the table for a person."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    separator, group, percent = (".", ",", "%") if language == "en" else (",", "\u202f", "\u202f%")

    def money(minor: int) -> str:
        return format_amount(minor, outcome.decimals, separator=separator, group=group)

    def count(number: int) -> str:
        return format_amount(number, 0, group=group)

    share = share_millionths(outcome.cleared, outcome.gross_before)
    values = (
        count(outcome.obligations),
        count(outcome.participants),
        money(outcome.gross_before),
        money(outcome.cleared),
        money(outcome.gross_before - outcome.cleared),
        format_amount(share, SHARE_DECIMALS - 2, separator=separator) + percent,
        count(outcome.cycles),
        _PROVEN[language],
    )
    table = Table(title=Text(title), box=box.SIMPLE, show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for label, value in zip(_LABELS[language], values, strict=True):
        table.add_row(Text(label), Text(value))
    Console(file=sys.stdout, highlight=False).print(table)
