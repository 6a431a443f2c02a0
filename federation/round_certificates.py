"""The certificates of a round, as they stand in the logs, held against its solution (spec 0015)."""

from collections.abc import Iterable, Iterator, Sequence

from federation.cycles import short_cycles
from federation.findings import Code, Finding, short
from federation.log_report import Applied
from federation.mirrors import Logs
from federation.obligations import Graph
from federation.round_report import RoundReport
from protocol.messages.rounds import Convening


def check_certified(
    report: RoundReport,
    convening: Convening,
    graph: Graph[bytes],
    flow: Sequence[int],
    logs: Logs,
) -> None:
    """Hold the cycles that stand in the logs against the solution.

    Args:
        report: Of the round; gets the findings and the sums.
        convening: Of the round.
        graph: The debts that were stated alike.
        flow: The solution, one number an arc.
        logs: The replayed logs, by cooperative.
    """
    expected = {(cycle.members, cycle.amount) for cycle in short_cycles(graph, flow)}
    left = {(debtor, creditor): amount for debtor, creditor, amount in graph.debts(flow)}
    for applied, place, node in applied_in(report, convening, logs):
        # Spec 0015: The reader MUST refuse a certificate of a cycle outside the solution.
        if (applied.cycle, applied.amt) not in expected:
            report.find(Code.ROUND_CYCLE, place, node)
        report.cycles += 1
        report.certified += applied.amt * len(applied.cycle)
        following = applied.cycle[1:] + applied.cycle[:1]
        for pair in zip(applied.cycle, following, strict=True):
            left[pair] = left.get(pair, 0) - applied.amt
    for (debtor, creditor), rest in left.items():
        # Spec 0015: The reader MUST refuse certificates that set off more than the solution does.
        if rest < 0:
            place = f"debt {short(debtor)} {short(creditor)}"
            report.find(Code.ROUND_EXCESS, place, excess=-rest)


def applied_in(
    report: RoundReport, convening: Convening, logs: Logs
) -> Iterator[tuple[Applied, str, str]]:
    """Yield each certificate of a round that stands in logs once, and check its terms.

    Args:
        report: Of the round; gets the findings.
        convening: Of the round.
        logs: The replayed logs, by cooperative.

    Yields:
        What was applied, how a finding names it, and the name of the first log that has it.
    """
    seen: dict[bytes, None] = {}
    for cooperative in sorted(logs):
        log = logs[cooperative]
        for applied in log.applied:
            if applied.round != report.id or applied.tx in seen:
                continue
            seen[applied.tx] = None
            place = f"set-off {short(applied.tx)}"
            # Spec 0015: The reader MUST refuse a certificate of another panel or deadline.
            if (list(applied.panel), applied.exp) != (convening.panel, convening.exp):
                report.find(Code.ROUND_TERMS, place, log.name)
            yield applied, place, log.name


def unpublished(rounds: Iterable[RoundReport], logs: Logs) -> list[Finding]:
    """Tell of certificates whose round nobody has shown: they hold, their optimum is unproven."""
    shown = frozenset(report.id for report in rounds)
    told: dict[bytes, Finding] = {}
    for cooperative in sorted(logs):
        log = logs[cooperative]
        for applied in log.applied:
            if applied.round not in shown and applied.round not in told:
                record = f"entry {applied.place}"
                fields: dict[str, str | int] = {"round": short(applied.round)}
                told[applied.round] = Finding(Code.ROUND_ABSENT, log.name, record, fields)
    return list(told.values())
