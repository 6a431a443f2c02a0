"""`ronde pay` and `ronde retry`: who gives what to whom, written down, sent, proven."""

import secrets
from typing import Any, Final

import msgspec
from msgspec import UNSET

from cli import clock
from cli.asking import Person, ask_account, find_person
from cli.choices import Choices, Language
from cli.cooperative import Cooperative, keep_charter
from cli.entering import dated, write_down
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, confirmed, option
from cli.journal import JournalledOrder
from cli.node_client import refusal_failure
from cli.proofs import Standing
from cli.screen import confirm, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.settling import PATIENCE_S, settle, settle_all
from cli.wallet_file import Wallet
from protocol.amounts import AmountError, parse_amount
from protocol.encoding import check_text
from protocol.errors import EncodingError
from protocol.identifiers import Address, check_name, parse_address
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Leg, Order, purpose_digest

MEMO_CHARACTERS_MAX: Final = 256
SALT_BYTES: Final = 32


@command(
    fr="Paie quelqu'un, dans sa coopérative ou dans une coopérative voisine.",
    en="Pays somebody, in the same cooperative or in a neighbouring one.",
    examples=("ronde pay alice@bretagne 12,50 --for miel", "ronde pay bob 3 --for pain --yes"),
    json=True,
    key=True,
)
@argument(
    "address",
    metavar=("ADRESSE", "ADDRESS"),
    fr="nom@cooperative, ou le nom seul dans votre coopérative.",
    en="name@cooperative, or the name alone within your cooperative.",
)
@argument("amount", metavar=("MONTANT", "AMOUNT"), fr="Par exemple 12,50.", en="Such as 12.50.")
@option("--for", "memo", default="", metavar=("MOTIF", "PURPOSE"), fr="Pour quoi.", en="For what.")
@confirmed
@option(
    "--again",
    is_flag=True,
    fr="Paie une seconde fois ce qui attend encore une réponse.",
    en="Pays a second time what still waits for an answer.",
)
@option(
    "--invoice",
    default="",
    metavar=("FACTURE", "INVOICE"),
    fr="La facture à régler, en tout ou en partie : le début de son identifiant.",
    en="The invoice to pay, whole or in part: the beginning of its identifier.",
)
def pay(
    choices: Choices, address: str, amount: str, memo: str, yes: bool, again: bool, invoice: str
) -> int:
    """Repeat the sentence, ask, write the order down, send it, keep the proof."""
    wallet, home = wallet_at_home(choices, "member")
    payee = read_address(address, home)
    minor = read_amount(amount, home)
    memo = read_memo(memo)
    with session(choices, wallet, home) as run:
        # Spec 0009: The wallet MUST take a command that says what an open order says (payee,
        # amount, purpose) for that order, unless `--again` is given.
        same = None if again else _same_order(run, payee, minor, memo, invoice)
        # Spec 0009: The wallet MUST settle what is open before it signs a new order.
        settled = settle_all(run)
        for entry, standing in settled:
            if same is not None and entry.draft.order_id == same.draft.order_id:
                note(say("pay.same_order", choices.lang))
                is_held = standing.state == "held"
                known = settle(run, _read_again(run, entry), PATIENCE_S) if is_held else standing
                return tell(run, entry, known)
            note(_line(entry, standing, choices.lang))
        if same is not None:
            raise Failure(ExitCode.NETWORK, "pay.same_unclear")
        entry = _sign(run, payee, minor, memo, yes, invoice)
        return tell(run, entry, settle(run, entry, PATIENCE_S))


@command(
    fr="Renvoie ce qui a été signé et n'a pas encore de réponse : rien n'est payé deux fois.",
    en="Sends again what was signed and has no answer yet: nothing is paid twice.",
    json=True,
    key=True,
)
def retry(choices: Choices) -> int:
    """Settle everything that is open in the journal."""
    from cli import wallet_file

    role = wallet_file.load(choices.home).role
    wallet, home = wallet_at_home(choices, role)
    with session(choices, wallet, home) as run:
        settled = settle_all(run)
        left = len(run.journal.unsettled(run.author))
        if choices.as_json:
            lines = [shape_of(home, entry, standing) for entry, standing in settled]
            emit_json({"v": 1, "settled": lines, "open": left})
        elif not settled and not left:
            result(say("retry.nothing", choices.lang))
        for entry, standing in settled if not choices.as_json else []:
            result(_line(entry, standing, choices.lang))
    return ExitCode.PENDING if left else ExitCode.DONE


def read_address(text: str, home: Cooperative) -> Address:
    """Read whom somebody wants to pay.

    Raises:
        Failure: usage, it is no address.
    """
    try:
        return parse_address(text) if "@" in text else Address(check_name(text), home.place)
    except EncodingError:
        raise Failure(ExitCode.USAGE, "person.bad_address", text=text, place=home.place) from None


def read_amount(text: str, home: Cooperative) -> int:
    """Read an amount of the cooperative's unit, minor units.

    Raises:
        Failure: usage, with the rule that the text breaks.
    """
    try:
        return parse_amount(text, home.charter.dec)
    except AmountError as error:
        raise Failure(
            ExitCode.USAGE, f"amount.{error.reason}", text=text, decimals=home.charter.dec
        ) from None


def read_memo(text: str) -> str:
    """Return a purpose in the one form that is signed (NFC).

    Raises:
        Failure: usage, too long, or a character that nobody could read.
    """
    import unicodedata

    memo = unicodedata.normalize("NFC", text.strip())
    try:
        check_text(memo)
    except EncodingError:
        raise Failure(ExitCode.USAGE, "pay.bad_memo", most=MEMO_CHARACTERS_MAX) from None
    if len(memo) > MEMO_CHARACTERS_MAX:
        raise Failure(ExitCode.USAGE, "pay.bad_memo", most=MEMO_CHARACTERS_MAX)
    return memo


def _same_order(
    run: Session, payee: Address, minor: int, memo: str, invoice: str
) -> JournalledOrder | None:
    """Return the open order that this very command wrote when it was typed before."""
    for entry in run.journal.unsettled(run.author):
        fields = entry.draft.sentence_fields
        typed = (fields.get("address"), fields.get("minor"), entry.draft.memo)
        pays = fields.get("invoice", "")
        of_invoice = pays.startswith(invoice.strip().lower()) if invoice else not pays
        if typed == (str(payee), str(minor), memo) and of_invoice:
            return entry
    return None


def _read_again(run: Session, entry: JournalledOrder) -> JournalledOrder:
    return run.journal.find(entry.draft.order_id.hex())


def _sign(
    run: Session, payee: Address, minor: int, memo: str, yes: bool, invoice: str
) -> JournalledOrder:
    """Find the payee, ask the payer, and write the signed order down."""
    lang, home = run.choices.lang, run.home
    view = ask_account(run.client, home, run.asker)
    person = find_person(run.client, home, payee)
    fields = sentence_fields(run.signer.wallet, home, person, minor, lang)
    if view.acct == person.account and person.cooperative.id == home.id:
        raise refusal_failure(Refusal.PAYEE_IS_PAYER)
    inv = _invoice(run, invoice, person, minor, fields) if invoice else UNSET
    confirm(_sentence("gives", fields, memo, lang), lang, yes=yes)
    if person.cooperative.id != home.id:
        keep_charter(run.choices.home, person.cooperative)
    salt = secrets.token_bytes(SALT_BYTES) if memo else b""
    now = clock.now_s()

    def make(seq: int) -> Order:
        is_ours = person.cooperative.id == home.id
        coop: bytes | msgspec.UnsetType = UNSET if is_ours else person.cooperative.id
        return Order(
            legs=[Leg(person.account, minor, coop, inv)],
            unit=home.charter.unit,
            what=purpose_digest(salt, memo) if memo else UNSET,
            **dated(run, seq, now),
        )

    return write_down(run, make, fields, view.seq + 1, memo, salt)


def _invoice(
    run: Session, prefix: str, person: Person, minor: int, fields: dict[str, str]
) -> bytes:
    """Return the invoice that a payment names, and tell what will be left of it."""
    from cli.invoice_papers import find_invoice

    one, home = find_invoice(run, prefix), run.home
    sides = (one.document.by, one.peer or home.id)
    if not one.is_debtor or (person.account, person.cooperative.id) != sides:
        raise refusal_failure(Refusal.NOT_A_PARTY)
    if not one.accepted:
        raise refusal_failure(Refusal.NOT_ACCEPTED)
    open_amount = one.owed - one.held
    if minor > open_amount:
        raise refusal_failure(Refusal.MORE_THAN_OWED)
    lang = run.choices.lang
    left = home.money(open_amount - minor, lang)
    names = {"debtor": fields["payer"], "creditor": fields["payee"]}
    key = "invoice.pays" if minor < open_amount else "invoice.pays_all"
    note(say(key, lang, id=one.short, left=left, **names))
    fields["invoice"] = one.id.hex()
    return one.id


def sentence_fields(
    wallet: Wallet, home: Cooperative, person: Person, minor: int, lang: Language
) -> dict[str, str]:
    """Return the names and the amount that tell who gives what to whom, and what was typed."""
    return {
        "payer": spoken(wallet.name) or say("pay.this_wallet", lang),
        "payer_cooperative": home.name,
        "payee": spoken(person.name),
        "payee_cooperative": person.cooperative.name,
        "amount": home.money(minor, lang),
        "minor": str(minor),
        "payer_address": str(Address(wallet.name, home.place)) if wallet.name else "",
        "address": str(Address(person.name, person.cooperative.place)),
    }


def spoken(name: str) -> str:
    """Return a name as a sentence says it: `alice` is Alice."""
    return name[:1].upper() + name[1:]


def own_name(name: str, lang: Language) -> str:
    """Return how a sentence names the wallet itself: its name, or "vous"."""
    return spoken(name) if name else say("pay.you", lang)


def _sentence(verb: str, fields: dict[str, str], memo: str, lang: Language) -> str:
    if "says" in fields:
        return fields["says"]
    if "payee" not in fields:
        return say(f"document.{fields.get('kind', 'other')}", lang)
    key = f"transfer.{verb}_for" if memo else f"transfer.{verb}"
    return say(key, lang, memo=memo, **fields)


def _line(entry: JournalledOrder, standing: Standing, lang: Language) -> str:
    """Return one line on a document that an earlier command left open."""
    tense = "gave" if standing.state == "final" else "gives"
    sentence = _sentence(tense, entry.draft.sentence_fields, entry.draft.memo, lang)
    return say(f"pay.settled_{standing.state}", lang, sentence=sentence)


def tell(run: Session, entry: JournalledOrder, standing: Standing) -> int:
    """Say what became of an order and return the exit code."""
    lang = run.choices.lang
    if run.choices.as_json:
        emit_json({"v": 1, **shape_of(run.home, entry, standing)})
    order = entry.draft.order_id.hex()[:12]
    if standing.state == "refused":
        _explain_refusal(standing, run)
    tense = "gave" if standing.state == "final" else "gives"
    sentence = _sentence(tense, entry.draft.sentence_fields, entry.draft.memo, lang)
    if standing.state == "held":
        peer = entry.draft.sentence_fields["payee_cooperative"]
        note(say("pay.held", lang, sentence=sentence, peer=peer, order=order))
        return ExitCode.PENDING
    if not run.choices.as_json:
        result(sentence)
    is_foreign = entry.draft.sentence_fields["payee_cooperative"] != run.home.name
    note(say("pay.receipt_both" if is_foreign else "pay.receipt", lang, order=order))
    return ExitCode.DONE


def _explain_refusal(standing: Standing, run: Session) -> None:
    """Say why an order was refused.

    Raises:
        Failure: always; refused.
    """
    assert standing.refusal is not None
    if standing.receipt is not None:
        note(say("pay.came_back", run.choices.lang))
    raise refusal_failure(standing.refusal)


def shape_of(home: Cooperative, entry: JournalledOrder, standing: Standing) -> dict[str, Any]:
    """Return one order for JSON (spec 0009)."""
    fields = entry.draft.sentence_fields
    minor = fields.get("minor")
    receipt = standing.receipt
    return {
        "order": entry.draft.order_id.hex(),
        "kind": fields.get("kind", "order"),
        "state": standing.state,
        "payer": fields.get("payer_address") or None,
        "payee": fields.get("address"),
        "amount": None if minor is None else home.decimal(int(minor)),
        "unit": home.charter.unit,
        "for": entry.draft.memo or None,
        "entry": None if receipt is None else receipt.idx,
        "at": None if receipt is None else clock.universal_time(receipt.at),
        "reason": None if standing.refusal is None else standing.refusal.name,
    }
