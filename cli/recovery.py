"""From 24 words back to an account: which key is in force, and for which account, says the node."""

from dataclasses import dataclass
from typing import Final

from cli import keystore
from cli.asking import ask_account, asker_of_key, greet
from cli.cooperative import Cooperative, check_same
from cli.failures import ExitCode, Failure
from cli.node_client import Client
from cli.wallet_file import Role
from protocol.errors import ProofError
from protocol.identifiers import TextKind, to_text

# A member who rotates once a year needs half a working life to get past it.
KEYS_TRIED: Final = 24


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a node knows of the keys of a seed.

    Attributes:
        home: The cooperative.
        role: Officers have a key alone.
        account: The account as text, or None.
        key_number: Number of the key in force.
    """

    home: Cooperative
    role: Role
    account: str | None
    key_number: int


def recover(seed: keystore.Seed, url: str, first_number: int, expected: str | None) -> Recovered:
    """Ask a node whose keys these are, key after key.

    Args:
        seed: The secret behind the words.
        url: The node's address.
        first_number: The first key to ask with.
        expected: `coop1…` as the person knows it, or None.

    Raises:
        Failure: not found, no account of this node has one of these keys; network.
        ProtocolError: an answer does not hold.
    """
    with Client(url) as client:
        home, _ = greet(client)
        check_same(None, home, expected)
        for number in range(first_number, first_number + KEYS_TRIED):
            secret = keystore.key_seed(seed, number)
            if keystore.public_key(seed, number) in home.charter.officers:
                return Recovered(home, "officer", None, number)
            try:
                view = ask_account(client, home, asker_of_key(secret))
            except Failure as failure:
                if failure.code is not ExitCode.NOT_FOUND:
                    raise
                continue
            if view.kev != number:
                raise ProofError("the node counts another key event than this key's number")
            account = to_text(TextKind.ACCOUNT, view.acct)
            return Recovered(home, "member", account, number)
    raise Failure(ExitCode.NOT_FOUND, "recovery.nothing", cooperative=home.name, count=KEYS_TRIED)
