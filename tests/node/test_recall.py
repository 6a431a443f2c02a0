"""Repeats find their entry by walking an author's trail once; what is known is kept in bounds."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import recall
from node.recall import Recall
from node.store.database import Group, Writer, commit, create_database, open_database, stage


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Writer]:
    path = tmp_path / "ledger.sqlite"
    create_database(path)
    connection = open_database(path)
    yield connection
    connection.close()


class Authors:
    """Writes entries that have only a trail: (author, number), in the order of the log."""

    def __init__(self, log: Writer) -> None:
        self.log = log
        self.newest: dict[int, int] = {}
        self.size = 0
        self.blocks = 0
        self.recall = Recall(log, self.read_block)

    def write(self, *signed: tuple[int, int]) -> None:
        group = Group()
        for author, number in signed:
            words = array("q", [1, author, number, self.newest.get(author, -1) + 1]).tobytes()
            group.entries.append((self.size, 0, b"", b"", words))
            self.newest[author] = self.size
            self.size += 1
        stage(self.log, group)
        commit(self.log)

    def place(self, author: int, number: int) -> int:
        return self.recall.place(author, number, self.newest.get(author, -1))

    def read_block(self, number: int) -> list[bytes]:
        self.blocks += 1
        return [bytes([number])]


def test_every_number_of_every_author_is_found_in_any_order(log: Writer) -> None:
    authors = Authors(log)
    authors.write((1, 1), (2, 1), (1, 3), (1, 2), (2, 9))
    assert [authors.place(1, number) for number in (2, 1, 3, 4, 1)] == [3, 0, 2, -1, 0]
    assert [authors.place(2, number) for number in (9, 1)] == [4, 1]
    assert authors.place(3, 1) == -1


def test_what_was_written_since_is_found_and_the_newest_entry_of_a_number_counts(
    log: Writer,
) -> None:
    authors = Authors(log)
    authors.write((1, 1), (1, 2))
    assert authors.place(1, 2) == 1
    authors.write((2, 1), (1, 3), (1, 2), (1, 2))
    assert [authors.place(1, number) for number in (2, 3, 1)] == [5, 3, 0]
    fresh = Authors(log)
    fresh.newest = authors.newest
    assert [fresh.place(1, number) for number in (1, 2)] == [0, 5]


def test_a_walk_is_made_once(log: Writer) -> None:
    authors = Authors(log)
    authors.write(*((1, number) for number in range(50)))
    assert authors.place(1, 0) == 0
    asked: list[str] = []
    log.set_trace_callback(asked.append)
    assert [authors.place(1, number) for number in range(50)] == list(range(50))
    assert asked == []


def test_who_was_asked_about_longest_ago_is_forgotten_first(
    log: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "PLACES_MAX", 5)
    authors = Authors(log)
    authors.write(*((author, number) for number in range(3) for author in range(4)))
    for author in (0, 1, 0, 2, 3, 0, 1):
        assert [authors.place(author, number) for number in (0, 1, 2)] == [
            author,
            author + 4,
            author + 8,
        ]
        assert authors.recall._places == sum(
            len(walk.places) for walk in authors.recall._walks.values()
        )
        assert authors.recall._places <= 5


def test_a_block_is_read_once_while_it_is_among_the_last(
    log: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "BLOCKS_MAX", 2)
    authors = Authors(log)
    for number, reads in ((7, 1), (7, 1), (8, 2), (7, 2), (9, 3), (7, 4)):
        assert authors.recall.block(number) == [bytes([number])]
        assert authors.blocks == reads
