"""Writes the vectors of weights and lines (0013 §7, 0019 §6): run it again and nothing changes.

Optima, potentials and cycles are computed here by slow methods from the definitions, bytes are put
together with `struct` and `msgpack`: a second opinion on `federation` and `cli`, not their echo.
"""

import hashlib
import itertools
import json
import struct
from pathlib import Path

import msgpack
import networkx as nx

VECTORS = Path(__file__).resolve().parents[2] / "spec" / "vectors"
MATHEMATICS = VECTORS / "0013-clearing-mathematics"
FILES = VECTORS / "0019-debt-files"
SALT = bytes(range(32))

Case = dict[str, object]
Row = tuple[str, str, int, int]
Arc = tuple[str, str, int, int]
"""Debtor, creditor, 0 for a debt and 1 for a line, weight."""

CHAIN: list[Row] = [("a", "b", 10, 3), ("b", "c", 8, 1), ("c", "a", 2, 1)]
CHAIN_LINES: list[Row] = [("c", "a", 4, 0)]
GRAPHS: dict[str, tuple[str, list[Row], list[Row]]] = {
    "example_of_the_spec": ("a line of c to a clears a chain", CHAIN, CHAIN_LINES),
    "weights_alone": (
        "the heavier of two ways is cleared, not the one of more debts",
        [("a", "b", 5, 1), ("b", "a", 5, 9), ("b", "c", 5, 1), ("c", "d", 5, 1), ("d", "a", 5, 1)],
        [],
    ),
    "two_weights_of_one_pair": (
        "two arcs; the heavier falls first",
        [("a", "b", 4, 1), ("a", "b", 3, 7), ("b", "a", 5, 1), ("a", "b", 1, 7)],
        [],
    ),
    "a_line_used_last": (
        "of two lines of a pair the one of weight 0 comes first; one of limit 0 is no arc",
        [("a", "b", 9, 2), ("b", "c", 7, 1)],
        [("c", "a", 2, -1), ("c", "a", 3, 0), ("c", "a", 0, 0), ("c", "a", 1, 0)],
    ),
    "a_line_never_used": (
        "it would cost more than it clears",
        [("a", "b", 9, 1), ("b", "c", 7, 1)],
        [("c", "a", 5, -2), ("c", "a", 5, -3)],
    ),
    "a_pool_of_balances": (
        "L lends a what a holds, and takes from d what d has room for",
        [("a", "b", 6, 1), ("b", "c", 5, 1), ("c", "d", 9, 1), ("d", "b", 2, 1)],
        [("L", "a", 4, 0), ("L", "b", 1, 0), ("d", "L", 4, 0), ("a", "L", 3, 0)],
    ),
    "a_line_of_the_creditor": (
        "the debt becomes credit",
        [("a", "b", 6, 1)],
        [("b", "a", 4, 0)],
    ),
    "lines_without_debts": (
        "nothing is lent for nothing",
        [],
        [("a", "b", 4, 0), ("b", "a", 4, 0)],
    ),
    "amounts_beyond_2_53": (
        "whole numbers that a double cannot hold",
        [("a", "b", 2**53 + 1, 2), ("b", "c", 2**53 + 3, 1)],
        [("c", "a", 2**53 + 7, 0)],
    ),
}  # fmt: skip
REFUSED: dict[str, tuple[list[Row], list[Row], str]] = {
    "weight_below_one_fail": ([("a", "b", 1, 0)], [], "debt 0 refused: WEIGHT"),
    "weight_too_large_fail": ([("a", "b", 1, 10**9 + 1)], [], "debt 0 refused: WEIGHT"),
    "line_to_oneself_fail": ([], [("a", "a", 1, 0)], "line 0 refused: SELF_LINE"),
    "limit_below_zero_fail": ([], [("a", "b", -1, 0)], "line 0 refused: LIMIT_NEGATIVE"),
    "line_weight_above_zero_fail": ([], [("a", "b", 1, 1)], "line 0 refused: WEIGHT"),
    "line_weight_too_low_fail": ([], [("a", "b", 1, -(10**9) - 1)], "line 0 refused: WEIGHT"),
    "debts_and_limits_too_large_fail": (
        [("a", "b", 2**62, 1)], [("b", "a", 2**62, 0)], "lines refused: TOTAL_TOO_LARGE",
    ),
}  # fmt: skip


def names_of(*lists: list[Row]) -> list[str]:
    return sorted({name for rows in lists for row in rows for name in row[:2]}, key=str.encode)


def merged(debts: list[Row], lines: list[Row]) -> dict[Arc, int]:
    """Return what each arc can carry, in canonical order."""
    owed: dict[Arc, int] = {}
    for kind, rows in enumerate((debts, lines)):
        for debtor, creditor, amount, weight in rows:
            if amount:
                arc = (debtor, creditor, kind, weight)
                owed[arc] = owed.get(arc, 0) + amount
    order = sorted(owed, key=lambda arc: (arc[0].encode(), arc[1].encode(), arc[2], -arc[3]))
    return {arc: owed[arc] for arc in order}


def sized(names: list[str]) -> bytes:
    return b"".join(struct.pack(">H", len(name.encode())) + name.encode() for name in names)


def hashed(arcs: list[Arc], place: int) -> bytes:
    """Return the bytes hashed for an arc."""
    debtor, creditor, kind, _ = arcs[place]
    before = sum(arc[:3] == (debtor, creditor, kind) for arc in arcs[:place])
    content = b"ronde/tie/v1\0" + SALT + sized([debtor, creditor])
    return content + (struct.pack(">BI", kind, before) if kind or before else b"")


def costs_of(arcs: list[Arc], members: int, has_salt: bool) -> list[int]:
    power = next(2**bits for bits in itertools.count() if 2**bits >= 2 * members)
    if not has_salt:
        return [kind - weight * power for _, _, kind, weight in arcs]
    hashes = [hashlib.sha256(hashed(arcs, place)).digest() for place in range(len(arcs))]
    ties = [int.from_bytes(digest, "big") >> 236 for digest in hashes]
    return [tie - arc[3] * power * 2**20 for arc, tie in zip(arcs, ties, strict=True)]


def optimum(owed: dict[Arc, int], costs: list[int]) -> list[int]:
    network = nx.MultiDiGraph()
    for place, ((debtor, creditor, *_), cost) in enumerate(zip(owed, costs, strict=True)):
        most = owed[list(owed)[place]]
        network.add_edge(debtor, creditor, place, capacity=most, weight=cost)
    flow = nx.network_simplex(network)[1] if owed else {}
    return [flow[arc[0]][arc[1]][place] for place, arc in enumerate(owed)]


def proof(owed: dict[Arc, int], flow: list[int], costs: list[int], names: list[str]) -> list[int]:
    """Return the least potentials not below 0: relax every way, once for each member."""
    ways = []
    for (arc, most), part, cost in zip(owed.items(), flow, costs, strict=True):
        ways += [(arc[0], arc[1], -cost)] * (part < most) + [(arc[1], arc[0], cost)] * (part > 0)
    potential = dict.fromkeys(names, 0)
    for _ in potential:
        for tail, head, gain in ways:
            potential[head] = max(potential[head], potential[tail] + gain)
    assert all(potential[head] >= potential[tail] + gain for tail, head, gain in ways)
    return list(potential.values())


def parts(owed: dict[Arc, int], flow: list[int], rows: list[Row], kind: int) -> list[int]:
    """Return what falls of each debt or is used of each line, the first listed first."""
    left = dict(zip(owed, flow, strict=True))
    found = []
    for debtor, creditor, amount, weight in rows:
        part = min(amount, left.get((debtor, creditor, kind, weight), 0))
        found.append(part)
        if part:
            left[debtor, creditor, kind, weight] -= part
    return found


def graph_cases() -> list[Case]:
    cases: list[Case] = []
    for (name, (comment, debts, lines)), has_salt in itertools.product(
        GRAPHS.items(), (False, True)
    ):
        owed, names = merged(debts, lines), names_of(debts, lines)
        costs = costs_of(list(owed), len(names), has_salt)
        flow = optimum(owed, costs)
        ways = range(len(owed)) if has_salt else ()
        cases.append(
            {"name": f"{name}_{'with' if has_salt else 'without'}_a_salt", "comment": comment,
             "debts": debts, "lines": lines, "members": names,
             "salt": SALT.hex() if has_salt else None,
             "arcs": [[*arc[:2], "line" if arc[2] else "debt", most, arc[3]]
                      for arc, most in owed.items()],
             "hashed": [hashed(list(owed), place).hex() for place in ways],
             "costs": costs, "flow": flow, "potentials": proof(owed, flow, costs, names),
             "value": sum(arc[3] * part for arc, part in zip(owed, flow, strict=True)),
             "cancelled": parts(owed, flow, debts, 0), "used": parts(owed, flow, lines, 1)}
        )  # fmt: skip
    return cases + [
        {"name": name, "comment": "refused", "debts": debts, "lines": lines, "fault": fault}
        for name, (debts, lines, fault) in REFUSED.items()
    ]


def columns(rows: list[Row], names: list[str]) -> list[bytes]:
    count = len(rows)
    return [
        struct.pack(f"<{count}i", *[names.index(debtor) for debtor, *_ in rows]),
        struct.pack(f"<{count}i", *[names.index(creditor) for _, creditor, *_ in rows]),
        struct.pack(f"<{count}q", *[amount for *_, amount, _ in rows]),
        struct.pack(f"<{count}q", *[weight for *_, weight in rows]),
    ]


def content_of(domain: bytes, rows: list[Row], decimals: int) -> bytes:
    names = names_of(rows)
    head = domain + struct.pack(">BII", decimals, len(names), len(rows))
    return head + sized(names) + b"".join(columns(rows, names))


def debts_content(rows: list[Row], decimals: int) -> bytes:
    """Return what is hashed of debts; of those that all weigh 1 as of debts without weights."""
    if any(row[3] != 1 for row in rows):
        return content_of(b"ronde/debts/v2\0", rows, decimals)
    return content_of(b"ronde/debts/v1\0", rows, decimals)[: -8 * len(rows)]


def line_cases() -> list[Case]:
    read: dict[str, tuple[str, int, list[Row]]] = {
        "names_and_weights": ("from,to,limit,weight\nc,a,4.50,0\nL,b,1,-2\n", 2,
                              [("c", "a", 450, 0), ("L", "b", 100, -2)]),
        "french": ("\ufeffpoids;limite;vers;de\r\n;4,5;a;c\r\n-7;0;é;L\r\n", 1,
                   [("c", "a", 45, 0), ("L", "é", 0, -7)]),
        "no_weights": ("from,to,limit\nc,a,4\n", 0, [("c", "a", 4, 0)]),
        "no_names_of_columns": ("c,a,4\n", 0, [("c", "a", 4, 0)]),
        "no_names_and_weights": ("c,a,4,-1\n\nc,a,5,\n", 0, [("c", "a", 4, -1), ("c", "a", 5, 0)]),
        "no_lines": ("from,to,limit\n", 0, []),
        "nothing": ("", 0, []),
    }  # fmt: skip
    refused = {
        "two_columns_fail": ("c,a\n", "line_columns", 1),
        "five_columns_fail": ("c,a,1,0,0\n", "line_columns", 1),
        "a_short_row_fail": ("c,a,1\nc,a\n", "line_columns", 2),
        "a_column_missing_fail": ("from,to,weight\nc,a,1\n", "line_no_column", 1),
        "a_column_twice_fail": ("from,to,limit,limite\nc,a,1,1\n", "line_no_column", 1),
        "to_oneself_fail": ("from,to,limit\n\nc,c,1\n", "self_line", 3),
        "below_zero_fail": ("c,a,-1\n", "limit_negative", 1),
        "no_amount_fail": ("c,a,much\n", "amount", 1),
        "seven_decimals_fail": ("c,a,0.0000001\n", "decimals", 1),
        "a_decimal_comma_fail": ('c,a,"1,5"\n', "comma", 1),
        "mixed_marks_fail": ("c;a;1,5\nc;a;1.5\n", "mixed_marks", 2),
        "a_weight_above_zero_fail": ("c,a,1,1\n", "line_weight", 1),
        "a_weight_too_low_fail": ("c,a,1,-1000000001\n", "line_weight", 1),
        "a_weight_that_is_none_fail": ("c,a,1,0.5\n", "line_weight", 1),
        "no_name_fail": ("c,,1\n", "name", 1),
        "limits_too_large_fail": ("c,a,9223372036854775807\nc,a,1\n", "limits_total", 0),
    }
    cases: list[Case] = [
        {"name": name, "comment": "read as written", "file": text.encode().hex(),
         "decimals": decimals, "lines": rows,
         "hashed": content_of(b"ronde/lines/v1\0", rows, decimals).hex(),
         "digest": hashlib.sha256(content_of(b"ronde/lines/v1\0", rows, decimals)).hexdigest()}
        for name, (text, decimals, rows) in read.items()
    ]  # fmt: skip
    return cases + [
        {"name": name, "comment": "refused; line 0 is the whole file",
         "file": text.encode().hex(), "fault": fault, "line": line}
        for name, (text, fault, line) in refused.items()
    ]  # fmt: skip


def packed(rows: list[Row], **other: bytes) -> bytes:
    names = names_of(rows)
    debtors, creditors, amounts, weights = columns(rows, names)
    fields = {"v": 1, "decimals": 2, "names": names, "debtors": debtors, "creditors": creditors,
              "amounts": amounts, "weights": weights}  # fmt: skip
    content: bytes = msgpack.packb(fields | other)
    return content


def weight_cases() -> list[Case]:
    rows: list[Row] = [("a", "b", 1000, 3), ("b", "a", 800, 1)]
    ones: list[Row] = [(*row[:3], 1) for row in rows]
    read: dict[str, tuple[str, bytes, list[Row]]] = {
        "csv": ("csv", b"debtor,creditor,amount,weight\na,b,10.00,3\nb,a,8,\n", rows),
        "csv_french": ("csv", "créancier;poids;débiteur;montant\nb;3;a;10,00\na; 1 ;b;8".encode(),
                       rows),
        "csv_of_ones": ("csv", b"debtor,creditor,amount,weight\na,b,10.00,1\nb,a,8,\n", ones),
        "msgpack": ("msgpack", packed(rows), rows),
        "msgpack_of_ones": ("msgpack", packed(ones), ones),
    }  # fmt: skip
    refused = {
        "csv_zero_fail": ("csv", b"debtor,creditor,amount,weight\na,b,1,1\nb,a,1,0\n", "weight", 3),
        "csv_fraction_fail": ("csv", b"debtor,creditor,amount,weight\na,b,1,1.5\n", "weight", 2),
        "csv_too_large_fail": (
            "csv", b"debtor,creditor,amount,weight\na,b,1,1000000001\n", "weight", 2),
        "csv_two_columns_fail": (
            "csv", b"debtor,creditor,amount,weight,poids\na,b,1,1,1\n", "two_weights", 1),
        "msgpack_zero_fail": (
            "msgpack", packed(rows, weights=struct.pack("<2q", 1, 0)), "weight", 2),
        "msgpack_too_large_fail": (
            "msgpack", packed(rows, weights=struct.pack("<2q", 10**9 + 1, 1)), "weight", 1),
        "msgpack_one_too_few_fail": (
            "msgpack", packed(rows, weights=struct.pack("<q", 1)), "packed", 0),
        "msgpack_half_a_number_fail": ("msgpack", packed(rows, weights=bytes(15)), "packed", 0),
    }  # fmt: skip
    cases: list[Case] = [
        {"name": name, "comment": "read as written", "form": form, "file": content.hex(),
         "debts": listed, "hashed": debts_content(listed, 2).hex(),
         "digest": hashlib.sha256(debts_content(listed, 2)).hexdigest()}
        for name, (form, content, listed) in read.items()
    ]  # fmt: skip
    return cases + [
        {"name": name, "comment": "refused; at is a line of a CSV or the number of a debt",
         "form": form, "file": content.hex(), "fault": fault, "at": at}
        for name, (form, content, fault, at) in refused.items()
    ]  # fmt: skip


def certificate(flow: list[int], potentials: list[int], **other: object) -> bytes:
    """Return a certificate of the example of the spec; a field that is None is left out."""
    fields: dict[str, object] = {
        "debts": hashlib.sha256(debts_content(CHAIN, 0)).digest(),
        "flow": struct.pack(f"<{len(flow)}q", *flow),
        "lines": hashlib.sha256(content_of(b"ronde/lines/v1\0", CHAIN_LINES, 0)).digest(),
        "potentials": struct.pack(f"<{len(potentials)}q", *potentials),
        "v": 1,
    }
    fields |= other
    present = {key: fields[key] for key in sorted(fields) if fields[key] is not None}
    content: bytes = msgpack.packb(present)
    return content


def as_csv(head: str, rows: list[Row]) -> bytes:
    return (head + "\n" + "".join(f"{x},{y},{n},{w}\n" for x, y, n, w in rows)).encode()


def certificate_cases() -> list[Case]:
    flow, tiers = [6, 6, 2, 4], [0, 24, 32]
    owed = merged(CHAIN, CHAIN_LINES)
    salted = costs_of(list(owed), 3, has_salt=True)
    under_salt = certificate(flow, proof(owed, flow, salted, ["a", "b", "c"]), salt=SALT)
    alone = merged(CHAIN, [])
    without = certificate([2, 2, 2], proof(alone, [2, 2, 2], costs_of(list(alone), 3, False),
                                           ["a", "b", "c"]), lines=None)  # fmt: skip
    light = hashlib.sha256(debts_content([(*row[:3], 1) for row in CHAIN], 0)).digest()
    cases = [
        ("holds", certificate(flow, tiers), True, 0),
        ("holds_under_a_salt", under_salt, True, 0),
        ("holds_without_lines", without, False, 0),
        ("other_potentials_that_prove_it", certificate(flow, [1, 25, 33]), True, 0),
        *((f"one_unit_more_on_arc_{at}_fail",
           certificate([part + (place == at) for place, part in enumerate(flow)], tiers), True, 5)
          for at in range(4)),
        ("less_around_fail", certificate([5, 5, 2, 3], tiers), True, 5),
        ("the_line_before_the_debt_fail", certificate([4, 4, 0, 4], tiers), True, 5),
        ("beyond_the_limit_fail", certificate([7, 7, 2, 5], tiers), True, 5),
        ("line_not_used_fail", certificate([2, 2, 2, 0], tiers), True, 5),
        ("a_potential_changed_fail", certificate(flow, [0, 24, 31]), True, 5),
        ("potentials_of_no_weights_fail", certificate(flow, [0, 1, 2]), True, 5),
        ("an_arc_too_few_fail", certificate(flow[:3], tiers), True, 5),
        ("lines_forgotten_fail", certificate(flow, tiers), False, 2),
        ("without_lines_fail", without, True, 5),
        ("other_lines_fail", certificate(flow, tiers, lines=bytes(32)), True, 5),
        ("other_weights_fail", certificate(flow, tiers, debts=light), True, 5),
        ("a_short_digest_fail", certificate(flow, tiers, lines=bytes(31)), True, 2),
        ("no_lines_written_out_fail", certificate(flow, tiers, lines=b""), True, 2),
    ]  # fmt: skip
    debts = as_csv("debtor,creditor,amount,weight", CHAIN).hex()
    lines = as_csv("from,to,limit,weight", CHAIN_LINES).hex()
    return [
        {"name": name, "comment": "the exit code of the check", "debts": debts,
         "lines": lines if has_lines else None, "certificate": content.hex(), "exit": code}
        for name, content, has_lines, code in cases
    ]  # fmt: skip


def cycle_cases() -> list[Case]:
    cases: list[Case] = []
    for name, steps in {"over_one_line": [2], "over_two_lines": [0, 1], "over_none": []}.items():
        members = ["L", "a", "b"]
        raw = [sized([each]) + bytes(2) * (at in steps) for at, each in enumerate(members)]
        content = b"ronde/cycle/v1\0" + b"".join(raw) + struct.pack(">q", 425)
        cases.append(
            {"name": name, "comment": "what is hashed, and the id", "members": members,
             "lines": steps, "amount": 425, "hashed": content.hex(),
             "id": hashlib.sha256(content).hexdigest()[:16]}
        )  # fmt: skip
    return cases


def main() -> None:
    """Write the files into both folders."""
    written = (
        (MATHEMATICS, "lines", "weights and lines: arcs, costs, optimum, proof", graph_cases()),
        (FILES, "lines", "CSVs of lines, and their digests", line_cases()),
        (FILES, "weights", "files of debts with weights, and their digests", weight_cases()),
        (FILES, "weighted-certificates", "certificates of both kinds", certificate_cases()),
        (FILES, "line-cycles", "ids of cycles that run over lines", cycle_cases()),
    )  # fmt: skip
    for folder, name, about, cases in written:
        content = {"spec": folder.name[:4], "about": about, "cases": cases}
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
