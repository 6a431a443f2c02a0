"""The potentials of a proof read as tiers: what stays owed leads from a tier to a higher one.

Source: spec 0013 §3; spec 0019 §5.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cli.debt_table import Amounts
from federation.network import Network

TIER_LAST: Final = 63
"""All members from this tier on are counted together."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Members with the same potential.

    Attributes:
        number: 0 for those to whom nobody owes any more who is owed himself, and so on.
        members: how many there are.
        owed: what they still owe, minor units.
    """

    number: int
    members: int
    owed: int


def tiers_of(network: Network, flow: Amounts, potentials: Amounts, step: int) -> list[Tier]:
    """Count the members of each tier, and what they still owe.

    Args:
        network: the debts, and lines if there are any.
        flow: minor units on each arc.
        potentials: the proof, one for each member, none below 0.
        step: what one step up gains before ties; all ties of a way are less than half of it.

    Returns:
        The tiers from 0 on; the last one holds all members from `TIER_LAST` on.
    """
    if step > 1:
        potentials = (potentials + step // 2) // step
    debtors, creditors, rest = network.debtors, network.creditors, network.amounts - flow
    if network.terms is not None:
        is_debt = ~network.terms.is_line
        debtors, creditors, rest = debtors[is_debt], creditors[is_debt], rest[is_debt]
    levels = np.minimum(potentials, TIER_LAST)
    here = np.zeros(network.members, np.bool_)
    here[debtors] = True
    here[creditors] = True
    count = int(levels.max(initial=-1, where=here)) + 1
    members = np.bincount(levels[here], minlength=count)
    owed: Amounts = np.zeros(count, np.int64)
    np.add.at(owed, levels[debtors], rest)
    pairs = zip(members.tolist(), owed.tolist(), strict=True)
    return [Tier(number, size, left) for number, (size, left) in enumerate(pairs)]
