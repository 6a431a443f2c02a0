"""Everything under one roof starts, drains, writes a snapshot, and closes whatever happens."""

import asyncio
import threading
from pathlib import Path

import pytest

from node import household
from node.errors import StoreError
from node.household import open_household
from node.keyfile import KeyFileError
from node.store.disk import Disk
from protocol.log.receipts import Receipt
from tests.node.village import village


async def test_what_waits_at_the_stop_is_done_and_a_snapshot_remains(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        waiting = [asyncio.create_task(house.enter(alice.paying(bruno, 1))) for _ in range(30)]
        await asyncio.sleep(0)
        live = house.live
        await live.stop()
        assert all(isinstance(one, Receipt) for one in await asyncio.gather(*waiting))
        assert [path.name for path in house.folder.glob("snapshot-*")] == [
            "snapshot-0000000000000033"
        ]
        await house.start()
        assert bruno.balance == 30


async def test_a_disk_that_never_answers_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(household, "_DRAIN_S", 0.05)
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        live = house.live
        # A disk that was slow last time is waited for in its thread, which is busy for a while.
        live.sequencer._sync_s = 1.0
        committed = threading.Event()
        live.sequencer._disk = Disk(lambda: 1.0 if committed.wait() else 0.0)
        lost = asyncio.create_task(house.submit(alice.paying(bruno, 1)))
        await asyncio.sleep(0.01)
        with pytest.raises(StoreError, match="in time"):
            await house.stop()
        reply = await lost
        assert not isinstance(reply, Receipt)
        # Only the end of the process, or this test, may close what the thread still holds.
        committed.set()
        live.ledger.close()
        await house.start()
        assert house.book.sum() == 0


async def test_a_folder_that_is_no_node_does_not_open(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        with pytest.raises(KeyFileError):
            open_household(tmp_path, house.settings())
        await house.stop()
        (house.folder / "ledger.db").rename(house.folder / "away.db")
        with pytest.raises(StoreError, match="no such file"):
            open_household(house.folder, house.settings())
        (house.folder / "away.db").rename(house.folder / "ledger.db")
        await house.start()
