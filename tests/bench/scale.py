"""How large each case is, and what a case hands back."""

import os
import platform
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"

# Raw figures of a case: numbers and words, as they stand in build/bench.json.
Figures = dict[str, float | int | str | None]


@dataclass(frozen=True)
class Scale:
    """Sizes of one run.

    Attributes:
        members: Accounts behind the cases that go over HTTP.
        orders: Signed orders at hand for them.
        seconds: How long one load lasts.
        rounds: How often naive node and ours take turns.
        legs_orders: Orders of one leg, and of 100 legs, in the case of the legs.
        audit_members: Members whose admissions begin the audited log.
        audit_entries: Orders in it.
        accounts: Accounts of the large snapshot.
        tail: Entries after it.
    """

    members: int = 100_000
    orders: int = 160_000
    seconds: float = 5.0
    rounds: int = 3
    legs_orders: tuple[int, int] = (20_000, 4_000)
    audit_members: int = 100_000
    audit_entries: int = 1_000_000
    accounts: int = 1_000_000
    tail: int = 300_000


WHOLE = Scale()
TINY = Scale(
    members=200, orders=1_500, seconds=0.3, rounds=1, legs_orders=(300, 60), audit_members=50,
    audit_entries=700, accounts=2_000, tail=600,
)  # fmt: skip


def machine() -> Figures:
    """Return what the figures were measured on."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "system": platform.release(),
    }
