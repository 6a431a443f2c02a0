"""V: what one bare libsodium verification costs on this machine, now (the unit of every figure)."""

import ctypes
import time
from collections.abc import Callable, Sequence

from nacl import _sodium, bindings

Signed = tuple[bytes, bytes, bytes]
_ROUNDS = 4


def _detached() -> Callable[..., int]:
    library = ctypes.CDLL(_sodium.__file__)
    verify: Callable[..., int] = library.crypto_sign_verify_detached
    verify.argtypes = (  # type: ignore[attr-defined]
        ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulonglong, ctypes.c_char_p,
    )  # fmt: skip
    verify.restype = ctypes.c_int  # type: ignore[attr-defined]
    return verify


def _loop_detached(samples: Sequence[Signed]) -> float:
    verify = _detached()
    calls = [(signature, message, len(message), key) for key, message, signature in samples]
    begin = time.process_time()
    for call in calls:
        if verify(*call):
            raise AssertionError("a signature of the bench does not hold")
    return time.process_time() - begin


def _loop_open(samples: Sequence[Signed]) -> float:
    calls = [(signature + message, key) for key, message, signature in samples]
    verify = bindings.crypto_sign_open
    begin = time.process_time()
    for call in calls:
        verify(*call)
    return time.process_time() - begin


def verify_us(samples: Sequence[Signed]) -> float:
    """Return CPU microseconds a verification, by whichever of the two calls is faster.

    Args:
        samples: (public key, signed bytes, signature), as long as the documents of the case.
    """
    loops = (_loop_detached, _loop_open)
    # The mean, as of the case itself: what neighbours do to the caches slows both alike.
    spent = [[loop(samples) for loop in loops] for _ in range(_ROUNDS)]
    return min(map(sum, zip(*spent, strict=True))) / _ROUNDS / len(samples) * 1e6
