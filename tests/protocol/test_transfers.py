"""An order moves whole amounts from one payer to its payees, within both limits, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.envelope import seal
from protocol.identifiers import correspondent_account, reserved_account
from protocol.ledger.book import WINDOW_BITS
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Leg
from tests.protocol.town import Cooperative, changed, connect, replayed


@pytest.fixture
def home() -> Cooperative:
    return Cooperative("bretagne")


def test_limits_are_reached_exactly_and_never_passed(home: Cooperative) -> None:
    alice, bob = home.admit("alice", climit=100), home.admit("bob", ceil=150)
    assert home.submit(alice.pay((bob, 101))) is Refusal.CREDIT_LIMIT_EXCEEDED
    assert home.submit(alice.pay((bob, 100))) is None
    assert home.submit(alice.pay((bob, 1))) is Refusal.CREDIT_LIMIT_EXCEEDED
    carol = home.admit("carol")
    assert home.submit(carol.pay((bob, 51))) is Refusal.CEILING_EXCEEDED
    assert home.submit(carol.pay((bob, 50))) is None
    assert (alice.balance, bob.balance, carol.balance) == (-100, 150, -50)


def test_several_legs_to_one_payee_count_together(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob", ceil=10)
    assert home.submit(alice.pay((bob, 6), (bob, 5))) is Refusal.CEILING_EXCEEDED
    assert home.submit(alice.pay((bob, 6), (bob, 4))) is None
    assert bob.balance == 10


def test_one_bad_leg_of_a_thousand_stops_them_all(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    good = [Leg(bob.account, 1)] * 999
    bad = seal(alice.order(*good, Leg(bytes(16), 1)), *alice.seeds)
    before = home.book.digest()
    assert home.submit(bad) is Refusal.PAYEE_UNKNOWN
    assert home.book.digest() == before
    assert home.submit(seal(alice.order(*good, Leg(bob.account, 2)), *alice.seeds)) is None
    assert bob.balance == 1_001


def test_the_cooperative_itself_pays_and_is_paid(home: Cooperative) -> None:
    alice = home.admit("alice")
    own = reserved_account("cooperative")
    assert home.submit(seal(alice.order(Leg(own, 70)), *alice.seeds)) is None
    wages = changed(alice.order(Leg(alice.account, 20)), by=own, seq=900)
    assert home.submit(seal(wages, *alice.seeds)) is Refusal.SIGNER_NOT_ALLOWED
    assert home.submit(seal(wages, *home.node)) is None
    assert (alice.balance, home.book.accounts.balance[0]) == (-50, 50)
    limits = home.limits(own, 5, 10_000, seq=901)
    assert home.submit(seal(limits, *home.officers)) is None
    assert home.book.accounts.credit_limit[0] == 5


def test_a_suspense_or_correspondent_account_is_no_payee(home: Cooperative) -> None:
    peer = Cooperative("rhone")
    connect(home, peer, 1_000, 1_000)
    alice = home.admit("alice")
    for account in (reserved_account("suspense"), correspondent_account(peer.id)):
        order = seal(alice.order(Leg(account, 1)), *alice.seeds)
        assert home.submit(order) is Refusal.PAYEE_UNKNOWN


def test_a_neighbour_s_keys_order_nothing_from_its_account_in_our_book(home: Cooperative) -> None:
    peer = Cooperative("rhone")
    connect(home, peer, 1_000, 1_000)
    alice = home.admit("alice")
    # The neighbour's node would owe us by its own word alone, and its book would not show it.
    for account in (correspondent_account(peer.id), reserved_account("suspense")):
        order = changed(alice.order(Leg(alice.account, 10)), by=account)
        assert home.submit(seal(order, *peer.node)) is Refusal.AUTHOR_UNKNOWN


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60))
def test_each_number_of_an_author_counts_once_whatever_their_order(numbers: list[int]) -> None:
    home = Cooperative("bretagne")
    alice, bob = home.admit("alice"), home.admit("bob")
    used: set[int] = set()
    for number in numbers:
        refusal = home.submit(alice.pay((bob, 1), seq=number))
        highest = max(used, default=0)
        if number in used or (number <= highest - WINDOW_BITS):
            assert refusal is Refusal.SEQUENCE_USED
        else:
            assert refusal is None
            used.add(number)
    assert bob.balance == len(used)


def test_a_number_may_come_late_by_less_than_the_window(home: Cooperative) -> None:
    # Spec 0006: The node MUST refuse a number 64 or more below the highest one.
    # Spec 0006: The node MUST refuse a number more than 1,000,000 above the highest one.
    alice, bob = home.admit("alice"), home.admit("bob")
    for number, refusal in (
        (100, None), (37, None), (36, Refusal.SEQUENCE_USED), (37, Refusal.SEQUENCE_USED),
        (1_000_100, None), (1_000_099, None), (100, Refusal.SEQUENCE_USED),
        (2_000_101, Refusal.SEQUENCE_TOO_FAR), (1_000_163, None),
        (1_000_100, Refusal.SEQUENCE_USED),
        (1_000_101, None), (1_000_099, Refusal.SEQUENCE_USED),
    ):  # fmt: skip
        assert home.submit(alice.pay((bob, 1), seq=number)) is refusal, number


PAYMENTS = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.tuples(st.integers(0, 3), st.integers(1, 90)),
                                          min_size=1, max_size=4)),
    max_size=25,
)  # fmt: skip


@given(PAYMENTS)
def test_the_sum_stays_zero_and_the_log_gives_the_book_again(
    payments: list[tuple[int, list[tuple[int, int]]]],
) -> None:
    home = Cooperative("bretagne")
    members = [home.admit(f"member {place}", 100, 100) for place in range(4)]
    for payer, legs in payments:
        before = [member.balance for member in members]
        order = members[payer].pay(*[(members[payee], amount) for payee, amount in legs])
        refusal = home.submit(order)
        expected = list(before)
        for payee, amount in legs:
            expected[payee] += amount
            expected[payer] -= amount
        allowed = all(-100 <= balance <= 100 for balance in expected)
        selfless = all(payee != payer for payee, _ in legs)
        assert (refusal is None) == (allowed and selfless)
        after = [member.balance for member in members]
        assert after == (expected if refusal is None else before)
        assert home.book.sum() == 0
    assert replayed(home.log).digest() == home.book.digest()


def test_a_leg_to_another_cooperative_stands_alone_wherever_it_stands(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    near, unknown = Leg(bob.account, 1), Leg(bytes(16), 1)
    far = Leg(bob.account, 1, bytes(32))
    for legs in ([far, near], [near, far], [unknown, far], [far, far], [near, near, unknown, far]):
        order = seal(alice.order(*legs), *alice.seeds)
        assert home.submit(order) is Refusal.FOREIGN_LEG_NOT_ALONE
    assert home.submit(seal(alice.order(far), *alice.seeds)) is Refusal.LINE_UNKNOWN


def test_a_number_above_the_highest_is_new(home: Cooperative) -> None:
    assert not home.book.is_sequence_used(0, 5)
