"""A payment between neighbours ends in both books alike, in whatever order the papers arrive."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.envelope import open_any, open_sealed, seal
from protocol.kinds import LOGGED
from protocol.ledger.correspondents import check_offer, offer_verdict
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Leg
from protocol.messages.peering import Offer
from tests.protocol.town import AT, ZERO, Cooperative, changed, connect, replayed

SUSPENSE = 1


class Pair:
    """Two connected cooperatives, a payer and a payee on each side."""

    def __init__(self, one_limit: int = 1_000, two_limit: int = 1_000) -> None:
        self.home, self.peer = Cooperative("bretagne"), Cooperative("rhone")
        connect(self.home, self.peer, one_limit, two_limit)
        self.alice = self.home.admit("alice")
        self.bob = self.peer.admit("bob", ceil=5_000)

    def held(self, amount: int) -> bytes:
        """Hold an order of alice to bob and return the offer for it."""
        order = self.alice.pay((self.bob, amount))
        assert self.home.submit(order) is None
        return self.home.offer(order)

    def answer_in_both(self, answer: bytes) -> None:
        """Enter an answer in both books."""
        assert self.peer.submit(answer) is None
        assert self.home.submit(answer) is None


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_an_accepted_payment_stands_in_both_books_as_mirrors(pair: Pair) -> None:
    offer = pair.held(250)
    accounts = pair.home.book.accounts
    assert (pair.alice.balance, accounts.balance[SUSPENSE]) == (-250, 250)
    assert pair.home.balance_of(pair.peer) == 0
    pair.answer_in_both(pair.peer.answer(offer))
    assert (pair.alice.balance, accounts.balance[SUSPENSE], pair.bob.balance) == (-250, 0, 250)
    assert pair.home.balance_of(pair.peer) == 250
    assert pair.peer.balance_of(pair.home) == -250


def test_a_refused_payment_releases_the_hold(pair: Pair) -> None:
    order = pair.alice.order(Leg(bytes(16), 250, pair.peer.id))
    sealed = seal(order, *pair.alice.seeds)
    assert pair.home.submit(sealed) is None
    pair.answer_in_both(pair.peer.answer(pair.home.offer(sealed)))
    assert (pair.alice.balance, pair.home.book.accounts.balance[SUSPENSE]) == (0, 0)
    assert pair.home.balance_of(pair.peer) == pair.peer.balance_of(pair.home) == 0
    assert pair.home.book.head.holds == {}


def test_what_is_held_counts_against_the_line(pair: Pair) -> None:
    # Spec 0011: A new increase MUST fit under the ceiling together with all reserved increases.
    pair.held(600)
    assert pair.home.submit(pair.alice.pay((pair.bob, 401))) is Refusal.LINE_LIMIT_EXCEEDED
    pair.held(400)
    assert pair.home.submit(pair.alice.pay((pair.bob, 1))) is Refusal.LINE_LIMIT_EXCEEDED


@pytest.mark.parametrize(("change", "at", "verdict"), [
    ({}, AT, 0),
    ({"iat": AT + 301}, AT, Refusal.NOT_YET_VALID),
    ({}, AT + 601, Refusal.EXPIRED),
    ({"exp": AT + 32 * 86_400}, AT, Refusal.VALIDITY_TOO_LONG),
    ({"unit": "EUR"}, AT, Refusal.WRONG_UNIT),
    ({"acct": bytes(16)}, AT, Refusal.PAYEE_UNKNOWN),
    ({"acct": "suspense"}, AT, Refusal.PAYEE_UNKNOWN),
    ({"amt": 5_001}, AT, Refusal.CEILING_EXCEEDED),
    ({"amt": 1_001}, AT, Refusal.LINE_LIMIT_EXCEEDED),
])  # fmt: skip
def test_the_verdict_is_that_of_the_payee_s_rules(
    pair: Pair, change: dict[str, Any], at: int, verdict: int
) -> None:
    if change.get("acct") == "suspense":
        change = {"acct": pair.peer.book.accounts.identifier(SUSPENSE)}
    order = pair.alice.pay((pair.bob, 10))
    offer = pair.home.offer(order, **change)
    for why in (0, Refusal.CEILING_EXCEEDED, Refusal.WRONG_UNIT):
        if why != verdict:
            wrong = pair.peer.answer_as(offer, why, at)
            assert pair.peer.submit(wrong, at) is Refusal.VERDICT_WRONG
    assert pair.peer.submit(pair.peer.answer_as(offer, verdict, at), at) is None
    assert pair.bob.balance == (0 if verdict else 10)


def test_offers_are_answered_in_their_order(pair: Pair) -> None:
    first, second = pair.held(10), pair.held(20)
    early = pair.peer.answer_as(second, 0)
    assert pair.peer.submit(early) is Refusal.OFFER_NOT_NEXT
    answers = []
    for offer in (first, second):
        answers.append(pair.peer.answer(offer))
        assert pair.peer.submit(answers[-1]) is None
        assert pair.peer.submit(answers[-1]) is Refusal.OFFER_NOT_NEXT
    assert pair.home.submit(answers[1]) is Refusal.OFFER_NOT_NEXT
    for answer in answers:
        assert pair.home.submit(answer) is None
        assert pair.home.submit(answer) is Refusal.OFFER_UNKNOWN
    assert pair.home.balance_of(pair.peer) == 30


def test_an_offer_that_tells_another_past_is_not_next(pair: Pair) -> None:
    pair.answer_in_both(pair.peer.answer(pair.held(10)))
    order = pair.alice.pay((pair.bob, 5))
    for change in ({"prev": ZERO}, {"seq": 3}, {"seq": 1}):
        offer = pair.home.offer(order, **change)
        assert pair.peer.submit(pair.peer.answer_as(offer, 0)) is Refusal.OFFER_NOT_NEXT
        pair.home.offers[pair.peer.id].pop()


def test_an_offer_is_checked_before_it_is_answered(pair: Pair) -> None:
    far = Cooperative("alsace")
    order = pair.alice.pay((pair.bob, 5))
    offer = open_sealed(pair.home.offer(order), Offer).document
    for change, seeds, refusal in (
        ({"net": ZERO, "to": ZERO}, pair.home.node, Refusal.WRONG_NETWORK),
        ({"to": far.id, "by": far.id}, pair.home.node, Refusal.WRONG_COOPERATIVE),
        ({"by": far.id, "kev": 3}, far.node, Refusal.LINE_UNKNOWN),
        ({"kev": 3, "seq": 9}, far.node, Refusal.KEY_EVENT_NOT_CURRENT),
        ({"seq": 9}, far.node, Refusal.SIGNER_NOT_ALLOWED),
        ({"seq": 9}, pair.home.node, Refusal.OFFER_NOT_NEXT),
    ):
        sealed = seal(changed(offer, **change), *seeds)
        assert check_offer(pair.peer.book, open_sealed(sealed, Offer)) is refusal
        if refusal > Refusal.WRONG_COOPERATIVE:
            assert pair.peer.submit(pair.peer.answer_as(sealed, 0)) is refusal


def test_an_answer_comes_from_the_cooperative_that_was_asked(pair: Pair) -> None:
    far = Cooperative("alsace")
    offer = pair.held(10)
    good = pair.peer.answer_as(offer, 0)
    document = open_any(good, LOGGED).document
    for coop, change, seeds, refusal in (
        (pair.peer, {"net": ZERO}, pair.peer.node, Refusal.WRONG_NETWORK),
        (far, {}, pair.peer.node, Refusal.WRONG_COOPERATIVE),
        (pair.home, {"by": far.id}, far.node, Refusal.OFFER_UNKNOWN),
        (pair.peer, {"seq": 2}, pair.peer.node, Refusal.OFFER_UNKNOWN),
        (pair.peer, {"kev": 1}, pair.peer.node, Refusal.KEY_EVENT_NOT_CURRENT),
        (pair.peer, {}, pair.home.node, Refusal.SIGNER_NOT_ALLOWED),
        (pair.home, {"kev": 1}, pair.peer.node, Refusal.KEY_EVENT_NOT_CURRENT),
        (pair.home, {}, pair.home.node, Refusal.SIGNER_NOT_ALLOWED),
    ):
        sealed = seal(changed(document, **change), *seeds)
        assert coop.submit(sealed) is refusal


def test_an_answer_to_an_offer_that_we_did_not_make_is_refused(pair: Pair) -> None:
    far = Cooperative("alsace")
    offer = open_sealed(pair.held(10), Offer).document
    forged = seal(changed(offer, amt=9), *pair.home.node)
    assert pair.home.submit(pair.peer.answer_as(forged, 0)) is Refusal.OFFER_UNKNOWN
    forged = seal(offer, *pair.peer.node)
    assert pair.home.submit(pair.peer.answer_as(forged, 0)) is Refusal.SIGNER_NOT_ALLOWED
    to_far = seal(changed(offer, to=far.id), *pair.home.node)
    assert pair.home.submit(far.answer_as(to_far, 0)) is Refusal.LINE_UNKNOWN


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 900)), max_size=40)


@settings(max_examples=60)
@given(STEPS, st.randoms(use_true_random=False))
def test_books_are_mirrors_when_all_has_arrived_in_whatever_order(
    steps: list[tuple[int, int]], dice: Any
) -> None:
    pair = Pair(800, 600)
    carol = pair.home.admit("carol", ceil=700)
    dan = pair.peer.admit("dan", climit=900)
    sides = [(pair.home, pair.alice, pair.peer, pair.bob), (pair.peer, dan, pair.home, carol)]
    offers: list[list[bytes]] = [[], []]
    answers: list[list[bytes]] = [[], []]

    def deliver(side: int) -> None:
        sender = sides[side][0]
        dice.shuffle(answers[side])
        kept = [a for a in answers[side] if sender.submit(a) is Refusal.OFFER_NOT_NEXT]
        answers[side] = kept

    def accept(side: int) -> None:
        receiver = sides[side][2]
        answer = receiver.answer(offers[side].pop(0))
        assert receiver.submit(answer) is None
        answers[side].append(answer)

    for verb, amount in steps:
        side = amount % 2
        sender, payer, _, payee = sides[side]
        if verb < 2:
            order = payer.pay((payee, amount))
            if sender.submit(order) is None:
                offers[side].append(sender.offer(order))
        elif verb == 2 and offers[side]:
            accept(side)
        elif verb == 3:
            deliver(side)
        for coop in (pair.home, pair.peer):
            held = sum(hold.amount for hold in coop.book.head.holds.values())
            assert coop.book.accounts.balance[SUSPENSE] == held
            assert coop.book.sum() == 0
    for side in (0, 1):
        while offers[side]:
            accept(side)
        while answers[side]:
            deliver(side)
    assert pair.home.balance_of(pair.peer) == -pair.peer.balance_of(pair.home)
    assert -600 <= pair.home.balance_of(pair.peer) <= 800
    for coop in (pair.home, pair.peer):
        assert coop.book.accounts.balance[SUSPENSE] == 0
        assert all(state.up == state.down == 0 for state in coop.book.head.correspondents.values())
        assert replayed(coop.log).digest() == coop.book.digest()


def test_reserved_amounts_are_out_of_reach_of_offers(pair: Pair) -> None:
    # Spec 0011: A new reduction MUST fit above minus the credit limit together with all reserved
    # reductions.
    line = pair.peer.book.correspondent(pair.home.id)
    assert line is not None
    offer = open_sealed(pair.held(10), Offer).document
    assert offer_verdict(pair.peer.book, line[0], offer, AT) is None
    line[1].down = 991
    verdict = offer_verdict(pair.peer.book, line[0], offer, AT)
    assert verdict is Refusal.LINE_LIMIT_EXCEEDED
