"""A log is replayed by the rules that wrote it, and its first bad record is named."""

from collections.abc import Callable

import msgspec
import pytest

from federation.findings import NOTICES, Code, Finding, Level
from federation.ledger_audit import BATCH, audit_log
from federation.log_report import LogReport
from protocol.encoding import INT_MAX
from protocol.envelope import open_sealed, seal
from protocol.ledger import book as book_room
from protocol.ledger.authority import next_key_digest
from protocol.ledger.book import Book
from protocol.ledger.changes import Posted
from protocol.ledger.refusals import Refusal
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.messages.decisions import Admission
from protocol.messages.keyevents import Rotation
from protocol.signatures import public_key_of
from tests.federation.world import DAY, NET, Member, Node, World, secret


@pytest.fixture
def node() -> Node:
    world = World("Bretagne")
    alice, bob = world["Bretagne"].admit("alice"), world["Bretagne"].admit("bob")
    for number in range(5):
        world.later(10)
        world.pay(alice, bob, 100 + number)
    return world["Bretagne"]


def audit(node: Node) -> LogReport:
    return audit_log(node.records, charter=node.charter, checkpoint=node.checkpoint())


def found(report: LogReport) -> list[tuple[Code, str]]:
    return [(finding.code, finding.record) for finding in report.findings]


def test_a_level_follows_from_its_code() -> None:
    for code in Code:
        expected = Level.NOTICE if code in NOTICES else Level.FAILURE
        assert Finding(code, "", "").level is expected


def test_an_honest_log_has_no_finding(node: Node) -> None:
    report = audit(node)
    assert report.is_sound
    assert (report.findings, report.sum) == ([], 0)
    assert (report.entries, report.replayed) == (8, 8)
    # Charter, two admissions with their inceptions, five orders, the checkpoint.
    assert report.signatures == 1 + 4 + 5 + 1
    assert (report.name, report.cooperative) == ("Bretagne", node.id)
    assert (report.unit, report.decimals, report.at) == ("UEB", 2, node.world.now)


def test_a_log_longer_than_a_run_is_replayed_whole() -> None:
    world = World("Bretagne")
    node = world["Bretagne"]
    alice, bob = node.admit("alice"), node.admit("bob")
    for _ in range(BATCH + 3):
        node.force(world.order(alice, bob, 1))
    sizes = {node.id: [1, 2, BATCH, BATCH + 3, 5, 5]}
    report = audit_log(node.records, checkpoint=node.checkpoint(), sizes=sizes)
    assert report.findings == []
    assert report.replayed == BATCH + 6
    assert list(report.positions) == [1, 2, 5, BATCH, BATCH + 3]


def test_positions_are_taken_at_the_size_asked_for() -> None:
    world = World("Bretagne", "Rhône")
    world.open_line("Bretagne", "Rhône")
    alice, bob = world["Bretagne"].admit("alice"), world["Rhône"].admit("bob")
    before = len(world["Rhône"].records)
    world.pay(alice, bob, 700)
    node, peer = world["Rhône"], world["Bretagne"].id
    report = audit_log(node.records, sizes={node.id: [1, before, before + 1, 99]})
    assert report.positions[1] == {}
    assert report.positions[before][peer].bal == 0
    assert report.positions[before + 1][peer].bal == -700
    assert 99 not in report.positions
    # A log that fails before the size wanted says nothing of it.
    node.records[1] = node.records[2]
    assert audit_log(node.records, sizes={node.id: [before]}).positions == {}


def test_an_empty_log_is_a_finding() -> None:
    assert found(audit_log([])) == [(Code.LOG_EMPTY, "entries")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sealed: sealed[:-1], Code.ENTRY_ENCODING),
        (lambda sealed: sealed.replace(b"Bretagne", b"Bretagme"), Code.ENTRY_SIGNATURE),
    ],
)
def test_a_broken_charter_opens_no_book(
    change: Callable[[bytes], bytes], code: Code, node: Node
) -> None:
    at, salt, sealed = node.records[0]
    node.records[0] = (at, salt, change(sealed))
    report = audit_log(node.records)
    assert found(report) == [(code, "entry 0")]
    assert not report.is_sound


def test_a_charter_that_the_rules_refuse_opens_no_book(node: Node) -> None:
    _, salt, sealed = node.records[0]
    node.records[0] = (node.world.now + 10 * DAY, salt, sealed)
    report = audit_log(node.records)
    assert found(report) == [(Code.ENTRY_REFUSED, "entry 0")]
    assert report.findings[0].fields == {"refusal": "EXPIRED"}


def test_another_published_charter_is_a_finding(node: Node) -> None:
    other = World("Alsace")["Alsace"].charter
    report = audit_log(node.records, charter=other)
    assert found(report) == [(Code.CHARTER_DIFFERS, "charter")]


def test_time_that_goes_back_is_a_finding(node: Node) -> None:
    at, salt, sealed = node.records[6]
    node.records[6] = (at - 20, salt, sealed)
    report = audit_log(node.records)
    assert found(report) == [(Code.ENTRY_TIME, "entry 6")]
    assert (report.entries, report.replayed) == (8, 6)


def test_the_first_bad_entry_is_named_and_the_rest_is_hashed(node: Node) -> None:
    for place in (4, 6):
        at, salt, sealed = node.records[place]
        node.records[place] = (at, salt, sealed[:-2] + b"xx")
    report = audit(node)
    assert [record for _, record in found(report)] == ["entry 4"]
    # The node signed for what is there: no checkpoint finding.
    assert report.entries == 8


def test_an_entry_twice_is_refused(node: Node) -> None:
    node.force(node.records[-1][2])
    report = audit(node)
    assert found(report) == [(Code.ENTRY_REFUSED, "entry 8")]
    assert report.findings[0].fields == {"refusal": "SEQUENCE_USED"}


def test_a_broken_document_inside_a_document_is_named(node: Node) -> None:
    sealed = node.records[1][2]
    admission = open_sealed(sealed, Admission).document
    node.records = node.records[:1]
    node.force(seal(msgspec.structs.replace(admission, event=b"junk"), node.officer))
    assert found(audit(node)) == [(Code.ENTRY_ENCODING, "entry 1")]


def test_a_rotation_of_a_member_is_entered_and_not_kept() -> None:
    world = World("Bretagne")
    node = world["Bretagne"]
    alice, fresh = node.admit("alice"), secret("next alice")
    rotation = Rotation(
        by=alice.account, exp=world.now + DAY, iat=world.now, kev=1, keys=[public_key_of(fresh)],
        net=NET, next=[next_key_digest(public_key_of(secret("third")))], nthr=1, seq=1, thr=1,
    )  # fmt: skip
    node.enter(seal(rotation, fresh))
    report = audit(node)
    assert report.findings == []
    assert list(report.keys) == [node.id]


def test_holds_beyond_what_an_account_can_state_are_refused() -> None:
    # No honest officer grants twice the largest amount there is; a liar may.
    world = World("Bretagne", "peer 0", "peer 1")
    node = world["Bretagne"]
    for number in range(2):
        peer = f"peer {number}"
        node.force(world.line("Bretagne", peer, limit=INT_MAX))
        rich = node.admit(f"rich {number}", INT_MAX)
        abroad = Member(world[peer], "abroad", rich.account, rich.seed)
        node.force(world.order(rich, abroad, INT_MAX))
    report = audit_log(node.records)
    assert found(report) == [(Code.ENTRY_REFUSED, f"entry {len(node.records) - 1}")]
    assert report.findings[0].fields["refusal"] == Refusal.CEILING_EXCEEDED.name


def test_a_sum_other_than_zero_is_a_finding(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_a_unit(book: Book, change: Posted) -> None:
        for slot, amount in change.moves:
            book.accounts.balance[slot] += amount - 1

    monkeypatch.setitem(book_room._WRITERS, Posted, lose_a_unit)
    report = audit_log(node.records)
    assert found(report) == [(Code.BOOK_SUM, "book")]
    assert report.findings[0].fields == {"sum": -10}


def test_an_entry_more_or_less_than_signed_for_is_a_finding(node: Node) -> None:
    note = node.checkpoint()
    leaves = b"".join(node.leaves())
    last = node.records.pop()
    report = audit_log(node.records, checkpoint=note)
    assert found(report) == [(Code.CHECKPOINT_SIZE, "checkpoint")]
    assert report.findings[0].fields == {"size": 8, "entries": 7}
    report = audit_log(node.records, checkpoint=note, leaves=leaves)
    assert found(report) == [(Code.ENTRY_REPLACED, "entry 7")]
    report = audit_log([*node.records, last, last], checkpoint=note, leaves=leaves)
    assert [record for _, record in found(report)] == ["entry 8", "entry 8"]


def test_other_entries_than_signed_for_are_a_finding(node: Node) -> None:
    note, leaves = node.checkpoint(), b"".join(node.leaves())
    at, _, sealed = node.records[5]
    node.records[5] = (at, bytes(32), sealed)
    assert found(audit_log(node.records, checkpoint=note)) == [(Code.CHECKPOINT_ROOT, "checkpoint")]
    # Noted leaves are believed only when their own root is the one signed for.
    wrong = leaves[:-1] + b"\0"
    assert found(audit_log(node.records, checkpoint=note, leaves=wrong)) == [
        (Code.CHECKPOINT_ROOT, "checkpoint")
    ]
    assert found(audit_log(node.records, checkpoint=note, leaves=leaves)) == [
        (Code.ENTRY_REPLACED, "entry 5")
    ]


def test_a_replaced_first_entry_is_named(node: Node) -> None:
    note, leaves = node.checkpoint(), b"".join(node.leaves())
    at, _, sealed = node.records[0]
    node.records[0] = (at, bytes(32), sealed)
    assert found(audit_log(node.records, checkpoint=note, leaves=leaves)) == [
        (Code.ENTRY_REPLACED, "entry 0")
    ]


def test_a_checkpoint_of_another_key_is_a_finding(node: Node) -> None:
    origin = node.book.head.charter.origin
    forged = sign_checkpoint(Checkpoint(origin, 8, bytes(32)), origin, bytes(32))
    report = audit_log(node.records, checkpoint=forged)
    assert found(report) == [(Code.CHECKPOINT_BAD, "checkpoint")]


def test_key_events_of_the_node_are_kept() -> None:
    world = World("Bretagne", "Rhône")
    world.open_line("Bretagne", "Rhône")
    node = world["Bretagne"]
    fresh = secret("next Bretagne")
    rotation = Rotation(
        by=node.id, exp=world.now + DAY, iat=world.now, kev=1, keys=[public_key_of(fresh)],
        net=NET, next=[next_key_digest(public_key_of(secret("third")))], nthr=1,
        seq=node.next_seq(), thr=1,
    )  # fmt: skip
    node.enter(seal(rotation, fresh))
    report = audit(node)
    assert report.findings == []
    assert [state.keys for state in report.keys[node.id].values()] == [
        [public_key_of(node.key)],
        [public_key_of(fresh)],
    ]
    assert list(report.keys[world["Rhône"].id]) == [0]
