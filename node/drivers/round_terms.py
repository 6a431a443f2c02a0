"""What the convener writes once the positions are certified: the solution, and the terms of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from federation.joint_cycles import Frame, pieces, terms_of
from federation.obligations import Graph
from federation.tie_break import Answer, unique_optimum
from node.clock import now_s
from node.ledger import Ledger
from protocol.envelope import Opened, seal_opened
from protocol.ledger.book import COOPERATIVE_SLOT
from protocol.messages.rounds import Convening, Flow, Manifest, Position, Solution


def draft_solution(
    ledger: Ledger, convening: Convening, manifest: Opened[Manifest], graph: Graph[bytes]
) -> tuple[Opened[Solution], Answer]:
    """Solve a round, and sign for the answer with its proof.

    Args:
        ledger: The convener's.
        convening: Of the round.
        manifest: Of the round.
        graph: Of the round.
    """
    book = ledger.book
    answer = unique_optimum(graph, manifest.id)
    place = {name: at for at, name in enumerate(graph.names)}
    solution = Solution(
        by=book.cooperative,
        exp=convening.exp,
        flows=[
            Flow(amt=amount, creditor=place[creditor], debtor=place[debtor])
            for debtor, creditor, amount in graph.debts(answer.flow)
        ],
        iat=now_s(),
        kev=book.accounts.kev[COOPERATIVE_SLOT],
        net=book.net,
        pots=answer.potentials,
        round=manifest.id,
        seq=1,
        skip=answer.skipped,
    )
    return seal_opened(solution, ledger.keys.document), answer


def draft_terms(
    ledger: Ledger,
    convening: Convening,
    solution: Opened[Solution],
    positions: Sequence[Position],
    graph: Graph[bytes],
    flow: Sequence[int],
    keys: Mapping[bytes, bytes],
) -> list[Opened[Any]]:
    """Write the terms of every piece of a solution, in the order of their numbers."""
    document = solution.document
    frame = Frame(convening, document.round, keys, document.by, document.kev, document.iat)
    return [
        seal_opened(terms_of(piece, number, frame), ledger.keys.document)
        for number, piece in enumerate(pieces(graph, flow, positions))
    ]
