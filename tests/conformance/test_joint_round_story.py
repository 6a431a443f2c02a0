"""Debts of members and debts on a line, set off in one round of real nodes, told and audited."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import keystore
from cli.audit_files import BLINDS
from cli.node_client import Client
from node.clock import now_s
from node.keyfile import load_keys
from protocol.envelope import document_id, open_sealed, seal
from protocol.identifiers import TextKind, from_text, reserved_account
from protocol.messages.decisions import Charter, LimitChange
from protocol.messages.invoices import Acceptance, Invoice
from protocol.messages.wire import SUBMISSION, Submission
from tests.conformance.stories import audit, person, watched
from tests.conformance.town import PATIENCE_S, PHRASE, Node, Person, Town

MEMBERS = {"alice": "Bretagne", "dan": "Bretagne", "bob": "Rhône", "carole": "Rhône"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with watched(tmp_path, "Bretagne", "Rhône") as built:
        for name, home in MEMBERS.items():
            built.member(name, built.nodes[home])
        built.join(built.nodes["Bretagne"], built.nodes["Rhône"])
        yield built


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


def invoices(person: Person) -> dict[str, dict[str, Any]]:
    shape = person.does("invoice", "list", "--json").shape
    return {one["invoice"]: one for one in shape["invoices"]}


def owed(town: Town, name: str) -> dict[str, str]:
    return {inv: one["owed"] for inv, one in invoices(person(town, name)).items()}


def owes(town: Town, debtor: str, creditor: str, amount: str) -> str:
    address = f"{debtor}@{'bretagne' if MEMBERS[debtor] == 'Bretagne' else 'rhone'}"
    asked = person(town, creditor).does("invoice", "issue", address, amount, "--yes", "--json")
    invoice: str = asked.shape["invoice"]
    until(lambda: invoice in invoices(person(town, debtor)))
    person(town, debtor).does("invoice", "accept", invoice[:12], "--yes")
    until(lambda: invoices(person(town, creditor))[invoice]["state"] == "accepted")
    return invoice


def test_a_circle_through_two_cooperatives_is_set_off_told_and_found_right(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    ab, bc = owes(town, "alice", "bob", "50"), owes(town, "bob", "carole", "30")
    cd, da = owes(town, "carole", "dan", "40"), owes(town, "dan", "alice", "35")
    officer = town.officers["Bretagne"][0]
    # Inside one cooperative nothing comes around.
    assert "rien à compenser" in officer.does("office", "setoff").out
    done = officer.does("office", "round")
    assert "Boucle de 4 dettes entre membres effacée (" in done.out
    assert "30,00 UEB sur chacune" in done.out
    assert "Dettes entre membres : 155,00 UEB, puis 35,00 UEB (120,00 UEB effacés)." in done.out
    until(lambda: owed(town, "carole") == {cd: "10.00"})
    assert owed(town, "alice") == {ab: "20.00", da: "5.00"}
    assert owed(town, "bob") == {ab: "20.00"}
    assert bc not in owed(town, "bob")
    told = person(town, "alice").does("history").out
    assert "Votre dette de 50,00 UEB" in told
    assert "est réduite de 30,00 UEB" in told
    lines = person(town, "carole").does("history", "--json").shape["lines"]
    assert {(one["owed_before"], one["reduced_by"]) for one in lines} == {
        ("30.00", "30.00"), ("40.00", "30.00"),
    }  # fmt: skip
    assert [person(town, name).balance() for name in MEMBERS] == ["0.00"] * 4
    assert audit(town, capsys, "first", *town.nodes) == (0, [])
    # A secret that the node does not show, and one that is not its own.
    blinds = town.folder / "first" / "bretagne" / BLINDS
    shown = blinds.read_bytes()
    blinds.write_bytes(shown[1:] + shown[:1])
    assert audit(town, capsys, "first", *town.nodes) == (5, ["round.blind round"])
    blinds.write_bytes(shown[1:])
    assert audit(town, capsys, "first", *town.nodes)[0] == 5
    blinds.unlink()
    assert audit(town, capsys, "first", *town.nodes) == (5, ["round.blind round"])


class OwnAccount:
    """A cooperative as a party of invoices: its node's key signs."""

    def __init__(self, node: Node, first: int) -> None:
        self.node = node
        self.seed = load_keys(node.folder).document
        with Client(node.url) as client:
            self.charter = open_sealed(client.get("/charter"), Charter)
        self.account = reserved_account("cooperative")
        self.seq = first

    def fields(self) -> dict[str, Any]:
        self.seq += 1
        now = now_s()
        net = self.charter.document.net
        return {"exp": now + 600, "iat": now, "kev": 0, "net": net, "seq": self.seq}

    def sends(self, sealed: bytes) -> None:
        with Client(self.node.url) as client:
            client.post("/documents", SUBMISSION.encode(Submission(doc=sealed)))

    def asks(self, debtor: bytes, amount: int) -> str:
        fields = self.fields()
        invoice = Invoice(
            amt=amount, by=self.account, debtor=debtor, due=fields["iat"], home=self.charter.id,
            unit="UEB", **fields,
        )  # fmt: skip
        self.sends(seal(invoice, self.seed))
        return document_id(invoice).hex()

    def bill(self, creditor: "Signer", amount: int) -> str:
        """Let a member ask this cooperative for an amount."""
        fields = self.fields() | {"seq": 500}
        invoice = Invoice(
            amt=amount, by=creditor.account, debtor=self.account, due=fields["iat"],
            home=self.charter.id, unit="UEB", **fields,
        )  # fmt: skip
        self.sends(seal(invoice, creditor.seed))
        return document_id(invoice).hex()

    def accepts(self, invoice: str) -> None:
        fields = self.fields()
        accepted = Acceptance(
            by=self.account, home=self.charter.id, inv=bytes.fromhex(invoice), **fields
        )
        self.sends(seal(accepted, self.seed))


class Signer:
    """A person's own key, for documents that no command writes: bills to and from a cooperative."""

    def __init__(self, who: Person) -> None:
        text = who.wallet.account
        self.account = from_text(TextKind.ACCOUNT, text) if text else b""
        self.seed = keystore.key_seed(keystore.unlock(who.folder, PHRASE), 0)


def test_a_line_and_invoices_close_a_circle_that_neither_closes_alone(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bretagne owes Rhône on the line, Rhône owes bob, bob owes alice, alice owes Bretagne."""
    alice, bob = person(town, "alice"), person(town, "bob")
    alice.does("pay", "bob@rhone", "80", "--yes")
    here, there = (OwnAccount(node, 500) for node in town.nodes.values())
    fields = there.fields()
    limit = LimitChange(acct=there.account, by=there.charter.id, ceil=10**6, climit=2_000, **fields)
    there.sends(seal(limit, Signer(town.officers["Rhône"][0]).seed))
    asked = there.bill(Signer(bob), 4_500)
    there.accepts(asked)
    ba = owes(town, "bob", "alice", "30")
    mine = here.asks(Signer(alice).account, 2_500)
    alice.does("invoice", "accept", mine[:12], "--yes")
    done = town.officers["Rhône"][0].does("office", "round", "--json").shape
    # As much as Rhône's own account may pay, and not more.
    assert [(one["obligations"], one["amount"], one["state"]) for one in done["cycles"]] == [
        (3, "20.00", "final"),
    ]  # fmt: skip
    assert done["cleared"] == "20.00"
    assert done["obligations"]["cleared"] == "60.00"
    until(lambda: owed(town, "bob").get(asked) == "25.00")
    until(lambda: owed(town, "alice").get(mine) == "5.00")
    assert owed(town, "alice")[ba] == owed(town, "bob")[ba] == "10.00"
    assert (alice.balance(), bob.balance()) == ("-80.00", "80.00")
    for node in town.nodes.values():
        node.kill()
        node.start()
    assert town.officers["Bretagne"][0].does("office", "round", "--json").shape["cycles"] == []
    assert audit(town, capsys, "second", *town.nodes) == (0, [])
