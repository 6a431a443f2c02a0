"""What stories of a town share: its people, their debts, refusals, a node that lies, an audit."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.journal import Journal
from cli.main import main
from node import ledger
from node.clock import now_s
from node.keyfile import load_keys
from node.store.database import commit
from protocol.envelope import open_any
from protocol.identifiers import TextKind, to_text
from protocol.kinds import LOGGED
from protocol.log.receipts import Receipt
from tests.conformance.town import Person, Run, Town


@contextlib.contextmanager
def watched(folder: Path, *names: str) -> Iterator[Town]:
    """Build a town of cooperatives that show their logs to one auditor."""
    with Town(folder) as built:
        key = to_text(TextKind.KEY, built.person("auditor", "--officer").wallet.key)
        for name in names:
            built.found(name, "--auditor", key)
        yield built


def person(town: Town, name: str) -> Person:
    return Person(town.folder / name, town.phrase)


def refused(run: Run, code: int, *parts: str) -> None:
    assert run.code == code, run
    assert "Traceback" not in run.err
    for part in parts:
        assert part in run.err, run


def owe(town: Town, debtor: str, creditor: str, amount: str) -> str:
    """Return the identifier of an invoice that its debtor has accepted."""
    asked = person(town, creditor).does("invoice", "issue", debtor, amount, "--yes", "--json")
    invoice: str = asked.shape["invoice"]
    person(town, debtor).does("invoice", "accept", invoice[:12], "--yes")
    return invoice


def found_moselle(town: Town) -> tuple[Person, Person]:
    """Found a cooperative where two officers sign, with denis and emma; return its officers."""
    node = town.found("Moselle", officers=2, needed=2)
    first, second = town.officers["Moselle"]
    for name in ("denis", "emma"):
        letter, decision = town.folder / f"{name}.txt", town.folder / f"{name}-decision.txt"
        town.person(name).does("wallet", "apply", node.url, "-o", str(letter))
        admitted = first.types("office", "admit", str(letter), "--yes", "-o", str(decision))
        assert admitted.code == 7, admitted
        second.does("office", "cosign", str(decision), "--yes")
    return first, second


def audit(
    town: Town, capsys: pytest.CaptureFixture[str], place: str, *names: str
) -> tuple[int, list[str]]:
    """Fetch what the named nodes show, unless it was, and verify: the exit code and all findings.

    A finding is its code and the kind of the record it is about.
    """
    folder = town.folder / place
    if not folder.exists():
        urls = [town.nodes[name].url for name in names]
        person(town, "auditor").does("audit", "fetch", *urls, "-o", str(folder))
    capsys.readouterr()
    code = main(["audit", "verify", str(folder), "--json"])
    shape = json.loads(capsys.readouterr().out)
    assert len(shape["nodes"]) == len(names), shape
    return code, [f"{one['code']} {one['record'].split()[0]}" for one in shape["findings"]]


def lie(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Bretagne's node enter what its officer has signed, without the last check."""
    officer, node = town.officers["Bretagne"][0], town.nodes["Bretagne"]
    with Journal(officer.folder) as journal:
        (entry,) = journal.unsettled()
    node.stop()
    monkeypatch.setattr(ledger, "verify_discharge", lambda *_: None)
    lying = ledger.Ledger.open(node.folder, load_keys(node.folder))
    item = ledger.Item(open_any(entry.draft.sealed, LOGGED))
    lying.answer(lying.decide_group([item], now_s()))
    commit(lying.connection)
    lying.close()
    assert isinstance(item.verdict, Receipt), item.verdict
    node.start()
