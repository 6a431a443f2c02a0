"""A clearing round from its papers alone: what every member checks before it consents (spec 0014).

Pure: papers in, a graph or a `ProofError` out. Member, witness and auditor call the same functions.
"""

from collections.abc import Mapping, Sequence

from federation.cycles import Cycle, verify_cycles
from federation.obligations import Graph
from federation.panel import panel_of
from federation.round_obligations import check_owed, obligations
from federation.tie_break import verify_answer
from protocol.envelope import Opened, open_sealed
from protocol.errors import ProofError
from protocol.ledger.set_offs import quorum
from protocol.messages.decisions import Charter
from protocol.messages.rounds import Convening, Edge, Manifest, Position, SetOff, Solution

Keys = Mapping[bytes, bytes]


def keys_of(charters: Sequence[bytes], net: bytes) -> dict[bytes, bytes]:
    """Return the key that signs for each cooperative, from their own charters.

    Args:
        charters: Sealed charters; a cooperative's identifier is that of its charter.
        net: The network that they must belong to.

    Raises:
        ProtocolError: a charter does not hold.
    """
    keys: dict[bytes, bytes] = {}
    for sealed in charters:
        opened = open_sealed(sealed, Charter)
        charter = opened.document
        if charter.net != net or opened.signers != (charter.keys[0],):
            raise ProofError("a charter of another network, or signed by another key")
        keys[opened.id] = charter.keys[0]
    return keys


def check_signer(
    opened: Opened[Convening] | Opened[Position] | Opened[Solution], keys: Keys
) -> None:
    """Refuse a paper that its author's key did not sign.

    Raises:
        ProofError: another key signed.
    """
    if opened.signers != (keys.get(opened.document.by),):
        raise ProofError("a paper of the round is signed by another key than its author's")


def check_convening(opened: Opened[Convening], keys: Keys) -> None:
    """Check who convenes, and that the panel is the one that the hash draws.

    Raises:
        ProofError: names what does not hold.
    """
    check_signer(opened, keys)
    convening = opened.document
    members = convening.members
    if members != sorted(set(members)) or any(member not in keys for member in members):
        raise ProofError("the members of the round are out of order or without a charter")
    # Spec 0014: The reader MUST refuse a convening whose panel is not the one that the hash draws.
    if convening.panel != panel_of(members, convening.net):
        raise ProofError("the panel is not the one that the hash draws")


def check_manifest(
    manifest: Opened[Manifest],
    convening: Opened[Convening],
    positions: Sequence[Opened[Position]],
    keys: Keys,
    ballots: int,
) -> None:
    """Check that a manifest names exactly these positions, and how much of the panel signed it.

    Args:
        manifest: The manifest.
        convening: The round that it belongs to.
        positions: One a member, in the manifest's order.
        keys: Key of each cooperative.
        ballots: How many of the panel's signatures are asked for; 0 for a draft.

    Raises:
        ProofError: names what does not hold.
    """
    document = manifest.document
    if document.round != convening.id or document.by != convening.document.by:
        raise ProofError("the manifest belongs to another round")
    stated = [position.document.by for position in positions]
    if document.members != sorted(set(stated)) or stated != document.members:
        raise ProofError("the manifest names other members than the positions")
    if document.papers != [position.id for position in positions]:
        raise ProofError("the manifest names other positions")
    for position in positions:
        check_signer(position, keys)
        if position.document.round != convening.id:
            raise ProofError("a position belongs to another round")
        check_owed(position.document, len(convening.document.members))
    panel = {keys[member] for member in convening.document.panel}
    # Spec 0014: The reader MUST refuse a manifest that lacks a quorum of the panel's signatures.
    if sum(key in panel for key in manifest.signers) < ballots:
        raise ProofError("the manifest lacks a quorum of the panel")


def manifest_quorum(convening: Convening) -> int:
    """Return how many of the panel must sign a manifest."""
    return quorum(len(convening.panel))


def round_graph(manifest: Manifest, positions: Sequence[Position]) -> Graph[bytes]:
    """Return the graph that a round clears, lines and obligations in one (spec 0018).

    Its names are the manifest's members, and between them those accounts that have obligations.
    """
    owed = [(one.debtor, one.creditor, one.amount) for one in obligations(positions)]
    return Graph.from_debts(agreed_debts(positions) + owed, members=manifest.members)


def _agree(ours: Edge, theirs: Edge) -> bool:
    return (
        ours.bal == -theirs.bal
        and (ours.sent, ours.shead) == (theirs.got, theirs.ghead)
        and (ours.got, ours.ghead) == (theirs.sent, theirs.shead)
    )


def agreed_debts(positions: Sequence[Position]) -> list[tuple[bytes, bytes, int]]:
    """Return the debts that both sides state alike.

    Args:
        positions: One a cooperative.

    Returns:
        (debtor, creditor, minor units) for each account on which both sides agree and that may be
        set off; the amount is the smaller of the two bounds.

    Source:
        Spec 0014.
    """
    stated = {(one.by, edge.peer): edge for one in positions for edge in one.edges}
    debts = []
    for (debtor, creditor), ours in sorted(stated.items()):
        theirs = stated.get((creditor, debtor))
        # Spec 0014: An account counts only if both sides state it alike.
        if ours.bal <= 0 or theirs is None or not _agree(ours, theirs):
            continue
        amount = min(ours.top, theirs.top, ours.bal)
        if amount:
            debts.append((debtor, creditor, amount))
    return debts


def check_solution(
    solution: Opened[Solution], manifest: Opened[Manifest], graph: Graph[bytes], keys: Keys
) -> list[int]:
    """Check that a solution is the one optimum of the manifest's graph, in one pass.

    Returns:
        Minor units set off, one for each arc of the graph.

    Raises:
        ProofError: names what does not hold.
    """
    check_signer(solution, keys)
    document = solution.document
    members = graph.names
    if document.round != manifest.id or len(document.pots) != len(members):
        raise ProofError("the solution belongs to another manifest")
    if any(max(one.debtor, one.creditor) >= len(members) for one in document.flows):
        raise ProofError("the solution names a member that is not in the manifest")
    flow = graph.aligned(
        [(members[one.debtor], members[one.creditor], one.amt) for one in document.flows]
    )
    # Spec 0014: The identifier of the manifest is the salt of the round.
    verify_answer(graph, manifest.id, document.skip, flow, document.pots)
    return flow


def check_terms(
    terms: Sequence[SetOff],
    convening: Convening,
    manifest: Opened[Manifest],
    graph: Graph[bytes],
    flow: Sequence[int],
    keys: Keys,
) -> None:
    """Check that the cycles put to signature are the solution, cut into pieces.

    Raises:
        ProofError: names what does not hold.
    """
    listed = []
    for number, one in enumerate(terms):
        expected = (number, manifest.id, convening.exp, convening.panel, convening.net)
        if (one.seq, one.round, one.exp, one.panel, one.net) != expected:
            raise ProofError(f"set-off {number} has other terms than its round")
        if one.keys != [keys.get(member) for member in one.cycle]:
            raise ProofError(f"set-off {number} names another key than a member's own")
        if one.pkeys != [keys[member] for member in one.panel]:
            raise ProofError(f"set-off {number} names another key than a witness's own")
        listed.append(Cycle(tuple(one.cycle), one.amt))
    verify_cycles(graph, flow, listed)
