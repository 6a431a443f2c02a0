"""How a reply is sent: one head, one write; the strict headers are the same for all."""

import asyncio
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp.web_request import BaseRequest

from node.clock import now_s
from node.door import Reply

_DRAIN_BYTES: Final = 65_536
# Closing on unread bytes resets the connection: the caller gets this long to read why.
_LINGER_S: Final = 1
_STRICT: Final = (
    "Server: ronde\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
)


@lru_cache(maxsize=128)
def _head(status: int, kind: str) -> bytes:
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{_STRICT}Content-Type: {kind}\r\n"
    ).encode()


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()


def head_of(reply: Reply, headers: dict[str, str] | None) -> bytes:
    """Return the head of an answer, but for what says whether the connection stays open."""
    head = b"%b%bContent-Length: %d\r\n" % (
        _head(reply.status, reply.kind),
        _date(now_s()),
        len(reply.body),
    )
    if headers:
        head += "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode()
    return head


class Answer:
    """What aiohttp is given to send; it asks for `prepare`, `write_eof` and `keep_alive` alone.

    aiohttp's own response builds a header map for each answer, which would cost a third of what
    verifying a signature costs.

    Args:
        reply: Status, content type and body.
        headers: More headers, by name.
    """

    __slots__ = ("_closes", "_headers", "_reply", "_unread", "keep_alive", "status")

    def __init__(self, reply: Reply, headers: dict[str, str] | None = None) -> None:
        self._reply = reply
        self._headers = headers
        self._closes = False
        self._unread = False
        self.keep_alive = False
        self.status = reply.status

    def force_close(self) -> None:
        """Close the connection after this answer."""
        self._closes = True

    async def prepare(self, request: BaseRequest) -> None:
        """Send head and body; of a HEAD request the head alone."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the caller left")
        self.keep_alive = request.keep_alive and not self._closes
        body = self._reply.body
        head = head_of(self._reply, self._headers)
        if not self.keep_alive:
            head += b"Connection: close\r\n"
        elif request.version.minor == 0:
            head += b"Connection: keep-alive\r\n"
        transport.write(head + b"\r\n" + (b"" if request.method == "HEAD" else body))
        if not request.content.is_eof():
            transport.pause_reading()
            self._unread = True
        if len(body) > _DRAIN_BYTES:
            # A slow reader holds one answer in memory, not as many as it asks for.
            await request.writer.drain()

    async def write_eof(self) -> None:
        """Let the caller of a body that is not read see the answer before the connection ends."""
        if self._unread:
            await asyncio.sleep(_LINGER_S)
