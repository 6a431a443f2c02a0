"""A turnstile before verification: a few documents a turn of the loop, then everybody's turn.

Without it a burst of requests is verified in one run, and what was verified first waits for the
last before it goes on to the ledger: gates and ledger would work one after the other instead of
at the same time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

EACH_TURN: Final = 16
# A ledger that waits for a slow disk takes what is there when the disk is done: small portions
# reach it in time.
EACH_TURN_SLOW: Final = 4
SLOW_S: Final = 0.002


class Turnstile:
    """Lets a bounded number through in each turn of the loop, in order of arrival.

    Args:
        way_s: Returns how long the last documents were on their way, in seconds.
    """

    def __init__(self, way_s: Callable[[], float]) -> None:
        self._way_s = way_s
        self._left = EACH_TURN
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Callable[[], None]] = deque()
        self._turning = False

    def let(self, go: Callable[[], None]) -> None:
        """Call something now, or in a later turn when this one is full."""
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)
        if self._left:
            self._left -= 1
            go()
        else:
            self._waiting.append(go)

    async def wait(self) -> None:
        """Pass in this turn or in a later one."""
        place: asyncio.Future[None] = self._loop.create_future()
        self.let(partial(_open, place))
        await place

    def _turn(self) -> None:
        self._left = EACH_TURN if self._way_s() < SLOW_S else EACH_TURN_SLOW
        while self._waiting and self._left:
            self._left -= 1
            self._waiting.popleft()()
        self._turning = bool(self._waiting)
        if self._turning:
            self._loop.call_soon(self._turn)


def _open(place: "asyncio.Future[None]") -> None:
    if not place.done():
        place.set_result(None)
