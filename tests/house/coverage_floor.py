"""Compare the branch coverage of the last `make test` with its floors; the floors may only rise."""

import io
import json
import sys
from typing import NamedTuple

import coverage

from tests.house.tree import CORE, ROOT, SHELLS


class Floor(NamedTuple):
    """Packages measured together, and the least share of lines and branches, in per mille."""

    packages: tuple[str, ...]
    per_mille: int


FLOORS = (Floor(CORE, 980), Floor(SHELLS, 950))
WEAKEST_SHOWN = 8


class Measure(NamedTuple):
    """Lines and branches of one file: those that ran, and all."""

    path: str
    covered: int
    total: int

    @property
    def per_mille(self) -> int:
        """Return the share that ran, rounded down, so that a floor is never met by rounding."""
        return self.covered * 1000 // self.total if self.total else 1000


def measures(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> list[Measure]:
    """Return one measure a file of coverage's JSON report."""
    found = []
    for path, entry in report["files"].items():
        summary = entry["summary"]
        covered = summary["covered_lines"] + summary["covered_branches"]
        found.append(Measure(path, covered, summary["num_statements"] + summary["num_branches"]))
    return found


def judge(floor: Floor, files: list[Measure]) -> tuple[bool, list[str]]:
    """Say whether the packages of a floor stand above it, in lines to print."""
    ours = [file for file in files if file.path.replace("\\", "/").split("/")[0] in floor.packages]
    name = " + ".join(floor.packages)
    together = Measure(name, sum(f.covered for f in ours), sum(f.total for f in ours))
    holds = together.per_mille >= floor.per_mille
    if not together.total:
        return False, [f"coverage {name}: NOTHING WAS MEASURED"]
    lines = [
        f"coverage {name}: {_percent(together.per_mille)} of lines and branches"
        f" (floor {_percent(floor.per_mille)}) {'ok' if holds else 'BELOW ITS FLOOR'}"
    ]
    if not holds:
        weakest = sorted(ours, key=lambda file: file.covered - file.total)[:WEAKEST_SHOWN]
        lines += [
            f"  {file.path}: {_percent(file.per_mille)}, {file.total - file.covered} missing"
            for file in weakest
        ]
    return holds, lines


def main() -> int:
    """Print one line a floor; 1 when one is not met."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    target = ROOT / "build" / "coverage.json"
    # Coverage prints its own total here; ours says more.
    measured.json_report(outfile=str(target))
    verdicts = [judge(floor, measures(json.loads(target.read_text()))) for floor in FLOORS]
    out = io.StringIO()
    for _, lines in verdicts:
        out.write("\n".join(lines) + "\n")
    sys.stdout.write(out.getvalue())
    return 0 if all(holds for holds, _ in verdicts) else 1


def _percent(per_mille: int) -> str:
    return f"{per_mille // 10}.{per_mille % 10} %"


if __name__ == "__main__":
    sys.exit(main())
