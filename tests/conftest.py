"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Two runs of the gate see the same examples; `make fuzz` looks for new ones.
settings.register_profile(
    "gate",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    max_examples=20_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gate")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of other people's vectors and debts: $RONDE_SHARED or ../shared."""
    folder = Path(os.environ.get("RONDE_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("skipped: no ../shared")
    return folder
