"""Who is in the federation: a walk along the credit lines, from node to node (spec 0014)."""

from typing import Final, NamedTuple

from node.desk import Desk
from node.errors import PeerError
from node.public import own_lines, sealed_charter
from protocol.envelope import open_sealed
from protocol.errors import ProtocolError
from protocol.ledger.membership import check_line, missing_officers
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import CreditLine
from protocol.messages.wire import NEIGHBOURS, Neighbour

MEMBERS_MAX: Final = 1_000


class Directory(NamedTuple):
    """Address and sealed charter of each cooperative that was reached, ourselves included."""

    urls: dict[bytes, str]
    charters: dict[bytes, bytes]


def _ends(here: bytes, neighbour: Neighbour, net: bytes) -> tuple[bytes, bytes]:
    """Return identifier and sealed charter of the other end of a line.

    Raises:
        ProtocolError: the line does not hold.
        PeerError: the line is not one of `here`, or lacks signatures.
    """
    opened = open_sealed(neighbour.line, CreditLine)
    charters = check_line(opened, net)
    if isinstance(charters, Refusal) or missing_officers(
        opened, (charters[0].document, charters[1].document)
    ):
        raise PeerError("a node shows a line that is none")
    line = opened.document
    if here == line.a:
        return line.b, line.bchart
    if here == line.b:
        return line.a, line.achart
    raise PeerError("a node shows a line that is not its own")


async def explore(desk: Desk) -> Directory:
    """Walk the credit lines from our own; nodes that do not answer are left out.

    What a node says of another is only where to find it: every paper of a round is checked against
    the charter, whose identifier is the cooperative's.
    """
    own = desk.ledger.book.cooperative
    directory = Directory({own: ""}, {own: sealed_charter(desk)})
    frontier = [(own, own_lines(desk))]
    while frontier and len(directory.urls) < MEMBERS_MAX:
        here, neighbours = frontier.pop(0)
        for neighbour in neighbours:
            try:
                other, charter = _ends(here, neighbour, desk.ledger.book.net)
                if other in directory.urls or not neighbour.url:
                    continue
                answer = await desk.peers.request("GET", f"{neighbour.url}/lines")
                lines = NEIGHBOURS.decode(answer).lines
            except (PeerError, ProtocolError):
                continue
            directory.urls[other] = neighbour.url
            directory.charters[other] = charter
            frontier.append((other, lines))
    return directory
