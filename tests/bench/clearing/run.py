"""`make bench-clearing`: the engine against bare libraries; writes build/bench-clearing.json.

`python -m tests.bench.clearing.run [--only CASE,…] [--tiny]`; a table in Markdown goes to standard
output. README.md beside this file says what each figure is.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median

from tests.bench import command
from tests.bench.clearing.baselines import installed, version
from tests.bench.clearing.child import measured
from tests.bench.load import busy_s
from tests.bench.scale import ROOT, Figures, machine

# (name in bench-clearing.json, case, its figure, goal, whether more is better; no goal when 0)
HEADLINES: tuple[tuple[str, str, str, float, bool], ...] = (
    ("country_s", "country", "seconds", 10, False),
    ("country_vs_library", "country", "vs_library", 4, True),
    ("country_peak_mb", "country", "peak_mb", 2048, False),
    ("country_verify_s", "country", "verify_s", 0.1, False),
    ("country_tampered_refused", "country", "tampered_refused", 0, True),
    ("sarafu_vs_library", "sarafu", "whole_vs_library", 1.3, False),
    ("sarafu_verify_share", "sarafu", "verify_share", 0.01, False),
    ("federation_1000_ms", "federation", "ms", 50, False),
    ("federation_10000_s", "federation", "larger_s", 2, False),
    ("cold_start_s", "cold", "worst_s", 1.5, False),
    ("greedy_share", "shares", "greedy", 0, True),
    ("cycles_6_share", "shares", "cycles_6", 0, True),
    ("growth_exponent", "growth", "exponent", 0, False),
)
# Above this, seconds by the clock say more of the neighbours than of the engine.
QUIET_CORES = 0.3


@dataclass(frozen=True)
class Size:
    """Sizes of one run.

    Attributes:
        country: the instance of the headline, its digest, its optimum in minor units.
        times: how often ours and the library take turns there (ours goes once more).
        federations: instances of a round, and how often each is settled.
        sarafu_times: how often the file is cleared.
        cold_times: how often the command is started.
        shares: instances, and whether cycles are searched for there.
        growth: firms of each point; five invoices each.
        least_s: seconds that a point of the growth lasts at least.
    """

    country: tuple[str, str, int]
    times: int
    federations: tuple[tuple[str, int], tuple[str, int]]
    sarafu_times: int
    cold_times: int
    shares: tuple[tuple[str, bool], ...]
    growth: tuple[int, ...]
    least_s: float


WHOLE = Size(
    country=("trade:1000000:5.32:2026", "87bc4457299bef19", 200_932_195_184),
    times=1,
    federations=(("fed:1000:1", 20), ("fed:10000:1", 4)),
    sarafu_times=5,
    cold_times=7,
    shares=(
        ("fed:200:1", True), ("fed:1000:1", True), ("trade:1000:5:1", True),
        ("trade:10000:5:1", False), ("trade:100000:5:1", False), ("sarafu", False),
    ),
    growth=(2_100, 6_400, 21_000, 64_000, 212_000, 640_000, 1_910_000),
    least_s=0.5,
)  # fmt: skip
TINY = Size(
    country=("trade:1000:5:1", "9386915dfa62727c", 154_141_443),
    times=1,
    federations=(("fed:10:1", 1), ("fed:50:1", 1)),
    sarafu_times=1,
    cold_times=1,
    shares=(("fed:50:1", True), ("trade:100:5:1", False)),
    growth=(100, 300, 1_000),
    least_s=0.001,
)
SMALL_FILE = "debtor,creditor,amount\nanna,bo,120.00\nbo,cleo,80.00\ncleo,anna,50.00\n"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def exponent(points: list[tuple[float, float]]) -> float:
    """Fit seconds = constant · invoices^exponent by least squares on logarithms."""
    logs = [(math.log(invoices), math.log(seconds)) for invoices, seconds in points]
    mean_x, mean_y = fmean(x for x, _ in logs), fmean(y for _, y in logs)
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread


class Bench:
    """One run: its scratch folder, its sizes, what it has found.

    Args:
        scratch: A folder for the instances, 200 MB at most.
        size: Sizes.
    """

    def __init__(self, scratch: Path, size: Size) -> None:
        self.scratch = scratch
        self.size = size
        self.found: dict[str, Figures] = {}

    def _made(self, name: str) -> tuple[int, str, str]:
        """Invent an instance; return its members, its folder and its digest."""
        folder = self.scratch / name.replace(":", "-")
        if not (folder / "digest").is_file():
            measured("make", name, str(folder))
        digest = (folder / "digest").read_text(encoding="ascii")
        return int(name.split(":")[1]), str(folder), digest

    def country(self) -> Figures:
        """Clear the instance of the headline; ours, the library, ours again."""
        name, pinned, optimum = self.size.country
        members, folder, digest = self._made(name)
        assert digest == pinned, digest
        ours = [measured("country", members, folder)]
        theirs: list[Figures] = []
        for _ in range(self.size.times if "cost_scaling" in installed() else 0):
            theirs.append(measured("bare", members, folder, "cost_scaling"))
            ours.append(measured("country", members, folder, False))
        assert {figures["cleared"] for figures in (*ours, *theirs)} == {optimum}
        figures: Figures = {"instance": name, "optimum": optimum, **ours[0]}
        for key in ("seconds", "cpu_s", "verify_s", "merge_s", "clear_s", "allot_s"):
            figures[key] = fmean(_number(one, key) for one in ours)
        figures["peak_mb"] = max(_number(one, "peak_mb") for one in ours)
        figures["runs_s"] = " ".join(f"{_number(one, 'seconds'):.2f}" for one in ours)
        figures["vs_library"] = None
        if theirs:
            library = fmean(_number(one, "seconds") for one in theirs)
            figures["vs_library"] = library / _number(figures, "seconds")
            figures["library_s"] = library
            # Neighbours slow CPU time less than the clock; all threads of ours are counted.
            library_cpu = fmean(_number(one, "cpu_s") for one in theirs)
            figures["vs_library_cpu"] = library_cpu / _number(figures, "cpu_s")
            figures["library_peak_mb"] = max(_number(one, "peak_mb") for one in theirs)
        return figures

    def sarafu(self) -> Figures:
        """Clear the debts of a real community currency, from the file to the proof."""
        path = _shared() / "data" / "sarafu-debts.csv"
        if not path.is_file():
            return {"skipped": "no ../shared"}
        return measured("file_to_proof", str(path), self.size.sarafu_times)

    def federation(self) -> Figures:
        """Settle rounds of two sizes."""
        (name, times), (larger, larger_times) = self.size.federations
        figures = measured("federation", name, times)
        more = measured("federation", larger, larger_times)
        figures["larger_s"] = _number(more, "ms") / 1e3
        figures |= {f"larger_{key}": value for key, value in more.items()}
        return figures

    def cold(self) -> Figures:
        """Start the command on a file of three debts, each time a new process."""
        path = self.scratch / "small.csv"
        path.write_text(SMALL_FILE, encoding="utf-8")
        command = [sys.executable, "-m", "cli.main", "clear", str(path), "--json"]
        home = {**os.environ, "RONDE_HOME": str(self.scratch / "home")}
        spent = []
        for _ in range(self.size.cold_times):
            begin = time.perf_counter()
            subprocess.run(command, cwd=ROOT, env=home, stdout=subprocess.PIPE, check=True)
            spent.append(time.perf_counter() - begin)
        return {"worst_s": max(spent), "median_s": median(spent), "first_s": spent[0]}

    def shares(self) -> Figures:
        """Compare simpler ways with the optimum; the headline is the worst share of each."""
        figures: Figures = {"greedy": 1.0, "cycles_6": 1.0}
        for name, short in self.size.shares:
            path = _shared() / "data" / "sarafu-debts.csv"
            if name == "sarafu" and not path.is_file():
                continue
            found = measured("shares", str(path) if name == "sarafu" else name, short)
            for way in ("greedy", "cycles_6"):
                if way in found:
                    figures[f"{name} {way}"] = found[way]
                    figures[way] = min(_number(figures, way), _number(found, way))
        return figures

    def growth(self) -> Figures:
        """Clear graphs from ten thousand to nine million invoices."""
        figures: Figures = {}
        points: list[tuple[float, float]] = []
        for firms in self.size.growth:
            members, folder, _ = self._made(f"trade:{firms}:5:1")
            found = measured("repeated", members, folder, self.size.least_s)
            shutil.rmtree(folder)
            points.append((_number(found, "invoices"), _number(found, "seconds")))
            figures[f"{found['invoices']} invoices s"] = found["seconds"]
            figures[f"{found['invoices']} invoices peak_mb"] = found["peak_mb"]
        figures["exponent"] = exponent(points)
        return figures

    def cases(self) -> dict[str, Callable[[], Figures]]:
        """Return the cases by name."""
        return {
            "country": self.country,
            "sarafu": self.sarafu,
            "federation": self.federation,
            "cold": self.cold,
            "shares": self.shares,
            "growth": self.growth,
        }

    def run(self, chosen: list[str]) -> None:
        """Run cases, one after the other."""
        for name, case in self.cases().items():
            if name not in chosen:
                continue
            begin, busy, own = time.perf_counter(), busy_s(), _own_cpu_s()
            figures = case()
            seconds = time.perf_counter() - begin
            figures["case_s"] = seconds
            others = busy_s() - busy - (_own_cpu_s() - own)
            figures["others_cores"] = max(0.0, others) / seconds
            self.found[name] = figures
            _say(f"{name}: {json.dumps(_rounded(figures))}")


CASES = ("country", "sarafu", "federation", "cold", "shares", "growth")


def _own_cpu_s() -> float:
    """Return CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _number(figures: Figures, name: str) -> float:
    value = figures[name]
    assert isinstance(value, float | int), name
    return value


def _shared() -> Path:
    return Path(os.environ.get("RONDE_SHARED") or ROOT.parent / "shared")


def _rounded(figures: Figures) -> Figures:
    """Return figures with four significant digits."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in figures.items()
    }


def report_of(found: dict[str, Figures], seconds: float) -> dict[str, object]:
    """Return what build/bench-clearing.json holds."""
    report: dict[str, object] = {"v": 1}
    for name, case, figure, _, _ in HEADLINES:
        if case in found:
            report[name] = _rounded(found[case]).get(figure)
    report["seconds"] = round(seconds, 1)
    report["date"] = datetime.now(UTC).strftime("%Y-%m-%d")
    packages = ("pylmcf", "ortools", "networkx", "numpy")
    report["machine"] = {**machine(), **{package: version(package) for package in packages}}
    report["raw"] = {name: _rounded(figures) for name, figures in found.items()}
    return report


def table(report: dict[str, object]) -> str:
    """Return the headline figures, and the points of the growth, as tables in Markdown."""
    on, raw = report["machine"], report["raw"]
    assert isinstance(on, dict)
    assert isinstance(raw, dict)
    lines = [
        f"{report['date']}, {on['cpu']}, {on['cores']} cores, Python {on['python']}, "
        f"NumPy {on['numpy']}, pylmcf {on['pylmcf']}, OR-tools {on['ortools']}",
        "",
        "| figure | measured | goal | |",
        "|---|---:|---:|---|",
    ]
    for name, _, _, goal, more in HEADLINES:
        if name not in report:
            continue
        value = report[name]
        wanted = f"{'≥' if more else '≤'} {goal:g}" if goal else ""
        shown, verdict = "skipped", ""
        if isinstance(value, float | int):
            shown = f"{value:,.4g}"
            reached = value >= goal if more else value <= goal
            verdict = ("reached" if reached else "NOT REACHED") if goal else ""
        lines.append(f"| {name} | {shown} | {wanted} | {verdict} |")
    if "growth" in raw:
        lines += ["", "| invoices | seconds | peak MiB |", "|---:|---:|---:|"]
        for name, value in raw["growth"].items():
            invoices, _, kind = name.partition(" invoices ")
            if kind == "s":
                peak = raw["growth"][f"{invoices} invoices peak_mb"]
                lines.append(f"| {int(invoices):,} | {value:,.4g} | {peak:,.0f} |")
    crowd = max((float(case["others_cores"]) for case in raw.values()), default=0.0)
    if crowd > QUIET_CORES:
        lines += ["", f"Not a quiet machine: others kept up to {crowd:.1f} cores busy."]
    return "\n".join(lines)


def measure(chosen: list[str], size: Size, build: Path) -> dict[str, object]:
    """Run cases with their scratch files in `build`, and return the report."""
    build.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="bench-clearing-", dir=build))
    begin = time.perf_counter()
    try:
        bench = Bench(scratch, size)
        bench.run(chosen)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return report_of(bench.found, time.perf_counter() - begin)


def main() -> None:
    """Run the bench and write its report."""
    command.run(__doc__, CASES, (WHOLE, TINY), measure, table, "bench-clearing.json")


if __name__ == "__main__":
    main()
