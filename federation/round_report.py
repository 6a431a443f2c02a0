"""The opened papers of a clearing round, and what an auditor says of them (spec 0015)."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from federation.findings import Code, Finding, Level, short
from protocol.envelope import Opened, open_any
from protocol.errors import ProtocolError
from protocol.kinds import TYPE_OF
from protocol.messages.decisions import Charter
from protocol.messages.joint import JointSetOff
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from protocol.shapes import Document

_KINDS: Final[tuple[type[Document], ...]] = (
    Ballot, Certificate, Charter, Consent, Convening, JointSetOff, Manifest, Position, SetOff,
    Solution,
)  # fmt: skip
_ALLOWED: Final = frozenset(TYPE_OF[kind] for kind in _KINDS)


class RoundPapers(msgspec.Struct):
    """The papers of one round whose signatures hold.

    Attributes:
        id: Identifier of the manifest, 32 bytes.
        opened: Each paper once, with the node that showed it first.
        signatures: How many signatures were verified.
        findings: Papers that do not hold.
    """

    id: bytes
    opened: list[tuple[str, Opened[Any]]] = []
    signatures: int = 0
    findings: list[Finding] = []

    def of(self, kind: type[Document]) -> list[Opened[Any]]:
        """Return the papers of one kind, in the order in which they came."""
        return [paper for _, paper in self.opened if type(paper.document) is kind]


class RoundReport(msgspec.Struct):
    """What an auditor says of one round.

    Attributes:
        id: Identifier of the manifest, 32 bytes.
        members: Cooperatives that stated a position.
        gross: Debts that both sides stated alike, minor units.
        cleared: What the solution sets off, minor units.
        certified: What the certificates in the logs have set off, minor units.
        cycles: How many certified cycles stand in the logs.
        findings: In the order of the checks.
    """

    id: bytes
    members: int = 0
    gross: int = 0
    cleared: int = 0
    certified: int = 0
    cycles: int = 0
    findings: list[Finding] = []

    @property
    def is_sound(self) -> bool:
        """Whether no invariant of the round is broken."""
        return not any(finding.level is Level.FAILURE for finding in self.findings)

    def find(self, code: Code, place: str = "", node: str = "", **fields: str | int) -> None:
        """Add a finding of this round."""
        record = f"round {short(self.id)} {place}".rstrip()
        self.findings.append(Finding(code, node, record, fields))


def open_papers(round_id: bytes, papers: Iterable[tuple[str, bytes]]) -> RoundPapers:
    """Verify the papers of a round.

    Args:
        round_id: Identifier of the manifest under which they were published.
        papers: Name of the node that showed it, and the sealed paper.
    """
    found = RoundPapers(round_id)
    seen: dict[bytes, None] = {}
    for number, (node, sealed) in enumerate(papers):
        if sealed in seen:
            continue
        seen[sealed] = None
        try:
            paper = open_any(sealed, _ALLOWED)
        except ProtocolError as error:
            # Spec 0015: The reader MUST refuse a published paper whose signatures do not hold.
            record = f"round {short(round_id)} paper {number}"
            found.findings.append(Finding(Code.ROUND_PAPER, node, record, {"reason": str(error)}))
            continue
        found.signatures += len(paper.signers)
        found.opened.append((node, paper))
    return found


def sizes_of(rounds: Iterable[RoundPapers]) -> dict[bytes, list[int]]:
    """Return the sizes of each log at which its cooperative stated a position."""
    sizes: dict[bytes, list[int]] = {}
    for papers in rounds:
        for opened in papers.of(Position):
            sizes.setdefault(opened.document.by, []).append(opened.document.seq)
    return sizes
