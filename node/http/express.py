"""The express lane: one plain document, come whole, answered without aiohttp's request and task.

Only what has exactly the plain form passes here; everything else, however right, is aiohttp's. A
single document costs a node as much for HTTP as for its signature: this lane halves the former.
"""

from functools import lru_cache
from typing import Final

_LINE: Final = b"POST /documents HTTP/1.1\r\n"
_HEAD_BYTES_MAX: Final = 512
_END: Final = b"\r\n\r\n"
# Whatever could change the meaning of a request (framing, proxies, conditions) is not among them.
_HARMLESS: Final = frozenset(
    {b"host", b"content-type", b"content-length", b"accept", b"accept-encoding", b"user-agent"}
)


@lru_cache(maxsize=256)
def _length_of(head: bytes) -> int:
    """Return the length that a plain head announces, or −1 when the head is not plain."""
    length, hosts = -1, 0
    for line in head[len(_LINE) :].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or name not in _HARMLESS or not value.isascii() or b"\n" in value:
            return -1
        hosts += name == b"host"
        if name == b"content-length":
            digits = value.strip(b" \t")
            if length >= 0 or not digits.isdigit() or len(digits) > 6:
                return -1
            length = int(digits)
    return length if hosts == 1 else -1


def plain_body(received: bytes, bytes_max: int) -> bytes | None:
    """Return the body of a plain POST /documents that came whole and alone.

    Args:
        received: Everything that the connection has received since its last request.
        bytes_max: Bound on the body.

    Returns:
        The body, or None when aiohttp must read the request.
    """
    if not received.startswith(_LINE):
        return None
    end = received.find(_END, len(_LINE), _HEAD_BYTES_MAX)
    if end < 0:
        return None
    body = received[end + len(_END) :]
    # Spec 0008: The node MUST refuse a body above the bound of its route.
    if len(body) != _length_of(received[:end]) or len(body) > bytes_max:
        return None
    return body
