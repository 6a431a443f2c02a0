"""The one writer: whatever queued during the last sync is the next group (natural group commit).

Decide, apply, stage, sync, answer, in that order. Only the sync waits; where the disk is slow it
runs in another thread, one hand-over a group, never one a row.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from node.clock import now_s, uptime_s
from node.door import DoorBusy
from node.errors import StoreError
from node.ledger import Decided, Item, Ledger, Maker, Verdict
from node.store.database import Statement, commit
from node.store.disk import Disk
from protocol.envelope import Opened
from protocol.messages.wire import Submission

GROUP_MAX: Final = 2_000
QUEUE_MAX: Final = 20_000
HAND_OVER_S: Final = 0.001
# Measured: fewer and larger groups than with one turn; with two gates a tenth less at the 99th
# percentile of single orders. Taken before the answers, batches came in two halves: groups of 250
# instead of 700, each order 3 to 6 % dearer.
_TURNS: Final = 6


@dataclass(slots=True)
class _Turn:
    """One group and whoever waits for it."""

    decided: Decided
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)


class Sequencer:
    """Gives every document its turn in the ledger.

    Args:
        ledger: The ledger that this sequencer alone writes.
        snapshot_every_entries: A snapshot after this many new entries.
    """

    def __init__(self, ledger: Ledger, snapshot_every_entries: int = 250_000) -> None:
        self.ledger = ledger
        self._sync_s = HAND_OVER_S
        self._snapshot_every = snapshot_every_entries
        self._queue: list[tuple[list[Item], asyncio.Future[None]]] = []
        self._queued = 0
        self._statements: list[tuple[Statement, asyncio.Future[None]]] = []
        self._in_turn: list[asyncio.Future[None]] = []
        self._open: _Turn | None = None
        self._may_run_ahead = False
        self._wake = asyncio.Event()
        self._disk = Disk(self._commit)
        self._failure: StoreError | None = None
        self._closing = False
        self.on_change: list[Callable[[], None]] = []

    def put(self, items: list[Item]) -> "asyncio.Future[None]":
        """Queue documents, in order; done when each verdict is durable.

        Raises:
            DoorBusy: too much is waiting; nothing was taken.
            StoreError: the disk failed; what was not acknowledged may be lost.
        """
        self._check_open(len(items))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((items, done))
        self._queued += len(items)
        self._wake.set()
        if self._may_run_ahead:
            self._fill()
        return done

    async def submit(self, items: list[Item]) -> None:
        """Enter documents, in order, and return when each verdict is durable; errors as `put`."""
        await self.put(items)

    async def enter(self, opened: Opened[Any], submission: Submission | None = None) -> Verdict:
        """Enter one document; errors as `submit`."""
        item = Item(opened, submission)
        await self.submit([item])
        assert item.verdict is not None
        return item.verdict

    async def make(self, maker: Maker, submission: Submission | None = None) -> Item:
        """Enter a document that the node itself writes at its turn; errors as `submit`."""
        item = Item(None, submission, maker)
        await self.submit([item])
        return item

    async def keep(self, sql: str, *values: Any) -> None:
        """Write one row beside the log, durable when this returns; errors as `submit`."""
        self._check_open(1)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._statements.append(((sql, values), done))
        self._wake.set()
        await done

    def _check_open(self, count: int) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing or self._queued + count > QUEUE_MAX:
            raise DoorBusy

    def _fill(self) -> None:
        """Decide what is queued, as far as the open group has room."""
        if self._open is None:
            self._open = _Turn(self.ledger.open_group(now_s()))
        turn = self._open
        taken = 0
        try:
            for items, done in self._queue:
                if turn.decided.items and len(turn.decided.items) + len(items) > GROUP_MAX:
                    break
                turn.waiting.append(done)
                taken += 1
                self.ledger.enter(turn.decided, items)
                self._queued -= len(items)
        except BaseException as error:
            self._fail(error)
            self._wake.set()
            raise
        finally:
            del self._queue[:taken]

    async def run(self) -> None:
        """Serve until closed; returns when the queue is empty after `close`.

        Raises:
            StoreError: the disk failed; every waiting caller gets the same error.
        """
        try:
            while not (self._closing and self._is_idle()):
                await self._wake.wait()
                self._wake.clear()
                while self._failure is None and not self._is_idle():
                    await self._turn()
                if self._failure is not None:
                    raise self._failure
        except BaseException as error:
            # Whatever ends the only writer, nobody may wait for it for ever.
            self._fail(error)
            raise
        finally:
            self._disk.close()

    def _is_idle(self) -> bool:
        return not self._queue and not self._statements and self._open is None

    async def _turn(self) -> None:
        self._fill()
        turn, self._open = self._open, None
        assert turn is not None
        decided = turn.decided
        statements, self._statements = self._statements, []
        turn.waiting += [kept for _, kept in statements]
        self._in_turn = turn.waiting
        self.ledger.close_group(decided, [statement for statement, _ in statements])
        if decided.group:
            await self._sync(decided)
        self.ledger.answer(decided)
        for done in turn.waiting:
            if not done.done():
                done.set_result(None)
        if decided.group.entries:
            self._after_entries()
        if self._sync_s < HAND_OVER_S:
            # What came in during the sync, and what the answers call forth, is the next group: it
            # is read in one turn of the loop, opened in another, and the gates go on meanwhile.
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    async def _sync(self, decided: Decided) -> None:
        # A hand-over to a thread and back takes as long as a sync of a good disk: only a slow one
        # is waited for aside, while the loop goes on verifying and reading.
        if self._sync_s < HAND_OVER_S:
            self._sync_s = self._commit()
            return
        # Meanwhile the next group is decided as it comes; not ahead of a group that must look a
        # repeated document up once it is durable, for the trails would lead past the disk.
        self._may_run_ahead = not decided.again
        try:
            self._sync_s = await self._disk.begin()
        finally:
            self._may_run_ahead = False

    def _commit(self) -> float:
        begin_s = uptime_s()
        commit(self.ledger.connection)
        return uptime_s() - begin_s

    def _after_entries(self) -> None:
        for wake in self.on_change:
            wake()
        due = self.ledger.tree.size - self.ledger.snapshot_size >= self._snapshot_every
        # With a group decided ahead the book is further than the tree: the next turn will do.
        if due and self._open is None:
            self.ledger.snapshot()

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, StoreError):
            error = StoreError(f"the writer ended: {type(error).__name__}")
        self._failure = error
        queued = [done for _, done in self._queue] + [done for _, done in self._statements]
        ahead = self._open.waiting if self._open is not None else []
        for done in (*self._in_turn, *ahead, *queued):
            if not done.done():
                done.set_exception(error)

    def stop(self, error: StoreError) -> None:
        """End with an error that was found beside the queue: the disk is not what it was."""
        self._failure = error
        self._wake.set()

    def close(self) -> None:
        """Take nothing more; `run` returns once what waits is done."""
        self._closing = True
        self._wake.set()
