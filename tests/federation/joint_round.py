"""A whole round of two cooperatives with lines and invoices, and everything that it leaves.

done = JointRound(JointFair())
done.commit()
report, codes = done.audit()
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from federation.findings import Code
from federation.joint_audit import secrets_by_blind
from federation.joint_cycles import Frame, pieces, terms_of
from federation.ledger_audit import audit_log
from federation.log_report import LogReport, edges_of
from federation.mirrors import check_pairs, check_set_offs, key_ring
from federation.relay_mirrors import check_relays
from federation.round_audit import check_round
from federation.round_obligations import claims_of, owed_of
from federation.round_papers import round_graph
from federation.round_report import RoundReport, open_papers, sizes_of
from federation.tie_break import unique_optimum
from protocol.blinding import blind_of
from protocol.envelope import document_id, seal
from protocol.kinds import SHAPES, TYPE_OF
from protocol.ledger.joint_set_offs import part_of
from protocol.ledger.set_offs import Terms, members_of, share_of
from protocol.messages.joint import JointSetOff
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Flow,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from protocol.signatures import public_key_of
from tests.protocol.fair import Fair
from tests.protocol.town import DATED, Cooperative

Twist = Callable[[Position], Position]


class JointRound:
    """The papers of one round, from the books of a fair as they are.

    Args:
        fair: Two cooperatives.
        twist: Changes each position before it is signed.
        less: Leaves the solution empty.
    """

    def __init__(self, fair: Fair, twist: Twist | None = None, *, less: bool = False) -> None:
        self.homes = sorted((fair.here, fair.there), key=lambda home: home.id)
        self.ids = [home.id for home in self.homes]
        self.keys = {home.id: public_key_of(home.node[0]) for home in self.homes}
        first = self.homes[0]
        base: dict[str, Any] = {"by": first.id, "kev": 0, **DATED}
        self.convening = Convening(members=self.ids, panel=self.ids, seq=1, **base)
        self.secrets = [document_id(replace(self.convening, by=one)) for one in self.ids]
        pairs = zip(self.homes, self.secrets, strict=True)
        stated = [self._position(home, secret) for home, secret in pairs]
        self.positions = [twist(one) if twist else one for one in stated]
        self.manifest = Manifest(
            members=self.ids, papers=[document_id(one) for one in self.positions],
            round=document_id(self.convening), seq=1, **base,
        )  # fmt: skip
        self.id = document_id(self.manifest)
        self.graph = round_graph(self.manifest, self.positions)
        self.answer = unique_optimum(self.graph, self.id)
        place = {name: at for at, name in enumerate(self.graph.names)}
        flow = [0] * len(self.graph.amounts) if less else self.answer.flow
        self.solution = Solution(
            flows=[Flow(a, place[c], place[d]) for d, c, a in self.graph.debts(flow)],
            pots=self.answer.potentials, round=self.id, seq=1, skip=self.answer.skipped, **base,
        )  # fmt: skip
        frame = Frame(self.convening, self.id, self.keys, first.id, 0, DATED["iat"])
        cut = pieces(self.graph, self.answer.flow, self.positions)
        self.terms = [terms_of(piece, number, frame) for number, piece in enumerate(cut)]
        self.more: list[bytes] = []

    def _position(self, home: Cooperative, secret: bytes) -> Position:
        edges = edges_of(home.book)
        owed = owed_of(claims_of(home.book), secret, self.ids, self.convening.exp)
        return Position(
            blind=blind_of(secret) if owed else UNSET, by=home.id, kev=0, owed=owed or UNSET,
            edges=[edges[peer] for peer in sorted(edges)], round=document_id(self.convening),
            seq=len(home.log), **DATED,
        )  # fmt: skip

    def _seeds(self) -> list[bytes]:
        return [home.node[0] for home in self.homes]

    @property
    def papers(self) -> list[bytes]:
        """Return what the nodes publish, sealed."""
        first = self.homes[0].node
        stated = zip(self.homes, self.positions, strict=True)
        return [
            seal(self.convening, *first), *(seal(one, *home.node) for home, one in stated),
            seal(self.manifest, *self._seeds()), seal(self.solution, *first), *self.more,
        ]  # fmt: skip

    def consents(self, terms: Sequence[Terms] | None = None) -> dict[bytes, bytes]:
        """Return the sealed consent of each cooperative to all of some terms."""
        found = {}
        for home in self.homes:
            mine = [one for one in terms or self.terms if home.id in members_of(one)]
            shares = [share_of(t, document_id(t), home.id) for t in mine if isinstance(t, SetOff)]
            parts = [
                part_of(t, document_id(t), home.id) for t in mine if isinstance(t, JointSetOff)
            ]
            consent = Consent(
                by=home.id, kev=0, parts=parts or UNSET, round=self.id, seq=0, shares=shares,
                **DATED,
            )  # fmt: skip
            found[home.id] = seal(consent, *home.node)
        return found

    def commit(self, terms: Sequence[Terms] | None = None, late: bytes = b"") -> None:
        """Enter every consent and every certificate; one cooperative may be late with the last."""
        chosen = list(terms or self.terms)
        consents = self.consents(chosen)
        for home in self.homes:
            assert home.submit(consents[home.id]) is None
        txs = sorted(document_id(one) for one in chosen)
        ballots = [
            seal(Ballot(by=home.id, kev=0, round=self.id, seq=0, txs=txs, **DATED), *home.node)
            for home in self.homes
        ]
        for one in chosen:
            for home in self.homes:
                if home.id not in members_of(one) or home.id == late:
                    continue
                certificate = Certificate(
                    ballots=ballots, by=home.id, kev=0, seq=one.seq, **DATED,
                    consents=[consents[member] for member in members_of(one)],
                    terms=SHAPES[TYPE_OF[type(one)]].encode(one),
                )  # fmt: skip
                assert home.submit(seal(certificate, *home.node)) is None

    def logs(self) -> dict[bytes, LogReport]:
        """Replay both logs as an auditor does."""
        sizes = sizes_of([open_papers(self.id, [("node", one) for one in self.papers])])
        return {
            home.id: audit_log([(at, bytes(32), one) for at, one in home.log], sizes=sizes)
            for home in self.homes
        }

    def audit(self, secrets: Sequence[bytes] | None = None) -> tuple[RoundReport, list[Code]]:
        """Return the report of the round, and the codes of all findings of the audit."""
        logs = self.logs()
        ring = key_ring(logs.values())
        opened = open_papers(self.id, [("node", one) for one in self.papers])
        known = secrets_by_blind(self.secrets if secrets is None else secrets)
        report = check_round(opened, logs, ring, known)
        findings = [one for log in logs.values() for one in log.findings] + report.findings
        findings += check_pairs(logs) + check_relays(logs) + check_set_offs(logs, ring)
        return report, [finding.code for finding in findings]
