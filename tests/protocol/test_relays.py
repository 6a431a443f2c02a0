"""Invoices between cooperatives: whatever arrives when, both books end alike."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import EncodingError, ProtocolError
from protocol.ledger import relays
from protocol.ledger.book import Book
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
from tests.protocol.market import acceptance, cancellation, discharge, identifier, invoice, owe
from tests.protocol.town import AT, ZERO, Cooperative, Member, replayed, seed_of

DO = ["issue", "issue", "accept", "accept", "cancel", "cancel", "pay", "pay"]
ARRIVE = ["tell", "hear", "offer", "answer"]
STEPS = st.tuples(
    st.sampled_from(DO + 2 * ARRIVE), st.integers(0, 30), st.booleans(), st.integers(1, 60)
)


@pytest.fixture
def fair() -> Fair:
    return Fair()


def act(fair: Fair, verb: str, sides: tuple[Member, Member], amount: int, inv: bytes) -> None:
    creditor, debtor = sides
    if verb == "accept":
        fair.sends(debtor, acceptance(debtor, inv))
    elif verb == "cancel":
        who = sides[amount % 2]
        fair.sends(who, cancellation(who, inv))
    else:
        fair.sends(debtor, far_pay(debtor, creditor, amount, inv))


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=60))
def test_in_whatever_order_papers_arrive_both_books_end_alike(
    steps: list[tuple[str, int, bool, int]],
) -> None:
    # Spec 0017: When every paper has arrived, both books MUST state the same of every invoice.
    fair = Fair()
    known: list[tuple[bytes, tuple[Member, Member]]] = []
    for verb, place, is_forth, amount in steps:
        if verb in ARRIVE:
            getattr(fair.forth if is_forth else fair.back, verb)()
        elif verb == "issue":
            pair = (fair.alice, fair.bob) if is_forth else (fair.ben, fair.alice)
            sealed = far_invoice(*pair, amount)
            assert fair.sends(pair[0], sealed) is None
            known.append((identifier(sealed), pair))
        elif known:
            inv, pair = known[place % len(known)]
            act(fair, verb, pair, amount, inv)
    fair.settle()
    assert between(fair.here.book) == between(fair.there.book)
    for home in (fair.here, fair.there):
        assert home.book.sum() == 0
        assert home.book.head.under_way == {} and home.book.head.holds == {}
        assert all(one.held == 0 for one in home.book.head.invoices.values())
        again = replayed(home.log)
        assert again.digest() == home.book.digest()
        sections = [bytearray(section) for section in home.book.accounts.sections()]
        assert Book.load(home.book.dump_head(), sections).digest() == home.book.digest()
    assert fair.here.balance_of(fair.there) == -fair.there.balance_of(fair.here)


def test_an_obligation_is_one_first_where_its_debtor_is(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 500)
    inv = identifier(sealed)
    assert fair.sends(fair.alice, sealed) is None
    assert inv not in fair.there.book.head.invoices
    fair.forth.tell()
    assert fair.sends(fair.bob, acceptance(fair.bob, inv)) is None
    stands = [home.book.head.invoices[inv].accepted for home in (fair.here, fair.there)]
    assert stands == [False, True]
    fair.settle()
    assert fair.here.book.head.invoices[inv].accepted
    assert fair.alice.balance == fair.bob.balance == 0


def test_a_withdrawal_waits_for_the_debtors_book(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 500)
    inv = identifier(sealed)
    assert fair.sends(fair.alice, sealed) is None
    fair.settle()
    assert fair.sends(fair.bob, acceptance(fair.bob, inv)) is None
    assert fair.sends(fair.alice, cancellation(fair.alice, inv)) is None
    assert fair.sends(fair.alice, cancellation(fair.alice, inv)) is Refusal.CANCELLATION_NOTED
    fair.settle()
    # Bob had accepted before he heard of it: the obligation stands, cancelled by one side.
    assert fair.here.book.head.invoices[inv].accepted
    assert between(fair.here.book)[inv][-1] == fair.alice.account
    assert fair.sends(fair.bob, cancellation(fair.bob, inv)) is None
    fair.settle()
    assert between(fair.here.book) == between(fair.there.book) == {}


def test_a_withdrawal_before_the_acceptance_ends_it(fair: Fair) -> None:
    sealed = far_invoice(fair.alice, fair.bob, 500)
    inv = identifier(sealed)
    assert fair.sends(fair.alice, sealed) is None
    assert fair.sends(fair.alice, cancellation(fair.alice, inv)) is None
    assert inv in fair.here.book.head.invoices
    fair.forth.tell()
    fair.forth.tell()
    assert fair.sends(fair.bob, acceptance(fair.bob, inv)) is Refusal.INVOICE_UNKNOWN
    fair.settle()
    assert between(fair.here.book) == {}


def test_a_payment_falls_off_here_when_answered_and_is_counted_before(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 60, inv)) is None
    assert fair.there.book.head.invoices[inv].owed == 100
    more = far_pay(fair.bob, fair.alice, 41, inv)
    assert fair.there.submit(more) is Refusal.MORE_THAN_OWED
    fair.back.offer()
    owed = [home.book.head.invoices[inv].owed for home in (fair.here, fair.there)]
    assert owed == [40, 100]
    fair.settle()
    assert between(fair.here.book) == between(fair.there.book)
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 40, inv)) is None
    fair.settle()
    assert between(fair.here.book) == between(fair.there.book) == {}
    assert fair.alice.balance == 100


def test_a_refused_payment_gives_the_obligation_back(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    limits = fair.here.limits(fair.alice.account, 0, 10)
    assert fair.here.submit(seal(limits, *fair.here.officers[:2])) is None
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 60, inv)) is None
    fair.settle()
    one = fair.there.book.head.invoices[inv]
    assert (one.owed, one.held, fair.bob.balance) == (100, 0, 0)


def test_what_both_cancel_while_a_payment_is_on_its_way_is_gone_in_both(fair: Fair) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 60, inv)) is None
    assert fair.sends(fair.alice, cancellation(fair.alice, inv)) is None
    assert fair.sends(fair.bob, cancellation(fair.bob, inv)) is None
    fair.back.tell()
    assert inv not in fair.here.book.head.invoices
    fair.settle()
    assert between(fair.here.book) == between(fair.there.book) == {}
    # The creditor's book had ended it first: the money comes back.
    assert fair.bob.balance == fair.alice.balance == 0


def test_a_payment_waits_for_the_acceptance(fair: Fair) -> None:
    # Spec 0017: An offer that names an invoice MUST wait for the invoice's acceptance.
    sealed = far_invoice(fair.alice, fair.bob, 100)
    inv = identifier(sealed)
    fair.sends(fair.alice, sealed)
    fair.settle()
    fair.sends(fair.bob, acceptance(fair.bob, inv))
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 100, inv)) is None
    assert not fair.back.offer()
    fair.settle()
    assert (fair.alice.balance, between(fair.there.book)) == (100, {})


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda f, inv: far_pay(f.bob, f.ada, 1, inv), Refusal.NOT_A_PARTY),
        (lambda f, inv: far_pay(f.ben, f.alice, 1, inv), Refusal.NOT_A_PARTY),
        (lambda f, inv: far_pay(f.bob, f.alice, 1, ZERO), Refusal.INVOICE_UNKNOWN),
        (lambda f, inv: far_pay(f.bob, f.alice, 101, inv), Refusal.MORE_THAN_OWED),
        (lambda f, inv: acceptance(f.ben, inv), Refusal.NOT_A_PARTY),
        (lambda f, inv: cancellation(f.ben, inv), Refusal.NOT_A_PARTY),
        (
            lambda f, inv: discharge(f.there, {inv: 1}, {f.bob.account: 0, f.ben.account: 0}),
            Refusal.NOT_A_PARTY,
        ),
    ],
)
def test_what_is_of_others_is_refused_at_home(
    fair: Fair, make: Callable[[Fair, bytes], bytes], refusal: Refusal
) -> None:
    inv = fair.owe(fair.bob, fair.alice, 100)
    assert fair.there.submit(make(fair, inv)) is refusal


def test_an_invoice_goes_only_where_there_is_a_line(fair: Fair) -> None:
    far = Cooperative("alsace")
    sealed = far_invoice(fair.alice, far.admit("carol"), 5)
    assert fair.here.submit(sealed) is Refusal.LINE_UNKNOWN
    own = invoice(fair.alice, fair.ada, 5, coop=fair.here.id)
    assert fair.here.submit(own) is Refusal.LINE_UNKNOWN


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
