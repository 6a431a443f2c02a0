"""The potentials of a proof read as tiers: what stays owed leads from a tier to a higher one.

Source: spec 0013 §3; spec 0019 §5.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from cli.debt_table import Amounts
from federation.certificate import UNIT_COST
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


def tiers_of(network: Network, flow: Amounts, potentials: Amounts, has_ties: bool) -> list[Tier]:
    """Count the members of each tier, and what they still owe.

    Args:
        network: the debts.
        flow: minor units cancelled on each arc.
        potentials: the proof, one for each member, none below 0.
        has_ties: whether the proof is for costs with ties.

    Returns:
        The tiers from 0 on; the last one holds all members from `TIER_LAST` on.
    """
    if has_ties:
        # A step up gains 2**40 less a tie; all ties of a way together are less than half a step.
        potentials = (potentials - UNIT_COST // 2) // -UNIT_COST
    levels = np.minimum(potentials, TIER_LAST)
    here = np.zeros(network.members, np.bool_)
    here[network.debtors] = True
    here[network.creditors] = True
    count = int(levels.max(initial=-1, where=here)) + 1
    members = np.bincount(levels[here], minlength=count)
    owed: Amounts = np.zeros(count, np.int64)
    np.add.at(owed, levels[network.debtors], network.amounts - flow)
    pairs = zip(members.tolist(), owed.tolist(), strict=True)
    return [Tier(number, size, left) for number, (size, left) in enumerate(pairs)]
