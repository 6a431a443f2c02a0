"""The only clock and the only dice of the node."""

import os
import time


def now_s() -> int:
    """Return the second of now, since 1970."""
    return int(time.time())


def uptime_s() -> float:
    """Return seconds of a clock that never jumps, for durations only."""
    return time.monotonic()


def random_bytes(count: int) -> bytes:
    """Return bytes that nobody can guess."""
    return os.urandom(count)
