"""The way to a node: one request, one deadline, a bounded answer, repeats that do no harm.

The only room of the wallet that speaks HTTP; the library is loaded at the first request.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final

from cli import clock
from cli.failures import ExitCode, Failure
from protocol.errors import EncodingError
from protocol.ledger.refusals import Refusal
from protocol.messages.wire import BATCH, BATCH_RESULT, Batch, BatchResult, Submission

ANSWER_BYTES_MAX: Final = 16_000_000
CONNECT_TIMEOUT_S: Final = 5
ANSWER_TIMEOUT_S: Final = 30
# A clearing round gathers positions and consents of the whole federation before it answers.
ROUND_TIMEOUT_S: Final = 180
ATTEMPTS: Final = 4
WAIT_FIRST_S: Final = 0.2
WAIT_MAX_S: Final = 3.0
SKEW_TOLD_S: Final = 240
PROBLEM: Final = "application/problem+json"
SEALED: Final = "application/octet-stream"
_AGAIN: Final = frozenset({408, 429, 500, 503})
_CLOCK: Final = frozenset({Refusal.NOT_YET_VALID, Refusal.EXPIRED})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered.

    Attributes:
        status: HTTP status.
        kind: Media type, without its parameters.
        body: The bytes, at most 16 MB.
        date_s: The node's own second, or None when it says none.
    """

    status: int
    kind: str
    body: bytes
    date_s: int | None


class AsyncClient:
    """Requests to one node, for programs that have a loop of their own.

    Args:
        url: The node's address.
        connections: Connections that may be open at once.
    """

    def __init__(self, url: str, connections: int = 8) -> None:
        self.url = url.rstrip("/")
        self._connections = connections
        self._session: Any = None

    async def __aenter__(self) -> "AsyncClient":
        """Return itself; connections are made when needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: Mapping[str, str] | None = None,
        repeat: bool = True,
        timeout_s: int = ANSWER_TIMEOUT_S,
    ) -> Answer:
        """Send one request; repeat it, the same bytes, while the node is away or busy.

        Args:
            method: GET or POST.
            path: Begins with a slash.
            body: What is posted.
            query: Names and values after the question mark.
            repeat: Whether the request may be sent again: true for whatever has one outcome.
            timeout_s: Seconds until an answer must have come whole.

        Returns:
            The answer, whatever its status except those that say "later".

        Raises:
            Failure: network, not reached, too slow, or still busy after the last attempt.
            EncodingError: the answer is larger than 16 MB, or a redirect.
        """
        attempts = ATTEMPTS if repeat else 1
        wait_s = WAIT_FIRST_S
        for attempt in range(attempts):
            failure: Failure
            try:
                answer = await self._once(method, path, body, query, timeout_s)
            except _unreached() as error:
                reason = type(error).__name__
                failure = Failure(ExitCode.NETWORK, "node.unreached", url=self.url, reason=reason)
            else:
                if answer.status not in _AGAIN:
                    return answer
                failure = Failure(ExitCode.NETWORK, "node.busy", url=self.url, status=answer.status)
            if attempt + 1 == attempts:
                raise failure
            # Many wallets that wait for one node must not come back in one instant.
            await asyncio.sleep(wait_s * (0.7 + random.random() * 0.6))
            wait_s = min(2 * wait_s, WAIT_MAX_S)
        raise AssertionError("unreachable")

    async def _once(
        self, method: str, path: str, body: bytes, query: Mapping[str, str] | None, timeout_s: int
    ) -> Answer:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(connect=CONNECT_TIMEOUT_S),
                trust_env=False,
                auto_decompress=False,
            )
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_TIMEOUT_S)
        async with self._session.request(
            method,
            self.url + path,
            data=body or None,
            params=dict(query or {}),
            allow_redirects=False,
            timeout=timeout,
        ) as response:
            if 300 <= response.status < 400:
                raise EncodingError("a redirect instead of a node's answer")
            content = bytearray()
            async for chunk in response.content.iter_any():
                content += chunk
                if len(content) > ANSWER_BYTES_MAX:
                    raise EncodingError(f"an answer above {ANSWER_BYTES_MAX} bytes")
            date_s = _seconds(response.headers.get("Date"))
            return Answer(response.status, response.content_type, bytes(content), date_s)

    async def post_batch(self, submissions: list[Submission]) -> BatchResult:
        """Send up to 1,000 signed documents in one request.

        Returns:
            One result an item, in their order; not verified.

        Raises:
            Failure: see `request` and `failure_of`.
            EncodingError: the answer is not of its shape.
        """
        answer = await self.request("POST", "/documents/batch", BATCH.encode(Batch(submissions)))
        result = BATCH_RESULT.decode(expect_ok(answer))
        if len(result.items) != len(submissions):
            raise EncodingError("another number of results than of documents")
        return result


class Client:
    """Requests to one node, one at a time, for commands.

    Args:
        url: The node's address.

    Attributes:
        url: The same without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = AsyncClient(url)
        self._runner = asyncio.Runner()

    def __enter__(self) -> "Client":
        """Return itself: `with Client(url) as client`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._runner.run(self._client.close())
        self._runner.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a 200 answer; errors as `AsyncClient.request` and `expect_ok`."""
        return expect_ok(self._runner.run(self._client.request("GET", path, query=query)))

    def send(
        self,
        path: str,
        body: bytes,
        query: Mapping[str, str] | None = None,
        *,
        repeat: bool = True,
        timeout_s: int = ANSWER_TIMEOUT_S,
    ) -> Answer:
        """Post and return the answer, whatever its status; errors as `AsyncClient.request`."""
        return self._runner.run(
            self._client.request(
                "POST", path, body, query=query, repeat=repeat, timeout_s=timeout_s
            )
        )

    def post(
        self, path: str, body: bytes, *, repeat: bool = True, timeout_s: int = ANSWER_TIMEOUT_S
    ) -> bytes:
        """Post and return the body of a 200 answer; errors as `send` and `expect_ok`."""
        return expect_ok(self.send(path, body, repeat=repeat, timeout_s=timeout_s))


def expect_ok(answer: Answer) -> bytes:
    """Return the body of a 200 answer.

    Raises:
        Failure: what the node said instead (`failure_of`).
    """
    if answer.status == 200:
        return answer.body
    raise failure_of(answer)


def failure_of(answer: Answer) -> Failure:
    """Return how a command ends after an answer that is not a 200.

    Raises:
        EncodingError: not even a problem: no node of this federation answers so.
    """
    slug, detail = _problem(answer)
    if slug == "not-found":
        return Failure(ExitCode.NOT_FOUND, "node.not_found")
    if slug in {"peer", "unreached", "stopping", "busy"}:
        return Failure(ExitCode.NETWORK, "node.peer_away")
    if detail in Refusal.__members__:
        return refusal_failure(Refusal[detail], answer.date_s)
    key = {
        "conflict": "node.conflict",
        "not-allowed": "node.not_allowed",
        "signature": "node.signature",
    }.get(slug, "node.malformed")
    return Failure(ExitCode.REFUSED, key, reason=detail or slug)


def refusal_failure(refusal: Refusal, node_date_s: int | None = None) -> Failure:
    """Return how a command ends when a rule said no.

    Args:
        refusal: The node's reason.
        node_date_s: The node's clock at that moment; when ours differs, that is said instead.
    """
    if refusal in _CLOCK and node_date_s is not None:
        ahead = clock.now_s() - node_date_s
        if abs(ahead) > SKEW_TOLD_S:
            key = "node.clock_ahead" if ahead > 0 else "node.clock_behind"
            return Failure(ExitCode.REFUSED, key, minutes=(abs(ahead) + 30) // 60)
    return Failure(ExitCode.REFUSED, f"refusal.{refusal.name}")


def _problem(answer: Answer) -> tuple[str, str]:
    """Return slug and detail of a problem (RFC 9457)."""
    if answer.kind != PROBLEM:
        raise EncodingError(f"status {answer.status} without a word of a node")
    try:
        shape = json.loads(answer.body)
        slug, detail = shape["type"].removeprefix("urn:ronde:"), shape.get("detail", "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EncodingError("a malformed problem") from error
    if not isinstance(slug, str) or not isinstance(detail, str):
        raise EncodingError("a malformed problem")
    # For the screen: a stranger's text has one short line and no control characters.
    shown = "".join(character for character in detail[:200] if character.isprintable())
    return slug, shown


def _unreached() -> tuple[type[BaseException], ...]:
    import aiohttp

    return (aiohttp.ClientError, OSError, TimeoutError)


def _seconds(date: str | None) -> int | None:
    if date is None:
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except ValueError:
        return None
