"""The cooperative that a wallet trusts: its charter, seen once and never replaced in silence.

A cooperative's identifier is the hash of its charter, and the charter names all its keys: whoever
knows the identifier can check everything that the node says, and a copy of a charter proves itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import durable
from cli.choices import Language
from cli.failures import ExitCode, Failure
from cli.screen import amount, for_json
from cli.wallet_file import Wallet
from protocol.envelope import open_sealed
from protocol.errors import EncodingError, SignatureError
from protocol.identifiers import TextKind, from_text, slug, to_text
from protocol.ledger.authority import check_threshold
from protocol.messages.decisions import Charter

CHARTERS_FOLDER: Final = "charters"


@dataclass(frozen=True, slots=True)
class Cooperative:
    """A cooperative as its own charter tells it.

    Attributes:
        id: 32 bytes, the identifier of the charter.
        charter: What was signed.
        sealed: The sealed charter, as received.
    """

    id: bytes
    charter: Charter
    sealed: bytes

    @property
    def name(self) -> str:
        """As people read it."""
        return self.charter.name

    @property
    def place(self) -> str:
        """As it stands after the @ of an address."""
        return slug(self.charter.name)

    @property
    def text(self) -> str:
        """The identifier as checked text, `coop1…`."""
        return to_text(TextKind.COOPERATIVE, self.id)

    @property
    def node_key(self) -> bytes:
        """The 32-byte key with which the node signs cards, rejections, offers and answers."""
        return self.charter.keys[0]

    def money(self, minor: int, lang: Language) -> str:
        """Return an amount of its unit as people write it."""
        return amount(minor, self.charter.dec, lang, self.charter.unit)

    def figure(self, minor: int, lang: Language) -> str:
        """Return an amount as people write it, for a column whose heading names the unit."""
        return amount(minor, self.charter.dec, lang)

    def decimal(self, minor: int) -> str:
        """Return an amount as a string of decimal units for JSON."""
        return for_json(minor, self.charter.dec)


def read_charter(sealed: bytes) -> Cooperative:
    """Return the cooperative of a sealed charter.

    Raises:
        ProtocolError: the charter does not hold, or its own keys did not sign it.
    """
    opened = open_sealed(sealed, Charter)
    charter = opened.document
    if check_threshold(opened.signers, charter.keys, charter.thr) is not None:
        raise SignatureError("the charter is not signed by its own keys")
    return Cooperative(opened.id, charter, sealed)


def pinned(wallet: Wallet, folder: Path) -> Cooperative:
    """Return the cooperative that a wallet trusts.

    Raises:
        Failure: not found, the wallet has seen none yet; usage, the file is damaged.
    """
    if wallet.cooperative_card is None:
        role = "member" if wallet.role == "member" else "officer"
        raise Failure(ExitCode.NOT_FOUND, f"cooperative.none_{role}")
    try:
        return read_charter(wallet.cooperative_card)
    except (EncodingError, SignatureError):
        raise Failure(ExitCode.USAGE, "wallet.damaged", path=str(folder)) from None


def check_same(known: bytes | None, seen: Cooperative, expected: str | None) -> None:
    """Refuse another cooperative than the one that is trusted or was asked for.

    Args:
        known: The sealed charter that the wallet holds already, or None.
        seen: What the node shows now.
        expected: `coop1…` as the person had it from another hand, or None.

    Raises:
        Failure: verification failed, it is another one; usage, `expected` is no identifier.
    """
    if expected is not None:
        try:
            wanted = from_text(TextKind.COOPERATIVE, expected.strip())
        except EncodingError:
            raise Failure(ExitCode.USAGE, "cooperative.bad_id", text=expected) from None
        if wanted != seen.id:
            raise Failure(ExitCode.VERIFICATION_FAILED, "cooperative.not_expected", seen=seen.text)
    # Spec 0009: The wallet MUST refuse a node that shows another cooperative than the one it keeps,
    # and change nothing.
    if known is not None and read_charter(known).id != seen.id:
        raise Failure(
            ExitCode.VERIFICATION_FAILED,
            "cooperative.changed",
            known=read_charter(known).text,
            seen=seen.text,
        )


def keep_charter(folder: Path, cooperative: Cooperative) -> None:
    """Keep a neighbour's charter beside the wallet, for proofs that are checked years later."""
    path = folder / CHARTERS_FOLDER / cooperative.id.hex()
    if not path.exists():
        durable.write_over(path, cooperative.sealed)


def kept_charter(folder: Path, identifier: bytes) -> Cooperative | None:
    """Return the cooperative of this identifier, or None when its charter was never seen.

    Raises:
        ProtocolError: the file is damaged.
    """
    path = folder / CHARTERS_FOLDER / identifier.hex()
    if not path.exists():
        return None
    found = read_charter(durable.read_small(path))
    if found.id != identifier:
        raise EncodingError(f"{path.name}: another cooperative's charter")
    return found
