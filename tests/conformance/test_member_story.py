"""A baker's day: admitted, paying, refused, restored; with a node that comes and goes."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import clock, entering, wallet_file
from cli.journal import Journal
from cli.node_client import ATTEMPTS
from tests.conformance.stories import person, refused
from tests.conformance.town import Node, Person, Town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town")) as built:
        built.found("Bretagne")
        built.member("alice", built.nodes["Bretagne"])
        built.member("bob", built.nodes["Bretagne"])
        yield built


@pytest.fixture
def node(town: Town) -> Node:
    return town.nodes["Bretagne"]


@contextlib.contextmanager
def shifted(monkeypatch: pytest.MonkeyPatch, seconds: int) -> Iterator[None]:
    real = clock.now_s
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now_s", lambda: real() + seconds)
        yield


def forget_receipt(person: Person, order: str) -> None:
    """Leave the journal as if the command had been cut off before the answer came."""
    with Journal(person.folder) as journal:
        journal._database.execute(
            "UPDATE orders SET receipt = NULL WHERE order_id = ?", (bytes.fromhex(order),)
        )


def test_a_payment_is_told_proven_and_seen_by_both(alice: Person, bob: Person) -> None:
    before = bob.balance()
    paid = alice.does("pay", "bob@bretagne", "12,50", "--for", "miel", "--yes")
    assert "Alice (Bretagne) a donné 12,50 UEB à Bob (Bretagne) pour « miel »." in paid.out
    assert "vérifié et gardé" in paid.err
    assert float(bob.balance()) - float(before) == 12.5
    seen = bob.does("history", "--json").shape["lines"][0]
    mine = alice.does("history", "--json").shape["lines"][0]
    assert (seen["from"], seen["to"], seen["amount"], seen["for"]) == (
        "alice@bretagne", "bob@bretagne", "12.50", "miel",
    )  # fmt: skip
    assert (mine["order"], mine["amount"]) == (seen["order"], "-12.50")


def test_a_receipt_convinces_whoever_has_no_wallet(alice: Person, town: Town) -> None:
    order = alice.does("pay", "bob", "1", "--for", "pain", "--yes", "--json").shape["order"]
    path = town.folder / f"{order[:8]}.json"
    alice.does("receipt", "export", order[:10], "-o", str(path))
    stranger = person(town, "nobody")
    checked = stranger.types("receipt", "verify", str(path))
    assert checked.code == 0, checked
    assert "✔" in checked.out
    assert "coop1" in checked.out
    assert "pain" in checked.out
    shape = alice.does("receipt", "verify", str(path), "--json").shape
    assert (shape["trusted"], shape["state"], shape["order"]) == (True, "final", order)
    content = json.loads(path.read_text())
    content["for"] = "autre chose"
    path.write_text(json.dumps(content))
    refused(stranger.types("receipt", "verify", str(path)), 5, "VÉRIFICATION ÉCHOUÉE")


def test_an_altered_receipt_is_the_loudest_failure(alice: Person, town: Town) -> None:
    order = alice.does("pay", "bob", "1", "--yes", "--json").shape["order"]
    path = town.folder / f"{order[:8]}.json"
    alice.does("receipt", "export", order[:10], "-o", str(path))
    whole = json.loads(path.read_text())
    for field in ("document", "last", "charter"):
        content = dict(whole)
        middle = len(content[field]) // 2
        digit = content[field][middle]
        content[field] = (
            content[field][:middle] + ("0" if digit != "0" else "1") + content[field][middle + 1 :]
        )
        path.write_text(json.dumps(content))
        refused(alice.types("receipt", "verify", str(path)), 5, "VÉRIFICATION ÉCHOUÉE")


def test_an_unknown_member_is_not_found(alice: Person) -> None:
    refused(alice.types("pay", "zoe@bretagne", "1", "--yes"), 3, "zoe@bretagne")
    refused(alice.types("pay", "zoe@nulle-part", "1", "--yes"), 3, "zoe@nulle-part")


def test_a_payment_over_the_limit_is_refused_and_changes_nothing(alice: Person) -> None:
    before = alice.balance()
    refused(alice.types("pay", "bob", "1000", "--yes"), 1, "plafond de débit")
    assert alice.balance() == before
    assert alice.does("retry").out == "Rien n'attend.\n"


def test_nobody_pays_herself(alice: Person) -> None:
    refused(alice.types("pay", "alice", "1", "--yes"), 1, "soi-même")


@pytest.mark.parametrize(
    ("amount", "part"),
    [("1,234.50", "deux façons"), ("-3", "signe"), ("0", "nul"), ("1,234", "décimales")],
)
def test_an_amount_that_could_be_misread_is_told(alice: Person, amount: str, part: str) -> None:
    refused(alice.types("pay", "bob", "--yes", "--", amount), 2, part)


def test_a_wrong_address_is_told_with_a_right_one(alice: Person) -> None:
    refused(alice.types("pay", "Émile@bretagne", "1"), 2, "alice@bretagne")


def test_without_a_terminal_and_without_yes_nothing_is_signed(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/null", encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        refused(alice.types("pay", "bob", "1"), 2, "--yes")
    assert alice.does("retry").out == "Rien n'attend.\n"


def test_a_wrong_passphrase_opens_nothing(alice: Person, town: Town) -> None:
    wrong = town.folder / "wrong"
    wrong.write_text("une tout autre phrase\n")
    wrong.chmod(0o600)
    refused(Person(alice.folder, wrong).types("pay", "bob", "1", "--yes"), 6, "n'ouvre pas")


def test_a_node_that_is_down_is_safe_to_retry(alice: Person, node: Node) -> None:
    node.stop()
    try:
        refused(alice.types("pay", "bob", "1", "--yes"), 4, node.url, "recommencez")
    finally:
        node.start()
    assert alice.does("retry").out == "Rien n'attend.\n"


def test_an_order_whose_answer_was_lost_is_paid_once(
    alice: Person, bob: Person, node: Node
) -> None:
    """The wallet's journal forgets the receipt, as if it had been cut off before the answer."""
    before = float(bob.balance())
    first = alice.does("pay", "bob", "2,25", "--for", "œufs", "--yes", "--json").shape
    with Journal(alice.folder) as journal:
        proof = journal.find(first["order"]).receipt
    forget_receipt(alice, first["order"])
    node.kill()
    refused(alice.types("pay", "bob", "2,25", "--for", "œufs", "--yes"), 4)
    node.start()
    again = alice.does("pay", "bob", "2,25", "--for", "œufs", "--yes", "--json")
    assert again.shape == first
    assert "pas payé deux fois" in again.err
    assert float(bob.balance()) - before == 2.25
    with Journal(alice.folder) as journal:
        assert journal.find(first["order"]).receipt == proof


def test_an_order_that_never_left_is_sent_by_the_next_command(
    alice: Person, bob: Person, node: Node
) -> None:
    before = float(bob.balance())
    first = alice.does("pay", "bob", "1,75", "--yes", "--json").shape
    forget_receipt(alice, first["order"])
    assert "open_orders" in alice.does("balance", "--json").shape
    with Journal(alice.folder) as journal:
        assert journal.find(first["order"]).receipt is not None
    assert float(bob.balance()) - before == 1.75


@pytest.mark.parametrize(("seconds", "part"), [(3_600, "avance de 60"), (-3_600, "retarde de 60")])
def test_a_clock_that_is_off_by_an_hour_is_told(
    alice: Person, seconds: int, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shifted(monkeypatch, seconds):
        refused(alice.types("pay", "bob", "1", "--yes"), 1, part, "rien n'a été payé")
    assert alice.does("retry").out == "Rien n'attend.\n"


def test_an_order_that_has_expired_meanwhile_keeps_its_receipt(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(entering, "VALIDITY_S", 2)
        shape = alice.does("pay", "bob", "1", "--for", "sel", "--yes", "--json").shape
    forget_receipt(alice, shape["order"])
    time.sleep(3.1)
    settled = alice.does("retry", "--json").shape
    assert [(one["order"], one["state"]) for one in settled["settled"]] == [
        (shape["order"], "final")
    ]


def test_an_order_signed_with_an_older_key_keeps_its_receipt(alice: Person) -> None:
    shape = alice.does("pay", "bob", "1", "--for", "poivre", "--yes", "--json").shape
    alice.does("wallet", "rotate", "--yes")
    forget_receipt(alice, shape["order"])
    settled = alice.does("retry", "--json").shape
    assert (settled["settled"][0]["state"], settled["open"]) == ("final", 0)


def test_a_rotation_whose_answer_was_lost_is_taken_up_again(town: Town, node: Node) -> None:
    town.member("ines", node)
    ines = person(town, "ines")
    before = ines.wallet
    ines.does("wallet", "rotate", "--yes")
    with Journal(ines.folder) as journal:
        forget_receipt(ines, journal.latest(1)[0].draft.order_id.hex())
    wallet_file.save(ines.folder, before)
    assert "n° 1" in ines.does("wallet", "rotate", "--yes").out
    assert ines.wallet.key_number == 1
    assert ines.balance() == "0.00"


def test_a_rotated_key_pays_and_the_words_find_account_and_number(
    town: Town, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.member("dora", node)
    dora = person(town, "dora")
    dora.does("wallet", "rotate", "--yes")
    assert dora.wallet.key_number == 1
    dora.does("pay", "bob", "1", "--yes")
    words = dora.does("wallet", "show", "--words", "--json").shape["words"]
    paper = town.folder / "paper"
    paper.write_text(" ".join(words))
    again = person(town, "dora-again")
    with paper.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        again.does("wallet", "restore", "--node", node.url, "--name", "dora", "--light")
    assert (again.wallet.account, again.wallet.key_number) == (dora.wallet.account, 1)
    again.does("pay", "bob", "1", "--yes")
    assert again.balance() == "-2.00"


def test_words_of_nobody_are_not_found(
    town: Town, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = town.person("stranger")
    words = stranger.does("wallet", "show", "--words", "--json").shape["words"]
    paper = town.folder / "paper"
    paper.write_text(" ".join(words))
    again = person(town, "stranger-again")
    with paper.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        found = again.types("wallet", "restore", "--node", node.url, "--light")
    refused(found, 3, "24 premières clés")
    assert not (town.folder / "stranger-again" / "keystore.json").exists()


def test_revoked_keys_sign_nothing_more(town: Town, node: Node) -> None:
    town.member("eve", node)
    eve = person(town, "eve")
    revoked = eve.does("wallet", "revoke", "--yes")
    assert "révoquées" in revoked.err
    refused(eve.types("pay", "bob", "1", "--yes"), 1)


def test_an_application_is_written_once_and_the_same_again(town: Town, node: Node) -> None:
    fred = town.person("fred")
    one, two = town.folder / "fred-1.txt", town.folder / "fred-2.txt"
    fred.does("wallet", "apply", node.url, "-o", str(one))
    fred.does("wallet", "apply", node.url, "-o", str(two))
    assert one.read_bytes() == two.read_bytes()
    refused(fred.types("pay", "bob", "1", "--yes"), 3)


def test_attempts_are_few_enough_for_a_person_to_wait() -> None:
    assert ATTEMPTS <= 5


def test_history_says_when_there_is_more(alice: Person) -> None:
    for _ in range(2):
        alice.does("pay", "bob", "0,50", "--yes")
    short = alice.does("history", "--limit", "1")
    assert len(short.out.splitlines()) == 2
    assert "--limit" in short.err
    assert alice.does("history", "--limit", "1", "--json").shape["more"] is True


def test_a_new_member_has_no_history(town: Town, node: Node) -> None:
    town.member("gus", node)
    gus = person(town, "gus")
    assert gus.does("history").out == "Rien encore.\n"


def test_pinned_papers_of_another_cooperative_are_never_taken(
    town: Town, alice: Person, tmp_path: Path
) -> None:
    with Town(tmp_path) as other:
        there = other.found("Alsace")
        refused(alice.types("wallet", "apply", there.url), 5, "VÉRIFICATION ÉCHOUÉE")
        fresh = town.person("hana")
        expected = alice.does("balance", "--json").shape
        assert expected["unit"] == "UEB"
        ours = alice.types("receipt", "verify", "ffff")
        refused(ours, 3)
        wrong = fresh.types(
            "wallet", "apply", there.url, "--cooperative", "coop1" + "q" * 58, "-o", "/dev/null"
        )
        refused(wrong, 2, "coop1")
