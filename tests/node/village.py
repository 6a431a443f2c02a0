"""Several cooperatives with real logs on disk, wired to one another in one process."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from node.clock import now_s
from node.door import Reply
from node.errors import PeerError
from node.founding import found_cooperative, network_of
from node.household import Household, open_household
from node.peers import Peers
from node.settings import Settings, load_settings
from protocol.envelope import document_id, open_any, open_sealed, reopen_verified, seal
from protocol.identifiers import correspondent_account
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt, verify_receipt
from protocol.messages.answers import Rejection
from protocol.messages.decisions import Admission, Charter, CreditLine
from protocol.messages.orders import Question, purpose_digest
from protocol.messages.wire import OUTCOME, PAPERS, Outcome, Papers, Submission
from protocol.signatures import public_key_of
from tests.protocol.town import Member, seed_of

NET: Final = network_of("essai")
UNIT: Final = "UEB"
SALT: Final = bytes(range(32))
PATIENCE_S: Final = 20
Tamper = Callable[[str, bytes], bytes]


def dated(validity_s: int = 600) -> dict[str, Any]:
    now = now_s()
    return {"net": NET, "iat": now, "exp": now + validity_s}


class Villager(Member):
    """A member whose documents are dated now."""

    home: Any

    def __init__(self, name: str, home: "House") -> None:
        super().__init__(name, home)  # type: ignore[arg-type]
        self.event = msgspec.structs.replace(self.event, **dated())
        self.account = document_id(self.event)[:16]

    def paying(self, payee: "Villager", amount: int, **changes: Any) -> bytes:
        return self.pay((payee, amount), **dated() | {"unit": UNIT} | changes)

    def question(self, ask: str, **changes: Any) -> bytes:
        fields: dict[str, Any] = {
            "ask": ask, "by": self.account, "doc": bytes(32), "first": 0, "home": self.home.id,
            "kev": self.kev, "most": 100, "seq": 0, **dated(),
        }  # fmt: skip
        return seal(Question(**fields | changes), *self.seeds)

    async def outcome(self, sealed: bytes) -> Outcome:
        """Ask what became of a document."""
        asked = self.question("outcome", doc=reopen_verified(sealed).id)
        reply: Reply = await self.home.call("POST", "/questions", asked)
        assert reply.status == 200, reply
        return OUTCOME.decode(reply.body)


class House:
    """One cooperative: its folder, and its household while it runs."""

    def __init__(self, folder: Path, name: str, wire: "Wire", **settings: Any) -> None:
        self.name = name
        self.url = f"http://{name.lower()}.test"
        self.folder = folder
        self.wire = wire
        self.officer = seed_of(f"{name}/officer")
        self.auditor = seed_of(f"{name}/auditor")
        self.id = found_cooperative(
            folder, name=name, url=self.url, unit=UNIT, decimals=2, credit_limit=100_000,
            ceiling=1_000_000, officers=[public_key_of(self.officer)], officers_needed=1,
            network=NET, auditors=[public_key_of(self.auditor)], now_s=now_s(),
        )  # fmt: skip
        self.more = settings
        self.household: Household | None = None
        self.seq = 0
        self.crashes = 0

    @property
    def live(self) -> Household:
        assert self.household is not None
        return self.household

    @property
    def book(self) -> Book:
        return self.live.ledger.book

    @property
    def charter(self) -> Charter:
        return self.book.head.charter

    @property
    def sealed_charter(self) -> bytes:
        found: bytes = self.rows("SELECT sealed FROM entries WHERE idx=0")[0][0]
        return found

    def rows(self, sql: str, *values: Any) -> list[Any]:
        return self.live.ledger.reader.execute(sql, values).fetchall()

    def settings(self) -> Settings:
        return msgspec.structs.replace(load_settings(self.folder, {}), **self.more)

    async def start(self) -> None:
        self.household = open_household(self.folder, self.settings())
        peers: Any = self.wire
        self.household.peers = self.household.desk.peers = peers
        await self.household.start()

    async def stop(self) -> None:
        live, self.household = self.live, None
        await live.stop()

    async def kill(self) -> None:
        """End as kill -9 does: what is on the disk at this instant is all that remains."""
        live, self.household = self.live, None
        self.crashes += 1
        left = self.folder.with_name(f"{self.name}-{self.crashes}")
        shutil.copytree(self.folder, left)
        self.folder = left
        assert live.failed is not None
        tasks = [*live._tasks, live.failed]
        disk = live.sequencer._disk._thread
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # The thread of the disk may still be inside SQLite, which must not be closed under it.
        if disk is not None:
            await asyncio.to_thread(disk.join)
        live.ledger.close()

    async def submit(self, sealed: bytes, **extra: Any) -> Receipt | Refusal | Reply:
        opened = open_any(sealed, LOGGED)
        reply = await self.live.desk.document(Submission(doc=sealed, **extra), opened)
        if reply.status == 200:
            return msgspec.msgpack.decode(reply.body, type=Receipt)
        if reply.status == 422:
            rejection = open_sealed(reply.body, Rejection).document
            assert rejection.doc == opened.id
            return Refusal(rejection.why)
        return reply

    async def enter(self, sealed: bytes, **extra: Any) -> Receipt:
        receipt = await self.submit(sealed, **extra)
        assert isinstance(receipt, Receipt), receipt
        verify_receipt(receipt, sealed, self.charter.origin, self.charter.log)
        return receipt

    async def call(self, method: str, path: str, body: bytes = b"", **query: str) -> Reply:
        return await self.live.desk.call(method, path, query, body)

    def decision(self, **changes: Any) -> dict[str, Any]:
        self.seq += 1
        return {"by": self.id, "kev": 0, "seq": self.seq, **dated()} | changes

    def admission(self, member: Villager, **changes: Any) -> bytes:
        event = seal(member.event, *member.seeds)
        fields = self.decision(ceil=1_000_000, climit=100_000, event=event)
        return seal(Admission(**fields | changes), self.officer)

    async def admit(self, name: str, **changes: Any) -> Villager:
        member = Villager(f"{name}@{self.name}", self)
        await self.enter(self.admission(member, **changes), name=name)
        return member

    async def ask_round(self) -> Reply:
        asked = Question(
            ask="round", by=public_key_of(self.officer), doc=bytes(32), first=0, home=self.id,
            kev=0, most=1, seq=0, **dated(),
        )  # fmt: skip
        return await self.call("POST", "/questions", seal(asked, self.officer))

    def balance_of(self, other: "House") -> int:
        accounts = self.book.accounts
        return accounts.balance[accounts.find(correspondent_account(other.id))]

    def nets(self) -> int:
        """Return what all neighbours together owe or are owed."""
        return sum(self.book.accounts.balance[slot] for slot in self.book.head.correspondents)

    def is_synced(self) -> bool:
        size = self.rows("SELECT max(size) FROM heads")[0][0]
        return bool(size == self.live.ledger.tree.size)

    def held(self) -> int:
        return len(self.book.head.holds)


class Wire:
    """The way between houses: like `node.peers.Peers`, and as unkind as its seed wants it."""

    def __init__(self, seed: int = 0) -> None:
        self.houses: dict[str, House] = {}
        self.dice = random.Random(seed)
        self.lost = self.doubled = self.slow = 0.0
        self.tamper: Tamper | None = None
        self.before: Callable[[str, str], Awaitable[None]] | None = None
        self.requests: list[tuple[str, str, bytes]] = []

    async def request(self, method: str, url: str, body: bytes = b"") -> bytes:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.requests.append((method, url, body))
        if self.before is not None:
            await self.before(method, url)
        house = self.houses.get(parts.hostname)
        if self.dice.random() < self.slow:
            await asyncio.sleep(self.dice.random() / 100)
        if house is None or house.household is None or self.dice.random() < self.lost:
            raise PeerError(f"{url}: not reached")
        times = 2 if self.dice.random() < self.doubled else 1
        # The house may be killed meanwhile: then it is the dead one's desk that was asked.
        desk, query = house.live.desk, dict(parse_qsl(parts.query))
        calls = [desk.call(method, parts.path, query, body) for _ in range(times)]
        reply = (await asyncio.gather(*calls))[-1]
        if self.dice.random() < self.lost:
            raise PeerError(f"{url}: the answer was lost")
        if reply.status != 200:
            raise PeerError(f"{url}: status {reply.status}")
        return reply.body if self.tamper is None else self.tamper(parts.path, reply.body)

    async def close(self) -> None:
        """Nothing stays open."""


# The wire stands where the HTTP client stands.
_SHAPE: Callable[..., Awaitable[bytes]] = Peers.request


def line_of(one: House, two: House, limit: int, version: int = 1, **changes: Any) -> CreditLine:
    a, b = sorted([one, two], key=lambda house: house.id)
    fields: dict[str, Any] = {
        "a": a.id, "achart": a.sealed_charter, "alimit": limit, "b": b.id,
        "bchart": b.sealed_charter, "blimit": limit, "by": one.id, "kev": 0, "seq": version,
        **dated(),
    }  # fmt: skip
    return CreditLine(**fields | changes)


async def connect(one: House, two: House, limit: int = 100_000, version: int = 1) -> bytes:
    """Open a line as officers do: signed by one, then by the other, who tells both nodes."""
    line = line_of(one, two, limit, version)
    first = await one.call("POST", "/lines", seal(line, one.officer), peer=two.url)
    assert first.status == 202, first
    second = await two.call("POST", "/lines", seal(line, one.officer, two.officer), peer=one.url)
    assert second.status == 200, second
    return PAPERS.decode(second.body).papers[0]


@asynccontextmanager
async def village(
    folder: Path, *names: str, seed: int = 0, ring: bool = True, **settings: Any
) -> AsyncIterator[list[House]]:
    """Found cooperatives, start them, and open the lines of the ring that they stand in."""
    wire = Wire(seed)
    houses = [House(folder / name, name, wire, **settings) for name in names]
    wire.houses = {f"{house.name.lower()}.test": house for house in houses}
    for house in houses:
        await house.start()
    if ring and len(houses) > 1:
        for place, house in enumerate(houses if len(houses) > 2 else houses[:1]):
            await connect(house, houses[(place + 1) % len(houses)])
    try:
        yield houses
    finally:
        for house in houses:
            if house.household is not None:
                await house.stop()


async def until(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    for _ in range(int(patience_s * 200)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to be")


def settled(*houses: House) -> bool:
    """Say whether no order is held and every pair of running houses mirrors itself, on disk."""
    if any(house.held() or not house.is_synced() for house in houses):
        return False
    return all(
        one.balance_of(two) == -two.balance_of(one)
        for one in houses
        for two in houses
        if one.book.correspondent(two.id) is not None
    )


def purpose(text: str) -> dict[str, Any]:
    """Return the field of an order that carries a purpose."""
    return {"what": purpose_digest(SALT, text)}


def papers_of(reply: Reply) -> list[bytes]:
    assert reply.status == 200, reply
    return PAPERS.decode(reply.body).papers


def bundle(*papers: bytes) -> bytes:
    return PAPERS.encode(Papers(list(papers)))
