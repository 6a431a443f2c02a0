"""Small private files that are whole or absent: 0600, synced, renamed into place."""

import os
import secrets
from pathlib import Path

from cli.failures import ExitCode, Failure

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter; an existing one is left as it is.

    Raises:
        Failure: usage, the folder cannot be made.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet; nothing is ever written over.

    Raises:
        Failure: refused, there is already a file of that name (it is untouched); usage, the
            folder cannot be written.
    """
    _put(path, content, must_be_new=True)


def write_over(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader sees the old content or the new, never a mixture.

    Raises:
        Failure: usage, the folder cannot be written; the old file is then untouched.
    """
    _put(path, content, must_be_new=False)


def read_small(path: Path, *, bytes_max: int = 65_536) -> bytes:
    """Return the content of a small file.

    Raises:
        Failure: not found; usage, the file cannot be read or is larger than `bytes_max`.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(bytes_max + 1)
    except FileNotFoundError as error:
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(path)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Failure(ExitCode.USAGE, "file.unreadable", path=str(path), reason=reason) from error
    if len(content) > bytes_max:
        raise Failure(ExitCode.USAGE, "file.too_large", path=str(path), limit=bytes_max)
    return content


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; without effect where a folder cannot be opened."""
    if os.name == "nt":  # pragma: no cover
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put(path: Path, content: bytes, *, must_be_new: bool) -> None:
    make_folder(path.parent)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if must_be_new:
            # A link, unlike a rename, fails when the name is taken: of two processes, one wins.
            os.link(beside, path)
        else:
            beside.replace(path)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise Failure(ExitCode.REFUSED, "file.exists", path=str(path)) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> Failure:
    reason = error.strerror or type(error).__name__
    return Failure(ExitCode.USAGE, "file.unwritable", path=str(path), reason=reason)
