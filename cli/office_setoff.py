"""`ronde office setoff`: the largest set-off between the members, with its proof."""

from pathlib import Path
from typing import Final

from cli import clock
from cli.asking import NO_DOCUMENT, ask
from cli.choices import Choices
from cli.cooperative import Cooperative
from cli.failures import ExitCode
from cli.grammar import command, option
from cli.invoice_papers import address_of, name_of
from cli.office_decisions import Decided, confirmed, decide, output_file, tell_decision
from cli.screen import draw_table, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from federation.members_set_off import Obligation, Proposal, propose, verify_discharge
from protocol.messages.invoices import Discharge
from protocol.messages.wire import OBLIGATIONS, ObligationLine

DISCHARGE_VALIDITY_S: Final = 86_400
PAGE_LINES: Final = 10_000


def all_obligations(run: Session) -> list[ObligationLine]:
    """Ask for every obligation between members; only an officer may.

    Raises:
        Failure: the node refuses, or is not reached.
    """
    found: list[ObligationLine] = []
    after = NO_DOCUMENT
    while True:
        raw = ask(run.client, run.home, run.asker, "obligations", doc=after, most=PAGE_LINES)
        page = OBLIGATIONS.decode(raw)
        found += page.lines
        if not isinstance(page.more, bytes) or page.more <= after:
            return found
        after = page.more


def as_obligations(lines: list[ObligationLine]) -> list[Obligation]:
    """Return obligations in the order in which those between two members fall: due first."""
    return sorted(Obligation(one.due, one.inv, one.debtor, one.creditor, one.owed) for one in lines)


@command(
    fr="Compense les factures acceptées qui font le tour ; aucun solde ne bouge.",
    en="Sets off accepted invoices that come around; no balance moves.",
    json=True,
    key=True,
)
@option("--dry-run", is_flag=True, fr="Montre et ne signe rien.", en="Shows and signs nothing.")
@confirmed
@output_file
def setoff(choices: Choices, dry_run: bool, yes: bool, output: Path | None) -> int:
    """Compute the largest set-off with its proof, show it, sign, send or pass on."""
    wallet, home = wallet_at_home(choices, "officer")
    with session(choices, wallet, home) as run:
        lines = all_obligations(run)
        proposal = propose(as_obligations(lines))
        if proposal is None:
            if choices.as_json:
                emit_json({"v": 1, "state": "checked", "account": None, "file": None, "says": None})
            else:
                result(say("setoff.nothing", choices.lang))
            return ExitCode.DONE
        sentence = sentence_of(choices, home, [cut.amt for cut in proposal.cuts])
        if not choices.as_json:
            _draw(choices, home, lines, proposal)
        if dry_run:
            note(say("office.dry_run", choices.lang))
            tell_decision(choices, "checked", sentence, None, "")
            return ExitCode.DONE
        now = clock.now_s()

        def make(seq: int) -> Discharge:
            return Discharge(
                by=home.id,
                cuts=proposal.cuts,
                exp=now + DISCHARGE_VALIDITY_S,
                iat=now,
                kev=0,
                net=home.charter.net,
                pots=proposal.pots,
                seq=seq,
            )

        return decide(run, Decided(sentence, "", make), yes, output, "")


def sentence_of(choices: Choices, home: Cooperative, amounts: list[int]) -> str:
    """Return what a set-off does, in one sentence."""
    lang = choices.lang
    total = home.money(sum(amounts), lang)
    return say("setoff.says", lang, cooperative=home.name, total=total, count=len(amounts))


def check_discharge(run: Session, discharge: Discharge) -> None:
    """Check a set-off that another officer has made, on the obligations of now.

    Raises:
        ProofError: it is not the largest one.
    """
    verify_discharge(as_obligations(all_obligations(run)), discharge)


def _draw(
    choices: Choices, home: Cooperative, lines: list[ObligationLine], proposal: Proposal
) -> None:
    """Show what each debt becomes."""
    lang = choices.lang
    known = {one.inv: one for one in lines}
    rows = []
    for cut in proposal.cuts:
        one = known[cut.inv]
        names = [
            name_of(address_of(who) if isinstance(who, str) else None, lang)
            for who in (one.dwho, one.cwho)
        ]
        pair = say("setoff.pair", lang, debtor=names[0], creditor=names[1])
        amounts = (one.owed, cut.amt, one.owed - cut.amt)
        rows.append([pair, *(home.money(amount, lang) for amount in amounts)])
    columns = [say(f"setoff.{name}", lang) for name in ("who", "before", "fell", "after")]
    draw_table(columns, sorted(rows), right=(1, 2, 3))
    gross = sum(one.owed for one in lines)
    left = gross - sum(cut.amt for cut in proposal.cuts)
    note(say("setoff.gross", lang, before=home.money(gross, lang), after=home.money(left, lang)))
    if not proposal.is_whole:
        note(say("setoff.more", lang))
