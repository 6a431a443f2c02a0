"""The scrub finds what a start does not look at."""

import asyncio
from pathlib import Path

import pytest

from node.door import Reply
from node.errors import StoreError
from node.scrub import scrub
from tests.node.village import village

pytestmark = pytest.mark.asyncio


async def test_a_document_changed_long_ago_stops_a_running_node(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        orders = [alice.paying(bruno, 5) for _ in range(700)]
        for at in range(0, 700, 100):
            await asyncio.gather(*(house.enter(order) for order in orders[at : at + 100]))
        await scrub(house.live.ledger, 0)
        await house.stop()
        await house.start()
        house.live.ledger.connection.execute("UPDATE entries SET at=at+1 WHERE idx=17")
        with pytest.raises(StoreError, match="from entry 0 to 255 was changed"):
            await scrub(house.live.ledger, 0)
        failed = house.live.failed
        assert failed is not None
        with pytest.raises(StoreError, match="was changed on the disk"):
            await asyncio.wait_for(failed, 20)
        answer = await house.submit(alice.paying(bruno, 5))
        assert isinstance(answer, Reply)
        assert answer.status == 503
        # The disk is put right: what the node refused to go on with is whole again.
        house.live.ledger.connection.execute("UPDATE entries SET at=at-1 WHERE idx=17")
        with pytest.raises(StoreError, match="was changed on the disk"):
            await house.stop()
        await house.start()
        assert house.book.sum() == 0


async def test_a_block_that_grows_meanwhile_is_no_alarm(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        entering = [asyncio.create_task(house.enter(alice.paying(bruno, 5))) for _ in range(600)]
        scrubbing = asyncio.create_task(scrub(house.live.ledger, 0))
        await asyncio.gather(*entering)
        await scrubbing
        await scrub(house.live.ledger, 0)
