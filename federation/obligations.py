"""Who owes whom: debts become one graph with a single arc for each ordered pair of members.

A debt is `(debtor, creditor, amount)`; the amount is a count of minor units. Names are `str` or
`bytes`, one kind in a graph. The graph does not depend on the order in which the debts came:
members stand in the order of their names, arcs in the order of (debtor, creditor). Source: the
set-off study (shared design, clearing.md) and spec 0013.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from protocol.errors import EncodingError, ProofError

Name = TypeVar("Name", str, bytes)

MAX_GROSS = 2**63 - 1
"""Largest sum of all debts of a graph, in minor units: every partial sum then fits 64 bits."""


class DebtFault(IntEnum):
    """Why a debt cannot enter a graph, in the order of the checks."""

    SELF_DEBT = 1
    """Debtor and creditor are the same member."""
    AMOUNT_NOT_POSITIVE = 2
    """The amount is zero or negative."""
    TOTAL_TOO_LARGE = 3
    """With this debt the sum of all debts would exceed `MAX_GROSS`."""


def debt_fault(
    debtor: Name, creditor: Name, amount: int, gross_before: int = 0
) -> DebtFault | None:
    """Say why a debt cannot be accepted after others.

    Args:
        debtor: who owes.
        creditor: who is owed.
        amount: minor units.
        gross_before: sum of the debts accepted so far, minor units.

    Returns:
        The first fault in rank order, or None for a sound debt.
    """
    # Spec 0013: The reader MUST refuse a debt of a member to itself.
    if debtor == creditor:
        return DebtFault.SELF_DEBT
    # Spec 0013: The reader MUST refuse an amount below 1.
    if amount < 1:
        return DebtFault.AMOUNT_NOT_POSITIVE
    # Spec 0013: The reader MUST refuse debts whose sum exceeds 9223372036854775807.
    if gross_before + amount > MAX_GROSS:
        return DebtFault.TOTAL_TOO_LARGE
    return None


@dataclass(frozen=True, slots=True)
class Graph(Generic[Name]):
    """Merged debts: on arc `e`, member `debtors[e]` owes `amounts[e]` to member `creditors[e]`.

    Attributes:
        names: the members, ascending, each once; a member is known by its index here.
        debtors: index of the debtor, one for each arc.
        creditors: index of the creditor, one for each arc.
        amounts: minor units owed, at least 1, one for each arc.
    """

    names: tuple[Name, ...]
    debtors: tuple[int, ...]
    creditors: tuple[int, ...]
    amounts: tuple[int, ...]

    @classmethod
    def from_debts(
        cls, debts: Iterable[tuple[Name, Name, int]], members: Iterable[Name] = ()
    ) -> "Graph[Name]":
        """Merge debts into a graph; parallel debts are added up, opposite ones are kept apart.

        Args:
            debts: `(debtor, creditor, amount)` in any order, amounts in minor units.
            members: names that stand in the graph even when they have no debt.

        Returns:
            The graph; the same one for every order of the same debts.

        Raises:
            EncodingError: a debt has a `DebtFault`; the message gives its place, counted from 0.
        """
        merged: dict[tuple[Name, Name], int] = {}
        gross = 0
        for place, (debtor, creditor, amount) in enumerate(debts):
            fault = debt_fault(debtor, creditor, amount, gross)
            if fault is not None:
                raise EncodingError(f"debt {place} refused: {fault.name}")
            gross += amount
            pair = (debtor, creditor)
            merged[pair] = merged.get(pair, 0) + amount
        # Spec 0013: Debts of the same debtor to the same creditor MUST be added up.
        # Spec 0013: Debts in opposite directions MUST be kept as two arcs.
        arcs = sorted(merged)
        known: dict[Name, None] = dict.fromkeys(members)
        for debtor, creditor in arcs:
            known[debtor] = None
            known[creditor] = None
        names = tuple(sorted(known))
        index = {name: place for place, name in enumerate(names)}
        return cls(
            names=names,
            debtors=tuple([index[debtor] for debtor, _ in arcs]),
            creditors=tuple([index[creditor] for _, creditor in arcs]),
            amounts=tuple([merged[pair] for pair in arcs]),
        )

    @property
    def gross(self) -> int:
        """Sum of all debts, minor units."""
        return sum(self.amounts)

    def debts(self, values: Sequence[int] | None = None) -> list[tuple[Name, Name, int]]:
        """List the arcs with a value each, leaving out those whose value is zero.

        Args:
            values: one whole number for each arc; the amounts owed when None.

        Returns:
            `(debtor, creditor, value)` in the order of the arcs.
        """
        chosen = self.amounts if values is None else values
        return [
            (self.names[debtor], self.names[creditor], value)
            for debtor, creditor, value in zip(self.debtors, self.creditors, chosen, strict=True)
            if value
        ]

    def aligned(self, listed: Iterable[tuple[Name, Name, int]]) -> list[int]:
        """Bring a published flow into the order of the arcs; arcs not listed have none.

        Args:
            listed: `(debtor, creditor, value)`, each pair at most once.

        Returns:
            One whole number for each arc.

        Raises:
            ProofError: a pair is listed twice, or is no arc of this graph.
        """
        values: dict[tuple[Name, Name], int] = {}
        for place, (debtor, creditor, value) in enumerate(listed):
            if (debtor, creditor) in values:
                raise ProofError(f"flow {place}: this debt is listed twice")
            values[debtor, creditor] = value
        flow = [values.pop((debtor, creditor), 0) for debtor, creditor, _ in self.debts()]
        if values:
            raise ProofError(f"{len(values)} flows are on no debt")
        return flow

    def remaining(self, flow: Sequence[int]) -> list[tuple[Name, Name, int]]:
        """List what stays owed once a set-off is executed.

        Args:
            flow: minor units cancelled, one for each arc.

        Returns:
            `(debtor, creditor, amount)` of each arc not cancelled in full, in their order.
        """
        return self.debts(
            [owed - cancelled for owed, cancelled in zip(self.amounts, flow, strict=True)]
        )

    def nets(self, values: Sequence[int] | None = None) -> list[int]:
        """Add up the position of every member: what it is owed minus what it owes.

        Args:
            values: one whole number for each arc; the amounts owed when None.

        Returns:
            Minor units, one for each name; their sum is zero.
        """
        chosen = self.amounts if values is None else values
        nets = [0] * len(self.names)
        for debtor, creditor, value in zip(self.debtors, self.creditors, chosen, strict=True):
            nets[debtor] -= value
            nets[creditor] += value
        return nets


def allot(
    graph: Graph[Name], flow: Sequence[int], debts: Sequence[tuple[Name, Name, int]]
) -> list[int]:
    """Give every single debt its part of the set-off, when several were merged into one arc.

    Args:
        graph: made from `debts`.
        flow: minor units cancelled, one for each arc.
        debts: the debts themselves; of those merged together, the first listed is cancelled first.

    Returns:
        Minor units cancelled, one for each debt, between 0 and its amount.
    """
    left = {(debtor, creditor): cancelled for debtor, creditor, cancelled in graph.debts(flow)}
    parts: list[int] = []
    for debtor, creditor, amount in debts:
        pair = (debtor, creditor)
        # Spec 0013: Of merged debts, the one listed first MUST be cancelled first.
        part = min(amount, left.get(pair, 0))
        parts.append(part)
        if part:
            left[pair] -= part
    assert not any(left.values()), "the debts are not those of the graph"
    return parts
