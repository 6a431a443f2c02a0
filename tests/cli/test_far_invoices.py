"""Invoices abroad before nodes that lie: what neither cooperative signed is not believed."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET

from cli.cooperative import Cooperative as Place
from cli.cooperative import read_charter
from cli.far_invoices import check_known, signed_invoice, untaken
from cli.invoice_papers import OwnInvoice, name_of, parties, read_invoice
from cli.proofs import check_outcome
from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import EncodingError, ProofError, ProtocolError, SignatureError
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import RELAYED
from protocol.messages.orders import Order
from protocol.messages.wire import HistoryLine, InvoiceLine, Opening, Outcome
from tests.cli.street import receipt_of
from tests.protocol.fair import (
    Fair,
    acknowledge,
    acknowledge_as,
    far_invoice,
    far_pay,
    relay_of,
)
from tests.protocol.market import invoice
from tests.protocol.town import AT, ZERO, Cooperative


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
