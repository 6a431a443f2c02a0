"""Credit lines on their way to being signed by both sides (spec 0011)."""

from typing import Final

from node.desk import Desk, Route
from node.door import Reply
from node.errors import Conflict, PeerError
from node.problems import problem
from node.public import CONTAINER_KIND, peer_url
from node.store.database import rows
from protocol.envelope import Opened, merge, open_sealed
from protocol.errors import EncodingError
from protocol.ledger.membership import check_line, missing_officers
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import CreditLine
from protocol.messages.wire import PAPERS, Papers

WAITING_MAX: Final = 100
URL_MAX: Final = 200


def check_url(url: str) -> str:
    """Return an address of a node, without a slash at its end.

    Raises:
        EncodingError: not http or https, or too long.
    """
    if not url.startswith(("http://", "https://")) or len(url) > URL_MAX or not url.isascii():
        raise EncodingError("the other node's address is not an http(s) URL")
    return url.rstrip("/")


async def propose(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Take a line with some of its signatures; once both sides signed, enter it in both logs.

    Raises:
        ProtocolError: the proposal does not hold.
    """
    opened = open_sealed(body, CreditLine)
    book = desk.ledger.book
    if book.cooperative not in (opened.document.a, opened.document.b):
        return problem("refused", Refusal.WRONG_COOPERATIVE.name)
    checked = check_line(opened, book.net)
    if isinstance(checked, Refusal):
        return problem("refused", checked.name)
    known = rows(
        desk.ledger.connection, "SELECT sealed, url FROM waiting WHERE id=?", (opened.id,)
    )
    if known:
        opened = open_sealed(merge(known[0][0], opened.sealed), CreditLine)
    url = check_url(query["peer"]) if "peer" in query else (known[0][1] if known else "")
    missing = missing_officers(opened, (checked[0].document, checked[1].document))
    if missing is Refusal.TOO_FEW_SIGNATURES:
        return await _wait(desk, opened, url)
    if missing is not None:
        return problem("not-allowed", missing.name)
    return await _conclude(desk, opened, url)


async def _wait(desk: Desk, opened: Opened[CreditLine], url: str) -> Reply:
    count = rows(desk.ledger.connection, "SELECT count(*) FROM waiting")[0][0]
    if count >= WAITING_MAX:
        raise Conflict("too many lines wait for a signature")
    await desk.sequencer.keep(
        "INSERT OR REPLACE INTO waiting VALUES (?,?,?)", opened.id, opened.sealed, url
    )
    return Reply(202, CONTAINER_KIND, PAPERS.encode(Papers([opened.sealed])))


async def _conclude(desk: Desk, opened: Opened[CreditLine], url: str) -> Reply:
    line = opened.document
    other = line.b if line.a == desk.ledger.book.cooperative else line.a
    verdict = await desk.sequencer.enter(opened)
    repeated = verdict is Refusal.LINE_VERSION_NOT_NEXT and _stands(desk, other, opened)
    if isinstance(verdict, Refusal) and not repeated:
        return desk.reply(opened, verdict)
    if url:
        await desk.sequencer.keep("INSERT OR REPLACE INTO peers VALUES (?,?)", other, url)
    await desk.sequencer.keep("DELETE FROM waiting WHERE id=?", opened.id)
    address = peer_url(desk, other)
    if address and not repeated:
        ours = desk.settings.url.rstrip("/")
        try:
            await desk.peers.request("POST", f"{address}/lines?peer={ours}", opened.sealed)
        except PeerError:
            # The other officers still hold the signed line, and send it again when they like.
            return Reply(202, CONTAINER_KIND, PAPERS.encode(Papers([opened.sealed])))
    return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers([opened.sealed])))


def _stands(desk: Desk, other: bytes, opened: Opened[CreditLine]) -> bool:
    found = rows(
        desk.ledger.connection, "SELECT sealed FROM lines WHERE cooperative=?", (other,)
    )
    return bool(found) and open_sealed(found[0][0], CreditLine).id == opened.id


async def show_waiting(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the lines that lack signatures."""
    found = rows(desk.ledger.connection, "SELECT sealed FROM waiting ORDER BY id")
    return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers([row[0] for row in found])))


ROUTES: Final[dict[tuple[str, str], Route]] = {
    ("POST", "/lines"): propose,
    ("GET", "/lines/waiting"): show_waiting,
}
