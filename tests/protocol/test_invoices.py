"""Invoices: two signatures before anybody owes, and no debt ever moves a balance."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.envelope import seal
from protocol.ledger.book import Book
from protocol.ledger.invoices import WAITING_MAX
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import CUTS_MAX, INVOICE_AMOUNT_MAX, POTENTIALS_MAX
from protocol.messages.orders import Leg
from tests.protocol.market import (
    acceptance,
    cancellation,
    discharge,
    identifier,
    invoice,
    owe,
)
from tests.protocol.town import AT, Cooperative, Member, replayed


def pays(payer: Member, payee: Member, amount: int, inv: bytes) -> bytes:
    return seal(payer.order(Leg(payee.account, amount, inv=inv)), *payer.seeds)


def owed(home: Cooperative) -> dict[bytes, int]:
    """Return what is still owed on each obligation, read from the book alone."""
    return {inv: one.owed for inv, one in home.book.head.invoices.items() if one.accepted}


VERBS = ["issue", "issue", "accept", "accept", "cancel", "pay", "pay", "set off"]
STEPS = st.tuples(st.sampled_from(VERBS), st.integers(0, 30), st.integers(1, 60))


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=40))
def test_any_life_of_invoices_keeps_the_sum_and_replays_and_reloads(
    steps: list[tuple[str, int, int]],
) -> None:
    home = Cooperative("bretagne")
    members = [home.admit(f"m{place}") for place in range(3)]
    sides: dict[bytes, tuple[Member, Member]] = {}
    for verb, place, amount in steps:
        creditor, debtor = members[place % 3], members[(place + 1 + place // 3 % 2) % 3]
        known = sorted(sides)
        before, balances = owed(home), [member.balance for member in members]
        if verb == "issue":
            sealed = invoice(creditor, debtor, amount)
            assert home.submit(sealed) is None
            sides[identifier(sealed)] = creditor, debtor
        elif known:
            inv = known[place % len(known)]
            creditor, debtor = sides[inv]
            open_before = home.book.head.invoices.get(inv)
            if verb == "accept":
                refusal = home.submit(acceptance(debtor, inv))
                accepted = open_before is not None and inv not in before
                assert (refusal is None) == accepted
            elif verb == "cancel":
                home.submit(cancellation((creditor, debtor)[amount % 2], inv))
            elif verb == "pay":
                refusal = home.submit(pays(debtor, creditor, amount, inv))
                assert (refusal is None) == (amount <= before.get(inv, 0))
                if refusal is None:
                    assert owed(home).get(inv, 0) == before[inv] - amount
                    balances = [member.balance for member in members]
            else:
                falls = dict.fromkeys(list(before)[: 2 + place % 2], amount)
                sealed = discharge(home, falls or {inv: 1}, dict.fromkeys(
                    (member.account for member in members[:2]), 0))  # fmt: skip
                home.submit(sealed)
                assert nets(owed(home), sides) == nets(before, sides) or not falls
        assert [member.balance for member in members] == balances
        assert all(amount >= 1 for amount in owed(home).values())
        assert home.book.sum() == 0
    assert replayed(home.log).digest() == home.book.digest()
    sections = [bytearray(section) for section in home.book.accounts.sections()]
    copy = Book.load(home.book.dump_head(), sections)
    assert copy.digest() == home.book.digest()
    for slot in copy.accounts:
        assert sorted(copy.invoices.of(slot)) == sorted(home.book.invoices.of(slot))
        assert copy.invoices.waiting(slot) == home.book.invoices.waiting(slot)


def nets(debts: dict[bytes, int], sides: dict[bytes, tuple[Member, Member]]) -> dict[str, int]:
    """Return what each member is owed minus what it owes, zeros left out."""
    total: dict[str, int] = {}
    for inv, amount in debts.items():
        creditor, debtor = sides[inv]
        total[creditor.name] = total.get(creditor.name, 0) + amount
        total[debtor.name] = total.get(debtor.name, 0) - amount
    return {name: net for name, net in total.items() if net}


@pytest.fixture
def home() -> Cooperative:
    return Cooperative("bretagne")


def test_an_invoice_alone_binds_nobody(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    sealed = invoice(alice, bob, 100)
    assert home.submit(sealed) is None
    assert owed(home) == {}
    assert home.submit(pays(bob, alice, 1, identifier(sealed))) is Refusal.NOT_ACCEPTED


def test_a_ring_is_set_off_without_touching_a_balance(home: Cooperative) -> None:
    # Spec 0016: An obligation MUST NOT change a balance; only paying it does, or a discharge with a
    # pool.
    alice, bob, carol = (home.admit(name) for name in ("alice", "bob", "carol"))
    ring = [owe(alice, bob, 500), owe(bob, carol, 300), owe(carol, alice, 400)]
    proof = {alice.account: 1, bob.account: 2, carol.account: 0}
    assert home.submit(discharge(home, dict.fromkeys(ring, 300), proof)) is None
    assert owed(home) == {ring[0]: 200, ring[2]: 100}
    assert [member.balance for member in (alice, bob, carol)] == [0, 0, 0]


def test_what_is_settled_or_cancelled_takes_no_memory(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    paid, both, declined = owe(bob, alice, 5), owe(bob, alice, 5), invoice(alice, bob, 5)
    assert home.submit(declined) is None
    assert len(list(home.book.invoices.of(2))) == len(list(home.book.invoices.of(3))) == 3
    assert home.submit(pays(bob, alice, 5, paid)) is None
    assert home.submit(cancellation(bob, both)) is None
    assert home.submit(cancellation(alice, both)) is None
    assert home.submit(cancellation(bob, identifier(declined))) is None
    assert home.book.head.invoices == {}
    assert [list(home.book.invoices.of(slot)) for slot in (2, 3)] == [[], []]
    assert home.book.invoices.waiting(2) == 0


def test_an_accepted_invoice_makes_room_for_another_one(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    asked = [invoice(alice, bob, 1) for _ in range(WAITING_MAX)]
    assert [home.submit(sealed) for sealed in asked] == [None] * WAITING_MAX
    assert home.submit(invoice(alice, bob, 1)) is Refusal.TOO_MANY_WAITING
    assert home.submit(invoice(bob, alice, 1)) is None
    assert home.submit(acceptance(bob, identifier(asked[7]))) is None
    assert home.submit(invoice(alice, bob, 1)) is None


def test_the_cooperative_itself_may_owe_and_be_owed(home: Cooperative) -> None:
    alice = home.admit("alice")
    own = home.book.accounts.identifier(0)
    dues = invoice(alice, alice, 30, by=own, seq=500, seeds=home.node)
    assert home.submit(dues) is None
    assert home.submit(acceptance(alice, identifier(dues))) is None
    assert home.submit(invoice(alice, alice, 30, debtor=own)) is None
    order = alice.order(Leg(own, 30, inv=identifier(dues)))
    assert home.submit(seal(order, *alice.seeds)) is None
    assert owed(home) == {}
    assert alice.balance == -30


def test_a_leg_beside_pays_as_before(home: Cooperative) -> None:
    alice, bob, carol = (home.admit(name) for name in ("alice", "bob", "carol"))
    inv = owe(alice, bob, 10)
    legs = [Leg(carol.account, 7), Leg(bob.account, 4, inv=inv), Leg(bob.account, 2)]
    assert home.submit(seal(alice.order(*legs), *alice.seeds)) is None
    assert owed(home) == {inv: 6}
    assert [member.balance for member in (alice, bob, carol)] == [-13, 6, 7]


def test_a_discharge_of_any_number_of_cuts_fits_a_payload(home: Cooperative) -> None:
    cuts = {place.to_bytes(32): INVOICE_AMOUNT_MAX for place in range(CUTS_MAX)}
    proof = {place.to_bytes(16): POTENTIALS_MAX for place in range(POTENTIALS_MAX)}
    assert home.submit(discharge(home, cuts, proof)) is Refusal.INVOICE_UNKNOWN


def test_a_refused_payment_leaves_the_obligation(home: Cooperative) -> None:
    alice, bob = home.admit("alice", climit=3), home.admit("bob")
    inv = owe(alice, bob, 10)
    digest = home.book.digest()
    assert home.submit(pays(alice, bob, 4, inv), AT) is Refusal.CREDIT_LIMIT_EXCEEDED
    assert home.book.digest() == digest
