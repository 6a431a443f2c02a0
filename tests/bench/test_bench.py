"""The bench does not rot: each case runs, tiny, and checks what it measures."""

from pathlib import Path

import pytest

from tests.bench.run import CASES, HEADLINES, measure, table
from tests.bench.scale import TINY


@pytest.mark.parametrize("case", CASES)
def test_every_case_of_the_bench_runs_and_fills_its_lines(case: str, tmp_path: Path) -> None:
    report = measure([case], TINY, tmp_path)
    raw = report["raw"]
    assert isinstance(raw, dict)
    if "skipped" in raw[case]:
        pytest.skip(raw[case]["skipped"])
    for name, of, _, _, _ in HEADLINES:
        if of == case:
            value = report[name]
            assert isinstance(value, float | int), name
            assert value > 0
            assert name in table(report)
    assert not list(tmp_path.glob("bench-*/world"))
