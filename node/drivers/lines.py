"""Credit lines on their way to being signed by both sides (spec 0011)."""

from typing import Final

from node.clock import now_s
from node.desk import Desk, Route
from node.door import Reply
from node.errors import Conflict, PeerError
from node.problems import problem
from node.public import CONTAINER_KIND, peer_url
from node.store.database import rows
from protocol.envelope import Opened, merge, open_sealed, reopen_verified
from protocol.errors import EncodingError
from protocol.ledger.authority import check_validity
from protocol.ledger.membership import check_line, missing_officers
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt
from protocol.messages.decisions import CreditLine
from protocol.messages.wire import PAPERS, Papers

WAITING_MAX: Final = 100
URL_MAX: Final = 200
_NEW_PEER: Final = "INSERT OR IGNORE INTO peers VALUES (?,?)"
_SET_PEER: Final = "INSERT OR REPLACE INTO peers VALUES (?,?)"


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
    url = check_url(query["peer"]) if "peer" in query else ""
    found = rows(desk.ledger.reader, "SELECT sealed, url FROM waiting WHERE id=?", (opened.id,))
    known = open_sealed(found[0][0], CreditLine) if found else None
    if known is not None:
        merged = open_sealed(merge(known.sealed, opened.sealed), CreditLine)
        # A waiting line is public: only who adds a signature may say where the other node is.
        url = (url if merged.signers != known.signers else "") or found[0][1]
        opened = merged
    missing = missing_officers(opened, (checked[0].document, checked[1].document))
    if missing is Refusal.TOO_FEW_SIGNATURES:
        refusal = check_validity(book.net, opened.document, now_s())
        if refusal is not None:
            return problem("refused", refusal.name)
        return await _wait(desk, opened, url, known)
    if missing is not None:
        return problem("not-allowed", missing.name)
    return await _conclude(desk, opened, url)


async def _wait(
    desk: Desk, opened: Opened[CreditLine], url: str, known: Opened[CreditLine] | None
) -> Reply:
    if known is None or known.signers != opened.signers:
        if known is None:
            await _make_room(desk, opened)
        await desk.sequencer.keep(
            "INSERT OR REPLACE INTO waiting VALUES (?,?,?)", opened.id, opened.sealed, url
        )
    return Reply(202, CONTAINER_KIND, PAPERS.encode(Papers([opened.sealed])))


async def _make_room(desk: Desk, opened: Opened[CreditLine]) -> None:
    """Drop the lines that lapsed; refuse strangers' lines, never our officers', beyond a bound.

    Raises:
        Conflict: too many lines wait.
    """
    now = now_s()
    found = rows(desk.ledger.reader, "SELECT id, sealed FROM waiting")
    lapsed = [row[0] for row in found if reopen_verified(row[1]).document.exp < now]
    for identity in lapsed:
        await desk.sequencer.keep("DELETE FROM waiting WHERE id=?", identity)
    officers = desk.ledger.book.head.charter.officers
    if len(found) - len(lapsed) >= WAITING_MAX and not set(opened.signers) & set(officers):
        raise Conflict("too many lines wait for a signature")


async def _conclude(desk: Desk, opened: Opened[CreditLine], url: str) -> Reply:
    line = opened.document
    other = line.b if line.a == desk.ledger.book.cooperative else line.a
    verdict = await desk.sequencer.enter(opened)
    repeated = isinstance(verdict, Refusal) and _stands(desk, other, opened)
    if not isinstance(verdict, Receipt) and not repeated:
        return desk.reply(opened, verdict)
    if url:
        # A line in force is public: who repeats it may not move the other node's address.
        sql = _NEW_PEER if repeated else _SET_PEER
        await desk.sequencer.keep(sql, other, url)
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
    found = rows(desk.ledger.reader, "SELECT sealed FROM lines WHERE cooperative=?", (other,))
    return bool(found) and reopen_verified(found[0][0]).id == opened.id


async def show_waiting(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Return the lines that lack signatures."""
    found = rows(desk.ledger.reader, "SELECT sealed FROM waiting ORDER BY id")
    return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers([row[0] for row in found])))


ROUTES: Final[dict[tuple[str, str], Route]] = {
    ("POST", "/lines"): propose,
    ("GET", "/lines/waiting"): show_waiting,
}
