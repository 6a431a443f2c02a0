import asyncio
import json
from hashlib import sha256

import pytest

from node.http.connections import FIELDS_MAX
from protocol.messages.wire import (
    BATCH,
    BATCH_BYTES_MAX,
    BATCH_RESULT,
    SUBMISSION,
    SUBMISSION_BYTES_MAX,
    Batch,
    Submission,
)
from tests.node.paper_door import PaperDoor, forged_order, sealed_order, settings
from tests.node.street import ask, front, heard, request, say


def submitted(seq: int = 1) -> bytes:
    return SUBMISSION.encode(Submission(doc=sealed_order(seq)))


async def test_a_document_that_holds_reaches_the_ledger_and_its_answer_comes_back() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        answer = await ask(port, "POST", "/documents", submitted())
    assert answer.status == 200
    assert answer.body == sha256(sealed_order()).digest()
    assert answer.headers["content-type"] == "application/vnd.ronde.receipt+msgpack"
    assert door.seen == [sealed_order()]


async def test_every_answer_has_the_strict_headers_and_no_version() -> None:
    async with front(PaperDoor(), settings()) as port:
        for answer in (await ask(port, "GET", "/"), await ask(port, "GET", "/nowhere")):
            assert answer.headers["server"] == "ronde"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["cache-control"] == "no-store"
            assert "date" in answer.headers


@pytest.mark.parametrize("body", [b"", b"garbage", b"\xc1", b"\x81\xa3doc\xc4\x00", b"\xdf" * 99])
async def test_garbage_is_answered_with_400_and_reaches_nobody(body: bytes) -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        for target in ("/documents", "/documents/batch"):
            assert (await ask(port, "POST", target, body)).problem == "encoding"
    assert not door.seen


async def test_a_forged_signature_is_answered_with_403_and_reaches_nobody() -> None:
    door = PaperDoor()
    body = SUBMISSION.encode(Submission(doc=forged_order()))
    async with front(door, settings()) as port:
        answer = await ask(port, "POST", "/documents", body)
    assert (answer.status, answer.problem) == (403, "signature")
    assert not door.seen


@pytest.mark.parametrize(
    ("seq", "status", "problem", "retry"),
    [
        (PaperDoor.BUSY, 429, "busy", "1"),
        (PaperDoor.AWAY, 503, "unreached", "1"),
        (PaperDoor.FAULT, 500, "fault", None),
        (PaperDoor.WRONG, 400, "encoding", None),
    ],
)
async def test_trouble_behind_the_door_has_its_status(
    seq: int, status: int, problem: str, retry: str | None
) -> None:
    async with front(PaperDoor(), settings()) as port:
        answer = await ask(port, "POST", "/documents", submitted(seq))
    assert (answer.status, answer.problem) == (status, problem)
    assert answer.headers.get("retry-after") == retry


async def test_a_batch_has_one_result_an_item_in_order_also_for_wrong_bytes() -> None:
    door = PaperDoor()
    docs = [sealed_order(1), b"no document", sealed_order(2), forged_order()]
    docs += [sealed_order(seq) for seq in range(3, 80)]
    body = BATCH.encode(Batch([Submission(doc=doc) for doc in docs]))
    async with front(door, settings()) as port:
        answer = await ask(port, "POST", "/documents/batch", body)
    result = BATCH_RESULT.decode(answer.body)
    assert [item.idx for item in result.items if isinstance(item.idx, int)] == list(range(1, 80))
    assert isinstance(result.items[1].wrong, str)
    assert isinstance(result.items[3].wrong, str)
    assert len(door.seen) == 79


async def test_a_batch_of_wrong_bytes_alone_needs_no_ledger() -> None:
    door = PaperDoor()
    body = BATCH.encode(Batch([Submission(doc=b"wrong"), Submission(doc=forged_order())]))
    async with front(door, settings()) as port:
        result = BATCH_RESULT.decode((await ask(port, "POST", "/documents/batch", body)).body)
    assert result.heads == []
    assert all(isinstance(item.wrong, str) for item in result.items)


async def test_what_is_not_in_the_list_of_routes_does_not_exist() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        for target in ("/admin", "/names/", "/names/Al", "/names/a%20b", "/rounds/00", "//", "/."):
            assert (await ask(port, "GET", target)).status == 404
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = await ask(port, method, "/")
            assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
        assert (await ask(port, "GET", "/documents")).headers["allow"] == "POST"
    assert door.calls == []


async def test_other_routes_reach_the_ledger_with_the_query_they_may_have() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        assert (await ask(port, "GET", "/names/alice?at=rhone&x=1")).status == 200
        assert (await ask(port, "GET", "/lines?x=1")).status == 200
        assert (await ask(port, "POST", "/questions", b"body")).status == 200
        assert (await ask(port, "GET", "/names/alice?at=" + 201 * "a")).status == 414
        assert (await ask(port, "GET", "/names/alice?at=%C3%A9")).status == 400
        assert (await ask(port, "GET", "/?" + 1_100 * "a")).status == 414
    assert door.calls == [
        ("GET", "/names/alice", {"at": "rhone"}, b""),
        ("GET", "/lines", {}, b""),
        ("POST", "/questions", {}, b"body"),
    ]


async def test_head_answers_like_get_without_the_body() -> None:
    async with front(PaperDoor(), settings()) as port:
        answer = await ask(port, "HEAD", "/")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "7", b"")


async def test_health_says_whether_the_process_and_the_ledger_answer() -> None:
    door = PaperDoor()
    async with front(door, settings()) as port:
        assert json.loads((await ask(port, "GET", "/healthz")).body)["status"] == "ok"
        assert json.loads((await ask(port, "GET", "/readyz")).body)["status"] == "ready"
        door.ready = False
        assert (await ask(port, "GET", "/healthz")).status == 200
        assert (await ask(port, "GET", "/readyz")).problem == "unreached"


async def test_a_body_too_large_is_refused_by_its_header_before_it_is_sent() -> None:
    async with front(PaperDoor(), settings()) as port:
        for target, most in (
            ("/documents", SUBMISSION_BYTES_MAX),
            ("/documents/batch", BATCH_BYTES_MAX),
            ("/questions", SUBMISSION_BYTES_MAX),
        ):
            head = f"POST {target} HTTP/1.1\r\nHost: n\r\nContent-Length: {most + 1}\r\n\r\n"
            answer = heard(await say(port, head.encode()))
            assert (answer.status, answer.problem) == (413, "too-large")
            assert answer.headers["connection"] == "close"


async def test_a_gigabyte_is_never_read() -> None:
    head = b"POST /documents/batch HTTP/1.1\r\nHost: n\r\nContent-Length: 1000000000\r\n\r\n"
    async with front(PaperDoor(), settings()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent = 0
        try:
            writer.write(head)
            while sent < 1_000_000_000:
                writer.write(bytes(1_000_000))
                await asyncio.wait_for(writer.drain(), 10)
                sent += 1_000_000
                if reader.at_eof():
                    break
        except ConnectionError:
            pass
        writer.close()
    assert sent < 50_000_000


async def test_a_chunked_body_is_counted() -> None:
    head = b"POST /documents HTTP/1.1\r\nHost: n\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + bytes(0x8000) + b"\r\n"
    async with front(PaperDoor(), settings()) as port:
        answer = heard(await say(port, head, chunk, chunk, chunk, pause_s=0.02))
    assert (answer.status, answer.problem) == (413, "too-large")


async def test_a_chunked_body_within_its_bound_is_a_body() -> None:
    body = submitted()
    head = (
        b"POST /documents HTTP/1.1\r\nHost: n\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    async with front(PaperDoor(), settings()) as port:
        pieces = (head, b"%x\r\n" % len(body), body, b"\r\n0\r\n\r\n")
        answer = heard(await say(port, *pieces, pause_s=0.02))
    assert answer.body == sha256(sealed_order()).digest()


async def test_a_bad_chunk_is_answered_with_400() -> None:
    head = b"POST /documents HTTP/1.1\r\nHost: n\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with front(PaperDoor(), settings()) as port:
        answer = heard(await say(port, head, b"zz\r\n", pause_s=0.05))
    assert answer.problem == "http"


@pytest.mark.parametrize("length", [0, 50])
async def test_a_compressed_body_is_refused(length: int) -> None:
    async with front(PaperDoor(), settings()) as port:
        answer = await ask(port, "POST", "/documents", bytes(length), Content_Encoding="gzip")
    assert (answer.status, answer.problem) == (415, "compressed")


async def test_who_waits_for_leave_to_send_the_body_gets_it() -> None:
    body = submitted()
    head = (
        f"POST /documents HTTP/1.1\r\nHost: n\r\nConnection: close\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    async with front(PaperDoor(), settings()) as port:
        answer = await say(port, head.encode(), body, pause_s=0.05)
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert first == b"HTTP/1.1 100 Continue"
    assert heard(rest).status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls to a plain port \r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"FOO / HTTP/1.1\r\nHost: n\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: n\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: n\r\nX: " + 9_000 * b"a" + b"\r\n\r\n",
        b"GET /" + 9_000 * b"a" + b" HTTP/1.1\r\nHost: n\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: n\r\n" + b"X: 1\r\n" * (FIELDS_MAX + 60) + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: n\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_with_400_without_a_word_in_the_log(
    raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with front(PaperDoor(), settings()) as port:
        answer = heard(await say(port, raw))
        assert (answer.status, answer.problem) == (400, "http")
        assert (await ask(port, "GET", "/healthz")).status == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_our_own_fault_is_500_with_a_correlation_id_and_is_reported() -> None:
    reported: list[BaseException] = []
    async with front(PaperDoor(), settings(), on_fault=reported.append) as port:
        answer = await ask(port, "GET", "/names/fault", X_Correlation_Id="my-own-7")
    assert (answer.status, answer.problem) == (500, "fault")
    assert b"my-own-7" not in answer.body or b"urn:ronde:correlation:" in answer.body
    assert [type(error) for error in reported] == [AssertionError]


async def test_requests_follow_one_another_on_one_connection() -> None:
    one = request("POST", "/documents", submitted(1)).replace(b"Connection: close\r\n", b"")
    two = request("POST", "/documents", submitted(2))
    async with front(PaperDoor(), settings()) as port:
        answer = await say(port, one + two)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


async def test_http_1_0_is_answered_and_closed_unless_asked() -> None:
    async with front(PaperDoor(), settings()) as port:
        answer = heard(await say(port, b"GET /healthz HTTP/1.0\r\n\r\n"))
        assert answer.headers["connection"] == "close"
        kept = b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        both = await say(port, kept, b"GET /healthz HTTP/1.0\r\n\r\n", pause_s=0.05)
    assert b"Connection: keep-alive" in both
    assert both.count(b"200 OK") == 2
