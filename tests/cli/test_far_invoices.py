"""Invoices abroad before nodes that lie: what neither cooperative signed is not believed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from cli import clock, far_invoices, node_client
from cli.cooperative import Cooperative as Place
from cli.cooperative import read_charter
from cli.far_invoices import check_known, signed_invoice, untaken
from cli.invoice_papers import OwnInvoice, name_of, parties, read_invoice
from cli.proofs import check_outcome
from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import EncodingError, ProofError, ProtocolError, SignatureError
from protocol.kinds import SHAPES
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import RELAYED
from protocol.messages.invoices import Invoice
from protocol.messages.orders import Order
from protocol.messages.relaying import Relay
from protocol.messages.wire import (
    HISTORY,
    INVOICES,
    OUTCOME,
    History,
    HistoryLine,
    InvoiceLine,
    Invoices,
    Neighbour,
    Opening,
    Outcome,
)
from tests.cli.street import (
    ACCOUNT,
    PAYEE,
    FakeNode,
    Purse,
    Reply,
    account_view,
    name_answer,
    ok,
    problem,
    receipt_of,
    serving,
    signed_line,
)
from tests.protocol.fair import (
    Fair,
    acknowledge,
    acknowledge_as,
    far_invoice,
    far_pay,
    relay_of,
)
from tests.protocol.market import invoice
from tests.protocol.town import AT, DATED, UNIT, ZERO, Cooperative, seed_of


class Scene:
    """Alice of Bretagne has asked bob of Rhône."""

    def __init__(self) -> None:
        self.fair = Fair()
        self.home = read_charter(self.fair.here.sealed)
        self.peer = read_charter(self.fair.there.sealed)
        self.sealed = far_invoice(self.fair.alice, self.fair.bob, 500)
        assert self.fair.here.submit(self.sealed) is None
        self.id = open_any(self.sealed, RELAYED).id
        self.relay = self.relayed()
        self.told = acknowledge(self.fair.there, self.relay)

    def relayed(self, seeds: Any = None, **changes: Any) -> bytes:
        relay = relay_of(self.fair.here, self.sealed, **changes)
        return seal(relay, *(seeds or self.fair.here.node))

    def outcome(self, told: bytes, state: Any = "final", log: Cooperative | None = None) -> Outcome:
        receipt = receipt_of(log or self.fair.here, told)
        return Outcome(answer=told, receipt=receipt, state=state)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_an_acknowledgement_is_proven_by_both_cooperatives(scene: Scene) -> None:
    known = check_known(scene.outcome(scene.told), scene.home, scene.peer, scene.id)
    assert known == (None, False)
    refused = acknowledge_as(scene.fair.there, scene.relay, 35)
    outcome = scene.outcome(refused, "refused")
    assert check_known(outcome, scene.home, scene.peer, scene.id).refusal is Refusal.DEBTOR_UNKNOWN


LIES: list[tuple[str, Callable[[Scene], Outcome], type[ProtocolError]]] = [
    ("nothing", lambda s: Outcome(state="final"), ProofError),
    ("no receipt", lambda s: Outcome(answer=s.told, state="final"), ProofError),
    ("another log", lambda s: s.outcome(s.told, log=s.fair.there), ProtocolError),
    (
        "signed at home",
        lambda s: s.outcome(acknowledge(s.fair.there, s.relay, seeds=s.fair.here.node)),
        SignatureError,
    ),
    (
        "by another",
        lambda s: s.outcome(acknowledge_as(s.fair.there, s.relay, 0, by=ZERO)),
        SignatureError,
    ),
    (
        "a relay of a stranger",
        lambda s: s.outcome(acknowledge_as(s.fair.there, s.relayed(s.fair.there.node), 0)),
        SignatureError,
    ),
    (
        "another document",
        lambda s: s.outcome(
            acknowledge_as(s.fair.there, s.relayed(doc=far_invoice(s.fair.alice, s.fair.bob, 1)), 0)
        ),
        ProofError,
    ),
    (
        "to another",
        lambda s: s.outcome(acknowledge_as(s.fair.there, s.relayed(to=ZERO), 0)),
        ProofError,
    ),
    ("calls it refused", lambda s: s.outcome(s.told, "refused"), ProofError),
    (
        "calls it taken",
        lambda s: s.outcome(acknowledge_as(s.fair.there, s.relay, 35)),
        ProofError,
    ),
    (
        "an unheard-of reason",
        lambda s: s.outcome(acknowledge_as(s.fair.there, s.relay, 999), "refused"),
        EncodingError,
    ),
]


@pytest.mark.parametrize(("make", "error"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_an_outcome_that_is_not_signed_by_both_is_not_believed(
    scene: Scene, make: Callable[[Scene], Outcome], error: type[ProtocolError]
) -> None:
    with pytest.raises(error):
        check_known(make(scene), scene.home, scene.peer, scene.id)


def line(sealed: bytes, **changes: Any) -> InvoiceLine:
    fields: dict[str, Any] = {
        "accepted": True, "ending": "nobody", "entry": Opening(AT, 3, ZERO, sealed), "owed": 500,
        "who": "alice@Bretagne",
    }  # fmt: skip
    return InvoiceLine(**fields | changes)


def test_an_invoice_is_read_alike_on_both_sides(scene: Scene) -> None:
    bob, alice = scene.fair.bob.account, scene.fair.alice.account
    there = read_invoice(line(scene.told, held=40), scene.peer, bob)
    assert (there.id, there.is_debtor, there.peer, there.held) == (
        scene.id, True, scene.home.id, 40,
    )  # fmt: skip
    here = read_invoice(line(scene.sealed, way=True), scene.home, alice)
    assert (here.id, here.is_debtor, here.peer, here.is_under_way) == (
        scene.id, False, scene.peer.id, True,
    )  # fmt: skip
    for place, account, sealed in (
        (scene.peer, alice, scene.told), (scene.home, bob, scene.sealed),
        (scene.home, alice, scene.told), (scene.peer, bob, scene.sealed),
    ):  # fmt: skip
        with pytest.raises(ProofError):
            read_invoice(line(sealed), place, account)


def test_an_invoice_from_abroad_stands_in_an_acknowledgement_of_the_own_node(scene: Scene) -> None:
    there = scene.fair.there
    forged = far_invoice(scene.fair.alice, scene.fair.bob, 5, coop=ZERO)
    lies = [
        acknowledge_as(there, scene.relay, 35),
        acknowledge_as(there, scene.relay, 0, seeds=scene.fair.here.node),
        acknowledge_as(there, scene.relayed(doc=forged), 0),
        acknowledge_as(there, scene.relayed(by=ZERO), 0),
    ]
    for lie in lies:
        with pytest.raises(ProofError):
            signed_invoice(lie, scene.peer)
    inside = invoice(scene.fair.bob, scene.fair.ben, 5)
    assert signed_invoice(inside, scene.peer)[1] is None
    wrong: Place = scene.home
    with pytest.raises(ProofError):
        signed_invoice(inside, wrong)


def test_only_the_creditor_is_told_what_was_not_taken(scene: Scene) -> None:
    alice = scene.fair.alice.account

    def history(sealed: bytes) -> HistoryLine:
        return HistoryLine(0, Opening(AT, 9, ZERO, sealed))

    refused = history(acknowledge_as(scene.fair.there, scene.relay, 35))
    assert untaken(refused, scene.home, alice) == (scene.id, Refusal.DEBTOR_UNKNOWN)
    assert untaken(refused, scene.home, bytes(16)) is None
    assert untaken(refused, scene.peer, alice) is None
    assert untaken(history(scene.told), scene.home, alice) is None
    assert untaken(history(scene.sealed), scene.home, alice) is None


def test_a_side_abroad_is_called_by_its_address(scene: Scene) -> None:
    fields: dict[str, Any] = {
        "id": scene.id, "document": open_any(scene.sealed, RELAYED).document, "is_debtor": False,
        "owed": 5, "accepted": False, "ending": "nobody", "memo": "", "peer": scene.peer.id,
    }  # fmt: skip
    known = OwnInvoice(who="bob@rhone", **fields)
    assert parties(known, "Alice", "fr")["debtor"] == "Bob (bob@rhone)"
    unknown = OwnInvoice(who="@rhone", **fields)
    assert parties(unknown, "Alice", "fr")["debtor"] == "quelqu'un (rhone)"
    assert name_of("@rhone", "en") == "somebody"


def test_an_offer_that_leaves_the_invoice_out_is_not_believed() -> None:
    fair = Fair()
    home, peer = read_charter(fair.there.sealed), read_charter(fair.here.sealed)
    inv = fair.owe(fair.bob, fair.alice, 100)
    order = far_pay(fair.bob, fair.alice, 60, inv)
    assert fair.there.submit(order) is None
    opened = open_sealed(order, Order)
    for named in (inv, UNSET):
        answer = fair.here.answer(fair.there.offer(order, inv=named, seq=1, prev=ZERO))
        outcome = Outcome(answer=answer, receipt=receipt_of(fair.there, answer), state="final")
        if named is UNSET:
            with pytest.raises(ProofError):
                check_outcome(outcome, home, peer, opened)
        else:
            assert check_outcome(outcome, home, peer, opened) is None


class Town:
    """A wallet of Bretagne before a node that a test speaks for; Rhône is a neighbour."""

    def __init__(self, node: FakeNode, purse: Purse, peer: Cooperative) -> None:
        self.node, self.purse, self.peer = node, purse, peer
        self.home = node.home
        self.why, self.ends, self.is_held = 0, False, False
        self.listed: list[InvoiceLine] = []
        self.lines: list[HistoryLine] = []
        node.lines = [Neighbour(signed_line(self.home, peer), "")]
        node.routes["/names"] = lambda *_: ok(name_answer(peer))
        node.routes["/questions"] = self.answers

    def told(self) -> bytes:
        """Return the acknowledgement of the document that was sent last."""
        fields: dict[str, Any] = {"exp": AT, "iat": AT, "kev": 0, "net": self.home.charter.net}
        relay = Relay(
            by=self.home.id, doc=self.node.documents[-1], prev=ZERO, seq=1, to=self.peer.id,
            **fields,
        )  # fmt: skip
        return acknowledge_as(self.peer, seal(relay, *self.home.node), self.why, self.ends)

    def answers(self, body: bytes, _: str) -> Reply:
        question: Any = open_any(body, frozenset(SHAPES)).document
        if question.ask == "account":
            return ok(account_view())
        if question.ask == "invoices":
            return ok(INVOICES.encode(Invoices(self.listed)))
        if question.ask == "history":
            return ok(HISTORY.encode(History(self.lines)))
        if self.is_held:
            return ok(OUTCOME.encode(Outcome(state="held")))
        told, state = self.told(), "refused" if self.why else "final"
        receipt = receipt_of(self.home, told)
        return ok(OUTCOME.encode(Outcome(answer=told, receipt=receipt, state=state)))  # type: ignore[arg-type]

    def from_abroad(self, **changes: Any) -> str:
        """Let the node list an invoice of Rhône to the wallet; return the digits that name it."""
        fields: dict[str, Any] = {
            "amt": 500, "by": PAYEE, "coop": self.home.id, "debtor": ACCOUNT, "due": AT,
            "home": self.peer.id, "kev": 0, "seq": 1, "unit": UNIT, **DATED,
        }  # fmt: skip
        sealed = seal(Invoice(**fields), seed_of("bob"))
        relay = Relay(
            by=self.peer.id, doc=sealed, exp=AT, iat=AT, kev=0, net=self.home.charter.net,
            prev=ZERO, seq=1, to=self.home.id,
        )  # fmt: skip
        told = acknowledge_as(self.home, seal(relay, *self.peer.node), 0)
        self.listed = [line(told, who="bob@Rhone", accepted=False, way=False, **changes)]
        return open_any(sealed, RELAYED).id.hex()[:12]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(clock, "now_s", lambda: AT)
    monkeypatch.setattr(node_client, "WAIT_FIRST_S", 0.01)
    monkeypatch.setattr(far_invoices, "PATIENCE_S", 0)
    home, peer = Cooperative("bretagne"), Cooperative("rhone")
    with serving(home) as node:
        purse = Purse(tmp_path)
        purse.create("--name", "alice")
        purse.admit(home, node.url)
        yield Town(node, purse, peer)


ISSUE = ("invoice", "issue", "bob@rhone", "12,50", "--for", "miel", "--yes")


def test_an_invoice_names_the_debtors_cooperative_and_says_who_knows_of_it(town: Town) -> None:
    assert town.purse.types(*ISSUE) == 0, town.purse.err
    asked = open_sealed(town.node.documents[-1], Invoice).document
    assert (asked.coop, asked.debtor) == (town.peer.id, PAYEE)
    assert "rhone l'a inscrit aussi" in town.purse.err
    town.is_held = True
    assert town.purse.types(*ISSUE) == 7
    assert "rhone ne l'a pas encore inscrit" in town.purse.err
    assert town.purse.types(*ISSUE, "--json") == 7
    assert json.loads(town.purse.out)["state"] == "held"


def test_an_invoice_that_is_not_taken_abroad_ends_with_1_and_its_reason(town: Town) -> None:
    town.why = int(Refusal.DEBTOR_UNKNOWN)
    assert town.purse.types(*ISSUE) == 1
    assert "n'a pas pris la facture, qui prend fin ici : Cette coopérative" in town.purse.err
    town.why = int(Refusal.TOO_MANY_WAITING)
    assert town.purse.types(*ISSUE, "--lang", "en") == 1
    assert "too many invoices of your cooperative" in town.purse.err
    town.lines = [HistoryLine(0, Opening(AT, 9, ZERO, town.told()))]
    assert town.purse.types("history") == 0
    assert "trop de factures de votre coopérative" in " ".join(town.purse.out.split())


def test_a_history_tells_what_was_not_taken(town: Town) -> None:
    town.why = int(Refusal.DEBTOR_UNKNOWN)
    town.purse.types(*ISSUE)
    town.lines = [HistoryLine(0, Opening(AT, 9, ZERO, town.told()))]
    assert town.purse.types("history") == 0
    assert "n'a pas été prise par l'autre coopérative" in " ".join(town.purse.out.split())
    assert town.purse.types("history", "--json") == 0
    (shown,) = json.loads(town.purse.out)["lines"]
    assert shown["reason"] == "DEBTOR_UNKNOWN"


def test_an_acceptance_and_its_end_say_what_the_other_side_did(town: Town) -> None:
    digits = town.from_abroad()
    assert town.purse.types("invoice", "accept", digits, "--yes") == 0
    assert "Alice accepte de devoir 5,00" in town.purse.out
    town.why = int(Refusal.INVOICE_UNKNOWN)
    assert town.purse.types("invoice", "accept", digits, "--yes") == 1
    assert "n'a pas pris l'acceptation" in town.purse.err
    assert town.purse.types("invoice", "cancel", digits, "--yes") == 0
    assert "avait déjà pris fin" in town.purse.err
    town.why, town.ends = 0, True
    assert town.purse.types("invoice", "cancel", digits, "--yes") == 0
    assert "a pris fin des deux côtés" in town.purse.err
    town.ends = False
    assert town.purse.types("invoice", "cancel", digits, "--yes") == 0
    assert "elle reste due" in town.purse.err


def test_a_line_that_is_not_shown_is_no_neighbour(town: Town) -> None:
    digits = town.from_abroad()
    town.node.lines = []
    assert town.purse.types("invoice", "accept", digits, "--yes") == 5
    town.node.routes["/lines"] = lambda *_: problem("stopping", 503)
    assert town.purse.types("invoice", "cancel", digits, "--yes") == 7
    assert "L'autre coopérative ne l'a pas encore inscrit" in town.purse.err


def test_a_list_of_invoices_says_what_is_on_its_way(town: Town) -> None:
    town.from_abroad()
    assert town.purse.types("invoice", "list", "--json") == 0
    (shown,) = json.loads(town.purse.out)["invoices"]
    assert (shown["known_there"], shown["on_its_way"]) == (True, "0.00")
    (before,) = town.listed
    town.listed = [replace(before, accepted=True, held=200, way=True)]
    assert town.purse.types("invoice", "list") == 0
    assert "en route vers l'autre" in " ".join(town.purse.out.split())
    digits = json.dumps(shown["invoice"])[1:13]
    pay = ("pay", "bob@rhone", "3,01", "--yes", "--invoice", digits)
    assert town.purse.types(*pay) == 1
    assert "reste dû" in town.purse.err
