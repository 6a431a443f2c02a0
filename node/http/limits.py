"""How much one address may ask: a bucket of tokens each, one token a document (spec 0008)."""

import ipaddress
from collections import Counter
from collections.abc import Callable
from math import ceil
from typing import Final

ADDRESSES_MAX: Final = 10_000
_IPV6_SITE_BITS: Final = 64


def site_of(address: str) -> str:
    """Return what is counted as one caller: an IPv4 address, the first 64 bits of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_SITE_BITS), strict=False))


def is_loopback(address: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return (mapped or parsed).is_loopback


class Allowance:
    """Token buckets by caller.

    Args:
        per_s: Tokens that come back each second.
        burst: Tokens of a full bucket.
        uptime_s: A clock that never jumps, seconds.
    """

    def __init__(self, per_s: int, burst: int, uptime_s: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._uptime_s = uptime_s
        self._buckets: dict[str, tuple[float, float]] = {}

    def charge(self, caller: str, tokens: int) -> int:
        """Take tokens from a caller's bucket.

        Args:
            caller: As `site_of` gives it.
            tokens: How many; more than a full bucket holds counts as a full bucket.

        Returns:
            0, or after how many seconds there will be enough; nothing was taken then.
        """
        now = self._uptime_s()
        wanted = min(tokens, self._burst)
        level, since = self._buckets.get(caller, (float(self._burst), now))
        level = min(self._burst, level + (now - since) * self._per_s)
        if level < wanted:
            self._buckets[caller] = (level, now)
            return ceil((wanted - level) / self._per_s)
        if caller not in self._buckets and len(self._buckets) >= ADDRESSES_MAX:
            self._forget(now)
        self._buckets[caller] = (level - wanted, now)
        return 0

    def _forget(self, now: float) -> None:
        """Drop buckets that are full again; when none is, the oldest half."""
        full_after = self._burst / self._per_s
        kept = {who: found for who, found in self._buckets.items() if now - found[1] < full_after}
        if len(kept) >= ADDRESSES_MAX:
            recent = sorted(kept.items(), key=lambda pair: pair[1][1])
            kept = dict(recent[ADDRESSES_MAX // 2 :])
        self._buckets = kept


class Places:
    """Open connections, in all and by caller.

    Args:
        places_max: In all.
        per_caller_max: Of one caller.
    """

    def __init__(self, places_max: int, per_caller_max: int) -> None:
        self._max = places_max
        self._per_caller_max = per_caller_max
        self._taken: Counter[str] = Counter()
        self._total = 0

    def take(self, caller: str, *, exempt: bool) -> bool:
        """Take a place, unless there is none; an exempt caller may have all of them."""
        if self._total >= self._max:
            return False
        if not exempt and self._taken[caller] >= self._per_caller_max:
            return False
        self._taken[caller] += 1
        self._total += 1
        return True

    def leave(self, caller: str) -> None:
        """Give a place back."""
        self._total -= 1
        self._taken[caller] -= 1
        if not self._taken[caller]:
            del self._taken[caller]
