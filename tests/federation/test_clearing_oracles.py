"""The engine against solvers that share nothing with it: same totals, and with ties same flows."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from federation.certificate import verify
from federation.network import Network, allot, merge
from tests.bench.clearing.both_ways import ENGINES, TIE_BITS, Engine, checked, drawn_ties, merged
from tests.bench.clearing.generated import Instance, named
from tests.bench.clearing.oracles import (
    Debt,
    best_costs,
    by_cancelling,
    by_libraries,
    by_networkx,
    grown,
    shaped,
)

ARCS_MAX = 50_000  # the larger ones take seconds in the bench


def same(net: Network) -> Instance:
    return Instance(net.members, net.debtors, net.creditors, net.amounts)


def plain_debts(obligations: list[Any]) -> tuple[int, list[Debt]]:
    """Number the members of a published case in the order of their names."""
    rows = [(o["debtor"], o["creditor"], o["amount"]) if isinstance(o, dict) else tuple(o)
            for o in obligations]  # fmt: skip
    names = sorted({name for debtor, creditor, _ in rows for name in (debtor, creditor)})
    place = {name: number for number, name in enumerate(names)}
    return len(names), [(place[d], place[c], n) for d, c, n in rows]


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / "data" / "clearing-cases" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("engine", ENGINES)
def test_three_hundred_graphs_have_the_total_that_every_other_solver_finds(engine: Engine) -> None:
    for seed in range(300):
        net, debts = merged(*grown(seed))
        total = sum(checked(engine, net))
        plain = [-1] * len(debts)
        assert total == sum(by_networkx(net.members, debts, plain)), seed
        assert total == sum(by_cancelling(net.members, debts, plain)), seed
        for name, flow in by_libraries(same(net)).items():
            assert total == sum(flow), (seed, name)


@pytest.mark.parametrize("engine", ENGINES)
def test_with_ties_every_solver_gives_the_same_flow(engine: Engine) -> None:
    for seed in range(300):
        net, debts = merged(*grown(seed))
        ties = drawn_ties(seed, net.arcs)
        flow = checked(engine, net, ties)
        assert sum(flow) == sum(checked(engine, net)), seed
        costs = best_costs(net.members, ties)
        assert flow == by_networkx(net.members, debts, costs), seed
        assert flow == by_cancelling(net.members, debts, costs), seed
        for name, other in by_libraries(same(net), ties).items():
            assert flow == other, (seed, name)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", ["ring", "ladder", "hub", "downstream"])
def test_deep_and_wide_graphs_have_the_answer_of_every_library(shape: str, engine: Engine) -> None:
    for seed in range(24):
        net, debts = merged(*shaped(shape, seed))
        total = sum(checked(engine, net))
        for name, flow in by_libraries(same(net)).items():
            assert total == sum(flow), (seed, name)
        ties = drawn_ties(seed, net.arcs)
        flow = by_networkx(net.members, debts, best_costs(net.members, ties))
        assert checked(engine, net, ties) == flow, seed


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_ties_leave_the_choice_but_not_the_total(engine: Engine) -> None:
    for seed in range(60):
        net, _ = merged(*grown(seed))
        flow = checked(engine, net, [7] * net.arcs)
        assert sum(flow) == sum(checked(engine, net)), seed


@pytest.mark.parametrize("engine", ENGINES)
def test_the_published_random_graphs_have_their_optimum(engine: Engine, shared_dir: Path) -> None:
    cases = load(shared_dir, "random-small")["cases"]
    assert len(cases) == 300
    for seed, case in enumerate(cases):
        net, debts = merged(*plain_debts(case["obligations"]))
        assert (net.gross, sum(checked(engine, net))) == (case["total"], case["max_cleared"])
        ties = drawn_ties(seed, net.arcs)
        costs = best_costs(net.members, ties)
        assert checked(engine, net, ties) == by_cancelling(net.members, debts, costs)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_published_case_has_its_optimum(engine: Engine, shared_dir: Path) -> None:
    seen = 0
    for path in sorted((shared_dir / "data" / "clearing-cases").glob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        if case.get("kind") != "max_set_off":
            continue
        seen += 1
        members, debts = plain_debts(case["obligations"])
        net, whole = merged(members, debts)
        best = sum(checked(engine, net))
        assert best == case["expected"]["max_cleared"], path.stem
        assert best == sum(by_cancelling(members, whole, [-1] * net.arcs))
        nets = net.nets()
        owing = int(nets[nets > 0].sum())
        assert (net.gross, owing) == (case["computed"]["total"], case["computed"]["nid"])
    assert seen >= 6


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_generated_graphs_have_the_optimum_that_was_published(
    engine: Engine, shared_dir: Path
) -> None:
    instances = load(shared_dir, "generated-reference")["instances"]
    small = [each for each in instances if each["arcs"] <= ARCS_MAX]
    assert len(small) >= 20
    for instance in small:
        debts = named(instance["instance"])
        assert debts.digest() == instance["sha256_16"]
        net, arcs = merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
        cleared = engine(net, None)
        verify(net, cleared.flow, cleared.potentials)
        parts = allot(net, cleared.flow, arcs, debts.amounts)
        found = (net.arcs, net.gross, int(parts.sum()))
        assert found == (instance["arcs"], instance["total"], instance["max_cleared"])


@pytest.mark.parametrize("engine", ENGINES)
def test_amounts_beyond_fifty_three_bits_are_exact(engine: Engine) -> None:
    for seed in range(60):
        members, debts = grown(seed)
        dice = random.Random(f"large {seed}")
        large = [(d, c, dice.randint(2**53, 2**57)) for d, c, _ in debts]
        net, whole = merged(members, large)
        flow = checked(engine, net)
        plain = [-1] * net.arcs
        assert sum(flow) == sum(by_cancelling(members, whole, plain)), seed
        assert sum(flow) == sum(by_networkx(members, whole, plain)), seed
        ties = drawn_ties(seed, net.arcs)
        costs = best_costs(members, ties)
        assert checked(engine, net, ties) == by_cancelling(members, whole, costs), seed


@pytest.mark.parametrize("engine", ENGINES)
def test_the_largest_sum_that_is_allowed_is_cleared(engine: Engine) -> None:
    half = 2**62
    net, _ = merged(3, [(0, 1, half), (1, 0, half - 2), (2, 0, 1)])
    assert net.gross == 2**63 - 1
    assert checked(engine, net) == [half - 2, half - 2, 0]
    third = (2**63 - 1) // 3
    net, _ = merged(3, [(0, 1, third), (1, 2, third), (2, 0, third)])
    assert checked(engine, net) == [third] * 3
    assert checked(engine, net, [5, 2**TIE_BITS - 1, 0]) == [third] * 3


@pytest.mark.parametrize("engine", ENGINES)
def test_graphs_without_arcs_or_members_have_an_answer(engine: Engine) -> None:
    for members in (0, 1, 5):
        net, _ = merged(members, [])
        cleared = engine(net, None)
        assert (len(cleared.flow), len(cleared.potentials)) == (0, members)
        verify(net, cleared.flow, cleared.potentials)
