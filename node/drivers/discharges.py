"""The set-off between members by the node's own clock: computed aside, signed at its turn."""

import asyncio
import logging
from typing import Final

from msgspec import UNSET

from federation.members_set_off import Obligation, Proposal, obligations_of, propose
from federation.pool import NO_ROOMS, Rooms, parties_of, rooms_of
from federation.pool_set_off import has_provision, propose_with_pool
from node.clock import now_s
from node.desk import Desk
from node.door import DoorBusy
from node.ledger import Item
from protocol.envelope import Opened, seal_opened
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.log.receipts import Receipt
from protocol.messages.invoices import Discharge

VALIDITY_S: Final = 60
PAUSE_S: Final = 1
log = logging.getLogger("ronde.discharges")


def _next(obligations: list[Obligation], rooms: Rooms) -> Proposal | None:
    # Spec 0016: The writer MUST set off what needs no balance before it uses provisions.
    return propose(obligations) or propose_with_pool(obligations, rooms)


class Discharger:
    """Sets members' obligations off at intervals, when the settings say so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self) -> None:
        """Set off every `setoff_every_s` seconds; 0 leaves it to the officers."""
        every_s = self._desk.settings.setoff_every_s
        due = now_s() + every_s
        while every_s:
            await asyncio.sleep(PAUSE_S)
            if now_s() < due:
                continue
            due = now_s() + every_s
            try:
                while await self.set_off():
                    pass
            except DoorBusy:
                # The members' own documents come first.
                continue

    async def set_off(self) -> bool:
        """Enter one discharge; say whether another one may be left to make."""
        book = self._desk.ledger.book
        obligations = obligations_of(book)
        rooms = rooms_of(book, parties_of(book)) if book.head.provisions else NO_ROOMS
        proposal = await asyncio.to_thread(_next, obligations, rooms)
        if proposal is None:
            return False
        item = Item(None, make=lambda book, at: self._sign(book, at, proposal))
        await self._desk.sequencer.submit([item])
        if not isinstance(item.verdict, Receipt):
            # Somebody paid or accepted an invoice meanwhile: the next one is computed anew.
            log.info("a discharge came too late: %s", item.verdict)
            return False
        log.info("a discharge of %d obligations is entry %d", len(proposal.cuts), item.verdict.idx)
        return not proposal.is_whole or (proposal.pool is UNSET and has_provision(rooms))

    def _sign(self, book: Book, at: int, proposal: Proposal) -> Opened[Discharge]:
        document = Discharge(
            by=book.cooperative,
            cuts=proposal.cuts,
            exp=at + VALIDITY_S,
            iat=at,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            net=book.net,
            pool=proposal.pool,
            pots=proposal.pots,
            # Not numbered: the officers' decisions under way keep their numbers.
            seq=0,
        )
        return seal_opened(document, self._desk.ledger.keys.document)
