"""`ronde clear`: the largest set-off of a file of debts, proven, without any node.

The solver is not trusted: the figures are printed only after the proof of optimality and the
cycles have been checked in this very run.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import clear_certificate
from cli.choices import Language
from cli.clear_certificate import Certificate, ties_for
from cli.clear_files import check_apart, written
from cli.clear_money import money
from cli.clear_picture import RINGS_MAX, Figures, draw
from cli.clear_report import (
    Outcome,
    as_shape,
    outcome_of,
    percent,
    print_table,
    share_millionths,
)
from cli.clear_rings import Ring, Rings, check_rings, count_of, largest, write_rings
from cli.clear_stages import Stages
from cli.clear_subject import Subject, check_bound, with_subject
from cli.debt_table import Amounts
from cli.failures import ExitCode
from cli.screen import emit_json, note
from cli.sentences import say
from federation.certificate import verify
from federation.engine import Cleared
from federation.engine import clear as find
from federation.line_rings import with_lines_as_members
from federation.network import Network
from federation.rings import walk
from federation.tie_break import SALTS_MAX, next_salt
from federation.uniqueness import is_only

ARCS_COUNTED_MAX: Final = 1_000_000
"""Above, cycles are looked for only when asked for: they have hundreds of members each."""

Search = Callable[[Network, Amounts | None], Cleared]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files beside the debts, most of them to be written, and how ties are broken.

    Attributes:
        certificate: where the proof goes, or None.
        cycles: where the cycles go, or None.
        picture: where the picture goes, or None.
        salt: 32 bytes that leave one answer; None when any largest set-off will do.
        lines: on which members lend to one another, or None; this file is read.
    """

    certificate: Path | None = None
    cycles: Path | None = None
    picture: Path | None = None
    salt: bytes | None = None
    lines: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A set-off that was proven to be the largest, with everything it is printed from."""

    subject: Subject
    proof: Certificate
    rings: Rings | None


def run_clear(
    path: Path,
    as_json: bool,
    lang: Language,
    wanted: Wanted | None = None,
    search: Search = find,
) -> int:
    """Clear a file of debts and print the outcome.

    Args:
        path: the file, see `cli.debts`.
        as_json: print the documented JSON object instead of a table.
        lang: "fr" or "en".
        wanted: what else is written; nothing when None.
        search: finds a set-off; its answer is checked before anything is printed.

    Returns:
        The exit code: 0 done, 2 the file cannot be read, 3 there is no such file, 5 the proof
        does not hold.

    Raises:
        Failure: a file cannot be written, or the memory does not suffice.
    """
    wanted = wanted or Wanted()
    outputs = (wanted.certificate, wanted.cycles, wanted.picture)
    check_apart(path, (wanted.lines, *outputs))
    started = time.perf_counter()

    def work(subject: Subject, stages: Stages) -> Outcome:
        found = _clear(subject, wanted, search, stages)
        cycles = None if found.rings is None else count_of(found.rings)
        outcome = outcome_of(subject, found.proof, time.perf_counter() - started, cycles)
        stages.begin("writing")
        _write(found, outcome, wanted, lang)
        return outcome

    outcome = with_subject(path, wanted.lines, lang, "clear.unproven", work)
    if isinstance(outcome, ExitCode):
        return outcome
    if as_json:
        emit_json(as_shape(outcome))
    else:
        print_table(outcome, path.name, lang, sys.stdout)
        for out in outputs:
            if out is not None:
                note(say("clear.wrote", lang, path=str(out)))
    return ExitCode.DONE


def _clear(subject: Subject, wanted: Wanted, search: Search, stages: Stages) -> Found:
    """Search, prove, decompose, and check each of the three."""
    check_bound(subject.network, wanted.salt is not None)
    proof = _proven(subject, wanted.salt, search, stages)
    arcs = subject.network.arcs
    if arcs > ARCS_COUNTED_MAX and wanted.cycles is None and wanted.picture is None:
        return Found(subject, proof, None)
    stages.begin("circling")
    network, flow = with_lines_as_members(subject.network, proof.flow)
    rings = walk(network, flow)
    check_rings(network, flow, rings)
    return Found(subject, proof, rings)


def _proven(subject: Subject, salt: bytes | None, search: Search, stages: Stages) -> Certificate:
    """Search under the first salt that leaves one answer, and check the proof."""
    network = subject.network
    lines = None if subject.lines is None else subject.lines.digest()
    for _ in range(SALTS_MAX):
        ties = ties_for(network, subject.names, salt)
        stages.begin("clearing")
        cleared = search(network, ties)
        stages.begin("proving")
        # Spec 0013: The writer MUST NOT say `optimal` before the proof was checked in the same run.
        verify(network, cleared.flow, cleared.potentials, ties)
        if salt is None or ties is None or is_only(network, cleared.flow, cleared.potentials, ties):
            debts = subject.table.digest()
            return Certificate(debts, cleared.flow, cleared.potentials, salt, lines)
        # Spec 0019: The writer MUST use the first salt, from the given one on, that leaves one
        # answer.
        salt = next_salt(salt)
    raise AssertionError("no salt leaves one answer")


def _write(found: Found, outcome: Outcome, wanted: Wanted, language: Language) -> None:
    """Write what was asked for."""
    names, decimals = found.subject.names, found.subject.decimals
    has_lines = found.subject.lines is not None
    if wanted.certificate is not None:
        clear_certificate.write(wanted.certificate, found.proof)
    if found.rings is None:
        return
    if wanted.cycles is not None:
        write_rings(wanted.cycles, found.rings, names, decimals, has_lines)
    if wanted.picture is not None:
        rings = largest(found.rings, RINGS_MAX, names)
        picture = draw(_figures(rings, outcome, language), language)
        with written(wanted.picture) as stream:
            stream.write(picture.encode())


def _figures(rings: Sequence[Ring], outcome: Outcome, language: Language) -> Figures:
    before, cleared, decimals = outcome.gross_before, outcome.cleared, outcome.decimals
    agreed = outcome.agreed
    lines_text = None
    if agreed is not None and agreed.lines is not None:
        count = money(agreed.lines.used, 0, language)
        used = money(agreed.lines.lent, decimals, language)
        lines_text = say("clear.picture_lines", language, count=count, used=used)
    return Figures(
        before=before,
        cleared=cleared,
        before_text=money(before, decimals, language),
        cleared_text=money(cleared, decimals, language),
        after_text=money(before - cleared, decimals, language),
        share_text=percent(share_millionths(cleared, before), language),
        rings=[(ring, money(ring.amount, decimals, language)) for ring in rings],
        lines_text=lines_text,
    )
