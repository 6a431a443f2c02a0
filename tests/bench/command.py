"""The command line of a bench: chosen cases, a report in JSON, a table."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tests.bench.scale import BUILD

Report = dict[str, object]
Size = TypeVar("Size")


def run(
    about: str | None,
    cases: Sequence[str],
    sizes: tuple[Size, Size],
    measure: Callable[[list[str], Size, Path], Report],
    table: Callable[[Report], str],
    name: str,
) -> None:
    """Run the chosen cases of a bench, write its report and print its table.

    Args:
        about: what `--help` says first.
        cases: all of them.
        sizes: of a whole run and of a tiny one.
        measure: runs some cases at a size with scratch files in a folder.
        table: makes the table of a report.
        name: of the report in the build folder.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--only", default=",".join(cases), help=f"of {', '.join(cases)}")
    parser.add_argument("--tiny", action="store_true", help="seconds, figures without meaning")
    given = parser.parse_args()
    chosen = given.only.split(",")
    if unknown := set(chosen) - set(cases):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    build = BUILD / "bench-tiny" if given.tiny else BUILD
    report = measure(chosen, sizes[1 if given.tiny else 0], build)
    target = build / name
    if set(chosen) != set(cases) and target.is_file():
        # A part of the cases renews its own lines only.
        before = json.loads(target.read_text(encoding="utf-8"))
        if isinstance(before.get("raw"), dict) and isinstance(report["raw"], dict):
            report = {**before, **report, "raw": {**before["raw"], **report["raw"]}}
    target.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(report))
