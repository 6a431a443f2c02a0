"""A wallet whose node lies about invoices: what is not signed is not believed."""

import json
from typing import Any

import pytest

from cli.account import read_falls
from cli.cooperative import read_charter
from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import ProofError
from protocol.kinds import SHAPES
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import Invoice
from protocol.messages.orders import Order
from protocol.messages.wire import (
    HISTORY,
    INVOICES,
    Fall,
    History,
    HistoryLine,
    InvoiceLine,
    Invoices,
    Opening,
)
from tests.cli.street import (
    ACCOUNT,
    PAYEE,
    FakeNode,
    Purse,
    Reply,
    account_view,
    ok,
    problem,
    receipt_reply,
    rejection_of,
    rejection_reply,
)
from tests.protocol.market import DUE, discharge
from tests.protocol.town import AT, DATED, UNIT, ZERO, Cooperative, seed_of

LOUD = "VÉRIFICATION ÉCHOUÉE"
SALT = bytes(32)


def signed(home: Cooperative, /, amount: int = 500, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "amt": amount, "by": PAYEE, "debtor": ACCOUNT, "due": DUE, "home": home.id, "kev": 0,
        "seq": 1, "unit": UNIT, **DATED,
    }  # fmt: skip
    return seal(Invoice(**fields | changes), seed_of("bob"))


def line(sealed: bytes, owed: int = 500, **changes: Any) -> InvoiceLine:
    fields: dict[str, Any] = {"accepted": True, "ending": "nobody", "who": "bob@bretagne"}
    return InvoiceLine(entry=Opening(AT, 3, SALT, sealed), owed=owed, **fields | changes)


def tells(node: FakeNode, *pages: Invoices) -> None:
    """Let the node answer questions about invoices with these pages, one after the other."""
    left = list(pages)

    def answer(body: bytes, _: str) -> Reply:
        question: Any = open_any(body, frozenset(SHAPES)).document
        if question.ask == "account":
            return ok(account_view())
        page = left.pop(0) if len(left) > 1 else left[0]
        return ok(INVOICES.encode(page))

    node.routes["/questions"] = answer


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"home": ZERO}, {}),
        ({"net": ZERO}, {}),
        ({"debtor": bytes(16)}, {}),
        ({}, {"owed": 501}),
        ({}, {"owed": 499, "accepted": False}),
    ],
)
def test_a_list_that_is_not_what_was_signed_is_not_believed(
    home: Cooperative, node: FakeNode, alice: Purse, change: dict[str, Any], told: dict[str, Any]
) -> None:
    tells(node, Invoices([line(signed(home, **change), **told)]))
    assert alice.types("invoice", "list") == 5
    assert LOUD in alice.err


def test_a_list_is_read_page_after_page_and_shown_by_due_date(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    late, soon = signed(home, due=DUE + 9), signed(home, amount=70, due=DUE)
    pages = [Invoices([line(late)], b"\x01" * 32), Invoices([line(soon, owed=70)], b"\x01" * 32)]
    tells(node, *pages)
    assert alice.types("invoice", "list", "--json") == 0
    shape = json.loads(alice.out)
    assert [one["owed"] for one in shape["invoices"]] == ["0.70", "5.00"]
    assert {one["role"] for one in shape["invoices"]} == {"debtor"}
    tells(node, Invoices([line(late, who="bob@", ending="creditor", accepted=True)]))
    assert alice.types("invoice", "list") == 0
    assert "annulée d'un côté" in alice.out


def test_an_invoice_is_named_by_enough_digits_of_one(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    sealed = signed(home)
    digits = open_sealed(sealed, Invoice).id.hex()
    tells(node, Invoices([line(sealed, accepted=False), line(sealed, accepted=False)]))
    assert alice.types("invoice", "accept", digits[:3], "--yes") == 2
    assert alice.types("invoice", "accept", digits[:8], "--yes") == 2
    assert "Plusieurs" in alice.err
    absent = "0000" if not digits.startswith("0000") else "1111"
    assert alice.types("invoice", "cancel", absent, "--yes") == 3


def test_an_order_names_the_invoice_that_it_pays(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    sealed = signed(home)
    opened = open_sealed(sealed, Invoice)
    digits = opened.id.hex()[:12]
    tells(node, Invoices([line(sealed)]))
    assert alice.types("pay", "bob", "2", "--yes", "--invoice", digits) == 0
    order = open_sealed(node.documents[-1], Order).document
    assert order.legs[0].inv == opened.id
    tells(node, Invoices([line(signed(home, by=ACCOUNT, debtor=PAYEE))]))
    other = open_sealed(signed(home, by=ACCOUNT, debtor=PAYEE), Invoice).id.hex()
    assert alice.types("pay", "bob", "2", "--yes", "--invoice", other) == 1
    assert len(node.documents) == 1


def test_a_command_that_was_cut_off_asks_for_an_invoice_once(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    typed = ("invoice", "issue", "bob", "12", "--for", "miel", "--yes")
    node.routes["/documents"] = lambda *_: problem("busy", 503)
    assert alice.types(*typed) == 4
    sent: list[bytes] = []

    def enters(body: bytes, _: str) -> Reply:
        from protocol.messages.wire import SUBMISSION

        sent.append(SUBMISSION.decode(body).doc)
        return receipt_reply(home, sent[-1])

    node.routes["/documents"] = enters
    assert alice.types(*typed) == 0
    assert len(sent) == 1
    assert alice.types(*typed, "--again") == 0
    assert len(sent) == 2
    assert alice.types("retry") == 0


def test_a_refused_invoice_says_why(home: Cooperative, node: FakeNode, alice: Purse) -> None:
    def refuses(body: bytes, _: str) -> Reply:
        from protocol.messages.wire import SUBMISSION

        document = open_any(SUBMISSION.decode(body).doc, frozenset(SHAPES)).id
        why = int(Refusal.TOO_MANY_WAITING)
        return rejection_reply(rejection_of(home, document, why), home.node[0])

    node.routes["/documents"] = refuses
    assert alice.types("invoice", "issue", "bob", "12", "--yes") == 1
    assert "256" in alice.err


def test_a_history_cannot_tell_another_set_off_than_the_signed_one(home: Cooperative) -> None:
    sealed = discharge(home, {b"\x01" * 32: 45, b"\x02" * 32: 45}, {ACCOUNT: 0, PAYEE: 1})

    def told(fall: Fall) -> HistoryLine:
        return HistoryLine(0, Opening(AT, 9, SALT, sealed), [fall])

    right = Fall(45, b"\x01" * 32, 120, True, "bob@Bretagne")
    (one,) = read_falls(told(right), "alice")
    assert (one.giver, one.receiver, one.amount) == ("alice", "bob@bretagne", 0)
    (one,) = read_falls(told(Fall(45, b"\x02" * 32, 45, False)), "alice")
    assert (one.giver, one.receiver) == (None, "alice")
    for wrong in (
        Fall(46, b"\x01" * 32, 120, True), Fall(45, b"\x03" * 32, 120, True),
        Fall(45, b"\x01" * 32, 44, True),
    ):  # fmt: skip
        with pytest.raises(ProofError):
            read_falls(told(wrong), "alice")
    assert read_charter(home.sealed).id == home.id


def test_a_history_with_a_lie_about_a_set_off_fails_loudly(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    sealed = discharge(home, {b"\x01" * 32: 45}, {ACCOUNT: 0, PAYEE: 1})
    fall = Fall(44, b"\x01" * 32, 120, True)
    page = HISTORY.encode(History([HistoryLine(0, Opening(AT, 9, SALT, sealed), [fall])]))
    node.routes["/questions"] = lambda *_: ok(page)
    assert alice.types("history") == 5
    assert LOUD in alice.err
