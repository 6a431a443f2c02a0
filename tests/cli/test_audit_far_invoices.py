"""Folders of two cooperatives that invoice one another: what was tampered with ends with 5."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.audit_files import LogFolder, leaves_of, pack_papers
from cli.main import main
from protocol.envelope import open_any, seal
from protocol.kinds import LOGGED
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.log.tree import Tree
from protocol.messages.relaying import Acknowledgement, Relay
from protocol.messages.wire import Opening
from tests.protocol.fair import Fair, acknowledge, acknowledge_as, far_invoice, far_pay, relay_of
from tests.protocol.market import cancellation
from tests.protocol.town import AT, ZERO, Cooperative, seed_of

LATER = AT + 3_600


def write(home: Cooperative, folder: Path) -> None:
    """Write what a fetch would have brought, signed for as it is."""
    place = LogFolder(folder / home.name)
    place.path.mkdir(parents=True)
    records = [(at, ZERO, sealed) for at, sealed in home.log]
    (place.path / "charter").write_bytes(home.sealed)
    (place.path / "lines").write_bytes(pack_papers([]))
    place.append([Opening(at, n, salt, doc) for n, (at, salt, doc) in enumerate(records)])
    leaves = leaves_of(records)
    tree = Tree()
    tree.extend([leaves[at : at + 32] for at in range(0, len(leaves), 32)])
    origin = home.charter.origin
    note = sign_checkpoint(
        Checkpoint(origin, tree.size, tree.root()), origin, seed_of(f"{home.name}/log")
    )
    place.close(leaves, note)


def audit(fair: Fair, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, set[str]]:
    for home in (fair.here, fair.there):
        write(home, folder)
    code = main(["audit", "verify", str(folder), "--json"])
    shape: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, {one["code"] for one in shape["findings"]}


def go_on(home: Cooperative, member: bytes) -> None:
    """Let a log go on for an hour."""
    change = home.limits(member, 1_000, 1_000, iat=LATER, exp=LATER)
    assert home.submit(seal(change, *home.officers[:2]), LATER) is None


def forged_relay(fair: Fair, sealed: bytes) -> bytes:
    relay = Relay(
        by=fair.here.id, doc=sealed, exp=AT, iat=AT, kev=0, net=fair.here.charter.net, prev=ZERO,
        seq=1, to=fair.there.id,
    )  # fmt: skip
    return seal(relay, *fair.here.node)


def invented(fair: Fair) -> None:
    """Bretagne tells of an invoice that its log does not have."""
    relay = forged_relay(fair, far_invoice(fair.alice, fair.bob, 777))
    assert fair.there.submit(acknowledge(fair.there, relay)) is None
    go_on(fair.here, fair.alice.account)


def left_out(fair: Fair) -> None:
    """Bretagne gives the number of its first document to the second."""
    hidden, shown = (far_invoice(fair.alice, fair.bob, amount) for amount in (5, 6))
    for sealed in (hidden, shown):
        assert fair.here.submit(sealed) is None
    relay = seal(relay_of(fair.here, shown, seq=1), *fair.here.node)
    assert fair.there.submit(acknowledge(fair.there, relay)) is None


def two_words(fair: Fair) -> None:
    """Rhône says no to Bretagne, and writes yes."""
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert fair.here.submit(sealed) is None
    relay = seal(relay_of(fair.here, sealed), *fair.here.node)
    assert fair.here.submit(acknowledge_as(fair.there, relay, 35)) is None
    assert fair.there.submit(acknowledge(fair.there, relay)) is None


def withheld(fair: Fair) -> None:
    """Rhône says yes to Bretagne, and writes nothing."""
    sealed = far_invoice(fair.alice, fair.bob, 5)
    assert fair.here.submit(sealed) is None
    relay = seal(relay_of(fair.here, sealed), *fair.here.node)
    assert fair.here.submit(acknowledge(fair.there, relay)) is None
    go_on(fair.there, fair.bob.account)


def twice(fair: Fair) -> None:
    """Rhône writes one acknowledgement twice."""
    fair.sends(fair.alice, far_invoice(fair.alice, fair.bob, 5))
    fair.settle()
    fair.there.log.append(fair.there.log[-1])


def dropped(fair: Fair) -> None:
    """Bretagne drops the acknowledgement by which bob owes alice."""
    inv = fair.owe(fair.bob, fair.alice, 100)
    fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 10, inv))
    fair.settle()
    own = [
        place
        for place, (_, sealed) in enumerate(fair.here.log)
        if isinstance(document := open_any(sealed, LOGGED).document, Acknowledgement)
        and document.by == fair.here.id
    ]
    del fair.here.log[own[-1]]


LIES: list[tuple[Callable[[Fair], None], set[str]]] = [
    (invented, {"relay.unlogged"}),
    (left_out, {"relay.unlogged"}),
    (two_words, {"relay.answer"}),
    (withheld, {"relay.withheld"}),
    (twice, {"entry.refused", "mirror.skipped"}),
    (dropped, {"entry.refused", "mirror.skipped"}),
]


@pytest.mark.parametrize(("lie", "codes"), LIES, ids=[lie[0].__name__ for lie in LIES])
def test_a_lie_about_an_invoice_abroad_is_named(
    lie: Callable[[Fair], None],
    codes: set[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fair = Fair()
    lie(fair)
    assert audit(fair, tmp_path, capsys) == (5, codes)


def test_an_honest_pair_passes_and_what_is_late_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fair = Fair()
    inv = fair.owe(fair.bob, fair.alice, 100)
    assert audit(fair, tmp_path / "settled", capsys) == (0, set())
    assert fair.sends(fair.bob, cancellation(fair.bob, inv)) is None
    assert audit(fair, tmp_path / "late", capsys) == (0, {"relay.lag"})
    assert main(["audit", "verify", str(tmp_path / "late")]) == 0
    assert "1 document(s) sur des factures" in capsys.readouterr().out
