"""Debts between two towns: asked for, accepted, paid in part, cancelled by both; nodes that die."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import far_invoices
from cli.main import main
from tests.conformance.stories import audit, refused, watched
from tests.conformance.test_kill import dice_of
from tests.conformance.town import PATIENCE_S, Person, Town

KILLS = 4


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with watched(tmp_path_factory.mktemp("town"), "Bretagne", "Rhône") as built:
        here, there = built.nodes.values()
        built.member("alice", here)
        built.member("bob", there)
        built.join(here, there)
        yield built


def stands(person: Person) -> dict[str, tuple[str, str, str, str | None, bool]]:
    shape = person.does("invoice", "list", "--json").shape
    return {
        one["invoice"]: (
            one["role"], one["owed"], one["state"], one["cancelled_by"], one["known_there"],
        )
        for one in shape["invoices"]
    }  # fmt: skip


def agree(one: Person, two: Person) -> bool:
    """Say whether both sides are told the same of every invoice, and nothing is under way."""
    here, there = stands(one), stands(two)
    if not all(line[-1] for line in (*here.values(), *there.values())):
        return False
    return {inv: line[1:4] for inv, line in here.items()} == {
        inv: line[1:4] for inv, line in there.items()
    }


def test_an_invoice_is_asked_for_abroad_accepted_paid_in_part_and_cancelled(
    town: Town, alice: Person, bob: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = alice.does("invoice", "issue", "bob@rhone", "12,50", "--for", "miel", "--yes")
    assert "Alice demande 12,50 UEB à Bob pour « miel »" in asked.out
    assert "Rhône l'a inscrit aussi" in asked.err
    (invoice,) = stands(bob)
    assert invoice[:12] in asked.err
    shown = bob.does("invoice", "list").out
    assert "Alice (alice@bretagne) demande 12,50 UEB à Bob" in shown
    assert "miel" in shown
    assert "Bob (bob@rhone)" in alice.does("invoice", "list").out
    pay = ("pay", "alice@bretagne", "2,50", "--yes", "--invoice", invoice[:12])
    refused(bob.types(*pay), 1, "pas encore acceptée")
    accepted = bob.does("invoice", "accept", invoice[:12], "--yes")
    assert "Bob accepte de devoir 12,50 UEB à Alice (alice@bretagne) (miel)" in accepted.out
    assert "Bretagne l'a inscrit aussi" in accepted.err
    paid = bob.does(*pay)
    assert "Bob devra encore 10,00 UEB à Alice" in paid.err
    assert stands(alice) == {invoice: ("creditor", "10.00", "accepted", None, True)}
    assert stands(bob) == {invoice: ("debtor", "10.00", "accepted", None, True)}
    refused(bob.types("pay", "alice@bretagne", "10,01", "--yes", "--invoice", invoice[:12]), 1)
    first = alice.does("invoice", "cancel", invoice[:12], "--yes")
    assert "restent dus tant que Bob (bob@rhone) n'annule pas aussi" in first.out
    assert stands(bob)[invoice][3] == "creditor"
    both = bob.does("invoice", "cancel", invoice[:12], "--yes")
    assert "Les deux annulent" in both.out and "pris fin des deux côtés" in both.err
    assert stands(alice) == stands(bob) == {}
    assert (alice.balance(), bob.balance()) == ("2.50", "-2.50")
    assert audit(town, capsys, "first", *town.nodes) == (0, [])


def test_withdrawn_declined_and_refused(town: Town, alice: Person, bob: Person) -> None:
    asked = alice.does("invoice", "issue", "bob@rhone", "5", "--yes", "--json").shape
    assert asked["state"] == "final"
    withdrawn = alice.does("invoice", "cancel", asked["invoice"][:12], "--yes")
    assert "à moins que Bob (bob@rhone) ne l'ait déjà acceptée" in withdrawn.out
    assert "pris fin des deux côtés" in withdrawn.err
    asked = bob.does("invoice", "issue", "alice@bretagne", "6", "--yes", "--json").shape
    declined = alice.does("invoice", "cancel", asked["invoice"][:12], "--yes")
    assert "Alice décline" in declined.out
    assert stands(alice) == stands(bob) == {}
    refused(alice.types("invoice", "issue", "bob@savoie", "5", "--yes"), 3)
    assert "Aucune facture" in alice.does("invoice", "list").out


def test_what_the_other_side_does_not_know_yet_is_said_and_comes(
    town: Town, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = alice.does("invoice", "issue", "bob@rhone", "7", "--yes", "--json").shape["invoice"]
    town.nodes["Bretagne"].stop()
    monkeypatch.setattr(far_invoices, "PATIENCE_S", 0.2)
    accepted = bob.types("invoice", "accept", invoice[:12], "--yes")
    assert accepted.code == 7, accepted
    assert "Bretagne ne l'a pas encore inscrit" in accepted.err
    assert "en route vers l'autre coopérative" in bob.does("invoice", "list").out
    assert bob.types("invoice", "cancel", invoice[:12], "--yes", "--json").shape["state"] == "held"
    # Killed with the relays on its disk, the node goes on with them when it is back.
    town.nodes["Rhône"].kill()
    town.nodes["Rhône"].start()
    town.nodes["Bretagne"].start()
    until = time.monotonic() + PATIENCE_S
    while not agree(alice, bob):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert stands(alice) == {invoice: ("creditor", "7.00", "accepted", "debtor", True)}
    alice.does("invoice", "cancel", invoice[:12], "--yes")
    assert stands(bob) == {}


class Market(threading.Thread):
    """Somebody who invoices, accepts, pays and cancels, whatever the nodes are doing."""

    def __init__(self, one: Person, address: str, dice: random.Random) -> None:
        super().__init__()
        self.one, self.address, self.dice = one, address, dice
        self.stop = threading.Event()
        self.done = 0
        self.codes: set[int] = set()

    def run(self) -> None:
        while not self.stop.is_set():
            listed = self.one.types("invoice", "list", "--json")
            self.codes.add(listed.code)
            lines = listed.shape["invoices"] if listed.code == 0 else []
            command = ["invoice", "issue", self.address, str(self.dice.randint(2, 9)), "--yes"]
            if lines and self.dice.random() < 0.7:
                one = self.dice.choice(lines)
                verb = self.dice.choice(["accept", "accept", "pay", "cancel"])
                command = ["invoice", verb, one["invoice"][:16], "--yes"]
                if verb == "pay":
                    command = ["pay", self.address, "1", "--yes", "--invoice", one["invoice"][:16]]
            code = self.one.types(*command).code
            self.codes.add(code)
            self.done += code in {0, 7}


def test_invoices_outlive_either_node_and_an_auditor_finds_both_books_alike(
    town: Town,
    alice: Person,
    bob: Person,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(far_invoices, "PATIENCE_S", 0)
    dice = dice_of("far invoices")
    nodes = list(town.nodes.values())
    # One person at a time: what is typed shares this process's streams.
    for kill in range(KILLS):
        who, address = ((alice, "bob@rhone"), (bob, "alice@bretagne"))[kill % 2]
        market = Market(who, address, dice)
        market.start()
        time.sleep(0.5 + dice.random())
        victim = dice.choice(nodes)
        victim.kill()
        time.sleep(dice.random() / 2)
        victim.start()
        time.sleep(0.5)
        market.stop.set()
        market.join(2 * PATIENCE_S)
        assert market.codes <= {0, 1, 4, 7}, market.codes
        assert market.done
    for one in (alice, bob):
        one.types("retry")
    until = time.monotonic() + 2 * PATIENCE_S
    while not agree(alice, bob):
        assert time.monotonic() < until, (stands(alice), stands(bob))
        time.sleep(0.2)
    assert audit(town, capsys, "last", *town.nodes) == (0, [])


def test_a_log_that_lost_what_it_told_of_is_named(
    town: Town, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, found = audit(town, capsys, "tampered", *town.nodes)
    assert (code, found) == (0, [])
    entries = town.folder / "tampered" / "bretagne" / "entries"
    content = bytearray(entries.read_bytes())
    content[-20] ^= 1
    entries.write_bytes(bytes(content))
    capsys.readouterr()
    assert main(["audit", "verify", str(town.folder / "tampered")]) == 5
