"""`ronde wallet apply|rotate|revoke`: how keys come to speak for an account, and stop."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from cli import clock, durable, keystore, letters, wallet_file
from cli.asking import ask_account, asker_of_key, greet
from cli.choices import Choices
from cli.cooperative import Cooperative, check_same
from cli.entering import write_down
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, confirmed, option
from cli.node_client import Client, refusal_failure
from cli.screen import confirm, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.settling import settle, settle_all
from cli.signing import Signer, unlock_signer
from cli.wallet import check_name_or_fail, check_node_or_fail
from protocol.envelope import open_sealed, seal_opened
from protocol.errors import ProtocolError
from protocol.identifiers import TextKind, to_text
from protocol.messages.keyevents import Inception, Revocation, Rotation
from protocol.shapes import Document

APPLICATION_VALIDITY_S: Final = 30 * 86_400
EVENT_VALIDITY_S: Final = 86_400
INCEPTION_FILE: Final = "inception.bin"
# Time in which the office can still enter an application that is handed in again.
_FRESH_S: Final = 7 * 86_400


@command(
    fr="Demande l'adhésion : écrit un petit fichier à donner au bureau de la coopérative.",
    en="Applies for membership: writes a small file for the cooperative's office.",
    examples=("ronde wallet apply https://bretagne.coop --name alice",),
    json=True,
    key=True,
)
@argument("url", metavar=("URL", "URL"), fr="Adresse du nœud.", en="Address of the node.")
@option(
    "--name",
    default="",
    metavar=("NOM", "NAME"),
    fr="Comment on vous appelle, avant le @ de votre adresse.",
    en="How you are called, before the @ of your address.",
)
@option(
    "--cooperative",
    metavar=("COOP", "COOP"),
    fr="Identifiant coop1… attendu, lu ailleurs que sur le nœud.",
    en="Identifier coop1… that you expect, read elsewhere than on the node.",
)
@option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar=("FICHIER", "FILE"),
    fr="Fichier de la demande (sinon demande-NOM.txt ici).",
    en="File of the application (else demande-NAME.txt here).",
)
def apply(
    choices: Choices, url: str, name: str, cooperative: str | None, output: Path | None
) -> int:
    """Pin the cooperative, make the account's first key event, write the letter."""
    wallet = wallet_file.load(choices.home)
    name = name or wallet.name
    check_name_or_fail(name)
    check_node_or_fail(url)
    if wallet.role != "member":
        raise Failure(ExitCode.REFUSED, "session.needs_member")
    signer = unlock_signer(choices)
    with Client(url) as client:
        home, _ = greet(client)
        check_same(wallet.cooperative_card, home, cooperative)
        sealed = _inception(choices, signer, home, client)
    account = to_text(TextKind.ACCOUNT, open_sealed(sealed, Inception).id[:16])
    changed = replace(
        wallet, name=name, account=account, cooperative_card=home.sealed, node_url=client.url
    )
    wallet_file.save(choices.home, changed)
    path = output or Path(f"demande-{name or account[5:13]}.txt")
    head = {"name": name, "cooperative": home.name, "id": home.text, "account": account}
    durable.write_over(path.absolute(), letters.compose("application", head, sealed))
    _tell_application(choices, home, account, name, path)
    return ExitCode.DONE


def _inception(choices: Choices, signer: Signer, home: Cooperative, client: Client) -> bytes:
    """Return the account's first key event: the one made before while it is good, else a new one.

    The account's identifier comes from it, so it is made once, and kept before it is shown.
    """
    path = choices.home / INCEPTION_FILE
    now = clock.now_s()
    if path.exists():
        kept = durable.read_small(path)
        try:
            inception = open_sealed(kept, Inception).document
        except ProtocolError:
            raise Failure(ExitCode.USAGE, "wallet.damaged", path=str(path)) from None
        if inception.net == home.charter.net and inception.exp > now + _FRESH_S:
            return kept
        if _is_admitted(signer, home, client):
            raise Failure(ExitCode.REFUSED, "apply.admitted", cooperative=home.name)
    if signer.wallet.key_number:
        raise Failure(ExitCode.REFUSED, "apply.rotated")
    made = Inception(
        exp=now + APPLICATION_VALIDITY_S,
        iat=now,
        keys=[signer.wallet.key],
        kev=0,
        net=home.charter.net,
        next=[keystore.next_key_digest(signer.seed, 0)],
        nonce=secrets.token_bytes(16),
        nthr=1,
        seq=0,
        thr=1,
    )
    sealed = seal_opened(made, signer.key_seed).sealed
    durable.write_over(path, sealed)
    return sealed


def _is_admitted(signer: Signer, home: Cooperative, client: Client) -> bool:
    try:
        ask_account(client, home, asker_of_key(signer.key_seed))
    except Failure as failure:
        if failure.code is not ExitCode.NOT_FOUND:
            raise
        return False
    return True


def _tell_application(
    choices: Choices, home: Cooperative, account: str, name: str, path: Path
) -> None:
    if choices.as_json:
        emit_json(
            {
                "v": 1,
                "account": account,
                "name": name or None,
                "cooperative": home.text,
                "cooperative_name": home.name,
                "unit": home.charter.unit,
                "decimals": home.charter.dec,
                "file": str(path),
            }
        )
        return
    lang = choices.lang
    result(say("apply.written", lang, path=str(path), cooperative=home.name))
    result(say("apply.account", lang, account=account))
    note(say("cooperative.compare", lang, cooperative=home.name, id=home.text))


@command(
    fr="Remplace la clé en vigueur par la suivante, promise d'avance (vol, doute, ou prudence).",
    en="Replaces the key in force by the next, promised before (theft, doubt, or prudence).",
    key=True,
)
@confirmed
def rotate(choices: Choices, yes: bool) -> int:
    """Reveal the next key; the wallet changes over once the log holds the event."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        number = run.signer.wallet.key_number
        if number > wallet.key_number:
            # An earlier attempt had reached the log; it counts as this one.
            result(say("rotate.done", choices.lang, number=number))
            return ExitCode.DONE
        confirm(say("rotate.ask", choices.lang, number=number + 1), choices.lang, yes=yes)
        seed = run.signer.seed
        now = clock.now_s()
        view = ask_account(run.client, home, run.asker)

        def event(seq: int) -> Rotation:
            return Rotation(
                by=run.account,
                exp=now + EVENT_VALIDITY_S,
                iat=now,
                kev=number + 1,
                keys=[keystore.public_key(seed, number + 1)],
                net=home.charter.net,
                next=[keystore.next_key_digest(seed, number + 1)],
                nthr=1,
                seq=seq,
                thr=1,
            )

        _enter(run, "rotation", view.seq, event, keystore.key_seed(seed, number + 1))
        result(say("rotate.done", choices.lang, number=number + 1))
    return ExitCode.DONE


@command(
    fr="Révoque vos clés : plus rien ne peut être signé pour ce compte. Sans retour.",
    en="Revokes your keys: nothing can be signed for this account any more. No way back.",
    key=True,
)
@confirmed
def revoke(choices: Choices, yes: bool) -> int:
    """Tell the ledger that no key speaks for the account; the balance stands."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        confirm(say("revoke.ask", choices.lang), choices.lang, yes=yes)
        now = clock.now_s()
        view = ask_account(run.client, home, run.asker)

        def event(seq: int) -> Revocation:
            return Revocation(
                by=run.account,
                exp=now + EVENT_VALIDITY_S,
                iat=now,
                kev=run.signer.wallet.key_number,
                net=home.charter.net,
                seq=seq,
            )

        _enter(run, "revocation", view.seq, event, run.signer.key_seed)
    return ExitCode.DONE


def _enter(
    run: Session, kind: str, used: int, event: Callable[[int], Document], seed: bytes
) -> None:
    """Write a key event down, send it, and say it when it is refused."""
    entry = write_down(run, event, {"kind": kind}, used + 1, key_seed=seed)
    standing = settle(run, entry)
    if standing.refusal is not None:
        raise refusal_failure(standing.refusal)
