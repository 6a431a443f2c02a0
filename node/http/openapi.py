"""The description of the interface, OpenAPI 3.1, made from the table of routes."""

import json
from functools import cache
from typing import Any, Final

from node.door import JSON
from node.http.faults import FAULTS
from node.http.routes import QUERY_CHARACTERS_MAX, ROUTES, Route
from node.problems import PROBLEM_KIND, PROBLEMS

# Any route may answer these: malformed, too large, too many, our fault, no ledger.
_ALWAYS: Final = (400, 405, 413, 414, 415, 429, 500, 503)

_CARD: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Who a node is. Later versions may add members.",
    "required": [
        "v", "name", "cooperative", "unit", "decimals", "network", "size", "origin", "url",
    ],
    "properties": {
        "v": {"const": 1},
        "name": {"type": "string", "maxLength": 256},
        "cooperative": {"type": "string", "pattern": "^coop1[02-9ac-hj-np-z]{58}$"},
        "unit": {"type": "string", "pattern": "^[A-Z0-9]{2,12}$"},
        "decimals": {"type": "integer", "minimum": 0, "maximum": 6},
        "network": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "size": {"type": "integer", "minimum": 1},
        "origin": {"type": "string"},
        "url": {"type": "string"},
    },
}  # fmt: skip

_STATUS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["v", "status"],
    "properties": {"v": {"const": 1}, "status": {"enum": ["ok", "ready"]}},
}

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457; the sentences may change, the type does not.",
    "required": ["type", "title", "title_en", "status", "detail"],
    "properties": {
        "type": {"enum": [f"urn:ronde:{slug}" for slug in sorted({**PROBLEMS, **FAULTS})]},
        "title": {"type": "string", "description": "One sentence in French."},
        "title_en": {"type": "string", "description": "The same in English."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "For a developer, in English."},
        "instance": {"type": "string"},
    },
}

_SCHEMAS: Final = {"/": "Card", "/healthz": "Status", "/readyz": "Status"}


def _content(route: Route) -> dict[str, Any]:
    if route.answer != JSON:
        # Bytes: what they hold is fixed by the numbered documents of the spec, not by a schema.
        return {route.answer: {}}
    name = _SCHEMAS.get(route.path)
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"} if name else {}}}


def _operation(route: Route) -> dict[str, Any]:
    problems: dict[str, dict[str, Any]] = {
        str(status): {"$ref": "#/components/responses/Problem"} for status in _ALWAYS
    }
    problems |= {
        str(status): {"$ref": "#/components/responses/Problem"} for status in route.refuses
    }
    if 422 in route.refuses:
        problems["422"] = {"$ref": "#/components/responses/Rejection"}
    if route.may_wait:
        waiting = "Taken; something is still missing."
        problems["202"] = {"description": waiting, "content": _content(route)}
    operation: dict[str, Any] = {
        "summary": route.says,
        "operationId": f"{route.method} {route.path}",
        "responses": {"200": {"description": route.says, "content": _content(route)}, **problems},
    }
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "string", "maxLength": QUERY_CHARACTERS_MAX},
        }
        for name in route.query
    ]
    if route.parameter:
        name = route.path.partition("{")[2].rstrip("}")
        schema = {"type": "string", "pattern": f"^{route.parameter}$"}
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if parameters:
        operation["parameters"] = parameters
    if route.bytes_max:
        operation["requestBody"] = {
            "required": True,
            "description": f"Canonical bytes, at most {route.bytes_max}.",
            "content": {route.takes: {}},
        }
    return operation


@cache
def description() -> bytes:
    """Return the document that `GET /openapi.json` serves."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "ronde node",
            "version": "1",
            "summary": "A cooperative's signed ledger.",
            "description": "Bodies are canonical MessagePack (spec 0003) in the shapes of spec "
            "0008; documents inside are sealed (spec 0004). JSON is for the card and for errors.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {"Card": _CARD, "Status": _STATUS, "Problem": _PROBLEM},
            "responses": {
                "Problem": {
                    "description": "What was wrong, in French and English.",
                    "content": {PROBLEM_KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
                "Rejection": {
                    "description": "A rule refuses: the node's sealed rejection.",
                    "content": {
                        "application/octet-stream": {},
                        PROBLEM_KIND: {"schema": {"$ref": "#/components/schemas/Problem"}},
                    },
                },
            },
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
