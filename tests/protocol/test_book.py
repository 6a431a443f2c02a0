"""The book: one writer, zero sums, the same bytes for the same entries."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.envelope import open_any, seal
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.changes import Posted
from protocol.ledger.decide import enter
from protocol.ledger.refusals import Refusal
from tests.protocol.town import AT, Cooperative, Member, connect, replayed, seeds_of


def _copy(book: Book) -> Book:
    return Book.load(book.dump_head(), [bytearray(section) for section in book.accounts.sections()])


VERBS = ["pay", "hold", "answer", "refuse", "admit", "rotate", "limit"]
STEPS = st.tuples(st.sampled_from(VERBS), st.integers(0, 3), st.integers(1, 400))


@settings(max_examples=30)
@given(st.lists(STEPS, max_size=30))
def test_any_sequence_of_documents_keeps_the_sum_and_replays_and_reloads(
    steps: list[tuple[str, int, int]],
) -> None:
    # Spec 0006: An auditor MUST replay the log by these same rules and find no entry that they
    # refuse.
    home, peer = Cooperative("bretagne"), Cooperative("rhone")
    connect(home, peer, 1_000, 1_000)
    members = [home.admit(f"m{place}", 800, 800, keys=1 + place % 2) for place in range(4)]
    payee = peer.admit("payee", 100, 700)
    held: list[bytes] = []
    for step, place, amount in steps:
        member = members[place % len(members)]
        if step == "pay":
            home.submit(member.pay((members[(place + 1) % len(members)], amount)))
        elif step == "hold":
            order = member.pay((payee, amount))
            if home.submit(order) is None:
                held.append(home.offer(order))
        elif step in {"answer", "refuse"} and held:
            offer = held.pop(0)
            answer = peer.answer(offer)
            assert peer.submit(answer) is None
            assert home.submit(answer) is None
        elif step == "admit":
            members.append(home.admit(f"more {len(members)}", 0, amount))
        elif step == "rotate":
            document = member.rotation()
            if home.submit(seal(document, *_next_seeds(member))) is None:
                member.kev += 1
        elif step == "limit":
            document_of_limits = home.limits(member.account, amount, amount)
            assert home.submit(seal(document_of_limits, *home.officers)) is None
        assert home.book.sum() == peer.book.sum() == 0
    for book, log in ((home.book, home.log), (peer.book, peer.log)):
        assert replayed(log).digest() == book.digest()
        copy = _copy(book)
        assert copy.digest() == book.digest()
        assert copy.dump_head() == book.dump_head()
        assert (copy.cooperative, copy.net, copy.unit) == (book.cooperative, book.net, book.unit)


def _next_seeds(member: Member) -> list[bytes]:
    return seeds_of(*member.names(member.kev + 1))


def test_a_loaded_book_goes_on_where_the_other_one_stood() -> None:
    home, peer = Cooperative("bretagne"), Cooperative("rhone")
    connect(home, peer, 1_000, 1_000)
    alice, payee = home.admit("alice", keys=2, thr=2), peer.admit("payee")
    order = alice.pay((payee, 300))
    assert home.submit(order) is None
    copy = _copy(home.book)
    answer = peer.answer(home.offer(order))
    for book in (home.book, copy):
        assert enter(book, open_any(answer, LOGGED), AT + 5) is None
        assert book.accounts.balance[1] == 0
    assert copy.digest() == home.book.digest()


def test_a_book_differs_when_one_entry_does() -> None:
    digests = set()
    for amount in (1, 2):
        home = Cooperative("bretagne")
        alice, bob = home.admit("alice"), home.admit("bob")
        assert home.submit(alice.pay((bob, amount))) is None
        digests.add(home.book.digest())
    assert len(digests) == 2


def test_a_refused_document_changes_nothing() -> None:
    # Spec 0006: A document that is refused MUST change nothing.
    home = Cooperative("bretagne")
    alice, bob = home.admit("alice", climit=5), home.admit("bob")
    before = home.book.digest()
    assert home.submit(alice.pay((bob, 6)), AT + 9) is Refusal.CREDIT_LIMIT_EXCEEDED
    assert home.book.digest() == before


def test_postings_that_do_not_sum_to_zero_are_our_own_fault() -> None:
    home = Cooperative("bretagne")
    with pytest.raises(AssertionError, match="zero"):
        home.book.apply((Posted([(0, 1)]),), AT)


def test_time_never_runs_backwards_in_a_log() -> None:
    home = Cooperative("bretagne")
    alice, bob = home.admit("alice"), home.admit("bob")
    assert home.submit(alice.pay((bob, 1)), AT + 60) is None
    late = open_any(alice.pay((bob, 1)), LOGGED)
    assert enter(home.book, late, AT + 59) is Refusal.NOT_YET_VALID
    assert enter(home.book, late, AT + 60) is None
    assert home.book.head.at == AT + 60


def test_a_book_has_its_own_account_and_the_suspense_from_the_first_entry() -> None:
    home = Cooperative("bretagne")
    assert len(home.book.accounts) == 2
    assert home.book.accounts.key_state(0).keys == home.charter.keys
    assert home.book.accounts.key_state(1).keys == []
    assert home.book.correspondent(home.id) is None
    assert list(chain(home.book.accounts.balance)) == [0, 0]
