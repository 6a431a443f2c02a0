"""Frames on a stream between two processes of one node.

A frame is: length of what follows (4 bytes), request number (4 bytes), kind (1 byte), payload; all
big-endian. Both ends are our own: a malformed frame is our own fault.
"""

import asyncio
import struct
from typing import Final, cast

FRAME_BYTES_MAX: Final = 100_000_000
_HEAD: Final = struct.Struct(">IIB")
_HEAD_REST: Final = 5


class Frames(asyncio.Protocol):
    """Frames in, frames out; what is sent within one turn of the loop leaves in one write.

    Attributes:
        transport: The connection; None once it is lost.
        writable: Clear while the other side is slow.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        # uvloop's transports are not of asyncio's class, only of its shape.
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits to write go on, and find nobody there."""
        self.transport = None
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames."""
        buffer = self._buffer
        buffer += data
        at, size = 0, len(buffer)
        while size - at >= _HEAD.size:
            length, number, kind = _HEAD.unpack_from(buffer, at)
            assert _HEAD_REST <= length <= FRAME_BYTES_MAX, "a frame of our own is malformed"
            end = at + 4 + length
            if end > size:
                break
            self.frame(number, kind, bytes(memoryview(buffer)[at + _HEAD.size : end]))
            at = end
        if at:
            del buffer[:at]

    def frame(self, number: int, kind: int, payload: bytes) -> None:
        """Take one frame; each side has its own."""
        raise NotImplementedError

    def pause_writing(self) -> None:
        """Note that the other side is slow."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Note that the other side has caught up."""
        self.writable.set()

    def send(self, number: int, kind: int, payload: bytes) -> None:
        """Send a frame at the end of this turn of the loop; to nobody when the other side left."""
        if self.transport is None:
            return
        if not self._out:
            self.loop.call_soon(self.flush)
        self._out += (_HEAD.pack(_HEAD_REST + len(payload), number, kind), payload)

    def flush(self) -> None:
        """Write what waits."""
        pieces, self._out = self._out, []
        if self.transport is not None and pieces:
            self.transport.write(b"".join(pieces))

    def close(self) -> None:
        """Leave once everything is sent."""
        self.flush()
        if self.transport is not None:
            self.transport.close()
