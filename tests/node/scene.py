"""A clearing round that stops before one member was asked; the test asks it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from node.door import Reply
from node.drivers.participant import Bundle
from node.errors import PeerError
from protocol.envelope import Opened, seal
from protocol.messages.wire import PAPERS
from tests.node.test_rounds import NAMES, around, owe
from tests.node.village import House, bundle, papers_of, village
from tests.protocol.town import changed, seed_of

STEPS = ("convening", "manifest", "solution", "consents", "certificates")


class Scene:
    """A ring in which one member was not reached at one step; it is asked now, by the test."""

    def __init__(self, houses: list[House], step: str) -> None:
        self.houses = houses
        self.convener, self.victim = houses[0], houses[2]
        self.step = step
        self.asked: dict[str, bytes] = {}

    async def play(self) -> None:
        await owe(self.houses, around(len(self.houses), 500, 300))
        wire = self.victim.wire
        real = wire.request
        late = STEPS[STEPS.index(self.step) :]

        async def request(method: str, url: str, body: bytes = b"") -> bytes:
            step = url.rpartition("/")[2]
            if url.startswith(self.victim.url) and step in STEPS:
                self.asked[step] = body
                if step in late:
                    raise PeerError("not reached")
            return await real(method, url, body)

        wire.request = request  # type: ignore[method-assign]
        papers_of(await self.convener.ask_round())
        wire.request = real  # type: ignore[method-assign]

    @property
    def papers(self) -> list[bytes]:
        return PAPERS.decode(self.asked[self.step]).papers

    @property
    def key(self) -> bytes:
        """Seed of the convener's key."""
        return self.convener.live.ledger.keys.document

    def one(self, struct: Any) -> Opened[Any]:
        return Bundle(self.asked[self.step]).one(struct)

    def all(self, struct: Any) -> list[Opened[Any]]:
        return Bundle(self.asked[self.step]).all(struct)

    def with_paper(self, old: Opened[Any], *new: bytes) -> list[bytes]:
        """Return the papers with one of them replaced."""
        at = self.papers.index(old.sealed)
        return [*self.papers[:at], *new, *self.papers[at + 1 :]]

    def altered(self, struct: Any, *seeds: bytes, place: int = 0, **changes: Any) -> list[bytes]:
        """Return the papers with one changed and signed again, by the convener if not told else."""
        old = self.all(struct)[place]
        return self.with_paper(old, seal(changed(old.document, **changes), *(seeds or (self.key,))))

    async def ask(self, papers: list[bytes]) -> Reply:
        return await self.victim.call("POST", f"/rounds/{self.step}", bundle(*papers))


@asynccontextmanager
async def scene(folder: Path, step: str, size: int = 4) -> AsyncIterator[Scene]:
    async with village(folder, *NAMES[:size]) as houses:
        found = Scene(houses, step)
        await found.play()
        yield found


def reason(reply: Reply) -> str:
    assert reply.status in {400, 403}, reply
    return str(json.loads(reply.body)["detail"])


async def refuses(scene: Scene, papers: list[bytes], why: str) -> None:
    digest, size = scene.victim.book.digest(), scene.victim.live.ledger.tree.size
    found = reason(await scene.ask(papers))
    assert why in found, found
    assert (scene.victim.book.digest(), scene.victim.live.ledger.tree.size) == (digest, size)


STRANGER = seed_of("a stranger")
