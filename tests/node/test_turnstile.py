"""The turnstile keeps the order of arrival and never lets a burst through in one turn."""

import asyncio
from functools import partial

import pytest

from node.http.turnstile import EACH_TURN, EACH_TURN_SLOW, SLOW_S, Turnstile


@pytest.mark.parametrize(("way_s", "portion"), [(0.0, EACH_TURN), (SLOW_S, EACH_TURN_SLOW)])
async def test_a_burst_passes_in_order_a_portion_a_turn(way_s: float, portion: int) -> None:
    turnstile = Turnstile(lambda: way_s)
    passed: list[int] = []
    seen = []
    for number in range(100):
        turnstile.let(partial(passed.append, number))
    while len(passed) < 100:
        seen.append(len(passed))
        await asyncio.sleep(0)
    assert passed == list(range(100))
    steps = [after - before for before, after in zip(seen, [*seen[1:], 100], strict=True)]
    assert max(steps) == portion


async def test_whoever_waits_passes_and_whoever_gave_up_is_passed_over() -> None:
    turnstile = Turnstile(lambda: 0.0)
    tasks = [asyncio.create_task(turnstile.wait()) for _ in range(40)]
    await asyncio.sleep(0)
    tasks[-1].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[:-1] == [None] * 39
    assert isinstance(found[-1], asyncio.CancelledError)
