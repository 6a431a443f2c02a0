"""Verify the folder of an audit: stateless, offline, and on nobody's word.

The checks themselves are pure and stand in `federation`; this room reads the files, shares the
logs among processes, and puts what was found in order.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from cli import durable
from cli.audit_files import (
    BLINDS,
    CHARTER,
    CHECKPOINT,
    ENTRIES,
    LINES,
    PAPERS_BYTES_MAX,
    LogFolder,
    log_folders,
    round_files,
    split_papers,
)
from cli.failures import ExitCode, Failure
from federation.findings import Code, Finding, Level
from federation.joint_audit import secrets_by_blind
from federation.ledger_audit import audit_log
from federation.log_report import LogReport
from federation.mirrors import check_pairs, check_published, check_set_offs, key_ring
from federation.relay_mirrors import check_relays
from federation.round_audit import check_round
from federation.round_certificates import unpublished
from federation.round_report import RoundPapers, RoundReport, open_papers, sizes_of
from protocol.blinding import SECRET_BYTES

Sizes = Mapping[bytes, Sequence[int]]
_ROUND_NAME: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit found.

    Attributes:
        logs: One report a node, in the order of their folders.
        rounds: One report a round.
        findings: All of them, failures first.
        signatures: How many signatures were verified.
        pairs: How many pairs of mirror accounts were compared.
    """

    logs: list[LogReport]
    rounds: list[RoundReport]
    findings: list[Finding]
    signatures: int
    pairs: int

    @property
    def failures(self) -> list[Finding]:
        """The findings that make the audit fail."""
        return [finding for finding in self.findings if finding.level is Level.FAILURE]

    @property
    def exit_code(self) -> ExitCode:
        """5 when anything fails, else 0."""
        return ExitCode.VERIFICATION_FAILED if self.failures else ExitCode.DONE

    def entries(self) -> int:
        """Return how many entries were read."""
        return sum(log.entries for log in self.logs)


@dataclass(slots=True)
class Loose:
    """Findings about the files themselves."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, code: Code, node: str, record: str) -> None:
        """Add one finding."""
        self.findings.append(Finding(code, node, record))


def verify_folder(folder: Path, jobs: int, tell: Callable[[str], None]) -> Verdict:
    """Verify everything that a fetch has brought.

    Args:
        folder: What `ronde audit fetch -o` was given.
        jobs: How many processes share the logs.
        tell: Told the name of each folder before it is read.

    Raises:
        Failure: not found, there is no such folder, or no node in it.
    """
    folders = log_folders(folder) if folder.is_dir() else []
    if not folders:
        raise Failure(ExitCode.NOT_FOUND, "audit.nothing_here", path=str(folder))
    loose = Loose()
    opened = _rounds(folder, loose)
    logs = _audit_all(folders, sizes_of(opened), jobs, tell)
    by_id: dict[bytes, LogReport] = {}
    for place, log in zip(folders, logs, strict=True):
        if log.cooperative and by_id.setdefault(log.cooperative, log) is not log:
            # Spec 0015: The reader MUST refuse two logs of one cooperative.
            loose.add(Code.LOG_TWICE, log.name, place.name)
    ring = key_ring(by_id.values())
    secrets = secrets_by_blind(_secrets(folders, loose))
    rounds = [check_round(papers, by_id, ring, secrets) for papers in opened]
    found = [finding for log in logs for finding in log.findings]
    found += loose.findings + check_pairs(by_id) + check_relays(by_id)
    found += check_set_offs(by_id, ring)
    found += [finding for report in rounds for finding in report.findings]
    found += unpublished(rounds, by_id)
    return Verdict(
        logs,
        rounds,
        sorted(found, key=lambda finding: finding.level is Level.NOTICE),
        sum(log.signatures for log in logs) + sum(papers.signatures for papers in opened),
        _pairs(by_id),
    )


def _secrets(folders: Sequence[LogFolder], loose: Loose) -> list[bytes]:
    """Return the secrets of positions that nodes have shown; a folder without has none."""
    secrets: list[bytes] = []
    for place in folders:
        if not (place.path / BLINDS).exists():
            continue
        content = _content(place, BLINDS, loose, PAPERS_BYTES_MAX) or b""
        if len(content) % SECRET_BYTES:
            # Spec 0015: The reader MUST refuse a file that ends inside a record.
            loose.add(Code.FILE_BROKEN, place.name, f"{place.name}/{BLINDS}")
            continue
        secrets += [content[at : at + SECRET_BYTES] for at in range(0, len(content), SECRET_BYTES)]
    return secrets


def _pairs(logs: Mapping[bytes, LogReport]) -> int:
    return sum(
        peer in logs and (cooperative < peer or cooperative not in logs[peer].sides)
        for cooperative, log in logs.items()
        for peer in log.sides
    )


def _audit_all(
    folders: Sequence[LogFolder], sizes: Sizes, jobs: int, tell: Callable[[str], None]
) -> list[LogReport]:
    if jobs < 2 or len(folders) < 2:
        reports: list[LogReport] = []
        for place in folders:
            tell(place.name)
            reports.append(audit_folder(place, sizes))
        return reports
    tell(", ".join(place.name for place in folders))
    # Fresh processes: nothing that this one has loaded or holds open is shared with them.
    with ProcessPoolExecutor(min(jobs, len(folders)), get_context("spawn")) as pool:
        return list(pool.map(audit_folder, folders, [sizes] * len(folders)))


def audit_folder(place: LogFolder, sizes: Sizes) -> LogReport:
    """Replay the log in one folder; a file that is missing or broken is a finding.

    Args:
        place: The folder.
        sizes: At which sizes of which log the accounts with others are wanted.
    """
    loose = Loose()
    charter = _content(place, CHARTER, loose)
    checkpoint = _content(place, CHECKPOINT, loose)
    lines = _content(place, LINES, loose, PAPERS_BYTES_MAX)
    if not (place.path / ENTRIES).is_file():
        loose.add(Code.FILE_MISSING, place.name, f"{place.name}/{ENTRIES}")
        return LogReport(place.name, findings=loose.findings)
    reader = place.entries()
    report = audit_log(
        reader,
        charter=charter,
        checkpoint=None if checkpoint is None else checkpoint.decode("utf-8", "surrogateescape"),
        leaves=place.noted_leaves(),
        sizes=sizes,
    )
    report.name = report.name or place.name
    if reader.is_broken:
        loose.add(Code.FILE_BROKEN, report.name, f"{place.name}/{ENTRIES} entry {reader.count}")
    if lines is not None:
        published = split_papers(lines)
        if published is None:
            loose.add(Code.FILE_BROKEN, report.name, f"{place.name}/{LINES}")
        report.findings += check_published(report, published or ())
    report.findings[:] = [
        msgspec.structs.replace(finding, node=report.name)
        for finding in (*loose.findings, *report.findings)
    ]
    return report


def _content(place: LogFolder, name: str, loose: Loose, bytes_max: int = 70_000) -> bytes | None:
    """Return a file of a folder, or None after its finding."""
    record = f"{place.name}/{name}"
    try:
        content = place.small(name, bytes_max)
    except Failure:
        loose.add(Code.FILE_BROKEN, place.name, record)
        return None
    if content is None:
        # Spec 0015: The reader MUST refuse a folder without charter, checkpoint, lines or entries.
        loose.add(Code.FILE_MISSING, place.name, record)
    return content


def _rounds(folder: Path, loose: Loose) -> list[RoundPapers]:
    """Open the papers of every round, whichever node showed them."""
    opened: list[RoundPapers] = []
    for name, files in round_files(folder):
        if not _ROUND_NAME.fullmatch(name):
            loose.add(Code.FILE_BROKEN, "", f"rounds/{name}")
            continue
        papers: list[tuple[str, bytes]] = []
        for file in files:
            try:
                shown = split_papers(durable.read_small(file, bytes_max=PAPERS_BYTES_MAX))
            except Failure:
                shown = None
            if shown is None:
                loose.add(Code.FILE_BROKEN, file.name, f"rounds/{name}/{file.name}")
            papers += [(file.name, sealed) for sealed in shown or ()]
        opened.append(open_papers(bytes.fromhex(name), papers))
    return opened
