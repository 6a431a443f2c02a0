"""A wallet before a node that lies: nothing unproven is believed, nothing is paid twice."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from cli import pay, screen
from cli.journal import Journal
from protocol.envelope import open_sealed, seal
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Order, Question
from protocol.messages.peering import Answer
from protocol.messages.wire import (
    NAME_ANSWER,
    OUTCOME,
    SUBMISSION,
    NameAnswer,
    Neighbour,
    Outcome,
)
from tests.cli.street import (
    FakeNode,
    Purse,
    Reply,
    account_view,
    name_answer,
    ok,
    problem,
    receipt_of,
    receipt_reply,
    rejection_of,
    rejection_reply,
    signed_line,
)
from tests.protocol.town import AT, Cooperative, seed_of

LOUD = "VÉRIFICATION ÉCHOUÉE"


def open_orders(purse: Purse) -> int:
    with Journal(purse.folder) as journal:
        return len(journal.unsettled())


def order_of(body: bytes) -> tuple[bytes, bytes]:
    """Return the sealed order of a submission, and its identifier."""
    sealed = SUBMISSION.decode(body).doc
    return sealed, open_sealed(sealed, Order).id


PAY = ("pay", "bob", "12,50", "--for", "miel", "--yes")


def test_an_order_is_sent_with_its_purpose_and_its_proof_is_kept(
    alice: Purse, node: FakeNode
) -> None:
    assert alice.types(*PAY) == 0
    assert "Alice (bretagne) a donné 12,50 SEL à Bob (bretagne) pour « miel »." in alice.out
    order = open_sealed(node.documents[0], Order).document
    assert (order.seq, order.legs[0].amt, order.exp) == (4, 1_250, AT + 86_400)
    assert open_orders(alice) == 0
    assert alice.types(*PAY) == 0
    assert open_sealed(node.documents[1], Order).document.seq == 5


def test_a_person_may_still_say_no(
    alice: Purse, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "ask", lambda *_: "non")
    assert alice.types("pay", "bob", "1") == 1
    assert "Rien n'a été fait" in alice.err
    assert node.documents == []


@pytest.mark.parametrize("memo", ["x" * 300, "x" * 2_000, "a\u202eb"])
def test_a_purpose_that_nobody_can_read_is_not_signed(
    alice: Purse, node: FakeNode, memo: str
) -> None:
    assert alice.types("pay", "bob", "1", "--for", memo, "--yes") == 2
    assert "motif" in alice.err
    assert node.asked == []


def _forged_log(home: Cooperative, body: bytes) -> Reply:
    return receipt_reply(home, order_of(body)[0], "somebody/log")


def _other_document(home: Cooperative, body: bytes) -> Reply:
    return receipt_reply(home, b"another document")


def _garbage(home: Cooperative, body: bytes) -> Reply:
    return 200, "application/vnd.ronde.receipt+msgpack", b"\xc1"


def _stranger_refuses(home: Cooperative, body: bytes) -> Reply:
    rejection = rejection_of(home, order_of(body)[1], Refusal.CREDIT_LIMIT_EXCEEDED)
    return rejection_reply(rejection, seed_of("somebody"))


def _refuses_another(home: Cooperative, body: bytes) -> Reply:
    return rejection_reply(rejection_of(home, bytes(32), Refusal.WRONG_UNIT), home.node[0])


def _refuses_for_no_reason(home: Cooperative, body: bytes) -> Reply:
    return rejection_reply(rejection_of(home, order_of(body)[1], 999), home.node[0])


def _page_of_a_proxy(home: Cooperative, body: bytes) -> Reply:
    return 404, "text/html", b"<html>"


@pytest.mark.parametrize(
    "lie",
    [
        _forged_log,
        _other_document,
        _garbage,
        _stranger_refuses,
        _refuses_another,
        _refuses_for_no_reason,
        _page_of_a_proxy,
    ],
)
def test_an_answer_that_does_not_hold_is_told_loudly_and_settles_nothing(
    alice: Purse, node: FakeNode, home: Cooperative, lie: Callable[[Cooperative, bytes], Reply]
) -> None:
    node.routes["/documents"] = lambda body, _: lie(home, body)
    assert alice.types(*PAY) == 5
    assert LOUD in alice.err
    assert open_orders(alice) == 1


def test_a_signed_refusal_ends_the_order(alice: Purse, node: FakeNode, home: Cooperative) -> None:
    node.routes["/documents"] = lambda body, _: rejection_reply(
        rejection_of(home, order_of(body)[1], Refusal.CREDIT_LIMIT_EXCEEDED), home.node[0]
    )
    assert alice.types(*PAY, "--json") == 1
    assert '"state": "refused"' in alice.out
    assert "plafond de débit" in alice.err
    assert open_orders(alice) == 0
    with Journal(alice.folder) as journal:
        order = journal.latest(1)[0].draft.order_id.hex()
    assert alice.types("receipt", "verify", order, locked=False) == 1
    assert "Refusé" in alice.out


def test_an_unsigned_refusal_ends_nothing_and_the_same_order_is_not_signed_again(
    alice: Purse, node: FakeNode
) -> None:
    node.routes["/documents"] = lambda *_: problem("encoding", 400, "no thanks")
    assert alice.types(*PAY) == 1
    assert open_orders(alice) == 1
    assert alice.types(*PAY) == 4
    assert "rien de plus n'a été envoyé" in alice.err
    assert alice.types("retry") == 7
    assert open_orders(alice) == 1
    with Journal(alice.folder) as journal:
        order = journal.latest(1)[0].draft.order_id.hex()
    assert alice.types("receipt", "verify", order, locked=False) == 7
    del node.routes["/documents"]
    node.routes["/documents"] = lambda body, _: node.enters(body)
    assert alice.types("pay", "bob", "1", "--yes") == 0
    assert "Réglé entre-temps : Alice (bretagne) a donné 12,50 SEL" in alice.err
    assert len(node.documents) == 2


def test_again_pays_again(alice: Purse, node: FakeNode) -> None:
    node.routes["/documents"] = lambda *_: problem("stopping", 503)
    assert alice.types(*PAY) == 4
    node.routes["/documents"] = lambda body, _: node.enters(body)
    assert alice.types(*PAY, "--again") == 0
    assert len(set(node.documents)) == 2


def _strangers_card(home: Cooperative) -> bytes:
    return name_answer(home, seed_of("somebody"))


def _anothers_card(home: Cooperative) -> bytes:
    return name_answer(home, name="bobby")


def _other_networks_card(home: Cooperative) -> bytes:
    return name_answer(home, net=bytes(32))


def _card_of_elsewhere(home: Cooperative) -> bytes:
    return name_answer(Cooperative("corse"))


@pytest.mark.parametrize(
    "lie", [_strangers_card, _anothers_card, _other_networks_card, _card_of_elsewhere]
)
def test_a_card_that_does_not_hold_pays_nobody(
    alice: Purse, node: FakeNode, home: Cooperative, lie: Callable[[Cooperative], bytes]
) -> None:
    node.routes["/names"] = lambda *_: ok(lie(home))
    assert alice.types(*PAY) == 5
    assert LOUD in alice.err
    assert node.documents == []


def test_a_card_of_yesterday_pays_nobody(alice: Purse, node: FakeNode, home: Cooperative) -> None:
    node.routes["/names"] = lambda *_: ok(name_answer(home, iat=AT - 90_000, exp=AT - 4_000))
    assert alice.types(*PAY) == 1
    assert "horloge" in alice.err


def test_a_node_that_is_away_while_names_are_looked_up_is_safe_to_retry(
    alice: Purse, node: FakeNode
) -> None:
    node.routes["/names"] = lambda *_: problem("peer", 502)
    assert alice.types("pay", "bob@rhone", "1", "--yes") == 4


def test_a_balance_of_somebody_else_is_not_shown(alice: Purse, node: FakeNode) -> None:
    node.routes["/questions"] = lambda *_: ok(account_view(b"\x09" * 16))
    assert alice.types("balance") == 5
    assert alice.out == ""


def test_open_orders_are_counted_with_the_balance(alice: Purse, node: FakeNode) -> None:
    node.routes["/documents"] = lambda *_: problem("encoding", 400)
    assert alice.types(*PAY) == 1
    assert alice.types("balance") == 0
    assert "1 ordre(s) attendent" in alice.err


# --------------------------------------------------------------------------- across a credit line


class Across:
    """A payment to a neighbour, and what the payer's node says became of it."""

    def __init__(self, node: FakeNode, home: Cooperative) -> None:
        self.node, self.home, self.rhone = node, home, Cooperative("rhone")
        node.lines = [Neighbour(signed_line(home, self.rhone), "http://rhone")]
        node.routes["/names"] = lambda *_: ok(name_answer(self.rhone))
        node.routes["/questions"] = lambda body, _: self.answers(body)
        self.outcome: Callable[[bytes], Outcome] = lambda _: Outcome(state="held")

    def answers(self, body: bytes) -> Reply:
        question = open_sealed(body, Question).document
        if question.ask == "account":
            return ok(account_view())
        return ok(OUTCOME.encode(self.outcome(self.node.documents[-1])))

    def ended(self, order: bytes, why: int = 0, state: str = "final", **lies: Any) -> Outcome:
        offer = self.home.offer(order, **lies.get("offer", {}))
        seeds = {"rhone": self.rhone.node[0], "stranger": seed_of("somebody")}
        answer = open_sealed(self.rhone.answer_as(offer, why), Answer).document
        sealed = seal(answer, seeds[lies.get("signer", "rhone")])
        receipt = receipt_of(self.home, sealed, lies.get("log"))
        assert state in {"final", "refused"}
        return Outcome(
            answer=sealed, receipt=receipt, state="final" if state == "final" else "refused"
        )


@pytest.fixture
def across(node: FakeNode, home: Cooperative, monkeypatch: pytest.MonkeyPatch) -> Across:
    monkeypatch.setattr(pay, "PATIENCE_S", 0.1)
    return Across(node, home)


FAR = ("pay", "bob@rhone", "12,50", "--for", "miel", "--yes")


def test_a_held_order_becomes_final_when_the_neighbour_has_signed(
    alice: Purse, across: Across, node: FakeNode
) -> None:
    assert alice.types(*FAR) == 7
    assert "rhone n'a pas encore signé" in alice.err
    assert alice.types(*FAR) == 7
    across.outcome = across.ended
    assert alice.types("retry") == 0
    assert "Réglé entre-temps" in alice.out
    assert len(node.documents) == 1
    assert open_orders(alice) == 0


def test_an_order_that_the_neighbour_refuses_comes_back(alice: Purse, across: Across) -> None:
    across.outcome = lambda order: across.ended(order, Refusal.CEILING_EXCEEDED, "refused")
    assert alice.types(*FAR) == 1
    assert "vous est revenu" in alice.err
    assert open_orders(alice) == 0


@pytest.mark.parametrize(
    "lie",
    [
        lambda across, order: Outcome(state="final"),
        lambda across, order: across.ended(order, signer="stranger"),
        lambda across, order: across.ended(order, log="somebody/log"),
        lambda across, order: across.ended(order, offer={"amt": 1}),
        lambda across, order: across.ended(order, offer={"acct": b"\x01" * 16}),
        lambda across, order: across.ended(order, offer={"order": bytes(32)}),
        lambda across, order: across.ended(order, offer={"by": bytes(32)}),
        lambda across, order: across.ended(order, Refusal.CEILING_EXCEEDED, "final"),
        lambda across, order: across.ended(order, 999, "refused"),
    ],
)
def test_an_outcome_that_does_not_hold_is_told_loudly(
    alice: Purse, across: Across, lie: Callable[[Across, bytes], Outcome]
) -> None:
    across.outcome = lambda order: lie(across, order)
    assert alice.types(*FAR) == 5
    assert LOUD in alice.err
    assert open_orders(alice) == 1


def test_a_node_that_falls_silent_after_its_receipt_holds_the_order(
    alice: Purse, across: Across, node: FakeNode
) -> None:
    real = across.answers

    def silent(body: bytes, _: str) -> Reply:
        asked = open_sealed(body, Question).document.ask
        return problem("stopping", 503) if asked == "outcome" else real(body)

    node.routes["/questions"] = silent
    assert alice.types(*FAR) == 7
    node.routes["/questions"] = lambda *_: problem("not-allowed", 403)
    assert alice.types(*FAR) == 4


def test_a_line_without_all_signatures_leads_nowhere(
    alice: Purse, across: Across, node: FakeNode, home: Cooperative
) -> None:
    from tests.protocol.town import line_between

    terms = line_between(home, across.rhone, 1, 1)
    node.lines = [Neighbour(seal(terms, *home.officers[:2]), "")]
    assert alice.types(*FAR) == 5
    node.lines = [Neighbour(seal(terms, seed_of("somebody")), "")]
    assert alice.types(*FAR) == 5
    other = line_between(Cooperative("corse"), across.rhone, 1, 1)
    officers = [*Cooperative("corse").officers[:2], *across.rhone.officers[:2]]
    node.lines = [Neighbour(seal(other, *officers), "")]
    assert alice.types(*FAR) == 5
    twisted = msgspec.structs.replace(terms, a=terms.b, b=terms.a)
    node.lines = [Neighbour(seal(twisted, *home.officers[:2]), "")]
    assert alice.types(*FAR) == 5
    node.lines = []
    assert alice.types(*FAR) == 5
    assert node.documents == []


def test_a_proof_without_the_neighbours_charter_is_no_proof(alice: Purse, across: Across) -> None:
    across.outcome = across.ended
    assert alice.types(*FAR) == 0
    with Journal(alice.folder) as journal:
        order = journal.latest(1)[0].draft.order_id.hex()
    (charter,) = (alice.folder / "charters").iterdir()
    assert charter.read_bytes() == across.rhone.sealed
    charter.write_bytes(across.home.sealed)
    assert alice.types("receipt", "show", order, locked=False) == 5
    charter.unlink()
    assert alice.types("receipt", "show", order, locked=False) == 5


def test_a_name_answer_is_of_one_cooperative(alice: Purse, node: FakeNode) -> None:
    node.routes["/names"] = lambda *_: ok(NAME_ANSWER.encode(NameAnswer(b"x", b"y")))
    assert alice.types(*PAY) == 5
