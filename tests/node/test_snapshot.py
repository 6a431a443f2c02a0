"""A snapshot is a convenience: whole, of this very log, or passed over."""

import os
import shutil
import sqlite3
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from node.errors import StoreError
from node.snapshot import load, load_latest, save
from protocol.errors import EncodingError
from tests.node.test_startup import state
from tests.node.village import House, Villager, village


async def grown(house: House, entries: int = 6) -> tuple[Villager, Villager]:
    alice, bruno = await house.admit("alice"), await house.admit("bruno")
    for _ in range(entries):
        await house.enter(alice.paying(bruno, 5))
    return alice, bruno


def newest(house: House) -> Path:
    return max(house.folder.glob("snapshot-*"))


async def test_a_snapshot_is_the_state_and_its_owners_alone(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await grown(house)
        ledger = house.live.ledger
        ledger.snapshot()
        path = newest(house)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        loaded = load(path)
        assert loaded.size == ledger.tree.size
        assert loaded.book.digest() == ledger.book.digest()
        assert loaded.tree.root() == ledger.tree.root()
        written = path.stat().st_mtime_ns
        ledger.snapshot()
        assert path.stat().st_mtime_ns == written


async def test_every_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await grown(house)
        ran = state(house)
        await house.stop()
        path = newest(house)
        whole = path.read_bytes()
        cuts = [whole[:size] for size in (0, 5, 18, 19, 40, len(whole) // 2, len(whole) - 1)]
        flips = [
            whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            for at in (0, 18, 19, 25, 200, len(whole) // 2, len(whole) - 1)
        ]
        for damaged in (*cuts, *flips, whole + b"\0"):
            path.write_bytes(damaged)
            with pytest.raises(EncodingError):
                load(path)
            await house.start()
            assert house.live.ledger.snapshot_size == 0
            assert state(house) == ran
            await house.kill()
            path = newest(house)
        await house.start()


async def test_a_whole_snapshot_of_another_form_is_passed_over(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await grown(house)
        await house.stop()
        path = newest(house)
        sections = [b"\x80", b"tree", b"", b"", b"1234"]
        lengths = b"".join(len(one).to_bytes(8, "big") for one in sections)
        whole = b"ronde/snapshot/v1\0" + len(sections).to_bytes(2, "big") + lengths
        whole += b"".join(sections)
        path.write_bytes(whole + sha256(whole).digest())
        await house.start()
        assert house.live.ledger.snapshot_size == 0


async def test_only_the_last_two_and_no_half_one_stay(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await grown(house)
        half = house.folder / "snapshot-0000000000000099.new"
        half.write_bytes(b"half")
        for _ in range(4):
            await house.enter(alice.paying(bruno, 1))
            house.live.ledger.snapshot()
        assert not half.exists()
        assert len(list(house.folder.glob("snapshot-*"))) == 2


async def test_an_older_good_snapshot_serves_when_the_newest_is_damaged(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await grown(house)
        house.live.ledger.snapshot()
        size = house.live.ledger.tree.size
        await house.enter(alice.paying(bruno, 1))
        ran = state(house)
        await house.stop()
        newest(house).write_bytes(b"noise")
        await house.start()
        assert house.live.ledger.snapshot_size == size
        assert state(house) == ran


async def test_a_snapshot_of_a_way_that_the_log_did_not_go_is_passed_over(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await grown(house)
        backup = tmp_path / "backup.db"
        with sqlite3.connect(backup) as target:
            house.live.ledger.reader.backup(target)
        await house.enter(alice.paying(bruno, 1))
        await house.stop()
        lost = newest(house)
        kept = tmp_path / lost.name
        shutil.copy(lost, kept)
        # The backup comes back, and the log goes on in another way past the snapshot's size.
        for path in (house.folder / "ledger.db", lost):
            path.unlink()
        shutil.copy(backup, house.folder / "ledger.db")
        await house.start()
        await house.enter(alice.paying(bruno, 2))
        await house.enter(alice.paying(bruno, 3))
        ran = state(house)
        await house.kill()
        shutil.copy(kept, house.folder / kept.name)
        connection = sqlite3.connect(house.folder / "ledger.db")
        assert load_latest(house.folder, connection) is None
        connection.close()
        await house.start()
        assert state(house) == ran


async def test_a_snapshot_ahead_of_the_log_is_passed_over(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await grown(house)
        ledger = house.live.ledger
        ledger.snapshot()
        newest(house).rename(house.folder / "snapshot-0000000000000999")
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE heads (size, note, trails)")
        assert load_latest(house.folder, connection) is None


async def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await grown(house)
        ledger = house.live.ledger
        with pytest.raises(StoreError):
            save(tmp_path / "nowhere", ledger.book, ledger.tree, ledger.trail)
        assert os.listdir(house.folder)
