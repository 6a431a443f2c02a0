"""The optional column of weights in a file of debts: how much the cancelling of each one counts.

Source: spec 0013 §7.
"""

import re
from typing import Final

import numpy as np

from cli.debt_table import Amounts
from federation.weights import WEIGHT_MAX

WEIGHT_NAMES: Final = ("weight", "poids")
_WEIGHT: Final = re.compile(r"[0-9]{1,10}")


class BadWeightError(Exception):
    """A cell holds no weight; its text is the argument."""


class WeightCells(dict[str, int]):
    """Weights by what stands in a cell, each text read once; of an empty cell 1."""

    def __missing__(self, cell: str) -> int:
        text = cell.strip()
        # Spec 0013: A debt without a weight MUST be read as one of weight 1.
        weight = 1 if not text else int(text) if _WEIGHT.fullmatch(text) else 0
        # Spec 0013: The reader MUST refuse a weight of a debt below 1 or above 1000000000.
        if not 1 <= weight <= WEIGHT_MAX:
            raise BadWeightError(text)
        self[cell] = weight
        return weight


def weight_column(names: list[str]) -> int | None:
    """Return the place of the column of weights among the names of columns.

    Raises:
        ValueError: there are two.
    """
    places = [at for at, name in enumerate(names) if name.strip().casefold() in WEIGHT_NAMES]
    if len(places) > 1:
        raise ValueError("two columns of weights")
    return places[0] if places else None


def unless_all_one(weights: Amounts) -> Amounts | None:
    """Return weights; None when each is 1, as in a file without them."""
    return None if bool(np.all(weights == 1)) else weights
