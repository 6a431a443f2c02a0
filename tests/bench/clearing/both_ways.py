"""Both ways of the engine, with the compiled part and without, and small graphs to try them on."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from federation import kernel
from federation.certificate import UNIT_COST, verify
from federation.engine import Cleared, clear, clear_with_library
from federation.library import Amounts
from federation.network import Network, merge
from tests.bench.clearing.oracles import Debt, has_circle, proves

Engine = Callable[[Network, Amounts | None], Cleared]
ENGINES: list[Any] = [
    pytest.param(
        clear,
        id="kernel",
        marks=pytest.mark.skipif(not kernel.is_there(), reason="skipped: no compiled part"),
    ),
    pytest.param(clear_with_library, id="library"),
]
TIE_BITS = 20


def merged(members: int, debts: Sequence[Debt]) -> tuple[Network, list[Debt]]:
    """Return the network of debts, and the same as a list of merged debts."""
    columns = list(zip(*debts, strict=True)) or [(), (), ()]
    net, _ = merge(
        members,
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
    )
    return net, listed(net)


def listed(net: Network) -> list[Debt]:
    rows = zip(net.debtors.tolist(), net.creditors.tolist(), net.amounts.tolist(), strict=True)
    return list(rows)


def drawn_ties(seed: int, arcs: int) -> list[int]:
    dice = random.Random(f"ties {seed}")
    return [dice.getrandbits(TIE_BITS) for _ in range(arcs)]


def checked(engine: Engine, net: Network, ties: list[int] | None = None) -> list[int]:
    """Clear, prove with the product and without it; return the flow."""
    given = None if ties is None else np.array(ties, np.int64)
    cleared = engine(net, given)
    assert cleared.flow.dtype == cleared.potentials.dtype == np.int64
    verify(net, cleared.flow, cleared.potentials, given)
    flow: list[int] = cleared.flow.tolist()
    costs = [-1] * net.arcs if ties is None else [UNIT_COST + tie for tie in ties]
    assert proves(listed(net), flow, cleared.potentials.tolist(), costs)
    left = [(d, c, owed - part) for (d, c, owed), part in zip(listed(net), flow, strict=True)]
    assert not has_circle(net.members, left)
    return flow
