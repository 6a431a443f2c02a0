"""What an auditor has to say: one finding a broken invariant, with the record it stands in.

The codes are a closed list, spec 0015; the sentences that people read belong to the wallet.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Level(StrEnum):
    """How grave a finding is."""

    FAILURE = "failure"
    """An invariant does not hold: the audit fails."""
    NOTICE = "notice"
    """Late, or not shown to the auditor: nothing is proven wrong."""


class Code(StrEnum):
    """Which invariant does not hold; spec 0015 says what each one means."""

    FILE_MISSING = "file.missing"
    FILE_BROKEN = "file.broken"
    CHARTER_DIFFERS = "charter.differs"
    LOG_EMPTY = "log.empty"
    LOG_TWICE = "log.twice"
    ENTRY_ENCODING = "entry.encoding"
    ENTRY_SIGNATURE = "entry.signature"
    ENTRY_TIME = "entry.time"
    ENTRY_REFUSED = "entry.refused"
    ENTRY_REPLACED = "entry.replaced"
    BOOK_SUM = "book.sum"
    CHECKPOINT_BAD = "checkpoint.bad"
    CHECKPOINT_SIZE = "checkpoint.size"
    CHECKPOINT_ROOT = "checkpoint.root"
    LINE_UNLOGGED = "line.unlogged"
    LINE_DIFFERS = "line.differs"
    LINE_MISSING = "line.missing"
    LINE_LAG = "line.lag"
    MIRROR_ANSWER = "mirror.answer"
    MIRROR_WITHHELD = "mirror.withheld"
    MIRROR_BALANCE = "mirror.balance"
    MIRROR_KEYS = "mirror.keys"
    MIRROR_INVOICE = "mirror.invoice"
    MIRROR_LAG = "mirror.lag"
    MIRROR_ABSENT = "mirror.absent"
    MIRROR_SKIPPED = "mirror.skipped"
    RELAY_ANSWER = "relay.answer"
    RELAY_WITHHELD = "relay.withheld"
    RELAY_UNLOGGED = "relay.unlogged"
    RELAY_LAG = "relay.lag"
    DISCHARGE_OPTIMUM = "discharge.optimum"
    SETOFF_TWICE = "setoff.twice"
    SETOFF_MISSING = "setoff.missing"
    SETOFF_KEY = "setoff.key"
    SETOFF_LAG = "setoff.lag"
    KEY_UNKNOWN = "key.unknown"
    ROUND_PAPER = "round.paper"
    ROUND_KEY = "round.key"
    ROUND_CONVENING = "round.convening"
    ROUND_MANIFEST = "round.manifest"
    ROUND_QUORUM = "round.quorum"
    ROUND_POSITION = "round.position"
    ROUND_TWO_POSITIONS = "round.two_positions"
    ROUND_POSITION_DIFFERS = "round.position_differs"
    ROUND_BLIND = "round.blind"
    ROUND_OBLIGATIONS = "round.obligations"
    ROUND_SOLUTION = "round.solution"
    ROUND_FLOW = "round.flow"
    ROUND_CONSERVATION = "round.conservation"
    ROUND_OPTIMUM = "round.optimum"
    ROUND_TERMS = "round.terms"
    ROUND_CYCLE = "round.cycle"
    ROUND_EXCESS = "round.excess"
    ROUND_BALLOT = "round.ballot"
    ROUND_EDGE = "round.edge"
    ROUND_UNPLACED = "round.unplaced"
    ROUND_ABSENT = "round.absent"


# Spec 0015: Only these codes MUST have the level notice.
NOTICES: Final = frozenset(
    {
        Code.LINE_LAG,
        Code.MIRROR_LAG,
        Code.MIRROR_ABSENT,
        Code.MIRROR_SKIPPED,
        Code.RELAY_LAG,
        Code.SETOFF_LAG,
        Code.KEY_UNKNOWN,
        Code.ROUND_EDGE,
        Code.ROUND_UNPLACED,
        Code.ROUND_ABSENT,
    }
)


class Finding(msgspec.Struct, frozen=True):
    """One sentence of the report.

    Attributes:
        code: Which invariant.
        node: Name of the cooperative in whose papers it was found; empty for a round.
        record: Where: "entry 17", "checkpoint", "round ab12… flow 3", a file's name.
        fields: Named values of the sentence: texts, and whole numbers as they are.
    """

    code: Code
    node: str
    record: str
    fields: dict[str, str | int] = {}

    @property
    def level(self) -> Level:
        """Return how grave it is: the code alone decides."""
        return Level.NOTICE if self.code in NOTICES else Level.FAILURE


def short(identifier: bytes) -> str:
    """Return the first 8 hex digits of an identifier, for a person to compare."""
    return identifier[:4].hex()
