"""One clearing round, asked by one officer of one node, and what it changed in all the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.asking import ask_beside, asker_of_key
from cli.demo_books import Position, gross
from cli.demo_trade import Place
from protocol.envelope import ENVELOPE, open_sealed
from protocol.kinds import TYPE_OF
from protocol.ledger.set_offs import check_certificate
from protocol.messages.rounds import Certificate, SetOff
from protocol.messages.wire import PAPERS

_CERTIFICATE: Final = TYPE_OF[Certificate]


@dataclass(frozen=True, slots=True)
class Loop:
    """A cycle that was certified: everyone owes the next one, each debt falls by `amount`."""

    members: tuple[str, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a round changed, as the books of all nodes show it.

    Attributes:
        loops: The certified cycles, the largest first.
        before: Positions before the round.
        after: Positions after it, in the same order.
        seconds: How long the round took.
    """

    loops: list[Loop]
    before: list[Position]
    after: list[Position]
    seconds: float

    @property
    def gross_before(self) -> int:
        """Sum of all debts between cooperatives before."""
        return gross(self.before)

    @property
    def gross_after(self) -> int:
        """The same after."""
        return gross(self.after)

    @property
    def cleared(self) -> int:
        """By how much the debts fell."""
        return self.gross_before - self.gross_after

    def net_changes(self) -> dict[str, int]:
        """Return by how much each net position moved: 0 for everybody, or something is wrong."""
        return {
            before.name: after.net - before.net
            for before, after in zip(self.before, self.after, strict=True)
        }


async def hold_round(convener: Place, places: Sequence[Place]) -> list[Loop]:
    """Ask one node to convene a clearing round.

    Args:
        convener: Whose officer asks.
        places: All cooperatives.

    Returns:
        The cycles that carry every consent and a quorum of ballots, the largest first.

    Raises:
        Failure: the node says no, or the round does not come about.
        ProtocolError: a certificate does not hold.
    """
    officer = asker_of_key(convener.officer)
    answer = await ask_beside(convener.client, convener.charter, officer, "round")
    order = {place.cooperative.id: at for at, place in enumerate(places)}
    loops = []
    for paper in PAPERS.decode(answer).papers:
        if ENVELOPE.decode(paper).t == _CERTIFICATE:
            terms, _ = check_certificate(open_sealed(paper, Certificate).document)
            if not isinstance(terms, SetOff):
                continue
            ring = [order[member] for member in terms.cycle]
            # A person reads it from the cooperative that was named first.
            first = ring.index(min(ring))
            members = tuple(places[at].name for at in ring[first:] + ring[:first])
            loops.append(Loop(members, terms.amt))
    return sorted(loops, key=lambda loop: (-loop.amount * len(loop.members), loop.members))
