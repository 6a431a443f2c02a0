"""Runs spec/vectors/0007-log."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from protocol import errors
from protocol.log import merkle
from protocol.log.checkpoints import (
    Checkpoint,
    open_checkpoint,
    parse_verifier_key,
    sign_checkpoint,
    verifier_key,
)
from protocol.log.leaves import entry_commitment, entry_leaf
from protocol.log.receipts import Receipt, verify_receipt
from protocol.log.tree import Tree

ROOT = Path(__file__).resolve().parents[2]
VECTORS = "0007-log"
FOLDER = ROOT / "spec" / "vectors" / VECTORS
MADE = runpy.run_path(str(Path(__file__).with_name("generate_log.py")))
LEAVES: list[bytes] = MADE["LEAVES"]


def cases(file: str) -> list[Any]:
    document = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in document["cases"]]


def block(number: int) -> list[bytes]:
    return LEAVES[number * 256 : number * 256 + 256]


@pytest.mark.parametrize("case", cases("leaves.json"))
def test_commitments_and_leaves_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    salt, sealed = bytes.fromhex(case["salt"]), bytes.fromhex(case["sealed"])
    commitment = entry_commitment(salt, case["at"], sealed)
    assert commitment.hex() == case["commitment"]
    assert entry_leaf(salt, case["at"], sealed).hex() == case["leaf"]
    assert merkle.leaf_hash(commitment).hex() == case["leaf"]


@pytest.mark.parametrize("case", cases("tree.json"))
def test_roots_and_proofs_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    tree = Tree()
    tree.extend(LEAVES)
    path = [bytes.fromhex(hashed) for hashed in case.get("path", [])]
    if "size" in case and "index" not in case:
        grown = Tree()
        grown.extend(LEAVES[: case["size"]])
        assert grown.root().hex() == case["root"]
        return
    if case["name"].endswith("_fail"):
        with pytest.raises(errors.ProofError):
            verify(case, path)
        return
    verify(case, path)
    if "index" in case:
        assert tree.proof(case["index"], case["size"], block) == b"".join(path)
    else:
        assert tree.consistency(case["old_size"], case["new_size"], block) == b"".join(path)


def verify(case: dict[str, Any], path: list[bytes]) -> None:
    if "index" in case:
        leaf, root = bytes.fromhex(case["leaf"]), bytes.fromhex(case["root"])
        merkle.verify_inclusion(leaf, case["index"], case["size"], path, root)
        return
    old_root, new_root = bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])
    merkle.verify_consistency(case["old_size"], case["new_size"], path, old_root, new_root)


@pytest.mark.parametrize("case", cases("checkpoints.json"))
def test_checkpoints_are_opened_as_the_vectors_say(case: dict[str, Any]) -> None:
    key = bytes.fromhex(case["public_key"])
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            open_checkpoint(case["note"], case["origin"], key)
        return
    expected = Checkpoint(case["origin"], case["size"], bytes.fromhex(case["root"]))
    assert open_checkpoint(case["note"], case["origin"], key) == expected
    if "seed" in case:
        seed = bytes.fromhex(case["seed"])
        assert sign_checkpoint(expected, case["origin"], seed) == case["note"]
        assert verifier_key(case["origin"], key) == case["verifier_key"]
        assert parse_verifier_key(case["verifier_key"]) == (case["origin"], key)


@pytest.mark.parametrize("case", cases("receipts.json"))
def test_receipts_are_verified_as_the_vectors_say(case: dict[str, Any]) -> None:
    fields = case["receipt"]
    receipt = Receipt(
        at=fields["at"],
        head=fields["head"],
        idx=fields["idx"],
        path=bytes.fromhex(fields["path"]),
        salt=bytes.fromhex(fields["salt"]),
    )
    sealed, key = bytes.fromhex(case["sealed"]), bytes.fromhex(case["log_key"])
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            verify_receipt(receipt, sealed, case["origin"], key)
        return
    assert verify_receipt(receipt, sealed, case["origin"], key).size == case["size"]


def test_the_generator_leaves_no_difference() -> None:
    documents = MADE["documents"]()
    assert sorted(documents) == sorted(path.name for path in FOLDER.glob("*.json"))
    for file, document in documents.items():
        assert json.loads((FOLDER / file).read_text(encoding="utf-8")) == document


def test_the_example_of_the_spec_is_in_the_vectors() -> None:
    spec = (ROOT / "spec" / "0007-log-and-checkpoints.md").read_text(encoding="utf-8")
    leaf = cases("leaves.json")[0].values[0]
    head = cases("checkpoints.json")[0].values[0]
    assert all(str(leaf[field]) in spec for field in ("salt", "at", "sealed", "commitment", "leaf"))
    assert head["note"] in spec
    assert head["verifier_key"] in spec
