"""The HTTP door: reads within limits, verifies inline, hands over, and answers (spec 0008)."""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_request import BaseRequest

from node.clock import uptime_s
from node.door import JSON, MSGPACK, Door, DoorAway, DoorBusy, DoorFault, EncodedDoor, Item, Reply
from node.errors import StoreError
from node.http.connections import Connection, Lobby
from node.http.faults import fault
from node.http.limits import Allowance, site_of
from node.http.openapi import description
from node.http.routes import QUERY_CHARACTERS_MAX, TARGET_BYTES_MAX, Route, routes_of
from node.http.sending import Answer
from node.http.turnstile import Turnstile
from node.logs import CORRELATION, correlation_of
from node.settings import Settings
from protocol.envelope import open_any, open_run
from protocol.errors import ProtocolError, SignatureError
from protocol.kinds import type_name
from protocol.messages.wire import (
    BATCH,
    BATCH_BYTES_MAX,
    BATCH_RESULT,
    SUBMISSION,
    SUBMISSION_BYTES_MAX,
    BatchResult,
    Result,
    Submission,
)

# What persons sign; what nodes sign to one another has routes of its own.
_SUBMITTED_WORDS: Final = (
    "acceptance", "admission", "cancellation", "discharge", "invoice", "limit", "line", "order",
    "provision", "revocation", "rotation",
)  # fmt: skip
SUBMITTED: Final = frozenset(type_name(word) for word in _SUBMITTED_WORDS)
BACKLOG: Final = 1_024
CLOSING_S: Final = 15
# Verifying 32 documents takes about 1.5 ms: other requests wait no longer than that.
_VERIFY_RUN: Final = 32

log = logging.getLogger("ronde.http")


class Refused(Exception):
    """A request ends here with this reply."""

    def __init__(self, reply: Reply, headers: dict[str, str] | None = None) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.headers = headers or {}


# What has an answer; anything else is our own fault, and the node stops.
ANSWERED: Final = (Refused, ProtocolError, DoorBusy, DoorAway, DoorFault, StoreError)


class Front:
    """Answers the requests of one process.

    Args:
        door: The ledger, or the way to it.
        settings: Limits.
        on_fault: Called with an error that is our own fault: the node must stop.
    """

    def __init__(
        self,
        door: Door,
        settings: Settings,
        on_fault: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._door = door
        # Asked once: the check of a protocol at run time costs more than a verified signature.
        self._encoded = door if isinstance(door, EncodedDoor) else None
        self._settings = settings
        self._allowance = Allowance(settings.documents_per_s, settings.documents_burst, uptime_s)
        self._waiting = 0
        self._turnstile = Turnstile(door.way_s)
        self._lobby = Lobby(self.answer, self.express, settings, on_fault)
        self._listener: asyncio.Server | None = None

    async def open(self, listening: socket.socket) -> None:
        """Begin to accept connections on a bound socket."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._lobby, sock=listening, backlog=BACKLOG)

    async def close(self) -> None:
        """Accept nothing more, let running requests end, close all connections."""
        if self._listener is not None:
            self._listener.close()
        await self._lobby.finish_express(CLOSING_S)
        self._lobby.pre_shutdown()
        await self._lobby.shutdown(CLOSING_S)
        self._lobby.stop_sweeping()

    async def answer(self, request: BaseRequest) -> Answer:
        """Answer one request; called by aiohttp."""
        try:
            target = request.raw_path
            if request.method == "POST":
                if target == "/documents":
                    return Answer(await self._document(request))
                if target == "/documents/batch":
                    return Answer(await self._batch(request))
            return Answer(await self._other(request, target))
        except ANSWERED as error:
            reply, headers = _reply_of(error)
        answer = Answer(reply, headers)
        if not request.content.is_eof():
            # The rest of the body is not read: the connection has no next request.
            answer.force_close()
        return answer

    def express(self, connection: Connection, body: bytes) -> None:
        """Answer a plain document that came whole: the same answers, without request and task."""
        try:
            if not (connection.is_local and self._settings.loopback_exempt):
                self._spend(connection.caller, 1)
            self._queue(1)
        except (Refused, DoorBusy) as error:
            connection.answer_express(*_reply_of(error))
            return
        self._turnstile.let(partial(self._verify_express, connection, body))

    def _verify_express(self, connection: Connection, body: bytes) -> None:
        try:
            submission = SUBMISSION.decode(body)
            place = self._door.put(submission, open_any(submission.doc, SUBMITTED))
        except ANSWERED as error:
            self._waiting -= 1
            connection.answer_express(*_reply_of(error))
            return
        place.add_done_callback(partial(self._answer_express, connection))

    def _answer_express(self, connection: Connection, place: "asyncio.Future[Reply]") -> None:
        self._waiting -= 1
        if place.cancelled():
            return
        error = place.exception()
        if error is None:
            connection.answer_express(place.result())
            return
        if not isinstance(error, ANSWERED):
            self._lobby.report(error)
        connection.answer_express(*_reply_of(error))

    async def _document(self, request: BaseRequest) -> Reply:
        self._charge(request, 1)
        body = await read_body(request, SUBMISSION_BYTES_MAX)
        await self._turnstile.wait()
        submission = SUBMISSION.decode(body)
        opened = open_any(submission.doc, SUBMITTED)
        self._queue(1)
        try:
            return await self._door.document(submission, opened)
        finally:
            self._waiting -= 1

    async def _batch(self, request: BaseRequest) -> Reply:
        self._charge(request, 1)
        batch = BATCH.decode(await read_body(request, BATCH_BYTES_MAX))
        self._charge(request, len(batch.items) - 1)
        items, wrong = await _verify(batch.items)
        self._queue(len(items))
        try:
            return Reply(200, MSGPACK, await self._results(items, wrong))
        finally:
            self._waiting -= len(items)

    async def _results(self, items: list[Item], wrong: dict[int, str]) -> bytes:
        if not wrong and self._encoded is not None:
            return await self._encoded.batch_bytes(items)
        found = await self._door.documents(items) if items else BatchResult([], [], [])
        if wrong:
            good = iter(found.items)
            count = len(items) + len(wrong)
            results = [
                Result(wrong=wrong[place]) if place in wrong else next(good)
                for place in range(count)
            ]
            found = BatchResult(found.heads, results, found.tops)
        return BATCH_RESULT.encode(found)

    async def _other(self, request: BaseRequest, target: str) -> Reply:
        CORRELATION.set(correlation_of(request.headers.get("X-Correlation-Id")))
        if len(target) > TARGET_BYTES_MAX:
            raise Refused(fault("target"))
        path = target.partition("?")[0]
        methods = routes_of(path)
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            if not methods:
                raise Refused(fault("not-found"))
            allowed = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
            raise Refused(fault("method"), {"Allow": allowed})
        self._charge(request, 1)
        body = await read_body(request, route.bytes_max)
        reply = await self._routed(route, path, _query(request, route), body)
        log.debug("%s %s %d", route.method, route.path, reply.status)
        return reply

    async def _routed(self, route: Route, path: str, query: dict[str, str], body: bytes) -> Reply:
        if path == "/healthz":
            return Reply(200, JSON, b'{"v":1,"status":"ok"}')
        if path == "/openapi.json":
            return Reply(200, JSON, description())
        if path == "/readyz":
            found = await self._door.call("GET", "/checkpoint", {}, b"")
            if found.status != 200:
                return fault("unreached")
            return Reply(200, JSON, b'{"v":1,"status":"ready"}')
        self._queue(1)
        try:
            return await self._door.call(route.method, path, query, body)
        finally:
            self._waiting -= 1

    def _queue(self, documents: int) -> None:
        if self._waiting + documents > self._settings.queue_documents_max:
            raise DoorBusy
        self._waiting += documents

    def _charge(self, request: BaseRequest, tokens: int) -> None:
        connection = request.protocol
        assert isinstance(connection, Connection)
        caller = connection.caller
        if connection.is_local:
            forwarded = request.headers.get("X-Forwarded-For")
            if forwarded is not None and self._settings.forwarded_from_loopback:
                # The last address is the one that our own proxy saw.
                caller = site_of(forwarded.rpartition(",")[2].strip()) or caller
            elif self._settings.loopback_exempt:
                return
        self._spend(caller, tokens)

    def _spend(self, caller: str, tokens: int) -> None:
        seconds = self._allowance.charge(caller, tokens)
        if seconds:
            raise Refused(fault("too-many"), {"Retry-After": str(seconds)})


def _reply_of(error: BaseException) -> tuple[Reply, dict[str, str]]:
    """Return the answer to an error, with its headers: whose fault it is decides the status."""
    if isinstance(error, Refused):
        return error.reply, error.headers
    if isinstance(error, SignatureError):
        return fault("signature", str(error)), {}
    if isinstance(error, ProtocolError):
        return fault("encoding", str(error)), {}
    if isinstance(error, DoorBusy):
        return fault("busy"), {"Retry-After": "1"}
    if isinstance(error, DoorAway | StoreError):
        return fault("unreached"), {"Retry-After": "1"}
    return fault("fault"), {}


async def _verify(submissions: list[Submission]) -> tuple[list[Item], dict[int, str]]:
    """Return the items whose signatures hold, and what is wrong with the others, by place."""
    items: list[Item] = []
    wrong: dict[int, str] = {}
    for begin in range(0, len(submissions), _VERIFY_RUN):
        if begin:
            await asyncio.sleep(0)
        run = submissions[begin : begin + _VERIFY_RUN]
        try:
            opened = open_run([submission.doc for submission in run], SUBMITTED)
        except ProtocolError:
            _open_each(run, begin, items, wrong)
        else:
            items += zip(run, opened, strict=True)
    return items, wrong


def _open_each(run: list[Submission], begin: int, items: list[Item], wrong: dict[int, str]) -> None:
    for place, submission in enumerate(run, begin):
        try:
            items.append((submission, open_any(submission.doc, SUBMITTED)))
        except ProtocolError as error:
            wrong[place] = str(error)


def _query(request: BaseRequest, route: Route) -> dict[str, str]:
    if not route.query:
        return {}
    given = request.query
    chosen = {name: given[name] for name in route.query if name in given}
    if any(len(value) > QUERY_CHARACTERS_MAX for value in chosen.values()):
        raise Refused(fault("target"))
    # Names and addresses of nodes are ASCII; what is not could not even pass the pipe.
    if not all(value.isascii() for value in chosen.values()):
        raise Refused(fault("http", "query"))
    return chosen


async def read_body(request: BaseRequest, bytes_max: int) -> bytes:
    """Return the whole body, never holding more than its bound and one chunk.

    Raises:
        Refused: too large by its header or by count, compressed, or badly framed.
    """
    content: Any = request.content
    if not content.is_eof():
        await _check_length(request, bytes_max)
    elif "Content-Encoding" in request.headers:
        raise Refused(fault("compressed"))
    try:
        if content.is_eof():
            body: bytes = content.read_nowait()
        else:
            body = await _gather(content, bytes_max)
    except HttpProcessingError as error:
        raise Refused(fault("http", type(error).__name__)) from error
    except web.RequestPayloadError as error:
        raise Refused(fault("http", type(error).__name__)) from error
    # Spec 0008: The node MUST refuse a body above the bound of its route.
    if len(body) > bytes_max:
        raise Refused(fault("too-large", f"at most {bytes_max} bytes"))
    request.protocol.arrived()  # type: ignore[attr-defined]
    return body


async def _check_length(request: BaseRequest, bytes_max: int) -> None:
    """Refuse by the headers alone, before anything is read; then ask for the body if awaited."""
    headers = request.headers
    if "Content-Encoding" in headers:
        raise Refused(fault("compressed"))
    length = request.content_length
    if length is not None and length > bytes_max:
        raise Refused(fault("too-large", f"at most {bytes_max} bytes"))
    if headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _gather(content: Any, bytes_max: int) -> bytes:
    whole = bytearray()
    while chunk := await content.readany():
        whole += chunk
        if len(whole) > bytes_max:
            raise Refused(fault("too-large", f"at most {bytes_max} bytes"))
    return bytes(whole)
