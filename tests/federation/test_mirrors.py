"""What two cooperatives share stands in both logs, or is late, or is a failure."""

import msgspec
import pytest

from federation.findings import Code, Finding
from federation.ledger_audit import audit_log
from federation.log_report import LogReport
from federation.mirrors import (
    check_pair,
    check_pairs,
    check_published,
    check_set_offs,
    key_ring,
    speaks_for,
)
from protocol.ledger.accounts import KeyState
from tests.federation.world import DAY, Member, World


@pytest.fixture
def world() -> World:
    return World("Bretagne", "Rhône", "Alsace")


def logs_of(world: World, *names: str) -> dict[bytes, LogReport]:
    nodes = [world[name] for name in names] if names else list(world.nodes.values())
    return {node.id: audit_log(node.records) for node in nodes}


def codes(findings: list[Finding]) -> list[tuple[Code, str, str]]:
    return [(finding.code, finding.node, finding.record) for finding in findings]


def pair(world: World) -> tuple[Member, Member]:
    world.open_line("Bretagne", "Rhône")
    return world["Bretagne"].admit("alice"), world["Rhône"].admit("bob")


def test_payments_both_ways_are_mirrored(world: World) -> None:
    alice, bob = pair(world)
    world.pay(alice, bob, 500)
    world.pay(bob, alice, 200)
    logs = logs_of(world)
    assert check_pairs(logs) == []
    here = logs[world["Bretagne"].id].sides[world["Rhône"].id]
    there = logs[world["Rhône"].id].sides[world["Bretagne"].id]
    assert (here.balance, there.balance) == (300, -300)


def test_an_answer_that_is_still_on_its_way_is_late(world: World) -> None:
    alice, bob = pair(world)
    order = world.order(alice, bob, 500)
    world["Bretagne"].enter(order)
    place = len(world["Rhône"].records)
    world["Rhône"].enter(world.answer(world.offer(order)))
    assert codes(check_pairs(logs_of(world))) == [(Code.MIRROR_LAG, "Rhône", f"entry {place}")]


def test_an_answer_of_a_log_fetched_before_is_late(world: World) -> None:
    alice, bob = pair(world)
    before = audit_log(list(world["Rhône"].records))
    world.pay(alice, bob, 500)
    after = audit_log(world["Bretagne"].records)
    place = len(world["Bretagne"].records) - 1
    found = check_pair(before, after)
    assert codes(found) == [(Code.MIRROR_LAG, "Bretagne", f"entry {place}")]


def test_an_answer_that_its_own_log_left_out_is_a_failure(world: World) -> None:
    alice, bob = pair(world)
    order = world.order(alice, bob, 500)
    world["Bretagne"].enter(order)
    world["Bretagne"].enter(world.answer(world.offer(order)))
    world.later(3_600)
    world["Rhône"].admit("carol")
    place = len(world["Bretagne"].records) - 1
    found = check_pairs(logs_of(world))
    assert codes(found) == [(Code.MIRROR_WITHHELD, "Bretagne", f"entry {place}")]
    assert found[0].fields == {"other": "Rhône", "count": 1}


def test_two_answers_to_one_offer_are_a_failure(world: World) -> None:
    alice, bob = pair(world)
    order = world.order(alice, bob, 500)
    world["Bretagne"].enter(order)
    offer = world.offer(order)
    world["Bretagne"].enter(world.answer(offer))
    # Rhône has said yes to Bretagne; now it makes no the right answer, and writes that.
    world["Rhône"].enter(world["Rhône"].limit_change(bob, 10))
    world["Rhône"].enter(world.answer(offer))
    found = check_pairs(logs_of(world))
    here, there = len(world["Bretagne"].records) - 1, len(world["Rhône"].records) - 1
    assert codes(found) == [(Code.MIRROR_ANSWER, "Bretagne", f"entry {here}")]
    assert found[0].fields == {"number": 1, "other": "Rhône", "place": there}


def test_a_balance_that_nothing_explains_is_a_failure(world: World) -> None:
    alice, bob = pair(world)
    world.pay(alice, bob, 500)
    logs = logs_of(world)
    logs[world["Rhône"].id].sides[world["Bretagne"].id].balance -= 1
    assert [code for code, _, _ in codes(check_pairs(logs))] == [Code.MIRROR_BALANCE]


def test_a_line_in_one_log_is_late_until_it_lapses(world: World) -> None:
    world["Bretagne"].enter(world.line("Bretagne", "Rhône"))
    assert codes(check_pairs(logs_of(world))) == [(Code.LINE_LAG, "Bretagne", "entry 1")]
    world.later(2 * DAY)
    node = world["Rhône"]
    node.admit("late")
    assert codes(check_pairs(logs_of(world))) == [(Code.LINE_MISSING, "Bretagne", "entry 1")]


def test_two_lines_of_one_version_are_a_failure(world: World) -> None:
    world["Bretagne"].enter(world.line("Bretagne", "Rhône", limit=100))
    world["Rhône"].enter(world.line("Bretagne", "Rhône", limit=999))
    found = codes(check_pairs(logs_of(world)))
    assert [code for code, _, _ in found] == [Code.LINE_DIFFERS]


def test_a_pair_of_which_one_log_was_not_fetched_is_told(world: World) -> None:
    pair(world)
    found = check_pairs(logs_of(world, "Bretagne"))
    assert [code for code, _, _ in codes(found)] == [Code.MIRROR_ABSENT]


def test_a_pair_with_a_broken_log_is_not_compared(world: World) -> None:
    pair(world)
    world["Rhône"].force(b"no document")
    found = check_pairs(logs_of(world))
    assert [code for code, _, _ in codes(found)] == [Code.MIRROR_SKIPPED]


def test_two_sets_of_keys_for_one_key_event_are_a_failure(world: World) -> None:
    pair(world)
    logs = logs_of(world)
    other = KeyState(0, [bytes(32)], 1, [bytes(32)], 1)
    logs[world["Rhône"].id].keys[world["Bretagne"].id][0] = other
    assert codes(check_pairs(logs)) == [(Code.MIRROR_KEYS, "Bretagne", "key event 0")]


def test_a_published_line_stands_in_the_log(world: World) -> None:
    line = world.line("Bretagne", "Rhône")
    report = audit_log(world["Bretagne"].records)
    assert codes(check_published(report, [line])) == [(Code.LINE_UNLOGGED, "Bretagne", "lines 0")]
    assert codes(check_published(report, [b"junk"])) == [
        (Code.LINE_UNLOGGED, "Bretagne", "lines 0")
    ]
    world["Bretagne"].enter(line)
    assert check_published(audit_log(world["Bretagne"].records), [line]) == []


def test_a_key_speaks_by_its_key_event() -> None:
    state = KeyState(1, [b"a", b"b"], 2, [], 0)
    ring = {b"coop": {1: state}}
    assert speaks_for(ring, b"coop", 1, [b"a", b"b"]) is True
    assert speaks_for(ring, b"coop", 1, [b"a", b"a"]) is False
    assert speaks_for(ring, b"coop", 1, [b"a", b"b", b"c"]) is False
    assert speaks_for(ring, b"coop", 2, [b"a"]) is None
    assert speaks_for(ring, b"other", 1, [b"a"]) is None


@pytest.fixture
def cleared() -> World:
    world = World("Bretagne", "Rhône", "Alsace")
    world.ring_of_lines()
    members = [node.admit("m") for node in world.nodes.values()]
    for number, member in enumerate(members):
        world.pay(member, members[(number + 1) % 3], 400)
    return world


def set_offs(world: World) -> list[tuple[Code, str, str]]:
    logs = logs_of(world)
    return codes(check_pairs(logs) + check_set_offs(logs, key_ring(logs.values())))


def test_a_set_off_in_all_logs_has_no_finding(cleared: World) -> None:
    cleared.clear()
    assert set_offs(cleared) == []


def test_a_member_that_consented_and_has_not_applied_is_late(cleared: World) -> None:
    done = cleared.convene()
    cleared.sign_cycles(done)
    first, second, third = done.terms[0].cycle
    node = cleared.by_id(first)
    node.enter(cleared.certificate(done, 0, first))
    place = f"entry {len(node.records) - 1}"
    assert set_offs(cleared) == [(Code.SETOFF_LAG, node.name, place)] * 2
    cleared.by_id(second).enter(cleared.certificate(done, 0, second))
    assert [code for code, _, _ in set_offs(cleared)] == [Code.SETOFF_LAG]
    cleared.by_id(third).enter(cleared.certificate(done, 0, third))
    assert set_offs(cleared) == []


def test_a_member_that_hides_its_consent_is_a_failure(cleared: World) -> None:
    done = cleared.convene()
    cleared.sign_cycles(done)
    first, second, third = done.terms[0].cycle
    for member in (first, second):
        cleared.by_id(member).enter(cleared.certificate(done, 0, member))
    liar = cleared.by_id(third)
    liar.records.pop()
    # A log that ends before its consent may have been fetched before.
    assert [code for code, _, _ in set_offs(cleared)] == [Code.SETOFF_LAG]
    cleared.later(3_600)
    liar.admit("later")
    assert [code for code, _, _ in set_offs(cleared)] == [Code.SETOFF_MISSING]


def test_a_set_off_applied_twice_is_a_failure(cleared: World) -> None:
    done = cleared.clear()
    logs = logs_of(cleared)
    first = done.terms[0].cycle[0]
    log = logs[first]
    log.applied.append(msgspec.structs.replace(log.applied[0], place=99))
    found = codes(check_set_offs(logs, key_ring(logs.values())))
    assert found == [(Code.SETOFF_TWICE, cleared.by_id(first).name, "entry 99")]


def test_a_certificate_with_a_strange_key_is_a_failure(cleared: World) -> None:
    cleared.clear()
    logs = logs_of(cleared)
    ring = key_ring(logs.values())
    stranger = cleared["Alsace"].id
    ring[stranger] = {0: KeyState(0, [bytes(32)], 1, [bytes(32)], 1)}
    found = check_set_offs(logs, ring)
    # As member and as witness, in each of the three logs.
    assert [finding.code for finding in found] == [Code.SETOFF_KEY] * 6


def test_keys_that_nobody_knows_are_told_once_a_certificate(cleared: World) -> None:
    cleared.clear()
    logs = logs_of(cleared)
    ring = key_ring(logs.values())
    del ring[cleared["Alsace"].id]
    found = check_set_offs(logs, ring)
    assert [finding.code for finding in found] == [Code.KEY_UNKNOWN] * 3


def test_neighbours_tell_the_keys_of_a_cooperative_that_was_not_fetched(cleared: World) -> None:
    ring = key_ring(logs_of(cleared, "Bretagne", "Rhône").values())
    assert list(ring[cleared["Alsace"].id]) == [0]
