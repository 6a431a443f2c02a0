"""A wallet from its first word to its last: made, shown, restored, and every wrong turn told."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli import keystore, wallet_file
from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.main import main
from cli.signing import unlock_signer
from protocol.identifiers import TextKind, from_text, to_text

ROOT = Path(__file__).resolve().parents[2]
PHRASE = "quatre mots sans rapport"


@pytest.fixture
def phrase_file(tmp_path: Path) -> Path:
    return secret(tmp_path / "phrase", PHRASE)


def secret(path: Path, text: str) -> Path:
    path.write_text(text + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def make(home: Path, phrase: Path, *more: str) -> int:
    given = ["--passphrase-file", str(phrase), "--yes", "--light"]
    return main(["wallet", "create", "--home", str(home), *given, *more])


def made(
    home: Path, phrase: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> dict[str, object]:
    assert make(home, phrase, "--json", *more) == 0
    shape: dict[str, object] = json.loads(capsys.readouterr().out)
    return shape


def words_of(shape: dict[str, object]) -> list[str]:
    words = shape["words"]
    assert isinstance(words, list)
    return words


def said(code: ExitCode, sentence: str, got: int, capsys: pytest.CaptureFixture[str]) -> None:
    seen = capsys.readouterr()
    assert (got, seen.out) == (code, "")
    assert sentence in seen.err
    assert "Traceback" not in seen.err


def test_a_new_wallet_shows_its_words_and_its_key(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "w"
    assert make(home, phrase_file, "--name", "alice", "--node", "https://bretagne.coop") == 0
    seen = capsys.readouterr()
    assert len(re.findall(r"\d+\. \S+", seen.out)) == 24
    wallet = wallet_file.load(home)
    assert (wallet.name, wallet.role, wallet.key_number) == ("alice", "member", 0)
    assert to_text(TextKind.KEY, wallet.key) in seen.out
    assert "papier" in seen.err
    assert PHRASE not in seen.out + seen.err


def test_the_paper_alone_brings_the_same_keys_back(
    tmp_path: Path,
    phrase_file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = made(tmp_path / "w", phrase_file, capsys, "--words", "en")
    paper = tmp_path / "paper"
    paper.write_text("\n".join(f"{n}. {w}" for n, w in enumerate(words_of(shape), 1)))
    account = to_text(TextKind.ACCOUNT, b"\x01" * 16)
    line = ["wallet", "restore", "--home", str(tmp_path / "r"), "--json", "--light"]
    line += ["--passphrase-file", str(phrase_file), "--account", account.upper()]
    with paper.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(line) == 0
    restored = json.loads(capsys.readouterr().out)
    assert (restored["key"], restored["next"]) == (shape["key"], shape["next"])
    assert restored["account"] == account
    assert "words" not in restored


def test_a_rotated_wallet_is_restored_at_its_number(
    tmp_path: Path,
    phrase_file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = made(tmp_path / "w", phrase_file, capsys)
    paper = tmp_path / "paper"
    paper.write_text(" ".join(words_of(shape)))
    line = ["wallet", "restore", "--home", str(tmp_path / "r"), "--light", "--key-number", "2"]
    with paper.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main([*line, "--passphrase-file", str(phrase_file)]) == 0
    signer = unlock_signer(Choices(folder=tmp_path / "r", passphrase_file=phrase_file))
    assert signer.wallet.key_number == 2
    assert signer.key_seed == keystore.key_seed(signer.seed, 2)


def test_an_officer_has_a_key_and_no_account(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = made(tmp_path / "w", phrase_file, capsys, "--officer")
    assert (shape["role"], shape["account"]) == ("officer", None)
    assert len(from_text(TextKind.KEY, str(shape["key"]))) == 32
    assert main(["wallet", "show", "--home", str(tmp_path / "w"), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "officer or auditor" in out
    assert "Account" not in out


def test_showing_asks_for_no_passphrase_and_shows_no_word(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = made(tmp_path / "w", phrase_file, capsys)
    assert main(["wallet", "show", "--home", str(tmp_path / "w"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == {key: value for key, value in shape.items() if key != "words"}


def test_the_words_are_shown_again_to_who_has_the_passphrase(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = made(tmp_path / "w", phrase_file, capsys)
    line = ["wallet", "show", "--words", "--home", str(tmp_path / "w")]
    line += ["--passphrase-file", str(phrase_file)]
    assert main([*line, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["words"] == shape["words"]
    assert main(line) == 0
    assert re.findall(r"\d+\. (\S+)", capsys.readouterr().out) == shape["words"]


def test_the_passphrase_comes_from_a_descriptor_and_the_rest_of_the_pipe_stays(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "w", phrase_file, capsys)
    reading, writing = os.pipe()
    os.write(writing, f"{PHRASE}\nune autre phrase\r\n".encode())
    os.close(writing)
    line = ["wallet", "passphrase", "--home", str(tmp_path / "w")]
    fd = str(reading)
    assert main([*line, "--passphrase-fd", fd, "--new-passphrase-fd", fd]) == 0
    os.close(reading)
    assert keystore.unlock(tmp_path / "w", "une autre phrase").language == "fr"
    got = main([*line, "--passphrase-file", str(phrase_file)])
    said(ExitCode.LOCKED, "n'ouvre pas le coffre", got, capsys)


def test_the_new_passphrase_may_come_from_a_private_file(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "w", phrase_file, capsys)
    new = secret(tmp_path / "new", "été à la mer")
    line = ["wallet", "passphrase", "--home", str(tmp_path / "w"), "--light"]
    line += ["--passphrase-file", str(phrase_file), "--new-passphrase-file", str(new)]
    assert main(line) == 0
    assert keystore.unlock(tmp_path / "w", "été à la mer").language == "fr"


# ---------------------------------------------------------------------------------- wrong turns


def test_an_existing_wallet_is_untouched(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "w", phrase_file, capsys)
    before = {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()}
    said(ExitCode.REFUSED, "déjà un portefeuille", make(tmp_path / "w", phrase_file), capsys)
    got = main(["wallet", "restore", "--home", str(tmp_path / "w")])
    said(ExitCode.REFUSED, "déjà un portefeuille", got, capsys)
    assert {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()} == before


@pytest.mark.parametrize("command", ["show", "passphrase"])
def test_no_wallet_is_not_found(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    got = main(["wallet", command, "--home", str(tmp_path)])
    said(ExitCode.NOT_FOUND, "ronde wallet create", got, capsys)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--name", "Émile Zola"], "emile-zola"),
        (["--name", "???"], "alice"),
        (["--node", "ftp://x"], "https://"),
        (["--node", "http://bretagne.coop"], "https://"),
    ],
)
def test_a_wrong_name_or_address_is_told_before_anything_is_made(
    tmp_path: Path,
    phrase_file: Path,
    more: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said(ExitCode.USAGE, sentence, make(tmp_path / "w", phrase_file, *more), capsys)
    assert not (tmp_path / "w").exists()


def test_a_mistyped_account_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got = main(["wallet", "restore", "--home", str(tmp_path / "w"), "--account", "memb1oops"])
    said(ExitCode.USAGE, "memb1oops", got, capsys)


def test_wrong_words_leave_nothing_behind(
    tmp_path: Path,
    phrase_file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = ["wallet", "restore", "--home", str(tmp_path / "w")]
    line += ["--passphrase-file", str(phrase_file)]
    with (tmp_path / "paper").open("w+") as stream:
        stream.write("abaisser " * 24)
        stream.seek(0)
        monkeypatch.setattr(sys, "stdin", stream)
        said(ExitCode.USAGE, "ne vont pas ensemble", main(line), capsys)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (PHRASE, 0o644, "chmod 600"),
        ("", 0o600, "vide"),
        ("court", 0o600, "8 caractères"),
        ("x" * 5_000, 0o600, "4096 octets"),
    ],
)
def test_a_passphrase_file_that_does_not_do_is_told(
    tmp_path: Path, content: str, mode: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = secret(tmp_path / "phrase", content)
    path.chmod(mode)
    said(ExitCode.USAGE, sentence, make(tmp_path / "w", path), capsys)
    assert not (tmp_path / "w").exists()


def test_a_passphrase_source_that_is_not_there_is_told(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(ExitCode.NOT_FOUND, "absent", make(tmp_path / "w", tmp_path / "absent"), capsys)
    (tmp_path / "folder").mkdir(mode=0o700)
    said(ExitCode.USAGE, "folder", make(tmp_path / "w", tmp_path / "folder"), capsys)
    line = ["wallet", "create", "--home", str(tmp_path / "w"), "--yes"]
    said(ExitCode.USAGE, "999", main([*line, "--passphrase-fd", "999"]), capsys)
    both = ["--passphrase-fd", "0", "--passphrase-file", str(phrase_file)]
    said(ExitCode.USAGE, "pas les deux", main([*line, *both]), capsys)


def test_a_keystore_of_another_wallet_signs_nothing(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "a", phrase_file, capsys)
    made(tmp_path / "b", phrase_file, capsys)
    (tmp_path / "a" / "keystore.json").replace(tmp_path / "b" / "keystore.json")
    with pytest.raises(Failure, match=r"wallet\.other_key") as caught:
        unlock_signer(Choices(folder=tmp_path / "b", passphrase_file=phrase_file))
    assert caught.value.code is ExitCode.LOCKED
    with pytest.raises(Failure, match=r"keystore\.missing"):
        unlock_signer(Choices(folder=tmp_path / "a", passphrase_file=phrase_file))


def test_a_wallet_whose_public_half_cannot_be_written_is_not_half_made(
    tmp_path: Path, phrase_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli import wallet

    seed = keystore.new_seed("fr")
    state = wallet._new_wallet(seed, 0, "", None, None, False)
    (tmp_path / "w" / "wallet.json").mkdir(parents=True)
    with pytest.raises(Failure, match=r"file\.exists"):
        wallet._save(tmp_path / "w", seed, state, PHRASE, light=True)
    assert not (tmp_path / "w" / "keystore.json").exists()


# ---------------------------------------------------------------------------- without a person


def program(*line: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *line]


def test_no_keyboard_and_no_passphrase_is_a_clear_error(tmp_path: Path) -> None:
    run = subprocess.run(
        program("wallet", "create", "--home", str(tmp_path / "w")),
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    assert run.returncode == ExitCode.USAGE
    assert "--passphrase-file" in run.stderr
    assert not (tmp_path / "w").exists()


def test_no_keyboard_and_no_yes_makes_nothing(tmp_path: Path, phrase_file: Path) -> None:
    line = program("wallet", "create", "--home", str(tmp_path / "w"), "--light")
    run = subprocess.run(
        [*line, "--passphrase-file", str(phrase_file)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    assert run.returncode == ExitCode.USAGE
    assert "--yes" in run.stderr
    assert not (tmp_path / "w").exists()
