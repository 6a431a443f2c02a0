"""`make bench`: every case, each figure a ratio within one run; writes build/bench.json.

`python -m tests.bench.run [--only CASE,…] [--tiny]`; a table in Markdown goes to standard output.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import command
from tests.bench.cases_accounts import accounts
from tests.bench.cases_audit import audit
from tests.bench.cases_http import Pool, batch, single, slow_disk
from tests.bench.cases_ledger import legs
from tests.bench.scale import TINY, WHOLE, Figures, Scale, machine

CASES = ("batch", "batch_gates", "single", "single_2ms", "legs", "audit", "accounts")
# (name in bench.json, case, its figure, goal, whether more is better)
HEADLINES: tuple[tuple[str, str, str, float, bool], ...] = (
    ("batch_100", "batch", "ratio", 0.70, True),
    ("batch_100_gates", "batch_gates", "ratio", 0.0, True),
    ("single_vs_naive", "single", "ratio", 10, True),
    ("single_p99_vs_naive", "single", "p99_ratio", 8, True),
    ("single_vs_naive_2ms", "single_2ms", "ratio", 30, True),
    ("legs_100", "legs", "ratio", 25, True),
    ("audit", "audit", "ratio", 0.85, True),
    ("accounts_1m_mb", "accounts", "mb", 300, False),
    ("accounts_1m_load_s", "accounts", "load_s", 1, False),
    ("tail_entries_per_s", "accounts", "tail_entries_per_s", 300_000, True),
)
GATES = 2
# Above this, figures by the clock (single_…) say more of the neighbours than of the node.
QUIET_CORES = 0.3


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Bench:
    """One run: its scratch folder, its scale, what it has found.

    Args:
        scratch: A folder on the disk that is to be measured.
        cache: Where the audited log is kept for the next run.
        scale: Sizes.
    """

    def __init__(self, scratch: Path, cache: Path, scale: Scale) -> None:
        self.scratch = scratch
        self.cache = cache
        self.scale = scale
        self.now_s = int(time.time())
        self.found: dict[str, Figures] = {}
        self._pool: Pool | None = None

    def pool(self) -> Pool:
        """Return the world of the cases over HTTP, made at the first call."""
        if self._pool is None:
            self._pool = Pool(self.scratch, self.scale, self.now_s)
        return self._pool

    def _single_slowed(self) -> Figures:
        extra = slow_disk(self.scratch)
        if extra is None:
            return {"skipped": "no C compiler to build the slower sync with"}
        return single(self.pool(), self.scale, GATES, extra)

    def cases(self) -> dict[str, Callable[[], Figures]]:
        """Return the cases by name."""
        scale = self.scale
        return {
            "batch": lambda: batch(self.pool(), scale, 0),
            "batch_gates": lambda: batch(self.pool(), scale, GATES),
            "single": lambda: single(self.pool(), scale, GATES),
            "single_2ms": self._single_slowed,
            "legs": lambda: legs(self.scratch, self.pool().world, scale),
            "audit": lambda: audit(self.cache, scale),
            "accounts": lambda: accounts(self.scratch, scale, self.now_s),
        }

    def run(self, chosen: list[str]) -> None:
        """Run cases, one after the other."""
        for name, case in self.cases().items():
            if name in chosen:
                begin = time.perf_counter()
                figures = case()
                figures["case_s"] = time.perf_counter() - begin
                self.found[name] = figures
                _say(f"{name}: {json.dumps(_rounded(figures))}")


def _rounded(figures: Figures) -> Figures:
    """Return figures with four significant digits."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in figures.items()
    }


def report_of(bench: Bench, seconds: float) -> dict[str, object]:
    """Return what build/bench.json holds."""
    report: dict[str, object] = {"v": 1}
    for name, case, figure, _, _ in HEADLINES:
        if case in bench.found:
            report[name] = _rounded(bench.found[case]).get(figure)
    report["seconds"] = round(seconds, 1)
    report["date"] = datetime.now(UTC).strftime("%Y-%m-%d")
    report["machine"] = machine()
    report["raw"] = {name: _rounded(figures) for name, figures in bench.found.items()}
    return report


def table(report: dict[str, object]) -> str:
    """Return the headline figures as a table in Markdown."""
    on = report["machine"]
    assert isinstance(on, dict)
    lines = [
        f"{report['date']}, {on['cpu']}, {on['cores']} cores, "
        f"Python {on['python']}, SQLite {on['sqlite']}",
        "",
        "| figure | measured | goal |",
        "|---|---:|---:|",
    ]
    for name, _, _, goal, more in HEADLINES:
        value = report.get(name)
        if name in report:
            wanted = f"{'≥' if more else '≤'} {goal:g}" if goal else ""
            shown = f"{value:,.4g}" if isinstance(value, float | int) and value < 1e5 else value
            lines.append(f"| {name} | {'skipped' if value is None else shown} | {wanted} |")
    raw = report["raw"]
    assert isinstance(raw, dict)
    crowd = max(
        float(raw.get(case, {}).get("others_cores", 0)) for case in ("single", "single_2ms")
    )
    if crowd > QUIET_CORES:
        lines += ["", f"Not a quiet machine: others kept {crowd:.1f} cores busy beside the node."]
    return "\n".join(lines)


def measure(chosen: list[str], scale: Scale, build: Path) -> dict[str, object]:
    """Run cases with their scratch files in `build`, and return the report."""
    build.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="bench-", dir=build))
    begin = time.perf_counter()
    try:
        bench = Bench(scratch, build / "bench-cache", scale)
        bench.run(chosen)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return report_of(bench, time.perf_counter() - begin)


def main() -> None:
    """Run the bench and write its report."""
    command.run(__doc__, CASES, (WHOLE, TINY), measure, table, "bench.json")


if __name__ == "__main__":
    main()
