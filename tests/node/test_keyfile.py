import os
import stat
from pathlib import Path

import pytest

from node.keyfile import NAME, KeyFileError, load_keys, new_keys, write_keys
from protocol.ledger.authority import next_key_digest
from protocol.signatures import public_key_of


def test_what_is_written_is_what_is_loaded_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    keys = new_keys()
    path = write_keys(tmp_path, keys)
    assert load_keys(tmp_path) == keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.document_key == public_key_of(keys.document)
    assert keys.log_key == public_key_of(keys.log)
    assert keys.next_digest == next_key_digest(public_key_of(keys.next))


def test_keys_are_new_each_time_and_never_shown() -> None:
    one, two = new_keys(), new_keys()
    assert len({one.document, one.next, one.log, two.document, two.next, two.log}) == 6
    assert one.document.hex() not in repr(one)


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    keys = new_keys()
    write_keys(tmp_path, keys)
    with pytest.raises(KeyFileError, match=r"keyfile\.exists"):
        write_keys(tmp_path, new_keys())
    assert load_keys(tmp_path) == keys


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o666])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    os.chmod(write_keys(tmp_path, new_keys()), mode)
    with pytest.raises(KeyFileError, match=r"keyfile\.open_to_others"):
        load_keys(tmp_path)


def test_a_missing_key_file_and_a_link_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"keyfile\.missing"):
        load_keys(tmp_path)
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / NAME).symlink_to(tmp_path / "real")
    with pytest.raises(KeyFileError, match=r"keyfile\.unreadable"):
        load_keys(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"v":1,"document":"00","next":"00","log":"00"}',
        b'{"v":2,"document":"%b","next":"%b","log":"%b"}' % (3 * (b"0" * 64,)),
        b'{"v":1,"document":"%b","next":"%b","log":"%b","more":1}' % (3 * (b"0" * 64,)),
    ],
)
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"keyfile\.malformed"):
        load_keys(tmp_path)
