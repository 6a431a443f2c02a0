"""Invoices between cooperatives: whatever arrives when, both books end alike."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.envelope import seal
from protocol.ledger.book import Book
from protocol.ledger.refusals import Refusal
from tests.protocol.fair import (
    Fair,
    between,
    far_invoice,
    far_pay,
)
from tests.protocol.market import acceptance, cancellation, discharge, identifier, invoice
from tests.protocol.town import ZERO, Cooperative, Member, replayed

DO = ["issue", "issue", "accept", "accept", "cancel", "cancel", "pay", "pay"]
ARRIVE = ["tell", "hear", "offer", "answer"]
STEPS = st.tuples(
    st.sampled_from(DO + 2 * ARRIVE), st.integers(0, 30), st.booleans(), st.integers(1, 60)
)


@pytest.fixture
def fair() -> Fair:
    return Fair()


def play(fair: Fair, steps: list[tuple[str, int, bool, int]]) -> None:
    """Let people invoice, accept, cancel and pay, and papers arrive, in this order."""
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
            inv, (creditor, debtor) = known[place % len(known)]
            if verb == "accept":
                fair.sends(debtor, acceptance(debtor, inv))
            elif verb == "cancel":
                who = (creditor, debtor)[amount % 2]
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
    play(fair, steps)
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
