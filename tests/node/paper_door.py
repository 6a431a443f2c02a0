"""A ledger on paper: a second, small implementation of `node.door.Door`, and documents for it."""

import asyncio
from hashlib import sha256
from typing import Any

from node.door import JSON, DoorAway, DoorBusy, DoorFault, Reply
from node.http.routes import RECEIPT
from node.settings import Settings
from protocol.envelope import Opened, seal
from protocol.errors import EncodingError
from protocol.messages.orders import Leg, Order
from protocol.messages.wire import BatchResult, Result, Submission

SEED = b"s" * 32


def settings(**chosen: Any) -> Settings:
    return Settings(
        name="Bretagne", url="http://127.0.0.1", origin="bretagne/ledger", listen="127.0.0.1:0",
        **chosen,
    )  # fmt: skip


def sealed_order(seq: int = 1, amount: int = 1250) -> bytes:
    order = Order(
        by=b"b" * 16, exp=2**31, home=b"h" * 32, iat=1, kev=0,
        legs=[Leg(acct=b"a" * 16, amt=amount)], net=b"n" * 32, seq=seq, unit="UEB",
    )  # fmt: skip
    return seal(order, SEED)


def forged_order() -> bytes:
    """An order one byte of whose signature was changed."""
    whole = bytearray(sealed_order())
    at = whole.index(b"\xc4\x40") + 10
    whole[at] ^= 1
    return bytes(whole)


class PaperDoor:
    """Answers each document with the hash of what it was given; sequence numbers choose trouble."""

    BUSY, AWAY, FAULT, WRONG, SLOW = 90, 91, 92, 93, 94

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.calls: list[tuple[str, str, dict[str, str], bytes]] = []
        self.release = asyncio.Event()
        self.ready = True

    async def document(self, submission: Submission, opened: Opened[Any]) -> Reply:
        seq = opened.document.seq
        if seq == self.BUSY:
            raise DoorBusy
        if seq == self.AWAY:
            raise DoorAway
        if seq == self.FAULT:
            raise DoorFault
        if seq == self.WRONG:
            raise EncodingError("what is inside does not hold")
        if seq == self.SLOW:
            await self.release.wait()
        self.seen.append(opened.sealed)
        return Reply(200, RECEIPT, sha256(opened.sealed).digest())

    def way_s(self) -> float:
        return 0.0

    def put(self, submission: Submission, opened: Opened[Any]) -> asyncio.Future[Reply]:
        return asyncio.ensure_future(self.document(submission, opened))

    async def replies(self, items: list[tuple[Submission, Opened[Any]]]) -> list[Reply]:
        return [await self.document(submission, opened) for submission, opened in items]

    async def documents(self, items: list[tuple[Submission, Opened[Any]]]) -> BatchResult:
        if any(opened.document.seq == self.AWAY for _, opened in items):
            raise DoorAway
        self.seen += [opened.sealed for _, opened in items]
        return BatchResult(
            ["head"], [Result(at=1, head=0, idx=opened.document.seq) for _, opened in items], []
        )

    async def call(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
        self.calls.append((method, path, query, body))
        if path == "/checkpoint" and not self.ready:
            return Reply(503, JSON, b"{}")
        if path == "/names/fault":
            raise AssertionError("a fault of our own")
        return Reply(200, JSON, b'{"v":1}')
