"""The disk thread: one piece of work at a time, its result or its error, and an end."""

import asyncio
import threading
import time

import pytest

from node.errors import StoreError
from node.store.disk import Disk


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "disk"]


async def test_work_is_done_in_the_one_thread_and_tells_its_seconds() -> None:
    done: list[int] = []

    def work() -> float:
        done.append(threading.get_ident())
        return float(len(done))

    disk = Disk(work)
    assert _threads() == []
    assert [await disk.begin() for _ in range(50)] == [float(turn) for turn in range(1, 51)]
    (thread,) = _threads()
    assert set(done) == {thread.ident} != {threading.get_ident()}
    disk.close()
    thread.join(5)
    assert not thread.is_alive()


async def test_the_loop_goes_on_while_the_disk_waits() -> None:
    answered = threading.Event()
    disk = Disk(lambda: 1.0 if answered.wait(5) else 0.0)
    done = disk.begin()
    await asyncio.sleep(0.01)
    assert not done.done()
    answered.set()
    assert await done == 1.0
    disk.close()


async def test_an_error_of_the_disk_is_raised_where_it_is_awaited() -> None:
    def work() -> float:
        raise StoreError("no room")

    disk = Disk(work)
    for _ in range(2):
        with pytest.raises(StoreError, match="no room"):
            await disk.begin()
    disk.close()


async def test_work_that_nobody_awaits_any_more_is_finished_all_the_same() -> None:
    finished: list[float] = []

    def work() -> float:
        time.sleep(0.05)
        finished.append(1.0)
        return 1.0

    disk = Disk(work)
    disk.begin().cancel()
    disk.close()
    for thread in _threads():
        await asyncio.to_thread(thread.join, 5)
    assert finished == [1.0]
    await asyncio.sleep(0)


def test_a_loop_that_ended_meanwhile_is_not_told() -> None:
    answered = threading.Event()
    disk = Disk(lambda: 1.0 if answered.wait(5) else 0.0)

    async def begin() -> None:
        disk.begin()

    asyncio.run(begin())
    (thread,) = _threads()
    answered.set()
    disk.close()
    thread.join(5)
    assert not thread.is_alive()


async def test_closing_before_any_work_needs_no_thread() -> None:
    Disk(lambda: 0.0).close()
    assert _threads() == []
