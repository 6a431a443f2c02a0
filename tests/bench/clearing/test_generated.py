"""Invented debts are the same everywhere: every digest that was published with its optimum."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.bench.clearing.baselines import cycles_up_to, greedy
from tests.bench.clearing.generated import federation, named, trade

QUICK_MAX = 600_000  # invoices


def published(folder: Path) -> list[dict[str, object]]:
    path = folder / "data" / "clearing-cases" / "generated-reference.json"
    instances: list[dict[str, object]] = json.loads(path.read_text("utf-8"))["instances"]
    return instances


def agrees(instance: dict[str, object]) -> bool:
    debts = named(str(instance["instance"]))
    owed = int(debts.amounts.sum())
    found = (debts.digest(), len(debts.amounts), owed)
    return found == (instance["sha256_16"], instance["invoices"], instance["total"])


def test_every_published_instance_is_made_to_the_byte(shared_dir: Path) -> None:
    quick = [each for each in published(shared_dir) if int(str(each["invoices"])) < QUICK_MAX]
    assert len(quick) >= 34
    assert [each["instance"] for each in quick if not agrees(each)] == []


@pytest.mark.slow
def test_the_instances_of_a_country_are_made_to_the_byte(shared_dir: Path) -> None:
    large = [each for each in published(shared_dir) if int(str(each["invoices"])) >= QUICK_MAX]
    assert len(large) == 2
    assert [each["instance"] for each in large if not agrees(each)] == []


def test_two_instances_are_pinned_here_too() -> None:
    assert trade(1000, 5, 1).digest() == "9386915dfa62727c"
    assert federation(50, 2).digest() == "b28895b59caef15d"


@pytest.mark.parametrize("name", ["trade:1000:5:3", "fed:50:3", "fed:300:3"])
def test_debts_are_between_two_members_and_above_zero(name: str) -> None:
    debts = named(name)
    assert (debts.debtors != debts.creditors).all()
    assert (debts.amounts >= 1).all()
    for column in (debts.debtors, debts.creditors):
        assert 0 <= column.min() <= column.max() < debts.members
    if name.startswith("fed"):
        pairs = {
            frozenset(pair)
            for pair in zip(debts.debtors.tolist(), debts.creditors.tolist(), strict=True)
        }
        assert len(pairs) == len(debts.amounts)


def test_simpler_ways_cancel_circulations_and_greedy_leaves_no_small_cycle() -> None:
    debts = named("fed:50:1")
    columns = (debts.members, debts.debtors, debts.creditors, debts.amounts)
    taken = 0
    for longest in (2, 3, 6):
        flow = cycles_up_to(longest, *columns)
        change = np.bincount(debts.debtors, flow, debts.members)
        assert (change == np.bincount(debts.creditors, flow, debts.members)).all()
        assert taken <= flow.sum()
        taken = int(flow.sum())
    rest = debts.amounts - greedy(*columns)
    left = rest > 0
    again = cycles_up_to(6, debts.members, debts.debtors[left], debts.creditors[left], rest[left])
    assert not again.any()
