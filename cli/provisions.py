"""`ronde invoice provision`: how much set-offs may pay out of one's account."""

from cli import clock
from cli.asking import ask_account
from cli.choices import Choices
from cli.cooperative import Cooperative
from cli.entering import dated, enter, tell_entered
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, confirmed
from cli.pay import own_name, read_amount
from cli.screen import emit_json, note
from cli.sentences import say
from cli.session import session, wallet_at_home
from cli.settling import settle_all
from protocol.amounts import AmountError, AmountFault, parse_amount
from protocol.messages.invoices import INVOICE_AMOUNT_MAX
from protocol.messages.provisions import Provision
from protocol.messages.wire import AccountView


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
@confirmed
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
        own = own_name(wallet.name, lang)
        key = "provision.allows" if minor else "provision.ends"
        says = say(key, lang, own=own, amount=home.money(minor, lang))
        left = provision_left(view)
        if left:
            note(say("provision.before", lang, amount=home.money(left, lang)))

        def make(seq: int) -> Provision:
            return Provision(amt=minor, unit=home.charter.unit, **dated(run, seq, clock.now_s()))

        done = enter(run, make, {"kind": "provision", "says": says}, yes, view=view)
        shape = tell_entered(run, *done)
    if choices.as_json:
        emit_json({"v": 1, "provision": home.decimal(minor)} | shape)
    return ExitCode.DONE


def provision_left(view: AccountView) -> int:
    """Return what set-offs may still move out of an account, minor units; 0 when nothing."""
    return view.prov if isinstance(view.prov, int) else 0


def _read(text: str, home: Cooperative) -> int:
    """Read an amount of which 0 is one, unlike what is paid."""
    try:
        return parse_amount(text, home.charter.dec)
    except AmountError as error:
        return 0 if error.reason is AmountFault.ZERO else read_amount(text, home)
