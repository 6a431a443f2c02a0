"""A round is checked from its papers alone: each thing that can be wrong has its finding."""

from collections.abc import Sequence

import msgspec
import pytest

from federation.findings import Code
from federation.ledger_audit import audit_log
from federation.log_report import LogReport
from federation.mirrors import key_ring
from federation.panel import panel_of
from federation.round_audit import check_round
from federation.round_certificates import unpublished
from federation.round_report import RoundReport, open_papers, sizes_of
from protocol.encoding import INT_MAX
from protocol.envelope import document_id, open_sealed, seal
from protocol.messages.rounds import (
    Ballot,
    Convening,
    Edge,
    Flow,
    Manifest,
    Position,
    Solution,
)
from protocol.shapes import Document
from tests.federation.world import Node, Round, World


@pytest.fixture
def world() -> World:
    made = World("Bretagne", "Rhône", "Alsace", "Île-de-France")
    made.ring_of_lines()
    members = [node.admit("m") for node in made.nodes.values()]
    for number, amount in enumerate((500, 400, 300, 200)):
        made.pay(members[number], members[(number + 1) % 4], amount)
    return made


def check(
    world: World,
    done: Round,
    papers: Sequence[bytes] | None = None,
    logs: dict[bytes, LogReport] | None = None,
) -> RoundReport:
    opened = open_papers(done.id, [("node", one) for one in papers or done.sealed])
    if logs is None:
        sizes = sizes_of([opened])
        logs = {n.id: audit_log(n.records, sizes=sizes) for n in world.nodes.values()}
    return check_round(opened, logs, key_ring(logs.values()))


def found(report: RoundReport) -> list[tuple[Code, str]]:
    cut = len(f"round {report.id.hex()[:8]} ")
    return [(finding.code, finding.record[cut:]) for finding in report.findings]


def codes(report: RoundReport) -> list[Code]:
    return [finding.code for finding in report.findings]


def resealed(world: World, sealed: bytes, kind: type[Document], **changes: object) -> bytes:
    """Return a paper with other fields, signed by its author."""
    document = msgspec.structs.replace(open_sealed(sealed, kind).document, **changes)
    return seal(document, world.by_id(document.by).key)  # type: ignore[attr-defined]


def leader(world: World, done: Round) -> Node:
    return world.by_id(open_sealed(done.convening, Convening).document.by)


def with_manifest(world: World, done: Round, **changes: object) -> Round:
    """Return the round with another manifest, signed by everybody, and a solution of it."""
    before = open_sealed(done.manifest, Manifest).document
    manifest = msgspec.structs.replace(before, **changes)
    name = document_id(manifest)
    everybody = [node.key for node in world.nodes.values()]
    solution = resealed(world, done.solution, Solution, round=name)
    return Round(
        name, done.convening, done.positions, seal(manifest, *everybody), solution, done.cycles
    )


def test_a_whole_round_has_no_finding(world: World) -> None:
    done = world.clear()
    report = check(world, done)
    assert report.is_sound
    assert report.findings == []
    assert (report.members, report.gross, report.cleared) == (4, 1_400, 800)
    assert (report.cycles, report.certified) == (1, 800)


def test_a_round_that_is_not_yet_certified_has_no_finding(world: World) -> None:
    report = check(world, world.convene())
    assert (report.findings, report.cycles, report.cleared) == ([], 0, 800)


def test_papers_shown_twice_are_verified_once(world: World) -> None:
    done = world.clear()
    once = open_papers(done.id, [("a", one) for one in done.sealed])
    twice = open_papers(done.id, [(node, one) for node in "ab" for one in done.sealed])
    assert once.signatures == twice.signatures
    assert len(twice.opened) == len(done.sealed)


def test_a_paper_that_does_not_hold_is_named(world: World) -> None:
    done = world.convene()
    report = check(world, done, [*done.sealed, done.solution[:-1], b"", b"junk"])
    assert codes(report) == [Code.ROUND_PAPER] * 3
    assert report.findings[0].node == "node"
    assert not report.is_sound


def test_a_paper_signed_by_another_key_is_named(world: World) -> None:
    done = world.convene()
    solution = open_sealed(done.solution, Solution).document
    other = next(node for node in world.nodes.values() if node.id != solution.by)
    papers = [one for one in done.sealed if one != done.solution]
    report = check(world, done, [*papers, seal(solution, other.key)])
    assert found(report) == [(Code.ROUND_KEY, "solution")]


def test_keys_that_no_log_tells_are_told_once(world: World) -> None:
    done = world.convene()
    ids = sorted(node.id for node in world.nodes.values())
    shown = [world.by_id(ids[0]), world.by_id(ids[1])]
    logs = {node.id: audit_log(node.records) for node in shown}
    for log in logs.values():
        log.keys = {log.cooperative: log.keys[log.cooperative]}
    report = check(world, done, logs=logs)
    assert codes(report)[:2] == [Code.KEY_UNKNOWN] * 2
    assert Code.ROUND_QUORUM in codes(report)


@pytest.mark.parametrize("missing", ["manifest", "convening"])
def test_a_round_without_its_first_papers_is_a_failure(world: World, missing: str) -> None:
    done = world.convene()
    papers = [one for one in done.sealed if one != getattr(done, missing)]
    code = Code.ROUND_MANIFEST if missing == "manifest" else Code.ROUND_CONVENING
    assert found(check(world, done, papers)) == [(code, missing)]


def test_a_panel_that_the_hash_did_not_draw_is_a_failure(world: World) -> None:
    done = world.convene()
    convening = open_sealed(done.convening, Convening).document
    other = resealed(world, done.convening, Convening, panel=convening.panel[:2])
    round_ = open_sealed(other, Convening).id
    positions = [resealed(world, one, Position, round=round_) for one in done.positions]
    papers = [open_sealed(one, Position).id for one in positions]
    made = with_manifest(world, done, round=round_, papers=papers)
    made.convening, made.positions = other, positions
    report = check(world, made)
    # The manifest is another one, so the optimum under its salt may be another, too.
    assert found(report)[0] == (Code.ROUND_CONVENING, "convening")


@pytest.mark.parametrize("voters", [1, 2])
def test_a_manifest_without_quorum_is_a_failure(world: World, voters: int) -> None:
    done = world.convene(voters=voters)
    report = check(world, done)
    assert found(report) == [(Code.ROUND_QUORUM, "manifest")]
    assert report.findings[0].fields["need"] == 3


def test_signatures_under_one_manifest_are_counted_together(world: World) -> None:
    done = world.convene(voters=1)
    manifest = open_sealed(done.manifest, Manifest).document
    others = [seal(manifest, node.key) for node in world.nodes.values()]
    assert check(world, done, [*done.sealed, *others]).findings == []


def test_a_manifest_that_its_leader_did_not_sign_is_a_failure(world: World) -> None:
    done = world.convene()
    manifest = open_sealed(done.manifest, Manifest).document
    others = [node.key for node in world.nodes.values() if node.id != manifest.by]
    done.manifest = seal(manifest, *others)
    report = check(world, done)
    assert found(report) == [(Code.ROUND_MANIFEST, "manifest")]
    assert report.findings[0].fields == {"reason": "leader"}


def test_a_manifest_against_its_convening_is_a_failure(world: World) -> None:
    done = world.convene()
    exp = open_sealed(done.manifest, Manifest).document.exp
    report = check(world, with_manifest(world, done, exp=exp + 1))
    assert found(report)[0] == (Code.ROUND_MANIFEST, "manifest")
    assert report.findings[0].fields == {"reason": "convening"}


def test_a_manifest_of_strangers_is_a_failure(world: World) -> None:
    done = world.convene()
    manifest = open_sealed(done.manifest, Manifest).document
    report = check(world, with_manifest(world, done, members=manifest.members[::-1]))
    assert found(report)[0] == (Code.ROUND_MANIFEST, "manifest")
    assert report.findings[0].fields == {"reason": "members"}


def test_a_manifest_of_more_papers_than_members_is_a_failure(world: World) -> None:
    done = world.convene()
    manifest = open_sealed(done.manifest, Manifest).document
    report = check(world, with_manifest(world, done, papers=manifest.papers[:-1]))
    assert found(report) == [(Code.ROUND_MANIFEST, "manifest")]
    assert report.findings[0].fields == {"reason": "papers"}


def test_a_position_that_nobody_shows_is_a_failure(world: World) -> None:
    done = world.convene()
    papers = [one for one in done.sealed if one != done.positions[1]]
    member = open_sealed(done.positions[1], Position).document.by
    report = check(world, done, papers)
    assert found(report) == [(Code.ROUND_POSITION, f"position {member.hex()[:8]}")]
    assert report.findings[0].node == world.by_id(member).name


def test_two_positions_of_one_cooperative_are_a_failure(world: World) -> None:
    done = world.convene()
    second = resealed(world, done.positions[0], Position, edges=[])
    report = check(world, done, [*done.sealed, second])
    assert codes(report) == [Code.ROUND_TWO_POSITIONS]
    other_round = resealed(world, done.positions[0], Position, round=bytes(32))
    assert codes(check(world, done, [*done.sealed, other_round])) == []


def stated(world: World, node: Node, **changes: object) -> Position:
    """Return a node's position of the round that `convene` is about to make, changed."""
    done = world.convene()
    convening = open_sealed(done.convening, Convening)
    position = world.position(node, convening.id, convening.document.exp)
    return msgspec.structs.replace(position, **changes)


def test_a_position_above_its_balance_is_a_failure(world: World) -> None:
    node = world["Rhône"]
    position = stated(world, node)
    edges = [msgspec.structs.replace(edge, top=abs(edge.bal) + 1) for edge in position.edges]
    done = world.convene([msgspec.structs.replace(position, edges=edges)])
    report = check(world, done)
    assert [code for code in codes(report) if code is not Code.ROUND_OPTIMUM] == [
        Code.ROUND_POSITION
    ]


def test_a_position_other_than_its_log_is_a_failure(world: World) -> None:
    node = world["Rhône"]
    position = stated(world, node)
    edges = [msgspec.structs.replace(edge, bal=edge.bal * 2) for edge in position.edges]
    report = check(world, world.convene([msgspec.structs.replace(position, edges=edges)]))
    assert codes(report)[:2] == [Code.ROUND_POSITION_DIFFERS] * 2
    assert {finding.node for finding in report.findings[:2]} == {"Rhône"}
    # What the two ends do not say alike was left out.
    assert codes(report)[2:] == [Code.ROUND_EDGE] * 2


def test_an_account_that_no_log_knows_is_a_failure(world: World) -> None:
    position = stated(world, world["Rhône"])
    stranger = msgspec.structs.replace(position.edges[0], peer=b"\xff" * 32)
    edges = [*position.edges, stranger]
    report = check(world, world.convene([msgspec.structs.replace(position, edges=edges)]))
    assert codes(report) == [Code.ROUND_POSITION_DIFFERS]
    assert report.findings[0].fields["written"] == 0


def test_a_position_beyond_the_log_that_was_fetched_is_told(world: World) -> None:
    node = world["Rhône"]
    position = stated(world, node, seq=len(node.records) + 5)
    report = check(world, world.convene([position]))
    assert codes(report) == [Code.ROUND_UNPLACED]
    assert report.is_sound


def test_positions_of_logs_that_do_not_hold_are_not_compared(world: World) -> None:
    done = world.convene()
    world["Rhône"].force(b"junk")
    assert check(world, done).findings == []


def test_debts_beyond_every_sum_are_a_failure() -> None:
    # Forty-seven cooperatives that all claim the largest amount there is on each other.
    world = World(*(f"node {number}" for number in range(47)))
    done = world.convene()
    ids = sorted(node.id for node in world.nodes.values())
    none = bytes(32)
    positions = []
    for own, sealed in zip(ids, done.positions, strict=True):
        edges = [
            Edge(INT_MAX if own < peer else -INT_MAX, none, 0, peer, 0, none, INT_MAX)
            for peer in ids
            if peer != own
        ]
        positions.append(resealed(world, sealed, Position, edges=edges))
    papers = [open_sealed(one, Position).id for one in positions]
    keys = [leader(world, done).key]
    panel = open_sealed(done.convening, Convening).document.panel
    keys += [world.by_id(seat).key for seat in panel if world.by_id(seat).key not in keys]
    before = open_sealed(done.manifest, Manifest).document
    manifest = msgspec.structs.replace(before, papers=papers)
    made = Round(document_id(manifest), done.convening, positions, seal(manifest, *keys), b"", [])
    opened = open_papers(made.id, [("node", one) for one in made.sealed if one])
    ring = key_ring(audit_log(node.records) for node in world.nodes.values())
    report = check_round(opened, {}, ring)
    assert found(report) == [(Code.ROUND_MANIFEST, "manifest")]
    assert "TOTAL_TOO_LARGE" in str(report.findings[0].fields["reason"])


def test_a_ballot_after_the_deadline_or_of_a_stranger_is_a_failure(world: World) -> None:
    done = world.clear()
    ballot = open_sealed(done.ballots[0], Ballot).document
    late = resealed(world, done.ballots[0], Ballot, iat=ballot.exp + 1)
    stray = resealed(world, done.ballots[0], Ballot, round=bytes(32))
    report = check(world, done, [*done.sealed, late, stray])
    assert codes(report) == [Code.ROUND_BALLOT] * 2


def solved(world: World, done: Round, **changes: object) -> RoundReport:
    done.solution = resealed(world, done.solution, Solution, **changes)
    return check(world, done)


def test_a_round_has_one_solution_by_its_leader(world: World) -> None:
    done = world.convene()
    papers = [one for one in done.sealed if one != done.solution]
    assert found(check(world, done, papers)) == [(Code.ROUND_SOLUTION, "solution")]
    second = resealed(world, done.solution, Solution, flows=[])
    assert codes(check(world, done, [*done.sealed, second])) == [Code.ROUND_SOLUTION]
    other = next(node for node in world.nodes.values() if node is not leader(world, done))
    document = open_sealed(done.solution, Solution).document
    foreign = seal(msgspec.structs.replace(document, by=other.id), other.key)
    assert codes(check(world, done, [*papers, foreign])) == [Code.ROUND_SOLUTION]


def test_a_solution_that_sets_off_less_is_a_failure(world: World) -> None:
    report = solved(world, world.convene(), flows=[])
    assert found(report) == [(Code.ROUND_OPTIMUM, "solution")]


def test_a_solution_that_changes_a_net_position_is_a_failure(world: World) -> None:
    done = world.convene()
    flows = open_sealed(done.solution, Solution).document.flows
    report = solved(world, done, flows=flows[:-1])
    assert codes(report) == [Code.ROUND_CONSERVATION]


@pytest.mark.parametrize(
    "flow", [Flow(501, 0, 1), Flow(1, 9, 0), Flow(1, 0, 0)], ids=["above", "nobody", "self"]
)
def test_a_flow_outside_its_debt_is_a_failure(world: World, flow: Flow) -> None:
    report = solved(world, world.convene(), flows=[flow])
    assert found(report) == [(Code.ROUND_FLOW, "flow 0")]


def test_a_flow_listed_twice_is_a_failure(world: World) -> None:
    done = world.convene()
    flows = open_sealed(done.solution, Solution).document.flows
    report = solved(world, done, flows=[*flows, flows[0]])
    assert found(report) == [(Code.ROUND_FLOW, "flow 4")]


def tampered(world: World, **changes: object) -> RoundReport:
    """Check a round of which one log tells another certificate."""
    done = world.clear()
    logs = {
        node.id: audit_log(node.records, sizes=sizes_of([open_papers(done.id, [])]))
        for node in world.nodes.values()
    }
    first = logs[min(logs)]
    first.applied[0] = msgspec.structs.replace(first.applied[0], tx=b"\1" * 32, **changes)
    papers = open_papers(done.id, [("node", one) for one in done.sealed])
    report = check_round(papers, logs, key_ring(logs.values()))
    report.findings = [one for one in report.findings if one.code is not Code.ROUND_UNPLACED]
    return report


def test_certificates_that_set_off_too_much_are_a_failure(world: World) -> None:
    report = tampered(world)
    assert codes(report) == [Code.ROUND_EXCESS] * 4


def test_a_cycle_that_the_solution_does_not_have_is_a_failure(world: World) -> None:
    assert Code.ROUND_CYCLE in codes(tampered(world, amt=1))


def test_a_certificate_of_another_panel_is_a_failure(world: World) -> None:
    ids = [node.id for node in world.nodes.values()]
    assert Code.ROUND_TERMS in codes(tampered(world, panel=tuple(panel_of(ids[:3], bytes(32)))))


def test_certificates_of_rounds_that_nobody_shows_are_told_once(world: World) -> None:
    done = world.clear()
    logs = {node.id: audit_log(node.records) for node in world.nodes.values()}
    told = unpublished([], logs)
    assert [finding.code for finding in told] == [Code.ROUND_ABSENT]
    assert unpublished([check(world, done, logs=logs)], logs) == []
