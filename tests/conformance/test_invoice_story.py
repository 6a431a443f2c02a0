"""Debts in a village: asked for, accepted, paid in part, cancelled by both, set off, audited."""

from pathlib import Path

import pytest

from cli import office_setoff
from federation.members_set_off import Proposal, propose
from protocol.messages.invoices import Cut
from tests.conformance.stories import audit, found_moselle, lie, owe, person, refused
from tests.conformance.town import Person, Town


def owed(town: Town, name: str) -> dict[str, tuple[str, str]]:
    shape = person(town, name).does("invoice", "list", "--json").shape
    return {one["invoice"]: (one["role"], one["owed"]) for one in shape["invoices"]}


def test_an_invoice_is_asked_for_accepted_paid_in_part_and_settled(
    town: Town, alice: Person, bob: Person
) -> None:
    asked = alice.does(
        "invoice", "issue", "bob@bretagne", "120,00", "--due", "2030-12-31", "--for", "miel",
        "--yes",
    )  # fmt: skip
    says = "Alice demande 120,00 UEB à Bob pour « miel », à régler avant le 2030-12-31."
    assert says in asked.out
    invoice = next(iter(owed(town, "bob")))
    assert invoice[:12] in asked.err
    pay = ("pay", "alice", "20", "--yes", "--invoice", invoice[:12])
    refused(bob.types(*pay), 1, "pas encore acceptée")
    refused(alice.types("invoice", "accept", invoice[:12], "--yes"), 1, "entre d'autres")
    accepted = bob.does("invoice", "accept", invoice[:12], "--yes")
    assert "Bob accepte de devoir 120,00 UEB à Alice (miel)" in accepted.out
    refused(bob.types("invoice", "accept", invoice[:12], "--yes"), 1, "déjà acceptée")
    paid = bob.does(*pay)
    assert "Bob devra encore 100,00 UEB à Alice" in paid.err
    assert owed(town, "alice") == {invoice: ("creditor", "100.00")}
    listed = bob.does("invoice", "list").out
    assert "Bob doit 100,00 UEB à Alice" in listed
    assert "acceptée" in listed
    assert "miel" in listed
    shown = bob.does("invoice", "list", "--lang", "en").out
    assert "Bob owes 100.00 UEB to Alice" in shown
    refused(bob.types("pay", "alice", "100,01", "--yes", "--invoice", invoice[:12]), 1, "reste dû")
    refused(bob.types("pay", "carole", "1", "--yes", "--invoice", invoice[:12]), 1, "d'autres")
    assert "sera réglée" in bob.does("pay", "alice", "100", "--yes", "--invoice", invoice[:12]).err
    assert owed(town, "bob") == {}
    assert "Aucune facture" in bob.does("invoice", "list").out
    assert (alice.balance(), bob.balance()) == ("120.00", "-120.00")
    assert len(bob.does("history", "--json").shape["lines"]) == 2
    alice.does("pay", "bob", "120", "--yes")


def test_what_is_asked_is_withdrawn_or_declined_and_what_is_owed_needs_both(
    town: Town, alice: Person, bob: Person
) -> None:
    for who, says in ((alice, "Alice retire"), (bob, "Bob décline")):
        asked = alice.does("invoice", "issue", "bob", "5", "--yes", "--json").shape["invoice"]
        assert says in who.does("invoice", "cancel", asked[:12], "--yes").out
        assert owed(town, "alice") == {}
        refused(bob.types("invoice", "accept", asked[:12], "--yes"), 3, "Aucune de vos factures")
    invoice = owe(town, "bob", "alice", "7")
    first = bob.does("invoice", "cancel", invoice[:12], "--yes").out
    assert "restent dus tant que Alice n'annule pas aussi" in first
    refused(bob.types("invoice", "cancel", invoice[:12], "--yes"), 1, "déjà inscrite")
    assert "annulée d'un côté" in alice.does("invoice", "list").out
    assert owed(town, "alice") == {invoice: ("creditor", "7.00")}
    both = alice.does("invoice", "cancel", invoice[:12], "--yes", "--json").shape
    assert both["kind"] == "cancellation"
    assert "Bob ne doit plus 7,00 UEB à Alice" in both["says"]
    assert owed(town, "alice") == {}


def test_what_cannot_be_is_refused_before_anything_is_signed(town: Town, alice: Person) -> None:
    refused(alice.types("invoice", "issue", "alice", "5", "--yes"), 1, "soi-même")
    refused(alice.types("invoice", "issue", "bob@rhone", "5", "--yes"), 3, "bob@rhone")
    refused(alice.types("invoice", "issue", "personne", "5", "--yes"), 3, "personne@bretagne")
    refused(alice.types("invoice", "issue", "bob", "99999999999", "--yes"), 2, "jusqu'à")
    refused(alice.types("invoice", "accept", "xyz", "--yes"), 2)
    assert "rien à compenser" in town.officers["Bretagne"][0].does("office", "setoff").out


def test_a_ring_is_set_off_told_to_all_and_found_right_by_an_auditor(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    officer = town.officers["Bretagne"][0]
    one = owe(town, "alice", "bob", "120")
    two, three = owe(town, "bob", "carole", "45"), owe(town, "carole", "alice", "60")
    before = [person(town, name).balance() for name in ("alice", "bob", "carole")]
    tried = officer.does("office", "setoff", "--dry-run")
    assert "Alice à Bob" in tried.out
    assert "225,00 UEB avant, 90,00 UEB après" in tried.err
    done = officer.does("office", "setoff", "--yes")
    assert "compense 135,00 UEB de dettes entre ses membres, en 3 factures" in done.out
    assert owed(town, "alice") == {one: ("debtor", "75.00"), three: ("creditor", "15.00")}
    assert owed(town, "carole") == {three: ("debtor", "15.00")}
    assert [person(town, name).balance() for name in ("alice", "bob", "carole")] == before
    told = person(town, "alice").does("history").out
    assert "Votre dette de 120,00 UEB envers Bob est réduite de 45,00 UEB." in told
    assert "Ce que Carole vous doit, 60,00 UEB, est réduit de 45,00 UEB." in told
    lines = person(town, "bob").does("history", "--json").shape["lines"]
    fell = [(line["from"], line["to"], line["owed_before"], line["reduced_by"]) for line in lines]
    assert ("bob@bretagne", "carole@bretagne", "45.00", "45.00") in fell
    assert two not in owed(town, "bob")
    nothing = officer.does("office", "setoff", "--json").shape
    assert nothing["says"] is None
    assert audit(town, capsys, "first", "Bretagne") == (0, [])


def test_a_set_off_that_is_not_the_largest_is_named_by_an_auditor(
    town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(town, "bob", "alice", "30")
    owe(town, "alice", "bob", "40")

    def half(obligations: list[object]) -> Proposal | None:
        best = propose(obligations)  # type: ignore[arg-type]
        assert best is not None
        cuts = [Cut(cut.amt - 1, cut.inv) for cut in best.cuts]
        return best._replace(cuts=cuts)

    monkeypatch.setattr(office_setoff, "propose", half)
    officer = town.officers["Bretagne"][0]
    refused(officer.types("office", "setoff", "--yes"), 1, "Des dettes ont changé")
    # Only a node that lies enters it: here its own folder, without the last check.
    lie(town, monkeypatch)
    assert audit(town, capsys, "second", "Bretagne") == (5, ["discharge.optimum entry"])


def test_a_second_officer_checks_the_proof_before_signing(
    tmp_path: Path, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = found_moselle(town)
    owe(town, "denis", "emma", "10")
    owe(town, "emma", "denis", "4")
    path = tmp_path / "setoff.txt"
    proposed = first.types("office", "setoff", "--yes", "-o", str(path))
    assert proposed.code == 7, proposed
    signed = second.does("office", "cosign", str(path), "--yes")
    assert "compense 8,00 UEB" in signed.out
    assert [amount for _, amount in owed(town, "emma").values()] == ["6.00"]
    owe(town, "emma", "denis", "5")

    def less(obligations: list[object]) -> Proposal | None:
        best = propose(obligations)  # type: ignore[arg-type]
        assert best is not None
        return best._replace(cuts=[Cut(1, cut.inv) for cut in best.cuts])

    monkeypatch.setattr(office_setoff, "propose", less)
    assert first.types("office", "setoff", "--yes", "-o", str(path)).code == 7
    refused(second.types("office", "cosign", str(path), "--yes"), 5, "VÉRIFICATION ÉCHOUÉE")
