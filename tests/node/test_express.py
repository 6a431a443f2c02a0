"""The express lane gives what the ordinary way gives, and takes nothing that is not plain."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.http.express import plain_body
from protocol.messages.wire import SUBMISSION, SUBMISSION_BYTES_MAX, Submission
from tests.node.paper_door import PaperDoor, forged_order, sealed_order, settings
from tests.node.street import PATIENCE_S, front, heard

HEAD = b"POST /documents HTTP/1.1\r\nHost: here\r\n"


def plain(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def body_of(seq: int = 1) -> bytes:
    return SUBMISSION.encode(Submission(doc=sealed_order(seq)))


async def answers(port: int, *pieces: bytes, count: int = 1) -> list[bytes]:
    """Send pieces, each in a segment of its own, and return so many answers of known length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        for _ in range(count):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            length = int(heard(head).headers["content-length"])
            found.append(head + await reader.readexactly(length))
    finally:
        writer.close()
    return found


def timeless(answer: bytes) -> bytes:
    lines = [line for line in answer.split(b"\r\n") if not line.lower().startswith(b"date:")]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    "body",
    [
        body_of(),
        b"",
        b"garbage",
        SUBMISSION.encode(Submission(doc=forged_order())),
        *(body_of(seq) for seq in (PaperDoor.BUSY, PaperDoor.AWAY, PaperDoor.FAULT)),
        body_of(PaperDoor.WRONG),
    ],
)
async def test_both_ways_give_the_same_answer(body: bytes) -> None:
    async with front(PaperDoor(), settings()) as port:
        (quick,) = await answers(port, plain(body))
        (slow,) = await answers(port, plain(body, b"X-Other: 1\r\n"))
    assert timeless(quick) == timeless(slow)


async def test_requests_on_one_connection_are_answered_in_order() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        asyncio.get_running_loop().call_later(0.2, door.release.set)
        requests = [plain(body_of(PaperDoor.SLOW)), *(plain(body_of(seq)) for seq in range(1, 8))]
        found = await answers(port, *requests, count=8)
    assert [heard(answer).status for answer in found] == [200] * 8
    assert door.seen == [sealed_order(seq) for seq in (PaperDoor.SLOW, *range(1, 8))]


async def test_two_in_one_segment_and_one_in_two_are_read_by_the_ordinary_way() -> None:
    async with front(PaperDoor(), settings()) as port:
        one, two = plain(body_of(1)), plain(body_of(2))
        assert len(await answers(port, one + two, count=2)) == 2
        assert len(await answers(port, one[:200], one[200:])) == 1
        assert len(await answers(port, one, two[:30], two[30:] + one, count=3)) == 3


async def test_a_caller_above_its_rate_is_told_so_here_too() -> None:
    limits = settings(loopback_exempt=False, documents_per_s=1, documents_burst=2)
    async with front(PaperDoor(), limits) as port:
        found = await answers(port, *(plain(body_of(seq)) for seq in range(1, 5)), count=4)
    assert [heard(answer).status for answer in found] == [200, 200, 429, 429]
    assert heard(found[3]).headers["retry-after"]


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    async with front(PaperDoor(), settings(keep_alive_s=1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(plain(body_of()))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.wait_for(reader.read(), 10)
        assert reader.at_eof()
        writer.close()


async def test_a_caller_that_leaves_does_not_disturb_the_next() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(plain(body_of(PaperDoor.SLOW)))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
        await asyncio.sleep(0.05)
        door.release.set()
        assert heard((await answers(port, plain(body_of())))[0]).status == 200


async def test_what_is_on_the_lane_has_its_answer_before_the_door_closes() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        asking = asyncio.create_task(answers(port, plain(body_of(PaperDoor.SLOW))))
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_later(0.2, door.release.set)
    assert heard((await asking)[0]).status == 200


NOT_PLAIN = [
    plain(b"x").replace(b"POST /documents ", b"POST /documents/batch "),
    plain(b"x").replace(b"HTTP/1.1", b"HTTP/1.0"),
    plain(b"x").replace(b"Host: here\r\n", b""),
    plain(b"x", b"Host: there\r\n"),
    plain(b"x", b"Transfer-Encoding: chunked\r\n"),
    plain(b"x", b"Connection: close\r\n"),
    plain(b"x", b"Expect: 100-continue\r\n"),
    plain(b"x", b"X-Forwarded-For: 192.0.2.1\r\n"),
    plain(b"x", b"Content-Encoding: gzip\r\n"),
    plain(b"x", b"Content-Length: 1\r\n"),
    plain(b"x", b" Content-Length: 2\r\n"),
    plain(b"x", b"Content-Length : 1\r\n"),
    plain(b"x", b"no colon\r\n"),
    plain(b"x", b"Accept: \xff\r\n"),
    plain(b"x", b"Accept: a\nb\r\n"),
    plain(b"x", b"Accept: " + b"a" * 600 + b"\r\n"),
    plain(b"x").replace(b"Length: 1", b"Length: +1"),
    plain(b"x").replace(b"Length: 1", b"Length: 0x1"),
    plain(b"x").replace(b"Length: 1", b"Length: 2"),
    plain(b"x") + b"y",
    plain(b"x" * (SUBMISSION_BYTES_MAX + 1)),
    plain(b"x")[:-1],
    HEAD,
    b"",
]


@pytest.mark.parametrize("received", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_aiohttp(received: bytes) -> None:
    assert plain_body(received, SUBMISSION_BYTES_MAX) is None


def test_what_is_plain_passes_with_the_harmless_fields() -> None:
    more = b"Accept: */*\r\nuser-agent: wallet\r\nContent-Type: a/b\r\nAccept-Encoding: gzip\r\n"
    assert plain_body(plain(b"body", more), SUBMISSION_BYTES_MAX) == b"body"


@given(st.binary(max_size=60), st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_whatever_passes_ends_where_its_length_says(body: bytes, at: int, noise: bytes) -> None:
    received = plain(body)
    broken = received[:at] + noise + received[at:]
    found = plain_body(broken, SUBMISSION_BYTES_MAX)
    if found is not None:
        head, _, rest = broken.partition(b"\r\n\r\n")
        assert found == rest
        assert head.lower().count(b"content-length:") == 1
