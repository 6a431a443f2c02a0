"""The town of a story, unless it builds its own, and the two people who are in most of them."""

from collections.abc import Iterator

import pytest

from tests.conformance.stories import person, watched
from tests.conformance.town import Person, Town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A village of three members, whose log an auditor may read."""
    with watched(tmp_path_factory.mktemp("town"), "Bretagne") as built:
        for name in ("alice", "bob", "carole"):
            built.member(name, built.nodes["Bretagne"])
        yield built


@pytest.fixture
def alice(town: Town) -> Person:
    return person(town, "alice")


@pytest.fixture
def bob(town: Town) -> Person:
    return person(town, "bob")
