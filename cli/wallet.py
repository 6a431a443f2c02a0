"""`ronde wallet create|restore|show|passphrase`: keys, words, and a node only to restore."""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from cli import keystore, wallet_file
from cli.choices import Choices, Language
from cli.failures import ExitCode, Failure
from cli.grammar import command, option
from cli.paper import ask_back, read_typed_words, show_words
from cli.passphrase import ask_new_passphrase, ask_passphrase
from cli.screen import emit_json, note, result
from cli.sentences import say
from cli.signing import unlock_signer
from cli.wallet_file import Wallet
from cli.words import WordList, to_words
from protocol.errors import EncodingError
from protocol.identifiers import TextKind, check_name, from_text, to_text

_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})

_name = option(
    "--name",
    default="",
    metavar=("NOM", "NAME"),
    fr="Comment on vous appelle, avant le @ de votre adresse.",
    en="How you are called, before the @ of your address.",
)
_node = option(
    "--node",
    metavar=("URL", "URL"),
    fr="Adresse du nœud de votre coopérative.",
    en="Address of your cooperative's node.",
)
_officer = option(
    "--officer",
    is_flag=True,
    fr="Clé de mandataire ou d'auditeur, sans compte.",
    en="Key of an officer or an auditor, without an account.",
)
_light = option(
    "--light",
    is_flag=True,
    fr="Coffre plus léger (64 Mio au lieu de 256), pour une petite machine.",
    en="Lighter lock (64 MiB instead of 256), for a small machine.",
)


@command(
    fr="Crée des clés neuves et montre les 24 mots à noter sur du papier.",
    en="Makes new keys and shows the 24 words to write on paper.",
    examples=("ronde wallet create --name alice",),
    json=True,
    key=True,
)
@_name
@_node
@_officer
@option(
    "--words",
    "language",
    type=click.Choice(["fr", "en"]),
    default="fr",
    fr="Liste des mots : française (par défaut) ou anglaise.",
    en="List of the words: French (the default) or English.",
)
@option(
    "--yes",
    is_flag=True,
    fr="Ne redemande pas trois des mots.",
    en="Does not ask three of the words back.",
)
@_light
def create(
    choices: Choices,
    name: str,
    node: str | None,
    officer: bool,
    language: WordList,
    yes: bool,
    light: bool,
) -> int:
    """Make a wallet; nothing is written before the words are known to be on paper."""
    _check_vacant(choices.home)
    check_name_or_fail(name)
    check_node_or_fail(node)
    phrase = ask_new_passphrase(choices.lang, choices.passphrase_fd, choices.passphrase_file)
    seed = keystore.new_seed(language)
    words = to_words(seed.entropy, language)
    if not choices.as_json or not yes:
        show_words(words, choices.lang)
    if not yes:
        numbers = sorted(secrets.SystemRandom().sample(range(1, len(words) + 1), 3))
        ask_back(words, numbers, language, choices.lang)
    wallet = _new_wallet(seed, 0, name, node, None, officer)
    _save(choices.home, seed, wallet, phrase, light)
    _tell(choices, "wallet.created", wallet, words if yes else None)
    return ExitCode.DONE


@command(
    fr="Reprend les clés des 24 mots, tapés au clavier ou lus sur l'entrée standard.",
    en="Takes the keys back from the 24 words, typed or read from standard input.",
    examples=("ronde wallet restore --name alice",),
    json=True,
    key=True,
)
@_name
@_node
@option(
    "--account",
    metavar=("COMPTE", "ACCOUNT"),
    fr="Votre compte, memb1… (votre coopérative le connaît).",
    en="Your account, memb1… (your cooperative knows it).",
)
@option(
    "--key-number",
    type=click.IntRange(0, 2**32 - 2),
    default=0,
    metavar=("N", "N"),
    fr="Numéro de la clé en vigueur, si elle a déjà été changée (sinon 0).",
    en="Number of the key in force, if it was rotated already (else 0).",
)
@option(
    "--cooperative",
    metavar=("COOP", "COOP"),
    fr="Identifiant coop1… attendu, lu ailleurs que sur le nœud.",
    en="Identifier coop1… that you expect, read elsewhere than on the node.",
)
@_officer
@_light
def restore(
    choices: Choices,
    name: str,
    node: str | None,
    account: str | None,
    key_number: int,
    cooperative: str | None,
    officer: bool,
    light: bool,
) -> int:
    """Make the same wallet again from its words; a node that is named knows account and key."""
    _check_vacant(choices.home)
    check_name_or_fail(name)
    check_node_or_fail(node)
    account = None if account is None else _checked_account(account)
    reading = read_typed_words(choices.lang)
    phrase = ask_new_passphrase(choices.lang, choices.passphrase_fd, choices.passphrase_file)
    seed = keystore.Seed(reading.entropy, reading.language)
    wallet = _new_wallet(seed, key_number, name, node, account, officer)
    if node is not None and account is None:
        wallet = _recovered(seed, wallet, node, cooperative)
    _save(choices.home, seed, wallet, phrase, light)
    _tell(choices, "wallet.restored", wallet, None)
    return ExitCode.DONE


@command(
    fr="Montre à qui est ce portefeuille, et sa clé publique. Ne demande pas de phrase de passe.",
    en="Shows whose wallet this is, and its public key. Asks for no passphrase.",
    json=True,
    key=True,
)
@option(
    "--words",
    is_flag=True,
    fr="Remontre les 24 mots (demande la phrase de passe).",
    en="Shows the 24 words again (asks for the passphrase).",
)
def show(choices: Choices, words: bool) -> int:
    """Print the public state, and the words when they are asked for."""
    wallet = wallet_file.load(choices.home)
    if not words:
        _print_state(choices, wallet, None)
        return ExitCode.DONE
    seed = unlock_signer(choices).seed
    paper = to_words(seed.entropy, seed.language)
    _print_state(choices, wallet, paper)
    if not choices.as_json:
        show_words(paper, choices.lang)
    return ExitCode.DONE


@command(
    fr="Change la phrase de passe. Les clés et les 24 mots restent les mêmes.",
    en="Changes the passphrase. The keys and the 24 words remain the same.",
    key=True,
)
@option(
    "--new-passphrase-fd",
    type=click.IntRange(min=0),
    metavar=("N", "N"),
    fr="Lit la nouvelle phrase de passe sur ce descripteur ouvert.",
    en="Reads the new passphrase from this open descriptor.",
)
@option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path),
    metavar=("FICHIER", "FILE"),
    fr="Lit la nouvelle phrase de passe dans ce fichier (0600).",
    en="Reads the new passphrase from this file (0600).",
)
@_light
def passphrase(
    choices: Choices,
    new_passphrase_fd: int | None,
    new_passphrase_file: Path | None,
    light: bool,
) -> int:
    """Lock the same keys under another passphrase."""
    keystore.check_present(choices.home)
    old = ask_passphrase(choices)
    # A wrong one is told before a person has thought of a new one.
    keystore.unlock(choices.home, old)
    new = ask_new_passphrase(choices.lang, new_passphrase_fd, new_passphrase_file)
    keystore.change_passphrase(choices.home, old, new, "interactive" if light else None)
    note(say("wallet.passphrase_changed", choices.lang))
    return ExitCode.DONE


def _check_vacant(home: Path) -> None:
    if (home / keystore.KEYSTORE_FILE).exists() or (home / wallet_file.WALLET_FILE).exists():
        raise Failure(ExitCode.REFUSED, "wallet.exists", path=str(home))


def check_name_or_fail(name: str) -> None:
    """Refuse what cannot stand before the @ of an address; an empty name will do.

    Raises:
        Failure: usage, with a name near to it.
    """
    if not name:
        return
    try:
        check_name(name)
    except EncodingError:
        from protocol.identifiers import slug

        try:
            example = slug(name)
        except EncodingError:
            example = "alice"
        raise Failure(ExitCode.USAGE, "wallet.bad_name", example=example) from None


def check_node_or_fail(node: str | None) -> None:
    """Refuse an address over which a stranger could listen; none at all will do.

    Raises:
        Failure: usage.
    """
    if node is None:
        return
    try:
        parts = urlsplit(node)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Failure(ExitCode.USAGE, "wallet.bad_node") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)):
        raise Failure(ExitCode.USAGE, "wallet.bad_node")


def _checked_account(text: str) -> str:
    try:
        return to_text(TextKind.ACCOUNT, from_text(TextKind.ACCOUNT, text.strip()))
    except EncodingError:
        raise Failure(ExitCode.USAGE, "wallet.bad_account", text=text) from None


def _new_wallet(
    seed: keystore.Seed,
    number: int,
    name: str,
    node: str | None,
    account: str | None,
    officer: bool,
) -> Wallet:
    return Wallet(
        role="officer" if officer else "member",
        name=name,
        account=account,
        cooperative_card=None,
        node_url=node,
        key_number=number,
        key=keystore.public_key(seed, number),
        next_digest=keystore.next_key_digest(seed, number),
    )


def _recovered(seed: keystore.Seed, wallet: Wallet, node: str, cooperative: str | None) -> Wallet:
    from cli.recovery import recover

    found = recover(seed, node, wallet.key_number, cooperative)
    return replace(
        wallet,
        role=found.role,
        account=found.account,
        cooperative_card=found.home.sealed,
        node_url=node.rstrip("/"),
        key_number=found.key_number,
        key=keystore.public_key(seed, found.key_number),
        next_digest=keystore.next_key_digest(seed, found.key_number),
    )


def _save(home: Path, seed: keystore.Seed, wallet: Wallet, phrase: str, light: bool) -> None:
    path = keystore.create(home, seed, phrase, "interactive" if light else "moderate")
    try:
        wallet_file.save_new(home, wallet)
    except BaseException:
        # A keystore without its public half would stand in the way of the next attempt.
        path.unlink(missing_ok=True)
        raise


def _tell(choices: Choices, key: str, wallet: Wallet, words: list[str] | None) -> None:
    note(say(key, choices.lang, path=str(choices.home)))
    _print_state(choices, wallet, words if choices.as_json else None)
    note(say("wallet.give_key", choices.lang))


def _print_state(choices: Choices, wallet: Wallet, words: list[str] | None) -> None:
    key_text = to_text(TextKind.KEY, wallet.key)
    if choices.as_json:
        shape: dict[str, object] = {
            "v": 1,
            "role": wallet.role,
            "name": wallet.name,
            "account": wallet.account,
            "node": wallet.node_url,
            "key": key_text,
            "key_number": wallet.key_number,
            "next": wallet.next_digest.hex(),
            "folder": str(choices.home),
        }
        emit_json(shape if words is None else {**shape, "words": words})
        return
    for label, text in _lines(wallet, key_text, choices.home, choices.lang):
        result(f"{label:<24} {text}")


def _lines(wallet: Wallet, key_text: str, home: Path, lang: Language) -> list[tuple[str, str]]:
    lines = [("role", say(f"wallet.role_{wallet.role}", lang))]
    if wallet.name:
        lines.append(("name", wallet.name))
    if wallet.role == "member":
        lines.append(("account", wallet.account or say("wallet.no_account", lang)))
    lines += [
        ("node", wallet.node_url or say("wallet.no_node", lang)),
        ("key", key_text),
        ("key_number", str(wallet.key_number)),
        ("next", wallet.next_digest.hex()),
        ("folder", str(home)),
    ]
    return [(say(f"wallet.label_{name}", lang), text) for name, text in lines]
