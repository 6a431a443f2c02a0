"""The cycles of a set-off: checked, named, and written one after the other.

Source: spec 0013 §5; spec 0019 §4.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cli.clear_files import written
from cli.debt_table import Amounts, Places
from federation.network import Network
from protocol.amounts import to_decimal_text
from protocol.errors import ProofError

Rings = tuple[Amounts, Places, Amounts]
"""Where each cycle begins and, as the last, where the last one ends; members; amounts."""

# Spec 0019: The domain of a cycle's id MUST be the 15 bytes `ronde/cycle/v1` and 00.
_DOMAIN: Final = b"ronde/cycle/v1\0"
_ID_DIGITS: Final = 16
_LEGS_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Ring:
    """A cycle by the names of its members.

    Attributes:
        members: each owes the next one, the last owes the first.
        amount: minor units that each of these debts falls by.
        lines: the steps, counted from 0, that run over a line: there the member lends to the next.
    """

    members: tuple[str, ...]
    amount: int
    lines: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Return the 16 hexadecimal digits that name the cycle, the same everywhere."""
        raw = [name.encode() for name in self.members]
        sized = [len(name).to_bytes(2, "big") + name for name in raw]
        # Spec 0019: Where a step runs over a line, an empty name MUST stand between the two names.
        for step in self.lines:
            sized[step] += bytes(2)
        content = _DOMAIN + b"".join(sized)
        # Spec 0019: The id of a cycle MUST be the first 16 digits of the SHA-256 of domain, sized
        #   names and amount.
        return hashlib.sha256(content + self.amount.to_bytes(8, "big")).hexdigest()[:_ID_DIGITS]


def check_rings(network: Network, flow: Amounts, rings: Rings) -> None:
    """Check that cycles add up to a set-off exactly.

    Raises:
        ProofError: they do not.
    """
    ends, members, amounts = rings
    if (np.diff(ends) < 2).any() or (amounts < 1).any():
        raise ProofError("a cycle needs two members and an amount")
    arcs = network.debtors.astype(np.int64) * network.members + network.creditors
    left = flow.copy()
    first = 0
    while first < len(amounts):
        # At least one cycle, and as many as fit: at the size of a country they are long.
        last = int(np.searchsorted(ends, ends[first] + _LEGS_AT_ONCE, "right")) - 1
        last = max(last, first + 1)
        here = members[ends[first] : ends[last]].astype(np.int64)
        begins = ends[first : last + 1] - ends[first]
        following = np.roll(here, -1)
        following[begins[1:] - 1] = here[begins[:-1]]
        legs = here * network.members + following
        places = np.minimum(np.searchsorted(arcs, legs), len(arcs) - 1)
        if (arcs[places] != legs).any():
            raise ProofError("a cycle runs over no debt")
        np.subtract.at(left, places, np.repeat(amounts[first:last], np.diff(begins)))
        first = last
    if left.any():
        raise ProofError("the cycles do not add up to the set-off")


def count_of(rings: Rings) -> int:
    """Return how many cycles there are."""
    return len(rings[2])


def ring_of(rings: Rings, place: int, names: Sequence[str]) -> Ring:
    """Return one cycle by its place in the list; members beyond the names stand for lines."""
    ends, members, amounts = rings
    here = members[ends[place] : ends[place + 1]].tolist()
    amount = int(amounts[place])
    if max(here) < len(names):
        return Ring(tuple([names[member] for member in here]), amount)
    real = [member for member in here if member < len(names)]
    over = [at for at, member in enumerate(here) if member >= len(names)]
    # Before the n-th line stand n lines and the members up to the one that lends.
    steps = tuple([at - before - 1 for before, at in enumerate(over)])
    return Ring(tuple([names[member] for member in real]), amount, steps)


def largest(rings: Rings, count: int, names: Sequence[str]) -> list[Ring]:
    """Return the cycles of the largest amounts; of equal ones those that are listed first."""
    order = np.argsort(-rings[2], kind="stable")[:count]
    return [ring_of(rings, int(place), names) for place in order]


def write_rings(
    path: Path, rings: Rings, names: Sequence[str], decimals: int, has_lines: bool = False
) -> None:
    """Write all cycles, as JSON when the suffix says so, else as CSV.

    Args:
        path: where they go.
        rings: the cycles.
        names: of the members, by their numbers.
        decimals: of the amounts.
        has_lines: whether there were lines, so that each step says what it runs over.

    Raises:
        Failure: usage, the file cannot be written.
    """
    each = (ring_of(rings, place, names) for place in range(count_of(rings)))
    with written(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        as_json = path.suffix.lower() == ".json"
        shape = _as_json if as_json else _as_csv
        for piece in shape(each, decimals, has_lines):
            text.write(piece)
        text.flush()
        text.detach()


def _as_csv(rings: Iterator[Ring], decimals: int, has_lines: bool) -> Iterator[str]:
    """Yield a line for each debt of each cycle: a file of debts itself, all of which clears."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    kind = ("kind",) if has_lines else ()
    writer.writerow(("cycle", "debtor", "creditor", "amount", *kind))
    for ring in rings:
        name, amount = ring.id, to_decimal_text(ring.amount, decimals)
        creditors = (*ring.members[1:], ring.members[0])
        pairs = zip(ring.members, creditors, strict=True)
        rows = [(name, debtor, creditor, amount) for debtor, creditor in pairs]
        if has_lines:
            over = set(ring.lines)
            kinds = ["line" if step in over else "debt" for step in range(len(rows))]
            writer.writerows((*row, kind) for row, kind in zip(rows, kinds, strict=True))
        else:
            writer.writerows(rows)
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _as_json(rings: Iterator[Ring], decimals: int, has_lines: bool) -> Iterator[str]:
    yield '{"v": 1, "cycles": ['
    between = "\n"
    for ring in rings:
        amount = to_decimal_text(ring.amount, decimals)
        fields: dict[str, object] = {"id": ring.id, "amount": amount, "members": ring.members}
        if has_lines:
            fields["lines"] = ring.lines
        yield between + json.dumps(fields, ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"
