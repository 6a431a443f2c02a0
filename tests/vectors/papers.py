"""How the generators of the ledger's vectors write their files, and their runners read them."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from protocol.envelope import open_any, open_sealed
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.decide import enter
from protocol.ledger.membership import found
from protocol.messages.decisions import Charter
from tests.protocol.town import AT, Cooperative

ROOT: Final = Path(__file__).resolve().parents[2]
VECTORS_ROOT: Final = ROOT / "spec" / "vectors"

Case = dict[str, Any]
Step = tuple[Cooperative, bytes, int] | tuple[Cooperative, bytes, int, int]


def write(folder: str, file: str, about: str, cases: list[Case], **more: Any) -> None:
    """Write one file of vectors; the same cases give the same bytes."""
    document = {"spec": folder[:4], "about": about, **more, "cases": cases}
    (VECTORS_ROOT / folder).mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, ensure_ascii=True, indent=1)
    (VECTORS_ROOT / folder / file).write_text(text + "\n", encoding="utf-8")


def read(folder: str, file: str) -> dict[str, Any]:
    """Return one file of vectors."""
    content: dict[str, Any] = json.loads((VECTORS_ROOT / folder / file).read_text("utf-8"))
    return content


def cases(folder: str, file: str) -> list[Any]:
    """Return the cases of a file as parameters of a test."""
    return [pytest.param(case, id=case["name"]) for case in read(folder, file)["cases"]]


def logs_of(*coops: Cooperative) -> dict[str, list[Case]]:
    """Return what stands in the logs before a case begins."""
    return {
        coop.name: [{"at": at, "sealed": sealed.hex()} for at, sealed in coop.log] for coop in coops
    }


def story(
    name: str, comment: str, steps: list[Step], balances: dict[str, dict[bytes, int]]
) -> Case:
    """Return a case: documents put to books one after the other, then some balances.

    Args:
        name: Of the case; `_fail` when its last document is refused.
        comment: What it shows.
        steps: (cooperative, sealed document, number of the refusal or 0, second if not `AT`).
        balances: By name of the cooperative and account, minor units.
    """
    written = [
        {"to": coop.name, "at": rest[1] if len(rest) > 1 else AT, "sealed": sealed.hex()}
        | {"refusal": int(rest[0])}
        for coop, sealed, *rest in steps
    ]
    then = {
        coop: {account.hex(): amount for account, amount in amounts.items()}
        for coop, amounts in balances.items()
    }
    assert name.endswith("_fail") == (written[-1]["refusal"] != 0), name
    return {"name": name, "comment": comment, "documents": written, "balances": then}


def books_of(given: dict[str, list[Case]]) -> dict[str, Book]:
    """Return the books of the logs that stand before the cases."""
    books = {}
    for name, (first, *others) in given.items():
        book = found(open_sealed(bytes.fromhex(first["sealed"]), Charter), first["at"])
        assert isinstance(book, Book)
        for entry in others:
            opened = open_any(bytes.fromhex(entry["sealed"]), LOGGED)
            assert enter(book, opened, entry["at"]) is None
        books[name] = book
    return books


def run(given: dict[str, list[Case]], case: Case) -> None:
    """Put the documents of a case to its books and compare every answer and balance."""
    books = books_of(given)
    for place, step in enumerate(case["documents"]):
        opened = open_any(bytes.fromhex(step["sealed"]), LOGGED)
        refusal = enter(books[step["to"]], opened, step["at"])
        assert int(refusal or 0) == step["refusal"], (place, refusal)
    for name, amounts in case["balances"].items():
        accounts = books[name].accounts
        got = {
            account: accounts.balance[accounts.find(bytes.fromhex(account))] for account in amounts
        }
        assert got == amounts
        assert books[name].sum() == 0
    for name, owed in case.get("invoices", {}).items():
        invoices = books[name].head.invoices
        assert {inv.hex(): one.owed for inv, one in invoices.items() if one.accepted} == owed
