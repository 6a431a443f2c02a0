"""`ronde invoice provision`: how much set-offs may pay out of one's account."""

from typing import Final

from cli import clock
from cli.asking import ask_account
from cli.choices import Choices
from cli.cooperative import Cooperative
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, option
from cli.journal import Draft, JournalledOrder
from cli.node_client import refusal_failure
from cli.pay import read_amount, spoken
from cli.proofs import Standing
from cli.screen import confirm, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.settling import settle, settle_all
from protocol.amounts import AmountError, AmountFault, parse_amount
from protocol.envelope import seal_opened
from protocol.messages.invoices import INVOICE_AMOUNT_MAX
from protocol.messages.provisions import Provision
from protocol.messages.wire import AccountView

VALIDITY_S: Final = 86_400


@command(
    fr="Fixe combien les compensations peuvent payer depuis votre compte, pour vos dettes.",
    en="Sets how much set-offs may pay out of your account, for your debts.",
    examples=("ronde invoice provision 50,00", "ronde invoice provision 0"),
    json=True,
    key=True,
)
@argument(
    "amount",
    metavar=("MONTANT", "AMOUNT"),
    fr="Par exemple 50,00 ; 0 retire la provision.",
    en="Such as 50.00; 0 withdraws the provision.",
)
@option("--yes", is_flag=True, fr="Ne demande pas confirmation.", en="Does not ask.")
def provision(choices: Choices, amount: str, yes: bool) -> int:
    """Say what set-offs may do from now on, ask, sign, send."""
    wallet, home = wallet_at_home(choices, "member")
    minor, lang = _read(amount, home), choices.lang
    if minor > INVOICE_AMOUNT_MAX:
        most = home.money(INVOICE_AMOUNT_MAX, lang)
        raise Failure(ExitCode.USAGE, "provision.too_large", most=most)
    with session(choices, wallet, home) as run:
        settle_all(run)
        view = ask_account(run.client, home, run.asker)
        own = spoken(wallet.name) if wallet.name else say("pay.you", lang)
        key = "provision.allows" if minor else "provision.ends"
        sentence = say(key, lang, own=own, amount=home.money(minor, lang))
        left = provision_left(view)
        if left:
            note(say("provision.before", lang, amount=home.money(left, lang)))
        confirm(sentence, lang, yes=yes)
        entry = _write(run, minor, sentence, view.seq + 1)
        return _tell(run, entry, settle(run, entry), minor)


def provision_left(view: AccountView) -> int:
    """Return what set-offs may still move out of an account, minor units; 0 when nothing."""
    return view.prov if isinstance(view.prov, int) else 0


def _read(text: str, home: Cooperative) -> int:
    """Read an amount of which 0 is one, unlike what is paid."""
    try:
        return parse_amount(text, home.charter.dec)
    except AmountError as error:
        return 0 if error.reason is AmountFault.ZERO else read_amount(text, home)


def _write(run: Session, minor: int, sentence: str, seq_min: int) -> JournalledOrder:
    now = clock.now_s()

    def compose(seq: int) -> Draft:
        document = Provision(
            amt=minor,
            by=run.account,
            exp=now + VALIDITY_S,
            home=run.home.id,
            iat=now,
            kev=run.signer.wallet.key_number,
            net=run.home.charter.net,
            seq=seq,
            unit=run.home.charter.unit,
        )
        opened = seal_opened(document, run.signer.key_seed)
        return Draft(opened.id, opened.sealed, {"kind": "provision", "says": sentence}, "", b"")

    # Spec 0009: The wallet MUST write an order to its journal, durably, before it sends it.
    return run.journal.write(run.author, seq_min, now, compose)


def _tell(run: Session, entry: JournalledOrder, standing: Standing, minor: int) -> int:
    if standing.refusal is not None:
        raise refusal_failure(standing.refusal)
    says = entry.draft.sentence_fields["says"]
    if not run.choices.as_json:
        result(say("invoice.entered", run.choices.lang, sentence=says))
        return ExitCode.DONE
    receipt = standing.receipt
    emit_json(
        {
            "v": 1,
            "provision": run.home.decimal(minor),
            "kind": "provision",
            "state": standing.state,
            "says": says,
            "entry": None if receipt is None else receipt.idx,
        }
    )
    return ExitCode.DONE
