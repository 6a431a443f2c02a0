"""Debts for the tests of federation: drawn by Hypothesis, or grown from a seed."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from federation.library import Amounts, with_lemon, with_networkx
from federation.obligations import Graph
from federation.set_off import arcs_of

Debt = tuple[str, str, int]


def debt_lists(
    names: str = "abcdef", largest: int = 12, at_most: int = 16
) -> st.SearchStrategy[list[Debt]]:
    """Draw lists of sound debts between one-letter members."""
    one = st.tuples(st.sampled_from(names), st.sampled_from(names), st.integers(1, largest)).filter(
        lambda debt: debt[0] != debt[1]
    )
    return st.lists(one, max_size=at_most)


def grown(seed: int, members: int, debts: int, largest: int) -> list[Debt]:
    """Grow debts from a seed."""
    dice = random.Random(seed)
    names = [f"n{number:04}" for number in range(members)]
    pairs = [dice.sample(names, 2) for _ in range(debts)]
    return [(debtor, creditor, dice.randint(1, largest)) for debtor, creditor in pairs]


def by_pair(graph: Graph[str], flow: list[int]) -> dict[tuple[str, str], int]:
    """Name a flow by debtor and creditor, whatever the order of the arcs."""
    return {(debtor, creditor): n for debtor, creditor, n in graph.debts(flow)}


def solve_with_lemon(graph: Graph[Any], costs: Sequence[int]) -> list[int] | None:
    """Return the flow that `library.with_lemon` finds, or None when it finds none."""
    found = with_lemon(len(graph.names), arcs_of(graph, costs), _still(graph))
    return None if found is None else found.tolist()


def solve_with_networkx(graph: Graph[Any], costs: Sequence[int]) -> list[int]:
    """Return the flow that `library.with_networkx` finds."""
    flow: list[int] = with_networkx(len(graph.names), arcs_of(graph, costs), _still(graph)).tolist()
    return flow


def _still(graph: Graph[Any]) -> Amounts:
    return np.zeros(len(graph.names), np.int64)
