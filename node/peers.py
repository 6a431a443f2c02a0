"""The way to other nodes: one request, one deadline, a bounded answer; retries are the caller's."""

from types import TracebackType
from typing import Any, Final

from node.errors import PeerError

ANSWER_BYTES_MAX: Final = 16_000_000
CONNECT_TIMEOUT_S: Final = 5
ANSWER_TIMEOUT_S: Final = 30


class Peers:
    """An HTTP client for the node's own errands; the library is loaded at the first one."""

    def __init__(self) -> None:
        self._session: Any = None

    async def request(self, method: str, url: str, body: bytes = b"") -> bytes:
        """Send one request and return the body of a 200 answer.

        Raises:
            PeerError: not reached, too slow, too large, or another status; safe to repeat.
        """
        import aiohttp

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        try:
            async with self._session.request(
                method, url, data=body or None, allow_redirects=False
            ) as response:
                answer = bytearray()
                async for chunk in response.content.iter_any():
                    answer += chunk
                    if len(answer) > ANSWER_BYTES_MAX:
                        raise PeerError(f"{url}: answer over {ANSWER_BYTES_MAX} bytes")
                if response.status != 200:
                    raise PeerError(f"{url}: status {response.status}")
                return bytes(answer)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise PeerError(f"{url}: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> "Peers":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
