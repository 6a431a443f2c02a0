"""Unlock a wallet to sign with it: the public state and the secret key must belong together."""

from dataclasses import dataclass

from cli import keystore, wallet_file
from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.passphrase import ask_passphrase
from cli.wallet_file import Wallet


@dataclass(frozen=True, slots=True)
class Signer:
    """An unlocked wallet.

    Attributes:
        wallet: Its public state.
        seed: The secret behind all its keys, for a rotation.
    """

    wallet: Wallet
    seed: keystore.Seed

    @property
    def key_seed(self) -> bytes:
        """The 32 secret bytes of the key in force, for `protocol.envelope.seal`."""
        return keystore.key_seed(self.seed, self.wallet.key_number)


def unlock_signer(choices: Choices) -> Signer:
    """Ask for the passphrase and return the wallet of this run, unlocked.

    Raises:
        Failure: not found, there is no wallet; usage, no passphrase can be had; locked, the
            passphrase is wrong, the keystore is damaged, or it is another wallet's.
    """
    wallet = wallet_file.load(choices.home)
    keystore.check_present(choices.home)
    seed = keystore.unlock(choices.home, ask_passphrase(choices))
    if keystore.public_key(seed, wallet.key_number) != wallet.key:
        raise Failure(ExitCode.LOCKED, "wallet.other_key", path=str(choices.home))
    return Signer(wallet, seed)
