"""Debts of a file become payments; the optimum is computed from the file alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.debts import DebtFile
from cli.demo_replay import (
    accounts_of,
    load,
    mesh_pairs,
    optimum,
    place_of,
    replay_payments,
    replay_people,
    total,
)
from cli.failures import ExitCode, Failure


def written(folder: Path, *lines: str) -> Path:
    path = folder / "debts.csv"
    path.write_text("\n".join(["debtor,creditor,amount", *lines]) + "\n", encoding="utf-8")
    return path


def spread(count: int) -> dict[int, str]:
    """Return an account of each cooperative."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < count:
        found.setdefault(place_of(str(number), count), str(number))
        number += 1
    return found


def test_the_first_debts_of_a_file_are_taken(tmp_path: Path) -> None:
    file = load(written(tmp_path, "a,b,1.5", "b,c,2", "c,a,3"), 2, "fr")
    assert file == DebtFile([("a", "b", 15), ("b", "c", 20)], 1)
    assert total(file) == 35
    assert accounts_of(file) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("lines", "key", "code"),
    [
        ((), "demo.file_empty", ExitCode.USAGE),
        (("a,b,x",), "demo.debt_file", ExitCode.USAGE),
        (("a,b,9007199254740992",), "demo.too_large", ExitCode.USAGE),
    ],
)
def test_a_file_that_cannot_be_replayed_is_told(
    tmp_path: Path, lines: tuple[str, ...], key: str, code: ExitCode
) -> None:
    with pytest.raises(Failure) as caught:
        load(written(tmp_path, *lines), None, "fr")
    assert (caught.value.key, caught.value.code) == (key, code)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        load(tmp_path / "none.csv", None, "en")
    assert caught.value.code is ExitCode.NOT_FOUND


def test_an_account_stays_with_its_cooperative() -> None:
    places = [place_of(f"account {number}", 6) for number in range(600)]
    assert places == [place_of(f"account {number}", 6) for number in range(600)]
    assert all(60 < places.count(place) < 140 for place in range(6))


def test_every_account_becomes_a_member_of_another_name() -> None:
    file = DebtFile([("Été", "été", 1), ("ete", "…", 2), ("no-1", "Été", 3)], 0)
    places: list[Any] = [SimpleNamespace(number=number) for number in range(3)]
    people = replay_people(file, places)
    assert [people[account].shown for account in people] == ["Été", "été", "ete", "…", "no-1"]
    assert len({member.name for member in people.values()}) == 5
    assert len({member.seed for member in people.values()}) == 5
    payments = replay_payments(file, people)
    told = [(one.payer.shown, one.payee.shown, one.amount) for one in payments]
    assert told == [("Été", "été", 1), ("ete", "…", 2), ("no-1", "Été", 3)]


def test_each_pair_of_cooperatives_has_one_line() -> None:
    places: list[Any] = ["a", "b", "c"]
    pairs: list[Any] = mesh_pairs(places)
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_the_optimum_sees_what_is_left_between_cooperatives() -> None:
    one, two, three = spread(3).values()
    file = DebtFile(
        [(one, two, 50), (two, one, 20), (two, three, 40), (three, one, 100)], 0
    )  # fmt: skip
    best = optimum(file, 3)
    assert (best.gross, best.cleared) == (30 + 40 + 100, 90)


def test_debts_without_a_cycle_leave_nothing_to_clear() -> None:
    one, two, three = spread(3).values()
    best = optimum(DebtFile([(one, two, 5), (two, three, 5), (one, one + "0", 1)], 0), 3)
    assert best.cleared == 0
