"""Provisions: what set-offs may pay out of an account, and never a unit more."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.envelope import seal
from protocol.errors import EncodingError
from protocol.ledger.book import Book
from protocol.ledger.pool import leeway
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import INVOICE_AMOUNT_MAX
from protocol.messages.provisions import Provision
from protocol.shapes import Shape
from tests.protocol.market import discharge, owe, provision
from tests.protocol.town import Cooperative, Member, replayed, seeds_of

VERBS = ["owe", "owe", "provide", "provide", "set off", "set off", "set off", "pay", "limits"]
STEPS = st.tuples(st.sampled_from(VERBS), st.integers(0, 30), st.integers(0, 60))


def owed(home: Cooperative) -> dict[bytes, int]:
    return {inv: one.owed for inv, one in home.book.head.invoices.items()}


def left(member: Member) -> int:
    book = member.home.book
    return book.head.provisions.get(book.accounts.find(member.account), 0)


def is_within(member: Member) -> bool:
    accounts = member.home.book.accounts
    slot = accounts.find(member.account)
    return -accounts.credit_limit[slot] <= member.balance <= accounts.ceiling[slot]


@settings(max_examples=80)
@given(st.lists(STEPS, max_size=40))
def test_any_life_of_provisions_stays_within_what_everybody_allowed(
    steps: list[tuple[str, int, int]],
) -> None:
    home = Cooperative("bretagne")
    members = [home.admit(f"m{place}", 60, 90) for place in range(4)]
    proof = {member.account: 0 for member in members}
    for verb, place, amount in steps:
        one, other = members[place % 4], members[(place + 1 + place // 4 % 3) % 4]
        debts, provided = owed(home), [left(member) for member in members]
        balances = [member.balance for member in members]
        was_within = list(map(is_within, members))
        if verb == "owe":
            owe(one, other, amount + 1)
            continue
        if verb == "provide":
            assert home.submit(provision(one, amount)) is None
            assert left(one) == amount
        elif verb == "pay":
            home.submit(one.pay((other, amount + 1)))
        elif verb == "limits":
            change = home.limits(one.account, amount, amount + 30)
            assert home.submit(seal(change, *home.officers[:2])) is None
            continue
        elif debts:
            falls = dict.fromkeys(list(debts)[place % len(debts) :][:3], amount + 1)
            refusal = home.submit(discharge(home, falls, proof, pool=0))
            paid = [before - member.balance for before, member in zip(balances, members,
                                                                     strict=True)]  # fmt: skip
            if refusal is not None:
                assert not any(paid)
                assert owed(home) == debts
            for member, before, moved in zip(members, provided, paid, strict=True):
                # Only what a member pays lowers what it has provided.
                assert left(member) == before - max(moved, 0)
        assert all(owed(home).get(inv, 0) <= before for inv, before in debts.items())
        for member, before, within in zip(members, balances, was_within, strict=True):
            # New limits may leave a balance outside; from there it only comes nearer.
            assert is_within(member) or (not within and abs(member.balance) <= abs(before))
        assert all(amount > 0 for amount in home.book.head.provisions.values())
        assert home.book.sum() == 0
    assert replayed(home.log).digest() == home.book.digest()
    sections = [bytearray(section) for section in home.book.accounts.sections()]
    copy = Book.load(home.book.dump_head(), sections)
    assert copy.digest() == home.book.digest()
    assert copy.head.provisions == home.book.head.provisions


@pytest.fixture
def home() -> Cooperative:
    return Cooperative("bretagne")


def test_a_snapshot_of_before_has_no_provisions(home: Cooperative) -> None:
    home.admit("alice")
    fields: dict[str, Any] = msgspec.msgpack.decode(home.book.dump_head(), strict=False)
    assert fields.pop("provisions") == {}
    sections = [bytearray(section) for section in home.book.accounts.sections()]
    copy = Book.load(msgspec.msgpack.encode(fields), sections)
    assert copy.digest() == home.book.digest()


def test_a_provision_reserves_nothing(home: Cooperative) -> None:
    alice, bob = home.admit("alice", climit=30), home.admit("bob")
    assert home.submit(provision(alice, 100)) is None
    slot = home.book.accounts.find(alice.account)
    assert leeway(home.book, slot) == (30, 100_000)
    assert home.submit(alice.pay((bob, 25))) is None
    assert leeway(home.book, slot) == (5, 100_025)
    assert left(alice) == 100
    # A limit that falls below the balance leaves nothing to move, and no debt to the pool.
    change = home.limits(alice.account, 10, 0)
    assert home.submit(seal(change, *home.officers[:2])) is None
    assert leeway(home.book, slot) == (0, 25)


def test_only_revocation_or_its_author_ends_a_provision(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    assert home.submit(provision(alice, 9, seeds=bob.seeds)) is Refusal.SIGNER_NOT_ALLOWED
    assert home.submit(provision(alice, 9)) is None
    assert home.submit(seal(alice.rotation(), *seeds_of("alice/1/0"))) is None
    alice.kev = 1
    # The same person with other keys still means it.
    assert left(alice) == 9
    assert home.submit(seal(alice.revocation(), *alice.seeds)) is None
    assert left(alice) == 0
    assert home.submit(provision(alice, 9)) is Refusal.KEYS_REVOKED
    assert replayed(home.log).digest() == home.book.digest()


def test_the_cooperative_itself_may_provide(home: Cooperative) -> None:
    alice = home.admit("alice")
    own = home.book.accounts.identifier(0)
    change = home.limits(own, 50, 50)
    assert home.submit(seal(change, *home.officers[:2])) is None
    sealed = provision(alice, 40, by=own, seq=500, seeds=home.node)
    assert home.submit(sealed) is None
    assert leeway(home.book, 0) == (40, 50)


@pytest.mark.parametrize("amount", [-1, INVOICE_AMOUNT_MAX + 1])
def test_no_provision_is_below_nothing_or_beyond_all_bounds(home: Cooperative, amount: int) -> None:
    alice = home.admit("alice")
    fields: dict[str, Any] = {
        "by": alice.account, "exp": 1, "home": home.id, "iat": 0, "kev": 0, "net": home.id,
        "seq": 1, "unit": "SEL",
    }  # fmt: skip
    shape = Shape(Provision)
    with pytest.raises(EncodingError):
        shape.decode(shape.encode(Provision(amt=amount, **fields)))
    for sound in (0, INVOICE_AMOUNT_MAX):
        document = Provision(amt=sound, **fields)
        assert shape.decode(shape.encode(document)) == document


def test_a_discharge_without_a_pool_has_the_bytes_that_it_always_had(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    ring = [owe(alice, bob, 5), owe(bob, alice, 5)]
    proof = {alice.account: 0, bob.account: 0}
    sealed = discharge(home, dict.fromkeys(ring, 5), proof)
    assert b"pool" not in sealed
    assert b"\xa4pool" in discharge(home, dict.fromkeys(ring, 5), proof, pool=0)
    assert home.submit(sealed) is None


def test_all_refusals_of_a_pool_come_in_the_order_of_the_list(home: Cooperative) -> None:
    alice, bob = home.admit("alice", climit=10, ceil=10), home.admit("bob", climit=9, ceil=9)
    inv = owe(alice, bob, 100)
    proof = {alice.account: 0, bob.account: 0}
    assert home.submit(provision(alice, 5)) is None

    def refused(amount: int) -> Refusal | None:
        return home.submit(discharge(home, {inv: amount}, proof, pool=0))

    assert refused(101) is refused(11) is Refusal.CREDIT_LIMIT_EXCEEDED
    assert refused(10) is Refusal.CEILING_EXCEEDED
    assert refused(9) is Refusal.PROVISION_EXCEEDED
    assert refused(5) is None
    assert (alice.balance, bob.balance) == (-5, 5)


def test_without_one_of_the_invoices_no_balance_is_reckoned(home: Cooperative) -> None:
    alice, bob = home.admit("alice", climit=10), home.admit("bob")
    inv = owe(alice, bob, 100)
    falls = {inv: 50, bytes(32): 50}
    sealed = discharge(home, falls, {alice.account: 0, bob.account: 0}, pool=0)
    # The unknown one might be owed to alice, and her limit not be touched at all.
    assert home.submit(sealed) is Refusal.INVOICE_UNKNOWN


def test_a_book_is_the_same_in_whatever_order_members_provided() -> None:
    digests = set()
    for order in ((0, 1), (1, 0)):
        home = Cooperative("bretagne")
        members = [home.admit("alice"), home.admit("bob")]
        for place in order:
            assert home.submit(provision(members[place], 9)) is None
        digests.add(home.book.digest())
    assert len(digests) == 1
