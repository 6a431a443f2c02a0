"""Two cooperatives, one account: what stands in one log must stand in the other.

The account of a pair is written twice, and its balances are opposite. Two logs are rarely fetched
at the same instant, so the end of one may not be in the other yet; that is late, and no fault, as
long as a document explains every unit of the difference. Source: spec 0015, mirrors and set-offs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from federation.findings import Code, Finding, short
from federation.log_report import Applied, Journal, LogReport, Side
from protocol.envelope import reopen_verified
from protocol.errors import ProtocolError
from protocol.ledger.accounts import KeyState

GRACE_S: Final = 60
"""A node enters what it has signed within this time, seconds."""

KeyRing = Mapping[bytes, Mapping[int, KeyState]]
Logs = Mapping[bytes, LogReport]


def key_ring(logs: Iterable[LogReport]) -> dict[bytes, dict[int, KeyState]]:
    """Return every key state that the logs tell of, a cooperative's own log first."""
    ring: dict[bytes, dict[int, KeyState]] = {}
    reports = list(logs)
    for report in reports:
        ring[report.cooperative] = dict(report.keys.get(report.cooperative, {}))
    for report in reports:
        for cooperative, history in report.keys.items():
            known = ring.setdefault(cooperative, {})
            for number, state in history.items():
                known.setdefault(number, state)
    return ring


def speaks_for(ring: KeyRing, by: bytes, kev: int, keys: Sequence[bytes]) -> bool | None:
    """Say whether keys are enough of a cooperative's at a key event; None when nobody knows."""
    state = ring.get(by, {}).get(kev)
    if state is None:
        return None
    return all(key in state.keys for key in keys) and len(set(keys)) >= state.thr


def check_published(report: LogReport, published: Iterable[bytes]) -> list[Finding]:
    """Look in a log for the credit lines that its node publishes.

    Args:
        report: The replayed log.
        published: Sealed credit lines, fetched before the log was.
    """
    logged = frozenset(line.id for side in report.sides.values() for line in side.lines)
    findings: list[Finding] = []
    for number, sealed in enumerate(published):
        try:
            known = reopen_verified(sealed).id in logged
        except ProtocolError:
            known = False
        # Spec 0015: The reader MUST refuse a published credit line that is not in the log.
        if not known and report.is_sound:
            findings.append(_named(report, Code.LINE_UNLOGGED, f"lines {number}"))
    return findings


def check_pairs(logs: Logs) -> list[Finding]:
    """Hold the two sides of every pair against one another.

    Args:
        logs: The replayed logs, by cooperative.

    Returns:
        Findings in the order of the cooperatives' identifiers.

    Source:
        Spec 0015, mirrors.
    """
    findings: list[Finding] = []
    for cooperative in sorted(logs):
        report = logs[cooperative]
        for peer in sorted(report.sides):
            other = logs.get(peer)
            if other is None:
                findings.append(_named(report, Code.MIRROR_ABSENT, f"line {short(peer)}"))
            elif cooperative < peer or cooperative not in other.sides:
                findings += check_pair(report, other)
    return findings


def check_pair(first: LogReport, second: LogReport) -> list[Finding]:
    """Hold two logs against one another: lines, keys, answers, and the balance they explain."""
    if not (first.is_sound and second.is_sound):
        return [_named(first, Code.MIRROR_SKIPPED, f"line {second.name}", other=second.name)]
    here = first.sides.get(second.cooperative, Side())
    there = second.sides.get(first.cooperative, Side())
    findings = [*_lines(first, here, second, there), *_lines(second, there, first, here)]
    findings += _keys(first, second) + _keys(second, first)
    forth, moved_forth = _answers(first, here.given, second, there.received)
    back, moved_back = _answers(second, there.given, first, here.received)
    explained = moved_forth + moved_back + here.set_off + there.set_off
    findings += forth + back
    # Spec 0015: The reader MUST refuse two balances whose sum no document explains.
    if here.balance + there.balance != explained:
        findings.append(
            _named(
                first,
                Code.MIRROR_BALANCE,
                f"line {second.name}",
                other=second.name,
                here=here.balance,
                there=there.balance,
                late=explained,
            )
        )
    return findings


def _named(report: LogReport, code: Code, record: str, **fields: str | int) -> Finding:
    return Finding(code, report.name, record, fields)


def _lines(first: LogReport, here: Side, second: LogReport, there: Side) -> Iterator[Finding]:
    """Look for each credit line of one log in the other."""
    others = {line.version: line for line in there.lines}
    for line in here.lines:
        twin = others.get(line.version)
        record = f"entry {line.place}"
        if twin is None:
            # Spec 0015: A credit line MUST stand in both logs before it lapses.
            lapsed = second.at > line.exp
            code = Code.LINE_MISSING if lapsed else Code.LINE_LAG
            yield _named(first, code, record, other=second.name, version=line.version)
        elif twin.id != line.id and first.cooperative < second.cooperative:
            # Spec 0015: The reader MUST refuse two credit lines of one version.
            yield _named(
                first,
                Code.LINE_DIFFERS,
                record,
                other=second.name,
                version=line.version,
                place=twin.place,
            )


def _keys(owner: LogReport, other: LogReport) -> list[Finding]:
    """Compare the keys that the other log knows of a cooperative with its own word."""
    own = owner.keys[owner.cooperative]
    # Spec 0015: The reader MUST refuse two sets of keys of one key event.
    return [
        _named(owner, Code.MIRROR_KEYS, f"key event {number}", other=other.name, number=number)
        for number, state in sorted(other.keys.get(owner.cooperative, {}).items())
        if number in own and own[number] != state
    ]


def _answers(
    payee: LogReport, given: Journal, payer: LogReport, received: Journal
) -> tuple[list[Finding], int]:
    """Compare the answers of one direction.

    Returns:
        Findings, and by how much the sum of the two balances is off zero through answers that
        stand in one log only.
    """
    common = min(len(given), len(received))
    if given.ids[: 32 * common] != received.ids[: 32 * common]:
        number = next(n for n in range(common) if given.id(n) != received.id(n))
        # Spec 0015: The answers of one direction MUST be the same in both logs.
        finding = _named(
            payer,
            Code.MIRROR_ANSWER,
            f"entry {received.places[number]}",
            number=number + 1,
            other=payee.name,
            place=given.places[number],
        )
        # From there on nothing is comparable: both balances are taken as they are.
        late = sum(received.amounts[number:]) - sum(given.amounts[number:])
        return [finding], late
    if len(given) > common:
        fields: dict[str, str | int] = {"other": payer.name, "count": len(given) - common}
        record = f"entry {given.places[common]}"
        finding = _named(payee, Code.MIRROR_LAG, record, **fields)
        return [finding], -sum(given.amounts[common:])
    if len(received) > common:
        fields = {"other": payee.name, "count": len(received) - common}
        record = f"entry {received.places[common]}"
        # Spec 0015: The reader MUST refuse a log that went on without an answer of its node.
        withheld = payee.at > received.dates[common] + GRACE_S
        code = Code.MIRROR_WITHHELD if withheld else Code.MIRROR_LAG
        return [_named(payer, code, record, **fields)], sum(received.amounts[common:])
    return [], 0


def check_set_offs(logs: Logs, ring: KeyRing) -> list[Finding]:
    """Look for each certified set-off in the logs of all its members.

    Source:
        Spec 0015, set-offs.
    """
    findings: list[Finding] = []
    sound = {cooperative: log for cooperative, log in logs.items() if log.is_sound}
    standing = {
        cooperative: frozenset(applied.tx for applied in log.applied)
        for cooperative, log in sound.items()
    }
    told: set[tuple[bytes, bytes]] = set()
    for cooperative in sorted(sound):
        log = sound[cooperative]
        seen: set[bytes] = set()
        for applied in log.applied:
            record = f"entry {applied.place}"
            # Spec 0015: A set-off MUST stand at most once in a log.
            if applied.tx in seen:
                findings.append(_named(log, Code.SETOFF_TWICE, record, tx=short(applied.tx)))
                continue
            seen.add(applied.tx)
            findings += _claims(log, applied, ring)
            for number, member in enumerate(applied.cycle):
                other = sound.get(member)
                if other is None or applied.tx in standing[member] or (applied.tx, member) in told:
                    continue
                told.add((applied.tx, member))
                findings.append(_absent(log, applied, number, other))
    return findings


def _claims(log: LogReport, applied: Applied, ring: KeyRing) -> Iterator[Finding]:
    """Check that the keys of a certificate spoke for the cooperatives that it names."""
    unknown: set[bytes] = set()
    for claim in (*applied.consents, *applied.ballots):
        verdict = speaks_for(ring, claim.by, claim.kev, [claim.key])
        fields: dict[str, str | int] = {"tx": short(applied.tx), "by": short(claim.by)}
        # Spec 0015: The reader MUST refuse a certificate with a key that is not its author's.
        if verdict is False:
            yield _named(log, Code.SETOFF_KEY, f"entry {applied.place}", **fields)
        elif verdict is None and claim.by not in unknown:
            unknown.add(claim.by)
            yield _named(log, Code.KEY_UNKNOWN, f"entry {applied.place}", **fields)


def _absent(log: LogReport, applied: Applied, number: int, member: LogReport) -> Finding:
    """Say whether a member that has not applied a set-off is late, or hides that it consented."""
    # Spec 0015: A member that consented and has not applied the certificate yet is late.
    late = applied.tx in member.consents
    # Its consent is inside the certificate: a log that ends before it may simply be older.
    late = late or member.at <= applied.consents[number].iat + GRACE_S
    code = Code.SETOFF_LAG if late else Code.SETOFF_MISSING
    fields: dict[str, str | int] = {"tx": short(applied.tx), "other": member.name}
    return _named(log, code, f"entry {applied.place}", **fields)
