"""The same document always has the same receipt; what was acknowledged is on the disk."""

import asyncio
import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.errors import StoreError
from node.keyfile import load_keys, new_keys
from node.ledger import Item, Ledger
from protocol.envelope import open_any, seal
from protocol.kinds import LOGGED
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt, verify_receipt
from protocol.messages.decisions import LimitChange
from protocol.messages.keyevents import Revocation
from protocol.messages.wire import Submission
from tests.node.village import SALT, House, Villager, connect, dated, purpose, village


def item(sealed: bytes, **extra: Any) -> Item:
    return Item(open_any(sealed, LOGGED), Submission(doc=sealed, **extra) if extra else None)


async def verdicts(house: House, *sealed: bytes) -> list[Any]:
    items = [item(one) for one in sealed]
    await house.live.sequencer.submit(items)
    return [one.verdict for one in items]


async def pair(house: House) -> tuple[Villager, Villager]:
    return await house.admit("alice"), await house.admit("bruno")


async def test_an_order_sent_again_has_its_first_receipt_wherever_and_whenever(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        first, second, third = (alice.paying(bruno, amount) for amount in (100, 200, 300))
        one, again = await verdicts(house, first, first)
        assert isinstance(one, Receipt)
        assert again == one
        # Behind a new order of the same author, in the same group.
        two, once_more = await verdicts(house, second, first)
        assert isinstance(two, Receipt)
        assert once_more == one
        house.live.ledger.snapshot()
        three = await house.enter(third)
        assert await house.enter(first) == one
        await house.stop()
        await house.start()
        assert [await house.enter(sealed) for sealed in (first, second, third)] == [one, two, three]
        assert bruno.balance == 600


async def test_another_order_with_a_used_number_never_gets_the_receipt_of_the_first(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        first = alice.paying(bruno, 100)
        other = alice.paying(bruno, 999, seq=1)
        one, refused = await verdicts(house, first, other)
        assert isinstance(one, Receipt)
        assert refused is Refusal.SEQUENCE_USED
        assert await house.submit(other) is Refusal.SEQUENCE_USED
        revoked = Revocation(by=alice.account, kev=0, seq=1, **dated())
        assert await house.submit(seal(revoked, *alice.seeds)) is Refusal.SEQUENCE_USED
        assert bruno.balance == 100


async def test_twenty_copies_at_once_are_one_entry(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        sealed = alice.paying(bruno, 100)
        size = house.live.ledger.tree.size
        found = await asyncio.gather(*(house.enter(sealed) for _ in range(20)))
        assert len({msgspec.msgpack.encode(one) for one in found}) == 1
        assert house.live.ledger.tree.size == size + 1


async def test_every_kind_of_decision_has_its_receipt_again(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (house, other):
        alice = Villager("alice", house)
        admission = house.admission(alice)
        limit = seal(
            LimitChange(acct=alice.account, ceil=5, climit=5, **house.decision()), house.officer
        )
        rotation = seal(alice.rotation(**dated()), *_next_seeds(alice))
        one = await house.enter(admission, name="alice")
        assert await house.enter(admission, name="alice") == one
        two = await house.enter(limit)
        three = await house.enter(rotation)
        alice.kev = 1
        revocation = seal(alice.revocation(**dated()), *alice.seeds)
        four = await house.enter(revocation)
        again = [await house.enter(sealed) for sealed in (admission, limit, rotation, revocation)]
        assert again == [one, two, three, four]
        assert other.id in {line.cooperative for line in house.book.head.correspondents.values()}


def _next_seeds(member: Villager) -> list[bytes]:
    member.kev += 1
    seeds = member.seeds
    member.kev -= 1
    return seeds


async def test_a_document_that_lapsed_after_its_entry_still_has_its_receipt(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        sealed = alice.paying(bruno, 100, exp=dated()["iat"] + 1)
        receipt = await house.enter(sealed)
        decided = house.live.ledger.decide_group([late := item(sealed)], receipt.at + 1_000)
        house.live.ledger.answer(decided)
        assert late.verdict == receipt


async def test_the_seventieth_number_before_is_found_and_a_hole_beyond_the_window_is_refused(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        orders = [alice.paying(bruno, 1, seq=seq) for seq in range(2, 80)]
        found = await verdicts(house, *orders)
        assert await verdicts(house, *orders) == found
        hole = alice.paying(bruno, 1, seq=1)
        assert await verdicts(house, hole) == [Refusal.SEQUENCE_USED]


async def test_a_purpose_is_kept_only_if_it_is_the_one_that_was_signed(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        size = house.live.ledger.tree.size
        sealed = alice.paying(bruno, 100, **purpose("miel"))
        for extra in ({"text": "cire", "salt": SALT}, {"text": "miel"}):
            assert (await _status(house, sealed, **extra)) == 400
        silent = alice.paying(bruno, 100)
        assert (await _status(house, silent, text="miel", salt=SALT)) == 400
        # A purpose beside a document that has none must not reach the disk half empty.
        rotation = seal(alice.rotation(**dated()), *_next_seeds(alice))
        assert (await _status(house, rotation, text="miel")) == 400
        odd = alice.paying(bruno, 100, **purpose("mi\u0000el"))
        assert (await _status(house, odd, text="mi\u0000el", salt=SALT)) == 400
        assert house.live.ledger.tree.size == size
        await house.enter(sealed, text="miel", salt=SALT)
        assert house.rows("SELECT text FROM purposes") == [("miel",)]


async def _status(house: House, sealed: bytes, **extra: Any) -> int:
    reply = await house.submit(sealed, **extra)
    assert not isinstance(reply, Receipt | Refusal), reply
    return reply.status


async def test_a_name_has_one_owner(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await house.admit("alice")
        other = Villager("another alice", house)
        assert (await _status(house, house.admission(other), name="alice")) == 409
        twins = [Villager(f"twin {n}", house) for n in range(2)]
        items = [item(house.admission(twin), name="claire") for twin in twins]
        await house.live.sequencer.submit(items)
        assert [isinstance(one.verdict, Receipt) for one in items] == [True, False]
        # Without a name a member is admitted all the same.
        await house.enter(house.admission(other, seq=77))


async def test_what_was_acknowledged_is_on_the_disk_at_that_instant(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        acknowledged: list[tuple[bytes, Receipt]] = []
        for _ in range(12):
            sealed = alice.paying(bruno, 5)
            acknowledged.append((sealed, await house.enter(sealed)))
            copy = tmp_path / f"copy-{len(acknowledged)}"
            shutil.copytree(house.folder, copy)
            ledger = Ledger.open(copy, load_keys(copy))
            assert [ledger.receipt(receipt.idx) for _, receipt in acknowledged] == [
                receipt for _, receipt in acknowledged
            ]
            assert ledger.book.sum() == 0
            ledger.close()


async def test_receipts_of_all_sizes_of_log_verify_from_the_log_alone(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        told: list[tuple[bytes, Receipt]] = []
        while len(told) < 600:
            group = [alice.paying(bruno, 1) for _ in range(dice.choice((1, 2, 7, 255, 256)))]
            told += zip(group, await verdicts(house, *group), strict=True)
        await house.stop()
        await house.start()
        charter = house.charter
        for sealed, receipt in dice.sample(told, 200):
            assert house.live.ledger.receipt(receipt.idx) == receipt
            verify_receipt(receipt, sealed, charter.origin, charter.log)


async def test_a_rotation_of_a_neighbours_keys_has_its_receipt_again(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (house, other):
        await connect(house, other)
        unknown = Villager("nobody", house)
        assert await house.submit(unknown.paying(unknown, 5)) is Refusal.AUTHOR_UNKNOWN
        assert house.live.ledger.find_entry(open_any(unknown.paying(unknown, 5), LOGGED)) == -1


async def test_a_node_with_another_nodes_keys_does_not_start(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await house.stop()
        with pytest.raises(StoreError, match="keys"):
            Ledger.open(house.folder, new_keys())
        await house.start()
