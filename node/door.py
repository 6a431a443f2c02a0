"""What stands between the HTTP door and the ledger: three questions, in one process or across two.

The desk of the ledger answers them itself; a gate process passes them on over its pipe.
"""

import asyncio
from typing import Any, NamedTuple, Protocol, runtime_checkable

from protocol.envelope import Opened
from protocol.messages.wire import BatchResult, Submission

MSGPACK = "application/vnd.ronde+msgpack"
SEALED = "application/octet-stream"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"

Item = tuple[Submission, Opened[Any]]


class Reply(NamedTuple):
    """An answer of the ledger, ready to be sent.

    Attributes:
        status: HTTP status.
        kind: Content type.
        body: The bytes.
    """

    status: int
    kind: str
    body: bytes


class DoorBusy(Exception):
    """The queue is full; nothing was taken; the same document may come again in a second."""


class DoorAway(Exception):
    """The ledger does not answer; whether it took the document is told by sending it again."""


class DoorFault(Exception):
    """The ledger failed at this request by its own fault; its own log says how."""


class Door(Protocol):
    """Whoever can answer for the ledger.

    Each method raises `ProtocolError` for bytes inside a document that do not hold, `DoorBusy` and
    `DoorAway`.
    """

    async def document(self, submission: Submission, opened: Opened[Any]) -> Reply:
        """Answer one document whose signatures hold: a receipt or a sealed rejection."""

    def way_s(self) -> float:
        """Return how long the last documents were on their way, seconds; 0 in one process."""

    def put(self, submission: Submission, opened: Opened[Any]) -> "asyncio.Future[Reply]":
        """Answer as `document`, for a caller that has no task to wait in."""

    async def replies(self, items: list[Item]) -> list[Reply]:
        """Answer documents that came one by one and go together, each with its own reply."""

    async def documents(self, items: list[Item]) -> BatchResult:
        """Answer documents whose signatures hold; the results are in the order of the items."""

    async def call(self, method: str, path: str, query: dict[str, str], body: bytes) -> Reply:
        """Answer any other route of spec 0008; body and query are within its limits."""


@runtime_checkable
class EncodedDoor(Protocol):
    """A door that has the canonical bytes of a `BatchResult` at hand."""

    async def batch_bytes(self, items: list[Item]) -> bytes:
        """Answer as `Door.documents`, encoded."""
