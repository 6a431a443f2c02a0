"""Certificates: what proves, together with a file of debts, that a set-off is the largest.

The reader needs no solver: whole numbers and one pass over the arcs. Source: spec 0019 §3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from cli.clear_files import written
from cli.debt_table import Amounts
from cli.failures import ExitCode, Failure
from federation.network import Network

VERSION: Final = 1
SALT_BYTES: Final = 32
DIGEST_BYTES: Final = 32
MEMBERS_WITH_SALT_MAX: Final = 2**20
_AROUND: Final = 256  # the names of the fields, the digests, the salt
_FURTHER_MAX: Final = 2**26  # read beyond only to say why a certificate is not of these debts


class _Fields(msgspec.Struct, forbid_unknown_fields=True):
    debts: bytes
    flow: memoryview
    potentials: memoryview
    v: int
    salt: bytes = b""
    lines: bytes = b""


class _Versioned(msgspec.Struct):
    v: int


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """A set-off and its proof, for debts that are named by their digest.

    Attributes:
        debts: the digest of the debts, 32 bytes.
        flow: minor units cancelled on each arc.
        potentials: one for each member.
        salt: 32 bytes that broke the ties; None when only the total counted.
        lines: the digest of the lines, 32 bytes; None when there were none.
    """

    debts: bytes
    flow: Amounts
    potentials: Amounts
    salt: bytes | None
    lines: bytes | None = None


def encode(certificate: Certificate) -> bytes:
    """Return the bytes of a certificate."""
    fields: dict[str, object] = {
        "debts": certificate.debts,
        "flow": certificate.flow.astype("<i8", copy=False).tobytes(),
    }
    if certificate.lines is not None:
        fields["lines"] = certificate.lines
    fields["potentials"] = certificate.potentials.astype("<i8", copy=False).tobytes()
    if certificate.salt is not None:
        fields["salt"] = certificate.salt
    # Spec 0019: The writer MUST put the fields in the order of their names.
    return msgspec.msgpack.encode({**fields, "v": VERSION})


def decode(content: bytes) -> Certificate | int | None:
    """Read the bytes of a certificate.

    Returns:
        The certificate; the number of a version that is not ours; None for anything else.
    """
    try:
        version = msgspec.msgpack.decode(content, type=_Versioned).v
        if version != VERSION:
            return version
        fields = msgspec.msgpack.decode(content, type=_Fields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    wrong = len(fields.flow) % 8 or len(fields.potentials) % 8
    if wrong or len(fields.debts) != DIGEST_BYTES or len(fields.salt) not in (0, SALT_BYTES):
        return None
    if len(fields.lines) not in (0, DIGEST_BYTES):
        return None
    numbers = [
        np.frombuffer(raw, "<i8").astype(np.int64, copy=False)
        for raw in (fields.flow, fields.potentials)
    ]
    salt, lines = fields.salt or None, fields.lines or None
    certificate = Certificate(fields.debts, numbers[0], numbers[1], salt, lines)
    # Spec 0019: The reader MUST refuse bytes that differ from the encoding of what they say.
    return certificate if encode(certificate) == content else None


def write(path: Path, certificate: Certificate) -> None:
    """Write a certificate.

    Raises:
        Failure: usage, the file cannot be written.
    """
    with written(path) as stream:
        stream.write(encode(certificate))


def read(path: Path, arcs: int, members: int, lines: bytes | None = None) -> Certificate:
    """Read a certificate for debts of so many arcs and members.

    Args:
        path: the certificate.
        arcs: of debts and lines.
        members: of both.
        lines: the digest of the lines it should be for; None without lines.

    Raises:
        Failure: not found; usage, the file cannot be read or is no certificate, or asks for lines;
            verification, it is of other debts or other lines.
    """
    try:
        with path.open("rb") as stream:
            # One that is longer is of other debts or none at all; either way its end is not read.
            content = stream.read(8 * (arcs + members) + _AROUND + 1)
            further = stream.read(_FURTHER_MAX)
    except FileNotFoundError as error:
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(path)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Failure(ExitCode.USAGE, "file.unreadable", path=str(path), reason=reason) from error
    found = decode(content + further)
    # Spec 0019: The reader MUST refuse a certificate with lines where there are none, and one
    #   without where there are some.
    if isinstance(found, Certificate) and found.lines != lines:
        if lines is None:
            raise Failure(ExitCode.USAGE, "clear.asks_lines", path=str(path))
        # Spec 0019: The reader MUST refuse a certificate whose digest of lines is not theirs.
        key = "clear.without_lines" if found.lines is None else "clear.other_lines"
        raise Failure(ExitCode.VERIFICATION_FAILED, key)
    if further:
        raise Failure(ExitCode.VERIFICATION_FAILED, "clear.other_debts")
    if isinstance(found, int):
        raise Failure(ExitCode.USAGE, "clear.wrong_version", path=str(path), version=found)
    if found is None:
        raise Failure(ExitCode.USAGE, "clear.not_a_certificate", path=str(path))
    return found


def ties_for(network: Network, names: Sequence[str], salt: bytes | None) -> Amounts | None:
    """Return the tie of each arc under a salt; None without one.

    Raises:
        Failure: usage, there are too many members for ties.
    """
    if salt is None:
        return None
    # Spec 0019: The writer MUST NOT use a salt for more than 1048576 members.
    if len(names) > MEMBERS_WITH_SALT_MAX:
        raise Failure(ExitCode.USAGE, "clear.salt_members", limit=MEMBERS_WITH_SALT_MAX)
    from federation.tie_break import ties_of

    return ties_of(network, names, salt)


def salt_of(text: str | None) -> bytes | None:
    """Return the salt that was typed.

    Raises:
        Failure: usage, it is not 64 hexadecimal digits.
    """
    if text is None:
        return None
    try:
        salt = bytes.fromhex(text)
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES or len(text) != 2 * SALT_BYTES:
        raise Failure(ExitCode.USAGE, "clear.salt")
    return salt
