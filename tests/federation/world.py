"""A small federation in memory, made by the pure code alone: every byte sealed, every log real.

    world = World("Bretagne", "Rhône", "Alsace", "Île-de-France")
    world.ring_of_lines()
    alice, bob = world["Bretagne"].admit("alice"), world["Rhône"].admit("bob")
    world.pay(alice, bob, 1_000)
    round = world.clear()

A node that lies is made with `Node.force`, which writes without asking the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from federation.cycles import Cycle, short_cycles
from federation.log_report import edges_of
from federation.panel import panel_of
from federation.round_papers import round_graph
from federation.tie_break import unique_optimum
from protocol.envelope import (
    document_id,
    merge,
    open_any,
    open_sealed,
    seal,
)
from protocol.kinds import LOGGED, SHAPES, TYPE_OF
from protocol.ledger.authority import next_key_digest
from protocol.ledger.book import Book
from protocol.ledger.correspondents import check_offer, offer_verdict
from protocol.ledger.decide import enter
from protocol.ledger.membership import found
from protocol.ledger.set_offs import quorum, share_of
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.log.leaves import entry_leaf
from protocol.log.tree import Tree
from protocol.messages.decisions import Admission, Charter, CreditLine, LimitChange
from protocol.messages.keyevents import Inception
from protocol.messages.orders import Leg, Order
from protocol.messages.peering import Answer, Offer
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

NET = sha256(b"network of the tests").digest()
START = 1_763_800_000
DAY = 86_400
UNIT = "UEB"


def secret(text: str) -> bytes:
    """Return 32 bytes that depend on a text alone."""
    return sha256(text.encode()).digest()


@dataclass
class Member:
    """A member: its account and its seed."""

    node: "Node"
    name: str
    account: bytes
    seed: bytes
    seq: int = 0


@dataclass
class Node:
    """A cooperative and its log.

    Attributes:
        records: (second, salt, sealed) of each entry.
        book: What the rules made of them.
    """

    world: "World"
    name: str
    key: bytes
    officer: bytes
    log_key: bytes
    id: bytes
    charter: bytes
    book: Book
    records: list[tuple[int, bytes, bytes]]
    seq: int = 0

    def enter(self, sealed: bytes) -> None:
        """Write an entry that the rules accept."""
        refusal = enter(self.book, open_any(sealed, LOGGED), self.world.now)
        assert refusal is None, refusal
        self.force(sealed)

    def force(self, sealed: bytes) -> None:
        """Write an entry without asking."""
        salt = secret(f"salt {self.name} {len(self.records)}")
        self.records.append((self.world.now, salt, sealed))

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def admit(self, name: str, limit: int = 100_000) -> Member:
        """Admit a member who may stand `limit` below and above zero."""
        seed = secret(f"member {name}@{self.name}")
        now = self.world.now
        inception = Inception(
            exp=now + DAY, iat=now, keys=[public_key_of(seed)], kev=0, net=NET,
            next=[next_key_digest(public_key_of(secret("next " + name)))], nonce=seed[:16],
            nthr=1, seq=0, thr=1,
        )  # fmt: skip
        admission = Admission(
            by=self.id, ceil=limit, climit=limit, event=seal(inception, seed), exp=now + DAY,
            iat=now, kev=0, net=NET, seq=self.next_seq(),
        )  # fmt: skip
        self.enter(seal(admission, self.officer))
        return Member(self, name, document_id(inception)[:16], seed)

    def limit_change(self, member: Member, limit: int, *seeds: bytes) -> bytes:
        """Return a sealed decision on both limits of a member; by our officer by default."""
        now = self.world.now
        change = LimitChange(
            acct=member.account, by=self.id, ceil=limit, climit=limit, exp=now + DAY, iat=now,
            kev=0, net=NET, seq=self.next_seq(),
        )  # fmt: skip
        return seal(change, *(seeds or (self.officer,)))

    def leaves(self) -> list[bytes]:
        return [entry_leaf(salt, at, sealed) for at, salt, sealed in self.records]

    def checkpoint(self) -> str:
        """Return the signed head of the log as it is."""
        tree = Tree()
        tree.extend(self.leaves())
        origin = self.book.head.charter.origin
        return sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), origin, self.log_key)


@dataclass
class Round:
    """The papers of one round; `sealed` is what the nodes publish."""

    id: bytes
    convening: bytes
    positions: list[bytes]
    manifest: bytes
    solution: bytes
    cycles: list[Cycle[bytes]]
    terms: list[SetOff] = field(default_factory=list)
    consents: dict[bytes, bytes] = field(default_factory=dict)
    ballots: list[bytes] = field(default_factory=list)

    @property
    def sealed(self) -> list[bytes]:
        return [
            self.convening,
            *self.positions,
            self.manifest,
            self.solution,
            *self.consents.values(),
            *self.ballots,
        ]


class World:
    """Some cooperatives and one clock."""

    def __init__(self, *names: str) -> None:
        self.now = START
        self.nodes = {name: self._found(name) for name in names}
        self.rounds: list[Round] = []

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def by_id(self, cooperative: bytes) -> Node:
        return next(node for node in self.nodes.values() if node.id == cooperative)

    def later(self, seconds: int) -> None:
        self.now += seconds

    def _found(self, name: str) -> Node:
        key, officer, log = (secret(f"{role} {name}") for role in ("node", "officer", "log"))
        charter = Charter(
            ceil=10**9, climit=10**9, dec=2, exp=self.now + DAY, iat=self.now, kev=0,
            keys=[public_key_of(key)], log=public_key_of(log), name=name, net=NET,
            next=[next_key_digest(public_key_of(secret("next " + name)))], nthr=1,
            officers=[public_key_of(officer)], origin=f"{key.hex()[:8]}/ledger", othr=1, seq=0,
            thr=1, unit=UNIT,
        )  # fmt: skip
        sealed = seal(charter, key)
        book = found(open_sealed(sealed, Charter), self.now)
        assert isinstance(book, Book)
        record = (self.now, secret("salt of " + name), sealed)
        return Node(self, name, key, officer, log, document_id(charter), sealed, book, [record])

    def line(self, one: str, other: str, limit: int = 500_000, version: int = 1) -> bytes:
        """Return the credit line of a pair, sealed by both, not entered anywhere."""
        first, second = sorted((self[one], self[other]), key=lambda node: node.id)
        line = CreditLine(
            a=first.id, achart=first.charter, alimit=limit, b=second.id, bchart=second.charter,
            blimit=limit, by=first.id, exp=self.now + DAY, iat=self.now, kev=0, net=NET,
            seq=version,
        )  # fmt: skip
        return seal(line, first.officer, second.officer)

    def open_line(self, one: str, other: str, limit: int = 500_000) -> None:
        sealed = self.line(one, other, limit)
        self[one].enter(sealed)
        self[other].enter(sealed)

    def ring_of_lines(self) -> None:
        names = list(self.nodes)
        for one, other in zip(names, names[1:] + names[:1], strict=True):
            self.open_line(one, other)

    def order(self, payer: Member, payee: Member, amount: int) -> bytes:
        """Return a sealed order, not entered anywhere."""
        payer.seq += 1
        foreign = {} if payer.node is payee.node else {"coop": payee.node.id}
        order = Order(
            by=payer.account, exp=self.now + DAY, home=payer.node.id, iat=self.now, kev=0,
            legs=[Leg(acct=payee.account, amt=amount, **foreign)], net=NET, seq=payer.seq,
            unit=UNIT,
        )  # fmt: skip
        return seal(order, payer.seed)

    def offer(self, order: bytes) -> bytes:
        """Return the offer for a held order."""
        opened = open_sealed(order, Order)
        document = opened.document
        leg = document.legs[0]
        node = self.by_id(document.home)
        assert isinstance(leg.coop, bytes)
        line = node.book.correspondent(leg.coop)
        assert line is not None
        offer = Offer(
            acct=leg.acct, amt=leg.amt, by=node.id, exp=self.now + DAY, iat=self.now, kev=0,
            net=NET, order=opened.id, prev=line[1].shead, seq=line[1].sent + 1, to=leg.coop,
            unit=UNIT,
        )  # fmt: skip
        return seal(offer, node.key)

    def answer(self, offer: bytes, why: int | None = None) -> bytes:
        """Return the payee's answer: the true verdict, or another one."""
        opened = open_sealed(offer, Offer)
        node = self.by_id(opened.document.to)
        if why is None:
            line = check_offer(node.book, opened)
            assert isinstance(line, tuple)
            why = int(offer_verdict(node.book, line[0], opened.document, self.now) or 0)
        answer = Answer(
            by=node.id, exp=self.now, iat=self.now, kev=0, net=NET, offer=offer,
            seq=opened.document.seq, why=why,
        )  # fmt: skip
        return seal(answer, node.key)

    def pay(self, payer: Member, payee: Member, amount: int) -> bytes:
        """Pay; between cooperatives the answer enters both logs. Returns the last entry's bytes."""
        order = self.order(payer, payee, amount)
        payer.node.enter(order)
        if payer.node is payee.node:
            return order
        answer = self.answer(self.offer(order))
        payee.node.enter(answer)
        payer.node.enter(answer)
        return answer

    def position(self, node: Node, convening: bytes, exp: int) -> Position:
        edges = edges_of(node.book)
        return Position(
            by=node.id, edges=[edges[peer] for peer in sorted(edges)], exp=exp, iat=self.now,
            kev=0, net=NET, round=convening, seq=len(node.records),
        )  # fmt: skip

    def convene(self, positions: Iterable[Position] = (), voters: int | None = None) -> Round:
        """State positions, seal the manifest and solve; `positions` replace some nodes' own."""
        nodes = sorted(self.nodes.values(), key=lambda node: node.id)
        ids, exp, leader = [node.id for node in nodes], self.now + 600, nodes[0]
        panel = panel_of(ids, NET)
        convening = Convening(
            by=leader.id, exp=exp, iat=self.now, kev=0, members=ids, net=NET, panel=panel,
            seq=len(self.rounds) + 1,
        )  # fmt: skip
        name = document_id(convening)
        stated = {node.id: self.position(node, name, exp) for node in nodes}
        stated |= {one.by: one for one in positions}
        papers = [document_id(stated[one]) for one in ids]
        manifest = Manifest(
            by=leader.id, exp=exp, iat=self.now, kev=0, members=ids, net=NET, papers=papers,
            round=name, seq=1,
        )  # fmt: skip
        graph = round_graph(manifest, [stated[one] for one in ids])
        best = unique_optimum(graph, document_id(manifest))
        place = {member: number for number, member in enumerate(ids)}
        solution = Solution(
            by=leader.id, exp=exp,
            flows=[Flow(a, place[c], place[d]) for d, c, a in graph.debts(best.flow)],
            iat=self.now, kev=0, net=NET, pots=best.potentials, round=document_id(manifest),
            seq=1, skip=best.skipped,
        )  # fmt: skip
        signers = [self.by_id(seat).key for seat in panel[:voters]]
        signers += [] if leader.key in signers else [leader.key]
        return Round(
            document_id(manifest),
            seal(convening, leader.key),
            [seal(stated[node.id], node.key) for node in nodes],
            seal(manifest, *signers),
            seal(solution, leader.key),
            short_cycles(graph, best.flow),
        )

    def sign_cycles(self, done: Round) -> None:
        """Write every member's consent into its log, and let the panel vote."""
        convening = open_sealed(done.convening, Convening).document
        leader = self.by_id(convening.by)
        for number, cycle in enumerate(done.cycles):
            terms = SetOff(
                amt=cycle.amount, by=leader.id, cycle=list(cycle.members), exp=convening.exp,
                iat=self.now, kev=0, keys=[self._key(one) for one in cycle.members], net=NET,
                panel=convening.panel, pkeys=[self._key(one) for one in convening.panel],
                round=done.id, seq=number,
            )  # fmt: skip
            done.terms.append(terms)
        txs = [document_id(terms) for terms in done.terms]
        pairs = list(zip(done.terms, txs, strict=True))
        for member in sorted({one for terms in done.terms for one in terms.cycle}):
            node = self.by_id(member)
            shares = [share_of(terms, tx, member) for terms, tx in pairs if member in terms.cycle]
            consent = Consent(
                by=member, exp=convening.exp, iat=self.now, kev=0, net=NET, round=done.id, seq=0,
                shares=shares,
            )  # fmt: skip
            done.consents[member] = seal(consent, node.key)
            node.enter(done.consents[member])
        for seat in convening.panel:
            ballot = Ballot(
                by=seat, exp=convening.exp, iat=self.now, kev=0, net=NET, round=done.id, seq=0,
                txs=sorted(txs),
            )  # fmt: skip
            done.ballots.append(seal(ballot, self.by_id(seat).key))

    def _key(self, cooperative: bytes) -> bytes:
        return public_key_of(self.by_id(cooperative).key)

    def certificate(self, done: Round, number: int, by: bytes, ballots: int | None = None) -> bytes:
        """Return the certificate of a cycle as one member enters it, with some of the ballots."""
        terms = done.terms[number]
        count = quorum(len(terms.panel)) if ballots is None else ballots
        certificate = Certificate(
            ballots=done.ballots[:count], by=by,
            consents=[done.consents[member] for member in terms.cycle], exp=terms.exp,
            iat=self.now, kev=0, net=NET, seq=terms.seq,
            terms=SHAPES[TYPE_OF[SetOff]].encode(terms),
        )  # fmt: skip
        return seal(certificate, self.by_id(by).key)

    def clear(self) -> Round:
        """Run a whole round: every cycle is certified in the logs of all its members."""
        done = self.convene()
        self.sign_cycles(done)
        for number, terms in enumerate(done.terms):
            for member in terms.cycle:
                self.by_id(member).enter(self.certificate(done, number, member))
        self.rounds.append(done)
        return done


__all__ = ["DAY", "NET", "START", "UNIT", "Member", "Node", "Round", "World", "merge", "secret"]
