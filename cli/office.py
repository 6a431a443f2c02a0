"""`ronde office open|admit|limit`: who belongs to a cooperative, how far an account may go."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from cli import clock, letters, wallet_file
from cli.asking import Person, find_person, greet
from cli.choices import Choices
from cli.cooperative import Cooperative, check_same
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, confirmed, option
from cli.node_client import Client
from cli.office_decisions import Decided, dated, decide, output_file, tell_decision
from cli.pay import read_address, read_amount, spoken
from cli.screen import emit_json, note, result
from cli.sentences import say
from cli.session import session, wallet_at_home
from cli.wallet import check_name_or_fail, check_node_or_fail
from protocol.envelope import Opened, open_sealed
from protocol.errors import ProofError
from protocol.identifiers import TextKind, to_text
from protocol.messages.decisions import Admission, LimitChange
from protocol.messages.keyevents import Inception

DECISION_VALIDITY_S: Final = 7 * 86_400
_credit_limit = option(
    "--credit-limit",
    metavar=("MONTANT", "AMOUNT"),
    fr="Jusqu'où le compte peut descendre sous zéro.",
    en="How far below zero the account may go.",
)
_ceiling = option(
    "--ceiling",
    metavar=("MONTANT", "AMOUNT"),
    fr="Jusqu'où le compte peut monter.",
    en="How far above zero the account may go.",
)


@command(
    fr="Dit au portefeuille de mandataire quelle coopérative il sert.",
    en="Tells an officer's wallet which cooperative it serves.",
    examples=("ronde office open https://bretagne.coop",),
    json=True,
)
@argument("url", metavar=("URL", "URL"), fr="Adresse du nœud.", en="Address of the node.")
@option(
    "--cooperative",
    metavar=("COOP", "COOP"),
    fr="Identifiant coop1… attendu, affiché à la fondation.",
    en="Identifier coop1… that you expect, shown at the founding.",
)
def open_office(choices: Choices, url: str, cooperative: str | None) -> int:
    """Pin the cooperative, when the charter names this wallet's key."""
    check_node_or_fail(url)
    wallet = wallet_file.load(choices.home)
    if wallet.role != "officer":
        raise Failure(ExitCode.REFUSED, "session.needs_officer")
    with Client(url) as client:
        home, _ = greet(client)
    check_same(wallet.cooperative_card, home, cooperative)
    if wallet.key not in home.charter.officers:
        raise Failure(ExitCode.REFUSED, "office.no_officer", cooperative=home.name)
    changed = replace(wallet, cooperative_card=home.sealed, node_url=client.url)
    wallet_file.save(choices.home, changed)
    charter = home.charter
    if choices.as_json:
        emit_json(
            {
                "v": 1,
                "cooperative": home.text,
                "name": home.name,
                "unit": charter.unit,
                "decimals": charter.dec,
                "officers": len(charter.officers),
                "needed": charter.othr,
            }
        )
        return ExitCode.DONE
    lang = choices.lang
    result(
        say(
            "office.opened",
            lang,
            cooperative=home.name,
            needed=charter.othr,
            count=len(charter.officers),
        )
    )
    note(say("cooperative.compare", lang, cooperative=home.name, id=home.text))
    return ExitCode.DONE


@command(
    fr="Admet un coopérateur ou une coopératrice, d'après sa demande.",
    en="Admits a member, from an application.",
    examples=("ronde office admit demande-alice.txt", "ronde office admit d.txt --dry-run"),
    json=True,
    key=True,
)
@argument(
    "path",
    metavar=("FICHIER", "FILE"),
    fr="La demande.",
    en="The application.",
    type=click.Path(path_type=Path),
)
@option(
    "--name",
    default="",
    metavar=("NOM", "NAME"),
    fr="Un autre nom que celui demandé.",
    en="Another name than the one asked for.",
)
@_credit_limit
@_ceiling
@option("--dry-run", is_flag=True, fr="Vérifie et ne signe rien.", en="Checks and signs nothing.")
@confirmed
@output_file
def admit(
    choices: Choices,
    path: Path,
    name: str,
    credit_limit: str | None,
    ceiling: str | None,
    dry_run: bool,
    yes: bool,
    output: Path | None,
) -> int:
    """Read the application again from its signed bytes, decide, sign, send or pass on."""
    wallet, home = wallet_at_home(choices, "officer")
    letter = letters.read(path, "application")
    opened = _application(letter.sealed, home)
    name = name or letter.head.get("name", "")
    check_name_or_fail(name)
    if not name:
        raise Failure(ExitCode.USAGE, "office.no_name")
    low = home.charter.climit if credit_limit is None else read_level(credit_limit, home)
    high = home.charter.ceil if ceiling is None else read_level(ceiling, home)
    now = clock.now_s()
    account = to_text(TextKind.ACCOUNT, opened.id[:16])
    sentence = say(
        "office.admits",
        choices.lang,
        cooperative=home.name,
        name=spoken(name),
        account=account,
        low=home.money(-low, choices.lang),
        high=home.money(high, choices.lang),
    )
    if dry_run:
        note(say("office.dry_run", choices.lang))
        tell_decision(choices, "checked", sentence, None, account)
        return ExitCode.DONE

    def make(seq: int) -> Admission:
        return Admission(
            ceil=high,
            climit=low,
            event=letter.sealed,
            **dated(home, seq, now, DECISION_VALIDITY_S),
        )

    with session(choices, wallet, home) as run:
        return decide(run, Decided(sentence, name, make), yes, output, account)


def _application(sealed: bytes, home: Cooperative) -> Opened[Inception]:
    """Open an application.

    Raises:
        Failure: refused, too old or for another federation.
        ProtocolError: it does not hold.
    """
    opened = open_sealed(sealed, Inception)
    inception = opened.document
    if inception.net != home.charter.net:
        raise Failure(ExitCode.REFUSED, "refusal.WRONG_NETWORK")
    if inception.exp < clock.now_s():
        raise Failure(ExitCode.REFUSED, "office.application_old")
    if any(key not in inception.keys for key in opened.signers):
        raise ProofError("the application is signed by another key than its own")
    return opened


def read_level(text: str, home: Cooperative) -> int:
    """Read a limit: an amount, or 0.

    Raises:
        Failure: usage, it is none.
    """
    stripped = text.strip().replace(".", ",")
    if stripped.replace(",", "").strip("0") == "" and stripped.strip(","):
        return 0
    return read_amount(text, home)


@command(
    fr="Fixe les deux plafonds d'un compte.",
    en="Sets the two limits of an account.",
    examples=("ronde office limit alice --credit-limit 200 --ceiling 1000",),
    json=True,
    key=True,
)
@argument("name", metavar=("NOM", "NAME"), fr="Le nom du membre.", en="The member's name.")
@option(
    "--credit-limit",
    required=True,
    metavar=("MONTANT", "AMOUNT"),
    fr="Jusqu'où le compte peut descendre sous zéro.",
    en="How far below zero it may go.",
)
@option(
    "--ceiling",
    required=True,
    metavar=("MONTANT", "AMOUNT"),
    fr="Jusqu'où le compte peut monter.",
    en="How far above zero it may go.",
)
@confirmed
@output_file
def limit(
    choices: Choices, name: str, credit_limit: str, ceiling: str, yes: bool, output: Path | None
) -> int:
    """Decide, sign, send or pass on."""
    wallet, home = wallet_at_home(choices, "officer")
    address = read_address(name, home)
    if address.cooperative != home.place:
        raise Failure(ExitCode.REFUSED, "refusal.ACCOUNT_UNKNOWN")
    low, high = read_level(credit_limit, home), read_level(ceiling, home)
    now = clock.now_s()
    with session(choices, wallet, home) as run:
        person: Person = find_person(run.client, home, address)
        account = to_text(TextKind.ACCOUNT, person.account)
        sentence = say(
            "office.limits",
            choices.lang,
            name=spoken(person.name),
            low=home.money(-low, choices.lang),
            high=home.money(high, choices.lang),
        )

        def make(seq: int) -> LimitChange:
            return LimitChange(
                acct=person.account,
                ceil=high,
                climit=low,
                **dated(home, seq, now, DECISION_VALIDITY_S),
            )

        return decide(run, Decided(sentence, "", make), yes, output, account)
