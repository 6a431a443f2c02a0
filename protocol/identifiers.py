"""How accounts, cooperatives, keys and documents are named: bytes, checked text, and addresses."""

import hashlib
import re
import unicodedata
from enum import StrEnum
from typing import Final, NamedTuple

from bech32 import CHARSET, bech32_hrp_expand, bech32_polymod, convertbits

from protocol.errors import EncodingError

ACCOUNT_BYTES: Final = 16
COOPERATIVE_BYTES: Final = 32
KEY_BYTES: Final = 32
DOCUMENT_BYTES: Final = 32
NAME_CHARACTERS_MAX: Final = 31
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}")
RESERVED_ROLES: Final = ("cooperative", "suspense")

# BIP350: the final constant of bech32m; plain bech32 has 1 and must not be accepted.
_BECH32M: Final = 0x2BC830A3
_CHECKSUM_SYMBOLS: Final = 6
# Letters that Unicode does not decompose, though a French or German reader does.
_LIGATURES: Final = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"}


class TextKind(StrEnum):
    """What a checked text names; the value is the part before its "1"."""

    ACCOUNT = "memb"
    COOPERATIVE = "coop"
    KEY = "key"
    DOCUMENT = "doc"


_BYTES: Final = {
    TextKind.ACCOUNT: ACCOUNT_BYTES,
    TextKind.COOPERATIVE: COOPERATIVE_BYTES,
    TextKind.KEY: KEY_BYTES,
    TextKind.DOCUMENT: DOCUMENT_BYTES,
}


class Address(NamedTuple):
    """A member as people write it, `alice@bretagne`: two names."""

    name: str
    cooperative: str

    def __str__(self) -> str:
        """Return the text that `parse_address` reads."""
        return f"{self.name}@{self.cooperative}"


def to_text(kind: TextKind, raw: bytes) -> str:
    """Return the bech32m text of an identifier, in lower case.

    Args:
        kind: What it names.
        raw: 16 bytes for an account, 32 for the others.

    Source:
        Spec 0002, checked text; BIP350.
    """
    assert len(raw) == _BYTES[kind]
    symbols = convertbits(raw, 8, 5)
    assert symbols is not None
    expanded = bech32_hrp_expand(kind.value) + symbols
    check = bech32_polymod(expanded + [0] * _CHECKSUM_SYMBOLS) ^ _BECH32M
    symbols += [(check >> 5 * (5 - place)) & 31 for place in range(_CHECKSUM_SYMBOLS)]
    # Spec 0002: The writer MUST write a checked text in lower case.
    return f"{kind.value}1" + "".join(CHARSET[symbol] for symbol in symbols)


def from_text(kind: TextKind, text: str) -> bytes:
    """Return the bytes of a checked text of the kind that the caller expects.

    Args:
        kind: What the text must name.
        text: All lower case, or all upper case as QR codes prefer.

    Returns:
        16 bytes for an account, 32 for the others.

    Raises:
        EncodingError: mixed case, another kind, a wrong character, checksum or length.

    Source:
        Spec 0002, checked text; BIP350.
    """
    # Spec 0002: The reader MUST refuse a checked text of mixed case.
    if not text.isascii() or text not in (text.lower(), text.upper()):
        raise EncodingError("identifier of mixed case or not ASCII")
    prefix = f"{kind.value}1"
    lowered = text.lower()
    # Spec 0002: The reader MUST refuse a checked text of another kind than it expects.
    if not lowered.startswith(prefix):
        raise EncodingError(f"identifier does not begin with {prefix}")
    symbols = [CHARSET.find(character) for character in lowered[len(prefix) :]]
    if -1 in symbols:
        raise EncodingError("identifier with a character outside the bech32 alphabet")
    # Spec 0002: The reader MUST refuse a checked text whose checksum is not that of bech32m.
    if bech32_polymod(bech32_hrp_expand(kind.value) + symbols) != _BECH32M:
        raise EncodingError("identifier with a wrong checksum, probably mistyped")
    octets = convertbits(symbols[:-_CHECKSUM_SYMBOLS], 5, 8, False)
    # Spec 0002: The reader MUST refuse a checked text of the wrong number of bytes.
    if octets is None or len(octets) != _BYTES[kind]:
        raise EncodingError("identifier of a wrong length")
    return bytes(octets)


def check_name(text: str) -> str:
    """Return `text` when it is a name, of a member or of a cooperative.

    Raises:
        EncodingError: not `[a-z0-9][a-z0-9._-]{0,30}`.

    Source:
        Spec 0002, names.
    """
    # Spec 0002: The reader MUST refuse a name outside `[a-z0-9][a-z0-9._-]{0,30}`.
    if NAME.fullmatch(text) is None:
        raise EncodingError("a name is 1 to 31 of a-z 0-9 . _ - and begins with a letter or digit")
    return text


def parse_address(text: str) -> Address:
    """Read `alice@bretagne`.

    Raises:
        EncodingError: not exactly one "@", or a part that is not a name.

    Source:
        Spec 0002, addresses.
    """
    # Spec 0002: The reader MUST refuse an address without exactly one `@`.
    if text.count("@") != 1:
        raise EncodingError("an address has exactly one @")
    name, _, cooperative = text.partition("@")
    return Address(check_name(name), check_name(cooperative))


def slug(text: str) -> str:
    """Return the name nearest to a title: "Île-de-France" gives "ile-de-france".

    Args:
        text: Any title of at most a few words; what follows the 31st letter is dropped.

    Raises:
        EncodingError: no letter or digit is left.

    Source:
        Spec 0002, names.
    """
    spelled = "".join(_LIGATURES.get(letter, letter) for letter in text.casefold())
    plain = unicodedata.normalize("NFKD", spelled)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    dashed = re.sub(r"[^a-z0-9._-]+", "-", plain).lstrip("._-")
    name = dashed[:NAME_CHARACTERS_MAX].rstrip("._-")
    return check_name(name)


def reserved_account(role: str) -> bytes:
    """Return the id of an account that every book has from its first entry.

    Args:
        role: "cooperative" (its own account) or "suspense" (where held amounts wait).

    Returns:
        16 bytes, the same in every cooperative.

    Source:
        Spec 0002, derived accounts.
    """
    assert role in RESERVED_ROLES
    # Spec 0002: A reserved account is SHA-256("ronde/account/v1" ‖ 0x00 ‖ role)[0:16].
    return hashlib.sha256(b"ronde/account/v1\x00" + role.encode()).digest()[:ACCOUNT_BYTES]


def correspondent_account(coop_id: bytes) -> bytes:
    """Return the id under which a neighbouring cooperative stands in a book.

    Args:
        coop_id: The neighbour's 32 bytes.

    Returns:
        16 bytes.

    Source:
        Spec 0002, derived accounts.
    """
    assert len(coop_id) == COOPERATIVE_BYTES
    # Spec 0002: A correspondent account is SHA-256("ronde/correspondent/v1" ‖ 0x00 ‖ id)[0:16].
    return hashlib.sha256(b"ronde/correspondent/v1\x00" + coop_id).digest()[:ACCOUNT_BYTES]
