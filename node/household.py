"""One cooperative under one roof: ledger, sequencer, desk and drivers, put together and stopped."""

import asyncio
from pathlib import Path
from typing import Final

from node import public, questions
from node.desk import Desk
from node.drivers import lines
from node.drivers.discharges import Discharger
from node.drivers.offers import Courier
from node.drivers.relays import Teller
from node.drivers.rounds import Convener
from node.errors import StoreError
from node.keyfile import load_keys
from node.ledger import Ledger
from node.peers import Peers
from node.scrub import scrub
from node.sequencer import Sequencer
from node.settings import Settings

_DRAIN_S: Final = 20


class Household:
    """Everything of a node but its HTTP door.

    Attributes:
        desk: What answers.
        failed: Done when the disk failed; its exception says why, and the node must stop.
    """

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self.ledger = ledger
        self.sequencer = Sequencer(ledger, settings.snapshot_every_entries)
        self.peers = Peers()
        self.desk = Desk(ledger, self.sequencer, self.peers, settings)
        self.courier = Courier(self.desk)
        self.teller = Teller(self.desk)
        self.convener = Convener(self.desk)
        self.discharger = Discharger(self.desk)
        for module in (public, questions, lines):
            self.desk.routes |= module.ROUTES
        self.desk.routes |= self.courier.routes() | self.convener.routes()
        self.desk.routes |= self.teller.routes()
        self._tasks: list[asyncio.Task[None]] = []
        self.failed: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve."""
        self.failed = asyncio.create_task(self.sequencer.run(), name="sequencer")
        self.desk.failed = self.failed
        self._tasks = [
            asyncio.create_task(self.courier.run(), name="offers"),
            asyncio.create_task(self.teller.run(), name="relays"),
            asyncio.create_task(self.convener.run(), name="rounds"),
            asyncio.create_task(self.discharger.run(), name="discharges"),
            asyncio.create_task(self._scrub(), name="scrub"),
        ]

    async def _scrub(self) -> None:
        try:
            await scrub(self.ledger)
        except StoreError as error:
            self.sequencer.stop(error)

    async def stop(self) -> None:
        """Finish what waits, write a snapshot, close.

        Raises:
            StoreError: the disk failed, before or now.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.sequencer.close()
        assert self.failed is not None
        try:
            await asyncio.wait_for(self.failed, _DRAIN_S)
            self.ledger.snapshot()
        except TimeoutError as error:
            # The disk thread may still be inside SQLite: to close now would crash the process.
            raise StoreError("the last group did not reach the disk in time") from error
        except BaseException:
            self.ledger.close()
            raise
        else:
            self.ledger.close()
        finally:
            await self.peers.close()


def open_household(folder: Path, settings: Settings) -> Household:
    """Open a node's folder.

    Raises:
        StoreError: the folder cannot be opened safely.
    """
    keys = load_keys(folder)
    return Household(Ledger.open(folder, keys, settings.offer_validity_s), settings)
