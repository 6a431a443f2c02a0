"""`ronde office line|lines|accept`: how far two cooperatives may owe one another."""

from typing import Any, Final

from cli import clock
from cli.asking import greet
from cli.choices import Choices, Language
from cli.cooperative import Cooperative
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, confirmed, option
from cli.neighbours import Neighbourhood, neighbours, post_line, read_line, waiting
from cli.node_client import Client
from cli.office import read_level
from cli.office_decisions import dated
from cli.screen import confirm, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.wallet import check_node_or_fail
from protocol.envelope import merge, seal
from protocol.errors import ProofError
from protocol.identifiers import slug
from protocol.messages.decisions import CreditLine

LINE_VALIDITY_S: Final = 30 * 86_400


@command(
    fr="Propose ou change une ligne de crédit avec une autre coopérative.",
    en="Proposes or changes a credit line with another cooperative.",
    examples=("ronde office line https://rhone.coop --limit 500 --their-limit 500",),
    json=True,
    key=True,
)
@argument("url", metavar=("URL", "URL"), fr="L'autre nœud.", en="The other node.")
@option(
    "--limit",
    required=True,
    metavar=("MONTANT", "AMOUNT"),
    fr="Ce que notre coopérative pourra devoir au plus.",
    en="The most that our cooperative may owe.",
)
@option(
    "--their-limit",
    required=True,
    metavar=("MONTANT", "AMOUNT"),
    fr="Ce que l'autre pourra nous devoir au plus.",
    en="The most that the other one may owe us.",
)
@confirmed
def line(choices: Choices, url: str, limit: str, their_limit: str, yes: bool) -> int:
    """Sign our half and bring it to both nodes; the other officers accept it at theirs."""
    check_node_or_fail(url)
    wallet, home = wallet_at_home(choices, "officer")
    ours, theirs = read_level(limit, home), read_level(their_limit, home)
    lang = choices.lang
    with session(choices, wallet, home) as run, Client(url) as other:
        peer, their_url = greet(other)
        _check_peer(home, peer)
        own, our_url = greet(run.client)
        if own.id != home.id:
            raise ProofError("another cooperative answers at the address of ours")
        version = _version(run, peer)
        confirm(_sentence(home, peer, ours, theirs, lang), lang, yes=yes)
        terms = terms_between(home, peer, ours, theirs, version + 1, clock.now_s())
        sealed = seal(terms, run.signer.key_seed)
        kept = post_line(run.client, sealed, their_url)
        try:
            post_line(other, kept, our_url)
        except Failure as failure:
            if failure.code is not ExitCode.NETWORK:
                raise
            note(say("line.peer_away", lang, peer=peer.name))
        return _tell(choices, home, read_line(home, kept, their_url))


def _check_peer(home: Cooperative, peer: Cooperative) -> None:
    """Refuse what no line can join, in a sentence of its own.

    Raises:
        Failure: refused.
    """
    if peer.id == home.id:
        raise Failure(ExitCode.REFUSED, "line.with_itself")
    if peer.charter.net != home.charter.net:
        raise Failure(ExitCode.REFUSED, "line.other_network", peer=peer.name)
    if (peer.charter.unit, peer.charter.dec) != (home.charter.unit, home.charter.dec):
        raise Failure(ExitCode.REFUSED, "line.other_unit", peer=peer.name, unit=peer.charter.unit)


def _version(run: Session, peer: Cooperative) -> int:
    """Return the version of the line in force with a cooperative; 0 when there is none."""
    known = [
        one.line.document.seq for one in neighbours(run.client, run.home) if one.end.id == peer.id
    ]
    return known[0] if known else 0


def terms_between(
    home: Cooperative, peer: Cooperative, ours: int, theirs: int, version: int, now: int
) -> CreditLine:
    """Return the terms of a line, the cooperative with the smaller identifier first.

    Args:
        home: Who proposes.
        peer: The other one.
        ours: How far `home` may be in debit, minor units.
        theirs: How far `peer` may be, minor units.
        version: 1 for the first line of the two.
        now: Second of signing.
    """
    (a, alimit), (b, blimit) = sorted([(home, ours), (peer, theirs)], key=lambda side: side[0].id)
    return CreditLine(
        a=a.id,
        achart=a.sealed,
        alimit=alimit,
        b=b.id,
        bchart=b.sealed,
        blimit=blimit,
        **dated(home, version, now, LINE_VALIDITY_S),
    )


@command(
    fr="Montre les lignes de crédit : qui peut devoir combien à qui.",
    en="Shows the credit lines: who may owe how much to whom.",
    json=True,
)
def lines(choices: Choices) -> int:
    """Show what is in force, and what waits for signatures; both are public."""
    wallet, home = wallet_at_home(choices, "officer")
    assert wallet.node_url is not None
    with Client(wallet.node_url) as client:
        in_force, open_ones = neighbours(client, home), waiting(client, home)
    if choices.as_json:
        shown = [shape_of(home, one, "in_force") for one in in_force]
        shown += [shape_of(home, one, "waiting") for one in open_ones]
        emit_json({"v": 1, "cooperative": home.text, "unit": home.charter.unit, "lines": shown})
        return ExitCode.DONE
    lang = choices.lang
    if not in_force and not open_ones:
        result(say("lines.none", lang))
    for one in in_force:
        result(_sentence(home, one.end, one.ours, one.theirs, lang))
    for one in open_ones:
        sentence = _sentence(home, one.end, one.ours, one.theirs, lang)
        result(say("lines.waits", lang, sentence=sentence, missing=_missing(home, one)))
    return ExitCode.DONE


@command(
    fr="Signe une ligne de crédit proposée par une autre coopérative ou par un autre mandataire.",
    en="Signs a credit line that another cooperative or another officer has proposed.",
    examples=("ronde office accept rhone",),
    json=True,
    key=True,
)
@argument("name", metavar=("COOPÉRATIVE", "COOPERATIVE"), fr="Son nom.", en="Its name.")
@option(
    "--peer",
    metavar=("URL", "URL"),
    fr="Cherche aussi la proposition et ses signatures sur cet autre nœud.",
    en="Looks for the proposal and its signatures at this other node too.",
)
@confirmed
def accept(choices: Choices, name: str, peer: str | None, yes: bool) -> int:
    """Sign the waiting line and bring it to our node, which passes it on when it is whole."""
    check_node_or_fail(peer)
    wallet, home = wallet_at_home(choices, "officer")
    lang = choices.lang
    with session(choices, wallet, home) as run:
        found = _waiting_with(run, name, peer)
        confirm(_sentence(home, found.end, found.ours, found.theirs, lang), lang, yes=yes)
        own = seal(found.line.document, run.signer.key_seed)
        kept = post_line(run.client, merge(found.line.sealed, own), peer)
        signed = read_line(home, kept, peer or "")
        if peer is not None and not signed.is_whole:
            _, our_url = greet(run.client)
            with Client(peer) as other:
                post_line(other, kept, our_url)
        return _tell(choices, home, signed)


def _waiting_with(run: Session, name: str, peer: str | None) -> Neighbourhood:
    """Return the newest waiting line with a cooperative, with all signatures known.

    Raises:
        Failure: not found.
    """
    found = [one for one in waiting(run.client, run.home) if one.end.place == slug(name)]
    if peer is not None:
        with Client(peer) as other:
            there, _ = greet(other)
            for one in waiting(other, there):
                terms = one.line.document
                if run.home.id in {terms.a, terms.b} and there.place == slug(name):
                    found.append(read_line(run.home, one.line.sealed, peer))
    if not found:
        raise Failure(ExitCode.NOT_FOUND, "accept.nothing", name=name)
    newest = max(found, key=lambda one: (one.line.document.seq, one.line.document.iat))
    same = [one.line.sealed for one in found if one.line.id == newest.line.id]
    return read_line(run.home, merge(*same), newest.url)


def _sentence(home: Cooperative, peer: Cooperative, ours: int, theirs: int, lang: Language) -> str:
    return say(
        "line.says",
        lang,
        home=home.name,
        peer=peer.name,
        ours=home.money(ours, lang),
        theirs=home.money(theirs, lang),
    )


def _missing(home: Cooperative, one: Neighbourhood) -> str:
    """Return the names of the cooperatives whose signatures are missing."""
    short = [
        side.name
        for side in (home, one.end)
        if sum(key in side.charter.officers for key in one.line.signers) < side.charter.othr
    ]
    return ", ".join(short)


def _tell(choices: Choices, home: Cooperative, one: Neighbourhood) -> int:
    lang = choices.lang
    state = "in_force" if one.is_whole else "waiting"
    sentence = _sentence(home, one.end, one.ours, one.theirs, lang)
    if choices.as_json:
        emit_json({"v": 1, **shape_of(home, one, state)})
    elif one.is_whole:
        result(say("line.in_force", lang, sentence=sentence))
    else:
        result(say("lines.waits", lang, sentence=sentence, missing=_missing(home, one)))
    return ExitCode.DONE if one.is_whole else ExitCode.PENDING


def shape_of(home: Cooperative, one: Neighbourhood, state: str) -> dict[str, Any]:
    """Return one line for JSON (spec 0009)."""
    return {
        "with": one.end.name,
        "cooperative": one.end.text,
        "url": one.url or None,
        "version": one.line.document.seq,
        "state": state,
        "we_may_owe": home.decimal(one.ours),
        "they_may_owe": home.decimal(one.theirs),
    }
