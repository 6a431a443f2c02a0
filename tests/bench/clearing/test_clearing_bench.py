"""The bench of the engine does not rot: each case runs, tiny, and checks what it measures."""

from pathlib import Path

import pytest

from tests.bench.clearing.child import MeasureFailed, measured
from tests.bench.clearing.run import CASES, HEADLINES, TINY, exponent, measure, table


@pytest.mark.parametrize("case", CASES)
def test_every_case_runs_and_fills_its_lines(case: str, tmp_path: Path) -> None:
    report = measure([case], TINY, tmp_path)
    raw = report["raw"]
    assert isinstance(raw, dict)
    if "skipped" in raw[case]:
        pytest.skip(f"skipped: {raw[case]['skipped']}")
    for name, of, figure, _, _ in HEADLINES:
        if of == case:
            value = report[name]
            if value is None and figure == "vs_library":
                pytest.skip("skipped: no pylmcf")
            assert isinstance(value, float | int), name
            assert value > 0 or name == "growth_exponent"
            assert name in table(report)
    assert not list(tmp_path.glob("bench-clearing-*"))


def test_the_exponent_of_a_power_is_found() -> None:
    points = [(float(10**k), 3.0 * float(10**k) ** 1.25) for k in range(4, 8)]
    assert abs(exponent(points) - 1.25) < 1e-9


def test_a_measure_that_fails_says_why() -> None:
    with pytest.raises(MeasureFailed, match="families are trade and fed"):
        measured("federation", "town:10:1", 1)
