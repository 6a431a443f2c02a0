"""An invoice between two cooperatives stands alike in both logs, or is on its way, or one lies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.findings import NOTICES, Code, Finding
from federation.ledger_audit import audit_log
from federation.log_report import LogReport
from federation.mirrors import check_pairs
from federation.relay_mirrors import check_relays
from protocol.envelope import open_any, seal
from protocol.kinds import LOGGED
from protocol.messages.relaying import Relay
from tests.protocol.fair import Fair, acknowledge, acknowledge_as, far_invoice, far_pay, relay_of
from tests.protocol.market import cancellation, identifier
from tests.protocol.test_relays import STEPS, play
from tests.protocol.town import AT, ZERO, Cooperative, Member

LATER = AT + 3_600


@pytest.fixture
def fair() -> Fair:
    return Fair()


def audited(home: Cooperative, entries: int | None = None) -> LogReport:
    return audit_log([(at, ZERO, sealed) for at, sealed in home.log[:entries]])


def findings_of(*reports: LogReport) -> list[Finding]:
    logs = {report.cooperative: report for report in reports}
    return [*check_relays(logs), *(one for report in reports for one in report.findings)]


def codes(fair: Fair) -> list[tuple[Code, str, str]]:
    found = findings_of(audited(fair.here), audited(fair.there))
    return [(one.code, one.node, one.record) for one in found]


def entry(home: Cooperative, back: int = 1) -> str:
    return f"entry {len(home.log) - back}"


def forge(fair: Fair, sealed: bytes, prev: bytes = ZERO, seq: int = 1) -> None:
    """Let Bretagne's node tell Rhône of a document that has no right to be told."""
    relay = Relay(
        by=fair.here.id, doc=sealed, exp=AT, iat=AT, kev=0, net=fair.here.charter.net, prev=prev,
        seq=seq, to=fair.there.id,
    )  # fmt: skip
    assert fair.there.submit(acknowledge(fair.there, seal(relay, *fair.here.node))) is None


def go_on(member: Member) -> None:
    """Let the log of a member's cooperative have an entry of much later."""
    change = member.home.limits(member.account, 1, 1, iat=LATER, exp=LATER)
    assert member.home.submit(seal(change, *member.home.officers[:2]), LATER) is None


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=50), st.integers(0, 100), st.integers(0, 100))
def test_two_honest_logs_fetched_at_any_time_have_no_failure(
    steps: list[tuple[str, int, bool, int]], cut_here: int, cut_there: int
) -> None:
    fair = Fair()
    play(fair, steps)
    least = 4
    cuts = [least + cut % (len(home.log) - least + 1)
            for home, cut in ((fair.here, cut_here), (fair.there, cut_there))]  # fmt: skip
    for here, there in (cuts, (None, None), (cuts[0], None), (None, cuts[1])):
        reports = audited(fair.here, here), audited(fair.there, there)
        logs = {report.cooperative: report for report in reports}
        found = [*findings_of(*reports), *check_pairs(logs)]
        assert {one.code for one in found} <= NOTICES
    fair.settle()
    assert codes(fair) == []


def test_what_has_arrived_everywhere_is_no_finding(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 40, inv))
    fair.sends(fair.alice, cancellation(fair.alice, inv))
    fair.settle()
    report = audited(fair.here)
    assert codes(fair) == []
    assert report.far.sides[fair.there.id].standing[inv].owed == 60
    # The signatures of relay and document inside are counted too.
    plain = sum(len(open_any(sealed, LOGGED).signers) for _, sealed in fair.here.log)
    assert report.signatures > plain + 2 * 3


def test_what_is_on_its_way_is_late(fair: Fair) -> None:
    fair.sends(fair.alice, far_invoice(fair.alice, fair.bob, 100))
    assert codes(fair) == [(Code.RELAY_LAG, "bretagne", entry(fair.here))]
    fair.forth.tell()
    assert [code for code, _, _ in codes(fair)] == [Code.RELAY_LAG]
    fair.forth.hear()
    assert codes(fair) == []


def test_a_pair_of_which_a_log_is_absent_or_unsound_is_left_to_the_mirrors(fair: Fair) -> None:
    fair.owe(fair.bob, fair.alice, 100)
    assert findings_of(audited(fair.here)) == []
    fair.there.log.append((AT, b"junk"))
    assert [code for code, _, _ in codes(fair)] == [Code.ENTRY_ENCODING]


def test_a_relayed_document_that_its_log_does_not_have_is_a_failure(fair: Fair) -> None:
    # Bretagne's node tells Rhône of an invoice that alice never signed into its log.
    forge(fair, far_invoice(fair.alice, fair.bob, 777))
    place = entry(fair.there)
    assert Code.RELAY_UNLOGGED not in [code for code, _, _ in codes(fair)]
    # Another document stands under that number.
    fair.here.submit(far_invoice(fair.alice, fair.bob, 5))
    assert (Code.RELAY_UNLOGGED, "rhone", place) in codes(fair)


def test_a_forged_document_is_found_when_the_log_went_on(fair: Fair) -> None:
    forge(fair, far_invoice(fair.alice, fair.bob, 777))
    go_on(fair.alice)
    assert codes(fair) == [(Code.RELAY_UNLOGGED, "rhone", entry(fair.there))]


def test_one_document_told_twice_is_a_failure(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    fair.sends(fair.alice, sealed)
    fair.settle()
    fair.sends(fair.bob, cancellation(fair.bob, identifier(sealed)))
    fair.settle()
    state = fair.there.book.correspondent(fair.here.id)
    assert state is not None
    forge(fair, sealed, state[1].hhead, 2)
    go_on(fair.alice)
    assert codes(fair) == [(Code.RELAY_UNLOGGED, "rhone", entry(fair.there))]


def test_a_document_that_is_left_out_is_a_failure(fair: Fair) -> None:
    # Bretagne's node keeps its first document from Rhône, and gives its number to the second.
    hidden, shown = (far_invoice(fair.alice, fair.bob, amount) for amount in (5, 6))
    assert fair.here.submit(hidden) is None
    assert fair.here.submit(shown) is None
    relay = relay_of(fair.here, shown, seq=1)
    assert fair.there.submit(acknowledge(fair.there, seal(relay, *fair.here.node))) is None
    assert codes(fair) == [(Code.RELAY_UNLOGGED, "rhone", entry(fair.there))]


def test_two_acknowledgements_of_one_relay_are_a_failure(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert fair.here.submit(sealed) is None
    relay = seal(relay_of(fair.here, sealed), *fair.here.node)
    # Rhône tells Bretagne that bob is unknown, and writes that he is asked.
    assert fair.here.submit(acknowledge_as(fair.there, relay, 35)) is None
    assert fair.there.submit(acknowledge(fair.there, relay)) is None
    assert codes(fair) == [(Code.RELAY_ANSWER, "bretagne", entry(fair.here))]


def test_an_acknowledgement_that_its_own_log_left_out_is_a_failure(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert fair.here.submit(sealed) is None
    relay = seal(relay_of(fair.here, sealed), *fair.here.node)
    assert fair.here.submit(acknowledge(fair.there, relay)) is None
    assert {code for code, _, _ in codes(fair)} <= NOTICES
    go_on(fair.bob)
    assert codes(fair) == [(Code.RELAY_WITHHELD, "bretagne", entry(fair.here))]


def test_an_obligation_on_one_side_alone_is_a_failure(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    here, there = audited(fair.here), audited(fair.there)
    del here.far.sides[fair.there.id].standing[inv]
    (found,) = findings_of(here, there)
    first = min((here, there), key=lambda report: report.cooperative)
    assert (found.code, found.record) == (Code.MIRROR_INVOICE, f"invoice {inv[:4].hex()}")
    assert found.node == first.name
    assert {found.fields["here"], found.fields["there"]} == {0, 100}


def test_two_amounts_of_one_obligation_are_a_failure(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    here, there = audited(fair.here), audited(fair.there)
    standing = there.far.sides[fair.here.id].standing
    standing[inv] = standing[inv]._replace(owed=99)
    assert [one.code for one in findings_of(here, there)] == [Code.MIRROR_INVOICE]


def test_a_verdict_against_the_rules_stands_in_no_sound_log(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    assert fair.here.submit(cancellation(fair.alice, inv)) is None
    (sealed,) = [one for _, one in fair.here.log[-1:]]
    relay = seal(relay_of(fair.here, sealed), *fair.here.node)
    lie = acknowledge_as(fair.there, relay, 0, ends=True)
    fair.there.log.append((AT, lie))
    report = audited(fair.there)
    assert [(one.code, one.fields["refusal"]) for one in report.findings] == [
        (Code.ENTRY_REFUSED, "VERDICT_WRONG")
    ]


def test_a_number_used_twice_stands_in_no_sound_log(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    fair.sends(fair.alice, sealed)
    fair.settle()
    fair.there.log.append(fair.there.log[-1])
    report = audited(fair.there)
    assert [(one.code, one.fields["refusal"]) for one in report.findings] == [
        (Code.ENTRY_REFUSED, "RELAY_NOT_NEXT")
    ]
