"""The seed at rest: opens with its passphrase, with nothing else, and is never written over."""

import hashlib
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from cli import keystore, wallet_file
from cli.failures import ExitCode, Failure
from cli.keystore import COSTS, KEYSTORE_FILE, Seed
from cli.wallet_file import Wallet

SEED = Seed(bytes(range(32)), "fr")
PHRASE = "quatre mots sans rapport"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "portefeuille"
    keystore.create(folder, SEED, PHRASE, "interactive")
    return folder


def failing(code: ExitCode, key: str, home: Path, phrase: str = PHRASE) -> None:
    with pytest.raises(Failure) as caught:
        keystore.unlock(home, phrase)
    assert (caught.value.code, caught.value.key) == (code, key)


def rewrite(home: Path, **changes: object) -> None:
    path = home / KEYSTORE_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_locked_comes_out_again(home: Path) -> None:
    assert keystore.unlock(home, PHRASE) == SEED


def test_the_file_is_private_and_nothing_else_is_left_in_the_folder(home: Path) -> None:
    assert [path.name for path in home.iterdir()] == [KEYSTORE_FILE]
    assert stat.S_IMODE((home / KEYSTORE_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_seed_is_not_in_the_file_nor_in_its_repr(home: Path) -> None:
    content = (home / KEYSTORE_FILE).read_bytes()
    assert SEED.entropy.hex().encode() not in content
    assert SEED.entropy not in content
    assert SEED.entropy.hex() not in repr(SEED)
    assert repr(SEED.entropy) not in repr(SEED)


def test_the_default_is_the_moderate_cost(tmp_path: Path) -> None:
    keystore.create(tmp_path, SEED, PHRASE)
    shape = json.loads((tmp_path / KEYSTORE_FILE).read_text())
    assert (shape["ops"], shape["mem"]) == (COSTS["moderate"].ops, COSTS["moderate"].mem)
    assert COSTS["moderate"].mem == 256 << 20


@pytest.mark.parametrize("wrong", ["", "quatre mots sans rappor", PHRASE + " ", PHRASE.upper()])
def test_another_passphrase_leaves_it_locked(home: Path, wrong: str) -> None:
    failing(ExitCode.LOCKED, "keystore.wrong_passphrase", home, wrong)


def test_one_passphrase_typed_on_two_systems_is_one_passphrase(tmp_path: Path) -> None:
    keystore.create(tmp_path, SEED, "e\u0301te\u0301 a\u0300 la mer", "interactive")
    assert keystore.unlock(tmp_path, "\u00e9t\u00e9 \u00e0 la mer") == SEED


def test_a_keystore_is_never_written_over(home: Path) -> None:
    before = (home / KEYSTORE_FILE).read_bytes()
    with pytest.raises(Failure) as caught:
        keystore.create(home, Seed(b"\x07" * 32, "en"), PHRASE, "interactive")
    assert (caught.value.code, caught.value.key) == (ExitCode.REFUSED, "keystore.exists")
    assert (home / KEYSTORE_FILE).read_bytes() == before


def test_a_short_passphrase_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"passphrase\.short"):
        keystore.create(tmp_path, SEED, "sept ca", "interactive")
    assert list(tmp_path.iterdir()) == []


def test_an_absent_keystore_is_not_found(tmp_path: Path) -> None:
    failing(ExitCode.NOT_FOUND, "keystore.missing", tmp_path)


def test_a_passphrase_can_be_changed_and_the_old_one_opens_nothing(home: Path) -> None:
    keystore.change_passphrase(home, PHRASE, "une autre phrase")
    assert keystore.unlock(home, "une autre phrase") == SEED
    failing(ExitCode.LOCKED, "keystore.wrong_passphrase", home)
    shape = json.loads((home / KEYSTORE_FILE).read_text())
    assert shape["mem"] == COSTS["interactive"].mem
    assert stat.S_IMODE((home / KEYSTORE_FILE).stat().st_mode) == 0o600


def test_a_change_that_fails_leaves_the_old_passphrase_in_force(home: Path) -> None:
    with pytest.raises(Failure, match=r"keystore\.wrong_passphrase"):
        keystore.change_passphrase(home, "mauvaise phrase", "une autre phrase")
    with pytest.raises(Failure, match=r"passphrase\.short"):
        keystore.change_passphrase(home, PHRASE, "court")
    assert keystore.unlock(home, PHRASE) == SEED


def test_a_file_weaker_than_the_floor_is_refused(home: Path) -> None:
    rewrite(home, mem=COSTS["interactive"].mem - 1)
    failing(ExitCode.LOCKED, "keystore.weak", home)
    rewrite(home, mem=COSTS["interactive"].mem, ops=1)
    failing(ExitCode.LOCKED, "keystore.weak", home)


def test_a_file_cannot_ask_for_all_the_memory_of_the_machine(home: Path) -> None:
    rewrite(home, mem=1 << 40)
    failing(ExitCode.LOCKED, "keystore.damaged", home)


@pytest.mark.parametrize("version", [{"v": 2}, {"kdf": "scrypt"}])
def test_a_later_version_asks_for_an_update(home: Path, version: dict[str, object]) -> None:
    rewrite(home, **version)
    failing(ExitCode.LOCKED, "keystore.unknown_version", home)


@pytest.mark.parametrize(
    "changes",
    [{"salt": "00"}, {"box": "zz"}, {"box": "00"}, {"ops": "2"}, {"ops": True}, {"box": 1}],
)
def test_a_damaged_field_is_told_as_damage(home: Path, changes: dict[str, object]) -> None:
    rewrite(home, **changes)
    failing(ExitCode.LOCKED, "keystore.damaged", home)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b"[1]", b"[" * 60_000])
def test_any_other_file_is_told_as_damage(home: Path, content: bytes) -> None:
    (home / KEYSTORE_FILE).write_bytes(content)
    failing(ExitCode.LOCKED, "keystore.damaged", home)


def test_a_flipped_bit_of_the_box_is_a_wrong_passphrase_and_never_another_seed(home: Path) -> None:
    shape = json.loads((home / KEYSTORE_FILE).read_text())
    box = bytearray.fromhex(shape["box"])
    box[40] ^= 1
    rewrite(home, box=box.hex())
    failing(ExitCode.LOCKED, "keystore.wrong_passphrase", home)


def test_a_folder_in_place_of_the_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / KEYSTORE_FILE).mkdir()
    failing(ExitCode.USAGE, "file.unreadable", tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / KEYSTORE_FILE).write_bytes(b" " * 70_000)
    failing(ExitCode.USAGE, "file.too_large", tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match=r"file\.unwritable"):
        keystore.create(tmp_path / "file" / "home", SEED, PHRASE, "interactive")


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 2))
def test_each_key_promises_the_one_after_it(entropy: bytes, number: int) -> None:
    seed = Seed(entropy, "fr")
    following = bytes(SigningKey(keystore.key_seed(seed, number + 1)).verify_key)
    assert keystore.public_key(seed, number + 1) == following
    digest = hashlib.sha256(b"ronde/next-key/v1\0" + following).digest()
    assert keystore.next_key_digest(seed, number) == digest
    assert keystore.key_seed(seed, number) != keystore.key_seed(seed, number + 1)


def test_the_first_key_of_a_known_seed_is_fixed_for_ever() -> None:
    # Worked out apart: b2sum in keyed mode of "ronde/member-key/v1\0" and 00000000.
    expected = hashlib.blake2b(
        b"ronde/member-key/v1\0\0\0\0\0", key=bytes(range(32)), digest_size=32
    ).hexdigest()
    assert keystore.key_seed(SEED, 0).hex() == expected


def test_two_new_seeds_differ() -> None:
    assert keystore.new_seed("fr").entropy != keystore.new_seed("fr").entropy


# ------------------------------------------------------------------------- the public state

WALLET = Wallet(
    role="member",
    name="alice",
    account="memb1qqq",
    cooperative_card=b"\x01\x02",
    node_url="https://bretagne.coop",
    key_number=3,
    key=b"\x04" * 32,
    next_digest=b"\x05" * 32,
)


def test_the_public_state_comes_back_as_it_was(tmp_path: Path) -> None:
    path = wallet_file.save_new(tmp_path, WALLET)
    assert wallet_file.load(tmp_path) == WALLET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    blank = Wallet("officer", "", None, None, None, 0, b"\x04" * 32, b"\x05" * 32)
    wallet_file.save(tmp_path, blank)
    assert wallet_file.load(tmp_path) == blank


def test_a_public_state_is_not_written_over_by_a_new_one(tmp_path: Path) -> None:
    wallet_file.save_new(tmp_path, WALLET)
    with pytest.raises(Failure, match=r"file\.exists"):
        wallet_file.save_new(tmp_path, WALLET)


def test_no_wallet_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"wallet\.missing") as caught:
        wallet_file.load(tmp_path)
    assert caught.value.code is ExitCode.NOT_FOUND


@settings(max_examples=60)
@given(
    st.sampled_from(["v", "role", "name", "account", "key_number", "key", "cooperative_card"]),
    st.one_of(st.integers(-3, -1), st.just("\u00e9"), st.just([]), st.just(True), st.floats()),
)
def test_a_public_state_of_another_shape_is_told_as_damage(field: str, value: object) -> None:
    import tempfile

    if (field, type(value)) in {("name", str), ("account", str)} or (field, value) == ("v", True):
        return
    if field == "account" and not value:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = wallet_file.save_new(Path(folder), WALLET)
        path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
        with pytest.raises(Failure, match=r"wallet\.damaged"):
            wallet_file.load(Path(folder))
