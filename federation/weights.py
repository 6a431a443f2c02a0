"""Weights of debts, and lines on which members lend to one another during a set-off.

A line of x to y is an arc like a debt of x to y: what flows on it, y owes x afterwards, and so a
chain of debts a → b → c is cleared by a line of c to a. Source: spec 0013 §7.
"""

from dataclasses import dataclass
from operator import mul
from typing import Final

import numpy as np
from numpy.typing import NDArray

from federation.library import Amounts, Places, total
from federation.network import Network, Terms, allot, merge
from federation.obligations import MAX_GROSS
from protocol.errors import EncodingError

WEIGHT_MAX: Final = 1_000_000_000
"""Largest weight of a debt; that of a line is not below its negative."""

TIE_BITS: Final = 20
GAIN_MAX: Final = 2**60
"""What a way may gain at most: two potentials and a cost together then fit 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Debts or lines as they came, parallel ones among them.

    Attributes:
        debtors: who owes, or of a line who lends; 0 to members − 1.
        creditors: who is owed, or of a line who borrows.
        amounts: minor units owed, at least 1, or of a line its limit, at least 0.
        weights: of a debt 1 to `WEIGHT_MAX`, of a line −`WEIGHT_MAX` to 0.
    """

    debtors: Places
    creditors: Places
    amounts: Amounts
    weights: Amounts

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.amounts)


NOTHING: Final = Listed(
    np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64)
)
"""No lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A network of debts and lines, and the way back to each of them.

    Attributes:
        network: debts of one pair and weight are one arc, so are lines; arcs ascend by debtor, then
            creditor, debts before lines, the heavier first. Without `Terms` when every debt weighs
            1 and no line has a limit above 0.
        arcs: the arc of each debt, then of each line; −1 for a line of limit 0.
        amounts: of each debt, then of each line.
        debts: how many debts there are.
    """

    network: Network
    arcs: Places
    amounts: Amounts
    debts: int

    def parts(self, flow: Amounts) -> tuple[Amounts, Amounts]:
        """Give every debt and every line its part of the set-off.

        Args:
            flow: minor units on each arc.

        Returns:
            Minor units cancelled of each debt, and used of each line; of those that are one arc,
            the first listed comes first.
        """
        has_arc = self.arcs >= 0
        parts = np.zeros(len(self.arcs), np.int64)
        if has_arc.any():
            # Spec 0013: Of merged lines, the one listed first MUST be used first.
            parts[has_arc] = allot(self.network, flow, self.arcs[has_arc], self.amounts[has_arc])
        return parts[: self.debts], parts[self.debts :]


def join(members: int, debts: Listed, lines: Listed = NOTHING) -> Joined:
    """Make one network of debts and lines.

    Args:
        members: how many members there are.
        debts: each with its weight.
        lines: each with its limit and its weight.

    Raises:
        EncodingError: a debt or a line is not sound, or is of somebody who is no member; the
            message gives its place, counted from 0.
    """
    _check_lines(members, debts, lines)
    has_limit = lines.amounts > 0
    arcs = np.full(len(debts) + len(lines), -1, np.int32)
    held = np.append(np.ones(len(debts), np.bool_), has_limit)
    columns = debts.debtors, debts.creditors, debts.amounts
    plain, arcs[: len(debts)] = merge(members, *columns)
    amounts = np.concatenate((debts.amounts, lines.amounts))
    if (debts.weights == 1).all() and not has_limit.any():
        return Joined(plain, arcs, amounts, len(debts))
    is_line = np.repeat(np.array([False, True]), (len(debts), int(has_limit.sum())))
    network, arcs[held] = _merged(
        members,
        np.concatenate((debts.debtors, lines.debtors[has_limit])),
        np.concatenate((debts.creditors, lines.creditors[has_limit])),
        amounts[held],
        Terms(np.concatenate((debts.weights, lines.weights[has_limit])), is_line),
    )
    return Joined(network, arcs, amounts, len(debts))


def _check_lines(members: int, debts: Listed, lines: Listed) -> None:
    """Check weights and lines; `merge` checks the debts."""
    for ends in (lines.debtors, lines.creditors):
        if len(ends) != len(lines) or (len(ends) and not 0 <= ends.min() <= ends.max() < members):
            raise EncodingError("lines refused: an end that is no member")
    if len(debts.weights) != len(debts) or len(lines.weights) != len(lines):
        raise EncodingError("weights refused: not one for each debt and line")
    # Spec 0013: The reader MUST refuse a weight of a debt below 1 or above 1000000000.
    _refuse("debt", (debts.weights < 1) | (debts.weights > WEIGHT_MAX), "WEIGHT")
    # Spec 0013: The reader MUST refuse a line of a member to itself.
    _refuse("line", lines.debtors == lines.creditors, "SELF_LINE")
    # Spec 0013: The reader MUST refuse a limit below 0.
    _refuse("line", lines.amounts < 0, "LIMIT_NEGATIVE")
    # Spec 0013: The reader MUST refuse a weight of a line above 0 or below −1000000000.
    _refuse("line", (lines.weights > 0) | (lines.weights < -WEIGHT_MAX), "WEIGHT")
    # Spec 0013: The reader MUST refuse debts and limits whose sum exceeds 9223372036854775807.
    if total(lines.amounts) + total(np.maximum(debts.amounts, 0)) > MAX_GROSS:
        raise EncodingError("lines refused: TOTAL_TOO_LARGE")


def _refuse(kind: str, wrong: NDArray[np.bool_], fault: str) -> None:
    if wrong.any():
        raise EncodingError(f"{kind} {int(wrong.argmax())} refused: {fault}")


def _merged(
    members: int, debtors: Places, creditors: Places, amounts: Amounts, terms: Terms
) -> tuple[Network, Places]:
    """Add up debts of one pair and weight, and lines likewise; return the arc of each."""
    # Spec 0013: Debts of the same pair and the same weight MUST be added up, and so MUST lines.
    # Spec 0013: Arcs of the same pair MUST stand debts first, then lines, each by falling weight.
    keys = debtors, creditors, terms.is_line, -terms.weights
    order = np.lexsort(keys[::-1])
    first = np.ones(len(order), np.bool_)
    first[1:] = False
    for key in keys:
        first[1:] |= key[order][1:] != key[order][:-1]
    begins = np.flatnonzero(first)
    arcs = np.empty(len(order), np.int32)
    arcs[order] = np.cumsum(first, dtype=np.int32) - np.int32(1)
    chosen = order[begins]
    merged = Terms(terms.weights[chosen], terms.is_line[chosen])
    sums = np.add.reduceat(amounts[order], begins)
    return Network(members, debtors[chosen], creditors[chosen], sums, merged), arcs


def unit(members: int, has_ties: bool) -> int:
    """Return what one cancelled unit of weight 1 counts beside all ties of a way.

    Args:
        members: how many members there are.
        has_ties: whether ties of 20 bits are added, or one for a line and none for a debt.
    """
    # Spec 0013: P is the least power of two that is not below twice the number of members.
    power = 1 << (2 * max(members, 1) - 1).bit_length()
    return power << TIE_BITS if has_ties else power


def heaviest_of(network: Network) -> int:
    """Return the sum, over all members, of the largest size of a weight at the member.

    A way meets a member once at most, and gains no more there than by its heaviest arc.

    Args:
        network: debts and lines.
    """
    if network.terms is None:
        return 0
    heaviest = np.zeros(network.members, np.int64)
    sizes = np.abs(network.terms.weights)
    for ends in (network.debtors, network.creditors):
        np.maximum.at(heaviest, ends, sizes)
    return int(heaviest.sum())


def heaviest_sum_max(members: int, has_ties: bool) -> int:
    """Return what `heaviest_of` may be, so that costs and potentials stay within 64 bits.

    Args:
        members: how many members there are.
        has_ties: whether ties of 20 bits are added.
    """
    ties = members << (TIE_BITS if has_ties else 0)
    return (GAIN_MAX - ties) // unit(members, has_ties)


def weighted_costs(network: Network, terms: Terms, ties: Amounts | None) -> Amounts:
    """Return the cost of one unit on each arc: −weight × unit + tie.

    Args:
        network: debts and lines.
        terms: those of the network.
        ties: a number of 20 bits for each arc; when None 1 for a line and 0 for a debt, so that
            no more than needed is borrowed.

    Raises:
        EncodingError: the weights are too large for so many members.
    """
    # Spec 0013: The writer MUST refuse weights for which this bound does not hold.
    if heaviest_of(network) > heaviest_sum_max(network.members, ties is not None):
        raise EncodingError("weights refused: too large for so many members")
    each = np.int64(unit(network.members, ties is not None))
    return -terms.weights * each + (terms.is_line if ties is None else ties)


def value(network: Network, flow: Amounts) -> int:
    """Return the sum of weight × flow over all arcs, exactly."""
    if network.terms is None:
        return total(flow)
    weights, group = np.unique(network.terms.weights, return_inverse=True)
    # Parts of one weight add up to less than 2**63, as all amounts and limits do.
    parts = np.zeros(len(weights), np.int64)
    np.add.at(parts, group, flow)
    return sum(map(mul, weights.tolist(), parts.tolist()))


def tie_suffixes(network: Network) -> dict[int, bytes]:
    """Return what is hashed behind the names of an arc that is not the first debt of its pair.

    Args:
        network: debts and lines.

    Returns:
        By the number of the arc; none where there are no weights and no lines.
    """
    if network.terms is None:
        return {}
    is_line = network.terms.is_line
    begins = np.ones(network.arcs, np.bool_)
    begins[1:] = (
        (network.debtors[1:] != network.debtors[:-1])
        | (network.creditors[1:] != network.creditors[:-1])
        | (is_line[1:] != is_line[:-1])
    )
    every = np.arange(network.arcs)
    before = every - np.maximum.accumulate(np.where(begins, every, 0))
    later = np.flatnonzero(is_line | (before > 0))
    rows = zip(later.tolist(), is_line[later].tolist(), before[later].tolist(), strict=True)
    # Spec 0013: For an arc that is not the first debt of its pair, h MUST be hashed over 5 more
    #   bytes: its kind, 0 for a debt and 1 for a line, 1 byte, and how many arcs of its pair and
    #   kind stand before it, 4 bytes, high byte first.
    return {arc: bytes([line]) + place.to_bytes(4, "big") for arc, line, place in rows}
