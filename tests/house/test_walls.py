"""Who may import whom, and that nobody else has taken our names."""

import importlib.util
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.house.tree import PRODUCT, ROOT


def test_every_arrow_points_down(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_installed_package_takes_our_names() -> None:
    owners = packages_distributions()
    strangers = {
        name: sorted(set(owners.get(name, ())) - {"ronde"}) for name in (*PRODUCT, "tests")
    }
    assert {name: found for name, found in strangers.items() if found} == {}


@pytest.mark.parametrize("name", PRODUCT)
def test_the_package_that_is_imported_is_this_checkout(name: str) -> None:
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).parent == ROOT / name
