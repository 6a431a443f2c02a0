"""Files that a set-off leaves behind: whole or absent, never over the debts themselves."""

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.failures import ExitCode, Failure


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes its name only when it is whole.

    Args:
        path: where it goes; a pipe or a terminal is written to as it stands.

    Raises:
        Failure: usage, the file cannot be written; the old one is then untouched.
    """
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            with path.open("wb") as stream:
                yield stream
        else:
            with _beside(path) as stream:
                yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        fields = {"path": str(path), "reason": error.strerror or type(error).__name__}
        raise Failure(ExitCode.USAGE, "file.unwritable", **fields) from error


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with fresh.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def check_apart(source: Path, outputs: Sequence[Path | None]) -> None:
    """Refuse to write over the debts, or two outputs into one file.

    Raises:
        Failure: usage, with the name that stands twice.
    """
    taken = {_real(source)}
    for path in outputs:
        if path is None:
            continue
        if _real(path) in taken:
            raise Failure(ExitCode.USAGE, "clear.same_file", path=str(path))
        taken.add(_real(path))


def _real(path: Path) -> str:
    return os.path.realpath(path)
