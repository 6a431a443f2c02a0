"""Payments to neighbours: hand over the offers that wait, answer the ones that come (spec 0012).

An offer is repeated, the same bytes, until its signed answer has come: silence decides nothing.
"""

import asyncio
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from node.clock import random_bytes
from node.desk import Desk, Route
from node.door import DoorBusy, Reply
from node.errors import PeerError
from node.ledger import Item, Maker
from node.public import CONTAINER_KIND, peer_url
from node.store.database import rows
from protocol.encoding import check_text
from protocol.envelope import Opened, open_sealed, seal_opened
from protocol.errors import ProtocolError
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.correspondents import check_offer, offer_verdict
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import purpose_digest
from protocol.messages.peering import Answer, Offer
from protocol.messages.wire import (
    BATCH,
    PAPERS,
    SUBMISSION,
    SUBMISSION_BYTES_MAX,
    Batch,
    Papers,
    Submission,
)
from protocol.shapes import Document


class Freight(NamedTuple):
    """What a courier carries to the neighbours, and where it is kept.

    Attributes:
        path: Where the neighbour takes it.
        waiting: Query for what it has not answered: its identifier and a limit.
        known: Query for our answer: its identifier and the number of the paper.
        paper: What is sent.
        answer: What comes back.
        inside: Field of an answer that holds the paper.
    """

    path: str
    waiting: str
    known: str
    paper: type[Document]
    answer: type[Document]
    inside: str


OFFERS: Final = Freight(
    path="/offers",
    waiting="SELECT extra FROM offers WHERE cooperative=? AND answer IS NULL ORDER BY seq LIMIT ?",
    known="SELECT e.sealed FROM answers a JOIN entries e USING (idx) "
    "WHERE a.cooperative=? AND a.seq=?",
    paper=Offer,
    answer=Answer,
    inside="offer",
)
OFFERS_MAX: Final = 50
# A neighbour takes no larger body for one submission, and offers are no larger than that together.
OFFERS_BYTES_MAX: Final = SUBMISSION_BYTES_MAX - 1_000
WAIT_MIN_S: Final = 0.5
WAIT_MAX_S: Final = 600.0


class Courier:
    """Carries offers to the neighbours, one lane each, and answers theirs."""

    freight = OFFERS

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lanes: dict[bytes, asyncio.Event] = {}
        self._alive: dict[bytes, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        desk.sequencer.on_change.append(self._wake.set)

    def routes(self) -> dict[tuple[str, str], Route]:
        """Return what other nodes may send."""
        return {("POST", self.freight.path): self.receive}

    async def run(self) -> None:
        """Keep one lane going for each neighbour, until cancelled."""
        try:
            while True:
                for state in list(self._desk.ledger.book.head.correspondents.values()):
                    lane = self._lanes.get(state.cooperative)
                    if lane is None:
                        lane = self._lanes[state.cooperative] = asyncio.Event()
                        self._alive[state.cooperative] = asyncio.Event()
                        self._tasks.add(asyncio.create_task(self._lane(state.cooperative, lane)))
                    lane.set()
                await self._wake.wait()
                self._wake.clear()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _lane(self, cooperative: bytes, wake: asyncio.Event) -> None:
        wait_s = WAIT_MIN_S
        alive = self._alive[cooperative]
        while True:
            waiting = self._waiting(cooperative)
            if not waiting:
                await wake.wait()
                wake.clear()
                continue
            try:
                answered = await self._hand_over(cooperative, waiting)
            except (PeerError, ProtocolError, DoorBusy):
                answered = 0
            if answered:
                wait_s = WAIT_MIN_S
                continue
            # Backing off, but any sign of life of the neighbour brings the next try forward.
            alive.clear()
            try:
                pause_s = wait_s * (70 + random_bytes(1)[0] % 61) / 100
                await asyncio.wait_for(alive.wait(), pause_s)
                wait_s = WAIT_MIN_S
            except TimeoutError:
                wait_s = min(2 * wait_s, WAIT_MAX_S)

    def _waiting(self, cooperative: bytes) -> list[bytes]:
        # The reader sees only what is on the disk: an offer that a crash could undo never leaves.
        found = rows(self._desk.ledger.reader, self.freight.waiting, (cooperative, OFFERS_MAX))
        waiting: list[bytes] = []
        size = 0
        for (extra,) in found:
            size += len(extra)
            if waiting and size > OFFERS_BYTES_MAX:
                break
            waiting.append(extra)
        return waiting

    async def _hand_over(self, cooperative: bytes, waiting: list[bytes]) -> int:
        url = peer_url(self._desk, cooperative)
        if url is None:
            raise PeerError("its address is not known")
        batch = Batch([SUBMISSION.decode(extra) for extra in waiting])
        target = f"{url}{self.freight.path}"
        answer = await self._desk.peers.request("POST", target, BATCH.encode(batch))
        papers = PAPERS.decode(answer).papers
        items = [Item(open_sealed(paper, self.freight.answer)) for paper in papers]
        if len(items) > len(waiting):
            raise PeerError("more answers than offers")
        await self._desk.sequencer.submit(items)
        return sum(item.place >= 0 for item in items)

    async def receive(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Answer a neighbour's papers in order, up to the first that cannot be answered.

        Raises:
            ProtocolError: a paper does not hold.
        """
        batch = BATCH.decode(body)
        offers: list[tuple[Opened[Any], Submission]] = [
            (open_sealed(submission.doc, self.freight.paper), submission)
            for submission in batch.items[:OFFERS_MAX]
        ]
        answers: list[bytes] = []
        fresh: list[Item] = []
        for opened, submission in offers:
            known = self._known(opened)
            if known is not None:
                answers.append(known)
            else:
                fresh.append(Item(None, self._label(opened, submission), self._maker(opened)))
        if fresh:
            await desk.sequencer.submit(fresh)
        for item in fresh:
            if item.place < 0 or item.opened is None:
                break
            answers.append(item.opened.sealed)
        if answers and (alive := self._alive.get(offers[0][0].document.by)) is not None:
            alive.set()
        return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers(answers)))

    def _known(self, opened: Opened[Any]) -> bytes | None:
        place = (opened.document.by, opened.document.seq)
        found = rows(self._desk.ledger.reader, self.freight.known, place)
        if not found:
            return None
        answer = open_sealed(found[0][0], self.freight.answer)
        inside = getattr(answer.document, self.freight.inside)
        return answer.sealed if open_sealed(inside, self.freight.paper).id == opened.id else None

    def _label(self, opened: Opened[Any], submission: Submission) -> Submission:
        return label(opened.document.what, submission)

    def _maker(self, opened: Opened[Any]) -> Maker:
        seed = self._desk.ledger.keys.document

        def make(book: Book, at: int) -> Opened[Any] | Refusal:
            line = check_offer(book, opened)
            if isinstance(line, Refusal):
                return line
            verdict = offer_verdict(book, line[0], opened.document, at)
            answer = Answer(
                by=book.cooperative,
                exp=at,
                iat=at,
                kev=book.accounts.kev[COOPERATIVE_SLOT],
                net=book.net,
                offer=opened.sealed,
                seq=opened.document.seq,
                why=int(verdict or 0),
            )
            return seal_opened(answer, seed)

        return make


def label(what: Any, submission: Submission) -> Submission:
    """Keep the author's name and purpose, when the purpose is the one that was signed."""
    text, salt = submission.text, submission.salt
    if text is UNSET or salt is UNSET or what != purpose_digest(salt, text):
        text = salt = UNSET
    else:
        check_text(text)
    return Submission(doc=submission.doc, name=submission.name, salt=salt, text=text)
