"""Credit lines with other cooperatives, as a node shows them and as their signatures prove them."""

from typing import NamedTuple

from cli.cooperative import Cooperative, read_charter
from cli.node_client import SEALED, Client, expect_ok, refusal_failure
from protocol.envelope import Opened, open_sealed
from protocol.errors import EncodingError, ProofError, SignatureError
from protocol.ledger.membership import check_line, missing_officers
from protocol.ledger.refusals import Refusal
from protocol.messages.answers import Rejection
from protocol.messages.decisions import CreditLine
from protocol.messages.wire import NEIGHBOURS, PAPERS


class Neighbourhood(NamedTuple):
    """One credit line and where it leads.

    Attributes:
        end: The other cooperative.
        line: The line.
        url: Address of the other node; empty when it is not known.
        is_whole: Whether enough officers of both sides signed.
    """

    end: Cooperative
    line: Opened[CreditLine]
    url: str
    is_whole: bool

    @property
    def theirs(self) -> int:
        """How far the other cooperative may owe ours, minor units."""
        line = self.line.document
        return line.alimit if self.end.id == line.a else line.blimit

    @property
    def ours(self) -> int:
        """How far our cooperative may owe the other one, minor units."""
        line = self.line.document
        return line.blimit if self.end.id == line.a else line.alimit


def neighbours(client: Client, home: Cooperative) -> list[Neighbourhood]:
    """Return the credit lines in force, every signature verified.

    Raises:
        ProtocolError: a line does not hold, lacks a signature, or is not one of `home`.
    """
    shown = NEIGHBOURS.decode(client.get("/lines")).lines
    lines = [read_line(home, one.line, one.url) for one in shown]
    if not all(line.is_whole for line in lines):
        raise SignatureError("a credit line lacks signatures")
    return lines


def waiting(client: Client, home: Cooperative) -> list[Neighbourhood]:
    """Return the lines of `home` that lack signatures; errors as `read_line`."""
    papers = PAPERS.decode(client.get("/lines/waiting")).papers
    return [read_line(home, paper, "") for paper in papers]


def read_line(home: Cooperative, sealed: bytes, url: str) -> Neighbourhood:
    """Verify a credit line as far as it is signed.

    Raises:
        ProtocolError: a signature or the terms do not hold, a stranger signed, or the line is not
            one of `home`.
    """
    opened = open_sealed(sealed, CreditLine)
    line = opened.document
    charters = check_line(opened, home.charter.net)
    if isinstance(charters, Refusal):
        raise ProofError(f"the credit line does not hold: {charters.name}")
    if home.id not in {line.a, line.b}:
        raise ProofError("the node shows a credit line that is not its own")
    missing = missing_officers(opened, (charters[0].document, charters[1].document))
    if missing not in {None, Refusal.TOO_FEW_SIGNATURES}:
        raise ProofError("a stranger signed the credit line")
    end = read_charter(line.bchart if home.id == line.a else line.achart)
    return Neighbourhood(end, opened, url, missing is None)


def post_line(client: Client, sealed: bytes, peer_url: str | None) -> bytes:
    """Bring signatures for a line and return it with all those that the node has.

    Raises:
        Failure: the node refuses, or is not reached.
    """
    query = {} if not peer_url else {"peer": peer_url}
    answer = client.send("/lines", sealed, query)
    if answer.status == 422 and answer.kind == SEALED:
        rejection = open_sealed(answer.body, Rejection).document
        raise refusal_failure(Refusal(rejection.why), answer.date_s)
    # 202: signatures are still missing, or the other node did not answer.
    body = answer.body if answer.status == 202 else expect_ok(answer)
    papers = PAPERS.decode(body).papers
    if len(papers) != 1:
        raise EncodingError("one line was sent and another number came back")
    return papers[0]
