"""What a wallet makes of every answer that a node, or somebody in its place, may give."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli import clock, node_client
from cli.failures import ExitCode, Failure
from cli.node_client import Answer, AsyncClient, Client, expect_ok, failure_of, refusal_failure
from cli.sentences import say
from protocol.errors import EncodingError
from protocol.ledger.refusals import Refusal
from protocol.messages.wire import BATCH_RESULT, BatchResult, Result, Submission

Reply = tuple[int, dict[str, str], bytes]


class Street(ThreadingHTTPServer):
    """A server that answers as a test wants, and counts."""

    def __init__(self, reply: Callable[[int], Reply]) -> None:
        self.asked = 0
        self.reply = reply
        super().__init__(("127.0.0.1", 0), Door)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Door(BaseHTTPRequestHandler):
    server: Street

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.server.asked += 1
        status, headers, body = self.server.reply(self.server.asked)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            # The wallet hung up on an answer that was too long.
            self.close_connection = True

    do_POST = do_GET


@pytest.fixture
def open_street() -> Iterator[Callable[[Callable[[int], Reply]], Street]]:
    streets: list[Street] = []

    def build(reply: Callable[[int], Reply]) -> Street:
        street = Street(reply)
        threading.Thread(target=street.serve_forever, daemon=True).start()
        streets.append(street)
        return street

    yield build
    for street in streets:
        street.shutdown()
        street.server_close()


Build = Callable[[Callable[[int], Reply]], Street]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_client, "WAIT_FIRST_S", 0.01)


def problem(slug: str, detail: str = "", status: int = 422) -> Reply:
    body = json.dumps({"type": f"urn:ronde:{slug}", "detail": detail, "status": status}).encode()
    return status, {"Content-Type": "application/problem+json"}, body


def test_a_busy_node_is_asked_again_and_then_answers(open_street: Build) -> None:
    street = open_street(lambda n: (200, {}, b"ok") if n == 3 else problem("busy", status=429))
    with Client(street.url + "/") as client:
        assert client.get("/x", {"at": "rhone"}) == b"ok"
    assert street.asked == 3


def test_a_node_that_stays_busy_is_safe_to_retry(open_street: Build) -> None:
    street = open_street(lambda _: problem("stopping", status=503))
    with Client(street.url) as client, pytest.raises(Failure) as caught:
        client.post("/questions", b"x")
    assert caught.value.code is ExitCode.NETWORK
    assert street.asked == node_client.ATTEMPTS


def test_what_must_not_be_repeated_is_sent_once(open_street: Build) -> None:
    street = open_street(lambda _: problem("stopping", status=503))
    with Client(street.url) as client, pytest.raises(Failure):
        client.post("/questions", b"x", repeat=False)
    assert street.asked == 1


def test_nobody_there_is_safe_to_retry() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with Client(url) as client, pytest.raises(Failure) as caught:
        client.get("/")
    assert (caught.value.code, caught.value.key) == (ExitCode.NETWORK, "node.unreached")
    assert url in say(caught.value.key, "fr", **caught.value.fields)


def test_a_node_that_never_answers_is_left_after_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        with Client(url) as client, pytest.raises(Failure) as caught:
            client.post("/questions", b"x", repeat=False, timeout_s=1)
    assert caught.value.code is ExitCode.NETWORK
    assert time.monotonic() - start < 4


def test_no_redirect_is_followed(open_street: Build) -> None:
    street = open_street(lambda _: (302, {"Location": "http://example.invalid/"}, b""))
    with Client(street.url) as client, pytest.raises(EncodingError, match="redirect"):
        client.get("/")
    assert street.asked == 1


def test_an_endless_answer_is_cut(open_street: Build) -> None:
    body = b"x" * (node_client.ANSWER_BYTES_MAX + 1)
    street = open_street(lambda _: (200, {}, body))
    with Client(street.url) as client, pytest.raises(EncodingError, match="above"):
        client.get("/")


@pytest.mark.parametrize(
    ("reply", "code", "key"),
    [
        (problem("not-found", status=404), ExitCode.NOT_FOUND, "node.not_found"),
        (problem("peer", status=502), ExitCode.NETWORK, "node.peer_away"),
        (problem("conflict", status=409), ExitCode.REFUSED, "node.conflict"),
        (problem("not-allowed", status=403), ExitCode.REFUSED, "node.not_allowed"),
        (problem("signature", status=403), ExitCode.REFUSED, "node.signature"),
        (problem("encoding", status=400), ExitCode.REFUSED, "node.malformed"),
        (problem("refused", "WRONG_NETWORK"), ExitCode.REFUSED, "refusal.WRONG_NETWORK"),
    ],
)
def test_each_problem_ends_with_its_code(
    open_street: Build, reply: Reply, code: ExitCode, key: str
) -> None:
    street = open_street(lambda _: reply)
    with Client(street.url) as client, pytest.raises(Failure) as caught:
        client.get("/")
    assert (caught.value.code, caught.value.key) == (code, key)
    for lang in ("fr", "en"):
        assert say(caught.value.key, "fr" if lang == "fr" else "en", **caught.value.fields)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"type": 3}', b'{"type": "urn:ronde:x", "detail": 3}', b"[" * 5_000],
)
def test_a_problem_that_is_none_is_not_believed(body: bytes) -> None:
    with pytest.raises(EncodingError):
        failure_of(Answer(422, node_client.PROBLEM, body, None))
    with pytest.raises(EncodingError):
        expect_ok(Answer(404, "text/html", b"<html>", None))


def test_a_strangers_text_has_no_control_characters() -> None:
    body = json.dumps({"type": "urn:ronde:encoding", "detail": "\x1b[31m" + "x" * 500}).encode()
    failure = failure_of(Answer(400, node_client.PROBLEM, body, None))
    reason = str(failure.fields["reason"])
    assert "\x1b" not in reason
    assert len(reason) <= 200


@pytest.mark.parametrize(
    ("offset", "key"),
    [
        (0, "refusal.EXPIRED"),
        (3_600, "node.clock_ahead"),
        (-3_600, "node.clock_behind"),
    ],
)
def test_a_wrong_clock_is_told_instead_of_its_consequence(offset: int, key: str) -> None:
    failure = refusal_failure(Refusal.EXPIRED, clock.now_s() - offset)
    assert failure.key == key
    assert refusal_failure(Refusal.EXPIRED).key == "refusal.EXPIRED"
    assert refusal_failure(Refusal.WRONG_UNIT, clock.now_s() - offset).key == "refusal.WRONG_UNIT"


def test_a_date_that_is_none_says_nothing(open_street: Build) -> None:
    street = open_street(lambda _: (200, {"Date": "yesterday"}, b"ok"))

    async def asked() -> Answer:
        async with AsyncClient(street.url) as client:
            return await client.request("GET", "/")

    # The server's own Date comes first; both are read without harm.
    assert asyncio.run(asked()).body == b"ok"
    assert node_client._seconds("yesterday") is None
    assert node_client._seconds(None) is None


def test_a_batch_has_one_result_an_item(open_street: Build) -> None:
    body = BATCH_RESULT.encode(BatchResult(heads=[], items=[Result(wrong="x")], tops=[]))
    street = open_street(lambda _: (200, {}, body))
    one = Submission(doc=b"x")

    async def sent(submissions: list[Submission]) -> BatchResult:
        async with AsyncClient(street.url) as client:
            return await client.post_batch(submissions)

    assert asyncio.run(sent([one])).items[0].wrong == "x"
    with pytest.raises(EncodingError, match="another number"):
        asyncio.run(sent([one, one]))
