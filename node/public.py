"""What anybody may read of a node: card, charter, checkpoint, credit lines, a name at a time."""

import json
from typing import Final

from node.clock import now_s
from node.desk import Desk, Route, sealed_reply
from node.door import Reply
from node.problems import problem
from node.store.database import rows
from protocol.envelope import open_sealed, seal
from protocol.errors import EncodingError
from protocol.identifiers import TextKind, check_name, slug, to_text
from protocol.ledger.book import COOPERATIVE_SLOT
from protocol.messages.answers import Card
from protocol.messages.decisions import Charter
from protocol.messages.wire import (
    NAME_ANSWER,
    NEIGHBOURS,
    NameAnswer,
    Neighbour,
    Neighbours,
)

CARD_VALIDITY_S: Final = 86_400
CONTAINER_KIND: Final = "application/vnd.ronde+msgpack"


async def show_node(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the node's card as JSON: name, identifier, unit, size of the log."""
    book = desk.ledger.book
    charter = book.head.charter
    card = {
        "v": 1,
        "name": charter.name,
        "cooperative": to_text(TextKind.COOPERATIVE, book.cooperative),
        "unit": charter.unit,
        "decimals": charter.dec,
        "network": charter.net.hex(),
        "origin": charter.origin,
        "size": desk.ledger.tree.size,
        "url": desk.settings.url,
    }
    return Reply(200, "application/json", json.dumps(card, ensure_ascii=False).encode())


def sealed_charter(desk: Desk) -> bytes:
    """Return the node's sealed charter, entry 0."""
    found: bytes = rows(desk.ledger.reader, "SELECT sealed FROM entries WHERE idx=0")[0][0]
    return found


async def show_charter(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the sealed charter."""
    return sealed_reply(sealed_charter(desk))


async def show_checkpoint(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the last durable checkpoint."""
    note = rows(desk.ledger.reader, "SELECT note FROM heads ORDER BY size DESC LIMIT 1")[0][0]
    return Reply(200, "text/plain; charset=utf-8", note.encode())


async def show_name(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the card of a member of ours, or relay a neighbour's."""
    name = check_name(query[""])
    place = query.get("at", "")
    charter = desk.ledger.book.head.charter
    if place and place != slug(charter.name):
        return await _relay(desk, name, check_name(place))
    found = rows(desk.ledger.reader, "SELECT account FROM names WHERE name=?", (name,))
    if not found:
        return problem("not-found", "no member of that name")
    book = desk.ledger.book
    at = now_s()
    card = Card(
        acct=found[0][0],
        by=book.cooperative,
        exp=at + CARD_VALIDITY_S,
        iat=at,
        kev=book.accounts.kev[COOPERATIVE_SLOT],
        name=name,
        net=book.net,
        seq=desk.ledger.tree.size,
    )
    answer = NameAnswer(seal(card, desk.ledger.keys.document), sealed_charter(desk))
    return Reply(200, CONTAINER_KIND, NAME_ANSWER.encode(answer))


async def _relay(desk: Desk, name: str, place: str) -> Reply:
    for state in desk.ledger.book.head.correspondents.values():
        if slug(state.name) != place:
            continue
        url = peer_url(desk, state.cooperative)
        if url is None:
            return problem("peer", "its address is not known")
        answer = NAME_ANSWER.decode(await desk.peers.request("GET", f"{url}/names/{name}"))
        # The neighbour's charter is the one that the credit line names: nobody else can answer.
        if open_sealed(answer.charter, Charter).id != state.cooperative:
            raise EncodingError("the answer comes from another cooperative")
        return Reply(200, CONTAINER_KIND, NAME_ANSWER.encode(answer))
    return problem("not-found", "no credit line with a cooperative of that name")


def peer_url(desk: Desk, cooperative: bytes) -> str | None:
    """Return the address of another node, or None; what the operator wrote down comes first."""
    if desk.settings.peers:
        chosen = desk.settings.peers.get(to_text(TextKind.COOPERATIVE, cooperative))
        if chosen is not None:
            return chosen
    found = rows(desk.ledger.reader, "SELECT url FROM peers WHERE cooperative=?", (cooperative,))
    return found[0][0] if found else None


async def show_lines(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the credit lines in force, with the other nodes' addresses."""
    return Reply(200, CONTAINER_KIND, NEIGHBOURS.encode(Neighbours(own_lines(desk))))


def own_lines(desk: Desk) -> list[Neighbour]:
    """Return the credit lines in force, in the order of the other cooperatives' identifiers."""
    found = rows(desk.ledger.reader, "SELECT cooperative, sealed FROM lines ORDER BY 1")
    return [Neighbour(sealed, peer_url(desk, other) or "") for other, sealed in found]


ROUTES: Final[dict[tuple[str, str], Route]] = {
    ("GET", "/"): show_node,
    ("GET", "/charter"): show_charter,
    ("GET", "/checkpoint"): show_checkpoint,
    ("GET", "/lines"): show_lines,
    ("GET", "/names/*"): show_name,
}
