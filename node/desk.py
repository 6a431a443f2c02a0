"""The desk: what the node answers, whatever carried the question; implements `node.door.Door`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from node.clock import now_s
from node.door import DoorAway, DoorBusy, Reply
from node.errors import Conflict, PeerError, StoreError
from node.ledger import Item, Ledger, Verdict
from node.peers import Peers
from node.problems import problem
from node.sequencer import Sequencer
from node.settings import Settings
from protocol.envelope import Opened, seal
from protocol.errors import EncodingError, ProtocolError, SignatureError
from protocol.ledger.book import COOPERATIVE_SLOT
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt
from protocol.messages.answers import Rejection
from protocol.messages.wire import BatchResult, Result, Submission, batch_result

RECEIPT_KIND: Final = "application/vnd.ronde.receipt+msgpack"
SEALED_KIND: Final = "application/octet-stream"
_ENCODE_RECEIPT: Final = msgspec.msgpack.Encoder().encode

Route = Callable[["Desk", dict[str, str], bytes], Awaitable[Reply]]


class Desk:
    """One cooperative's answers.

    Attributes:
        ledger: Its ledger.
        sequencer: The ledger's one writer.
        peers: The way to other nodes.
        settings: The node's settings.
        routes: What answers each (method, path); a path may end in `/*`.
        failed: Done when the disk failed and the node must stop.
    """

    def __init__(
        self, ledger: Ledger, sequencer: Sequencer, peers: Peers, settings: Settings
    ) -> None:
        self.ledger = ledger
        self.sequencer = sequencer
        self.peers = peers
        self.settings = settings
        self.routes: dict[tuple[str, str], Route] = {}
        self.failed: asyncio.Task[None] | None = None

    async def document(self, submission: Submission, opened: Opened[Any]) -> Reply:
        """Enter one verified document and answer with its receipt, or a signed rejection."""
        return (await self.replies([(submission, opened)]))[0]

    def way_s(self) -> float:
        """Return 0: there is no way to the ledger in one process."""
        return 0.0

    def put(self, submission: Submission, opened: Opened[Any]) -> "asyncio.Future[Reply]":
        """Enter as `document`, for a caller that has no task to wait in."""
        place: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        item = Item(opened, submission)

        def answer(done: "asyncio.Future[None]") -> None:
            if not place.done():
                failed = done.cancelled() or done.exception() is not None
                place.set_result(
                    problem("stopping") if failed else self.reply(opened, item.verdict)
                )

        try:
            self.sequencer.put([item]).add_done_callback(answer)
        except DoorBusy:
            place.set_result(problem("busy"))
        except StoreError:
            place.set_result(problem("stopping"))
        return place

    async def replies(self, items: list[tuple[Submission, Opened[Any]]]) -> list[Reply]:
        """Enter verified documents that came one by one; each has its own reply."""
        queue = [Item(opened, submission) for submission, opened in items]
        try:
            await self.sequencer.submit(queue)
        except DoorBusy:
            return [problem("busy")] * len(items)
        except StoreError:
            return [problem("stopping")] * len(items)
        return [
            self.reply(opened, item.verdict) for (_, opened), item in zip(items, queue, strict=True)
        ]

    def reply(self, opened: Opened[Any], verdict: Verdict | None) -> Reply:
        """Return the reply of one verdict."""
        if isinstance(verdict, Receipt):
            return Reply(200, RECEIPT_KIND, _ENCODE_RECEIPT(verdict))
        if isinstance(verdict, Refusal):
            return Reply(422, SEALED_KIND, self.reject(opened, verdict))
        return error_reply(verdict)

    async def documents(self, items: list[tuple[Submission, Opened[Any]]]) -> BatchResult:
        """Enter verified documents in order; each has its own result.

        Raises:
            DoorBusy: nothing was taken.
            DoorAway: the disk failed.
        """
        queue = [Item(opened, submission) for submission, opened in items]
        try:
            await self.sequencer.submit(queue)
        except StoreError as error:
            raise DoorAway from error
        return batch_result(
            [
                item.verdict if type(item.verdict) is Receipt else self._other_result(item)
                for item in queue
            ]
        )

    def _other_result(self, item: Item) -> Result:
        if isinstance(item.verdict, Refusal):
            assert item.opened is not None
            return Result(rejection=self.reject(item.opened, item.verdict))
        return Result(wrong=str(item.verdict))

    def reject(self, opened: Opened[Any], refusal: Refusal) -> bytes:
        """Return the node's signed word that a document is refused."""
        book = self.ledger.book
        at = now_s()
        rejection = Rejection(
            by=book.cooperative,
            doc=opened.id,
            exp=at,
            iat=at,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            net=book.net,
            seq=self.ledger.tree.size,
            why=int(refusal),
        )
        return seal(rejection, self.ledger.keys.document)

    async def call(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
        """Answer every other route; a wrong body or a silent peer is a problem, never a crash."""
        route, argument = self._route(method, path)
        if route is None:
            return problem("not-found", path)
        try:
            return await route(self, query | {"": argument}, body)
        except (ProtocolError, Conflict, DoorBusy, StoreError, PeerError) as error:
            return error_reply(error)

    def _route(self, method: str, path: str) -> tuple[Route | None, str]:
        exact = self.routes.get((method, path))
        if exact is not None:
            return exact, ""
        parent, _, argument = path.rpartition("/")
        return self.routes.get((method, f"{parent}/*")), argument


def error_reply(error: Any) -> Reply:
    """Return the reply of an error: whose fault it is decides the status."""
    if isinstance(error, SignatureError):
        return problem("signature", str(error))
    if isinstance(error, EncodingError | ProtocolError):
        return problem("encoding", str(error))
    if isinstance(error, Conflict):
        return problem("conflict", str(error))
    if isinstance(error, DoorBusy):
        return problem("busy")
    if isinstance(error, PeerError):
        return problem("peer", str(error))
    return problem("stopping")


def sealed_reply(sealed: bytes) -> Reply:
    """Return a reply that carries one sealed document."""
    return Reply(200, SEALED_KIND, sealed)


@asynccontextmanager
async def running(folder: Path, settings: Settings) -> AsyncIterator[Desk]:
    """Open a node's folder and run everything but HTTP: sequencer, offers, rounds.

    Args:
        folder: The node's folder, made by `ronde-node init`.
        settings: Its settings.

    Yields:
        The desk; `desk.failed` completes when the disk fails and the node must stop.

    Raises:
        StoreError: the folder cannot be opened safely.
    """
    from node.household import open_household

    household = open_household(folder, settings)
    await household.start()
    try:
        yield household.desk
    finally:
        await household.stop()
