"""The pipe between gate processes and the ledger: what a gate verified is not verified again.

The socket lies in the node's folder with mode 0600, so only the node's own user speaks.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from node.clock import uptime_s
from node.door import Door, DoorAway, DoorBusy, DoorFault, EncodedDoor, Item, Reply
from node.errors import StoreError
from node.frames import Frames
from protocol.envelope import Opened, reopen_verified
from protocol.errors import EncodingError, ProtocolError, SignatureError
from protocol.messages.wire import (
    BATCH,
    BATCH_RESULT,
    Batch,
    BatchResult,
    Submission,
)

SOCKET_NAME: Final = "ledger.sock"
IN_FLIGHT_MAX: Final = 4_000
_RETRY_S: Final = 0.05
_MEAN_OF: Final = 16
# The kernel's bound on a socket's path, its final zero left out.
_PATH_BYTES_MAX: Final = 100

SINGLES, BATCH_OF, CALL = 1, 2, 3
REPLY, REPLIES, RESULTS = 16, 17, 18
ENCODING, SIGNATURE, BUSY, AWAY, FAULT = 32, 33, 34, 35, 36

log = logging.getLogger("ronde.pipe")


class _Call(msgspec.Struct, array_like=True):
    method: str
    path: str
    query: dict[str, str]
    body: bytes


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE_CALL: Final = msgspec.msgpack.Decoder(_Call).decode
_DECODE_REPLY: Final = msgspec.msgpack.Decoder(Reply).decode
_DECODE_REPLIES: Final = msgspec.msgpack.Decoder(list[Reply]).decode
# The gate has compared these bytes with their canonical form; what is inside is compared again.
_DECODE_BATCH: Final = msgspec.msgpack.Decoder(Batch).decode


def socket_path(folder: Path) -> str:
    """Return a path for the socket that the kernel accepts, however deep the folder lies."""
    path = str(folder / SOCKET_NAME)
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        return path
    # The descriptor stays open as long as the process: it is the name of the folder.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    return f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"


class _GateSide(Frames):
    """Requests that wait for the ledger's frames."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__()
        self.waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._lost = lost
        self._number = 0

    def frame(self, number: int, kind: int, payload: bytes) -> None:
        future = self.waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_result((kind, payload))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        waiting, self.waiting = self.waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(DoorAway())
        self._lost()

    async def ask(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        if not self.writable.is_set():
            await self.writable.wait()
        if self.transport is None:
            raise DoorAway
        self._number = number = (self._number + 1) & 0xFFFFFFFF
        future: asyncio.Future[tuple[int, bytes]] = self.loop.create_future()
        self.waiting[number] = future
        self.send(number, kind, payload)
        return await future


class RemoteDoor:
    """The way from a gate to the ledger; implements `node.door.Door` and `EncodedDoor`.

    Args:
        path: The socket, as `socket_path` gives it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._side: _GateSide | None = None
        self._singles: list[tuple[Submission, asyncio.Future[Reply]]] = []
        self._on_way = 0
        self._way_s = 0.0
        self._carrying: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()

    async def open(self) -> None:
        """Connect, and from now on connect again whenever the ledger comes back.

        Raises:
            OSError: the ledger is not there.
        """
        await self._connect()
        self._keeper = asyncio.create_task(self._keep(), name="pipe")

    async def close(self) -> None:
        """Leave."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._side is not None:
            self._side.close()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._lost.clear()
        _, self._side = await loop.create_unix_connection(
            lambda: _GateSide(self._lost.set), self._path
        )

    async def _keep(self) -> None:
        while True:
            await self._lost.wait()
            self._side = None
            log.warning("the ledger left; waiting for it")
            while not await self._is_back():
                await asyncio.sleep(_RETRY_S)
            log.warning("the ledger is back")

    async def _is_back(self) -> bool:
        try:
            await self._connect()
        except OSError:
            return False
        return True

    async def _ask(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        side = self._side
        if side is None:
            raise DoorAway
        if len(side.waiting) >= IN_FLIGHT_MAX:
            raise DoorBusy
        answer, found = await side.ask(kind, payload)
        if answer in (REPLY, REPLIES, RESULTS):
            return answer, found
        raise _error_of(answer, found)

    async def document(self, submission: Submission, opened: Opened[Any]) -> Reply:
        """Answer as `Door.document`."""
        return await self.put(submission, opened)

    def way_s(self) -> float:
        """Return a running mean of how long documents were on their way, seconds."""
        return self._way_s

    def put(self, submission: Submission, opened: Opened[Any]) -> "asyncio.Future[Reply]":
        """Answer as `Door.put`; what comes within one turn of the loop goes together."""
        if self._side is None:
            raise DoorAway
        if self._on_way >= IN_FLIGHT_MAX:
            raise DoorBusy
        loop = asyncio.get_running_loop()
        place: asyncio.Future[Reply] = loop.create_future()
        if not self._singles:
            loop.call_soon(self._set_out)
        self._singles.append((submission, place))
        self._on_way += 1
        return place

    def _set_out(self) -> None:
        singles, self._singles = self._singles, []
        task = asyncio.create_task(self._carry(singles))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, singles: list[tuple[Submission, asyncio.Future[Reply]]]) -> None:
        batch = BATCH.encode(Batch([submission for submission, _ in singles]))
        begin_s = uptime_s()
        try:
            _, found = await self._ask(SINGLES, batch)
        except (ProtocolError, DoorBusy, DoorAway, DoorFault) as error:
            for _, place in singles:
                if not place.done():
                    place.set_exception(error)
            return
        finally:
            self._on_way -= len(singles)
            self._way_s += (uptime_s() - begin_s - self._way_s) / _MEAN_OF
        for (_, place), reply in zip(singles, _DECODE_REPLIES(found), strict=True):
            if not place.done():
                place.set_result(reply)

    async def replies(self, items: list[Item]) -> list[Reply]:
        """Answer as `Door.replies`."""
        batch = BATCH.encode(Batch([submission for submission, _ in items]))
        return _DECODE_REPLIES((await self._ask(SINGLES, batch))[1])

    async def documents(self, items: list[Item]) -> BatchResult:
        """Answer as `Door.documents`."""
        return BATCH_RESULT.decode(await self.batch_bytes(items))

    async def batch_bytes(self, items: list[Item]) -> bytes:
        """Answer as `EncodedDoor.batch_bytes`: the ledger's bytes, not looked at."""
        batch = Batch([submission for submission, _ in items])
        _, found = await self._ask(BATCH_OF, BATCH.encode(batch))
        return found

    async def call(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
        """Answer as `Door.call`."""
        _, found = await self._ask(CALL, _ENCODE(_Call(method, path, query, body)))
        return _DECODE_REPLY(found)


def _error_of(kind: int, found: bytes) -> Exception:
    text = found.decode(errors="replace")
    if kind == ENCODING:
        return EncodingError(text)
    if kind == SIGNATURE:
        return SignatureError(text)
    if kind == BUSY:
        return DoorBusy()
    if kind == AWAY:
        return DoorAway()
    return DoorFault()


def _frame_of(error: BaseException) -> tuple[int, bytes]:
    """Return the frame of an error that is an answer; our own faults say nothing of themselves."""
    if isinstance(error, SignatureError):
        return SIGNATURE, str(error).encode()
    if isinstance(error, ProtocolError):
        return ENCODING, str(error).encode()
    if isinstance(error, DoorBusy):
        return BUSY, b""
    if isinstance(error, DoorAway | StoreError):
        return AWAY, b""
    return FAULT, b""


class _LedgerSide(Frames):
    """One gate's connection: a task a request, reading paused while too many run."""

    def __init__(self, pipe: "Pipe") -> None:
        super().__init__()
        self._pipe = pipe
        self._running: set[asyncio.Task[tuple[int, bytes]]] = set()
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._pipe.sides.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._pipe.sides.discard(self)

    def frame(self, number: int, kind: int, payload: bytes) -> None:
        task = self.loop.create_task(self._pipe.answer(kind, payload))
        self._running.add(task)
        task.add_done_callback(lambda done: self._answered(number, done))
        if not self._paused and len(self._running) >= IN_FLIGHT_MAX and self.transport:
            self._paused = True
            self.transport.pause_reading()

    def _answered(self, number: int, task: asyncio.Task[tuple[int, bytes]]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self.send(number, *task.result())
        else:
            kind, text = _frame_of(error)
            self.send(number, kind, text)
            if kind == FAULT:
                self._pipe.report(error)
        if self._paused and len(self._running) < IN_FLIGHT_MAX // 2 and self.transport:
            self._paused = False
            self.transport.resume_reading()

    async def finish(self) -> None:
        """Answer what was asked, then leave."""
        while self._running:
            await asyncio.wait(self._running)
            await asyncio.sleep(0)
        self.close()


class Pipe:
    """The ledger's end of the pipe; made by `serve`.

    Args:
        door: The ledger's desk.
        on_fault: Called with an error that is our own fault.
    """

    def __init__(self, door: Door, on_fault: Callable[[BaseException], None] | None) -> None:
        self._door = door
        self._encoded = door if isinstance(door, EncodedDoor) else None
        self._on_fault = on_fault
        self._listener: asyncio.Server | None = None
        self._path = ""
        self.sides: set[_LedgerSide] = set()

    async def open(self, path: str) -> None:
        """Listen on the socket, for this user alone."""
        if os.path.exists(path):
            os.unlink(path)
        self._path = path
        loop = asyncio.get_running_loop()
        mask = os.umask(0o177)
        try:
            self._listener = await loop.create_unix_server(lambda: _LedgerSide(self), path)
        finally:
            os.umask(mask)

    async def close(self) -> None:
        """Take nothing more, answer what runs, leave."""
        if self._listener is not None:
            self._listener.close()
        for side in list(self.sides):
            await side.finish()
        if os.path.exists(self._path):
            os.unlink(self._path)

    def report(self, error: BaseException) -> None:
        """Log our own fault, and let the node stop."""
        log.error("fault behind the pipe", exc_info=error)
        if self._on_fault is not None:
            self._on_fault(error)

    async def answer(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        """Answer one frame; every error is the caller's to turn into a frame."""
        door = self._door
        if kind in (SINGLES, BATCH_OF):
            batch = _DECODE_BATCH(payload)
            items = [(item, reopen_verified(item.doc)) for item in batch.items]
            if kind == SINGLES:
                return REPLIES, _ENCODE(await door.replies(items))
            if self._encoded is not None:
                return RESULTS, await self._encoded.batch_bytes(items)
            return RESULTS, BATCH_RESULT.encode(await door.documents(items))
        assert kind == CALL, "a frame of an unknown kind"
        asked = _DECODE_CALL(payload)
        return REPLY, _ENCODE(await door.call(asked.method, asked.path, asked.query, asked.body))


async def serve(
    door: Door, path: str, on_fault: Callable[[BaseException], None] | None = None
) -> Pipe:
    """Answer the gates that connect to a socket.

    Args:
        door: The ledger's desk.
        path: The socket, as `socket_path` gives it.
        on_fault: Called with an error that is our own fault: the node must stop.

    Raises:
        OSError: the socket cannot be made.
    """
    pipe = Pipe(door, on_fault)
    await pipe.open(path)
    return pipe
