"""The largest set-off of a graph of any size, with its proof; and the one answer out of many.

Two ways lead to the same answer: the compiled part where it is there, a library where it is not.
Neither is trusted: whoever uses a result passes it through `federation.certificate.verify`.
Source: spec 0013.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from federation import kernel
from federation.certificate import UNIT_COST, costs_of, reduced_costs
from federation.library import Amounts, cheapest
from federation.network import Network, Terms
from protocol.errors import ProofError


@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """A set-off and its proof.

    Attributes:
        flow: minor units cancelled on each arc.
        potentials: one for each member, the least ones not below 0.
    """

    flow: Amounts
    potentials: Amounts


def clear(network: Network, ties: Amounts | None = None) -> Cleared:
    """Find the largest set-off.

    Args:
        network: the debts, and lines if there are any.
        ties: a number of 20 bits for each arc that decides among the largest ones, at most 2**20
            members; None when any of them will do.

    Returns:
        The set-off; with ties, for the costs −2**40 + tie; with weights or lines, for theirs.

    Raises:
        MemoryError: the graph does not fit.
        EncodingError: the weights are too large for so many members.
    """
    if network.terms is not None:
        return _clear_weighted(network, network.terms, ties)
    if not kernel.is_there():
        return clear_with_library(network, ties)
    graph = (network.members, network.debtors, network.creditors, network.amounts)
    flow, guess = kernel.clear(*graph)
    found = kernel.potentials(graph, flow, None, guess)
    if ties is None:
        return Cleared(flow, found)
    flow = _break_ties(network, flow, reduced_costs(network, found) == 0, ties)
    costs = UNIT_COST + ties
    return Cleared(flow, kernel.potentials(graph, flow, costs, found))


def clear_with_library(network: Network, ties: Amounts | None = None) -> Cleared:
    """Find the same as `clear` without the compiled part: slower, and never trusted either."""
    if network.terms is not None:
        return _clear_weighted(network, network.terms, ties, has_kernel=False)
    plain = np.full(network.arcs, -1, np.int64)
    flow = _circulation(network, plain)
    found = _least_potentials(network, flow, plain)
    if ties is None:
        return Cleared(flow, found)
    flow = _break_ties(network, flow, reduced_costs(network, found) == 0, ties)
    return Cleared(flow, _least_potentials(network, flow, UNIT_COST + ties))


def _clear_weighted(
    network: Network, terms: Terms, ties: Amounts | None, has_kernel: bool | None = None
) -> Cleared:
    """Find the set-off of greatest value by a library: the compiled part knows one cost alone."""
    costs = np.asarray(costs_of(network, ties))
    prove = _least_potentials
    if kernel.is_there() if has_kernel is None else has_kernel:
        prove = _potentials_by_kernel
    # First the value alone, then the ties where it leaves a choice: both keep to small numbers.
    plain = -terms.weights
    flow = _circulation(network, plain)
    if ties is None and terms.is_line.any():
        ties = terms.is_line.astype(np.int64)
    if ties is not None:
        found = prove(network, flow, plain)
        is_face = found[network.creditors] - found[network.debtors] + plain == 0
        flow = _break_ties(network, flow, is_face, ties)
    return Cleared(flow, prove(network, flow, costs))


def _potentials_by_kernel(network: Network, flow: Amounts, costs: Amounts) -> Amounts:
    graph = (network.members, network.debtors, network.creditors, network.amounts)
    return kernel.potentials(graph, flow, costs, np.zeros(network.members, np.int64))


def _break_ties(
    network: Network, flow: Amounts, is_face: NDArray[np.bool_], ties: Amounts
) -> Amounts:
    """Choose, among all optima, the one of the least sum of tie × flow.

    All optima agree on every arc whose reduced cost is not 0; the others are chosen anew.
    """
    face = np.flatnonzero(is_face)
    flow = flow.copy()
    flow[face] = 0
    chosen = _least_cost(network, face, ties[face], network.nets(flow))
    flow[face] = chosen
    return flow


def _circulation(network: Network, costs: Amounts) -> Amounts:
    still = np.zeros(network.members, np.int64)
    return _least_cost(network, np.arange(network.arcs), costs, still)


def _least_cost(
    network: Network, arcs: NDArray[np.intp], costs: Amounts, supplies: Amounts
) -> Amounts:
    """Search for the cheapest flow on some arcs that leads away what each member supplies."""
    if not len(arcs):
        return np.zeros(0, np.int64)
    chosen = network.debtors[arcs], network.creditors[arcs], network.amounts[arcs], costs
    return cheapest(network.members, chosen, supplies)


def _least_potentials(network: Network, flow: Amounts, costs: Amounts) -> Amounts:
    """Return the greatest gain of a way that ends at each member, by rounds over all arcs."""
    onward = np.flatnonzero(flow < network.amounts)
    back = np.flatnonzero(flow > 0)
    origin = np.concatenate((network.debtors[onward], network.creditors[back]))
    target = np.concatenate((network.creditors[onward], network.debtors[back]))
    gain = np.concatenate((-costs[onward], costs[back]))
    order = np.argsort(target, kind="stable")
    origin, target, gain = origin[order], target[order], gain[order]
    labels = np.zeros(network.members, np.int64)
    begins = np.flatnonzero(np.append(True, target[1:] != target[:-1])) if len(target) else target
    ends = target[begins]
    for _ in range(network.members + 1):
        if not len(ends):
            return labels
        better = np.maximum(labels[ends], np.maximum.reduceat(labels[origin] + gain, begins))
        if np.array_equal(better, labels[ends]):
            return labels
        labels[ends] = better
    raise ProofError("no potentials: this set-off can still be improved")
