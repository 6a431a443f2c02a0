import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from node.door import MSGPACK, SEALED
from node.http.openapi import description
from node.http.routes import ROUTES, routes_of
from protocol.envelope import seal
from protocol.messages.relaying import Relay
from protocol.messages.wire import BATCH, SUBMISSION, Batch, Submission
from tests.node.paper_door import forged_order, sealed_order
from tests.node.town_hall import found, get, node

CHECKS = [
    not_a_server_error,
    allow_header_conformance,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
RELAY = Relay(
    by=bytes(32), doc=sealed_order(3), exp=1, iat=1, kev=0, net=bytes(32), prev=bytes(32), seq=1,
    to=bytes(32),
)  # fmt: skip
DOCUMENTS = [
    sealed_order(1), sealed_order(2, 99), forged_order(), seal(RELAY, bytes(32)), b"\x80",
    b"x" * 500,
]  # fmt: skip
SUBMISSIONS = [Submission(doc=doc) for doc in DOCUMENTS]

BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([SUBMISSION.encode(each) for each in SUBMISSIONS]),
    st.lists(st.sampled_from(SUBMISSIONS), min_size=1, max_size=5).map(
        lambda items: BATCH.encode(Batch(items))
    ),
)
schemathesis.openapi.media_type(MSGPACK, BODIES)
schemathesis.openapi.media_type(
    SEALED, st.one_of(st.binary(max_size=200), st.sampled_from(DOCUMENTS))
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("node") / "bretagne"
    found(folder)
    with node(folder) as (process, address):
        yield address
        assert process.poll() is None


schema = schemathesis.openapi.from_dict(json.loads(description()))


def test_the_description_is_openapi_3_1() -> None:
    document = json.loads(description())
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_the_description_is_the_one_that_is_served(url: str) -> None:
    assert get(f"{url}/openapi.json") == description()


def test_every_route_is_described_and_nothing_else() -> None:
    paths = json.loads(description())["paths"]
    described = {(method.upper(), path) for path, each in paths.items() for method in each}
    assert described == {(route.method, route.path) for route in ROUTES}


def test_a_path_has_the_routes_of_its_pattern_alone() -> None:
    assert set(routes_of("/lines")) == {"GET", "POST"}
    assert set(routes_of("/rounds/" + "0" * 64)) == {"GET"}
    assert set(routes_of("/rounds/consents")) == {"POST"}
    assert routes_of("/rounds/" + "0" * 63) == {}


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_node_answers_as_it_is_described(case: Any, url: str) -> None:
    response = case.call(base_url=url)
    case.validate_response(response, checks=CHECKS)
