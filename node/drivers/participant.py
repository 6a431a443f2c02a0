"""Our part in a clearing round that anybody convened: position, consent, witness's ballot, entry.

Every paper is kept, durably, before it is sent; asked again, the same paper is sent again.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from federation.obligations import Graph
from federation.round_papers import (
    check_convening,
    check_manifest,
    check_solution,
    check_terms,
    keys_of,
    manifest_quorum,
    round_graph,
)
from node.clock import now_s
from node.desk import Desk, Route
from node.door import Reply
from node.drivers.round_drafts import (
    draft_consents,
    own_ballot,
    own_certificate,
    own_position,
)
from node.ledger import Item
from node.public import CONTAINER_KIND
from node.store.database import rows
from protocol.envelope import Opened, merge, open_any, open_sealed, seal_opened
from protocol.errors import ProofError
from protocol.kinds import TYPE_OF
from protocol.ledger.refusals import Refusal
from protocol.ledger.set_offs import check_certificate, check_consents, terms_id
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Certificate,
    Consent,
    Convening,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from protocol.messages.wire import PAPERS, Papers
from protocol.shapes import Document

_ROUND_TYPES: Final = frozenset(
    TYPE_OF[struct]
    for struct in (Charter, Convening, Position, Manifest, Solution, SetOff, Consent, Certificate)
)
SKEW_S: Final = 300
D = TypeVar("D", bound=Document)


class Bundle:
    """The sealed papers of one request, opened and sorted by type."""

    def __init__(self, body: bytes) -> None:
        self.opened = [open_any(sealed, _ROUND_TYPES) for sealed in PAPERS.decode(body).papers]

    def all(self, struct: type[D]) -> list[Opened[D]]:
        """Return the papers of a type, in the order in which they came."""
        return [one for one in self.opened if isinstance(one.document, struct)]

    def one(self, struct: type[D]) -> Opened[D]:
        """Return the only paper of a type.

        Raises:
            ProofError: there is none, or several.
        """
        found = self.all(struct)
        if len(found) != 1:
            raise ProofError(f"{len(found)} papers of type {struct.__name__}, not one")
        return found[0]


class Participant:
    """Answers the convener of a round, as a member and as a witness."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> dict[tuple[str, str], Route]:
        """Return what a convener may send."""
        return {
            ("POST", "/rounds/convening"): self.state_position,
            ("POST", "/rounds/manifest"): self.sign_manifest,
            ("POST", "/rounds/solution"): self.consent,
            ("POST", "/rounds/consents"): self.cast_ballot,
            ("POST", "/rounds/certificates"): self.take_certificates,
        }

    async def keep(self, kind: str, round_id: bytes, opened: Opened[Any]) -> None:
        """Keep a paper of a round; it is durable when this returns."""
        await self._desk.sequencer.keep(
            "INSERT OR IGNORE INTO papers VALUES (?,?,?,?)",
            opened.id,
            round_id,
            kind,
            opened.sealed,
        )

    def kept(self, kind: str, round_id: bytes) -> list[bytes]:
        """Return our kept papers of a kind in a round."""
        found = rows(
            self._desk.ledger.connection,
            "SELECT sealed FROM papers WHERE round=? AND kind=?",
            (round_id, kind),
        )
        return [row[0] for row in found]

    async def _once(
        self, kind: str, round_id: bytes, write: Callable[[], Opened[Any]]
    ) -> bytes:
        """Return our one paper of a kind in a round, written and kept at the first asking."""
        known = self.kept(kind, round_id)
        if not known:
            await self.keep(kind, round_id, write())
            known = self.kept(kind, round_id)
        return known[0]

    def _opening(self, bundle: Bundle) -> tuple[Opened[Convening], dict[bytes, bytes]]:
        book = self._desk.ledger.book
        convening = bundle.one(Convening)
        keys = keys_of([one.sealed for one in bundle.all(Charter)], book.net)
        check_convening(convening, keys)
        if convening.document.net != book.net or book.cooperative not in keys:
            raise ProofError("a round of another network, or without us")
        if convening.document.iat > now_s() + SKEW_S:
            raise ProofError("the round is dated in the future")
        return convening, keys

    async def state_position(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """State what we owe and are owed, once a round."""
        convening, _ = self._opening(Bundle(body))
        if convening.document.exp < now_s():
            raise ProofError("the round is over")
        await self.keep("convening", convening.id, convening)
        position = await self._once(
            "position", convening.id, lambda: own_position(desk.ledger, convening)
        )
        return _papers([position])

    def _manifest(
        self, bundle: Bundle, ballots: Callable[[Convening], int]
    ) -> tuple[Opened[Convening], Opened[Manifest], Graph[bytes], dict[bytes, bytes]]:
        convening, keys = self._opening(bundle)
        manifest = bundle.one(Manifest)
        positions = bundle.all(Position)
        check_manifest(manifest, convening, positions, keys, ballots(convening.document))
        graph = round_graph(manifest.document, [position.document for position in positions])
        return convening, manifest, graph, keys

    async def sign_manifest(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """As a witness, sign one manifest an attempt, ever."""
        convening, manifest, _, _ = self._manifest(Bundle(body), lambda _: 0)
        if desk.ledger.book.cooperative not in convening.document.panel:
            raise ProofError("we have no seat in this panel")
        kind = f"vote {manifest.document.seq}"
        signed = await self._once(
            kind,
            convening.id,
            lambda: seal_opened(manifest.document, desk.ledger.keys.document),
        )
        if open_sealed(signed, Manifest).id != manifest.id:
            raise ProofError("another manifest of this attempt was signed before")
        return _papers([signed])

    async def consent(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Check the solution whole, then consent to our cycles, as far as the book allows."""
        bundle = Bundle(body)
        convening, manifest, graph, keys = self._manifest(bundle, manifest_quorum)
        solution = bundle.one(Solution)
        terms = bundle.all(SetOff)
        flow = check_solution(solution, manifest, graph, keys)
        check_terms(
            [one.document for one in terms], convening.document, manifest, graph, flow, keys
        )
        known = self.kept("consent", manifest.id)
        if not known:
            if convening.document.exp < now_s():
                raise ProofError("the round is over")
            for paper in bundle.opened:
                await self.keep("paper", manifest.id, paper)
            known = await self._enter_consents(manifest, convening, terms)
        return _papers(known)

    async def _enter_consents(
        self,
        manifest: Opened[Manifest],
        convening: Opened[Convening],
        terms: list[Opened[SetOff]],
    ) -> list[bytes]:
        ledger = self._desk.ledger
        ours = [one for one in terms if ledger.book.cooperative in one.document.cycle]
        makers = draft_consents(ledger, manifest.id, convening.document.exp, ours)
        items = [Item(None, None, make) for make in makers]
        if items:
            await self._desk.sequencer.submit(items)
        entered = [item.opened for item in items if item.place >= 0 and item.opened is not None]
        for opened in entered:
            await self.keep("consent", manifest.id, opened)
        return [opened.sealed for opened in entered]

    async def cast_ballot(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """As a witness, vote for the cycles to which every member consented, before the deadline."""
        bundle = Bundle(body)
        convening, keys = self._opening(bundle)
        if desk.ledger.book.cooperative not in convening.document.panel:
            raise ProofError("we have no seat in this panel")
        consents = {one.id: one for one in bundle.all(Consent)}
        voted: list[bytes] = []
        for terms in bundle.all(SetOff):
            document = terms.document
            if document.exp < now_s() or document.panel != convening.document.panel:
                continue
            if document.keys != [keys.get(member) for member in document.cycle]:
                raise ProofError("a set-off names another key than a member's own")
            chosen = consents_of(document, terms.id, list(consents.values()))
            if chosen is not None and check_consents(document, terms.id, chosen):
                voted.append(terms.id)
        if not voted:
            raise ProofError("no cycle carries every consent in time")
        round_id = bundle.all(SetOff)[0].document.round
        ballot = own_ballot(desk.ledger, round_id, convening.document.exp, voted)
        await self.keep("ballot", round_id, ballot)
        return _papers([ballot.sealed])

    async def take_certificates(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Enter certified cycles in our log; the answer names those that stand there now."""
        done = [
            one.sealed
            for one in Bundle(body).all(Certificate)
            if await self.take_certificate(one)
        ]
        return _papers(done)

    async def take_certificate(self, opened: Opened[Certificate]) -> bool:
        """Enter one certified cycle, whoever brought it; say whether it stands in our log."""
        ledger = self._desk.ledger
        terms, tx = check_certificate(opened.document)
        await self.keep("certificate", terms.round, opened)
        if tx not in ledger.book.head.shares:
            return ledger.book.cooperative not in terms.cycle or self._stands(tx)
        own = own_certificate(ledger, opened.document)
        verdict = await self._desk.sequencer.enter(own)
        await self.keep("entered", terms.round, own)
        return not isinstance(verdict, Refusal) or self._stands(tx)

    def _stands(self, tx: bytes) -> bool:
        round_papers = rows(
            self._desk.ledger.connection, "SELECT sealed FROM papers WHERE kind='entered'"
        )
        return any(
            terms_id(open_sealed(row[0], Certificate).document.terms) == tx for row in round_papers
        )


def consents_of(
    terms: SetOff, tx: bytes, consents: list[Opened[Consent]]
) -> list[bytes] | None:
    """Return the consent of each member of a cycle, in its order, or None when one is missing."""
    chosen = []
    for member in terms.cycle:
        found = [
            one.sealed
            for one in consents
            if one.document.by == member and any(share.tx == tx for share in one.document.shares)
        ]
        if not found:
            return None
        chosen.append(found[0])
    return chosen


def merged_manifest(drafts: list[bytes]) -> Opened[Manifest]:
    """Return one manifest with the signatures of all drafts of it."""
    return open_sealed(merge(*drafts), Manifest)


def _papers(papers: list[bytes]) -> Reply:
    return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers(papers)))
