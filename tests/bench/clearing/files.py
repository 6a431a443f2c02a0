"""Files of debts as the product reads them, brought into columns."""

from pathlib import Path

from cli.debts import read_table
from tests.bench.clearing.generated import Instance


def read(path: Path) -> Instance:
    """Read a file of debts; a member's number is the place of its name in their order."""
    table = read_table(path)
    return Instance(len(table.names), table.debtors, table.creditors, table.amounts)
