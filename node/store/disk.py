"""The thread that waits for a slow disk, so that the loop goes on meanwhile."""

import asyncio
import contextlib
import threading
from collections.abc import Callable


class Disk:
    """One thread for one piece of work at a time, which has begun when `begin` returns.

    An executor of the library hands over in 0.4 ms where the loop is busy, since its thread waits
    for the interpreter while the loop goes on: at 2 ms a sync, a tenth of what a node can commit.

    Args:
        work: Waits for the disk; returns the seconds that it took.
    """

    def __init__(self, work: Callable[[], float]) -> None:
        self._work = work
        self._go, self._begun = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._begun.acquire()
        self._done: asyncio.Future[float] | None = None
        self._thread: threading.Thread | None = None

    def begin(self) -> "asyncio.Future[float]":
        """Do the work once; the future has what it returns or raises."""
        if self._thread is None:
            # A disk that never answers must not keep the process from its end.
            self._thread = threading.Thread(target=self._serve, name="disk", daemon=True)
            self._thread.start()
        done = self._done = asyncio.get_running_loop().create_future()
        self._go.release()
        # The thread has the interpreter when this returns, and keeps it until it waits itself.
        self._begun.acquire()
        return done

    def close(self) -> None:
        """Let the thread end, once it has done what it was given."""
        if self._thread is not None:
            self._done = self._thread = None
            self._go.release()

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            done = self._done
            if done is None:
                return
            self._begun.release()
            seconds, error = 0.0, None
            try:
                seconds = self._work()
            except Exception as found:  # noqa: BLE001 - raised again where it is awaited
                error = found
            # A loop that is closed by now has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                done.get_loop().call_soon_threadsafe(_settle, done, seconds, error)


def _settle(done: "asyncio.Future[float]", seconds: float, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(seconds)
    else:
        done.set_exception(error)
