"""`ronde balance` and `ronde history`: what one has, and who gave what to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import click

from cli import clock
from cli.asking import ask, ask_account
from cli.choices import Choices, Language
from cli.cooperative import Cooperative
from cli.failures import ExitCode
from cli.grammar import command, option
from cli.invoice_papers import address_of, name_of
from cli.pay import spoken
from cli.proofs import check_home
from cli.provisions import provision_left
from cli.screen import draw_table, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.settling import settle_all
from protocol.envelope import Opened, open_any, open_sealed
from protocol.errors import ProofError
from protocol.identifiers import TextKind, to_text
from protocol.kinds import LOGGED
from protocol.messages.invoices import Discharge
from protocol.messages.orders import Order
from protocol.messages.peering import Answer, Offer
from protocol.messages.wire import HISTORY, AccountView, Fall, HistoryLine

PAGE_LINES: Final = 100


@command(
    fr="Montre le solde et les plafonds de votre compte.",
    en="Shows the balance and the limits of your account.",
    json=True,
    key=True,
)
def balance(choices: Choices) -> int:
    """Settle what is open, then ask the node."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        view = ask_account(run.client, home, run.asker)
        if view.acct != run.account:
            raise ProofError("the node answers for another account")
        open_orders = len(run.journal.unsettled(run.author))
    if choices.as_json:
        emit_json(_balance_shape(home, view, open_orders, wallet.name))
        return ExitCode.DONE
    lang = choices.lang
    result(say("balance.is", lang, balance=home.money(view.bal, lang)))
    low, high = home.money(-view.climit, lang), home.money(view.ceil, lang)
    result(say("balance.limits", lang, low=low, high=high))
    if left := provision_left(view):
        result(say("provision.left", lang, amount=home.money(left, lang)))
    if open_orders:
        note(say("balance.open", lang, count=open_orders))
    return ExitCode.DONE


def _balance_shape(
    home: Cooperative, view: AccountView, open_orders: int, name: str
) -> dict[str, Any]:
    return {
        "v": 1,
        "account": to_text(TextKind.ACCOUNT, view.acct),
        "address": f"{name}@{home.place}" if name else None,
        "balance": home.decimal(view.bal),
        "credit_limit": home.decimal(view.climit),
        "ceiling": home.decimal(view.ceil),
        "provision": home.decimal(left) if (left := provision_left(view)) else None,
        "unit": home.charter.unit,
        "open_orders": open_orders,
    }


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a history, checked against the signed document behind it.

    Attributes:
        at: Second of the entry.
        entry: Index in the cooperative's log.
        amount: Change of the account, minor units.
        document: Identifier of the document in hexadecimal.
        giver: Who gives; a name, an address, or None when it is not known.
        receiver: Who receives, alike.
        memo: Purpose, or "".
        fall: What a set-off did to a debt of the giver to the receiver, or None.
        is_pooled: Whether a set-off that uses provisions moved the amount.
    """

    at: int
    entry: int
    amount: int
    document: str
    giver: str | None
    receiver: str | None
    memo: str
    fall: Fall | None = None
    is_pooled: bool = False


@command(
    fr="Montre qui a donné quoi à qui, du plus récent au plus ancien.",
    en="Shows who gave what to whom, from the newest to the oldest.",
    examples=("ronde history", "ronde history --limit 100 --json"),
    json=True,
    key=True,
)
@option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=20,
    metavar=("N", "N"),
    fr="Combien de lignes au plus (20).",
    en="How many lines at most (20).",
)
def history(choices: Choices, limit: int) -> int:
    """Ask page after page; each line is recomputed from its signed document."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        own = f"{wallet.name}@{home.place}" if wallet.name else say("pay.you", choices.lang)
        movements, more = _movements(run, limit, own)
    if choices.as_json:
        lines = [_movement_shape(home, one) for one in movements]
        account = to_text(TextKind.ACCOUNT, run.account)
        emit_json(
            {"v": 1, "account": account, "unit": home.charter.unit, "lines": lines, "more": more}
        )
        return ExitCode.DONE
    if not movements:
        result(say("history.empty", choices.lang))
        return ExitCode.DONE
    _draw(movements, home, choices.lang)
    if more:
        note(say("history.more", choices.lang))
    return ExitCode.DONE


def _movements(run: Session, limit: int, own: str) -> tuple[list[Movement], bool]:
    known = {
        entry.draft.order_id: entry.draft.sentence_fields.get("address")
        for entry in run.journal.latest(100_000)
    }
    movements: list[Movement] = []
    first = 0
    while True:
        # One more than wanted: whether anything is left is part of the answer.
        most = min(PAGE_LINES, limit + 1 - len(movements))
        page = HISTORY.decode(
            ask(run.client, run.home, run.asker, "history", first=first, most=most)
        )
        for line in page.lines:
            movement = read_movement(line, run.home, run.account, own, known)
            if movement is not None:
                movements.append(movement)
            movements += read_falls(line, own)
        if len(movements) > limit:
            return movements[:limit], True
        if not isinstance(page.more, int) or not page.lines:
            return movements, False
        first = page.more


def read_movement(
    line: HistoryLine,
    home: Cooperative,
    account: bytes,
    own: str,
    known: Mapping[bytes, str | None],
) -> Movement | None:
    """Check one line of a history against the document that it shows.

    Args:
        line: As the node says it.
        home: The cooperative.
        account: The reader's account.
        own: How the reader is called.
        known: Addresses of payees by order, from the reader's journal.

    Returns:
        The movement, or None when the entry moved nothing on this account.

    Raises:
        ProtocolError: the document does not hold, or says another amount than the node.
    """
    opened = open_any(line.entry.sealed, LOGGED)
    check_home(opened.document, home) if isinstance(opened.document, Order) else None
    is_discharge = isinstance(opened.document, Discharge)
    amount = _pooled(line, opened) if is_discharge else _change_of(opened, home, account)
    if amount != line.amount:
        raise ProofError("the node says another amount than the signed document")
    if amount == 0:
        return None
    who = line.who if isinstance(line.who, str) else known.get(opened.id)
    other = address_of(who) if who else None
    giver, receiver = (own, other) if amount < 0 else (other, own)
    memo = line.text if isinstance(line.text, str) else ""
    at, entry, order = line.entry.at, line.entry.idx, opened.id.hex()
    return Movement(at, entry, amount, order, giver, receiver, memo, is_pooled=is_discharge)


def read_falls(line: HistoryLine, own: str) -> list[Movement]:
    """Check what a set-off did to the reader's debts against the signed discharge.

    Args:
        line: As the node says it.
        own: How the reader is called.

    Returns:
        One movement of nothing for each debt that fell.

    Raises:
        ProtocolError: the discharge does not hold, or says something else than the node.
    """
    if not isinstance(line.falls, list):
        return []
    opened = open_sealed(line.entry.sealed, Discharge)
    cuts = {cut.inv: cut.amt for cut in opened.document.cuts}
    movements = []
    if len({fall.inv for fall in line.falls}) != len(line.falls):
        raise ProofError("the node tells one obligation twice")
    for fall in line.falls:
        if cuts.get(fall.inv) != fall.amt or fall.owed < fall.amt:
            raise ProofError("the node says another set-off than the signed document")
        other = address_of(fall.who) if isinstance(fall.who, str) else None
        giver, receiver = (own, other) if fall.owes else (other, own)
        at, entry = line.entry.at, line.entry.idx
        movements.append(Movement(at, entry, 0, opened.id.hex(), giver, receiver, "", fall))
    return movements


def _pooled(line: HistoryLine, opened: Opened[Discharge]) -> int:
    """Return what a discharge moves on an account: nothing, or what fell on one side alone."""
    if not isinstance(opened.document.pool, int) or not isinstance(line.falls, list):
        return 0
    return sum(-fall.amt if fall.owes else fall.amt for fall in line.falls)


def _change_of(opened: Opened[Any], home: Cooperative, account: bytes) -> int:
    """Return what a document does to an account, minor units."""
    document = opened.document
    if isinstance(document, Order):
        received = sum(
            leg.amt
            for leg in document.legs
            if leg.acct == account and not isinstance(leg.coop, bytes)
        )
        given = sum(leg.amt for leg in document.legs) if document.by == account else 0
        return received - given
    if isinstance(document, Answer):
        offer = open_sealed(document.offer, Offer).document
        if offer.to == home.id:
            return offer.amt if document.why == 0 and offer.acct == account else 0
        # A refused offer brings the held amount back to the payer.
        return offer.amt if document.why else 0
    return 0


def _movement_shape(home: Cooperative, one: Movement) -> dict[str, Any]:
    return {
        "at": clock.universal_time(one.at),
        "entry": one.entry,
        "order": one.document,
        "from": one.giver,
        "to": one.receiver,
        "amount": home.decimal(one.amount),
        "for": one.memo or None,
        "owed_before": None if one.fall is None else home.decimal(one.fall.owed),
        "reduced_by": None if one.fall is None else home.decimal(one.fall.amt),
    }


def _fell(one: Movement, fall: Fall, home: Cooperative, lang: Language) -> list[str]:
    """Return the row of a debt that a set-off has reduced: no amount moves."""
    who = name_of(one.receiver if fall.owes else one.giver, lang)
    key = "invoice.fell_debt" if fall.owes else "invoice.fell_claim"
    before, amount = home.money(fall.owed, lang), home.money(fall.amt, lang)
    says = say(key, lang, before=before, amount=amount, who=who)
    return [clock.local_time(one.at), says, "", ""]


def _draw(movements: list[Movement], home: Cooperative, lang: Language) -> None:
    columns = [say(f"history.{name}", lang) for name in ("when", "who", "what", "for")]
    rows = []
    for one in movements:
        if one.fall is not None:
            rows.append(_fell(one, one.fall, home, lang))
            continue
        if one.is_pooled:
            key = "provision.paid" if one.amount < 0 else "provision.received"
            says = say(key, lang, amount=home.money(abs(one.amount), lang))
            rows.append([clock.local_time(one.at), says, home.money(one.amount, lang), ""])
            continue
        unknown = say("history.somebody", lang)
        sentence = say(
            "history.gave",
            lang,
            giver=spoken(one.giver or unknown),
            receiver=spoken(one.receiver or unknown),
        )
        rows.append([clock.local_time(one.at), sentence, home.money(one.amount, lang), one.memo])
    draw_table(columns, rows, right=(2,))
