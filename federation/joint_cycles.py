"""The cycles of a round with obligations, and the terms that everybody derives from them.

Source: spec 0018. A cycle falls into pieces, each of which names one obligation, or the line, for
each of its debts; a piece of lines alone is committed by a `SetOff`, any other by a `JointSetOff`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET

from federation.cycles import Cycle, short_cycles
from federation.obligations import Graph
from federation.round_obligations import has_obligations, home_of, obligations
from federation.round_papers import agreed_debts, check_terms
from protocol.envelope import Opened
from protocol.errors import ProofError
from protocol.ledger.set_offs import Terms
from protocol.messages.joint import ARCS_MAX, JointCut, JointLine, JointSetOff
from protocol.messages.rounds import Convening, Manifest, Position, SetOff

CYCLE_MAX = 100
Pair = tuple[bytes, bytes]


class Link(NamedTuple):
    """One debt of a piece: names in the graph, and the obligation's reference; empty for a line."""

    debtor: bytes
    creditor: bytes
    ref: bytes


class Piece(NamedTuple):
    """What commits at once: each of its debts falls by one amount, minor units."""

    amount: int
    links: tuple[Link, ...]

    @property
    def is_of_lines(self) -> bool:
        """Whether no obligation is in it."""
        return not any(link.ref for link in self.links)


def sources_of(positions: Sequence[Position]) -> dict[Pair, list[tuple[bytes, int]]]:
    """Return what each arc of a round is made of: (reference or empty, minor units), in order."""
    # Spec 0018: Of a debt on a line and obligations of one arc, the line MUST fall first.
    sources: dict[Pair, list[tuple[bytes, int]]] = {}
    for debtor, creditor, amount in agreed_debts(positions):
        sources.setdefault((debtor, creditor), []).append((b"", amount))
    for one in obligations(positions):
        sources.setdefault((one.debtor, one.creditor), []).append((one.ref, one.amount))
    return sources


def pieces(graph: Graph[bytes], flow: Sequence[int], positions: Sequence[Position]) -> list[Piece]:
    """Return the pieces of a solution, in the order of their numbers.

    Args:
        graph: Of the round.
        flow: The solution, minor units on each arc.
        positions: Of the round.

    Raises:
        ProofError: the flow is not a circulation of this graph.
    """
    sources = sources_of(positions)
    return [piece for cycle in short_cycles(graph, flow) for piece in _pieces_of(cycle, sources)]


def _pieces_of(cycle: Cycle[bytes], sources: Mapping[Pair, list[tuple[bytes, int]]]) -> list[Piece]:
    arcs = cycle.arcs()
    is_plain = all(not sources[arc][0][0] for arc in arcs)
    # Spec 0018: A cycle of more than 60 debts, or of lines alone of more than 100, MUST be left
    # out.
    if len(arcs) > (CYCLE_MAX if is_plain else ARCS_MAX):
        return []
    found: list[Piece] = []
    left = cycle.amount
    while left:
        # Spec 0018: Each piece MUST take, of each debt, the first obligation or line that is left,
        # and the least rest of them.
        amount = min(left, *(sources[arc][0][1] for arc in arcs))
        links = tuple([Link(*arc, sources[arc][0][0]) for arc in arcs])
        found.append(Piece(amount, links))
        left -= amount
        for arc in arcs:
            ref, rest = sources[arc][0]
            if rest == amount:
                del sources[arc][0]
            else:
                sources[arc][0] = (ref, rest - amount)
    return found


class Frame(NamedTuple):
    """What all terms of a round have in common.

    Attributes:
        convening: Of the round.
        manifest: Its identifier, 32 bytes.
        keys: Key of each cooperative.
        by: The leader, 32 bytes.
        kev: The leader's key event.
        iat: Second of signing.
    """

    convening: Convening
    manifest: bytes
    keys: Mapping[bytes, bytes]
    by: bytes
    kev: int
    iat: int


def terms_of(piece: Piece, number: int, frame: Frame) -> Terms:
    """Return the terms of a piece.

    Args:
        piece: One of `pieces`.
        number: Its place there.
        frame: Of the round.

    Raises:
        KeyError: a cooperative has no key.
    """
    keys, convening = frame.keys, frame.convening
    pkeys = [keys[member] for member in convening.panel]
    if piece.is_of_lines:
        cycle = [link.debtor for link in piece.links]
        return SetOff(
            amt=piece.amount,
            by=frame.by,
            cycle=cycle,
            exp=convening.exp,
            iat=frame.iat,
            kev=frame.kev,
            keys=[keys[member] for member in cycle],
            net=convening.net,
            panel=convening.panel,
            pkeys=pkeys,
            round=frame.manifest,
            seq=number,
        )
    coops = sorted(dict.fromkeys(home_of(link.debtor) for link in piece.links))
    place = {member: at for at, member in enumerate(coops)}
    return JointSetOff(
        amt=piece.amount,
        by=frame.by,
        coops=coops,
        cuts=[_cut(link, place) for link in piece.links if link.ref],
        exp=convening.exp,
        iat=frame.iat,
        kev=frame.kev,
        keys=[keys[member] for member in coops],
        lines=[
            JointLine(creditor=place[link.creditor], debtor=place[link.debtor])
            for link in piece.links
            if not link.ref
        ],
        net=convening.net,
        panel=convening.panel,
        pkeys=pkeys,
        round=frame.manifest,
        seq=number,
    )


def _cut(link: Link, place: Mapping[bytes, int]) -> JointCut:
    at, to = place[home_of(link.debtor)], place[home_of(link.creditor)]
    return JointCut(at=at, ref=link.ref, to=UNSET if to == at else to)


def check_round_terms(
    terms: Sequence[Terms],
    convening: Convening,
    manifest: Opened[Manifest],
    positions: Sequence[Position],
    graph: Graph[bytes],
    flow: Sequence[int],
    keys: Mapping[bytes, bytes],
) -> None:
    """Check that what is put to signature follows from the papers of a round.

    Args:
        terms: In the order of their numbers.
        convening: Of the round.
        manifest: Of the round.
        positions: Those that the manifest names.
        graph: Made of them.
        flow: The solution.
        keys: Key of each cooperative.

    Raises:
        ProofError: names what does not hold.
    """
    if not has_obligations(positions):
        plain = [one for one in terms if isinstance(one, SetOff)]
        if len(plain) != len(terms):
            raise ProofError("a joint set-off in a round of lines alone")
        check_terms(plain, convening, manifest, graph, flow, keys)
        return
    expected = pieces(graph, flow, positions)
    # Spec 0018: The reader MUST refuse terms other than those that follow from the positions and
    # the solution.
    if len(expected) != len(terms):
        raise ProofError(f"{len(terms)} set-offs, the solution has {len(expected)}")
    for number, (piece, one) in enumerate(zip(expected, terms, strict=True)):
        frame = Frame(convening, manifest.id, keys, convening.by, one.kev, one.iat)
        if terms_of(piece, number, frame) != one:
            raise ProofError(f"set-off {number} is not the one that follows from the solution")
