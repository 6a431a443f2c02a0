"""Invented debts, the same on every machine: trade between firms, accounts between cooperatives.

Randomness is SplitMix64 read as a table (word k of a stream is a function of seed, stream and k),
so that a whole column is one expression over arrays and nothing depends on an order of calls. Each
draw has a stream of its own. Amounts come from a table of 65,536 quantiles; doubles occur only in
making weights and tables, and a digest pins each instance: another digest is another instance.

Families:

- `trade:members:degree:seed`: firms owe each other invoices, several between the same two.
  Sizes follow a power law (exponent 2.3 of the distribution of the degrees); six partners in ten
  are of the firm's own sector (about 200 firms in a row), chosen by size as all partners are;
  two invoices in five follow the supply chain (each firm has a place in it, the debtor is the one
  further down); amounts are log-normal around 260.00 (sigma 2.0). Invoices to oneself are dropped.
- `fed:members:seed`: cooperatives with one net position for each pair that trades, about 30
  partners each, chosen by size (gravity); amounts log-normal (sigma 1.5) times the mean of both
  sizes. Below about 200 members each pair trades with probability 0.6.
"""

import hashlib
import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
_TABLE = 1 << 16
# A probability is compared with the 24 high bits of a word.
_CHANCE_SHIFT = np.uint64(40)


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """Debts as three columns, not merged: member `debtors[k]` owes `amounts[k]` to `creditors[k]`.

    Attributes:
        members: how many members there are; they are 0 to members − 1.
        debtors, creditors: int32, one for each debt.
        amounts: int64, minor units, at least 1.
    """

    members: int
    debtors: NDArray[np.int32]
    creditors: NDArray[np.int32]
    amounts: NDArray[np.int64]

    def digest(self) -> str:
        """Return the 16 hex digits that name this instance."""
        content = hashlib.sha256(str(self.members).encode())
        content.update(self.debtors.astype("<i4").tobytes())
        content.update(self.creditors.astype("<i4").tobytes())
        content.update(self.amounts.astype("<i8").tobytes())
        return content.hexdigest()[:16]


def _words(seed: int, stream: int, count: int) -> Words:
    """Return the first words of a stream."""
    begin = (seed * _GOLDEN + stream * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & _MASK
    mixed = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        mixed *= np.uint64(_GOLDEN)
        mixed += np.uint64(begin)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _below(words: Words, bound: NDArray[np.uint64] | int) -> Words:
    """Turn words into numbers from 0 to bound − 1."""
    return (words >> np.uint64(11)) % (np.uint64(bound) if isinstance(bound, int) else bound)


def _happens(words: Words, chance: float) -> NDArray[np.bool_]:
    return (words >> _CHANCE_SHIFT) < np.uint64(int(chance * (1 << 24)))


def _by_weight(through: Places, words: Words) -> Places:
    """Choose members in proportion to their weights, given as running sums."""
    return np.searchsorted(through.astype(np.uint64), _below(words, int(through[-1])), side="right")


def _amounts(median: int, sigma: float, words: Words) -> NDArray[np.int64]:
    """Draw log-normal amounts: the high 16 bits of a word choose one of 65,536 quantiles."""
    bell, middle = NormalDist(), math.log(median)
    quantiles = (bell.inv_cdf((place + 0.5) / _TABLE) for place in range(_TABLE))
    table = [max(1, round(math.exp(middle + sigma * quantile))) for quantile in quantiles]
    return np.array(table, dtype=np.int64)[(words >> np.uint64(48)).astype(np.int64)]


def trade(members: int, degree: float, seed: int) -> Instance:
    """Invent invoices between firms.

    Args:
        members: how many firms.
        degree: invoices for each firm, before those to oneself are dropped.
        seed: of all draws.
    """
    count = int(members * degree)
    sizes = np.arange(members, dtype=np.float64) + 10.0
    weights = np.maximum(1, 4294967296.0 * sizes ** -(1.0 / (2.3 - 1.0))).astype(np.int64)
    # The largest size goes to the firm that stream 1 puts first.
    by_firm = np.empty(members, np.int64)
    by_firm[np.argsort(_words(seed, 1, members), kind="stable")] = weights
    through = np.cumsum(by_firm)
    debtors = _by_weight(through, _words(seed, 2, count))
    creditors = _by_weight(through, _words(seed, 3, count))

    # Partners of the own sector: a choice by weight between its bounds in the running sums.
    sectors = max(1, members // 200)
    sector = np.arange(members) * sectors // members
    edges = np.concatenate(([0], through))
    firsts = edges[np.searchsorted(sector, np.arange(sectors), "left")]
    lasts = edges[np.searchsorted(sector, np.arange(sectors), "right")]
    own = sector[debtors]
    spans = (lasts - firsts)[own].astype(np.uint64)
    drawn = firsts[own] + _below(_words(seed, 5, count), spans).astype(np.int64)
    local = _happens(_words(seed, 4, count), 0.6)
    creditors = np.where(local, np.searchsorted(through, drawn, side="right"), creditors)

    depth = _words(seed, 6, members) >> np.uint64(44)
    turned = _happens(_words(seed, 7, count), 0.40) & (depth[debtors] < depth[creditors])
    debtors, creditors = (
        np.where(turned, creditors, debtors),
        np.where(turned, debtors, creditors),
    )
    amounts = _amounts(26_000, 2.0, _words(seed, 8, count))
    kept = debtors != creditors
    return Instance(
        members,
        debtors[kept].astype(np.int32),
        creditors[kept].astype(np.int32),
        amounts[kept],
    )


def _pairs(members: int, seed: int, weights: Places) -> tuple[Places, Places]:
    """Choose the pairs of cooperatives that trade, smaller number first, ascending."""
    every = members * (members - 1) // 2
    if every <= 20_000 and 30.0 * members / 2 > every * 0.6:
        left, right = np.triu_indices(members, 1)
        kept = _happens(_words(seed, 2, every), 0.6)
        return left[kept], right[kept]
    draws = int(30.0 * members / 2 * 1.15)
    through = np.cumsum(weights)
    one = _by_weight(through, _words(seed, 3, draws))
    other = _by_weight(through, _words(seed, 4, draws))
    kept = one != other
    pairs = np.unique(np.minimum(one, other)[kept] * members + np.maximum(one, other)[kept])
    return pairs // members, pairs % members


def federation(members: int, seed: int) -> Instance:
    """Invent net positions between cooperatives.

    Args:
        members: how many cooperatives.
        seed: of all draws.
    """
    ranks = np.arange(members) + 3.0
    weights = np.maximum(1, 1048576.0 * ranks**-0.6).astype(np.int64)
    weights = weights[np.argsort(_words(seed, 1, members), kind="stable")]
    left, right = _pairs(members, seed, weights)
    amounts = _amounts(1_000_000, 1.5, _words(seed, 5, len(left))).astype(np.float64)
    mean = weights.mean()
    amounts *= np.sqrt(weights[left] / mean * (weights[right] / mean))
    owing = (_words(seed, 6, len(left)) & np.uint64(1)).astype(np.bool_)
    return Instance(
        members,
        np.where(owing, left, right).astype(np.int32),
        np.where(owing, right, left).astype(np.int32),
        np.maximum(1, amounts.astype(np.int64)),
    )


def named(name: str) -> Instance:
    """Invent the debts of a name such as `trade:1000:5:1` or `fed:50:2`.

    Args:
        name: family, members, degree (of `trade` only), seed.
    """
    family, *numbers = name.split(":")
    if family == "fed":
        members, seed = map(int, numbers)
        return federation(members, seed)
    assert family == "trade", "families are trade and fed"
    return trade(int(numbers[0]), float(numbers[1]), int(numbers[2]))
