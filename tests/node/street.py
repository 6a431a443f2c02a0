"""Both ends of a TCP connection, for tests that must say odd things over HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from node.door import Door
from node.http.app import Front
from node.running import bound_socket
from node.settings import Settings

PATIENCE_S = 20


class Heard(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        assert found["title"] and found["title_en"]
        return str(found["type"]).removeprefix("urn:ronde:")


@contextlib.asynccontextmanager
async def front(door: Door, settings: Settings, **more: Any) -> AsyncIterator[int]:
    """Serve a door on a free port of loopback; yields the port."""
    bound = bound_socket("127.0.0.1", 0, shared=False)
    serving = Front(door, settings, **more)
    await serving.open(bound)
    try:
        yield bound.getsockname()[1]
    finally:
        await serving.close()


def heard(raw: bytes) -> Heard:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Heard(int(first.split()[1]), headers, body)


async def say(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send pieces and return all that comes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: node", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def ask(port: int, method: str, target: str, body: bytes = b"", **headers: str) -> Heard:
    return heard(await say(port, request(method, target, body, **headers)))
