"""Writes spec/vectors/0013-clearing-mathematics: run it again and nothing changes.

Optima, potentials, uniqueness and cycles are computed here from the definitions of the spec by slow
methods, so that the vectors are a second opinion on `federation` and not its echo.
"""

import hashlib
import itertools
import json
from collections import Counter
from pathlib import Path

import networkx as nx

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "0013-clearing-mathematics"
SALTS = (bytes(range(32)), b"\xff" * 32)

Case = dict[str, object]
Debt = tuple[str, str, int]
Arc = tuple[str, str]
Numbers = dict[Arc, int]

RING: list[Debt] = [
    ("rhone", "alsace", 7000),
    ("alsace", "bretagne", 10000),
    ("bretagne", "rhone", 8000),
]
TWO_WAYS: list[Debt] = [
    ("alsace", "bretagne", 100),
    ("bretagne", "corse", 100),
    ("corse", "alsace", 100),
    ("bretagne", "drome", 100),
    ("drome", "alsace", 100),
]
ROUNDS: dict[str, tuple[str, list[Debt]]] = {
    "ring_of_three": ("the example of the spec", RING),
    "two_equal_ways": ("either way cancels 300; the hashes choose", TWO_WAYS),
    "nothing_runs_in_a_circle": (
        "no cycle, nothing cancelled",
        [("a", "b", 5), ("b", "c", 9), ("a", "c", 7)],
    ),
    "opposite_debts_take_part_in_a_longer_ring": (
        "netting the pair first would lose: 2 on the pair and 3 on the ring of four",
        [("a", "b", 5), ("b", "a", 2), ("b", "c", 3), ("c", "d", 3), ("d", "a", 3)],
    ),
    "short_cycles_first_is_not_the_optimum": (
        "the ring of two stands in the way of two rings of three",
        [("a", "b", 1), ("b", "a", 1), ("b", "c", 1), ("c", "a", 1), ("d", "b", 1), ("a", "d", 1)],
    ),
    "names_beyond_ascii": (
        "names are compared by their bytes: Ï comes after Z and z",
        [("Île-de-France", "zone", 4), ("zone", "Zone", 4), ("Zone", "Île-de-France", 9)],
    ),
    "amounts_beyond_2_53": (
        "whole numbers that a double cannot hold",
        [("a", "b", 2**53 + 1), ("b", "c", 2**53 + 3), ("c", "a", 2**53 + 5)],
    ),
    "complete_graph_of_five": (
        "many ways, one answer",
        [
            (one, other, 1 + (7 * ord(one) + 11 * ord(other)) % 13)
            for one, other in itertools.permutations("abcde", 2)
        ],
    ),
}


def merged(debts: list[Debt]) -> Numbers:
    """Return the arcs in canonical order."""
    total: Counter[Arc] = Counter()
    for debtor, creditor, amount in debts:
        total[debtor, creditor] += amount
    return {arc: total[arc] for arc in sorted(total, key=lambda arc: [n.encode() for n in arc])}


def members(owed: Numbers) -> list[str]:
    return sorted({name for arc in owed for name in arc}, key=str.encode)


def optimum(owed: Numbers, costs: Numbers) -> Numbers:
    """Return a flow of least cost, by whole numbers of any size."""
    network = nx.DiGraph()
    for (debtor, creditor), amount in owed.items():
        network.add_edge(debtor, creditor, capacity=amount, weight=costs[debtor, creditor])
    flow = nx.network_simplex(network)[1]
    return {(debtor, creditor): flow[debtor][creditor] for debtor, creditor in owed}


def residual(owed: Numbers, flow: Numbers, costs: Numbers) -> list[tuple[str, str, int]]:
    """Return the ways in which a flow can change, each with its gain."""
    onward = [(u, v, -costs[u, v]) for u, v in owed if flow[u, v] < owed[u, v]]
    return onward + [(v, u, costs[u, v]) for u, v in owed if flow[u, v] > 0]


def proof(owed: Numbers, flow: Numbers, costs: Numbers) -> dict[str, int]:
    """Return the least potentials not below 0: relax every way, once for each member."""
    potential = dict.fromkeys(members(owed), 0)
    ways = residual(owed, flow, costs)
    for _ in potential:
        for tail, head, gain in ways:
            potential[head] = max(potential[head], potential[tail] + gain)
    assert all(potential[head] >= potential[tail] + gain for tail, head, gain in ways)
    return potential


def unique(owed: Numbers, flow: Numbers, costs: Numbers) -> bool:
    """Say whether no way around of gain 0 exists but going along an arc and back."""
    potential = proof(owed, flow, costs)
    network = nx.DiGraph()
    for tail, head, gain in residual(owed, flow, costs):
        if potential[tail] + gain == potential[head]:
            network.add_edge(tail, head)
    return all(len(ring) == 2 for ring in nx.simple_cycles(network))


def cycles(flow: Numbers) -> list[list[object]]:
    """Return the canonical cycles: each time look at every simple cycle through the arc."""
    rest = {arc: amount for arc, amount in flow.items() if amount}
    found: list[tuple[list[str], int]] = []
    while rest:
        debtor, creditor = min(rest, key=lambda arc: (rest[arc], [n.encode() for n in arc]))
        network = nx.DiGraph(list(rest))
        ways = list(nx.all_simple_paths(network, creditor, debtor))
        way = min(ways, key=lambda way: (len(way), [name.encode() for name in way]))
        ring = [debtor, *way[:-1]]
        arcs = list(zip(ring, ring[1:] + ring[:1], strict=True))
        amount = min(rest[arc] for arc in arcs)
        rest = {arc: left - amount * (arc in arcs) for arc, left in rest.items()}
        rest = {arc: left for arc, left in rest.items() if left}
        first = ring.index(min(ring, key=str.encode))
        found.append((ring[first:] + ring[:first], amount))
    found.sort(key=lambda cycle: [name.encode() for name in cycle[0]])
    return [[ring, amount] for ring, amount in found]


def hashed(salt: bytes, arc: Arc) -> bytes:
    """Return the bytes that are hashed for one arc."""
    names = b"".join(len(n.encode()).to_bytes(2, "big") + n.encode() for n in arc)
    return b"ronde/tie/v1\x00" + salt + names


def tie_cost(salt: bytes, arc: Arc) -> int:
    digest = hashlib.sha256(hashed(salt, arc)).digest()
    return -(2**32) + (int.from_bytes(digest, "big") >> 236)


def graph_cases() -> list[Case]:
    good = {
        "parallel_debts_are_added_up": [("a", "b", 3), ("b", "a", 5), ("a", "b", 4)],
        "order_does_not_matter": list(reversed(RING)),
        "largest_sum": [("a", "b", 2**63 - 2), ("b", "a", 1)],
        "no_debts": [],
    }
    bad = {
        "self_debt_fail": ([("a", "b", 1), ("a", "a", 1)], "SELF_DEBT"),
        "zero_fail": ([("a", "b", 0)], "AMOUNT_NOT_POSITIVE"),
        "negative_fail": ([("a", "b", -1)], "AMOUNT_NOT_POSITIVE"),
        "sum_too_large_fail": ([("a", "b", 2**63 - 1), ("b", "a", 1)], "TOTAL_TOO_LARGE"),
    }
    cases: list[Case] = [
        {
            "name": name,
            "debts": debts,
            "members": members(merged(debts)),
            "arcs": [[u, v, amount] for (u, v), amount in merged(debts).items()],
        }
        for name, debts in good.items()
    ]
    return cases + [
        {"name": n, "debts": debts, "fault": fault} for n, (debts, fault) in bad.items()
    ]


def hash_cases() -> list[Case]:
    arcs = [("alsace", "bretagne"), ("bretagne", "alsace"), ("ab", "c"), ("a", "bc"), ("é", "z")]
    return [
        {
            "name": f"salt_{number}_{debtor}_{creditor}",
            "salt": salt.hex(),
            "next_salt": hashlib.sha256(b"ronde/tie-next/v1\x00" + salt).hexdigest(),
            "debtor": debtor,
            "creditor": creditor,
            "hashed": hashed(salt, (debtor, creditor)).hex(),
            "digest": hashlib.sha256(hashed(salt, (debtor, creditor))).hexdigest(),
            "h": tie_cost(salt, (debtor, creditor)) + 2**32,
            "cost": tie_cost(salt, (debtor, creditor)),
        }
        for number, salt in enumerate(SALTS)
        for debtor, creditor in arcs
    ]


def round_cases() -> list[Case]:
    cases: list[Case] = []
    for (name, (comment, debts)), (number, salt) in itertools.product(
        ROUNDS.items(), enumerate(SALTS)
    ):
        owed = merged(debts)
        costs = {arc: tie_cost(salt, arc) for arc in owed}
        flow = optimum(owed, costs)
        plain = optimum(owed, dict.fromkeys(owed, -1))
        assert sum(plain.values()) == sum(flow.values())
        cases.append(
            {
                "name": f"{name}_salt_{number}",
                "comment": comment,
                "debts": debts,
                "salt": salt.hex(),
                "costs": list(costs.values()),
                "flow": list(flow.values()),
                "cleared": sum(plain.values()),
                "potentials": list(proof(owed, flow, costs).values()),
                "unique": unique(owed, flow, costs),
                "cycles": cycles(flow),
            }
        )
    return cases


def proof_cases() -> list[Case]:
    tampered = {
        "sound": ([7000, 7000, 7000], [0, 1, 2], ""),
        "any_shift_of_a_proof_convinces": ([7000, 7000, 7000], [10, 11, 12], ""),
        "one_unit_more_fail": ([7001, 7000, 7000], [0, 1, 2], "alsace: net position"),
        "one_unit_less_fail": ([7000, 7000, 6999], [0, 1, 2], "alsace: net position"),
        "one_unit_less_all_around_fail": ([6999, 6999, 6999], [0, 1, 2], "rhone -> alsace"),
        "above_the_debt_fail": ([7001, 7001, 7001], [0, 1, 2], "rhone -> alsace"),
        "below_zero_fail": ([-1, -1, -1], [0, 1, 2], "alsace -> bretagne"),
        "nothing_cancelled_fail": ([0, 0, 0], [0, 0, 0], "alsace -> bretagne"),
        "potential_too_high_fail": ([7000, 7000, 7000], [0, 2, 2], "alsace -> bretagne"),
        "a_potential_missing_fail": ([7000, 7000, 7000], [0, 1], "2 potentials"),
        "a_number_missing_fail": ([7000, 7000], [0, 1, 2], "2 amounts"),
    }
    return [
        {"name": n, "debts": RING, "flow": flow, "potentials": potentials, "first": first}
        for n, (flow, potentials, first) in tampered.items()
    ]


def cycle_cases() -> list[Case]:
    ring = ["alsace", "bretagne", "rhone"]
    lists: dict[str, tuple[list[list[object]], str]] = {
        "sound": ([[ring, 7000]], ""),
        "other_start_fail": ([[["rhone", "alsace", "bretagne"], 7000]], "cycle 0"),
        "one_unit_more_fail": ([[ring, 7001]], "cycle 0"),
        "one_unit_less_fail": ([[ring, 6999]], "alsace"),
        "cut_in_two_fail": ([[ring, 3000], [ring, 4000]], "cycle 1"),
        "zero_fail": ([[ring, 0]], "cycle 0"),
        "member_twice_fail": ([[["alsace", "bretagne", "alsace"], 1]], "cycle 0"),
        "alone_fail": ([[["alsace"], 1]], "cycle 0"),
        "against_the_debts_fail": ([[["alsace", "rhone", "bretagne"], 7000]], "cycle 0"),
        "none_fail": ([], "alsace"),
    }
    return [
        {"name": n, "debts": RING, "flow": [7000] * 3, "cycles": listed, "first": first}
        for n, (listed, first) in lists.items()
    ]


def file_cases() -> list[Case]:
    read = [["a", "b", 1250], ["b", "a", 300]]
    good = {
        "plain": b"debtor,creditor,amount\na,b,12.50\nb,a,3\n",
        "no_header": b"a,b,12.50\nb,a,3\n",
        "french": "\ufeffmontant;créancier;débiteur\r\n12,50;b;a\r\n3;a;b\r\n".encode(),
        "more_columns": b"date,debtor,creditor,amount\nx,a,b,12.50\ny,b,a,3.0\n",
    }
    bad = {
        "decimal_comma_fail": (b'a,b,"12,50"\n', "comma", 1),
        "mixed_marks_fail": (b"a;b;12,50\nb;a;3.1\n", "mixed_marks", 2),
        "decimals_fail": (b"a,b,1\nb,a,0.0000001\n", "decimals", 2),
        "latin_1_fail": ("a,b,1\né,a,1\n".encode("latin-1"), "not_utf8", 2),
        "self_debt_fail": (b"debtor,creditor,amount\n\na,a,1\n", "self_debt", 3),
        "zero_fail": (b"a,b,0.00\n", "not_positive", 1),
        "two_columns_fail": (b"a,b\n", "columns", 1),
        "column_missing_fail": (b"debtor,creditor,sum\na,b,1\n", "no_column", 1),
    }
    cases: list[Case] = [
        {"name": name, "file": content.hex(), "decimals": 2, "debts": read}
        for name, content in good.items()
    ]
    return cases + [
        {"name": name, "file": content.hex(), "fault": fault, "line": line}
        for name, (content, fault, line) in bad.items()
    ]


FILES = {
    "graphs": ("debts become one graph", graph_cases),
    "hashes": ("the hash of an arc and its cost", hash_cases),
    "rounds": ("the one answer of a round, its proof and its cycles", round_cases),
    "proofs": ("proofs that hold and proofs that do not, plain costs", proof_cases),
    "cycles": ("lists of cycles that add up to the flow and lists that do not", cycle_cases),
    "files": ("debt files, byte for byte", file_cases),
}


def render() -> dict[str, str]:
    """Return the text of every file by its name."""
    return {
        f"{name}.json": json.dumps(
            {"spec": "0013", "about": about, "cases": cases()}, ensure_ascii=False, indent=1
        )
        + "\n"
        for name, (about, cases) in FILES.items()
    }


if __name__ == "__main__":
    for file, text in render().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
