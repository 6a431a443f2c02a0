"""Optima that others published or several solvers confirmed (../shared/data/clearing-cases)."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from federation.cycles import cycles, short_cycles, verify_cycles
from federation.obligations import Graph, allot
from federation.optimality import potentials, verify_optimal
from federation.set_off import solve
from federation.tie_break import unique_optimum
from tests.federation.graphs import by_pair

Debt = tuple[str, str, int]
ARCS_MAX = 50_000  # the larger ones take minutes
SINGLE = [
    "acyclic-nothing",
    "cycles-sandbox-risczero",
    "informal101-triangle",
    "int64-beyond-float53",
    "parallel-invoices",
    "tie-two-equal-answers",
]


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / "data" / "clearing-cases" / f"{name}.json").read_text("utf-8"))


def checked(debts: list[Debt]) -> tuple[Graph[str], list[int]]:
    """Solve, prove, decompose; return the flow."""
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    verify_optimal(graph, flow, potentials(graph, flow))
    for way in (cycles, short_cycles):
        verify_cycles(graph, flow, way(graph, flow))
    assert sum(allot(graph, flow, debts)) == sum(flow)
    assert sum(unique_optimum(graph, bytes(32)).flow) == sum(flow)
    return graph, flow


def pairs(expected: dict[str, int]) -> dict[tuple[str, ...], int]:
    return {tuple(arc.split(">")): amount for arc, amount in expected.items() if amount}


@pytest.mark.parametrize("name", SINGLE)
def test_a_published_case_has_its_optimum(name: str, shared_dir: Path) -> None:
    case = load(shared_dir, name)
    debts = [(o["debtor"], o["creditor"], o["amount"]) for o in case["obligations"]]
    graph, flow = checked(debts)
    assert sum(flow) == case["expected"]["max_cleared"] == case["computed"]["max_cleared"]
    assert graph.gross == case["computed"]["total"]
    assert sum(net for net in graph.nets() if net > 0) == case["computed"]["nid"]
    if "set_off" in case["expected"]:
        assert by_pair(graph, flow) == pairs(case["expected"]["set_off"])
    left = case["expected"].get("remainder", case["expected"].get("remaining"))
    if left is not None:
        rest = {(debtor, creditor): n for debtor, creditor, n in graph.remaining(flow)}
        assert rest == pairs(left)


def test_three_hundred_random_cases_have_their_optimum(shared_dir: Path) -> None:
    cases = load(shared_dir, "random-small")["cases"]
    assert len(cases) == 300
    for case in cases:
        graph, flow = checked([(d, c, n) for d, c, n in case["obligations"]])
        assert (graph.gross, sum(flow)) == (case["total"], case["max_cleared"])


@pytest.mark.slow
def test_generated_instances_have_the_optimum_that_other_solvers_found(shared_dir: Path) -> None:
    path = shared_dir / "prototypes" / "clearing" / "gen.py"
    spec = importlib.util.spec_from_file_location("gen", path)
    assert spec is not None
    assert spec.loader is not None
    gen = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gen)
    instances = load(shared_dir, "generated-reference")["instances"]
    small = [each for each in instances if each["arcs"] <= ARCS_MAX]
    assert len(small) >= 20
    for instance in small:
        kind, *numbers = instance["instance"].split(":")
        made = (gen.federation if kind == "fed" else gen.trade)(*map(int, numbers))
        assert gen.digest(*made) == instance["sha256_16"]
        debtors, creditors, amounts = (column.tolist() for column in made[1:])
        rows = zip(debtors, creditors, amounts, strict=True)
        graph = Graph.from_debts([(f"{d:07}", f"{c:07}", n) for d, c, n in rows])
        flow = solve(graph)
        verify_optimal(graph, flow, potentials(graph, flow))
        assert len(graph.amounts) == instance["arcs"]
        assert (graph.gross, sum(flow)) == (instance["total"], instance["max_cleared"])
