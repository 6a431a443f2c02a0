"""Our part in a clearing round that anybody convened: position, consent, witness's ballot, entry.

Every paper is kept, durably, before it is sent; asked again, the same paper is sent again.
"""

import asyncio
from collections.abc import Callable, Iterable
from secrets import token_bytes
from typing import Any, Final, TypeVar

from msgspec import UNSET

from federation.joint_cycles import check_round_terms
from federation.obligations import Graph
from federation.round_papers import (
    check_convening,
    check_manifest,
    check_solution,
    keys_of,
    manifest_quorum,
    round_graph,
)
from node.clock import now_s
from node.desk import Desk, Route
from node.door import Reply
from node.drivers.round_drafts import (
    draft_consents,
    own_ballots,
    own_certificate,
    own_position,
)
from node.ledger import Item
from node.public import CONTAINER_KIND
from node.store.database import rows
from protocol.blinding import SECRET_BYTES
from protocol.envelope import (
    Opened,
    merge,
    open_any,
    open_sealed,
    reopen_verified,
    seal_opened,
)
from protocol.errors import ProofError
from protocol.kinds import TYPE_OF
from protocol.ledger.set_offs import (
    Terms,
    check_certificate,
    check_consents,
    members_of,
    terms_id,
)
from protocol.messages.decisions import Charter
from protocol.messages.joint import JointSetOff
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
    for struct in (
        Certificate, Charter, Consent, Convening, JointSetOff, Manifest, Position, SetOff, Solution,
    )
)  # fmt: skip
SKEW_S: Final = 300
D = TypeVar("D", bound=Document)


class Bundle:
    """The sealed papers of one request, opened and sorted by type."""

    def __init__(self, body: bytes) -> None:
        self.opened = [open_any(sealed, _ROUND_TYPES) for sealed in PAPERS.decode(body).papers]

    def all(self, struct: type[D]) -> list[Opened[D]]:
        """Return the papers of a type, in the order in which they came."""
        return [one for one in self.opened if isinstance(one.document, struct)]

    def terms(self) -> list[Opened[Any]]:
        """Return the terms of cycles, of lines alone or joint, in the order in which they came."""
        return [one for one in self.opened if isinstance(one.document, SetOff | JointSetOff)]

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
        # One request at a time: two at once would each find no paper of ours, and both write one.
        self._turn = asyncio.Lock()

    def routes(self) -> dict[tuple[str, str], Route]:
        """Return what a convener may send."""
        return {
            ("POST", "/rounds/convening"): self.state_position,
            ("POST", "/rounds/manifest"): self.sign_manifest,
            ("POST", "/rounds/solution"): self.consent,
            ("POST", "/rounds/consents"): self.cast_ballot,
            ("POST", "/rounds/certificates"): self.take_certificates,
        }

    async def keep(self, kind: str, round_id: bytes, *papers: Opened[Any]) -> None:
        """Keep papers of a round; they are durable when this returns."""
        sql = "INSERT OR IGNORE INTO papers VALUES (?,?,?,?)"
        keep = self._desk.sequencer.keep
        await asyncio.gather(*(keep(sql, one.id, round_id, kind, one.sealed) for one in papers))

    def kept(self, kind: str, round_id: bytes) -> list[bytes]:
        """Return our kept papers of a kind in a round."""
        found = rows(
            self._desk.ledger.reader,
            "SELECT sealed FROM papers WHERE round=? AND kind=?",
            (round_id, kind),
        )
        return [row[0] for row in found]

    async def _once(self, kind: str, round_id: bytes, write: Callable[[], Opened[Any]]) -> bytes:
        """Return our one paper of a kind in a round, written and kept at the first asking."""
        async with self._turn:
            known = self.kept(kind, round_id)
            if known:
                return known[0]
            opened = write()
            await self.keep(kind, round_id, opened)
            return opened.sealed

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
        secret = await self._secret(convening)

        def write() -> Opened[Position]:
            if convening.document.exp < now_s():
                raise ProofError("the round is over")
            return own_position(desk.ledger, convening, secret)

        return _papers([await self._once("position", convening.id, write)])

    async def _secret(self, convening: Opened[Convening]) -> bytes:
        """Return the secret of our position, durable; empty when it offers no obligations."""
        wanted = self._desk.settings.round_obligations and self._desk.ledger.book.head.invoices
        if not wanted or convening.document.exp < now_s():
            return b""
        kept = "SELECT secret FROM blinds WHERE round=?"
        found = rows(self._desk.ledger.reader, kept, (convening.id,))
        if not found:
            sql = "INSERT OR IGNORE INTO blinds VALUES (?,?)"
            # Spec 0018: The node MUST keep the secret of a position before it sends the position.
            await self._desk.sequencer.keep(sql, convening.id, token_bytes(SECRET_BYTES))
            # Asked twice at once, the first one's stands.
            found = rows(self._desk.ledger.reader, kept, (convening.id,))
        return bytes(found[0][0])

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
        convening, manifest, _, keys = self._manifest(Bundle(body), lambda _: 0)
        if keys[convening.document.by] not in manifest.signers:
            raise ProofError("the convener did not sign this manifest")
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
        terms = bundle.terms()
        flow = check_solution(solution, manifest, graph, keys)
        check_round_terms(
            [one.document for one in terms],
            convening.document,
            manifest,
            [one.document for one in bundle.all(Position)],
            graph,
            flow,
            keys,
        )
        async with self._turn:
            known = self.kept("consent", manifest.id)
            if not known:
                if convening.document.exp < now_s():
                    raise ProofError("the round is over")
                await self.keep("paper", manifest.id, *bundle.opened)
                await self._enter_consents(manifest, convening, terms)
                known = self.kept("consent", manifest.id)
        return _papers(known)

    async def _enter_consents(
        self,
        manifest: Opened[Manifest],
        convening: Opened[Convening],
        terms: list[Opened[Any]],
    ) -> None:
        ledger = self._desk.ledger
        own = ledger.book.cooperative
        ours = [one for one in terms if own in members_of(one.document)]
        makers = draft_consents(ledger, manifest.id, convening.document.exp, ours)
        items = [Item(None, None, make) for make in makers]
        if items:
            await self._desk.sequencer.submit(items)

    async def cast_ballot(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """As a witness, vote in time for the cycles to which every member consented."""
        bundle = Bundle(body)
        convening, keys = self._opening(bundle)
        if desk.ledger.book.cooperative not in convening.document.panel:
            raise ProofError("we have no seat in this panel")
        offered = bundle.terms()
        if len({terms.document.round for terms in offered}) != 1:
            raise ProofError("the cycles of one request belong to one round")
        round_id = offered[0].document.round
        async with self._turn:
            ballots = self._ballots(round_id, {terms.id for terms in offered})
            if not ballots:
                voted = self._worthy(bundle, convening, keys)
                written = own_ballots(desk.ledger, round_id, convening.document.exp, voted)
                await self.keep("ballot", round_id, *written)
                ballots = self.kept("ballot", round_id)
        return _papers(ballots)

    def _ballots(self, round_id: bytes, wanted: set[bytes]) -> list[bytes]:
        """Return our kept ballots of a round when they answer a whole request."""
        found = self.kept("ballot", round_id)
        voted = {tx for sealed in found for tx in reopen_verified(sealed).document.txs}
        return found if wanted <= voted else []

    def _worthy(
        self, bundle: Bundle, convening: Opened[Convening], keys: dict[bytes, bytes]
    ) -> list[bytes]:
        """Return the cycles that carry every consent in time.

        Raises:
            ProofError: there is none.
        """
        consents = bundle.all(Consent)
        voted: list[bytes] = []
        for terms in bundle.terms():
            document = terms.document
            if document.exp < now_s() or document.panel != convening.document.panel:
                continue
            if document.keys != [keys.get(member) for member in members_of(document)]:
                raise ProofError("a set-off names another key than a member's own")
            chosen = consents_of(document, terms.id, consents)
            if chosen is not None and check_consents(document, terms.id, chosen):
                voted.append(terms.id)
        if not voted:
            raise ProofError("no cycle carries every consent in time")
        return voted

    async def take_certificates(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Enter certified cycles in our log; the answer names those that stand there now."""
        done = [
            one.sealed for one in Bundle(body).all(Certificate) if await self.take_certificate(one)
        ]
        return _papers(done)

    async def take_certificate(self, opened: Opened[Certificate]) -> bool:
        """Enter one certified cycle, whoever brought it; say whether it stands in our log."""
        ledger = self._desk.ledger
        terms, tx = check_certificate(opened.document)
        async with self._turn:
            if not self.is_reserved(tx) and not self.kept("paper", terms.round):
                # A round that we know nothing of: anybody can make up such papers for ever.
                return False
            if not any(
                terms_id(reopen_verified(sealed).document.terms) == tx
                for sealed in self.kept("certificate", terms.round)
            ):
                await self.keep("certificate", terms.round, opened)
            if self.is_reserved(tx):
                await self._desk.sequencer.enter(own_certificate(ledger, opened.document))
        return ledger.book.cooperative not in members_of(terms) or self._stands(terms.round, tx)

    def is_reserved(self, tx: bytes) -> bool:
        """Say whether our book holds something for a cycle that is not certified here yet."""
        head = self._desk.ledger.book.head
        return tx in head.shares or tx in head.parts

    def _consented(self, round_id: bytes) -> set[bytes]:
        """Return the cycles of a round to which we consented."""
        consents = [reopen_verified(sealed).document for sealed in self.kept("consent", round_id)]
        return {tx for consent in consents for tx in named_by(consent)}

    def _stands(self, round_id: bytes, tx: bytes) -> bool:
        """Say whether a cycle is settled here: we consented, and nothing is reserved any more."""
        return not self.is_reserved(tx) and tx in self._consented(round_id)

    def is_pending(self, round_id: bytes) -> bool:
        """Say whether a cycle of this round still waits for its certificate here."""
        return any(self.is_reserved(tx) for tx in self._consented(round_id))


def named_by(consent: Consent) -> list[bytes]:
    """Return the cycles to which a consent consents."""
    parts = () if consent.parts is UNSET else consent.parts
    return [one.tx for one in (*consent.shares, *parts)]


def consents_of(terms: Terms, tx: bytes, consents: Iterable[Opened[Consent]]) -> list[bytes] | None:
    """Return the consent of each member of a cycle, in its order, or None when one is missing."""
    chosen: list[bytes] = []
    found = {one.document.by: one.sealed for one in consents if tx in named_by(one.document)}
    for member in members_of(terms):
        if member not in found:
            return None
        chosen.append(found[member])
    return chosen


def merged_manifest(drafts: list[bytes]) -> Opened[Manifest]:
    """Return one manifest with the signatures of all drafts of it."""
    return open_sealed(merge(*drafts), Manifest)


def _papers(papers: list[bytes]) -> Reply:
    return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers(papers)))
