"""Receipt files: what is proven is said, and nothing else."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.asking import read_receipt
from cli.failures import ExitCode, Failure
from cli.receipts import KIND, read_file
from protocol.errors import EncodingError
from protocol.messages.orders import Leg
from tests.cli.street import Purse, receipt_of
from tests.protocol.town import Cooperative, Member


@pytest.fixture
def home() -> Cooperative:
    return Cooperative("bretagne")


def dossier(home: Cooperative, **changes: Any) -> dict[str, Any]:
    payer, one, two = (home.admit(name) for name in ("alice", "bob", "carole"))
    sealed = payer.pay((one, 1_250), (two, 300))
    receipt = msgspec.msgpack.encode(receipt_of(home, sealed))
    shape = {
        "v": 1, "kind": KIND, "charter": home.sealed.hex(), "document": sealed.hex(),
        "for": None, "first": None, "last": receipt.hex(), "salt": None, "peer_charter": None,
    }  # fmt: skip
    return shape | changes


def verify(tmp_path: Path, shape: object) -> Purse:
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(shape))
    purse = Purse(tmp_path)
    purse.code = purse.types("receipt", "verify", str(path), locked=False)  # type: ignore[attr-defined]
    return purse


def code_of(purse: Purse) -> int:
    return int(purse.code)  # type: ignore[attr-defined]


def test_every_leg_of_an_order_is_told(home: Cooperative, tmp_path: Path) -> None:
    purse = verify(tmp_path, dossier(home))
    assert code_of(purse) == 0, purse.err
    assert "12,50 SEL" in purse.out
    assert "3,00 SEL" in purse.out
    assert "coop1" in purse.out


def test_an_order_without_an_answer_is_pending(home: Cooperative, tmp_path: Path) -> None:
    assert code_of(verify(tmp_path, dossier(home, last=None))) == 7


def test_an_order_of_another_cooperative_is_not_proven_by_ours(
    home: Cooperative, tmp_path: Path
) -> None:
    shape = dossier(home, charter=Cooperative("corse").sealed.hex())
    assert code_of(verify(tmp_path, shape)) == 5


def test_decisions_and_key_events_have_receipts_too(home: Cooperative, tmp_path: Path) -> None:
    from protocol.envelope import seal

    member = Member("zoe", home)
    sealed = seal(home.admission(member, 1, 1), *home.officers[:2])
    receipt = msgspec.msgpack.encode(receipt_of(home, sealed))
    purse = verify(tmp_path, dossier(home, document=sealed.hex(), last=receipt.hex()))
    assert code_of(purse) == 0, purse.err
    assert "Clés ou décision" in purse.out
    path = tmp_path / "receipt.json"
    assert purse.types("receipt", "show", str(path), "--json", locked=False) == 0
    assert json.loads(purse.out)["legs"] == []


def test_a_foreign_order_needs_both_charters(home: Cooperative, tmp_path: Path) -> None:
    payer = home.admit("alice")
    order = payer.order(Leg(b"\x01" * 16, 5, b"\x02" * 32))
    from protocol.envelope import seal

    sealed = seal(order, *payer.seeds)
    receipt = msgspec.msgpack.encode(receipt_of(home, sealed)).hex()
    shape = dossier(Cooperative("bretagne"), document=sealed.hex(), first=receipt, last=None)
    assert code_of(verify(tmp_path, shape)) == 7
    assert code_of(verify(tmp_path, shape | {"last": receipt})) == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2}, {"kind": "x"}, {"document": "zz"}, {"document": None}, {"charter": None},
        {"for": 3}, {"salt": 3},
    ],
)  # fmt: skip
def test_what_is_no_receipt_file_is_told(
    home: Cooperative, tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert code_of(verify(tmp_path, dossier(home, **changes))) == 2
    with pytest.raises(Failure) as caught:
        read_file(b"[]", None)
    assert caught.value.code is ExitCode.USAGE


def test_without_a_wallet_only_files_are_verified(tmp_path: Path) -> None:
    purse = Purse(tmp_path)
    assert purse.types("receipt", "show", "abcd", locked=False) == 3
    assert purse.types("receipt", "show", str(tmp_path / "absent.json"), locked=False) == 3
    purse.create()
    (purse.folder / "wallet.json").write_text("{}")
    assert purse.types("receipt", "show", "abcd", locked=False) == 2


def test_bytes_that_are_no_receipt_are_refused() -> None:
    for raw in (b"", b"\xc1", b"\x80", b"\xff" * 40):
        with pytest.raises(EncodingError):
            read_receipt(raw)
