"""Where a passphrase comes from: the keyboard, a file descriptor or a private file.

Never the command line and never the environment: other processes can read both.
"""

import getpass
import os
import stat
import sys
from pathlib import Path
from typing import Final

from cli.choices import Choices, Language
from cli.failures import ExitCode, Failure
from cli.keystore import check_passphrase
from cli.screen import note
from cli.sentences import say

BYTES_MAX: Final = 4_096
ATTEMPTS: Final = 3


def ask_passphrase(choices: Choices) -> str:
    """Return the passphrase in force, from `--passphrase-fd`, `--passphrase-file` or the keyboard.

    Raises:
        Failure: usage; the source cannot be read, is not private or empty, or nobody can be asked.
    """
    given = _given(choices.passphrase_fd, choices.passphrase_file)
    return given if given is not None else _typed(say("passphrase.ask", choices.lang))


def ask_new_passphrase(lang: Language, fd: int | None, file: Path | None) -> str:
    """Return a passphrase for a new lock; on the keyboard it is asked twice.

    Args:
        lang: Language of the questions.
        fd: A file descriptor to read it from, or None.
        file: A private file to read it from, or None.

    Raises:
        Failure: usage; as `ask_passphrase`, or it is too short, or three times not the same twice.
    """
    given = _given(fd, file)
    if given is not None:
        check_passphrase(given)
        return given
    for _ in range(ATTEMPTS):
        first = _typed(say("passphrase.ask_new", lang))
        check_passphrase(first)
        if _typed(say("passphrase.ask_again", lang)) == first:
            return first
        note(say("passphrase.differ", lang))
    raise Failure(ExitCode.USAGE, "passphrase.differ")


def _given(fd: int | None, file: Path | None) -> str | None:
    if fd is not None and file is not None:
        raise Failure(ExitCode.USAGE, "passphrase.two_sources")
    if fd is not None:
        return _from_descriptor(fd)
    return None if file is None else _from_file(file)


def _from_descriptor(fd: int) -> str:
    try:
        return _first_line(fd)
    except OSError:
        raise Failure(ExitCode.USAGE, "passphrase.bad_fd", fd=fd) from None


def _from_file(file: Path) -> str:
    try:
        handle = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(file)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Failure(ExitCode.USAGE, "file.unreadable", path=str(file), reason=reason) from None
    try:
        if os.name != "nt" and os.fstat(handle).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Failure(ExitCode.USAGE, "passphrase.not_private", path=str(file))
        return _first_line(handle)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Failure(ExitCode.USAGE, "file.unreadable", path=str(file), reason=reason) from None
    finally:
        os.close(handle)


def _first_line(handle: int) -> str:
    """Read one line, byte by byte so that the rest of a pipe stays for whoever reads next."""
    line = bytearray()
    while len(line) <= BYTES_MAX:
        byte = os.read(handle, 1)
        if byte in {b"", b"\n"}:
            break
        line += byte
    if len(line) > BYTES_MAX:
        raise Failure(ExitCode.USAGE, "passphrase.too_long", limit=BYTES_MAX)
    text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
    if not text:
        raise Failure(ExitCode.USAGE, "passphrase.empty")
    return text


def _typed(question: str) -> str:
    if not _has_keyboard():
        raise Failure(ExitCode.USAGE, "passphrase.no_terminal")
    text = getpass.getpass(question + " ")
    if not text:
        raise Failure(ExitCode.USAGE, "passphrase.empty")
    return text


def _has_keyboard() -> bool:
    """Whether a person can be asked without the letters showing."""
    if os.name == "nt":  # pragma: no cover
        return sys.stdin.isatty()
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
