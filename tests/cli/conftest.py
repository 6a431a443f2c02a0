"""A cooperative, its node that says what it is told to say, and a member's wallet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import clock, node_client
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
