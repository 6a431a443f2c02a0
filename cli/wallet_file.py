"""What a wallet knows that is no secret: whose it is, where its node is, which key is in force.

The file is plain JSON beside the keystore, so that `ronde wallet show` and the check of a receipt
never ask for a passphrase.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Literal, get_args

from cli import durable
from cli.failures import ExitCode, Failure

WALLET_FILE: Final = "wallet.json"
Role = Literal["member", "officer"]


@dataclass(frozen=True, slots=True)
class Wallet:
    """The public state of a wallet.

    Attributes:
        role: A member has an account; an officer or an auditor has a key alone.
        name: How the owner is called, before the @ of an address; may be empty.
        account: The account as text, or None before admission.
        cooperative_card: The cooperative's sealed charter as received, or None before it was seen.
        node_url: Where the node answers, or None.
        key_number: Which key of the seed is in force; 0 until the first rotation.
        key: 32 public bytes of that key.
        next_digest: 32 bytes, the promise of the key after it.
    """

    role: Role
    name: str
    account: str | None
    cooperative_card: bytes | None
    node_url: str | None
    key_number: int
    key: bytes
    next_digest: bytes


def save_new(folder: Path, wallet: Wallet) -> Path:
    """Write the public state of a new wallet.

    Raises:
        Failure: refused, one is already there; usage, the folder cannot be written.
    """
    durable.write_new(folder / WALLET_FILE, _to_json(wallet))
    return folder / WALLET_FILE


def save(folder: Path, wallet: Wallet) -> None:
    """Replace the public state in one step.

    Raises:
        Failure: usage, the folder cannot be written.
    """
    durable.write_over(folder / WALLET_FILE, _to_json(wallet))


def load(folder: Path) -> Wallet:
    """Return the public state of the wallet in a folder.

    Raises:
        Failure: not found, there is no wallet; usage, the file is damaged.
    """
    path = folder / WALLET_FILE
    if not path.exists():
        raise Failure(ExitCode.NOT_FOUND, "wallet.missing", path=str(folder))
    wallet = _from_json(durable.read_small(path, bytes_max=1_048_576))
    if wallet is None:
        raise Failure(ExitCode.USAGE, "wallet.damaged", path=str(path))
    return wallet


def _to_json(wallet: Wallet) -> bytes:
    shape: dict[str, object] = {"v": 1}
    for name, value in asdict(wallet).items():
        shape[name] = value.hex() if isinstance(value, bytes) else value
    return json.dumps(shape, ensure_ascii=False, indent=1).encode() + b"\n"


def _from_json(content: bytes) -> Wallet | None:
    try:
        shape = json.loads(content)
        if shape["v"] != 1:
            return None
        values = {field.name: shape[field.name] for field in fields(Wallet)}
        card = values["cooperative_card"]
        values["cooperative_card"] = None if card is None else bytes.fromhex(card)
        values["key"] = bytes.fromhex(values["key"])
        values["next_digest"] = bytes.fromhex(values["next_digest"])
        wallet = Wallet(**values)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return wallet if _is_well_formed(wallet) else None


def _is_well_formed(wallet: Wallet) -> bool:
    # What came from JSON may be of any type, whatever the annotations say.
    texts: tuple[object, ...] = (wallet.name, wallet.account or "", wallet.node_url or "")
    number: object = wallet.key_number
    return (
        wallet.role in get_args(Role)
        and all(isinstance(text, str) for text in texts)
        and type(number) is int
        and 0 <= number < 2**32
        and len(wallet.key) == len(wallet.next_digest) == 32
    )
