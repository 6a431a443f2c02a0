"""The office: admissions, several signatures, lines with neighbours, payments across them."""

from collections.abc import Iterator

import pytest

from cli import pay
from cli.asking import find_person, greet
from cli.node_client import Client
from tests.conformance.stories import person, refused
from tests.conformance.town import Node, Person, Town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town")) as built:
        one, two = built.found("Bretagne"), built.found("Rhône")
        built.member("alice", one)
        built.member("carole", two)
        yield built


@pytest.fixture(scope="module")
def joined(town: Town) -> Town:
    town.join(town.nodes["Bretagne"], town.nodes["Rhône"])
    return town


def officer(town: Town, place: str) -> Person:
    return town.officers[place][0]


def test_without_a_line_nobody_is_found_next_door(town: Town) -> None:
    moselle = town.found("Moselle")
    town.member("denis", moselle)
    refused(person(town, "denis").types("pay", "carole@rhone", "1", "--yes"), 3, "carole@rhone")
    refused(person(town, "alice").types("pay", "denis@moselle", "1", "--yes"), 3, "denis@moselle")
    assert "Aucune ligne" in officer(town, "Moselle").does("office", "lines").out


def test_a_payment_next_door_is_signed_by_both_and_the_mirrors_are_equal(joined: Town) -> None:
    alice, carole = person(joined, "alice"), person(joined, "carole")
    paid = alice.does("pay", "carole@rhone", "12,50", "--for", "miel", "--yes")
    assert "Alice (Bretagne) a donné 12,50 UEB à Carole (Rhône) pour « miel »." in paid.out
    assert "Les deux coopératives ont signé" in paid.err
    assert (alice.balance(), carole.balance()) == ("-12.50", "12.50")
    seen = carole.does("history", "--json").shape["lines"][0]
    assert (seen["from"], seen["to"], seen["for"]) == ("alice@bretagne", "carole@rhone", "miel")
    order = alice.does("history", "--json").shape["lines"][0]["order"]
    shown = alice.does("receipt", "verify", order[:12], "--json").shape
    assert shown["state"] == "final"
    cleared = officer(joined, "Bretagne").does("office", "round", "--json").shape
    rows = {one["name"]: one for one in cleared["cooperatives"]}
    assert (rows["Bretagne"]["owes_before"], rows["Rhône"]["owed_before"]) == ("12.50", "12.50")
    assert {one["net_change"] for one in cleared["cooperatives"]} == {"0.00"}
    carole.does("pay", "alice@bretagne", "12,50", "--yes")
    assert (alice.balance(), carole.balance()) == ("0.00", "0.00")


def test_a_receipt_from_next_door_is_exported_with_both_charters(joined: Town) -> None:
    alice = person(joined, "alice")
    order = alice.does("pay", "carole@rhone", "1", "--yes", "--json").shape["order"]
    path = joined.folder / "across.json"
    alice.does("receipt", "export", order[:12], "-o", str(path))
    nobody = person(joined, "nobody")
    assert nobody.types("receipt", "verify", str(path)).code == 0
    assert alice.does("receipt", "show", order[:12]).out.count("Carole (Rhône)") == 1
    person(joined, "carole").does("pay", "alice@bretagne", "1", "--yes")


def test_a_neighbour_that_refuses_gives_the_amount_back(joined: Town) -> None:
    alice = person(joined, "alice")
    officer(joined, "Rhône").does(
        "office", "limit", "carole", "--credit-limit", "150", "--ceiling", "5", "--yes"
    )
    run = alice.types("pay", "carole@rhone", "20", "--yes")
    refused(run, 1, "vous est revenu", "plafond de crédit")
    assert alice.balance() == "0.00"
    officer(joined, "Rhône").does(
        "office", "limit", "carole", "--credit-limit", "150", "--ceiling", "1500", "--yes"
    )


def test_a_neighbour_that_is_away_holds_the_payment_until_it_is_back(
    joined: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay, "PATIENCE_S", 1)
    alice, rhone = person(joined, "alice"), joined.nodes["Rhône"]
    # The card must be fetched while the neighbour is there, so it goes away in between.
    real = find_person

    def found_then_away(*args: object) -> object:
        found = real(*args)  # type: ignore[arg-type]
        rhone.stop()
        return found

    monkeypatch.setattr(pay, "find_person", found_then_away)
    run = alice.types("pay", "carole@rhone", "3", "--for", "thé", "--yes")
    monkeypatch.setattr(pay, "find_person", real)
    refused(run, 7, "Rhône n'a pas encore signé")
    assert alice.balance() == "-3.00"
    again = alice.types("pay", "carole@rhone", "3", "--for", "thé", "--yes")
    refused(again, 7, "pas payé deux fois")
    assert alice.types("retry").code == 7
    rhone.start()
    monkeypatch.setattr(pay, "PATIENCE_S", 20)
    done = alice.types("pay", "carole@rhone", "3", "--for", "thé", "--yes")
    assert done.code == 0, done
    assert alice.balance() == "-3.00"
    assert alice.does("retry").out == "Rien n'attend.\n"
    person(joined, "carole").does("pay", "alice@bretagne", "3", "--yes")


def test_a_payment_past_the_line_is_refused_in_words(joined: Town) -> None:
    officer(joined, "Bretagne").does(
        "office", "limit", "alice", "--credit-limit", "1000", "--ceiling", "1000", "--yes"
    )
    run = person(joined, "alice").types("pay", "carole@rhone", "501", "--yes")
    refused(run, 1, "ligne de crédit entre les deux coopératives est pleine")


def test_a_line_is_changed_by_its_next_version(joined: Town) -> None:
    joined.join(joined.nodes["Rhône"], joined.nodes["Bretagne"], "600")
    lines = officer(joined, "Bretagne").does("office", "lines", "--json").shape["lines"]
    assert [(one["version"], one["they_may_owe"], one["state"]) for one in lines] == [
        (2, "600.00", "in_force")
    ]
    shown = officer(joined, "Rhône").does("office", "lines").out
    assert "Bretagne pourra devoir jusqu'à 600,00 UEB à Rhône" in shown


def test_a_line_with_itself_or_without_an_answer_is_refused(joined: Town) -> None:
    bretagne = joined.nodes["Bretagne"]
    limits = ("--limit", "1", "--their-limit", "1", "--yes")
    refused(officer(joined, "Bretagne").types("office", "line", bretagne.url, *limits), 1, "propre")
    nowhere = "http://127.0.0.1:9"
    refused(officer(joined, "Bretagne").types("office", "line", nowhere, *limits), 4, nowhere)
    refused(officer(joined, "Bretagne").types("office", "accept", "corse", "--yes"), 3, "corse")


def test_an_admission_is_tried_dry_and_a_name_is_taken_once(town: Town) -> None:
    node, chief = town.nodes["Bretagne"], officer(town, "Bretagne")
    dan = town.person("dan")
    letter = town.folder / "dan.txt"
    dan.does("wallet", "apply", node.url, "-o", str(letter))
    dry = chief.does("office", "admit", str(letter), "--dry-run", "--json").shape
    assert dry["state"] == "checked"
    refused(dan.types("balance"), 3)
    refused(chief.types("office", "admit", str(letter), "--name", "alice", "--yes"), 1, "déjà pris")
    done = chief.does(
        "office", "admit", str(letter), "--credit-limit", "0", "--ceiling", "10", "--yes", "--json"
    ).shape
    assert (done["state"], done["account"]) == ("final", dan.wallet.account)
    shown = dan.does("balance", "--json").shape
    assert (shown["credit_limit"], shown["ceiling"]) == ("0.00", "10.00")
    again = chief.types("office", "admit", str(letter), "--name", "daniel", "--yes")
    refused(again, 1, "déjà admise")
    refused(chief.types("office", "limit", "zoe", "--credit-limit", "1", "--ceiling", "1"), 3)


def test_a_letter_that_is_none_is_told(town: Town) -> None:
    chief = officer(town, "Bretagne")
    path = town.folder / "shopping.txt"
    path.write_text("du pain\n\ndu beurre\n")
    refused(chief.types("office", "admit", str(path), "--yes"), 2, "shopping.txt")
    refused(chief.types("office", "cosign", str(path), "--yes"), 2, "shopping.txt")
    refused(chief.types("office", "admit", str(town.folder / "nowhere"), "--yes"), 3)


def test_wallets_of_one_role_do_not_do_the_work_of_the_other(town: Town) -> None:
    node = town.nodes["Bretagne"]
    alice, chief = person(town, "alice"), officer(town, "Bretagne")
    refused(alice.types("office", "lines"), 1, "mandataire")
    refused(alice.types("office", "open", node.url), 1, "mandataire")
    refused(chief.types("pay", "alice", "1"), 1, "mandataire")
    refused(chief.types("wallet", "apply", node.url), 1, "mandataire")
    stranger = town.person("stranger", "--officer")
    refused(stranger.types("office", "open", node.url), 1, "aucun mandat")
    refused(stranger.types("office", "lines"), 3, "ronde office open")


def test_two_of_three_officers_decide(town: Town) -> None:
    node = town.found("Alsace", officers=3, needed=2)
    first, second, third = town.officers["Alsace"]
    erwan = town.person("erwan")
    letter, paper = town.folder / "erwan.txt", town.folder / "admit-erwan.txt"
    erwan.does("wallet", "apply", node.url, "-o", str(letter))
    one = first.types("office", "admit", str(letter), "--yes", "-o", str(paper))
    refused(one, 7, "1 signature(s)")
    refused(erwan.types("balance"), 3, "attendez sa décision")
    again = first.types("office", "cosign", str(paper), "--yes")
    assert again.code == 7
    done = second.does("office", "cosign", str(paper), "--yes")
    assert "Erwan" in done.out
    assert erwan.balance() == "0.00"
    limits = ("--credit-limit", "20", "--ceiling", "20", "--yes", "--json")
    papers = []
    for place, chief in enumerate((third, third)):
        path = town.folder / f"limit-{place}.txt"
        assert chief.types("office", "limit", "erwan", *limits, "-o", str(path)).code == 7
        papers.append(path)
    for path in papers:
        first.does("office", "cosign", str(path), "--yes")
    assert erwan.does("balance", "--json").shape["ceiling"] == "20.00"


def test_two_of_three_officers_open_a_line(town: Town) -> None:
    alsace = town.nodes.get("Alsace") or town.found("Alsace", officers=3, needed=2)
    rhone = town.nodes["Rhône"]
    first, second, _ = town.officers["Alsace"]
    limits = ("--limit", "100", "--their-limit", "100", "--yes")
    proposed = first.types("office", "line", rhone.url, *limits)
    assert (proposed.code, "Alsace, Rhône" in proposed.out) == (7, True), proposed
    second.types("office", "accept", "rhone", "--yes")
    done = officer(town, "Rhône").types(
        "office", "accept", "alsace", "--peer", alsace.url, "--yes", "--json"
    )
    assert done.code == 0, done
    for chief in (first, officer(town, "Rhône")):
        states = {
            one["with"]: one["state"]
            for one in chief.does("office", "lines", "--json").shape["lines"]
        }
        assert "in_force" in states.values()


def test_what_a_node_is_called_is_what_its_charter_says(town: Town) -> None:
    node: Node = town.nodes["Rhône"]
    with Client(node.url) as client:
        cooperative, url = greet(client)
    assert (cooperative.name, cooperative.place, url) == ("Rhône", "rhone", node.url)


def test_a_ring_of_three_debts_is_cleared_and_nobody_gains(town: Town) -> None:
    names = ("Corse", "Provence", "Picardie")
    nodes = [town.found(name) for name in names]
    people = [town.member(f"m-{node.name.lower()}", node) for node in nodes]
    for place, node in enumerate(nodes):
        town.join(node, nodes[(place + 1) % 3])
    for place, payer in enumerate(people):
        payee = nodes[(place + 1) % 3].name.lower()
        payer.does("pay", f"m-{payee}@{payee}", str(40 + place), "--yes")
    cleared = town.officers["Corse"][0].does("office", "round", "--json").shape
    assert (cleared["gross_before"], cleared["cleared"]) == ("123.00", "120.00")
    assert [(one["amount"], one["state"]) for one in cleared["cycles"]] == [("40.00", "final")]
    assert {one["net_change"] for one in cleared["cooperatives"]} == {"0.00"}
    again = town.officers["Provence"][0].does("office", "round")
    assert "3,00 UEB" in again.out
    refused(town.person("m-nobody").types("office", "round"), 1, "mandataire")
