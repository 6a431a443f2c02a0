"""The witness panel of a round: drawn by hash, so that no convener chooses it (spec 0014)."""

from collections.abc import Collection
from hashlib import sha256

SEATS_SMALL = 4
SEATS_MEDIUM = 7
SEATS_LARGE = 10


def seats(members: int) -> int:
    """Return the size of the panel for a number of cooperatives: 3f + 1, or all of up to 3."""
    if members <= SEATS_SMALL:
        return members
    if members <= 10:
        return SEATS_SMALL
    return SEATS_MEDIUM if members <= 100 else SEATS_LARGE


def panel_of(members: Collection[bytes], net: bytes) -> list[bytes]:
    """Return the panel of a round.

    Args:
        members: The cooperatives of the round, 32 bytes each, at least 2.
        net: The federation's network, 32 bytes.

    Returns:
        The witnesses, strictly increasing: those whose hash with the network is smallest.

    Source:
        Spec 0014; federation.md §2.5 for the sizes.
    """
    drawn = sorted(members, key=lambda member: sha256(b"ronde/panel/v1\0" + net + member).digest())
    return sorted(drawn[: seats(len(drawn))])
