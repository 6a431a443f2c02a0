"""A publisher of logs over HTTP: the few doors that an auditor knocks at, served from memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aiohttp import web

from protocol.envelope import open_sealed
from protocol.messages.orders import Question
from protocol.messages.wire import (
    BLINDS,
    NEIGHBOURS,
    OPENINGS,
    PAPERS,
    Blinds,
    Neighbour,
    Neighbours,
    Opening,
    Openings,
    Papers,
)
from tests.federation.world import Node, Round

PROBLEM = "application/problem+json"


def problem(status: int, slug: str) -> web.Response:
    text = f'{{"type":"urn:ronde:{slug}","title":"","detail":"","status":{status}}}'
    return web.Response(status=status, text=text, content_type=PROBLEM)


@dataclass
class Publisher:
    """One node as an auditor sees it.

    Attributes:
        node: Whose log is published.
        auditors: Keys to which it is opened.
        lines: Sealed credit lines in force.
        rounds: Rounds whose papers are shown; None when the node knows no rounds.
        rounds_problem: What is said instead of the rounds.
        secrets: Of the positions.
        most: Openings in one answer at most.
        asked: First index of each question.
        twist: Changes the openings before they are sent.
    """

    node: Node
    auditors: list[bytes]
    lines: list[bytes] = field(default_factory=list)
    rounds: list[Round] | None = field(default_factory=list)
    rounds_problem: str = ""
    secrets: list[bytes] = field(default_factory=list)
    most: int = 3
    asked: list[int] = field(default_factory=list)
    twist: Callable[[list[Opening]], list[Opening]] = list

    async def charter(self, _: web.Request) -> web.Response:
        return web.Response(body=self.node.charter)

    async def checkpoint(self, _: web.Request) -> web.Response:
        return web.Response(text=self.node.checkpoint())

    async def neighbours(self, _: web.Request) -> web.Response:
        lines = [Neighbour(line, "http://elsewhere") for line in self.lines]
        return web.Response(body=NEIGHBOURS.encode(Neighbours(lines)))

    async def questions(self, request: web.Request) -> web.Response:
        opened = open_sealed(await request.read(), Question)
        question = opened.document
        if opened.signers != (question.by,) or question.by not in self.auditors:
            return problem(403, "not-allowed")
        if question.ask == "blinds":
            shown = self.secrets[question.first :][: question.most]
            return web.Response(body=BLINDS.encode(Blinds(shown)))
        self.asked.append(question.first)
        records = self.node.records[question.first :][: min(question.most, self.most)]
        entries = [
            Opening(at, question.first + number, salt, sealed)
            for number, (at, salt, sealed) in enumerate(records)
        ]
        answer = Openings(self.twist(entries), len(self.node.records))
        return web.Response(body=OPENINGS.encode(answer))

    async def manifests(self, _: web.Request) -> web.Response:
        if self.rounds_problem:
            return problem(403, self.rounds_problem)
        if self.rounds is None:
            return problem(404, "not-found")
        return web.Response(body=PAPERS.encode(Papers([one.manifest for one in self.rounds])))

    async def papers(self, request: web.Request) -> web.Response:
        name = bytes.fromhex(request.match_info["name"])
        shown = next(one for one in self.rounds or () if one.id == name)
        first = int(request.query.get("first", "0"))
        return web.Response(body=PAPERS.encode(Papers(shown.sealed[first:])))


@contextlib.asynccontextmanager
async def served(publisher: Publisher) -> AsyncIterator[str]:
    """Serve one publisher on loopback; yields its address."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/charter", publisher.charter),
            web.get("/checkpoint", publisher.checkpoint),
            web.get("/lines", publisher.neighbours),
            web.get("/rounds", publisher.manifests),
            web.get("/rounds/{name}", publisher.papers),
            web.post("/questions", publisher.questions),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def run_off_loop(step: Callable[[], int]) -> int:
    """Run a blocking command while the publishers go on answering."""
    return await asyncio.to_thread(step)
