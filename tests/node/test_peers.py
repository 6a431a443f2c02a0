"""Another node's answer is bounded in time and size, and anything but a 200 may be asked again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from node import peers
from node.errors import PeerError
from node.peers import Peers


@contextlib.asynccontextmanager
async def neighbour() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        kind = request.path.removeprefix("/")
        if kind == "slow":
            await asyncio.sleep(5)
        if kind == "moved":
            return web.Response(status=302, headers={"Location": "/echo"})
        if kind == "large":
            return web.Response(body=bytes(3_000))
        if kind == "cut":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
            assert request.transport is not None
            request.transport.close()
            return response
        status = int(kind) if kind.isdigit() else 200
        body = f"{request.method} ".encode() + await request.read()
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_route("*", "/{any}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()


async def test_a_200_is_its_body_whatever_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "ANSWER_BYTES_MAX", 2_000)
    monkeypatch.setattr(peers, "ANSWER_TIMEOUT_S", 0.3)
    async with neighbour() as url, Peers() as way:
        assert await way.request("GET", f"{url}/echo") == b"GET "
        assert await way.request("POST", f"{url}/echo", b"papers") == b"POST papers"
        for path in ("404", "422", "503", "204", "moved", "large", "slow", "cut"):
            with pytest.raises(PeerError):
                await way.request("GET", f"{url}/{path}")
        assert await way.request("POST", f"{url}/echo", b"again") == b"POST again"


async def test_nobody_there_and_no_address_at_all_are_the_same_error() -> None:
    async with Peers() as way:
        for url in ("http://127.0.0.1:9/", "http://nowhere.invalid/", "http://", "noise"):
            with pytest.raises(PeerError):
                await way.request("GET", url)
    await Peers().close()
