"""Convene a clearing round: gather positions, publish the optimum, collect consents and ballots.

Nobody in the middle: any node may convene, every member checks everything, each cycle commits on
its own, and a cycle without all its papers stays pending (spec 0014).
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from federation.obligations import Graph
from federation.panel import panel_of
from federation.round_obligations import check_owed
from federation.round_papers import manifest_quorum, round_graph
from node.clock import now_s
from node.desk import Desk, Route
from node.door import DoorBusy, Reply
from node.drivers.directory import Directory, explore
from node.drivers.participant import Participant, consents_of, merged_manifest
from node.drivers.round_terms import draft_solution, draft_terms
from node.errors import PeerError
from node.problems import problem
from node.public import CONTAINER_KIND, peer_url
from node.store.database import rows
from protocol.envelope import ENVELOPE, Opened, open_sealed, seal_opened
from protocol.errors import ProofError, ProtocolError
from protocol.kinds import TYPE_OF
from protocol.ledger.book import COOPERATIVE_SLOT
from protocol.ledger.set_offs import count_ballots, quorum, terms_id
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Manifest,
    Position,
    Solution,
)
from protocol.messages.wire import PAPERS, Papers
from protocol.shapes import Document

PENDING_EVERY_S: Final = 5
BUNDLE_BYTES_MAX: Final = 2_000_000
ANSWER_BYTES_MAX: Final = 7_000_000
PAPERS_MAX: Final = 100_000
D = TypeVar("D", bound=Document)


def _sealed(*groups: Sequence[Opened[Any]]) -> list[bytes]:
    return [one.sealed for group in groups for one in group]


def bundles(papers: Sequence[bytes], bytes_max: int) -> Iterator[list[bytes]]:
    """Yield papers in their order, as many at a time as a container takes, at least one."""
    group: list[bytes] = []
    size = 0
    for paper in papers:
        size += len(paper)
        if group and size > bytes_max:
            yield group
            group, size = [], len(paper)
        group.append(paper)
    if group:
        yield group


def _is_of_a_graph(position: Position, members: int) -> bool:
    try:
        check_owed(position, members)
    except ProofError:
        return False
    return True


class Round(msgspec.Struct):
    """What the convener has gathered so far; everything that it publishes is in here."""

    directory: Directory
    convening: Opened[Convening]
    keys: dict[bytes, bytes]
    positions: list[Opened[Position]] = []
    manifest: Opened[Manifest] | None = None
    solution: Opened[Solution] | None = None
    terms: list[Opened[Any]] = []
    consents: list[Opened[Consent]] = []
    certificates: list[Opened[Certificate]] = []

    def opening(self) -> list[bytes]:
        """Return the papers that every request begins with."""
        return [self.convening.sealed, *self.directory.charters.values()]


class Convener:
    """Convenes rounds on demand or by the clock, and looks after pending cycles."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._participant = Participant(desk)
        self._settled: set[bytes] = set()
        self._busy = asyncio.Lock()

    def routes(self) -> dict[tuple[str, str], Route]:
        """Return what is asked of a convener, and what it publishes."""
        return {
            ("ROUND", ""): self.convene,
            ("GET", "/rounds"): self.show_rounds,
            ("GET", "/rounds/*"): self.show_round,
        } | self._participant.routes()

    async def run(self) -> None:
        """Convene by the clock when the settings say so; fetch what pending cycles lack."""
        every_s = self._desk.settings.round_every_s
        next_round = now_s() + every_s
        while True:
            await asyncio.sleep(PENDING_EVERY_S)
            try:
                await self._look_after_pending()
                if every_s and now_s() >= next_round:
                    next_round = now_s() + every_s
                    await self.convene(self._desk, {}, b"")
            except DoorBusy:
                # The members' own documents come first; pending cycles are looked after later.
                continue

    async def convene(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Run one round to its end and return its papers."""
        if self._busy.locked():
            return problem("conflict", "a round is under way")
        async with self._busy:
            try:
                return await self._convene()
            except (PeerError, ProtocolError) as error:
                return problem("peer", str(error))

    async def _convene(self) -> Reply:
        directory = await explore(self._desk)
        if len(directory.urls) < 2:
            return problem("conflict", "no other cooperative answers")
        current = self._open(directory)
        await self._gather_positions(current)
        await self._certify_manifest(current)
        assert current.manifest is not None
        graph = round_graph(current.manifest.document, [one.document for one in current.positions])
        if graph.amounts:
            self._solve(current, graph)
            if current.terms:
                await self._collect_consents(current)
                await self._collect_ballots(current)
                await self._deliver(current)
        papers = [*current.opening(), *(one.sealed for one in current.positions)]
        papers.append(current.manifest.sealed)
        if current.solution is not None:
            papers.append(current.solution.sealed)
        papers += _sealed(current.terms)
        # What has no room here is shown by every member of the round.
        room = ANSWER_BYTES_MAX - sum(map(len, papers))
        papers += next(bundles(_sealed(current.certificates), room), [])
        return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers(papers)))

    def _open(self, directory: Directory) -> Round:
        book = self._desk.ledger.book
        members = sorted(directory.urls)
        at = now_s()
        convening = Convening(
            by=book.cooperative,
            exp=at + self._desk.settings.round_deadline_s,
            iat=at,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            members=members,
            net=book.net,
            panel=panel_of(members, book.net),
            seq=self._desk.ledger.tree.size,
        )
        opened = seal_opened(convening, self._desk.ledger.keys.document)
        keys = {}
        for sealed in directory.charters.values():
            charter = open_sealed(sealed, Charter)
            keys[charter.id] = charter.document.keys[0]
        return Round(directory, opened, keys)

    async def _ask(
        self, current: Round, member: bytes, step: str, papers: list[bytes], struct: type[D]
    ) -> list[Opened[D]]:
        """Send papers to one member, or to ourselves, and return those that it signed in answer.

        What does not hold is left out: one member's nonsense must not end the round of the others.
        """
        body = PAPERS.encode(Papers(papers))
        try:
            if member == self._desk.ledger.book.cooperative:
                route = self._participant.routes()["POST", f"/rounds/{step}"]
                answer = (await route(self._desk, {}, body)).body
            else:
                url = current.directory.urls[member]
                answer = await self._desk.peers.request("POST", f"{url}/rounds/{step}", body)
            found = [open_sealed(paper, struct) for paper in PAPERS.decode(answer).papers]
        except (PeerError, ProtocolError):
            return []
        return [one for one in found if current.keys[member] in one.signers]

    async def _ask_all(
        self, current: Round, members: list[bytes], step: str, papers: list[bytes], kind: type[D]
    ) -> list[Opened[D]]:
        answers = await asyncio.gather(
            *(self._ask(current, member, step, papers, kind) for member in members)
        )
        return [paper for answer in answers for paper in answer]

    async def _gather_positions(self, current: Round) -> None:
        convening = current.convening
        answers = await self._ask_all(
            current, convening.document.members, "convening", current.opening(), Position
        )
        positions = {
            one.document.by: one
            for one in answers
            if one.signers == (current.keys.get(one.document.by),)
            and one.document.round == convening.id
            and _is_of_a_graph(one.document, len(convening.document.members))
        }
        current.positions = [positions[member] for member in sorted(positions)]

    async def _certify_manifest(self, current: Round) -> None:
        book = self._desk.ledger.book
        convening = current.convening
        draft = Manifest(
            by=book.cooperative,
            exp=convening.document.exp,
            iat=now_s(),
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            members=[one.document.by for one in current.positions],
            net=book.net,
            papers=[one.id for one in current.positions],
            round=convening.id,
            seq=1,
        )
        own = seal_opened(draft, self._desk.ledger.keys.document)
        papers = [*current.opening(), own.sealed, *(one.sealed for one in current.positions)]
        panel = convening.document.panel
        signed = await self._ask_all(current, panel, "manifest", papers, Manifest)
        manifest = merged_manifest([own.sealed, *_sealed([o for o in signed if o.id == own.id])])
        seats = {current.keys[member] for member in panel}
        if sum(key in seats for key in manifest.signers) < manifest_quorum(convening.document):
            raise PeerError("the panel did not sign the manifest")
        current.manifest = manifest

    def _solve(self, current: Round, graph: Graph[bytes]) -> None:
        ledger = self._desk.ledger
        manifest, convening = current.manifest, current.convening.document
        assert manifest is not None
        current.solution, answer = draft_solution(ledger, convening, manifest, graph)
        positions = [one.document for one in current.positions]
        current.terms = draft_terms(
            ledger, convening, current.solution, positions, graph, answer.flow, current.keys
        )

    async def _collect_consents(self, current: Round) -> None:
        assert current.manifest is not None
        assert current.solution is not None
        papers = [
            *current.opening(),
            current.manifest.sealed,
            current.solution.sealed,
            *_sealed(current.positions, current.terms),
        ]
        answers = await self._ask_all(
            current, current.manifest.document.members, "solution", papers, Consent
        )
        current.consents = [
            one for one in answers if one.signers == (current.keys.get(one.document.by),)
        ]

    async def _collect_ballots(self, current: Round) -> None:
        ready = [
            terms
            for terms in current.terms
            if consents_of(terms.document, terms.id, current.consents) is not None
        ]
        if not ready:
            return
        panel = current.convening.document.panel
        papers = [*current.opening(), *_sealed(ready, current.consents)]
        ballots = await self._ask_all(current, panel, "consents", papers, Ballot)
        book = self._desk.ledger.book
        for terms in ready:
            consents = consents_of(terms.document, terms.id, current.consents)
            # One ballot a witness: a certificate has no room for more.
            chosen = {one.document.by: one for one in ballots if terms.id in one.document.txs}
            voting = [one.sealed for one in chosen.values()]
            if consents is None or (
                count_ballots(terms.document, terms.id, voting) < quorum(len(panel))
            ):
                continue
            certificate = Certificate(
                ballots=voting,
                by=book.cooperative,
                consents=consents,
                exp=terms.document.exp,
                iat=now_s(),
                kev=book.accounts.kev[COOPERATIVE_SLOT],
                net=book.net,
                seq=terms.document.seq,
                terms=ENVELOPE.decode(terms.sealed).p,
            )
            current.certificates.append(seal_opened(certificate, self._desk.ledger.keys.document))

    async def _deliver(self, current: Round) -> None:
        assert current.manifest is not None
        for certificate in current.certificates:
            await self._participant.keep("certificate", current.manifest.id, certificate)
        members = current.manifest.document.members
        for papers in bundles(_sealed(current.certificates), BUNDLE_BYTES_MAX):
            await self._ask_all(current, members, "certificates", papers, Certificate)

    async def _look_after_pending(self) -> None:
        """Ask the neighbours for certificates of cycles to which we consented."""
        book = self._desk.ledger.book
        if not (book.head.shares or book.head.parts):
            return
        rounds = rows(
            self._desk.ledger.reader, "SELECT DISTINCT round FROM papers WHERE kind='consent'"
        )
        for (round_id,) in rounds:
            if round_id in self._settled or not self._participant.is_pending(round_id):
                self._settled.add(round_id)
                continue
            for state in list(book.head.correspondents.values()):
                if book.head.shares or book.head.parts:
                    await self._fetch_certificates(state.cooperative, round_id)

    async def _fetch_certificates(self, cooperative: bytes, round_id: bytes) -> None:
        url = peer_url(self._desk, cooperative)
        if url is None:
            return
        first = 0
        while True:
            asked = f"{url}/rounds/{round_id.hex()}?first={first}"
            try:
                papers = PAPERS.decode(await self._desk.peers.request("GET", asked)).papers
            except (PeerError, ProtocolError):
                return
            for paper in papers:
                await self._take_if_certificate(paper)
            first += len(papers)
            if not papers or first > PAPERS_MAX:
                return

    async def _take_if_certificate(self, paper: bytes) -> None:
        try:
            if ENVELOPE.decode(paper).t == TYPE_OF[Certificate]:
                opened = open_sealed(paper, Certificate)
                if self._participant.is_reserved(terms_id(opened.document.terms)):
                    await self._participant.take_certificate(opened)
        except ProtocolError:
            # One paper that does not hold must not keep the others from us.
            return

    async def show_rounds(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Return the manifests of the rounds that this node took part in."""
        found = rows(
            desk.ledger.reader,
            "SELECT DISTINCT round FROM papers WHERE kind IN ('paper', 'certificate')",
        )
        papers = []
        for (round_id,) in found:
            manifest = rows(
                desk.ledger.reader,
                "SELECT sealed FROM papers WHERE round=? AND kind='paper' AND id=?",
                (round_id, round_id),
            )
            papers += [row[0] for row in manifest]
        return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers(papers)))

    async def show_round(self, desk: Desk, query: dict[str, str], body: bytes) -> Reply:
        """Return the papers of a round that this node keeps, after the first ones, until full."""
        digits, first = query[""], query.get("first", "0")
        try:
            round_id = bytes.fromhex(digits)
        except ValueError:
            return problem("not-found", "a round is named by 64 hexadecimal digits")
        if not (first.isascii() and first.isdigit()) or len(first) > 9:
            return problem("not-found", "first is a number of papers")
        found = rows(
            desk.ledger.reader,
            "SELECT sealed FROM papers WHERE round=? ORDER BY kind, id LIMIT -1 OFFSET ?",
            (round_id, int(first)),
        )
        if not found and first == "0":
            return problem("not-found", "no such round here")
        shown = next(bundles([row[0] for row in found], ANSWER_BYTES_MAX), [])
        return Reply(200, CONTAINER_KIND, PAPERS.encode(Papers(shown)))
