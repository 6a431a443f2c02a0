"""Two cooperatives, one invoice: what stands of it in one book must stand in the other.

Logs are rarely fetched at one instant: what is still on its way is known from the two chains of
relays and from the payments, and everything else must be the same. Source: spec 0017, audit.
"""

from collections.abc import Iterator

from federation.findings import Code, Finding, short
from federation.log_report import LogReport
from federation.mirrors import GRACE_S, Logs
from federation.relay_report import FarSide, Told
from protocol.blinding import obligation_ref


def check_relays(logs: Logs) -> list[Finding]:
    """Hold the invoices of every pair of logs at hand against one another.

    Args:
        logs: The replayed logs, by cooperative.

    Returns:
        Findings in the order of the cooperatives' identifiers; a pair of which one log is absent
        or has a failure is told by `check_pairs`.
    """
    findings: list[Finding] = []
    for cooperative in sorted(logs):
        report = logs[cooperative]
        for peer in sorted(report.far.sides):
            other = logs.get(peer)
            if other is None or not (report.is_sound and other.is_sound):
                continue
            if cooperative < peer or cooperative not in other.far.sides:
                findings += check_relay_pair(report, other)
    return findings


def check_relay_pair(first: LogReport, second: LogReport) -> list[Finding]:
    """Hold two sound logs against one another: chains, documents, and what stands in the end."""
    here = first.far.sides.get(second.cooperative, FarSide())
    there = second.far.sides.get(first.cooperative, FarSide())
    forth = list(_direction(first, here, second, there))
    findings = [*forth, *_direction(second, there, first, here)]
    if any(finding.code is not Code.RELAY_LAG for finding in findings):
        # From there on nothing is comparable.
        return findings
    moving = _moving(here, there)
    for inv in sorted({**here.standing, **there.standing}):
        ours, theirs = here.standing.get(inv), there.standing.get(inv)
        # Spec 0017: The reader MUST refuse two books that state an invoice differently when no
        # paper about it is on its way.
        if ours != theirs and inv not in moving and not _is_being_set_off(inv, here, there):
            fields: dict[str, str | int] = {
                "other": second.name,
                "here": 0 if ours is None else ours.owed,
                "there": 0 if theirs is None else theirs.owed,
            }
            findings.append(_named(first, Code.MIRROR_INVOICE, f"invoice {short(inv)}", **fields))
    return findings


def _named(report: LogReport, code: Code, record: str, **fields: str | int) -> Finding:
    return Finding(code, report.name, record, fields)


def _direction(
    sender: LogReport, ours: FarSide, reader: LogReport, theirs: FarSide
) -> Iterator[Finding]:
    """Compare one direction: what the sender had to tell, and how the reader acknowledged it."""
    given, received = theirs.given, ours.received
    common = min(len(given), len(received))
    for number in range(common):
        # Spec 0017: The acknowledgements of one direction MUST be the same in both logs.
        if given[number].id != received[number].id:
            place = given[number].place
            record = f"entry {received[number].place}"
            fields: dict[str, str | int] = {"number": number + 1, "other": reader.name}
            yield _named(sender, Code.RELAY_ANSWER, record, place=place, **fields)
            return
    if len(received) > common and reader.at > received[common].date + GRACE_S:
        # Spec 0017: The reader MUST refuse a log that went on without an acknowledgement of its
        # node.
        record, count = f"entry {received[common].place}", len(received) - common
        yield _named(sender, Code.RELAY_WITHHELD, record, other=reader.name, count=count)
        return
    for number, told in enumerate(given):
        if not _stands(sender, ours, number, told):
            # Spec 0017: A relayed document MUST stand in the log of its sender, under its number.
            fields = {"number": number + 1, "other": sender.name}
            yield _named(reader, Code.RELAY_UNLOGGED, f"entry {told.place}", **fields)
            return
    late = len(ours.due) - common
    if late > 0:
        record = f"entry {ours.due[common].place}"
        yield _named(sender, Code.RELAY_LAG, record, other=reader.name, count=late)


def _stands(sender: LogReport, ours: FarSide, number: int, told: Told) -> bool:
    if number < len(ours.due):
        return ours.due[number].document == told.document
    # The sender's log may have been fetched before; it enters what it relays before it sends it.
    return sender.at <= told.date + GRACE_S


def _is_being_set_off(invoice: bytes, here: FarSide, there: FarSide) -> bool:
    """Say whether a set-off of an invoice stands in one of the two logs only (spec 0018)."""
    return any(
        obligation_ref(deadline, invoice) == ref
        for ours, theirs in ((here, there), (there, here))
        for (tx, ref), deadline in ours.cuts.items()
        if (tx, ref) not in theirs.cuts
    )


def _moving(here: FarSide, there: FarSide) -> frozenset[bytes]:
    """Return the invoices about which a paper stands in one of the two logs only."""
    moving: list[bytes] = []
    for ours, theirs in ((here, there), (there, here)):
        common = min(len(theirs.given), len(ours.received))
        moving += [due.invoice for due in ours.due[common:]]
        moving += [told.invoice for told in (*theirs.given[common:], *ours.received[common:])]
        moving += [inv for answer, inv in ours.paying.items() if answer not in theirs.paying]
    return frozenset(moving)
