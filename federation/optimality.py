"""Proof that a set-off is the best one: a potential for each member, checked arc by arc.

Whoever searches may use any solver; whoever checks needs only whole numbers and one pass over the
arcs. With potentials p, the reduced cost of an arc is `cost + p[creditor] - p[debtor]`. An arc
whose reduced cost is above zero must be untouched, one below zero wholly cancelled; a circulation
that obeys this cannot be improved (linear programming duality). With plain costs a potential reads
as a tier: the longest chain of steps, in what can still change, that ends at the member. Source:
spec 0013.
"""

from collections import deque
from collections.abc import Sequence

from federation.obligations import Graph, Name
from federation.set_off import plain_costs
from protocol.errors import ProofError


def potentials(
    graph: Graph[Name], flow: Sequence[int], costs: Sequence[int] | None = None
) -> list[int]:
    """Compute the potentials that prove an optimum set-off: the smallest ones not below zero.

    They are distances in the residual graph, found by correcting labels in a queue. The solver's
    own numbers are not used, so a proof made here depends on the flow alone.

    Args:
        graph: the debts.
        flow: minor units cancelled, one for each arc, within what is owed.
        costs: one for each arc; -1 for all when None.

    Returns:
        One whole number of at least 0 for each member; at least one of them is 0.

    Raises:
        ProofError: the flow is not of least cost, so no potentials exist.
    """
    chosen = plain_costs(graph) if costs is None else costs
    count = len(graph.names)
    gains: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    rows = zip(graph.debtors, graph.creditors, graph.amounts, flow, chosen, strict=True)
    for debtor, creditor, owed, cancelled, cost in rows:
        if cancelled < owed:
            gains[debtor].append((creditor, -cost))
        if cancelled > 0:
            gains[creditor].append((debtor, cost))
    # Spec 0013: The writer MUST give the least potentials that are not below 0.
    labels = [0] * count
    steps = [0] * count
    waiting = deque(range(count))
    queued = bytearray(b"\x01" * count)
    while waiting:
        member = waiting.popleft()
        queued[member] = 0
        label = labels[member]
        for other, gain in gains[member]:
            if label + gain > labels[other]:
                labels[other] = label + gain
                # A label comes from a way of that many steps; one that meets a member twice has
                # gained on the circle between, so the flow could be improved along it.
                steps[other] = steps[member] + 1
                if steps[other] >= count:
                    raise ProofError("no potentials: this set-off can still be improved")
                if not queued[other]:
                    queued[other] = 1
                    waiting.append(other)
    return labels


def verify_circulation(graph: Graph[Name], flow: Sequence[int]) -> None:
    """Check that a set-off stays within the debts and leaves every net position untouched.

    Args:
        graph: the debts.
        flow: minor units cancelled, one for each arc.

    Raises:
        ProofError: names the first arc or member where it does not hold.
    """
    if len(flow) != len(graph.amounts):
        raise ProofError(f"{len(flow)} amounts for {len(graph.amounts)} debts")
    for place, (owed, cancelled) in enumerate(zip(graph.amounts, flow, strict=True)):
        # Spec 0013: The reader MUST refuse an arc whose flow is below 0 or above the amount owed.
        if not 0 <= cancelled <= owed:
            raise ProofError(f"{_arc(graph, place)}: {cancelled} cancelled of {owed} owed")
    for place, net in enumerate(graph.nets(flow)):
        # Spec 0013: The reader MUST refuse a flow that changes the net position of a member.
        if net:
            raise ProofError(f"{shown(graph.names[place])}: net position changed by {net}")


def verify_optimal(
    graph: Graph[Name],
    flow: Sequence[int],
    potentials: Sequence[int],
    costs: Sequence[int] | None = None,
) -> None:
    """Check that a set-off is a circulation of least cost; silence is consent.

    Args:
        graph: the debts.
        flow: minor units cancelled, one for each arc.
        potentials: the proof, one for each member.
        costs: one for each arc; -1 for all when None.

    Raises:
        ProofError: names the first arc or member where the proof does not hold.
    """
    verify_circulation(graph, flow)
    if len(potentials) != len(graph.names):
        raise ProofError(f"{len(potentials)} potentials for {len(graph.names)} members")
    chosen = plain_costs(graph) if costs is None else costs
    rows = zip(graph.debtors, graph.creditors, graph.amounts, flow, chosen, strict=True)
    for place, (debtor, creditor, owed, cancelled, cost) in enumerate(rows):
        reduced = cost + potentials[creditor] - potentials[debtor]
        # Spec 0013: The reader MUST refuse an arc of positive reduced cost that has any flow.
        if reduced > 0 and cancelled:
            raise ProofError(f"{_arc(graph, place)}: {cancelled} cancelled, proof asks for 0")
        # Spec 0013: The reader MUST refuse an arc of negative reduced cost not cancelled in full.
        if reduced < 0 and cancelled != owed:
            raise ProofError(f"{_arc(graph, place)}: {cancelled} cancelled, proof asks for {owed}")


def shown(*names: str | bytes) -> str:
    """Print one name or the two of an arc, as findings do.

    Args:
        names: text, or bytes that are shown in hexadecimal.
    """
    return " -> ".join(name if isinstance(name, str) else name.hex() for name in names)


def _arc(graph: Graph[Name], place: int) -> str:
    """Print an arc in a finding."""
    return shown(graph.names[graph.debtors[place]], graph.names[graph.creditors[place]])
