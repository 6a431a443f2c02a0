"""A cooperative, a node that says what it is told, a member's wallet; files of debts and lines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import clock, node_client
from tests.cli.clearing import DEBTS, LINES
from tests.cli.street import FakeNode, Purse, serving
from tests.protocol.town import AT, Cooperative


@pytest.fixture
def home() -> Cooperative:
    return Cooperative("bretagne")


@pytest.fixture
def node(home: Cooperative, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNode]:
    monkeypatch.setattr(clock, "now_s", lambda: AT)
    monkeypatch.setattr(node_client, "WAIT_FIRST_S", 0.01)
    with serving(home) as fake:
        yield fake


@pytest.fixture
def alice(home: Cooperative, node: FakeNode, tmp_path: Path) -> Purse:
    purse = Purse(tmp_path)
    purse.create("--name", "alice")
    purse.admit(home, node.url)
    return purse


@pytest.fixture
def debts(tmp_path: Path) -> Path:
    path = tmp_path / "debts.csv"
    path.write_text(DEBTS, encoding="utf-8")
    return path


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.csv"
    path.write_text(LINES, encoding="utf-8-sig")
    return path
