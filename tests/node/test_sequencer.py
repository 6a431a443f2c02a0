"""One writer, natural groups; when the disk fails everybody is told and nothing is acknowledged."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from node.door import DoorAway, DoorBusy
from node.errors import StoreError
from node.ledger import Item
from node.sequencer import GROUP_MAX, QUEUE_MAX, Sequencer
from protocol.envelope import open_any
from protocol.kinds import LOGGED
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt
from protocol.messages.wire import Submission
from tests.node.village import House, Villager, village


def items_of(*sealed: bytes) -> list[Item]:
    return [Item(open_any(one, LOGGED)) for one in sealed]


async def pair(house: House) -> tuple[Villager, Villager]:
    return await house.admit("alice"), await house.admit("bruno")


async def test_what_queues_during_a_sync_is_one_group(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        heads = house.rows("SELECT count(*) FROM heads")[0][0]
        orders = [alice.paying(bruno, 1) for _ in range(50)]
        receipts = await asyncio.gather(*(house.enter(sealed) for sealed in orders))
        assert [receipt.idx for receipt in receipts] == list(range(3, 53))
        # The first turn takes what is there, the second one all that came meanwhile.
        assert house.rows("SELECT count(*) FROM heads")[0][0] - heads <= 3


async def test_a_batch_is_never_torn_and_no_group_is_larger_than_its_bound(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        batches = [items_of(*(alice.paying(bruno, 1) for _ in range(900))) for _ in range(3)]
        await asyncio.gather(*(house.live.sequencer.submit(batch) for batch in batches))
        heads = [set(_heads(batch)) for batch in batches]
        assert [len(head) for head in heads] == [1, 1, 1]
        assert len(set.union(*heads)) == 2
        assert 2 * 900 <= GROUP_MAX < 3 * 900


def _heads(batch: list[Item]) -> list[str]:
    assert all(isinstance(item.verdict, Receipt) for item in batch), batch[0].verdict
    return [item.verdict.head for item in batch if isinstance(item.verdict, Receipt)]


async def test_a_full_queue_takes_nothing_and_says_so(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        opened = open_any(alice.paying(bruno, 1), LOGGED)
        queue = [Item(opened) for _ in range(QUEUE_MAX + 1)]
        with pytest.raises(DoorBusy):
            await house.live.sequencer.submit(queue)
        with pytest.raises(DoorBusy):
            await house.live.desk.documents([(Submission(opened.sealed), opened)] * len(queue))
        assert bruno.balance == 0


async def test_after_closing_nothing_is_taken_and_what_waits_is_done(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        waiting = asyncio.create_task(house.enter(alice.paying(bruno, 1)))
        await asyncio.sleep(0)
        house.live.sequencer.close()
        assert isinstance(await waiting, Receipt)
        with pytest.raises(DoorBusy):
            await house.live.sequencer.keep("DELETE FROM waiting")
        reply = await house.submit(alice.paying(bruno, 1))
        assert not isinstance(reply, Receipt | Refusal)
        assert reply.status == 429


async def test_a_caller_that_gave_up_does_not_stop_the_others(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        gone = asyncio.create_task(house.enter(alice.paying(bruno, 1)))
        kept = asyncio.create_task(house.live.sequencer.keep("DELETE FROM waiting"))
        await asyncio.sleep(0)
        gone.cancel()
        kept.cancel()
        await house.enter(alice.paying(bruno, 1))
        assert bruno.balance == 2


def _fill(house: House) -> None:
    """Leave the database no page to grow into."""
    connection = house.live.ledger.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")


async def _fails(house: House, *calls: Any) -> None:
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(one, StoreError | DoorAway) for one in found), found
    assert house.live.failed is not None
    with pytest.raises(StoreError):
        await house.live.failed
    with pytest.raises(StoreError):
        await house.live.sequencer.keep("DELETE FROM waiting")


async def _recovers(house: House, receipts: int, digest: bytes) -> None:
    with pytest.raises(StoreError):
        await house.stop()
    await house.start()
    assert house.live.ledger.tree.size == receipts
    assert house.book.digest() == digest


async def test_a_full_disk_fails_everybody_and_a_restart_is_where_the_disk_was(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        size, digest = house.live.ledger.tree.size, house.book.digest()
        _fill(house)
        orders = [alice.paying(bruno, 1) for _ in range(3_000)]
        batches = [items_of(*orders[at : at + 500]) for at in range(0, 3_000, 500)]
        sequencer = house.live.sequencer
        late = [(Submission(one), open_any(one, LOGGED)) for one in orders[:2]]
        await _fails(
            house,
            *(sequencer.submit(batch) for batch in batches),
            sequencer.keep("INSERT INTO peers VALUES (?,?)", b"a", "http://a"),
            house.live.desk.documents(late),
        )
        reply = await house.submit(orders[0])
        assert not isinstance(reply, Receipt | Refusal)
        assert reply.status == 503
        await _recovers(house, size, digest)
        assert isinstance(await house.submit(orders[0]), Receipt)


async def test_a_locked_disk_fails_everybody_and_a_restart_recovers(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        size, digest = house.live.ledger.tree.size, house.book.digest()
        house.live.ledger.connection.execute("PRAGMA busy_timeout=10")
        intruder = sqlite3.connect(house.folder / "ledger.db", isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        await _fails(house, house.live.sequencer.submit(items_of(alice.paying(bruno, 1))))
        intruder.execute("ROLLBACK")
        intruder.close()
        await _recovers(house, size, digest)


async def test_a_sync_that_fails_is_never_repeated_or_acknowledged(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        size, digest = house.live.ledger.tree.size, house.book.digest()
        connection = house.live.ledger.connection
        # Deferred constraints are checked at COMMIT: the statement itself is taken.
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
        connection.execute(
            "CREATE TABLE many (of_one INTEGER REFERENCES one DEFERRABLE INITIALLY DEFERRED)"
        )
        await _fails(
            house,
            house.live.sequencer.keep("INSERT INTO many VALUES (?)", 5),
            house.live.sequencer.submit(items_of(alice.paying(bruno, 1))),
        )
        await _recovers(house, size, digest)
        await house.enter(alice.paying(bruno, 1, seq=50))


async def test_a_fault_of_our_own_leaves_nobody_waiting(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)

        def wrong(book: Any, at: int) -> Any:
            raise AssertionError("our own fault")

        live = house.live
        later = live.sequencer.submit(items_of(alice.paying(bruno, 1)))
        calls = (live.sequencer.make(wrong), later)
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(one, StoreError) for one in found)
        with pytest.raises(AssertionError):
            await house.stop()
        await house.start()
        assert bruno.balance == 0


async def test_a_snapshot_is_written_after_so_many_entries(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", snapshot_every_entries=5) as (house,):
        alice, bruno = await pair(house)
        for _ in range(12):
            await house.enter(alice.paying(bruno, 1))
        sizes = sorted(int(path.name[9:]) for path in house.folder.glob("snapshot-*"))
        assert sizes == [10, 15]


async def test_a_refused_document_writes_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        woken: list[int] = []
        house.live.sequencer.on_change.append(lambda: woken.append(1))
        heads = house.rows("SELECT count(*) FROM heads")
        refused = await house.submit(alice.paying(bruno, 10**9))
        assert refused is Refusal.CREDIT_LIMIT_EXCEEDED
        assert house.rows("SELECT count(*) FROM heads") == heads
        assert not woken
        assert Sequencer(house.live.ledger).ledger is house.live.ledger


async def test_a_ledger_that_waits_for_its_own_disk_gives_the_same_receipts(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", gates=1) as (house,):
        alice, bruno = await pair(house)
        orders = [alice.paying(bruno, 1) for _ in range(20)]
        receipts = await asyncio.gather(*(house.enter(sealed) for sealed in orders))
        assert [await house.enter(sealed) for sealed in orders] == receipts
        size, digest = house.live.ledger.tree.size, house.book.digest()
        _fill(house)
        many = items_of(*(alice.paying(bruno, 1) for _ in range(900)))
        await _fails(house, house.live.sequencer.submit(many))
        await _recovers(house, size, digest)
