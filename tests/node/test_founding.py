import stat
from pathlib import Path
from typing import Any

import pytest

from node.founding import FoundingError, charter_of, found_cooperative, network_of
from node.keyfile import load_keys, new_keys
from node.ledger import Ledger
from node.settings import SettingsError, load_settings
from protocol.signatures import public_key_of
from tests.node.town_hall import found

TERMS: dict[str, Any] = {
    "name": "Bretagne",
    "unit": "UEB",
    "decimals": 2,
    "credit_limit": 15_000,
    "ceiling": 150_000,
    "officers": [public_key_of(b"o" * 32), public_key_of(b"p" * 32)],
    "officers_needed": 2,
    "network": network_of("essai"),
    "now_s": 1_763_800_000,
}


def test_a_founded_folder_is_a_working_node(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "bretagne"
    cooperative = found(folder)
    ledger = Ledger.open(folder, load_keys(folder))
    assert ledger.book.cooperative == cooperative
    assert ledger.book.head.charter.origin == "bretagne/ledger"
    assert ledger.book.head.charter.log == load_keys(folder).log_key
    assert ledger.tree.size == 1
    ledger.close()
    settings = load_settings(folder, {})
    assert (settings.name, settings.origin) == ("Bretagne", "bretagne/ledger")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FoundingError, match=r"init\.folder_exists"):
        found(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    found(tmp_path)
    with pytest.raises(FoundingError, match=r"init\.folder_exists"):
        found(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "Me\u0301zenc"},
        {"name": "!!!"},
        {"unit": "euro"},
        {"decimals": 7},
        {"credit_limit": -1},
        {"ceiling": 2**53},
        {"officers": []},
        {"officers": [bytes(31)]},
    ],
)
def test_what_no_reader_would_accept_is_never_sealed(wrong: dict[str, Any]) -> None:
    with pytest.raises(FoundingError):
        charter_of(new_keys(), **(TERMS | wrong))


def test_officers_stand_in_order_and_once() -> None:
    keys = TERMS["officers"]
    charter = charter_of(new_keys(), **(TERMS | {"officers": [*reversed(keys), *keys]}))
    assert charter.officers == sorted(keys)


@pytest.mark.parametrize("wrong", [{"officers_needed": 3}, {"officers_needed": 0}])
def test_a_charter_that_the_rules_refuse_makes_no_folder(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    folder = tmp_path / "new"
    with pytest.raises(FoundingError, match="KEYS_NOT_ACCEPTABLE"):
        found_cooperative(folder, url="http://b", auditors=[], **(TERMS | wrong))
    assert not folder.exists()


def test_an_officer_whose_key_is_no_point_makes_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pytest.raises(FoundingError, match="KEYS_NOT_ACCEPTABLE"):
        found_cooperative(
            folder,
            url="http://b",
            auditors=[],
            **(TERMS | {"officers": [bytes(32)], "officers_needed": 1}),
        )
    assert not folder.exists()


def test_a_wrong_address_makes_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pytest.raises(SettingsError):
        found_cooperative(folder, url="bretagne", auditors=[], **TERMS)
    assert not folder.exists()


def test_a_network_is_named_by_its_federation() -> None:
    assert network_of("essai") != network_of("Essai")
    assert network_of("ronde").hex().startswith("0ec066e2")
