"""A wallet whose node lies about provisions and what a set-off moved: the signed bytes decide."""

import json
from typing import Any

import msgspec
import pytest

from protocol.envelope import open_any
from protocol.kinds import LOGGED, SHAPES
from protocol.ledger.refusals import Refusal
from protocol.messages.provisions import Provision
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    HISTORY,
    SUBMISSION,
    AccountView,
    Fall,
    History,
    HistoryLine,
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
    receipt_reply,
    rejection_of,
    rejection_reply,
)
from tests.protocol.market import discharge
from tests.protocol.town import AT, ZERO, Cooperative

LOUD = "VÉRIFICATION ÉCHOUÉE"
OWN, THEIRS = b"\x01" * 32, b"\x02" * 32


def tells(node: FakeNode, line: HistoryLine | None = None, **changes: Any) -> None:
    """Let the node answer about the account, and with a history of one line."""
    view: AccountView = ACCOUNT_VIEW.decode(account_view())
    said = ACCOUNT_VIEW.encode(msgspec.structs.replace(view, **changes))

    def answer(body: bytes, _: str) -> Reply:
        question: Any = open_any(body, frozenset(SHAPES)).document
        if question.ask == "account":
            return ok(said)
        return ok(HISTORY.encode(History([line] if line else [])))

    node.routes["/questions"] = answer


def moved(home: Cooperative, amount: int, falls: list[Fall], **changes: Any) -> HistoryLine:
    """Return what a node tells of a discharge: alice's own 30 fell, and 10 of what she is owed."""
    proof = {ACCOUNT: 0, PAYEE: 1}
    sealed = discharge(home, {OWN: 30, THEIRS: 10}, proof, **{"pool": 1} | changes)
    return HistoryLine(amount, Opening(AT, 9, ZERO, sealed), falls)


FALLS = [Fall(30, OWN, 120, True, "bob@bretagne"), Fall(10, THEIRS, 10, False, "bob@bretagne")]


def test_what_a_pool_paid_stands_in_the_history(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    tells(node, moved(home, -20, FALLS))
    assert alice.types("history", "--json") == 0, alice.err
    lines = json.loads(alice.out)["lines"]
    told = [(one["from"], one["to"], one["amount"], one["reduced_by"]) for one in lines]
    assert told == [
        ("alice@bretagne", None, "-0.20", None),
        ("alice@bretagne", "bob@bretagne", "0.00", "0.30"),
        ("bob@bretagne", "alice@bretagne", "0.00", "0.10"),
    ]
    assert alice.types("history", "--lang", "en") == 0
    assert "Your account has paid 0.20 SEL of your debts" in alice.out


@pytest.mark.parametrize(
    ("amount", "falls", "changes"),
    [
        (-19, FALLS, {}),
        (20, FALLS, {}),
        (0, FALLS, {}),
        # Without a pool nothing moves, whatever the node says.
        (-20, FALLS, {"pool": msgspec.UNSET}),
        # A debt told twice would make any amount come out.
        (-40, [*FALLS[:1], *FALLS, FALLS[1]], {}),
        (-20, [Fall(20, OWN, 120, True)], {}),
        (-30, msgspec.UNSET, {}),
    ],
)
def test_another_amount_than_the_signed_one_is_not_believed(
    home: Cooperative,
    node: FakeNode,
    alice: Purse,
    amount: int,
    falls: list[Fall],
    changes: dict[str, Any],
) -> None:
    tells(node, moved(home, amount, falls, **changes))
    assert alice.types("history") == 5
    assert LOUD in alice.err


def test_a_provision_is_signed_as_it_was_typed(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    tells(node, prov=700)
    sent: list[bytes] = []

    def enters(body: bytes, _: str) -> Reply:
        sent.append(SUBMISSION.decode(body).doc)
        return receipt_reply(home, sent[-1])

    node.routes["/documents"] = enters
    assert alice.types("invoice", "provision", "12,5", "--yes") == 0, alice.err
    document = open_any(sent[-1], LOGGED).document
    assert isinstance(document, Provision)
    assert (document.amt, document.by, document.home) == (1250, ACCOUNT, home.id)
    assert document.unit == home.charter.unit
    assert "7,00" in alice.err
    assert alice.types("invoice", "provision", "0,00", "--yes", "--json") == 0
    assert open_any(sent[-1], LOGGED).document.amt == 0
    assert json.loads(alice.out)["provision"] == "0.00"
    assert "0.00" not in json.loads(alice.out)["says"]


@pytest.mark.parametrize("typed", ["-5", "12,345", "abc", "", "99999999999,99"])
def test_what_is_no_amount_is_signed_by_nobody(node: FakeNode, alice: Purse, typed: str) -> None:
    tells(node)
    assert alice.types("invoice", "provision", "--yes", "--", typed) == 2


def test_a_provision_that_is_not_confirmed_is_not_signed(node: FakeNode, alice: Purse) -> None:
    tells(node)
    assert alice.types("invoice", "provision", "5") != 0
    assert node.documents == []


def test_an_outdated_provision_is_told_with_what_to_do(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    tells(node)

    def refuses(body: bytes, _: str) -> Reply:
        identifier = open_any(SUBMISSION.decode(body).doc, LOGGED).id
        rejection = rejection_of(home, identifier, int(Refusal.PROVISION_OUTDATED))
        return rejection_reply(rejection, home.node[0])

    node.routes["/documents"] = refuses
    assert alice.types("invoice", "provision", "5", "--yes") == 1
    assert "ronde invoice provision" in alice.err


def test_a_provision_that_got_no_answer_is_sent_again_by_name(
    home: Cooperative, node: FakeNode, alice: Purse
) -> None:
    tells(node)
    node.routes["/documents"] = lambda *_: (503, "application/problem+json", b"{}")
    assert alice.types("invoice", "provision", "5", "--yes") == 4
    node.routes["/documents"] = lambda body, _: receipt_reply(home, SUBMISSION.decode(body).doc)
    assert alice.types("retry") == 0, alice.err
    assert "permet aux compensations" in alice.out + alice.err
