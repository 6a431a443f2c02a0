"""A running node: one process, or the ledger and its gates; started, watched, stopped."""

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

from node.errors import StoreError
from node.settings import Settings
from node.words import language_of, say

LOCK_NAME: Final = "lock"
LISTENING_NAME: Final = "listening"
# Few of the node's objects can be in cycles: looking for them at every 700 new ones costs 3 %.
_COLLECT: Final = (50_000, 20, 100)
# The thread of a slow disk must not wait 5 ms for the loop before it can say that it is done.
_SWITCH_S: Final = 0.0001

log = logging.getLogger("ronde.node")


class LockedError(Exception):
    """Another process runs this node."""


class ListenError(Exception):
    """The address cannot be listened on; the message says why."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a node's folder for this process alone; the lock ends with the process.

    Raises:
        LockedError: another process holds it.
    """
    with open(folder / LOCK_NAME, "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError from error
        yield


def settle_down() -> None:
    """Tell the interpreter that all is loaded, in the ledger's process and in each gate."""
    # What is loaded now stays: the collector need not look at it again, and rarely at the rest.
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    sys.setswitchinterval(_SWITCH_S)
    # Ledger and gates wake one another thousands of times a second. Where whoever wakes does not
    # interrupt whoever runs, a turn is ended before the next begins: measured, a tenth less at the
    # 99th percentile, and a tenth more transfers on a slow disk. Linux knows it; elsewhere, or
    # where it is not allowed, all works without.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's maker of loops where it is installed; half the cost of a request."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def bound_socket(host: str, port: int, *, shared: bool) -> socket.socket:
    """Return a bound socket that does not listen yet.

    Args:
        host: Name or address.
        port: 0 lets the system choose.
        shared: Whether other processes of this user bind the same port (gates).

    Raises:
        ListenError: no such address, or taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise ListenError(error.strerror or str(error)) from error
    return bound


def url_of(bound: socket.socket) -> str:
    """Return the address of a bound socket as a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def notify(state: str) -> None:
    """Tell systemd, when it is there, that the node is ready or stops (sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        try:
            way.connect(address)
            way.send(state.encode())
        except OSError as error:
            log.warning("systemd is not reached: %s", error.strerror)


@contextlib.asynccontextmanager
async def _inside(
    desk: Any, settings: Settings, on_fault: Callable[[BaseException], None]
) -> AsyncIterator[str]:
    """Serve HTTP in this process."""
    from node.http.app import Front

    bound = bound_socket(settings.host, settings.port, shared=False)
    front = Front(desk, settings, on_fault)
    await front.open(bound)
    try:
        yield url_of(bound)
    finally:
        await front.close()


@contextlib.asynccontextmanager
async def _outside(
    desk: Any, folder: Path, settings: Settings, on_fault: Callable[[BaseException], None]
) -> AsyncIterator[str]:
    """Serve HTTP in gates, which reach the ledger by the pipe."""
    from node.gates import Gates
    from node.pipe import serve, socket_path

    # Bound and never listening: it keeps the port ours while a gate is started again.
    with bound_socket(settings.host, settings.port, shared=True) as bound:
        pipe = await serve(desk, socket_path(folder), on_fault)
        host, port = bound.getsockname()[:2]
        gates = Gates(folder, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        try:
            await gates.start(settings.gates)
            yield url_of(bound)
        finally:
            await gates.stop()
            await pipe.close()


async def run_node(folder: Path, settings: Settings, announce: Callable[[str], None]) -> None:
    """Run a node until SIGTERM or SIGINT.

    Args:
        folder: The node's folder, locked.
        settings: Its settings.
        announce: Called with the URL once requests are answered.

    Raises:
        StoreError: the disk failed; everything acknowledged is kept.
        GateError: a gate did not come up.
        ListenError: the address cannot be listened on.
    """
    from node.desk import running

    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()

    def ask_to_stop() -> None:
        if not stop.done():
            stop.set_result(None)

    def on_fault(error: BaseException) -> None:
        if not stop.done():
            stop.set_exception(error)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    listening = folder / LISTENING_NAME
    # What a node that was killed left behind must not be taken for this one's.
    listening.unlink(missing_ok=True)
    async with running(folder, settings) as desk:
        settle_down()
        doors = (
            _outside(desk, folder, settings, on_fault)
            if settings.gates
            else _inside(desk, settings, on_fault)
        )
        async with doors as url:
            coming = listening.with_suffix(".new")
            coming.write_text(f"{url}\n", encoding="ascii")
            coming.rename(listening)
            announce(url)
            notify("READY=1")
            await _until(stop, desk.failed)
            notify("STOPPING=1")
        listening.unlink(missing_ok=True)


async def _until(stop: "asyncio.Future[None]", failed: "asyncio.Task[None] | None") -> None:
    """Return when asked to stop or when the disk failed; raise when it is our own fault."""
    waiting: list[asyncio.Future[None]] = [stop] if failed is None else [stop, failed]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    error = failed.exception() if failed is not None and failed.done() else None
    if error is not None and not isinstance(error, StoreError):
        crash(error)
    if stop.done() and (fault := stop.exception()) is not None:
        crash(fault)


def crash(error: BaseException) -> None:
    """End the process at once, as a power cut would: what is in memory must not be written.

    Whatever was acknowledged is on the disk; the next start replays it.
    """
    log.critical("fault: %s", type(error).__name__, exc_info=error)
    sentence = say("run.fault", language_of(sys.argv, os.environ), reason=type(error).__name__)
    os.write(2, f"{sentence}\n".encode())
    os._exit(1)
