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
from cli.clear_findings import reason_of
from cli.clear_picture import RINGS_MAX, Figures, draw
from cli.clear_report import (
    Outcome,
    as_shape,
    money,
    outcome_of,
    percent,
    print_table,
    share_millionths,
)
from cli.clear_rings import Ring, Rings, check_rings, count_of, largest, write_rings
from cli.clear_stages import Stages
from cli.debt_faults import DebtFileError
from cli.debt_table import Amounts, DebtTable
from cli.debts import read_table
from cli.failures import ExitCode, Failure
from cli.screen import emit_json, note
from cli.sentences import say
from federation.certificate import verify
from federation.engine import Cleared
from federation.engine import clear as find
from federation.network import Network, merge
from federation.rings import walk
from federation.tie_break import SALTS_MAX, next_salt
from federation.uniqueness import is_only
from protocol.errors import ProofError

ARCS_COUNTED_MAX: Final = 1_000_000
"""Above, cycles are looked for only when asked for: they have hundreds of members each."""

Search = Callable[[Network, Amounts | None], Cleared]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files to be written beside what is printed, and how ties are broken.

    Attributes:
        certificate: where the proof goes, or None.
        cycles: where the cycles go, or None.
        picture: where the picture goes, or None.
        salt: 32 bytes that leave one answer; None when any largest set-off will do.
    """

    certificate: Path | None = None
    cycles: Path | None = None
    picture: Path | None = None
    salt: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A set-off that was proven to be the largest, with everything it is printed from."""

    table: DebtTable
    network: Network
    proof: Certificate
    rings: Rings | None


def run_clear(
    path: Path,
    as_json: bool,
    lang: str,
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
    language: Language = "en" if lang == "en" else "fr"
    wanted = wanted or Wanted()
    check_apart(path, (wanted.certificate, wanted.cycles, wanted.picture))
    started = time.perf_counter()
    table: DebtTable | None = None
    with Stages(language, path.stat().st_size if path.is_file() else 0) as stages:
        try:
            stages.begin("reading")
            table = read_table(path, watch=stages.watch)
            found = _clear(table, wanted, search, stages)
        except DebtFileError as error:
            note(error.sentence(language))
            return int(error.exit_code)
        except ProofError as error:
            assert table is not None, "debts are read before anything is proven"
            reason = reason_of(error, table.names, table.decimals, language)
            note(say("clear.unproven", language, reason=reason))
            return int(ExitCode.VERIFICATION_FAILED)
        except MemoryError as error:
            raise Failure(ExitCode.NETWORK, "clear.memory") from error
        cycles = None if found.rings is None else count_of(found.rings)
        seconds = time.perf_counter() - started
        outcome = outcome_of(table, found.network, found.proof, seconds, cycles)
        stages.begin("writing")
        _write(found, outcome, wanted, language)
    if as_json:
        emit_json(as_shape(outcome))
    else:
        print_table(outcome, path.name, language, sys.stdout)
        for out in (wanted.certificate, wanted.cycles, wanted.picture):
            if out is not None:
                note(say("clear.wrote", language, path=str(out)))
    return int(ExitCode.DONE)


def _clear(table: DebtTable, wanted: Wanted, search: Search, stages: Stages) -> Found:
    """Search, prove, decompose, and check each of the three."""
    stages.begin("merging")
    network, _ = merge(len(table.names), table.debtors, table.creditors, table.amounts)
    proof = _proven(network, table, wanted.salt, search, stages)
    if network.arcs > ARCS_COUNTED_MAX and wanted.cycles is None and wanted.picture is None:
        return Found(table, network, proof, None)
    stages.begin("circling")
    rings = walk(network, proof.flow)
    check_rings(network, proof.flow, rings)
    return Found(table, network, proof, rings)


def _proven(
    network: Network, table: DebtTable, salt: bytes | None, search: Search, stages: Stages
) -> Certificate:
    """Search under the first salt that leaves one answer, and check the proof."""
    for _ in range(SALTS_MAX):
        ties = ties_for(network, table.names, salt)
        stages.begin("clearing")
        cleared = search(network, ties)
        stages.begin("proving")
        # Spec 0013: The writer MUST NOT say `optimal` before the proof was checked in the same run.
        verify(network, cleared.flow, cleared.potentials, ties)
        if salt is None or ties is None or is_only(network, cleared.flow, cleared.potentials, ties):
            return Certificate(table.digest(), cleared.flow, cleared.potentials, salt)
        # Spec 0019: The writer MUST use the first salt, from the given one on, that leaves one
        # answer.
        salt = next_salt(salt)
    raise AssertionError("no salt leaves one answer")


def _write(found: Found, outcome: Outcome, wanted: Wanted, language: Language) -> None:
    """Write what was asked for."""
    names, decimals = found.table.names, found.table.decimals
    if wanted.certificate is not None:
        clear_certificate.write(wanted.certificate, found.proof)
    if found.rings is None:
        return
    if wanted.cycles is not None:
        write_rings(wanted.cycles, found.rings, names, decimals)
    if wanted.picture is not None:
        rings = largest(found.rings, RINGS_MAX, names)
        picture = draw(_figures(rings, outcome, language), language)
        with written(wanted.picture) as stream:
            stream.write(picture.encode())


def _figures(rings: Sequence[Ring], outcome: Outcome, language: Language) -> Figures:
    before, cleared, decimals = outcome.gross_before, outcome.cleared, outcome.decimals
    return Figures(
        before=before,
        cleared=cleared,
        before_text=money(before, decimals, language),
        cleared_text=money(cleared, decimals, language),
        after_text=money(before - cleared, decimals, language),
        share_text=percent(share_millionths(cleared, before), language),
        rings=[(ring, money(ring.amount, decimals, language)) for ring in rings],
    )
