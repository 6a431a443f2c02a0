"""Weights and lines against their vectors: spec 0013 §7 and spec 0019 §6."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.clear_rings import Ring
from cli.debt_faults import DebtFileError
from cli.debt_table import DebtTable
from cli.debts_csv import read_csv
from cli.debts_packed import read_packed
from cli.line_table import parse_lines
from cli.main import main
from federation.certificate import costs_of, verify
from federation.engine import clear, clear_with_library
from federation.tie_break import ties_of
from federation.uniqueness import is_only
from federation.weights import Joined, Listed, join, tie_suffixes, value
from protocol.errors import EncodingError

FOLDERS = Path(__file__).resolve().parents[2] / "spec" / "vectors"

Case = dict[str, Any]


def cases(folder: str, file: str) -> list[Any]:
    content = json.loads((FOLDERS / folder / f"{file}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in content["cases"]]


def joined(case: Case) -> tuple[Joined, list[str]]:
    rows = [*case["debts"], *case["lines"]]
    names = sorted({name for row in rows for name in row[:2]}, key=str.encode)
    number = {name: place for place, name in enumerate(names)}

    def listed(each: list[Any]) -> Listed:
        ends = [np.array([number[row[end]] for row in each], np.int32) for end in (0, 1)]
        amounts, weights = (np.array([row[at] for row in each], np.int64) for at in (2, 3))
        return Listed(ends[0], ends[1], amounts, weights)

    return join(len(names), listed(case["debts"]), listed(case["lines"])), names


@pytest.mark.parametrize("case", cases("0013-clearing-mathematics", "lines"))
def test_weights_and_lines_have_their_one_answer(case: Case) -> None:
    if case["name"].endswith("_fail"):
        with pytest.raises(EncodingError, match=case["fault"]):
            joined(case)
        return
    made, names = joined(case)
    net = made.network
    assert net.terms is not None
    assert names == case["members"]
    kinds = ["line" if is_line else "debt" for is_line in net.terms.is_line.tolist()]
    ends = [[names[member] for member in column] for column in (net.debtors, net.creditors)]
    arcs = zip(*ends, kinds, net.amounts.tolist(), net.terms.weights.tolist(), strict=True)
    assert [list(arc) for arc in arcs] == case["arcs"]
    ties = None
    if case["salt"] is not None:
        ties = ties_of(net, names, bytes.fromhex(case["salt"]))
        digests = [hashlib.sha256(bytes.fromhex(each)).digest() for each in case["hashed"]]
        assert ties.tolist() == [int.from_bytes(digest, "big") >> 236 for digest in digests]
        further = {at: suffix.hex() for at, suffix in tie_suffixes(net).items()}
        assert all(case["hashed"][at].endswith(suffix) for at, suffix in further.items())
    assert np.asarray(costs_of(net, ties)).tolist() == case["costs"]
    for engine in (clear, clear_with_library):
        cleared = engine(net, ties)
        assert cleared.flow.tolist() == case["flow"]
        assert cleared.potentials.tolist() == case["potentials"]
        verify(net, cleared.flow, cleared.potentials, ties)
        assert ties is None or is_only(net, cleared.flow, cleared.potentials, ties)
        assert value(net, cleared.flow) == case["value"]
        fallen, used = made.parts(cleared.flow)
        assert (fallen.tolist(), used.tolist()) == (case["cancelled"], case["used"])


@pytest.mark.parametrize("case", cases("0019-debt-files", "lines"))
def test_a_file_of_lines_is_read_or_refused(case: Case) -> None:
    stream = io.BytesIO(bytes.fromhex(case["file"]))
    if case["name"].endswith("_fail"):
        with pytest.raises(DebtFileError) as caught:
            parse_lines(stream)
        assert (caught.value.fault, caught.value.line) == (case["fault"], case["line"])
        return
    table = parse_lines(stream)
    columns = table.lenders, table.borrowers, table.limits, table.weights
    found = [
        [table.names[lender], table.names[borrower], limit, weight]
        for lender, borrower, limit, weight in zip(*(c.tolist() for c in columns), strict=True)
    ]
    assert (found, table.decimals) == (case["lines"], case["decimals"])
    assert hashlib.sha256(bytes.fromhex(case["hashed"])).hexdigest() == case["digest"]
    assert table.digest().hex() == case["digest"]


def read(case: Case) -> DebtTable:
    content = bytes.fromhex(case["file"])
    return read_csv(io.BytesIO(content)) if case["form"] == "csv" else read_packed(content)


@pytest.mark.parametrize("case", cases("0019-debt-files", "weights"))
def test_a_file_of_debts_with_weights_is_read_or_refused(case: Case) -> None:
    if case["name"].endswith("_fail"):
        with pytest.raises(DebtFileError) as caught:
            read(case)
        place = caught.value.line or caught.value.row
        assert (caught.value.fault, place) == (case["fault"], case["at"])
        return
    table = read(case)
    weights = [1] * len(table) if table.weights is None else table.weights.tolist()
    rows = [[*debt, weight] for debt, weight in zip(table.debts(), weights, strict=True)]
    assert rows == case["debts"]
    assert (table.weights is None) == (set(weights) == {1})
    assert hashlib.sha256(bytes.fromhex(case["hashed"])).hexdigest() == case["digest"]
    assert table.digest().hex() == case["digest"]


@pytest.mark.parametrize("case", cases("0019-debt-files", "weighted-certificates"))
def test_a_certificate_of_weights_and_lines_holds_or_not(case: Case, tmp_path: Path) -> None:
    debts, lines, proof = (tmp_path / name for name in ("debts.csv", "lines.csv", "debts.cert"))
    debts.write_bytes(bytes.fromhex(case["debts"]))
    proof.write_bytes(bytes.fromhex(case["certificate"]))
    further = []
    if case["lines"] is not None:
        lines.write_bytes(bytes.fromhex(case["lines"]))
        further = ["--lines", str(lines)]
    assert main(["clear", "verify", str(debts), str(proof), *further]) == case["exit"]


@pytest.mark.parametrize("case", cases("0019-debt-files", "line-cycles"))
def test_a_cycle_over_lines_has_its_id(case: Case) -> None:
    assert hashlib.sha256(bytes.fromhex(case["hashed"])).hexdigest()[:16] == case["id"]
    ring = Ring(tuple(case["members"]), case["amount"], tuple(case["lines"]))
    assert ring.id == case["id"]
