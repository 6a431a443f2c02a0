"""What is cleared: the debts of one file, and the lines of another if there is one.

Source: spec 0013 §7; spec 0019 §6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from cli.choices import Language
from cli.clear_findings import reason_of
from cli.clear_stages import Stages
from cli.debt_faults import DebtFileError, DebtFileFault
from cli.debt_table import Amounts, DebtTable
from cli.debts import read_table
from cli.failures import ExitCode, Failure
from cli.line_table import LineTable, read_lines
from cli.screen import note
from cli.sentences import say
from federation.library import total
from federation.network import Network, merge
from federation.obligations import MAX_GROSS
from federation.weights import (
    NOTHING,
    Joined,
    Listed,
    heaviest_of,
    heaviest_sum_max,
    join,
    unit,
)
from protocol.errors import ProofError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Debts and lines as one network, in one unit.

    Attributes:
        table: the debts as their file says them.
        lines: the lines as their file says them; None without such a file.
        names: the members of both, ascending; a member of the network is known by its place here.
        decimals: of the unit, the larger number of both files.
        network: made of both.
        joined: the way back from the network; None without weights and lines.
    """

    table: DebtTable
    lines: LineTable | None
    names: Sequence[str]
    decimals: int
    network: Network
    joined: Joined | None = None

    @property
    def is_weighted(self) -> bool:
        """Say whether a debt weighs other than 1."""
        return self.table.weights is not None

    def step(self, has_salt: bool) -> int:
        """Return what one step up from a tier gains, before ties."""
        if self.network.terms is not None:
            return unit(self.network.members, has_salt)
        return 2**40 if has_salt else 1


def with_subject(
    path: Path,
    lines: Path | None,
    lang: Language,
    wrong: str,
    work: Callable[[Subject, Stages], Result],
) -> Result | ExitCode:
    """Read debts and lines and work on them; say what is wrong with the files or with a proof.

    Args:
        path: the file of debts.
        lines: the file of lines, or None.
        lang: "fr" or "en".
        wrong: a key of the sentences, for a proof that does not hold.
        work: what is done with them; it may raise `ProofError`.

    Returns:
        What the work returns, or how the command ends when its reason was said already.

    Raises:
        Failure: the lines cannot be read, or the memory does not suffice.
    """
    subject: Subject | None = None
    with Stages(lang, path.stat().st_size if path.is_file() else 0) as stages:
        try:
            stages.begin("reading")
            table = read_table(path, watch=stages.watch)
            agreed = _lines_of(lines, lang)
            stages.begin("merging")
            subject = subject_of(table, agreed)
            return work(subject, stages)
        except DebtFileError as error:
            note(error.sentence(lang))
            return error.exit_code
        except ProofError as error:
            assert subject is not None, "debts are read before anything is proven"
            reason = reason_of(error, subject.names, subject.decimals, lang)
            note(say(wrong, lang, reason=reason))
            return ExitCode.VERIFICATION_FAILED
        except MemoryError as error:
            raise Failure(ExitCode.NETWORK, "clear.memory") from error


def _lines_of(path: Path | None, lang: Language) -> LineTable | None:
    """Read the lines, if there is a file of them.

    Raises:
        Failure: not found or usage, with the name of the file, the number of the line, the reason.
    """
    if path is None:
        return None
    try:
        return read_lines(path)
    except DebtFileError as error:
        if error.fault is DebtFileFault.MISSING:
            raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(path)) from error
        reason = error.sentence(lang)
        raise Failure(
            ExitCode.USAGE, "clear.lines_refused", path=path.name, reason=reason
        ) from error


def subject_of(table: DebtTable, lines: LineTable | None) -> Subject:
    """Make one network of debts and lines.

    Raises:
        DebtFileError: together they exceed what fits.
    """
    if table.weights is None and lines is None:
        network, _ = merge(len(table.names), table.debtors, table.creditors, table.amounts)
        return Subject(table, None, table.names, table.decimals, network)
    names: Sequence[str] = table.names
    decimals = table.decimals
    listed = NOTHING
    if lines is not None:
        names = sorted({*table.names, *lines.names})
        # Spec 0019: The unit of both files MUST be the one of the file with more decimals.
        decimals = max(table.decimals, lines.decimals)
    number = {name: place for place, name in enumerate(names)}
    if lines is not None:
        place = np.array([number[name] for name in lines.names], np.int32)
        limits = _scaled(lines.limits, decimals - lines.decimals, DebtFileFault.LIMITS_TOTAL)
        listed = Listed(place[lines.lenders], place[lines.borrowers], limits, lines.weights)
    place = np.array([number[name] for name in table.names], np.int32)
    amounts = _scaled(table.amounts, decimals - table.decimals, DebtFileFault.TOTAL)
    # Spec 0013: The reader MUST refuse debts and limits whose sum exceeds 9223372036854775807.
    if total(amounts) + total(listed.amounts) > MAX_GROSS:
        raise DebtFileError(DebtFileFault.LIMITS_TOTAL)
    weights = np.ones(len(table), np.int64) if table.weights is None else table.weights
    debts = Listed(place[table.debtors], place[table.creditors], amounts, weights)
    joined = join(len(names), debts, listed)
    return Subject(table, lines, names, decimals, joined.network, joined)


def _scaled(amounts: Amounts, decimals: int, fault: DebtFileFault) -> Amounts:
    """Return amounts in a unit of so many decimals more."""
    if total(amounts) * 10**decimals > MAX_GROSS:
        raise DebtFileError(fault)
    return amounts * np.int64(10**decimals)


def check_bound(network: Network, has_salt: bool) -> None:
    """Refuse weights whose costs would not fit 64 bits.

    Raises:
        Failure: usage, with the sum of the heaviest weights and what it may be.
    """
    found, limit = heaviest_of(network), heaviest_sum_max(network.members, has_salt)
    if found > limit:
        key = "clear.weights_bound_salt" if has_salt else "clear.weights_bound"
        raise Failure(ExitCode.USAGE, key, found=found, limit=limit, members=network.members)
