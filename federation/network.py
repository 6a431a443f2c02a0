"""Debts as arrays: the graph of who owes whom at the size of a country (spec 0013).

A member is a number, an arc is a place in three arrays; names stay with whoever reads files or
papers. Whole numbers of 64 bits throughout: the sum of all debts fits, so every partial sum does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from federation import kernel
from federation.library import Amounts, Places, total
from federation.obligations import MAX_GROSS, DebtFault
from protocol.errors import EncodingError


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What one unit on each arc is worth, where debts have weights or there are lines.

    Attributes:
        weights: of a debt at least 1, of a line at most 0.
        is_line: which arcs are lines; on them the debtor lends to the creditor.
    """

    weights: Amounts
    is_line: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Merged debts: on arc `e`, member `debtors[e]` owes `amounts[e]` to member `creditors[e]`.

    Attributes:
        members: how many members there are; they are 0 to members − 1.
        debtors: the debtor of each arc; arcs ascend by debtor, then creditor, each pair once.
        creditors: the creditor of each arc.
        amounts: minor units owed on each arc, at least 1; their sum is below 2**63.
        terms: None when every debt weighs 1 and there are no lines; else several arcs may have the
            same pair, in the order of `federation.weights.join`.
    """

    members: int
    debtors: Places
    creditors: Places
    amounts: Amounts
    terms: Terms | None = None

    @property
    def arcs(self) -> int:
        """Number of arcs."""
        return len(self.amounts)

    @property
    def gross(self) -> int:
        """Sum of all debts, minor units."""
        return total(self.amounts if self.terms is None else self.amounts[~self.terms.is_line])

    def nets(self, values: Amounts | None = None) -> Amounts:
        """Add up the position of every member: what it is owed minus what it owes.

        Args:
            values: minor units on each arc, between 0 and what is owed; what is owed when None.

        Returns:
            Minor units, one for each member; their sum is zero.
        """
        chosen = self.amounts if values is None else values
        nets = np.zeros(self.members, np.int64)
        np.subtract.at(nets, self.debtors, chosen)
        np.add.at(nets, self.creditors, chosen)
        return nets


def merge(
    members: int, debtors: Places, creditors: Places, amounts: Amounts
) -> tuple[Network, Places]:
    """Add up the debts of the same debtor to the same creditor.

    Args:
        members: how many members there are.
        debtors: the debtor of each debt, 0 to members − 1.
        creditors: the creditor of each debt.
        amounts: minor units of each debt.

    Returns:
        The network and, for each debt, its arc. Opposite debts stay two arcs.

    Raises:
        EncodingError: a debt has a `DebtFault`, the message gives its place, counted from 0; or it
            is of somebody who is no member.

    Source:
        Spec 0013 §1.
    """
    for ends in (debtors, creditors):
        if len(ends) != len(amounts) or (len(ends) and not 0 <= ends.min() <= ends.max() < members):
            raise EncodingError("debts refused: a debtor or creditor that is no member")
    # Spec 0013: The reader MUST refuse a debt of a member to itself.
    _refuse(debtors == creditors, DebtFault.SELF_DEBT)
    # Spec 0013: The reader MUST refuse an amount below 1.
    _refuse(amounts < 1, DebtFault.AMOUNT_NOT_POSITIVE)
    # Spec 0013: The reader MUST refuse debts whose sum exceeds 9223372036854775807.
    if total(amounts) > MAX_GROSS:
        raise EncodingError(f"debts refused: {DebtFault.TOTAL_TOO_LARGE.name}")
    if kernel.is_there():
        tails, heads, sums, place = kernel.merge(members, debtors, creditors, amounts)
        return Network(members, tails, heads, sums), place
    return merge_with_library(members, debtors, creditors, amounts)


def merge_with_library(
    members: int, debtors: Places, creditors: Places, amounts: Amounts
) -> tuple[Network, Places]:
    """Add up sound debts as `merge` does, without the compiled part."""
    order = np.lexsort((creditors, debtors))
    tails, heads = debtors[order], creditors[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (tails[1:] != tails[:-1]) | (heads[1:] != heads[:-1])
    begins = np.flatnonzero(first)
    arcs = np.empty(len(order), np.int32)
    arcs[order] = np.cumsum(first, dtype=np.int32) - np.int32(1)
    merged = np.add.reduceat(amounts[order], begins) if len(begins) else amounts[:0]
    return Network(members, tails[begins], heads[begins], merged), arcs


def _refuse(wrong: NDArray[np.bool_], fault: DebtFault) -> None:
    if wrong.any():
        raise EncodingError(f"debt {int(wrong.argmax())} refused: {fault.name}")


def allot(network: Network, flow: Amounts, arcs: Places, amounts: Amounts) -> Amounts:
    """Give every single debt its part of the set-off of its arc.

    Args:
        network: made from the debts by `merge`.
        flow: minor units cancelled on each arc.
        arcs: the arc of each debt.
        amounts: minor units of each debt.

    Returns:
        Minor units cancelled of each debt: of those merged, the first listed is cancelled first.
    """
    # Spec 0013: Of merged debts, the one listed first MUST be cancelled first.
    if kernel.is_there():
        return kernel.allot(flow, arcs, amounts)
    return allot_with_library(network, flow, arcs, amounts)


def allot_with_library(network: Network, flow: Amounts, arcs: Places, amounts: Amounts) -> Amounts:
    """Give parts as `allot` does, without the compiled part."""
    order = np.argsort(arcs, kind="stable")
    owed = amounts[order]
    # What the debts listed before it on the same arc take away first; sums below 2**63.
    through = np.cumsum(owed)
    begins = np.searchsorted(arcs[order], np.arange(network.arcs))
    before = through - owed
    before -= np.repeat(before[begins], np.diff(np.append(begins, len(arcs))))
    parts = np.empty(len(arcs), np.int64)
    parts[order] = np.clip(flow[arcs[order]] - before, 0, owed)
    return parts
