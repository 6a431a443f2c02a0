"""Exact solvers and checks for small graphs that share nothing with the engine.

They take debts between numbered members, one debt a pair, in the order of the pairs; costs are
whole numbers of any size, what one cancelled unit costs (−1 when only the total counts).
"""

import random
from collections.abc import Sequence

import networkx
import numpy as np

from tests.bench.clearing.baselines import installed, library
from tests.bench.clearing.generated import Instance

Debt = tuple[int, int, int]


def grown(seed: int) -> tuple[int, list[Debt]]:
    """Grow members and debts from a seed: few or many, equal or very different amounts."""
    dice = random.Random(f"clearing {seed}")
    members = dice.randint(2, 12)
    largest = dice.choice((1, 3, 100, 1_000_000, 2**40))
    pairs = [dice.sample(range(members), 2) for _ in range(dice.randint(0, 3 * members))]
    return members, [(debtor, creditor, dice.randint(1, largest)) for debtor, creditor in pairs]


def shaped(shape: str, seed: int) -> tuple[int, list[Debt]]:
    """Grow some hundred debts of a shape that makes searches long: deep, wide or both ways."""
    dice = random.Random(f"{shape} {seed}")
    members = dice.choice((20, 60, 150))
    largest = dice.choice((1, 3, 1_000, 2**40))
    pairs: list[tuple[int, int]] = []
    for place in range(3 * members):
        member = place % members
        match shape:
            case "ring":
                step = 1 if place < members else -dice.randint(2, 5)
                pairs.append((member, (member + step) % members))
            case "ladder":
                pairs.append((member, max(0, min(members - 1, member + dice.choice((-1, 1, 2))))))
            case "hub":
                hub = dice.randrange(3)
                pairs.append((member, hub) if dice.random() < 0.5 else (hub, member))
            case _:
                back = dice.random() < 0.05
                far = min(members - 1, member + dice.randint(1, 8))
                pairs.append((far, member) if back else (member, far))
    return members, [(d, c, dice.randint(1, largest)) for d, c in pairs if d != c]


def by_networkx(members: int, debts: Sequence[Debt], costs: Sequence[int]) -> list[int]:
    """Solve as a circulation of least cost with the network simplex of networkx."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(members))
    for (debtor, creditor, amount), cost in zip(debts, costs, strict=True):
        graph.add_edge(debtor, creditor, capacity=amount, weight=cost)
    _, flows = networkx.network_simplex(graph)
    return [flows[debtor][creditor] for debtor, creditor, _ in debts]


def by_cancelling(members: int, debts: Sequence[Debt], costs: Sequence[int]) -> list[int]:
    """Begin with nothing cancelled, and improve along a circle as long as there is one."""
    flow = [0] * len(debts)
    while circle := _improving(members, debts, costs, flow):
        step = min(debts[arc][2] - flow[arc] if sign > 0 else flow[arc] for arc, sign in circle)
        for arc, sign in circle:
            flow[arc] += sign * step
    return flow


def _improving(
    members: int, debts: Sequence[Debt], costs: Sequence[int], flow: Sequence[int]
) -> list[tuple[int, int]]:
    """Find a circle of negative cost in what can still change (Bellman-Ford): (arc, sign)."""
    moves = [
        (tail, head, sign * cost, (arc, sign))
        for arc, ((debtor, creditor, amount), cost) in enumerate(zip(debts, costs, strict=True))
        for sign, tail, head, room in (
            (1, debtor, creditor, amount - flow[arc]),
            (-1, creditor, debtor, flow[arc]),
        )
        if room
    ]
    labels = [0] * members
    came: list[tuple[int, tuple[int, int]]] = [(-1, (0, 0))] * members
    last = -1
    for _ in range(members):
        last = -1
        for tail, head, cost, move in moves:
            if labels[tail] + cost < labels[head]:
                labels[head] = labels[tail] + cost
                came[head] = (tail, move)
                last = head
        if last < 0:
            return []
    for _ in range(members):
        last = came[last][0]
    circle, member = [came[last][1]], came[last][0]
    while member != last:
        circle.append(came[member][1])
        member = came[member][0]
    return circle


def by_libraries(debts: Instance, ties: Sequence[int] | None = None) -> dict[str, list[int]]:
    """Solve with every library that is installed.

    Args:
        debts: merged, in the order of the pairs.
        ties: what one cancelled unit costs among equally large set-offs.
    """
    merged = (debts.members, debts.debtors, debts.creditors, debts.amounts)
    chosen = None if ties is None else np.array(ties, np.int64)
    return {name: library(name, *merged, chosen).tolist() for name in installed()}


def best_costs(members: int, ties: Sequence[int]) -> list[int]:
    """Return costs by which the total comes first and the ties decide between equal totals."""
    unit = (members + 1) * (max(ties, default=0) + 1)
    return [tie - unit for tie in ties]


def proves(
    debts: Sequence[Debt], flow: Sequence[int], potentials: Sequence[int], costs: Sequence[int]
) -> bool:
    """Say whether a flow is a circulation within the debts that the potentials prove the best."""
    balance = [0] * len(potentials)
    for (debtor, creditor, amount), cancelled, cost in zip(debts, flow, costs, strict=True):
        reduced = cost + potentials[creditor] - potentials[debtor]
        if not 0 <= cancelled <= amount:
            return False
        if (reduced > 0 and cancelled) or (reduced < 0 and cancelled != amount):
            return False
        balance[debtor] += cancelled
        balance[creditor] -= cancelled
    return not any(balance)


def has_circle(members: int, debts: Sequence[Debt]) -> bool:
    """Say whether debts lead back to a member."""
    owed_by: list[list[int]] = [[] for _ in range(members)]
    owing = [0] * members
    for debtor, creditor, amount in debts:
        if amount:
            owed_by[creditor].append(debtor)
            owing[debtor] += 1
    free = [member for member in range(members) if not owing[member]]
    gone = 0
    while free:
        gone += 1
        for debtor in owed_by[free.pop()]:
            owing[debtor] -= 1
            if not owing[debtor]:
                free.append(debtor)
    return gone < members
