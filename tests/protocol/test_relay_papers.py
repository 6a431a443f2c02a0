"""Relays and acknowledgements that do not fit: forged, out of place, of others, too many."""

from typing import Any

import pytest
from msgspec.structs import replace

from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import EncodingError, ProtocolError
from protocol.kinds import LOGGED
from protocol.ledger import relays
from protocol.ledger.refusals import Refusal
from protocol.messages.peering import Answer
from protocol.messages.relaying import Acknowledgement, Relay
from tests.protocol.fair import (
    Direction,
    Fair,
    acknowledge,
    acknowledge_as,
    between,
    far_invoice,
    far_pay,
    relay_of,
)
from tests.protocol.market import acceptance, cancellation, identifier, owe
from tests.protocol.town import AT, ZERO, Cooperative, seed_of


@pytest.fixture
def fair() -> Fair:
    return Fair()


def answered(way: Direction, sealed: bytes, **changes: Any) -> int:
    """Let a forged relay be acknowledged and return the reason that is given."""
    fields: dict[str, Any] = {
        "by": way.sender.id, "doc": sealed, "exp": AT, "iat": AT, "kev": 0,
        "net": way.sender.charter.net, "prev": ZERO, "seq": 1, "to": way.reader.id,
    }  # fmt: skip
    relay = Relay(**fields | changes)
    answer = acknowledge(way.reader, seal(relay, *way.sender.node))
    assert way.reader.submit(answer) is None
    return open_sealed(answer, Acknowledgement).document.why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"net": ZERO}, Refusal.WRONG_NETWORK),
        ({"home": ZERO}, Refusal.WRONG_COOPERATIVE),
        ({"coop": ZERO}, Refusal.WRONG_COOPERATIVE),
        ({"unit": "EUR"}, Refusal.WRONG_UNIT),
        ({"debtor": bytes(16)}, Refusal.DEBTOR_UNKNOWN),
    ],
)
def test_an_invoice_that_the_debtors_book_refuses_ends_at_home(
    fair: Fair, change: dict[str, Any], why: Refusal
) -> None:
    assert answered(fair.forth, far_invoice(fair.alice, fair.bob, 5, **change)) == why
    assert between(fair.there.book) == {}
    if "debtor" not in change:
        return
    other = Fair()
    sealed = far_invoice(other.alice, other.bob, 5, **change)
    assert other.sends(other.alice, sealed) is None
    other.settle()
    assert between(other.here.book) == {}
    slot = other.here.book.accounts.find(other.alice.account)
    assert other.here.book.invoices.waiting(slot) == 0


def test_a_relay_of_what_is_open_already_changes_nothing(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert answered(fair.forth, sealed) == 0
    state = fair.there.book.correspondent(fair.here.id)
    assert state is not None
    relay = Relay(
        by=fair.here.id, doc=sealed, exp=AT, iat=AT, kev=0, net=fair.here.charter.net,
        prev=state[1].hhead, seq=2, to=fair.there.id,
    )  # fmt: skip
    opened = open_sealed(seal(relay, *fair.here.node), Relay)
    assert relays.check_relay(fair.there.book, opened) is Refusal.INVOICE_KNOWN


def test_a_neighbour_cannot_fill_a_book(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    # Spec 0017: A book MUST NOT have more than 4,096 waiting invoices from one other cooperative.
    assert relays.WAITING_ABROAD_MAX == 4_096
    monkeypatch.setattr(relays, "WAITING_ABROAD_MAX", 3)
    for _ in range(5):
        assert fair.sends(fair.alice, far_invoice(fair.alice, fair.bob, 5)) is None
    fair.settle()
    assert len(between(fair.here.book)) == len(between(fair.there.book)) == 3


@pytest.mark.parametrize("other", ["acceptance", "cancellation"])
def test_a_neighbour_speaks_for_its_own_members_only(fair: Fair, other: str) -> None:
    inv = fair.owe(fair.bob, fair.alice, 5)
    waiting = far_invoice(fair.bob, fair.alice, 5)
    fair.sends(fair.bob, waiting)
    fair.settle()
    state = fair.there.book.correspondent(fair.here.id)
    assert state is not None
    place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
    make = acceptance if other == "acceptance" else cancellation
    # Ada is no side; and alice, the creditor, cannot accept what bob owes.
    assert answered(fair.forth, make(fair.ada, inv), **place) == Refusal.NOT_A_PARTY
    place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
    assert answered(fair.forth, make(fair.ada, ZERO), **place) == Refusal.INVOICE_UNKNOWN
    if other == "acceptance":
        place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
        assert answered(fair.forth, make(fair.alice, inv), **place) == Refusal.NOT_A_PARTY
        place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
        mine = acceptance(fair.alice, identifier(waiting))
        assert answered(fair.forth, mine, **place) == 0
        place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
        mine = acceptance(fair.alice, identifier(waiting))
        assert answered(fair.forth, mine, **place) == Refusal.ALREADY_ACCEPTED
    else:
        place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
        assert answered(fair.forth, make(fair.alice, inv), **place) == 0
        place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
        twice = answered(fair.forth, make(fair.alice, inv), **place)
        assert twice == Refusal.CANCELLATION_NOTED


def test_local_invoices_are_out_of_a_neighbours_reach(fair: Fair) -> None:
    inv = owe(fair.bob, fair.ben, 5)
    assert answered(fair.forth, cancellation(fair.alice, inv)) == Refusal.NOT_A_PARTY
    assert fair.there.book.head.invoices[inv].accepted


def test_a_relay_carries_members_documents_about_invoices_only(fair: Fair) -> None:
    order = far_pay(fair.alice, fair.bob, 1)
    with pytest.raises(ProtocolError):
        answered(fair.forth, order)
    with pytest.raises(EncodingError):
        answered(fair.forth, b"\x00")


STRANGER = [seed_of("stranger")]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"net": ZERO}, Refusal.WRONG_NETWORK),
        ({"to": ZERO}, Refusal.WRONG_COOPERATIVE),
        ({"by": ZERO}, Refusal.LINE_UNKNOWN),
        ({"kev": 1}, Refusal.KEY_EVENT_NOT_CURRENT),
        ({"seq": 2}, Refusal.RELAY_NOT_NEXT),
        ({"seq": 0}, Refusal.RELAY_NOT_NEXT),
        ({"prev": b"\x01" * 32}, Refusal.RELAY_NOT_NEXT),
    ],
)
def test_a_relay_out_of_place_cannot_be_acknowledged(
    fair: Fair, change: dict[str, Any], refusal: Refusal
) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert fair.here.submit(sealed) is None
    relay = relay_of(fair.here, sealed, **change)
    opened = open_sealed(seal(relay, *fair.here.node), Relay)
    assert relays.check_relay(fair.there.book, opened) is refusal
    forged = open_sealed(seal(relay_of(fair.here, sealed), *STRANGER), Relay)
    assert relays.check_relay(fair.there.book, forged) is Refusal.SIGNER_NOT_ALLOWED


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"net": ZERO}, Refusal.WRONG_NETWORK),
        ({"by": ZERO}, Refusal.RELAY_UNKNOWN),
        ({"seq": 7}, Refusal.RELAY_UNKNOWN),
        ({"why": 38}, Refusal.VERDICT_WRONG),
        ({"ends": True}, Refusal.VERDICT_WRONG),
        ({"kev": 3}, Refusal.KEY_EVENT_NOT_CURRENT),
        ({"seeds": STRANGER}, Refusal.SIGNER_NOT_ALLOWED),
    ],
)
def test_an_acknowledgement_is_the_verdict_of_the_rules(
    fair: Fair, change: dict[str, Any], refusal: Refusal
) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert fair.here.submit(sealed) is None
    relay = seal(relay_of(fair.here, sealed), *fair.here.node)
    wrong = acknowledge(fair.there, relay, **change)
    assert fair.there.submit(wrong) is refusal
    right = acknowledge(fair.there, relay)
    assert fair.there.submit(right) is None
    assert fair.there.submit(right) is Refusal.RELAY_NOT_NEXT


def test_an_acknowledgement_of_what_was_not_sent_is_refused(fair: Fair) -> None:
    first, second = (far_invoice(fair.alice, fair.bob, amount) for amount in (5, 6))
    assert fair.here.submit(first) is None
    alone = relay_of(fair.here, first)
    assert fair.here.submit(second) is None
    strange = far_invoice(fair.alice, fair.bob, 7)
    samples = [
        (replace(alone, doc=strange), Refusal.RELAY_UNKNOWN),
        (replace(alone, doc=second), Refusal.RELAY_UNKNOWN),
        (relay_of(fair.here, second), Refusal.RELAY_NOT_NEXT),
        (replace(alone, prev=b"\x01" * 32), Refusal.RELAY_NOT_NEXT),
        (replace(alone, kev=9), Refusal.KEY_EVENT_NOT_CURRENT),
    ]
    for relay, refusal in samples:
        answer = acknowledge_as(fair.there, seal(relay, *fair.here.node), 0)
        assert fair.here.submit(answer) is refusal
    by_stranger = acknowledge_as(fair.there, seal(alone, *fair.here.node), 0, seeds=STRANGER)
    assert fair.here.submit(by_stranger) is Refusal.SIGNER_NOT_ALLOWED
    nobody = Cooperative("alsace")
    lost = replace(alone, to=nobody.id)
    answer = acknowledge_as(nobody, seal(lost, *fair.here.node), 0)
    assert fair.here.submit(answer) is Refusal.LINE_UNKNOWN
    assert nobody.submit(answer) is Refusal.LINE_UNKNOWN
    assert Cooperative("lorraine").submit(answer) is Refusal.WRONG_COOPERATIVE


def test_an_acceptance_at_home_cannot_come_from_the_creditor(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 5)
    fair.sends(fair.alice, sealed)
    fair.settle()
    inv = open_any(sealed, relays.RELAYED).id
    assert fair.here.submit(acceptance(fair.alice, inv)) is Refusal.NOT_A_PARTY
    assert fair.there.submit(far_pay(fair.bob, fair.alice, 1, inv)) is Refusal.NOT_ACCEPTED


def test_an_offer_cannot_pay_more_or_what_is_anothers(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 10)
    other = fair.owe(fair.alice, fair.bob, 10)
    reasons = []
    # What a lying debtor's node might offer: more than is owed, or an invoice of another pair.
    for payee, amount, named in (
        (fair.alice, 11, inv), (fair.ada, 1, inv), (fair.alice, 1, other), (fair.alice, 1, ZERO)
    ):  # fmt: skip
        order = far_pay(fair.bob, payee, amount)
        answer = fair.here.answer(fair.there.offer(order, inv=named))
        assert fair.here.submit(answer) is None
        reasons.append(open_sealed(answer, Answer).document.why)
    assert reasons == [43, 39, 39, 38]


def test_an_answer_leaves_an_invoice_alone_that_was_told_again_meanwhile(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    (sealed,) = [one for _, one in fair.here.log if open_any(one, LOGGED).id == inv]
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 60, inv)) is None
    for who in (fair.alice, fair.bob):
        assert fair.sends(who, cancellation(who, inv)) is None
    fair.forth.tell()
    fair.back.tell()
    # Bretagne's node tells of the same invoice once more, and bob accepts it once more.
    state = fair.there.book.correspondent(fair.here.id)
    assert state is not None
    place = {"seq": state[1].heard + 1, "prev": state[1].hhead}
    assert answered(fair.forth, sealed, **place) == 0
    assert fair.sends(fair.bob, acceptance(fair.bob, inv)) is None
    fair.back.offer()
    fair.back.answer()
    one = fair.there.book.head.invoices[inv]
    assert (one.owed, one.held, fair.bob.balance) == (100, 0, 0)
