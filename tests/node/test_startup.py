"""Replay from nothing, snapshot with tail, and the state that ran are one; damage is named."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.errors import StoreError
from node.snapshot import load_latest
from node.startup import catch_up, found_state
from node.store.database import open_database, read_connection
from protocol.envelope import open_sealed, seal
from protocol.messages.decisions import Charter, LimitChange
from tests.node.village import House, connect, dated, settled, until, village
from tests.protocol.town import Cooperative


def state(house: House) -> tuple[Any, ...]:
    ledger = house.live.ledger
    trail = ledger.trail
    return (
        ledger.book.digest(), ledger.tree.size, ledger.tree.root(), list(trail.touched),
        list(trail.authored), trail.check,
    )  # fmt: skip


def read_again(house: House, *, with_snapshot: bool, anew: bool = False) -> tuple[Any, ...]:
    reader = read_connection(house.folder / "ledger.db")
    snapshot = load_latest(house.folder, reader) if with_snapshot else None
    assert (snapshot is not None) == with_snapshot
    book, tree, trail = catch_up(reader, snapshot, anew=anew)
    reader.close()
    return (
        book.digest(), tree.size, tree.root(), list(trail.touched), list(trail.authored),
        trail.check,
    )  # fmt: skip


async def busy_year(houses: list[House], seed: int) -> None:
    """Let everything happen that a log can hold, in an order that the seed chooses."""
    dice = random.Random(seed)
    one, two = houses
    people = [await house.admit(f"m{n}") for house in houses for n in range(3)]
    for step in range(60):
        payer, payee = dice.sample(people, 2)
        await payer.home.enter(payer.paying(payee, dice.randint(1, 300)))
        if step == 20:
            # Offers go on meanwhile: a snapshot is of a book that no open group is ahead of.
            while one.live.sequencer._open is not None:
                await asyncio.sleep(0)
            one.live.ledger.snapshot()
        if step % 15 == 0:
            member = dice.choice(people[:3])
            limit = LimitChange(
                acct=member.account, ceil=900_000, climit=90_000 + step, **one.decision()
            )
            await one.enter(seal(limit, one.officer))
    turned = people[0]
    rotation = turned.rotation(**dated())
    turned.kev = 1
    await one.enter(seal(rotation, *turned.seeds))
    await one.enter(seal(people[1].revocation(**dated()), *people[1].seeds))
    await connect(one, two, 200_000, version=2)
    await until(lambda: settled(*houses))


@pytest.mark.parametrize("seed", range(3))
async def test_replay_and_snapshot_with_tail_give_the_state_that_ran(
    tmp_path: Path, seed: int
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        await busy_year(houses, seed)
        house = houses[0]
        ran = state(house)
        assert read_again(house, with_snapshot=False) == ran
        assert read_again(house, with_snapshot=True) == ran
        assert read_again(house, with_snapshot=False, anew=True) == ran
        assert read_again(house, with_snapshot=True, anew=True) == ran
        await house.kill()
        await house.start()
        assert state(house) == ran
        await house.stop()
        await house.start()
        assert state(house) == ran


Damage = Callable[[sqlite3.Connection], Any]


def _flip(blob: bytes, at: int) -> bytes:
    return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]


def _flipped(column: str, index: int, at: int) -> Damage:
    def damage(connection: sqlite3.Connection) -> None:
        (blob,) = connection.execute(
            f"SELECT {column} FROM entries WHERE idx=?", (index,)
        ).fetchone()
        values = (_flip(blob, at), index)
        connection.execute(f"UPDATE entries SET {column}=? WHERE idx=?", values)

    return damage


def _said(sql: str) -> Damage:
    return lambda connection: connection.execute(sql)


DAMAGES: dict[str, Damage] = {
    "a byte of a transfer": _flipped("sealed", 4, 200),
    "a byte of an admission": _flipped("sealed", 1, 300),
    "the envelope of an admission": _flipped("sealed", 1, 0),
    "a byte of the charter": _flipped("sealed", 0, 300),
    "a salt": _flipped("salt", 4, 3),
    "an amount in a trail": _flipped("trail", 4, 40),
    "a way back in a trail": _flipped("trail", 4, 48),
    "the kind in a trail": _flipped("trail", 4, 0),
    "an admission that its trail calls a transfer": _flipped("trail", 1, 0),
    "a trail cut short": _said("UPDATE entries SET trail=substr(trail,1,33) WHERE idx=4"),
    "a trail of nothing": _said("UPDATE entries SET trail=x'' WHERE idx=4"),
    "an amount beyond 64 bits": _said(
        "UPDATE entries SET trail=substr(trail,1,40)||x'ffffffffffffff7f'||substr(trail,49) "
        "WHERE idx=4"
    ),
    "a second": _said("UPDATE entries SET at=at+1 WHERE idx=4"),
    "an entry dropped in the middle": _said("DELETE FROM entries WHERE idx=4"),
    "the last entry dropped": _said("DELETE FROM entries WHERE idx=6"),
    "the first entry dropped": _said("DELETE FROM entries WHERE idx=0"),
    "all heads dropped": _said("DELETE FROM heads"),
    "the last head dropped": _said("DELETE FROM heads WHERE size=7"),
    "a head rewritten": _said("UPDATE heads SET note=replace(note, 'e', 'a') WHERE size=7"),
    "the check of the trails": _said("UPDATE heads SET trails=trails+1 WHERE size=7"),
}


@pytest.mark.parametrize("what", DAMAGES)
async def test_a_damaged_log_does_not_start(tmp_path: Path, what: str) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        for _ in range(4):
            await house.enter(alice.paying(bruno, 5))
        await house.kill()
        connection = sqlite3.connect(house.folder / "ledger.db", isolation_level=None)
        DAMAGES[what](connection)
        connection.close()
        with pytest.raises(StoreError):
            await house.start()


async def test_a_damaged_page_does_not_start(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        orders = [alice.paying(bruno, 5) for _ in range(200)]
        await asyncio.gather(*(house.enter(order) for order in orders))
        await house.stop()
        for path in house.folder.glob("snapshot-*"):
            path.unlink()
        file = house.folder / "ledger.db"
        whole = file.read_bytes()
        refused = 0
        for page in range(2, len(whole) // 4096):
            file.write_bytes(whole[: page * 4096] + bytes(4096) + whole[(page + 1) * 4096 :])
            try:
                await house.start()
                await house.stop()
            except StoreError:
                refused += 1
            for path in house.folder.glob("snapshot-*"):
                path.unlink()
        assert refused >= 10
        file.write_bytes(whole)
        await house.start()
        assert house.book.sum() == 0


async def test_a_trail_that_lies_with_a_check_that_fits_is_found_by_deciding_anew(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        await house.enter(alice.paying(bruno, 5))
        connection = house.live.ledger.connection
        (words,) = connection.execute("SELECT trail FROM entries WHERE idx=3").fetchone()
        # Both amounts grow alike: the sum stays zero, and no leaf covers a trail.
        lie = bytearray(words)
        lie[40:48] = (-6).to_bytes(8, "little", signed=True)
        lie[64:72] = (6).to_bytes(8, "little", signed=True)
        connection.execute("UPDATE entries SET trail=? WHERE idx=3", (bytes(lie),))
        with pytest.raises(StoreError, match="trails differ"):
            read_again(house, with_snapshot=False)
        with pytest.raises(StoreError, match="entry 3 has another trail"):
            read_again(house, with_snapshot=False, anew=True)


async def test_an_entry_that_the_rules_refuse_is_named(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await house.admit("alice")
        await house.kill()
        connection = sqlite3.connect(house.folder / "ledger.db", isolation_level=None)
        connection.execute(
            "INSERT INTO entries SELECT 2, at, salt, sealed, trail FROM entries WHERE idx=1"
        )
        with pytest.raises(StoreError, match="entries that no head was signed for"):
            await house.start()
        connection.execute(
            "INSERT INTO heads SELECT 3, note, trails, leaves FROM heads WHERE size=2"
        )
        connection.close()
        with pytest.raises(StoreError, match="entry 2 is refused at its replay: SEQUENCE_USED"):
            await house.start()


def test_a_charter_that_founds_nothing_is_refused() -> None:
    lapsed = Cooperative("bretagne")
    with pytest.raises(StoreError, match="EXPIRED"):
        found_state(open_sealed(lapsed.sealed, Charter), dated()["iat"])


async def test_the_writer_lets_go_of_its_folder_when_the_log_does_not_start(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await house.kill()
        connection = sqlite3.connect(house.folder / "ledger.db", isolation_level=None)
        connection.execute("DELETE FROM heads")
        connection.close()
        with pytest.raises(StoreError, match="no signed head"):
            await house.start()
        open_database(house.folder / "ledger.db").close()
