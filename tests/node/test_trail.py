"""Trails lead back through all entries of an account, and say what each did."""

from hypothesis import given
from hypothesis import strategies as st

from node.trail import HEAD_WORDS, Trail, is_transfer, previous_authored, replay, step
from protocol.ledger.book import Book
from protocol.ledger.changes import Posted, SequenceUsed
from tests.protocol.town import Cooperative

SLOTS = 6


def moved(payer: int, payees: dict[int, int]) -> Posted:
    return Posted([(payer, -sum(payees.values())), *payees.items()])


ENTRIES = st.lists(
    st.integers(2, SLOTS - 1).flatmap(
        lambda payer: st.tuples(
            st.just(payer),
            st.dictionaries(
                st.integers(2, SLOTS - 1).filter(lambda slot: slot != payer),
                st.integers(1, 1_000),
                min_size=1,
            ),
        )
    ),
    max_size=30,
)


HOME = Cooperative("bretagne")
for _number in range(SLOTS - 2):
    HOME.admit(f"member {_number}")


def town() -> Book:
    """Return a fresh copy of one book."""
    sections = [bytearray(section) for section in HOME.book.accounts.sections()]
    return Book.load(HOME.book.dump_head(), sections)


@given(ENTRIES)
def test_a_walk_meets_exactly_the_entries_of_an_account(
    entries: list[tuple[int, dict[int, int]]],
) -> None:
    book, trail = town(), Trail()
    trail.reach(SLOTS)
    stored = []
    for index, (payer, payees) in enumerate(entries):
        changes = (moved(payer, payees), SequenceUsed(payer, index + 1))
        assert is_transfer(changes)
        book.apply(changes, book.head.at)
        stored.append(trail.mark(changes, index))
    for slot in range(SLOTS):
        index, met, total = trail.touched[slot] - 1, [], 0
        while index >= 0:
            met.append(index)
            known = step(stored[index], slot)
            assert known is not None
            amount, index = known
            total += amount
        wanted = [n for n, (payer, payees) in enumerate(entries) if slot == payer or slot in payees]
        assert met == wanted[::-1]
        assert total == book.accounts.balance[slot]
        index, signed = trail.authored[slot] - 1, []
        while index >= 0:
            signed.append(index)
            seq, before = previous_authored(stored[index])
            assert seq == index + 1
            index = before
        assert signed == [n for n, (payer, _) in enumerate(entries) if slot == payer][::-1]


@given(ENTRIES)
def test_replayed_trails_give_the_same_book_and_the_same_trails(
    entries: list[tuple[int, dict[int, int]]],
) -> None:
    book, trail, again, other = town(), Trail(), town(), Trail()
    trail.reach(SLOTS)
    other.reach(SLOTS)
    for index, (payer, payees) in enumerate(entries):
        changes = (moved(payer, payees), SequenceUsed(payer, index + 1))
        book.apply(changes, book.head.at + 1)
        words = trail.mark(changes, index)
        assert len(words) == 8 * (HEAD_WORDS + 3 * (1 + len(payees)))
        assert replay(again, other, words, again.head.at + 1, index)
    assert again.digest() == book.digest()
    assert (other.touched, other.authored, other.check) == (
        trail.touched,
        trail.authored,
        trail.check,
    )


def test_what_is_more_than_a_transfer_must_be_decided_again() -> None:
    book, trail = town(), Trail()
    trail.reach(SLOTS)
    words = trail.mark((SequenceUsed(0, 9),), 0)
    assert not is_transfer((SequenceUsed(0, 9),))
    assert not replay(book, trail, words, book.head.at, 0)
    assert previous_authored(words) == (9, -1)
    assert step(words, 3) is None


def test_room_is_only_ever_added() -> None:
    trail = Trail()
    trail.reach(4)
    trail.reach(2)
    assert len(trail.touched) == len(trail.authored) == 4
