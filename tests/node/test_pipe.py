import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from node import pipe as pipes
from node.door import Door, DoorAway, DoorBusy, DoorFault, Reply
from node.errors import StoreError
from node.pipe import Pipe, RemoteDoor, serve, socket_path
from protocol.envelope import Opened, open_any
from protocol.errors import EncodingError, SignatureError
from protocol.kinds import type_name
from protocol.messages.wire import BATCH_RESULT, BatchResult, Submission
from tests.node.paper_door import PaperDoor, sealed_order

ORDERS = frozenset((type_name("order"),))


def item(seq: int) -> tuple[Submission, Opened[Any]]:
    sealed = sealed_order(seq)
    return Submission(doc=sealed), open_any(sealed, ORDERS)


@contextlib.asynccontextmanager
async def piped(door: Door, folder: Path, **more: Any) -> AsyncIterator[tuple[Pipe, RemoteDoor]]:
    path = socket_path(folder)
    pipe = await serve(door, path, **more)
    remote = RemoteDoor(path)
    await remote.open()
    try:
        yield pipe, remote
    finally:
        await remote.close()
        await pipe.close()


async def test_what_passes_the_pipe_is_what_the_ledger_says(tmp_path: Path) -> None:
    door = PaperDoor()
    async with piped(door, tmp_path) as (_, remote):
        submission, opened = item(1)
        reply = await remote.document(submission, opened)
        assert (reply.status, reply.body) == (200, sha256(submission.doc).digest())
        result = await remote.documents([item(2), item(3)])
        assert [each.idx for each in result.items] == [2, 3]
        assert BATCH_RESULT.decode(await remote.batch_bytes([item(4)])).items[0].idx == 4
        assert await remote.call("GET", "/names/a", {"at": "b"}, b"x") == Reply(
            200, "application/json", b'{"v":1}'
        )
    assert door.calls == [("GET", "/names/a", {"at": "b"}, b"x")]
    assert door.seen == [sealed_order(seq) for seq in (1, 2, 3, 4)]


async def test_the_socket_is_for_the_nodes_user_alone_and_goes_with_it(tmp_path: Path) -> None:
    async with piped(PaperDoor(), tmp_path):
        mode = (tmp_path / pipes.SOCKET_NAME).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_may_lie_deep(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["profondeur"] * 12)
    deep.mkdir(parents=True)
    async with piped(PaperDoor(), deep) as (_, remote):
        assert (await remote.call("GET", "/", {}, b"")).status == 200
        assert (deep / pipes.SOCKET_NAME).is_socket()


@pytest.mark.parametrize(
    ("seq", "error"),
    [
        (PaperDoor.BUSY, DoorBusy),
        (PaperDoor.AWAY, DoorAway),
        (PaperDoor.WRONG, EncodingError),
        (PaperDoor.FAULT, DoorFault),
    ],
)
async def test_an_error_is_the_same_error_at_the_gate(
    tmp_path: Path, seq: int, error: type[Exception]
) -> None:
    async with piped(PaperDoor(), tmp_path) as (_, remote):
        with pytest.raises(error):
            await remote.document(*item(seq))
        assert (await remote.document(*item(1))).status == 200


class FailingDoor(PaperDoor):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def call(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
        raise self.error


async def test_a_failed_disk_is_an_absent_ledger(tmp_path: Path) -> None:
    async with piped(FailingDoor(StoreError("disk")), tmp_path) as (_, remote):
        with pytest.raises(DoorAway):
            await remote.call("GET", "/", {}, b"")


async def test_a_wrong_signature_inside_keeps_its_words(tmp_path: Path) -> None:
    async with piped(FailingDoor(SignatureError("of the charter")), tmp_path) as (_, remote):
        with pytest.raises(SignatureError, match="of the charter"):
            await remote.call("GET", "/", {}, b"")


async def test_our_own_fault_is_reported_at_the_ledger_and_not_told(tmp_path: Path) -> None:
    reported: list[BaseException] = []
    door = FailingDoor(KeyError("secret"))
    async with piped(door, tmp_path, on_fault=reported.append) as (_, remote):
        with pytest.raises(DoorFault) as raised:
            await remote.call("GET", "/", {}, b"")
    assert "secret" not in str(raised.value)
    assert [type(error) for error in reported] == [KeyError]


async def test_thousands_of_requests_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    async with piped(PaperDoor(), tmp_path) as (_, remote):
        replies = await asyncio.gather(
            *(remote.call("GET", f"/{n}", {}, bytes(2_000)) for n in range(3_000))
        )
    assert len(replies) == 3_000


async def test_frames_larger_than_the_buffers_arrive_whole(tmp_path: Path) -> None:
    class Echo(PaperDoor):
        async def call(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
            return Reply(200, "x", body)

    bodies = [bytes([n]) * 3_000_000 for n in range(6)]
    async with piped(Echo(), tmp_path) as (_, remote):
        replies = await asyncio.gather(*(remote.call("GET", "/", {}, body) for body in bodies))
    assert [reply.body for reply in replies] == bodies


async def test_a_gate_with_too_much_on_its_way_says_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "IN_FLIGHT_MAX", 3)
    door = PaperDoor()
    async with piped(door, tmp_path) as (_, remote):
        waiting = [asyncio.create_task(remote.document(*item(PaperDoor.SLOW))) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(DoorBusy):
            await remote.document(*item(1))
        door.release.set()
        assert [reply.status for reply in await asyncio.gather(*waiting)] == [200] * 3
        await asyncio.sleep(0.05)
        assert (await remote.document(*item(1))).status == 200


async def test_a_ledger_that_leaves_is_away_and_found_again(tmp_path: Path) -> None:
    door = PaperDoor()
    async with piped(door, tmp_path) as (pipe, remote):
        waiting = asyncio.create_task(remote.document(*item(PaperDoor.SLOW)))
        await asyncio.sleep(0.05)
        for side in pipe.sides:
            assert side.transport is not None
            side.transport.abort()
        with pytest.raises(DoorAway):
            await waiting
        with pytest.raises(DoorAway):
            await remote.document(*item(1))
        for _ in range(100):
            await asyncio.sleep(0.02)
            with contextlib.suppress(DoorAway):
                assert (await remote.document(*item(1))).status == 200
                break
        else:
            pytest.fail("never found again")
        door.release.set()


async def test_a_pipe_that_closes_answers_what_was_asked(tmp_path: Path) -> None:
    door = PaperDoor()
    path = socket_path(tmp_path)
    pipe = await serve(door, path)
    remote = RemoteDoor(path)
    await remote.open()
    waiting = asyncio.create_task(remote.document(*item(PaperDoor.SLOW)))
    await asyncio.sleep(0.05)
    asyncio.get_running_loop().call_later(0.1, door.release.set)
    await pipe.close()
    assert (await waiting).status == 200
    await remote.close()


async def test_an_old_socket_is_replaced(tmp_path: Path) -> None:
    (tmp_path / pipes.SOCKET_NAME).write_bytes(b"")
    async with piped(PaperDoor(), tmp_path) as (_, remote):
        assert (await remote.call("GET", "/", {}, b"")).status == 200


async def test_a_ledger_that_has_bytes_at_hand_gives_them_through_the_pipe(tmp_path: Path) -> None:
    class Encoded(PaperDoor):
        async def batch_bytes(self, items: list[tuple[Submission, Opened[Any]]]) -> bytes:
            return BATCH_RESULT.encode(BatchResult(["own"], [], []))

    async with piped(Encoded(), tmp_path) as (_, remote):
        assert (await remote.documents([item(1)])).heads == ["own"]
