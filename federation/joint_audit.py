"""What an auditor holds against the logs in a round with obligations (spec 0018, audit)."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import UNSET

from federation.findings import Code, short
from federation.joint_cycles import Piece, pieces
from federation.log_report import Applied
from federation.mirrors import Logs
from federation.obligations import Graph
from federation.round_certificates import applied_in
from federation.round_obligations import check_owed, home_of, owed_of
from federation.round_report import RoundReport
from protocol.blinding import blind_of
from protocol.errors import ProofError
from protocol.messages.rounds import Convening, Position

Shape = tuple[object, ...]


def secrets_by_blind(secrets: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return secrets of positions, each by what its position says of it."""
    return {blind_of(secret): secret for secret in secrets}


def check_obligations(
    report: RoundReport,
    positions: Sequence[Position],
    convening: Convening,
    logs: Logs,
    secrets: Mapping[bytes, bytes],
) -> bool:
    """Hold the obligations that positions state against their authors' logs.

    Args:
        report: Of the round; gets the findings.
        positions: Those that the manifest counts.
        convening: Of the round.
        logs: The replayed logs, by cooperative.
        secrets: Of positions, by their blinds.

    Returns:
        Whether a graph can be made of them.
    """
    sound = True
    for position in positions:
        log = logs.get(position.by)
        name = log.name if log is not None else ""
        place = f"position {short(position.by)}"
        try:
            check_owed(position, len(convening.members))
        except ProofError:
            report.find(Code.ROUND_POSITION, place, name)
            sound = False
            continue
        if position.owed is UNSET or log is None or not log.is_sound:
            continue
        assert position.blind is not UNSET
        secret = secrets.get(position.blind)
        # Spec 0018: The node MUST show the secrets of its positions to its auditor.
        if secret is None:
            report.find(Code.ROUND_BLIND, place, name)
            continue
        claims = log.claims.get(position.seq)
        if claims is None:
            # That the log was fetched too early is told already, of its lines.
            continue
        # Spec 0018: The reader MUST refuse a position whose obligations are not those of the log at
        # its size.
        written = owed_of(claims, secret, convening.members, convening.exp)
        if written != position.owed:
            pairs = zip(written, position.owed, strict=False)
            alike = [one == two for one, two in pairs]
            at = alike.index(False) if False in alike else len(alike)
            report.find(
                Code.ROUND_OBLIGATIONS,
                f"{place} obligation {at}",
                name,
                size=position.seq,
                stated=len(position.owed),
                written=len(written),
            )
    return sound


def check_joint(
    report: RoundReport,
    convening: Convening,
    positions: Sequence[Position],
    graph: Graph[bytes],
    flow: Sequence[int],
    logs: Logs,
) -> None:
    """Hold the cycles that stand in the logs against the solution of a round with obligations.

    Args:
        report: Of the round; gets the findings and the sums.
        convening: Of the round.
        positions: Of the round.
        graph: Made of them.
        flow: The solution, one number an arc.
        logs: The replayed logs, by cooperative.
    """
    left = Counter(_of_piece(piece) for piece in pieces(graph, flow, positions))
    for applied, place, node in applied_in(report, convening, logs):
        shape = _of_applied(applied)
        # Spec 0018: The reader MUST refuse a certificate other than a piece of the solution, or of
        # a piece that another certificate has set off.
        if shape not in left:
            report.find(Code.ROUND_CYCLE, place, node)
        elif not left[shape]:
            report.find(Code.ROUND_EXCESS, place, node, excess=applied.amt)
        else:
            left[shape] -= 1
        report.cycles += 1
        report.certified += applied.amt * applied.debts


def _of_piece(piece: Piece) -> Shape:
    """Return what a piece and its certificate have in common."""
    if piece.is_of_lines:
        return (piece.amount, tuple([link.debtor for link in piece.links]))
    ends = [(home_of(one.debtor), home_of(one.creditor), one.ref) for one in piece.links]
    cuts = tuple([one for one in ends if one[2]])
    return (piece.amount, cuts, tuple([one[:2] for one in ends if not one[2]]))


def _of_applied(applied: Applied) -> Shape:
    terms = applied.joint
    if terms is None:
        return (applied.amt, applied.cycle)
    coops = terms.coops
    cuts = [(cut.at, cut.at if cut.to is UNSET else cut.to, cut.ref) for cut in terms.cuts]
    return (
        terms.amt,
        tuple([(coops[at], coops[to], ref) for at, to, ref in cuts]),
        tuple([(coops[line.debtor], coops[line.creditor]) for line in terms.lines]),
    )
