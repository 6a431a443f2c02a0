"""The journal: what it says is on the disk, one number is one order, and yes is never also no."""

import hashlib
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli.failures import ExitCode, Failure
from cli.journal import JOURNAL_FILE, Draft, Journal

ROOT = Path(__file__).resolve().parents[2]
ALICE = "memb1alice"
NOW = 1_800_000_000


def draft(number: int, text: str = "") -> Draft:
    order_id = hashlib.sha256(f"{number}{text}".encode()).digest()
    fields = {"payee": "Bob", "amount": "12,50 UEB"}
    return Draft(order_id, b"sealed" + order_id, fields, "miel d'été", b"\x01" * 16)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


def failing(code: ExitCode, key: str, caught: pytest.ExceptionInfo[Failure]) -> None:
    assert (caught.value.code, caught.value.key) == (code, key)


def test_an_order_is_on_the_disk_before_it_can_be_sent(tmp_path: Path) -> None:
    with Journal(tmp_path) as first:
        written = first.write(ALICE, 5, NOW, draft)
    assert written.seq == 5
    with Journal(tmp_path) as second:
        assert second.unsettled() == [written]
        assert not written.is_settled
    assert stat.S_IMODE((tmp_path / JOURNAL_FILE).stat().st_mode) == 0o600


def test_numbers_go_up_one_by_one_and_never_below_what_the_node_expects(journal: Journal) -> None:
    assert journal.next_seq(ALICE) == 1
    assert [journal.write(ALICE, 1, NOW, draft).seq for _ in range(3)] == [1, 2, 3]
    assert journal.write(ALICE, 9, NOW, draft).seq == 9
    assert journal.next_seq(ALICE) == 10
    assert journal.next_seq("memb1bob") == 1


def test_an_order_that_cannot_be_signed_is_not_written(journal: Journal) -> None:
    def refuse(_: int) -> Draft:
        raise Failure(ExitCode.LOCKED, "keystore.wrong_passphrase")

    with pytest.raises(Failure, match=r"wrong_passphrase"):
        journal.write(ALICE, 1, NOW, refuse)
    assert journal.unsettled() == []
    assert journal.write(ALICE, 1, NOW, draft).seq == 1


def test_the_same_order_may_be_written_twice_and_is_there_once(journal: Journal) -> None:
    journal.record(ALICE, 4, NOW, draft(1))
    journal.record(ALICE, 4, NOW + 9, draft(1))
    assert [order.seq for order in journal.unsettled()] == [4]


def test_a_number_is_not_given_to_two_orders(journal: Journal) -> None:
    journal.record(ALICE, 4, NOW, draft(1))
    with pytest.raises(Failure) as caught:
        journal.record(ALICE, 4, NOW, draft(2))
    failing(ExitCode.REFUSED, "journal.seq_taken", caught)
    journal.record("memb1bob", 4, NOW, draft(2))


def test_an_identifier_is_not_given_to_two_contents(journal: Journal) -> None:
    journal.record(ALICE, 4, NOW, draft(1))
    other = Draft(draft(1).order_id, b"other bytes", {}, "", b"")
    with pytest.raises(Failure, match=r"seq_taken"):
        journal.record(ALICE, 5, NOW, other)


def test_the_number_of_a_refused_order_is_free_again(journal: Journal) -> None:
    journal.record(ALICE, 4, NOW, draft(1))
    journal.close_with_refusal(draft(1).order_id, b"no")
    assert journal.next_seq(ALICE, 4) == 4
    journal.record(ALICE, 4, NOW, draft(2))


def test_a_receipt_settles_an_order_and_an_interim_answer_does_not(journal: Journal) -> None:
    order_id = journal.write(ALICE, 1, NOW, draft).draft.order_id
    journal.keep_interim(order_id, b"held")
    assert [order.interim for order in journal.unsettled(ALICE)] == [b"held"]
    assert journal.unsettled("memb1bob") == []
    journal.close_with_receipt(order_id, b"yes")
    journal.close_with_receipt(order_id, b"yes")
    assert journal.unsettled() == []
    found = journal.find(order_id.hex()[:8])
    assert (found.receipt, found.rejection, found.is_settled) == (b"yes", None, True)


def test_yes_and_no_to_one_order_is_the_loudest_failure(journal: Journal) -> None:
    first, second = (journal.write(ALICE, 1, NOW, draft).draft.order_id for _ in range(2))
    journal.close_with_receipt(first, b"yes")
    journal.close_with_refusal(second, b"no")
    with pytest.raises(Failure) as caught:
        journal.close_with_refusal(first, b"no")
    failing(ExitCode.VERIFICATION_FAILED, "journal.both_answers", caught)
    with pytest.raises(Failure, match=r"both_answers"):
        journal.close_with_receipt(second, b"yes")
    assert journal.find(first.hex()).receipt == b"yes"
    assert journal.find(second.hex()).rejection == b"no"


def test_an_answer_to_an_unknown_order_is_not_found(journal: Journal) -> None:
    with pytest.raises(Failure) as caught:
        journal.close_with_receipt(b"\x00" * 32, b"yes")
    failing(ExitCode.NOT_FOUND, "journal.not_found", caught)


def test_an_order_is_found_by_the_first_digits_of_its_identifier(journal: Journal) -> None:
    for number in range(1, 4):
        journal.record(ALICE, number, NOW, draft(number))
    assert journal.find(" " + draft(2).order_id.hex()[:10].upper()).draft == draft(2)
    assert [order.seq for order in journal.latest(2)] == [3, 2]


@pytest.mark.parametrize(
    ("prefix", "code", "key"),
    [
        ("abc", ExitCode.USAGE, "journal.bad_prefix"),
        ("xyz*", ExitCode.USAGE, "journal.bad_prefix"),
        ("00000000", ExitCode.NOT_FOUND, "journal.not_found"),
        ("abcd", ExitCode.USAGE, "journal.several"),
    ],
)
def test_a_prefix_names_one_order_or_says_why_not(
    journal: Journal, prefix: str, code: ExitCode, key: str
) -> None:
    for number in (1, 2):
        twin = Draft(b"\xab\xcd" + bytes([number]) * 30, b"x", {}, "", b"")
        journal.record(ALICE, number, NOW, twin)
    with pytest.raises(Failure) as caught:
        journal.find(prefix)
    failing(code, key, caught)


WRITER = """
import hashlib, sys
from pathlib import Path
from cli.journal import Draft, Journal
journal = Journal(Path(sys.argv[1]))
for turn in range(25):
    def compose(seq):
        order_id = hashlib.sha256(f"{sys.argv[2]} {turn}".encode()).digest()
        return Draft(order_id, b"sealed", {}, "", b"")
    journal.write("memb1alice", 1, 0, compose)
"""


def test_processes_that_write_at_once_never_share_a_number(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(n)], cwd=ROOT)
        for n in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with Journal(tmp_path) as journal:
        numbers = [order.seq for order in journal.unsettled(ALICE)]
    assert sorted(numbers) == list(range(1, 76))


def test_a_full_disk_says_so_and_keeps_what_was_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    kept = journal.write(ALICE, 1, NOW, draft)
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count = {pages}")
    bulky = Draft(b"\x09" * 32, b"\x00" * 60_000, {}, "", b"")
    with pytest.raises(Failure) as caught:
        journal.write(ALICE, 1, NOW, lambda _: bulky)
    failing(ExitCode.NETWORK, "journal.full", caught)
    assert journal.unsettled() == [kept]
    journal._database.execute("PRAGMA max_page_count = 100000")
    assert journal.write(ALICE, 1, NOW, lambda _: bulky).seq == 2


def test_a_journal_held_by_another_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal._database.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / JOURNAL_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Failure) as caught:
        journal.write(ALICE, 1, NOW, draft)
    failing(ExitCode.NETWORK, "journal.busy", caught)
    other.close()
    assert journal.write(ALICE, 1, NOW, draft).seq == 1


def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(Failure) as caught:
        Journal(tmp_path)
    failing(ExitCode.USAGE, "journal.damaged", caught)


def test_a_folder_in_place_of_the_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).mkdir()
    with pytest.raises(Failure, match=r"journal\.unusable"):
        Journal(tmp_path)


def test_a_journal_of_a_later_version_asks_for_an_update(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    later = sqlite3.connect(tmp_path / JOURNAL_FILE)
    later.execute("PRAGMA user_version = 2")
    later.close()
    with pytest.raises(Failure, match=r"unknown_version"):
        Journal(tmp_path)


def test_the_journal_is_synced_at_each_order(journal: Journal) -> None:
    assert journal._database.execute("PRAGMA synchronous").fetchone()[0] == 3
    assert journal._database.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
