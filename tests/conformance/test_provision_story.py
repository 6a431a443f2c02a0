"""A chain of debts in a village: nothing comes around, until somebody provides; audited."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli import office_setoff
from federation.members_set_off import Proposal
from federation.pool_set_off import propose_with_pool
from protocol.messages.invoices import Cut
from tests.conformance.stories import audit, found_moselle, lie, owe, person, refused
from tests.conformance.town import Person, Run, Town


def balances(town: Town) -> list[str]:
    return [person(town, name).balance() for name in ("alice", "bob", "carole")]


def test_a_provision_is_said_confirmed_shown_replaced_and_withdrawn(alice: Person) -> None:
    given = alice.does("invoice", "provision", "50", "--yes")
    assert "Alice permet aux compensations de sortir jusqu'à 50,00 UEB" in given.out
    assert "peuvent encore sortir 50,00 UEB" in alice.does("balance").out
    assert alice.does("balance", "--json").shape["provision"] == "50.00"
    assert "peuvent encore sortir 50,00 UEB" in alice.does("invoice", "list").out
    assert alice.does("invoice", "list", "--json").shape["provision"] == "50.00"
    again = alice.does("invoice", "provision", "12,50", "--yes", "--json")
    assert again.shape["provision"] == "12.50"
    assert again.shape["kind"] == "provision"
    assert again.shape["entry"] > 0
    assert "50,00 UEB" in again.err
    none = alice.does("invoice", "provision", "0", "--yes", "--lang", "en")
    assert "withdraws the provision" in none.out
    assert alice.does("balance", "--json").shape["provision"] is None
    assert "sortir" not in alice.does("balance").out
    refused(alice.types("invoice", "provision", "-1", "--yes"), 2)
    refused(alice.types("invoice", "provision", "99999999999", "--yes"), 2, "jusqu'à")
    assert alice.does("history", "--json").shape["lines"] == []


def test_a_chain_is_cleared_thanks_to_one_provision_and_audited(
    town: Town, alice: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    officer = town.officers["Bretagne"][0]
    one, two = owe(town, "alice", "bob", "120"), owe(town, "bob", "carole", "45")
    assert "rien à compenser" in officer.does("office", "setoff").out
    alice.does("invoice", "provision", "50", "--yes")
    tried = officer.does("office", "setoff", "--dry-run")
    assert "Alice" in tried.out and "paie 50,00 UEB" in tried.out
    assert "165,00 UEB avant, 70,00 UEB après" in tried.err
    assert balances(town) == ["0.00", "0.00", "0.00"]
    done = officer.does("office", "setoff", "--yes")
    assert "compense 95,00 UEB de dettes entre ses membres, en 2 factures" in done.out
    # Alice pays 50 of hers; bob keeps 5 of them and is rid of all that he owed.
    assert balances(town) == ["-50.00", "5.00", "45.00"]
    told = alice.does("history").out
    assert "Votre compte a payé 50,00 UEB de vos dettes" in told
    assert "Votre dette de 120,00 UEB envers Bob est réduite de 50,00 UEB." in told
    told = person(town, "carole").does("history").out
    assert "Votre compte a reçu 45,00 UEB" in told
    assert "Ce que Bob vous doit, 45,00 UEB, est réduit de 45,00 UEB." in told
    lines = alice.does("history", "--json").shape["lines"]
    assert [(line["amount"], line["from"], line["to"], line["reduced_by"]) for line in lines] == [
        ("-50.00", "alice@bretagne", None, None),
        ("0.00", "alice@bretagne", "bob@bretagne", "50.00"),
    ]
    assert alice.does("balance", "--json").shape["provision"] is None
    owed = {
        line["invoice"]: line["owed"]
        for line in person(town, "bob").does("invoice", "list", "--json").shape["invoices"]
    }
    assert owed == {one: "70.00"}
    assert two not in owed
    assert audit(town, capsys, "first", "Bretagne") == (0, [])


def test_rings_go_first_and_one_run_does_both_steps(
    town: Town, alice: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    officer = town.officers["Bretagne"][0]
    owe(town, "bob", "alice", "20")
    alice.does("invoice", "provision", "30", "--yes")
    tried = officer.does("office", "setoff", "--dry-run", "--json").shape
    assert "compense 40,00 UEB" in tried["says"]
    assert "compense 30,00 UEB" in tried["pool"]["says"]
    done = officer.does("office", "setoff", "--yes", "--json").shape
    assert (done["state"], done["pool"]["state"]) == ("final", "final")
    assert done["says"] == tried["says"]
    assert done["pool"]["says"] == tried["pool"]["says"]
    assert balances(town) == ["-80.00", "35.00", "45.00"]
    nothing = officer.does("office", "setoff", "--json").shape
    assert (nothing["says"], nothing["pool"]) == (None, None)
    assert audit(town, capsys, "second", "Bretagne") == (0, [])


def test_what_changes_while_it_is_computed_is_told_and_nothing_is_set_off(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, alice = town.officers["Bretagne"][0], person(town, "alice")
    alice.does("invoice", "provision", "10", "--yes")
    before = balances(town)
    limits = ("office", "limit", "alice", "--ceiling", "1000", "--yes", "--credit-limit")
    for late, says in (
        (lambda: officer.does(*limits, "80"), "Des soldes ont changé"),
        (lambda: alice.does("invoice", "provision", "9", "--yes"), "plus que sa provision"),
    ):

        def meanwhile(*given: object, late: Callable[[], Run] = late) -> Proposal | None:
            found = propose_with_pool(*given)  # type: ignore[arg-type]
            late()
            return found

        with monkeypatch.context() as patch:
            patch.setattr(office_setoff, "propose_with_pool", meanwhile)
            refused(officer.types("office", "setoff", "--yes"), 1, says)
        officer.does(*limits, "1000")
    assert balances(town) == before
    alice.does("invoice", "provision", "0", "--yes")


def test_a_second_officer_checks_the_pool_before_signing(
    tmp_path: Path, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = found_moselle(town)
    owe(town, "denis", "emma", "10")
    owe(town, "emma", "denis", "4")
    person(town, "denis").does("invoice", "provision", "5", "--yes")
    path = tmp_path / "setoff.txt"
    proposed = first.types("office", "setoff", "--yes", "-o", str(path))
    assert proposed.code == 7, proposed
    assert "compense 8,00 UEB" in proposed.out
    assert "recommencez" in proposed.err
    second.does("office", "cosign", str(path), "--yes")
    proposed = first.types("office", "setoff", "--yes", "-o", str(path), "--json")
    assert (proposed.code, proposed.shape["says"]) == (7, None)
    assert proposed.shape["pool"]["file"] == str(path)
    signed = second.does("office", "cosign", str(path), "--yes")
    assert "à l'aide des provisions" in signed.out
    assert "paie 5,00 UEB" in signed.out
    assert person(town, "denis").balance() == "-5.00"
    person(town, "denis").does("invoice", "provision", "1", "--yes")

    def wrong(*given: object) -> Proposal | None:
        best = propose_with_pool(*given)  # type: ignore[arg-type]
        assert best is not None
        return best._replace(pool=7)

    monkeypatch.setattr(office_setoff, "propose_with_pool", wrong)
    assert first.types("office", "setoff", "--yes", "-o", str(path)).code == 7
    refused(second.types("office", "cosign", str(path), "--yes"), 5, "VÉRIFICATION ÉCHOUÉE")


def test_a_lying_nodes_pool_is_named_by_an_auditor(
    town: Town,
    alice: Person,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    officer = town.officers["Bretagne"][0]
    alice.does("invoice", "provision", "30", "--yes")

    def half(*given: object) -> Proposal | None:
        best = propose_with_pool(*given)  # type: ignore[arg-type]
        assert best is not None
        return best._replace(cuts=[Cut(cut.amt - 1, cut.inv) for cut in best.cuts])

    monkeypatch.setattr(office_setoff, "propose_with_pool", half)
    refused(officer.types("office", "setoff", "--yes"), 1, "Des dettes ont changé")
    lie(town, monkeypatch)
    code, findings = audit(town, capsys, "third", "Bretagne")
    assert (code, findings) == (5, ["discharge.optimum entry"])
