"""Cooperatives for tests that kill nodes: known keys, papers by hand, and what an auditor reads."""

import http.client
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli import keystore, papers
from cli.demo_ring import keep_office
from cli.main import main
from node.clock import now_s
from node.founding import found_cooperative, network_of
from protocol.envelope import Opened, document_id, open_sealed, reopen_verified, seal
from protocol.ledger.authority import next_key_digest
from protocol.log.leaves import entry_leaf
from protocol.log.receipts import Receipt, verify_receipt
from protocol.log.tree import Tree
from protocol.messages.decisions import Admission, Charter
from protocol.messages.orders import Leg, Order
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    BATCH,
    BATCH_MAX,
    BATCH_RESULT,
    OPENINGS,
    OUTCOME,
    PAPERS,
    SUBMISSION,
    AccountView,
    Batch,
    Opening,
    Submission,
    receipts,
)
from protocol.signatures import public_key_of
from tests.conformance.town import PHRASE, Node, Person, free_port

NETWORK = network_of("orage")
UNIT = "UEB"
LIMIT = 10**9
PATIENCE_S = 30
PROBLEM = "application/problem+json"


def seed_of(text: str) -> bytes:
    return sha256(f"ronde storm {text}".encode()).digest()


_WALLET = keystore.Seed(seed_of("auditor"), "fr")
AUDITOR = keystore.key_seed(_WALLET, 0)


class Lost(Exception):
    """The connection ended before the answer was here, or the node said: not now."""


@dataclass(frozen=True)
class Heard:
    """An answer."""

    status: int
    kind: str
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The problem that it tells of."""
        assert self.kind == PROBLEM, self
        found: dict[str, Any] = json.loads(self.body)
        return found


class Wire:
    """One connection to a node."""

    def __init__(self, port: int, patience_s: float = PATIENCE_S) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, patience_s)

    def call(self, method: str, path: str, body: bytes | None = None) -> Heard:
        try:
            self.connection.request(method, path, body)
            answer = self.connection.getresponse()
            return Heard(answer.status, answer.headers.get("Content-Type", ""), answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise Lost(repr(error)) from error

    def close(self) -> None:
        self.connection.close()


@dataclass
class Member:
    """Somebody with an account in a cooperative."""

    name: str
    seed: bytes
    account: bytes = b""
    seq: int = 0


@dataclass
class Place:
    """A cooperative: its node, its papers, and what an auditor has read of its log."""

    node: Node
    charter: Opened[Charter]
    officer: bytes
    members: list[Member] = field(default_factory=list)
    decisions: int = 0
    entries: list[Opening] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)
    balances: Counter[bytes] = field(default_factory=Counter)
    orders: dict[bytes, int] = field(default_factory=dict)

    @property
    def id(self) -> bytes:
        return self.charter.id

    def ask(self, method: str, path: str, body: bytes | None = None) -> Heard:
        wire = Wire(self.node.port)
        try:
            return wire.call(method, path, body)
        finally:
            wire.close()

    def right(self, method: str, path: str, body: bytes | None = None) -> bytes:
        heard = self.ask(method, path, body)
        assert heard.status == 200, heard
        return heard.body

    def question(self, seed: bytes, by: bytes, ask: papers.Ask, **more: Any) -> bytes:
        asked = papers.question(ask, by, self.id, NETWORK, now_s=now_s(), **more)
        return self.right("POST", "/questions", seal(asked, seed))

    def admit(self, count: int) -> None:
        """Admit so many members by decisions of the officer."""
        submissions = []
        for number in range(len(self.members), len(self.members) + count):
            seed = seed_of(f"{self.node.name} member {number}")
            following = next_key_digest(public_key_of(seed_of(f"{seed.hex()} next")))
            nonce = seed[:16]
            event = papers.inception(
                public_key_of(seed), following, NETWORK, now_s=now_s(), nonce=nonce
            )
            member = Member(f"m{number}", seed, document_id(event)[:16])
            self.members.append(member)
            self.decisions += 1
            decision = papers.admission(
                self.charter, seal(event, seed), credit_limit=LIMIT, ceiling=LIMIT,
                seq=self.decisions, now_s=now_s(),
            )  # fmt: skip
            submissions.append(Submission(doc=seal(decision, self.officer), name=member.name))
        assert all(isinstance(one, Receipt) for one in self.batch(submissions))

    def batch(self, submissions: Sequence[Submission]) -> list[Any]:
        """Send documents in batches and return what came for each."""
        found: list[Any] = []
        for first in range(0, len(submissions), BATCH_MAX):
            part = Batch(list(submissions[first : first + BATCH_MAX]))
            body = self.right("POST", "/documents/batch", BATCH.encode(part))
            found += receipts(BATCH_RESULT.decode(body))
        return found

    def enter(self, sealed: bytes) -> Receipt:
        """Enter one document, which must be taken."""
        body = self.right("POST", "/documents", SUBMISSION.encode(Submission(doc=sealed)))
        return msgspec.msgpack.decode(body, type=Receipt)

    def order(self, payer: Member, *legs: Leg, **changes: Any) -> Order:
        """Return the payer's next order."""
        payer.seq += 1
        written = papers.order(self.charter, payer.account, legs, seq=payer.seq, now_s=now_s())
        return msgspec.structs.replace(written, **changes)

    def read_on(self, first: int | None = None) -> list[Opening]:
        """Read the log as an auditor, from what was read before; entries must follow."""
        at = len(self.entries) if first is None else first
        found: list[Opening] = []
        while True:
            body = self.question(
                AUDITOR, public_key_of(AUDITOR), "openings", first=at + len(found), most=1_000
            )
            openings = OPENINGS.decode(body)
            found += openings.entries
            if at + len(found) >= openings.size or not openings.entries:
                break
        assert [one.idx for one in found] == list(range(at, at + len(found)))
        if first is None:
            for one in found:
                self.entries.append(one)
                self.reckon(one)
                self.tree.extend([entry_leaf(one.salt, one.at, one.sealed)])
                self.roots[self.tree.size] = self.tree.root()
        return found

    def verify(self, receipt: Receipt, sealed: bytes) -> None:
        """Verify a receipt, and hold it against the log that was read since."""
        charter = self.charter.document
        head = verify_receipt(receipt, sealed, charter.origin, charter.log)
        one = self.entries[receipt.idx]
        assert (one.sealed, one.at, one.salt) == (sealed, receipt.at, receipt.salt)
        # What was signed before the crash is a beginning of the log after it.
        assert self.roots[head.size] == head.root

    def view(self, member: Member) -> AccountView:
        return ACCOUNT_VIEW.decode(self.question(member.seed, member.account, "account"))

    def outcome(self, member: Member, order: bytes) -> str:
        return OUTCOME.decode(
            self.question(member.seed, member.account, "outcome", doc=order)
        ).state

    def reckon(self, one: Opening) -> None:
        """Book an entry, without the node's own code."""
        document = reopen_verified(one.sealed).document
        if isinstance(document, Admission):
            self.balances[reopen_verified(document.event).id[:16]] = 0
        if isinstance(document, Order):
            self.orders[one.sealed] = one.idx
            for leg in document.legs:
                self.balances[document.by] -= leg.amt
                self.balances[leg.acct if leg.coop is msgspec.UNSET else leg.coop] += leg.amt


def found(folder: Path, name: str, *, start: bool = True, **settings: int) -> Place:
    """Found a cooperative whose officer, members and auditor have keys known here."""
    node = Node(name, folder / name, free_port())
    officer = seed_of(f"{name} officer")
    found_cooperative(
        node.folder, name=name, url=node.url, unit=UNIT, decimals=2, credit_limit=LIMIT,
        ceiling=LIMIT, officers=[public_key_of(officer)], officers_needed=1, network=NETWORK,
        auditors=[public_key_of(AUDITOR)], now_s=now_s(),
    )  # fmt: skip
    path = node.folder / "node.toml"
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    path.write_text(lines + path.read_text(encoding="utf-8"), encoding="utf-8")
    node.start()
    wire = Wire(node.port)
    charter = open_sealed(wire.call("GET", "/charter").body, Charter)
    wire.close()
    if not start:
        node.stop()
    return Place(node, charter, officer)


def open_line(one: Place, two: Place, limit: int = LIMIT) -> None:
    """Open a credit line between two cooperatives, signed by both officers."""
    line = papers.credit_line(
        one.charter, two.charter, our_limit=limit, their_limit=limit, version=1, now_s=now_s()
    )
    body = one.right("POST", f"/lines?peer={two.node.url}", seal(line, one.officer, two.officer))
    assert len(PAPERS.decode(body).papers) == 1


def auditor_in(folder: Path) -> Person:
    """Make the auditor's wallet."""
    phrase = folder / "phrase"
    phrase.write_text(PHRASE + "\n", encoding="utf-8")
    phrase.chmod(0o600)
    keystore.create(folder / "auditor", _WALLET, PHRASE, "interactive")
    keep_office(folder / "auditor", _WALLET, None)
    return Person(folder / "auditor", phrase)


def audited(
    folder: Path, auditor: Person, capsys: pytest.CaptureFixture[str], *places: Place
) -> dict[str, Any]:
    """Fetch and verify as an auditor does; both must end with 0. Returns what was found."""
    urls = [place.node.url for place in places]
    auditor.does("audit", "fetch", *urls, "-o", str(folder))
    capsys.readouterr()
    code = main(["audit", "verify", str(folder), "--json"])
    shape: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0, shape
    return shape
