"""The founding of a cooperative: keys, charter, settings, the first entry of its log."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from node.keyfile import NodeKeys, new_keys, write_keys
from node.settings import check_url, first_text, write_text
from protocol.encoding import check_text
from protocol.envelope import open_sealed, seal
from protocol.errors import EncodingError
from protocol.identifiers import TextKind, slug, to_text
from protocol.kinds import SHAPES, type_name
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Charter

CHARTER_VALIDITY_S = 86_400


class FoundingError(Exception):
    """What was asked for is no cooperative.

    Attributes:
        word: Key of the sentence in `node.words`.
        fields: Fields of that sentence beside folder and reason.
    """

    def __init__(self, word: str, reason: str = "", **fields: str | int) -> None:
        super().__init__(reason or word)
        self.word = word
        self.fields = fields


def network_of(federation: str) -> bytes:
    """Return the 32 bytes that name a federation's network.

    Args:
        federation: The federation's name, as all its nodes spell it.

    Source:
        Spec 0008, networks.
    """
    # Spec 0008: A network is SHA-256("ronde/network/v1" ‖ 0x00 ‖ name).
    return sha256(b"ronde/network/v1\0" + federation.encode()).digest()


def charter_of(
    keys: NodeKeys,
    *,
    name: str,
    unit: str,
    decimals: int,
    credit_limit: int,
    ceiling: int,
    officers: Sequence[bytes],
    officers_needed: int,
    network: bytes,
    now_s: int,
) -> Charter:
    """Return the charter of a cooperative that can be founded.

    Args:
        keys: The node's keys.
        name: The cooperative's name, as people read it.
        unit: Code of the unit, 2 to 12 of A–Z and 0–9.
        decimals: 0 to 6.
        credit_limit: Default of new accounts, minor units below zero.
        ceiling: Default of new accounts, minor units above zero.
        officers: Public keys of the officers, in any order.
        officers_needed: How many of them must sign a decision.
        network: The federation's network, 32 bytes.
        now_s: Second of signing.

    Raises:
        FoundingError: a value is out of its bounds, or the keys are not acceptable.
    """
    shape = SHAPES[type_name("charter")]
    try:
        check_text(name)
        charter = Charter(
            ceil=ceiling,
            climit=credit_limit,
            dec=decimals,
            exp=now_s + CHARTER_VALIDITY_S,
            iat=now_s,
            kev=0,
            keys=[keys.document_key],
            log=keys.log_key,
            name=name,
            net=network,
            next=[keys.next_digest],
            nthr=1,
            officers=sorted(set(officers)),
            origin=f"{slug(name)}/ledger",
            othr=officers_needed,
            seq=0,
            thr=1,
            unit=unit,
        )
        # Encoding does not look at bounds, decoding does: what we write must be readable.
        shape.decode(shape.encode(charter))
    except EncodingError as error:
        raise FoundingError("init.charter_malformed", str(error)) from error
    return charter


def found_cooperative(
    folder: Path,
    *,
    name: str,
    url: str,
    unit: str,
    decimals: int,
    credit_limit: int,
    ceiling: int,
    officers: list[bytes],
    officers_needed: int,
    network: bytes,
    auditors: list[bytes],
    now_s: int,
) -> bytes:
    """Make a node's folder: keys, log with the charter as entry 0, settings.

    The settings are written last: a folder without them was never a node.

    Args:
        folder: Absent, or empty.
        url: Public address of the node.
        auditors: Public keys of the auditors.
        name: This and all that follow: see `charter_of`.
        unit: Code of the unit.
        decimals: Decimals of the unit.
        credit_limit: Minor units below zero.
        ceiling: Minor units above zero.
        officers: Public keys of the officers.
        officers_needed: How many must sign.
        network: The federation's network, 32 bytes.
        now_s: Second of the founding.

    Returns:
        The cooperative's identifier, 32 bytes.

    Raises:
        FoundingError: the folder has something in it, or the charter would not stand.
        SettingsError: `url` is no address.
        OSError: the disk refused.
    """
    url = check_url(url)
    keys = new_keys()
    charter = charter_of(
        keys,
        name=name,
        unit=unit,
        decimals=decimals,
        credit_limit=credit_limit,
        ceiling=ceiling,
        officers=officers,
        officers_needed=officers_needed,
        network=network,
        now_s=now_s,
    )
    return _make(folder, url, keys, charter, auditors)


def _make(folder: Path, url: str, keys: NodeKeys, charter: Charter, auditors: list[bytes]) -> bytes:
    """Write the folder of a charter that the ledger's rules accept; nothing of any other."""
    from node.ledger import create_log

    sealed = seal(charter, keys.document)
    opened = open_sealed(sealed, Charter)
    refusal = found(opened, charter.iat)
    if isinstance(refusal, Refusal):
        raise FoundingError("init.charter_refused", refusal.name)
    prepare_folder(folder)
    write_keys(folder, keys)
    create_log(folder, sealed, keys.log, charter.iat)
    texts = [to_text(TextKind.KEY, key) for key in auditors]
    write_text(folder, first_text(charter.name, url, charter.origin, texts))
    return opened.id


def prepare_folder(folder: Path) -> None:
    """Make the folder, for its owner alone; an empty one (made by systemd) will do.

    Raises:
        FoundingError: there is something in it.
        OSError: the disk refused.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FoundingError("init.folder_exists")
    os.chmod(folder, 0o700)
