"""A clearing round from its published papers alone, by somebody who was not there.

Papers may come from every node and are looked at together: a paper is what was signed, whoever
shows it. Source: spec 0015, rounds; the rules of the papers themselves are spec 0014's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from federation.findings import Code, short
from federation.joint_audit import check_joint, check_obligations
from federation.log_report import LogReport
from federation.mirrors import KeyRing, Logs, speaks_for
from federation.obligations import Graph
from federation.panel import panel_of
from federation.round_certificates import check_certified
from federation.round_obligations import has_obligations
from federation.round_papers import manifest_quorum, round_graph
from federation.round_report import RoundPapers, RoundReport
from federation.tie_break import verify_answer
from protocol.envelope import Opened
from protocol.errors import EncodingError, ProofError
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Ballot,
    Convening,
    Edge,
    Manifest,
    Position,
    Solution,
)


def check_round(
    papers: RoundPapers, logs: Logs, ring: KeyRing, secrets: Mapping[bytes, bytes] | None = None
) -> RoundReport:
    """Check a round, from its convening to the certificates in the logs.

    Args:
        papers: Opened with `open_papers`.
        logs: Replayed with the sizes of `sizes_of`, by cooperative.
        ring: Key states by cooperative and key event.
        secrets: Of positions with obligations, by their blinds (spec 0018).

    Returns:
        The report. A check that needs a paper which is missing is not made; that it is missing
        is a finding.

    Source:
        Spec 0015, rounds.
    """
    report = RoundReport(papers.id, findings=list(papers.findings))
    _check_authors(report, papers, ring)
    agreed = _agreed(report, papers, ring)
    if agreed is None:
        return report
    convening, manifest = agreed
    positions = _positions(report, papers, manifest, logs)
    if positions is None:
        return report
    if not check_obligations(report, positions, convening, logs, secrets or {}):
        return report
    try:
        graph = round_graph(manifest, positions)
    except EncodingError as error:
        report.find(Code.ROUND_MANIFEST, "manifest", reason=str(error))
        return report
    report.members, report.gross = len(manifest.members), graph.gross
    _check_edges(report, positions)
    _check_ballots(report, papers, convening)
    flow = _solution(report, papers, manifest, graph)
    if flow is not None:
        report.cleared = sum(flow)
        if has_obligations(positions):
            check_joint(report, convening, positions, graph, flow, logs)
        else:
            check_certified(report, convening, graph, flow, logs)
    return report


def _check_authors(report: RoundReport, papers: RoundPapers, ring: KeyRing) -> None:
    """Every paper is signed by its author's keys; a manifest's other signers are seen later."""
    unknown: dict[bytes, None] = {}
    for node, paper in papers.opened:
        document = paper.document
        if isinstance(document, Manifest | Charter):
            continue
        # Spec 0015: The reader MUST refuse a paper that its author's keys did not sign.
        verdict = speaks_for(ring, document.by, document.kev, paper.signers)
        kind = type(document).__name__.lower()
        if verdict is False:
            report.find(Code.ROUND_KEY, kind, node, by=short(document.by))
        elif verdict is None and document.by not in unknown:
            unknown[document.by] = None
            report.find(Code.KEY_UNKNOWN, kind, node, by=short(document.by))


def _agreed(
    report: RoundReport, papers: RoundPapers, ring: KeyRing
) -> tuple[Convening, Manifest] | None:
    """Find the manifest and its convening, and count the panel's signatures."""
    manifests = [paper for paper in papers.of(Manifest) if paper.id == papers.id]
    if not manifests:
        report.find(Code.ROUND_MANIFEST, "manifest", reason="absent")
        return None
    manifest: Manifest = manifests[0].document
    found = [paper for paper in papers.of(Convening) if paper.id == manifest.round]
    if not found:
        report.find(Code.ROUND_CONVENING, "convening", reason="absent")
        return None
    convening: Convening = found[0].document
    members = convening.members
    # Spec 0015: The reader MUST refuse a round whose panel is not the one that the hash draws.
    if members != sorted(set(members)) or convening.panel != panel_of(members, convening.net):
        report.find(Code.ROUND_CONVENING, "convening", reason="panel")
    if (manifest.by, manifest.exp, manifest.net) != (convening.by, convening.exp, convening.net):
        report.find(Code.ROUND_MANIFEST, "manifest", reason="convening")
    stated = manifest.members
    if stated != sorted(set(stated)) or not set(stated) <= set(members):
        report.find(Code.ROUND_MANIFEST, "manifest", reason="members")
    if len(stated) != len(manifest.papers):
        report.find(Code.ROUND_MANIFEST, "manifest", reason="papers")
        return None
    signers = {key for paper in manifests for key in paper.signers}
    # Spec 0015: The reader MUST refuse a manifest that its leader did not sign.
    if not _has_signed(ring, manifest.by, signers):
        report.find(Code.ROUND_MANIFEST, "manifest", reason="leader")
    seats = [seat for seat in convening.panel if _has_signed(ring, seat, signers)]
    needed = manifest_quorum(convening)
    # Spec 0015: The reader MUST refuse a manifest without a quorum of the panel's seats.
    if len(seats) < needed:
        report.find(Code.ROUND_QUORUM, "manifest", have=len(seats), need=needed)
    return convening, manifest


def _has_signed(ring: KeyRing, cooperative: bytes, signers: set[bytes]) -> bool:
    return any(
        sum(key in signers for key in state.keys) >= state.thr and state.thr
        for state in ring.get(cooperative, {}).values()
    )


def _positions(
    report: RoundReport, papers: RoundPapers, manifest: Manifest, logs: Logs
) -> list[Position] | None:
    """Return the positions that the manifest counts, each held against its author's log."""
    known: dict[bytes, Opened[Any]] = {paper.id: paper for paper in papers.of(Position)}
    authors: dict[bytes, bytes] = {}
    for identifier, paper in known.items():
        if paper.document.round != manifest.round:
            continue
        # Spec 0015: The reader MUST refuse two positions of one cooperative in one round.
        if authors.setdefault(paper.document.by, identifier) != identifier:
            place = f"position {short(paper.document.by)}"
            report.find(Code.ROUND_TWO_POSITIONS, place, _name(logs, paper.document.by))
    positions: list[Position] = []
    for member, identifier in zip(manifest.members, manifest.papers, strict=True):
        stated = known.get(identifier)
        if stated is None or (stated.document.by, stated.document.round) != (
            member,
            manifest.round,
        ):
            # Spec 0015: Every position that a manifest counts MUST be published.
            report.find(Code.ROUND_POSITION, f"position {short(member)}", _name(logs, member))
            continue
        positions.append(stated.document)
        _check_position(report, stated.document, logs.get(member))
    return positions if len(positions) == len(manifest.members) else None


def _check_position(report: RoundReport, position: Position, log: LogReport | None) -> None:
    place = f"position {short(position.by)}"
    name = log.name if log is not None else ""
    peers = [edge.peer for edge in position.edges]
    # Spec 0015: The reader MUST refuse a position that offers more than its balance.
    if peers != sorted(set(peers)) or any(edge.top > abs(edge.bal) for edge in position.edges):
        report.find(Code.ROUND_POSITION, place, name)
    if log is None or not log.is_sound:
        return
    book = log.positions.get(position.seq)
    if book is None:
        report.find(Code.ROUND_UNPLACED, place, name, size=position.seq, entries=log.entries)
        return
    for edge in position.edges:
        written = book.get(edge.peer)
        # Spec 0015: The reader MUST refuse a position that differs from the log at its size.
        if written is None or msgspec.structs.replace(written, top=edge.top) != edge:
            report.find(
                Code.ROUND_POSITION_DIFFERS,
                f"{place} edge {short(edge.peer)}",
                name,
                size=position.seq,
                stated=edge.bal,
                written=0 if written is None else written.bal,
            )


def _name(logs: Mapping[bytes, LogReport], cooperative: bytes) -> str:
    log = logs.get(cooperative)
    return log.name if log is not None else ""


def _check_edges(report: RoundReport, positions: Sequence[Position]) -> None:
    """Tell of accounts that were left out because their two ends do not say the same."""
    stated = {(one.by, edge.peer): edge for one in positions for edge in one.edges}
    for (by, peer), edge in sorted(stated.items()):
        twin = stated.get((peer, by))
        if by < peer and twin is not None and not _are_alike(edge, twin):
            report.find(Code.ROUND_EDGE, f"edge {short(by)} {short(peer)}")


def _are_alike(edge: Edge, twin: Edge) -> bool:
    return (edge.bal, edge.sent, edge.shead, edge.got, edge.ghead) == (
        -twin.bal,
        twin.got,
        twin.ghead,
        twin.sent,
        twin.shead,
    )


def _check_ballots(report: RoundReport, papers: RoundPapers, convening: Convening) -> None:
    for paper in papers.of(Ballot):
        ballot: Ballot = paper.document
        # Spec 0015: The reader MUST refuse a ballot of a stranger or after the deadline.
        if (
            ballot.round != papers.id
            or ballot.by not in convening.panel
            or ballot.iat > convening.exp
        ):
            report.find(Code.ROUND_BALLOT, f"ballot {short(ballot.by)}", iat=ballot.iat)


def _solution(
    report: RoundReport, papers: RoundPapers, manifest: Manifest, graph: Graph[bytes]
) -> list[int] | None:
    """Return the flow of the one solution when it conserves every net position."""
    found = {paper.id: paper.document for paper in papers.of(Solution)}
    solutions = [one for one in found.values() if one.round == papers.id]
    # Spec 0015: A round MUST have exactly one solution, by the leader that its manifest names.
    if len(solutions) != 1 or solutions[0].by != manifest.by:
        report.find(Code.ROUND_SOLUTION, "solution", count=len(solutions))
        return None
    solution: Solution = solutions[0]
    flow = _flow(report, solution, graph.names, graph)
    if flow is None:
        return None
    for member, net in zip(graph.names, graph.nets(flow), strict=True):
        # Spec 0015: The reader MUST refuse a solution that changes a net position.
        if net:
            report.find(Code.ROUND_CONSERVATION, f"member {short(member)}", net=net)
            return None
    try:
        # Spec 0015: The reader MUST refuse a solution whose potentials do not prove it optimal.
        verify_answer(graph, papers.id, solution.skip, flow, solution.pots)
    except ProofError as error:
        report.find(Code.ROUND_OPTIMUM, "solution", reason=str(error))
        return None
    return flow


def _flow(
    report: RoundReport, solution: Solution, members: Sequence[bytes], graph: Graph[bytes]
) -> list[int] | None:
    """Bring the flows into the order of the arcs; each lies within its debt."""
    owed = {(debtor, creditor): amount for debtor, creditor, amount in graph.debts()}
    taken: dict[tuple[bytes, bytes], int] = {}
    for number, one in enumerate(solution.flows):
        pair = (b"", b"")
        if max(one.debtor, one.creditor) < len(members):
            pair = (members[one.debtor], members[one.creditor])
        # Spec 0015: The reader MUST refuse a flow on no debt, above its debt, or listed twice.
        if pair in taken or one.amt > owed.get(pair, 0):
            report.find(Code.ROUND_FLOW, f"flow {number}", amount=one.amt, owed=owed.get(pair, 0))
            return None
        taken[pair] = one.amt
    return [taken.get(pair, 0) for pair in owed]
