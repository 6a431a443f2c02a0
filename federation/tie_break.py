"""One answer out of many: costs that leave nobody a choice among equally good set-offs.

The largest set-off is rarely unique. In a round each arc gets the cost `-2**32 + h`, where h is 20
bits of a hash over the round's salt and the two names: the total stays the largest possible, and
the least sum of `h * flow` decides between equals. `is_unique` proves that nothing is left to
choose; where a choice is left, the next salt is tried. Source: shared design,
federation.md 2.4 and clearing.md 3; spec 0013.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from federation.library import Amounts
from federation.network import Network
from federation.obligations import Graph, Name
from federation.optimality import potentials, verify_optimal
from federation.set_off import solve
from federation.uniqueness import leaves_no_choice
from federation.weights import tie_suffixes
from protocol.errors import ProofError

UNIT_COST = -(2**32)
"""Cost of one cancelled unit before the hash is added: each one is worth about 2**32."""

HASH_BITS = 20
"""Bits of the hash that enter a cost."""

MAX_MEMBERS = 4096
"""A way around in the residual graph has at most this many arcs: 4096 * 2**20 = 2**32, so that
all hashes together never outweigh one cancelled unit."""

SALT_BYTES = 32
"""Length of a round's salt."""

SALTS_MAX = 16
"""Salts tried before we call it our own fault: each fails less than once in a hundred."""

# Spec 0013: The domain MUST be the 13 bytes `ronde/tie/v1` and 00.
_TIE_DOMAIN = b"ronde/tie/v1\0"
_NEXT_DOMAIN = b"ronde/tie-next/v1\0"


def _sized(name: str | bytes) -> bytes:
    """Return the bytes of a name behind their length, so that two names never run together."""
    raw = name.encode() if isinstance(name, str) else name
    # Spec 0013: Each name MUST be preceded by its length in bytes, 2 bytes, high byte first.
    return len(raw).to_bytes(2, "big") + raw


def tie_hash(salt: bytes, debtor: Name, creditor: Name) -> int:
    """Hash a pair of members under the salt of a round.

    Args:
        salt: 32 bytes, fixed by the round's certified input.
        debtor: who owes, at most 65,535 bytes.
        creditor: who is owed, at most 65,535 bytes.

    Returns:
        A number of 20 bits.
    """
    assert len(salt) == SALT_BYTES, "a salt has 32 bytes"
    # Spec 0013: h MUST be the first 20 bits of the SHA-256 of domain, salt, debtor and creditor.
    digest = sha256(_TIE_DOMAIN + salt + _sized(debtor) + _sized(creditor)).digest()
    return int.from_bytes(digest[:3], "big") >> (24 - HASH_BITS)


def next_salt(salt: bytes) -> bytes:
    """Return the salt to try when the answer under `salt` is proven not to be unique.

    Args:
        salt: 32 bytes.

    Returns:
        32 bytes, the same for everybody.
    """
    # Spec 0013: The salt after s MUST be the SHA-256 of the 18 bytes `ronde/tie-next/v1` and 00,
    #   then s.
    return sha256(_NEXT_DOMAIN + salt).digest()


def tie_costs(graph: Graph[Name], salt: bytes) -> list[int]:
    """Return the cost of one unit on every arc of a round.

    Args:
        graph: at most `MAX_MEMBERS` members.
        salt: 32 bytes, fixed by the round's certified input.

    Returns:
        One negative whole number for each arc.
    """
    # Spec 0013: A graph of more than 4096 members MUST NOT be settled with tie-break costs.
    assert len(graph.names) <= MAX_MEMBERS, "too many members for these costs"
    return [UNIT_COST + tie_hash(salt, debtor, creditor) for debtor, creditor, _ in graph.debts()]


def is_unique(
    graph: Graph[Name], flow: Sequence[int], potentials: Sequence[int], costs: Sequence[int]
) -> bool:
    """Prove that no other set-off is as good, in a time linear in the arcs.

    Args:
        graph: the debts.
        flow: an optimum set-off, accepted by `verify_optimal` with the same other arguments.
        potentials: one for each member.
        costs: one for each arc.

    Returns:
        True when the optimum is unique for these costs.
    """
    rows = zip(graph.debtors, graph.creditors, graph.amounts, flow, costs, strict=True)
    face = (
        (debtor, creditor, cancelled > 0, cancelled < owed)
        for debtor, creditor, owed, cancelled, cost in rows
        if cost + potentials[creditor] == potentials[debtor]
    )
    return leaves_no_choice(len(graph.names), face)


@dataclass(frozen=True, slots=True)
class Answer:
    """The one set-off of a round, with its proof.

    Attributes:
        skipped: salts passed over because their optimum was not unique; nearly always 0.
        costs: one for each arc, under the salt that counts.
        flow: minor units cancelled, one for each arc.
        potentials: the proof, one for each member.
    """

    skipped: int
    costs: list[int]
    flow: list[int]
    potentials: list[int]


def unique_optimum(graph: Graph[Name], salt: bytes) -> Answer:
    """Compute the one set-off of a round.

    Args:
        graph: at most `MAX_MEMBERS` members.
        salt: 32 bytes, fixed by the round's certified input.

    Returns:
        The answer, checked; the same on every machine and from every right solver.

    Raises:
        ProofError: the solver was wrong.
    """
    # Spec 0013: A round MUST use the first salt under which the optimum is unique.
    skipped = 0
    while True:
        costs = tie_costs(graph, salt)
        flow = solve(graph, costs)
        proof = potentials(graph, flow, costs)
        verify_optimal(graph, flow, proof, costs)
        if is_unique(graph, flow, proof, costs):
            return Answer(skipped, costs, flow, proof)
        skipped += 1
        assert skipped < SALTS_MAX, "no salt made the optimum unique"
        salt = next_salt(salt)


def verify_answer(
    graph: Graph[Name], salt: bytes, skipped: int, flow: Sequence[int], proof: Sequence[int]
) -> None:
    """Check the published set-off of a round in one pass over the arcs.

    Only when salts were passed over is anything searched for: that they deserved it.

    Args:
        graph: at most `MAX_MEMBERS` members.
        salt: 32 bytes, fixed by the round's certified input.
        skipped: how many salts the writer passed over.
        flow: minor units cancelled, one for each arc.
        proof: potentials, one for each member.

    Raises:
        ProofError: names what does not hold.
    """
    if not 0 <= skipped < SALTS_MAX:
        raise ProofError(f"{skipped} salts passed over")
    if skipped and unique_optimum(graph, salt).skipped != skipped:
        raise ProofError("this is not the first salt with a unique optimum")
    for _ in range(skipped):
        salt = next_salt(salt)
    costs = tie_costs(graph, salt)
    verify_optimal(graph, flow, proof, costs)
    if not is_unique(graph, flow, proof, costs):
        raise ProofError("under this salt the optimum is not unique")


def ties_of(network: Network, names: Sequence[Name], salt: bytes) -> Amounts:
    """Return the tie of every arc of a network: what `tie_hash` gives, for all arcs at once.

    Args:
        network: the debts; a member's number is its place in `names`.
        names: of the members, ascending.
        salt: 32 bytes.

    Returns:
        A number of 20 bits for each arc.
    """
    assert len(salt) == SALT_BYTES, "a salt has 32 bytes"
    sized = [_sized(name) for name in names]
    further = tie_suffixes(network)
    begun = sha256(_TIE_DOMAIN + salt)
    digests: list[bytes] = []
    last, debtor_begun = -1, begun
    for debtor, creditor in zip(network.debtors.tolist(), network.creditors.tolist(), strict=True):
        if debtor != last:
            last, debtor_begun = debtor, begun.copy()
            debtor_begun.update(sized[debtor])
        whole = debtor_begun.copy()
        whole.update(sized[creditor])
        if further:
            whole.update(further.get(len(digests), b""))
        digests.append(whole.digest()[:3])
    triples = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 3).astype(np.int64)
    first: Amounts = (triples[:, 0] << 16 | triples[:, 1] << 8 | triples[:, 2]) >> (24 - HASH_BITS)
    return first
