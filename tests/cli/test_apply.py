"""Applications, first contact with a cooperative, and wallets taken back from words."""

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import clock, letters, wallet_file
from cli.apply import INCEPTION_FILE
from cli.failures import ExitCode, Failure
from protocol.envelope import open_sealed, seal
from protocol.identifiers import TextKind, to_text
from protocol.messages.keyevents import Inception
from tests.cli.street import ACCOUNT, FakeNode, Purse, account_view, ok, problem, serving
from tests.protocol.town import AT, Cooperative, seed_of

LOUD = "VÉRIFICATION ÉCHOUÉE"


@pytest.fixture
def alice(tmp_path: Path) -> Purse:
    purse = Purse(tmp_path)
    purse.create("--name", "alice")
    return purse


def test_an_application_pins_the_cooperative_and_names_the_account(
    alice: Purse, node: FakeNode, home: Cooperative, tmp_path: Path
) -> None:
    path = tmp_path / "letter.txt"
    coop = to_text(TextKind.COOPERATIVE, home.id)
    line = ["wallet", "apply", node.url + "/", "-o", str(path), "--cooperative", coop]
    assert alice.types(*line) == 0
    assert coop in alice.err
    wallet = wallet_file.load(alice.folder)
    letter = letters.read(path, "application")
    opened = open_sealed(letter.sealed, Inception)
    assert wallet.account == to_text(TextKind.ACCOUNT, opened.id[:16])
    assert (wallet.node_url, wallet.cooperative_card) == (node.url, home.sealed)
    assert (opened.document.keys, opened.document.next) == ([wallet.key], [wallet.next_digest])
    assert letter.head["account"] == wallet.account
    assert alice.types(*line, "--json") == 0
    assert json.loads(alice.out)["account"] == wallet.account


def test_an_application_without_a_name_has_a_file_all_the_same(
    alice: Purse, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    alice.folder = tmp_path / "other"
    alice.create()
    assert alice.types("wallet", "apply", node.url) == 0
    assert len(list(tmp_path.glob("demande-*.txt"))) == 1


@pytest.mark.parametrize(
    "card",
    [b"", b"[]", b"{}", b'{"cooperative": "coop1x", "url": "http://x"}'],
)
def test_a_card_that_does_not_belong_to_the_charter_is_not_believed(
    alice: Purse, node: FakeNode, card: bytes
) -> None:
    node.routes["/"] = lambda *_: ok(card)
    assert alice.types("wallet", "apply", node.url) == 5
    assert LOUD in alice.err
    assert wallet_file.load(alice.folder).cooperative_card is None


def test_a_charter_that_its_own_keys_did_not_sign_is_not_believed(
    alice: Purse, node: FakeNode, home: Cooperative
) -> None:
    forged = seal(home.charter, seed_of("somebody"))
    node.routes["/charter"] = lambda *_: ok(forged)
    assert alice.types("wallet", "apply", node.url) == 5


def test_another_cooperative_than_expected_or_known_is_refused(
    alice: Purse, node: FakeNode, home: Cooperative
) -> None:
    other = Cooperative("corse")
    corse = to_text(TextKind.COOPERATIVE, other.id)
    assert alice.types("wallet", "apply", node.url, "--cooperative", corse) == 5
    alice.admit(other, node.url)
    assert alice.types("wallet", "apply", node.url) == 5
    assert corse in alice.err
    assert wallet_file.load(alice.folder).cooperative_card == other.sealed


def _apply_late(alice: Purse, node: FakeNode, path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(clock, "now_s", lambda: AT + 28 * 86_400)
    return alice.types("wallet", "apply", node.url, "-o", str(path))


def test_an_application_that_was_never_entered_is_made_anew(
    alice: Purse, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "letter.txt"
    assert alice.types("wallet", "apply", node.url, "-o", str(path)) == 0
    before = letters.read(path, "application").sealed
    node.routes["/questions"] = lambda *_: problem("not-found", 404)
    assert _apply_late(alice, node, path, monkeypatch) == 0
    assert letters.read(path, "application").sealed != before


def test_who_is_admitted_already_does_not_apply_again(
    alice: Purse, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "letter.txt"
    assert alice.types("wallet", "apply", node.url, "-o", str(path)) == 0
    assert _apply_late(alice, node, path, monkeypatch) == 1
    assert "déjà membre" in alice.err
    node.routes["/questions"] = lambda *_: problem("peer", 502)
    assert _apply_late(alice, node, path, monkeypatch) == 4


def test_a_damaged_inception_and_a_rotated_key_are_told(alice: Purse, node: FakeNode) -> None:
    (alice.folder / INCEPTION_FILE).write_bytes(b"x")
    assert alice.types("wallet", "apply", node.url) == 2
    (alice.folder / INCEPTION_FILE).unlink()
    words = _words(alice)
    again = _restored(alice, words, "--key-number", "3")
    assert again.types("wallet", "apply", node.url) == 1
    assert "changées" in again.err


def _words(purse: Purse) -> str:
    assert purse.types("wallet", "show", "--words", "--json") == 0
    return " ".join(json.loads(purse.out)["words"])


def _restored(purse: Purse, words: str, *flags: str, code: int = 0) -> Purse:
    again = Purse(purse.folder.parent)
    again.folder = purse.folder.parent / f"again-{len(flags)}-{code}"
    paper = purse.folder.parent / "paper"
    paper.write_text(words)
    stdin = sys.stdin
    try:
        with paper.open() as sys.stdin:
            assert again.types("wallet", "restore", "--light", *flags) == code, again.err
    finally:
        sys.stdin = stdin
    return again


def test_the_node_knows_account_and_key_number(alice: Purse, node: FakeNode) -> None:
    asked: list[bytes] = []

    def third_key(body: bytes, _: str) -> tuple[int, str, bytes]:
        asked.append(body)
        return ok(account_view(kev=2)) if len(asked) % 3 == 0 else problem("not-found", 404)

    node.routes["/questions"] = third_key
    again = _restored(alice, _words(alice), "--node", node.url)
    wallet = wallet_file.load(again.folder)
    assert wallet.account == to_text(TextKind.ACCOUNT, ACCOUNT)
    assert (wallet.role, wallet.key_number) == ("member", 2)
    asked.clear()
    _restored(alice, _words(alice), "--node", node.url, "--key-number", "1", code=5)


def test_an_officer_is_recognised_by_the_charter(tmp_path: Path, node: FakeNode) -> None:
    chief = Purse(tmp_path)
    chief.create("--officer")
    key = wallet_file.load(chief.folder).key
    charter = Cooperative("alsace", officers=[key], othr=1)
    with serving(charter) as there:
        again = _restored(chief, _words(chief), "--node", there.url)
        wallet = wallet_file.load(again.folder)
        assert (wallet.role, wallet.account) == ("officer", None)
        assert again.types("office", "open", there.url, "--json", locked=False) == 0
        assert json.loads(again.out)["needed"] == 1


def test_a_node_that_fails_while_words_are_read_makes_no_wallet(
    alice: Purse, node: FakeNode
) -> None:
    node.routes["/questions"] = lambda *_: problem("stopping", 503)
    again = _restored(alice, _words(alice), "--node", node.url, code=4)
    assert not again.folder.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1.evil.example", "https://", "http://[::1", "x"])
def test_an_address_over_which_a_stranger_listens_is_refused(alice: Purse, url: str) -> None:
    assert alice.types("wallet", "apply", url) == 2


def test_a_wallet_without_a_cooperative_says_what_to_do(alice: Purse, node: FakeNode) -> None:
    assert alice.types("balance") == 3
    assert "ronde wallet apply" in alice.err
    alice.admit(node.home, node.url)
    wallet = wallet_file.load(alice.folder)
    for broken, code in (
        ({"account": None}, 3),
        ({"node_url": None}, 3),
        ({"account": "memb1x"}, 2),
        ({"cooperative_card": b"x"}, 2),
    ):
        wallet_file.save(alice.folder, replace(wallet, **broken))
        assert alice.types("balance") == code, alice.err


@given(st.binary(min_size=1, max_size=2_000), st.sampled_from(["", "alice"]))
def test_a_letter_is_read_back_whatever_the_mail_did_to_it(sealed: bytes, name: str) -> None:
    written = letters.compose("decision", {"name": name, "id": "coop1x"}, sealed).decode()
    path = Path(tempfile.gettempdir()) / f"ronde-letter-{os.getpid()}.txt"
    for text in (written, "\ufeff" + written, written.replace("\n", "\r\n"), "\n" + written + "\n"):
        path.write_bytes(text.encode())
        letter = letters.read(path, "decision")
        assert letter.sealed == sealed
        assert letter.head.get("name", "") == name
    path.unlink()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"hello\n\nabcd"])
def test_what_is_no_letter_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter"
    path.write_bytes(content)
    with pytest.raises(Failure, match="letter") as caught:
        letters.read(path, "application")
    assert caught.value.code is ExitCode.USAGE


def test_a_letter_with_damaged_base64_is_told(tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_bytes(letters.compose("application", {}, b"x") + b"*")
    with pytest.raises(Failure, match="letter"):
        letters.read(path, "application")
