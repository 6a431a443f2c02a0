"""The proof of a set-off, checked in one pass over the arcs: no search, no trust, no solver.

The rules are those of `federation.optimality`, on arrays: at the size of a country a tenth of a
second. Source: spec 0013 §3.
"""

import numpy as np
from numpy.typing import NDArray

from federation.library import Amounts
from federation.network import Network
from federation.weights import weighted_costs
from protocol.errors import ProofError

POTENTIAL_MAX = 2**60
"""Bound on potentials, so that no difference of two and a cost overflows 64 bits."""


_NARROW = 2**14
"""Below it twice a potential and a cost of 1 fit 16 bits."""

UNIT_COST = -(2**40)
"""Cost of one cancelled unit before its tie is added: each one is worth about 2**40."""


def costs_of(network: Network, ties: Amounts | None) -> Amounts | np.int64:
    """Return the cost of one unit on each arc: −1, or −2**40 + tie (spec 0013 §4), or by weights.

    Raises:
        EncodingError: the weights are too large for so many members.
    """
    if network.terms is not None:
        return weighted_costs(network, network.terms, ties)
    return np.int64(-1) if ties is None else UNIT_COST + ties


def reduced_costs(
    network: Network, potentials: Amounts, ties: Amounts | None = None
) -> NDArray[np.int16] | Amounts:
    """Return cost + potential of the creditor − potential of the debtor, for each arc.

    Where all fits 16 bits the answer has 16: what is looked up here and there then stays near the
    processor, and a proof of five million debts takes half the time.

    Args:
        network: the debts.
        potentials: one for each member, within ± `POTENTIAL_MAX`.
        ties: a number of 20 bits for each arc; None when only the total counts.
    """
    if (
        ties is None
        and network.terms is None
        and len(potentials)
        and -_NARROW < potentials.min() <= potentials.max() < _NARROW
    ):
        tiers = potentials.astype(np.int16)
        return tiers[network.creditors] - tiers[network.debtors] - np.int16(1)
    return potentials[network.creditors] - potentials[network.debtors] + costs_of(network, ties)


def verify(
    network: Network, flow: Amounts, potentials: Amounts, ties: Amounts | None = None
) -> None:
    """Check that a set-off is a circulation of least cost; silence is consent.

    Args:
        network: the debts.
        flow: minor units cancelled on each arc.
        potentials: the proof, one for each member.
        ties: a number of 20 bits for each arc; None when only the total counts.

    Raises:
        ProofError: names the first arc or member where the proof does not hold.
    """
    if flow.shape != network.amounts.shape or potentials.shape != (network.members,):
        raise ProofError("the proof is of another graph")
    # Spec 0013: The reader MUST refuse an arc whose flow is below 0 or above the amount owed.
    _refuse_arcs(network, (flow < 0) | (flow > network.amounts), "flow out of bounds")
    # Spec 0013: The reader MUST refuse a flow that changes the net position of a member.
    nets = network.nets(flow)
    if nets.any():
        member = int(nets.astype(np.bool_).argmax())
        raise ProofError(f"member {member}: net position changed by {int(nets[member])}")
    # Spec 0013: The reader MUST compute with whole numbers that cannot overflow.
    if not (potentials >= -POTENTIAL_MAX).all() or not (potentials <= POTENTIAL_MAX).all():
        raise ProofError("a potential is out of bounds")
    reduced = reduced_costs(network, potentials, ties)
    # Spec 0013: The reader MUST refuse an arc of positive reduced cost that has any flow.
    _refuse_arcs(network, (reduced > 0) & (flow != 0), "proof asks for no flow")
    # Spec 0013: The reader MUST refuse an arc of negative reduced cost not cancelled in full.
    _refuse_arcs(network, (reduced < 0) & (flow != network.amounts), "proof asks for all")


def _refuse_arcs(network: Network, wrong: NDArray[np.bool_], reason: str) -> None:
    if wrong.any():
        arc = int(wrong.argmax())
        pair = f"{int(network.debtors[arc])} -> {int(network.creditors[arc])}"
        kind = "line" if network.terms is not None and network.terms.is_line[arc] else "arc"
        raise ProofError(f"{kind} {arc} ({pair}): {reason}")
