"""An unlocked wallet in front of its node: what every command that signs works with."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from cli import wallet_file
from cli.asking import Asker
from cli.choices import Choices
from cli.cooperative import Cooperative, pinned
from cli.failures import ExitCode, Failure
from cli.journal import Journal
from cli.node_client import Client
from cli.signing import Signer, unlock_signer
from cli.wallet_file import Role, Wallet
from protocol.errors import EncodingError
from protocol.identifiers import TextKind, from_text


@dataclass(slots=True)
class Session:
    """One run of a command.

    Attributes:
        choices: What the command line chose.
        signer: The unlocked wallet.
        home: Its cooperative.
        client: The way to the node.
        journal: What was signed and sent.
    """

    choices: Choices
    signer: Signer
    home: Cooperative
    client: Client
    journal: Journal

    @property
    def author(self) -> str:
        """Under whose name the journal counts: the account, or the cooperative for officers."""
        wallet = self.signer.wallet
        return wallet.account if wallet.account is not None else self.home.text

    @property
    def account(self) -> bytes:
        """The member's account, 16 bytes."""
        assert self.signer.wallet.account is not None
        return from_text(TextKind.ACCOUNT, self.signer.wallet.account)

    @property
    def asker(self) -> Asker:
        """Who asks: the member's account, or the officer's key."""
        wallet = self.signer.wallet
        if wallet.role == "officer":
            return Asker(wallet.key, 0, self.signer.key_seed)
        return Asker(self.account, wallet.key_number, self.signer.key_seed)

    def reload(self) -> None:
        """Read the public state again, after it was changed on the disk."""
        self.signer = Signer(wallet_file.load(self.choices.home), self.signer.seed)


def wallet_at_home(choices: Choices, role: Role) -> tuple[Wallet, Cooperative]:
    """Return the wallet of this run and the cooperative that it trusts; asks for no passphrase.

    Args:
        choices: What the command line chose.
        role: What the command is for.

    Raises:
        Failure: not found, there is no wallet or it has no cooperative yet; refused, the wallet is
            of the other kind; usage, it is damaged.
    """
    wallet = wallet_file.load(choices.home)
    if wallet.role != role:
        raise Failure(ExitCode.REFUSED, f"session.needs_{role}")
    home = pinned(wallet, choices.home)
    if wallet.node_url is None:
        raise Failure(ExitCode.NOT_FOUND, f"cooperative.none_{role}")
    if role == "member":
        _check_account(wallet, choices)
    return wallet, home


def _check_account(wallet: Wallet, choices: Choices) -> None:
    if wallet.account is None:
        raise Failure(ExitCode.NOT_FOUND, "cooperative.none_member")
    try:
        from_text(TextKind.ACCOUNT, wallet.account)
    except EncodingError:
        raise Failure(ExitCode.USAGE, "wallet.damaged", path=str(choices.home)) from None


@contextlib.contextmanager
def session(choices: Choices, wallet: Wallet, home: Cooperative) -> Iterator[Session]:
    """Ask for the passphrase, open the journal and the way to the node.

    Raises:
        Failure: locked, or as `Journal`.
    """
    signer = unlock_signer(choices)
    assert wallet.node_url is not None
    with Client(wallet.node_url) as client, Journal(choices.home) as journal:
        yield Session(choices, signer, home, client, journal)
