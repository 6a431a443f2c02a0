"""Every route that the node answers, in one closed list: what is not here does not exist."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from node.door import JSON, MSGPACK, SEALED, TEXT
from protocol.messages.wire import BATCH_BYTES_MAX, SUBMISSION_BYTES_MAX

RECEIPT: Final = "application/vnd.ronde.receipt+msgpack"
TARGET_BYTES_MAX: Final = 1_024
QUERY_CHARACTERS_MAX: Final = 200


class Route(NamedTuple):
    """One method of one path.

    Attributes:
        method: GET or POST.
        path: As in OpenAPI, with at most one `{parameter}` at its end.
        answer: Content type of a 200 answer.
        says: What it is for, in English.
        query: Names that a query may have.
        parameter: Pattern of the parameter.
        bytes_max: Bound of the body, bytes.
        takes: Content type of the body.
        refuses: Statuses that it may answer beside those of every route.
        may_wait: Whether it may answer 202: taken, something is still missing.
    """

    method: str
    path: str
    answer: str
    says: str
    query: tuple[str, ...] = ()
    parameter: str = ""
    bytes_max: int = 0
    takes: str = MSGPACK
    refuses: tuple[int, ...] = ()
    may_wait: bool = False


NAME: Final = r"[a-z0-9][a-z0-9._-]{0,30}"
IDENTIFIER: Final = r"[0-9a-f]{64}"

ROUTES: Final = (
    Route("GET", "/", JSON, "The node's card: who it is, in which unit, how long its log is."),
    Route("GET", "/healthz", JSON, "Whether the process answers."),
    Route("GET", "/readyz", JSON, "Whether the ledger answers.", refuses=(503,)),
    Route("GET", "/openapi.json", JSON, "This description."),
    Route("GET", "/charter", SEALED, "The sealed charter, entry 0 of the log."),
    Route("GET", "/checkpoint", TEXT, "The newest signed checkpoint."),
    Route("GET", "/lines", MSGPACK, "The credit lines in force."),
    Route("GET", "/lines/waiting", MSGPACK, "Credit lines that lack signatures."),
    Route("GET", "/rounds", MSGPACK, "The sealed manifests of the rounds known here."),
    Route(
        "GET", "/names/{name}", MSGPACK, "The signed card of a name, here or at a neighbour's.",
        query=("at",), parameter=NAME, refuses=(400, 404, 502),
    ),
    Route(
        "GET", "/rounds/{id}", MSGPACK, "Every sealed paper of a round, after the first ones.",
        parameter=IDENTIFIER, query=("first",), refuses=(404,),
    ),
    Route(
        "POST", "/documents", RECEIPT, "Enter one sealed document.",
        bytes_max=SUBMISSION_BYTES_MAX, refuses=(400, 403, 409, 422),
    ),
    Route(
        "POST", "/documents/batch", MSGPACK, "Enter up to 1,000 sealed documents, in order.",
        bytes_max=BATCH_BYTES_MAX, refuses=(400,),
    ),
    Route(
        "POST", "/lines", MSGPACK, "Bring signatures for a credit line; peer is the other node.",
        query=("peer",), bytes_max=SUBMISSION_BYTES_MAX, takes=SEALED, may_wait=True,
        refuses=(400, 403, 404, 409, 422, 502),
    ),
    Route(
        "POST", "/questions", MSGPACK, "Ask what only the one who signs may know.",
        bytes_max=SUBMISSION_BYTES_MAX, takes=SEALED,
        refuses=(400, 403, 404, 409, 422, 502),
    ),
    Route(
        "POST", "/offers", MSGPACK, "Between nodes: offer payments over a credit line.",
        bytes_max=BATCH_BYTES_MAX, refuses=(400, 403, 404, 409, 422, 502),
    ),
    Route(
        "POST", "/relays", MSGPACK, "Between nodes: tell what members signed of an invoice.",
        bytes_max=BATCH_BYTES_MAX, refuses=(400, 403, 404, 409, 422, 502),
    ),
    Route(
        "POST", "/rounds/{step}", MSGPACK, "Between nodes: one step of a clearing round.",
        parameter=r"[a-z]{1,20}", bytes_max=BATCH_BYTES_MAX,
        refuses=(400, 403, 404, 409, 422, 502),
    ),
)  # fmt: skip


def _pattern(route: Route) -> re.Pattern[str]:
    fixed, brace, _ = route.path.partition("{")
    return re.compile(re.escape(fixed) + (f"({route.parameter})" if brace else ""))


_EXACT: Final[dict[str, dict[str, Route]]] = {}
_OPEN: Final[list[tuple[re.Pattern[str], Route]]] = []
for _route in ROUTES:
    if "{" in _route.path:
        _OPEN.append((_pattern(_route), _route))
    else:
        _EXACT.setdefault(_route.path, {})[_route.method] = _route


def routes_of(path: str) -> Mapping[str, Route]:
    """Return the routes of a path by method; none when there is no such path.

    Args:
        path: As it came, without query; no route has a character that needs percent-encoding.
    """
    exact = _EXACT.get(path)
    if exact is not None:
        return exact
    return {route.method: route for pattern, route in _OPEN if pattern.fullmatch(path)}
