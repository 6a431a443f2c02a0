"""One TCP connection under limits: places, a deadline for every request, quiet about strangers."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.web import RequestPayloadError
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from node.clock import uptime_s
from node.door import Reply
from node.http.express import plain_body
from node.http.faults import fault
from node.http.limits import Places, is_loopback, site_of
from node.http.sending import Answer, head_of
from node.logs import CORRELATION, correlation_of
from node.settings import Settings
from protocol.messages.wire import SUBMISSION_BYTES_MAX

LINE_BYTES_MAX: Final = 2_048
FIELD_BYTES_MAX: Final = 4_096
FIELDS_MAX: Final = 48
_SWEEP_S: Final = 1.0
_LATER_MAX: Final = 4
_FINISH_S: Final = 0.01

Express = Callable[["Connection", bytes], None]

log = logging.getLogger("ronde.http")


class Connection(RequestHandler):
    """A connection that knows its caller and since when a request has been arriving."""

    __slots__ = (
        "_is_plain",
        "_later",
        "arriving_since",
        "caller",
        "idle_since",
        "is_local",
        "lobby",
    )

    def __init__(self, lobby: "Lobby", **options: Any) -> None:
        super().__init__(lobby, **options)
        self.lobby = lobby
        self.caller = ""
        self.is_local = False
        self.arriving_since = 0.0
        self.idle_since = 0.0
        # True until aiohttp has read a byte: from then on its parser may hold a part of the next.
        self._is_plain = True
        # What came while an express document was on its way; None when none is.
        self._later: list[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or be closed at once."""
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else ""
        self.is_local = is_loopback(address)
        self.caller = site_of(address)
        if not self.lobby.enter(self):
            transport.abort()  # type: ignore[attr-defined]
            return
        # Whoever connects and says nothing is as slow as who never ends a header.
        self.arriving_since = uptime_s()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back."""
        if self in self.lobby.open:
            self.lobby.leave(self)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take the express lane with a plain document; else start the clock at the first byte."""
        if self._later is not None:
            self._later.append(data)
            if len(self._later) > _LATER_MAX and self.transport is not None:
                self.transport.pause_reading()
            return
        if self._is_plain:
            body = plain_body(data, SUBMISSION_BYTES_MAX)
            if body is not None:
                self.arriving_since = self.idle_since = 0.0
                self._later = []
                self.lobby.express(self, body)
                return
            self._is_plain = False
            self.idle_since = 0.0
        if data and not self.arriving_since:
            self.arriving_since = uptime_s()
        super().data_received(data)
        running = self._current_request
        if running is not None and self._messages and not running.content.is_eof():
            # Nothing can follow a body that has not ended: the parser gave up inside it.
            running.content.set_exception(RequestPayloadError("malformed body"))

    @property
    def is_on_express(self) -> bool:
        """Whether a document of this connection is on the express lane now."""
        return self._later is not None

    def answer_express(self, reply: Reply, headers: dict[str, str] | None = None) -> None:
        """Send the answer of an express document, then go on with what came meanwhile."""
        later, self._later = self._later, None
        if self.transport is None:
            return
        self.transport.write(head_of(reply, headers) + b"\r\n" + reply.body)
        self.idle_since = uptime_s()
        if later:
            if len(later) > _LATER_MAX:
                self.transport.resume_reading()
            self.data_received(b"".join(later))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on reading where it was paused; aiohttp asks after each body, paused or not."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def arrived(self) -> None:
        """Stop the clock: the request is here, whole."""
        self.arriving_since = 0.0

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Any:
        """Answer a malformed request with 400, our own fault with 500, and close."""
        if status < 500 or isinstance(exc, ConnectionError):
            # aiohttp's message quotes what the stranger sent: it is not repeated.
            answer = Answer(fault("http", type(exc).__name__ if exc else ""))
        else:
            correlation = CORRELATION.get() or correlation_of(None)
            log.error("fault %s", correlation, exc_info=exc)
            answer = Answer(fault("fault", "", correlation))
            self.lobby.report(exc)
        answer.force_close()
        return answer


class Lobby(web.Server):
    """Makes connections, and sends away those that stay without a request.

    Args:
        answer: Called with each request.
        express: Called with a connection and the body of a plain document that it sent.
        settings: Limits.
        on_fault: Called with an error that is our own fault.
    """

    def __init__(
        self, answer: Any, express: Express, settings: Settings, on_fault: Any = None
    ) -> None:
        super().__init__(answer)
        self.express = express
        self._keep_alive_s = settings.keep_alive_s
        self.open: set[Connection] = set()
        self._places = Places(settings.connections_max, settings.connections_per_address_max)
        self._exempt = settings.loopback_exempt
        self._read_timeout_s = settings.read_timeout_s
        self._on_fault = on_fault
        self._sweeper: asyncio.TimerHandle | None = None
        self._options: dict[str, Any] = {
            "keepalive_timeout": settings.keep_alive_s,
            "max_line_size": LINE_BYTES_MAX,
            "max_field_size": FIELD_BYTES_MAX,
            "max_headers": FIELDS_MAX,
            # The rest of a refused body is not read, not even to be thrown away.
            "lingering_time": 0,
            "access_log": None,
            # Decompression would let a small body become a large one.
            "auto_decompress": False,
        }

    def __call__(self) -> RequestHandler:
        """Return the protocol of a new connection."""
        loop = asyncio.get_running_loop()
        if self._sweeper is None:
            self._sweeper = loop.call_later(_SWEEP_S, self._sweep)
        return Connection(self, loop=loop, **self._options)

    def enter(self, connection: Connection) -> bool:
        """Give a connection its place; False when there is none."""
        exempt = connection.is_local and self._exempt
        if not self._places.take(connection.caller, exempt=exempt):
            return False
        self.open.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Take a connection's place back."""
        self.open.discard(connection)
        self._places.leave(connection.caller)

    def report(self, error: BaseException | None) -> None:
        """Pass on an error that is our own fault."""
        if self._on_fault is not None and error is not None:
            self._on_fault(error)

    def _sweep(self) -> None:
        oldest = uptime_s() - self._read_timeout_s
        idle = uptime_s() - self._keep_alive_s
        for connection in list(self.open):
            if connection.transport is None:
                continue
            if 0.0 < connection.arriving_since < oldest:
                connection.transport.abort()
            elif 0.0 < connection.idle_since < idle:
                connection.transport.close()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep) if self.open else None

    async def finish_express(self, seconds: int) -> None:
        """Wait until every express document has its answer, for so long at most."""
        end = uptime_s() + seconds
        while any(connection.is_on_express for connection in self.open) and uptime_s() < end:
            await asyncio.sleep(_FINISH_S)

    def stop_sweeping(self) -> None:
        """Cancel the timer."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
