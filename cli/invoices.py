"""`ronde invoice issue|accept|list|cancel`: who owes what to whom, and until when."""

import secrets
from typing import Any, Final

import click
from msgspec import UNSET

from cli import clock
from cli.asking import ask_account, find_person
from cli.choices import Choices, Language
from cli.entering import dated, enter, tell_entered
from cli.failures import ExitCode, Failure
from cli.far_invoices import tell_far
from cli.grammar import argument, command, confirmed, option
from cli.invoice_papers import OwnInvoice, find_invoice, open_invoices, parties, shape_of_invoice
from cli.journal import JournalledOrder
from cli.node_client import refusal_failure
from cli.pay import SALT_BYTES, own_name, read_address, read_amount, read_memo, spoken
from cli.proofs import Standing
from cli.provisions import provision_left
from cli.screen import draw_table, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.settling import settle_all
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import INVOICE_AMOUNT_MAX, Acceptance, Cancellation, Invoice
from protocol.messages.orders import purpose_digest
from protocol.shapes import Document

DUE_DAYS: Final = 30

_invoice = argument(
    "invoice",
    metavar=("FACTURE", "INVOICE"),
    fr="Le début de son identifiant, tel que « ronde invoice list » le montre.",
    en="The beginning of its identifier, as 'ronde invoice list' shows it.",
)


@command(
    fr="Demande un montant à quelqu'un, ici ou dans une coopérative voisine ; rien n'est dû "
    "tant qu'il n'accepte.",
    en="Asks somebody, here or in a neighbouring cooperative, for an amount; nothing is owed "
    "until it is accepted.",
    examples=(
        "ronde invoice issue bob 120,00 --due 2026-12-31 --for miel",
        "ronde invoice issue alice@bretagne 12,50",
    ),
    json=True,
    key=True,
)
@argument("address", metavar=("ADRESSE", "ADDRESS"), fr="Qui devra.", en="Who will owe.")
@argument("amount", metavar=("MONTANT", "AMOUNT"), fr="Par exemple 120,00.", en="Such as 120.00.")
@option(
    "--due",
    metavar=("AAAA-MM-JJ", "YYYY-MM-DD"),
    type=click.DateTime(["%Y-%m-%d"]),
    fr="Échéance (dans 30 jours).",
    en="Due date (in 30 days).",
)
@option("--for", "memo", default="", metavar=("MOTIF", "PURPOSE"), fr="Pour quoi.", en="For what.")
@confirmed
@option(
    "--again",
    is_flag=True,
    fr="Demande une seconde fois ce qui attend encore une réponse du nœud.",
    en="Asks a second time for what still waits for the node's answer.",
)
def issue(
    choices: Choices, address: str, amount: str, due: Any, memo: str, yes: bool, again: bool
) -> int:
    """Say who would owe what to whom, ask, write the invoice down, send it."""
    wallet, home = wallet_at_home(choices, "member")
    debtor, minor, memo = read_address(address, home), read_amount(amount, home), read_memo(memo)
    if minor > INVOICE_AMOUNT_MAX:
        raise Failure(
            ExitCode.USAGE, "invoice.too_large", most=home.money(INVOICE_AMOUNT_MAX, choices.lang)
        )
    now = clock.now_s()
    until = now + DUE_DAYS * 86_400 if due is None else clock.end_of_day(due.timetuple())
    day = clock.local_date(until)
    typed = {"debtor": str(debtor), "minor_owed": str(minor), "due": day}
    with session(choices, wallet, home) as run:
        lang, own = choices.lang, own_name(wallet.name, choices.lang)
        same = None if again else _same(run, typed, memo)
        for entry, standing in settle_all(run):
            if same is not None and entry.draft.order_id == same.draft.order_id:
                note(say("pay.same_order", lang))
                return _tell(run, entry, standing)
        person = find_person(run.client, home, debtor)
        peer = None if person.cooperative.id == home.id else person.cooperative.id
        if person.account == run.account and peer is None:
            raise refusal_failure(Refusal.DEBTOR_IS_CREDITOR)
        fields = {"creditor": own, "debtor": spoken(person.name), "due": day}
        key = "invoice.asks_for" if memo else "invoice.asks"
        sentence = say(key, lang, amount=home.money(minor, lang), memo=memo, **fields)
        salt = secrets.token_bytes(SALT_BYTES) if memo else b""

        def make(seq: int) -> Invoice:
            return Invoice(
                amt=minor,
                coop=UNSET if peer is None else peer,
                debtor=person.account,
                due=until,
                unit=home.charter.unit,
                what=purpose_digest(salt, memo) if memo else UNSET,
                **dated(run, seq, now),
            )

        if peer is not None:
            typed |= {"peer": peer.hex(), "member": person.name}
        kept = {"kind": "invoice", "says": sentence, **typed}
        return _tell(run, *enter(run, make, kept, yes, memo, salt))


@command(
    fr="Accepte une facture : vous la devez à partir de là.",
    en="Accepts an invoice: you owe it from then on.",
    json=True,
    key=True,
)
@_invoice
@confirmed
def accept(choices: Choices, invoice: str, yes: bool) -> int:
    """Read the invoice from its signed bytes, say what will be owed, sign."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        one, lang = find_invoice(run, invoice), choices.lang
        if not one.is_debtor:
            raise refusal_failure(Refusal.NOT_A_PARTY)
        if one.accepted:
            raise refusal_failure(Refusal.ALREADY_ACCEPTED)
        return _answer(run, one, _about(run, one, "invoice.accepts", lang), Acceptance, yes)


@command(
    fr="Retire, décline ou annule une facture ; ce qui est accepté s'annule à deux.",
    en="Withdraws, declines or cancels an invoice; what is accepted needs both sides.",
    json=True,
    key=True,
)
@_invoice
@confirmed
def cancel(choices: Choices, invoice: str, yes: bool) -> int:
    """Say what a cancellation would do as things stand, ask, sign."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        one, lang = find_invoice(run, invoice), choices.lang
        if one.is_ending_here:
            raise refusal_failure(Refusal.CANCELLATION_NOTED)
        if not one.accepted:
            withdraws = "invoice.withdraws" if one.peer is None else "invoice.withdraws_far"
            key = "invoice.declines" if one.is_debtor else withdraws
        else:
            key = "invoice.ends_first" if one.ending == "nobody" else "invoice.ends_both"
        return _answer(run, one, _about(run, one, key, lang), Cancellation, yes)


@command(
    fr="Montre qui vous doit quoi, à qui vous devez, par échéance, et votre provision.",
    en="Shows who owes you what, whom you owe, by due date, and your provision.",
    json=True,
    key=True,
)
def list_(choices: Choices) -> int:
    """Ask for all open invoices; each is checked against what its creditor signed."""
    wallet, home = wallet_at_home(choices, "member")
    with session(choices, wallet, home) as run:
        settle_all(run)
        found = open_invoices(run)
        left = provision_left(ask_account(run.client, home, run.asker))
        own = own_name(wallet.name, choices.lang)
    if choices.as_json:
        lines = [shape_of_invoice(home, one) for one in found]
        shape = {"v": 1, "unit": home.charter.unit, "invoices": lines}
        emit_json(shape | {"provision": home.decimal(left) if left else None})
        return ExitCode.DONE
    lang = choices.lang
    if left:
        result(say("provision.left", lang, amount=home.money(left, lang)))
    if not found:
        result(say("invoice.none", lang))
        return ExitCode.DONE
    columns = [say(f"invoice.{name}", lang) for name in ("id", "who", "due", "state", "for")]
    rows = []
    for one in found:
        key = "invoice.line_owes" if one.accepted else "invoice.line_asks"
        amount = home.money(one.owed, lang)
        says = say(key, lang, amount=amount, **parties(one, own, lang))
        state = _state(one, lang)
        if one.reserved:
            reserved = home.money(one.reserved, lang)
            state = say("invoice.state_reserved", lang, state=state, amount=reserved)
        rows.append([one.short, says, clock.local_date(one.document.due), state, one.memo])
    draw_table(columns, rows, right=())
    return ExitCode.DONE


def _state(one: OwnInvoice, lang: Language) -> str:
    key = "accepted" if one.accepted else "issued"
    state = say(f"invoice.state_{key if one.ending == 'nobody' else 'ending'}", lang)
    return say("invoice.state_under_way", lang, state=state) if one.is_under_way else state


def _about(run: Session, one: OwnInvoice, key: str, lang: Language) -> str:
    """Return a sentence on an open invoice."""
    return say(
        key,
        lang,
        amount=run.home.money(one.owed, lang),
        due=clock.local_date(one.document.due),
        memo=f" ({one.memo})" if one.memo else "",
        **parties(one, own_name(run.signer.wallet.name, lang), lang),
    )


def _answer(
    run: Session,
    one: OwnInvoice,
    sentence: str,
    document: type[Acceptance] | type[Cancellation],
    yes: bool,
) -> int:
    """Enter a document that only names an invoice."""
    now = clock.now_s()

    def make(seq: int) -> Document:
        return document(inv=one.id, **dated(run, seq, now))

    fields = {"kind": document.__name__.lower(), "says": sentence}
    if one.peer is not None:
        fields["peer"] = one.peer.hex()
    return _tell(run, *enter(run, make, fields, yes))


def _same(run: Session, typed: dict[str, str], memo: str) -> JournalledOrder | None:
    """Return the open invoice that this very command wrote when it was typed before."""
    for entry in run.journal.unsettled(run.author):
        fields = entry.draft.sentence_fields
        if entry.draft.memo == memo and typed.items() <= fields.items():
            return entry
    return None


def _tell(run: Session, entry: JournalledOrder, standing: Standing) -> int:
    """Say what became of a document about an invoice, and return the exit code."""
    shape = tell_entered(run, entry, standing)
    fields, code = entry.draft.sentence_fields, ExitCode.DONE
    is_invoice = fields["kind"] == "invoice"
    inv = entry.draft.order_id if is_invoice else standing.opened.document.inv
    if "peer" in fields:
        shape["state"], code = tell_far(run, standing.opened, bytes.fromhex(fields["peer"]))
    if run.choices.as_json:
        emit_json({"v": 1, "invoice": inv.hex()} | shape)
    elif is_invoice and shape["state"] != "refused":
        note(say("invoice.tell_debtor", run.choices.lang, id=inv.hex()[:12]))
    return code
