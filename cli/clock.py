"""The only clock of the wallet: every date that it signs or compares comes through here."""

import time


def now_s() -> int:
    """Return the second of now, since 1970."""
    return int(time.time())


def local_time(second: int) -> str:
    """Return a second as the person at this machine reads it: `2026-11-24 07:12`."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(second))


def local_date(second: int) -> str:
    """Return the day of a second as the person at this machine reads it: `2026-12-31`."""
    return time.strftime("%Y-%m-%d", time.localtime(second))


def end_of_day(day: time.struct_time) -> int:
    """Return the last second of a day of this machine's calendar."""
    return int(time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 23, 59, 59, 0, 0, -1)))


def universal_time(second: int) -> str:
    """Return a second for machines, in universal time: `2026-11-24T06:12:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
