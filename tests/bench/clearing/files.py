"""Files of debts as the product reads them, brought into columns."""

from pathlib import Path

import numpy as np

from cli.debts import read_debts
from tests.bench.clearing.generated import Instance


def read(path: Path) -> Instance:
    """Read a file of debts; a member's number is the place of its name in their order."""
    debts = read_debts(path).debts
    names = sorted({name for debtor, creditor, _ in debts for name in (debtor, creditor)})
    places = {name: place for place, name in enumerate(names)}
    return Instance(
        len(names),
        np.array([places[debtor] for debtor, _, _ in debts], np.int32),
        np.array([places[creditor] for _, creditor, _ in debts], np.int32),
        np.array([amount for _, _, amount in debts], np.int64),
    )
