"""Spec 0019 against its own vectors."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cli.clear_rings import Ring
from cli.debt_faults import DebtFileError
from cli.debts_csv import read_csv
from cli.debts_packed import read_packed
from cli.main import main

VECTORS = "0019-debt-files"
FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / VECTORS

Case = dict[str, Any]


def cases(file: str) -> list[Any]:
    content = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in content["cases"]]


@pytest.mark.parametrize("case", cases("files"))
def test_a_packed_file_is_read_or_refused(case: Case) -> None:
    content = bytes.fromhex(case["file"])
    if case["name"].endswith("_fail"):
        with pytest.raises(DebtFileError) as caught:
            read_packed(content)
        assert (caught.value.fault, caught.value.row) == (case["fault"], case["row"])
        return
    table = read_packed(content)
    assert list(table.names) == case["names"]
    assert [list(debt) for debt in table.debts()] == case["debts"]
    assert table.decimals == case["decimals"]


@pytest.mark.parametrize("case", cases("digests"))
def test_debts_have_their_digest(case: Case) -> None:
    scale = 10 ** case["decimals"]
    lines = [
        f"{debtor},{creditor},{amount // scale}.{amount % scale:0{case['decimals']}}"
        if case["decimals"]
        else f"{debtor},{creditor},{amount}"
        for debtor, creditor, amount in case["debts"]
    ]
    table = read_csv(io.BytesIO("\n".join(lines).encode()))
    assert table.decimals == case["decimals"]
    assert hashlib.sha256(bytes.fromhex(case["hashed"])).hexdigest() == case["digest"]
    assert table.digest().hex() == case["digest"]


@pytest.mark.parametrize("case", cases("certificates"))
def test_a_certificate_holds_or_not(case: Case, tmp_path: Path) -> None:
    debts, proof = tmp_path / "debts.csv", tmp_path / "debts.cert"
    debts.write_bytes(bytes.fromhex(case["file"]))
    proof.write_bytes(bytes.fromhex(case["certificate"]))
    assert main(["clear", "verify", str(debts), str(proof)]) == case["exit"]


@pytest.mark.parametrize("case", cases("cycles"))
def test_a_cycle_has_its_id(case: Case) -> None:
    assert hashlib.sha256(bytes.fromhex(case["hashed"])).hexdigest()[:16] == case["id"]
    assert Ring(tuple(case["members"]), case["amount"]).id == case["id"]
