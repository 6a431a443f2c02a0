"""Runs spec/vectors/0015-auditing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.audit_files import LogFolder
from cli.audit_verify import Verdict, verify_folder
from protocol.envelope import open_any, open_sealed
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.decide import enter
from protocol.ledger.membership import found
from protocol.messages.decisions import Charter

VECTORS = "0015-auditing"
FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / VECTORS


def cases(file: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((FOLDER / file).read_text(encoding="utf-8"))["cases"]
    return listed


HONEST = cases("federation.json")[0]


def lay_out(folder: Path) -> Path:
    for path, content in HONEST["files"].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(bytes.fromhex(content))
    return folder


def change(folder: Path, step: dict[str, Any]) -> None:
    path = folder / step["file"]
    match step["do"]:
        case "drop":
            path.unlink()
        case "put":
            path.write_bytes(bytes.fromhex(step["bytes"]))
        case "cut":
            content = path.read_bytes()
            path.write_bytes(content[: step["from"]] + content[step["to"] :])
        case "flip":
            flipped = bytearray(path.read_bytes())
            flipped[step["at"]] ^= 1
            path.write_bytes(flipped)


def verified(folder: Path) -> Verdict:
    return verify_folder(folder, 1, lambda _: None)


def balances(place: LogFolder) -> list[int]:
    records = iter(place.entries())
    at, _, sealed = next(records)
    book = found(open_sealed(sealed, Charter), at)
    assert isinstance(book, Book)
    for at, _, sealed in records:
        assert enter(book, open_any(sealed, LOGGED), at) is None
    return sorted(book.accounts.balance)


def test_the_federation_of_the_vectors_verifies(tmp_path: Path) -> None:
    verdict = verified(lay_out(tmp_path))
    assert (verdict.exit_code, verdict.findings) == (HONEST["exit"], [])
    assert verdict.entries() == HONEST["entries"]
    for node, log in zip(HONEST["nodes"], verdict.logs, strict=True):
        assert (log.name, log.cooperative.hex()) == (node["name"], node["cooperative"])
        assert log.root.hex() == node["root"]
    assert [report.cleared for report in verdict.rounds] == [HONEST["cleared"]]
    for node, name in zip(HONEST["nodes"], ("alsace", "bretagne", "rhone"), strict=True):
        assert balances(LogFolder(tmp_path / name)) == node["balances"]


@pytest.mark.parametrize("case", cases("changes.json"), ids=lambda case: case["name"])
def test_a_change_has_the_failures_of_the_vectors(case: dict[str, Any], tmp_path: Path) -> None:
    lay_out(tmp_path)
    for step in case["changes"]:
        change(tmp_path, step)
    verdict = verified(tmp_path)
    told = Counter((one.code.value, one.node, one.record) for one in verdict.failures)
    expected = Counter((one["code"], one["node"], one["record"]) for one in case["failures"])
    assert told == expected
    assert verdict.exit_code == case["exit"]
