"""The scrub: while the node answers, every document on its disk is hashed again, slowly.

A start replays trails over leaves and looks at few documents. Here each block of 256 documents must
give the leaves of the tree, whose root the node signed; a disk that changed one stops the node.
"""

import asyncio
from typing import Final

from node.ledger import Ledger
from protocol.log.tree import BLOCK_LEAVES

# A block takes about half a millisecond: half a per cent of a core, a million entries in 7 minutes.
PAUSE_S: Final = 0.1


async def scrub(ledger: Ledger, pause_s: float = PAUSE_S) -> None:
    """Hash again all full blocks of the log as it stands now, the newest first.

    Args:
        ledger: The ledger.
        pause_s: Seconds between two blocks.

    Raises:
        StoreError: a document was changed on the disk; the node must stop.
    """
    for number in range(ledger.tree.size // BLOCK_LEAVES - 1, -1, -1):
        ledger.scrub(number)
        await asyncio.sleep(pause_s)
