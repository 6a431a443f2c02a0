"""Signed documents that travel between people by file, mail or USB stick: a head to read, base64.

The head is for people and never believed: what counts is read again from the signed document.
"""

import base64
import binascii
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cli import durable
from cli.failures import ExitCode, Failure

BYTES_MAX: Final = 200_000
Kind = Literal["application", "decision"]
_TITLES: Final[dict[Kind, str]] = {
    "application": "ronde 1 : demande d'adhésion (membership application)",
    "decision": "ronde 1 : décision à signer (decision to be signed)",
}


class Letter(NamedTuple):
    """A letter as it was read.

    Attributes:
        head: Its lines `word: value`; for people, and for what the officers choose.
        sealed: The sealed document.
    """

    head: dict[str, str]
    sealed: bytes


def compose(kind: Kind, head: Mapping[str, str], sealed: bytes) -> bytes:
    """Return the bytes of a letter: title, head, an empty line, base64 in lines of 76."""
    lines = [_TITLES[kind], *(f"{word}: {value}" for word, value in head.items() if value), ""]
    lines += textwrap.wrap(base64.b64encode(sealed).decode(), 76)
    return ("\n".join(lines) + "\n").encode()


def read(path: Path, kind: Kind) -> Letter:
    """Read a letter.

    Raises:
        Failure: not found; usage, it is no letter of this kind.
    """
    content = durable.read_small(path, bytes_max=BYTES_MAX)
    wrong = Failure(ExitCode.USAGE, f"letter.not_{kind}", path=str(path))
    try:
        # Mail programs turn line ends around and put a mark in front.
        text = content.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        raise wrong from None
    top, _, body = text.partition("\n\n")
    title, *words = top.split("\n")
    # Spec 0009: The reader MUST refuse a letter whose title is another one.
    if title.strip() != _TITLES[kind]:
        raise wrong
    head = dict(line.partition(": ")[::2] for line in words)
    try:
        sealed = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    return Letter(head, sealed)
