"""`ronde office setoff`: the largest set-off between the members, with its proof.

Two steps: what comes around needs no balance; then, with what members have provided, the rest.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from cli import clock
from cli.asking import ask
from cli.choices import Choices
from cli.cooperative import Cooperative
from cli.failures import ExitCode
from cli.grammar import command, confirmed, option
from cli.invoice_papers import address_of, name_of
from cli.office_decisions import Decided, dated, decide, output_file, tell_decision
from cli.papers import NO_DOCUMENT
from cli.screen import draw_table, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from federation.members_set_off import Obligation, Proposal, propose, verify_discharge
from federation.pool import Room, Rooms
from federation.pool_set_off import after, has_provision, moved, propose_with_pool
from protocol.messages.invoices import Cut, Discharge
from protocol.messages.wire import OBLIGATIONS, ObligationLine

DISCHARGE_VALIDITY_S: Final = 86_400
PAGE_LINES: Final = 10_000


def all_obligations(run: Session) -> tuple[list[ObligationLine], Rooms]:
    """Ask for every obligation between members, and what provisions may move; only an officer may.

    Raises:
        Failure: the node refuses, or is not reached.
    """
    found: list[ObligationLine] = []
    rooms: dict[bytes, Room] = {}
    after_inv = NO_DOCUMENT
    while True:
        raw = ask(run.client, run.home, run.asker, "obligations", doc=after_inv, most=PAGE_LINES)
        page = OBLIGATIONS.decode(raw)
        found += page.lines
        for one in page.rooms if isinstance(page.rooms, list) else []:
            rooms[one.acct] = Room(one.gives, one.takes)
        if not isinstance(page.more, bytes) or page.more <= after_inv:
            return found, rooms
        after_inv = page.more


def as_obligations(lines: list[ObligationLine]) -> list[Obligation]:
    """Return obligations in the order in which those between two members fall: due first."""
    return sorted(Obligation(one.due, one.inv, one.debtor, one.creditor, one.owed) for one in lines)


@command(
    fr="Compense les factures acceptées qui font le tour, puis à l'aide des provisions.",
    en="Sets off accepted invoices that come around, then with the help of provisions.",
    json=True,
    key=True,
)
@option("--dry-run", is_flag=True, fr="Montre et ne signe rien.", en="Shows and signs nothing.")
@confirmed
@output_file
def setoff(choices: Choices, dry_run: bool, yes: bool, output: Path | None) -> int:
    """Compute the largest set-off with its proof, show it, sign, send or pass on; in two steps."""
    wallet, home = wallet_at_home(choices, "officer")
    said: list[dict[str, Any]] = []

    def tell(choices: Choices, state: str, sentence: str, file: str | None, account: str) -> None:
        said.append({"state": state, "file": file, "says": sentence})
        if not choices.as_json:
            tell_decision(choices, state, sentence, file, account)

    def carry(run: Session, lines: list[ObligationLine], proposal: Proposal) -> int:
        amounts = [cut.amt for cut in proposal.cuts]
        sentence = sentence_of(choices, home, amounts, isinstance(proposal.pool, int))
        if not choices.as_json:
            _draw(choices, home, lines, proposal)
        if dry_run:
            note(say("office.dry_run", choices.lang))
            tell(choices, "checked", sentence, None, "")
            return ExitCode.DONE
        return decide(run, Decided(sentence, "", _maker(home, proposal)), yes, output, "", tell)

    with session(choices, wallet, home) as run:
        lines, rooms = all_obligations(run)
        code: int = ExitCode.DONE
        count = 0
        first = propose(as_obligations(lines))
        if first is not None:
            code, count = carry(run, lines, first), 1
            lines, rooms = _left(run, lines, rooms, first, is_tried=dry_run or bool(code))
        if code and has_provision(rooms):
            note(say("pool.later", choices.lang))
        if not code and (first is None or first.is_whole):
            # Spec 0016: The writer MUST set off what needs no balance before it uses provisions.
            second = propose_with_pool(as_obligations(lines), rooms)
            code = code if second is None else carry(run, lines, second)
        _close(choices, said, count)
        return code


def _left(
    run: Session,
    lines: list[ObligationLine],
    rooms: Rooms,
    first: Proposal,
    *,
    is_tried: bool,
) -> tuple[list[ObligationLine], Rooms]:
    """Return what is owed after the first step: asked for anew, or reckoned when not entered."""
    if not is_tried:
        return all_obligations(run)
    owed = {one.invoice: one.owed for one in after(as_obligations(lines), first.cuts)}
    kept = [one for one in lines if one.inv in owed]
    return [msgspec.structs.replace(one, owed=owed[one.inv]) for one in kept], rooms


def _close(choices: Choices, said: list[dict[str, Any]], first_steps: int) -> None:
    """Say that there is nothing to do; or in JSON what was done in both steps."""
    if not choices.as_json:
        if not said:
            result(say("setoff.nothing", choices.lang))
        return
    nothing = {"state": "checked", "file": None, "says": None}
    pure = said[0] if first_steps else nothing
    pooled = said[first_steps] if len(said) > first_steps else None
    emit_json({"v": 1, "account": None} | pure | {"pool": pooled})


def _maker(home: Cooperative, proposal: Proposal) -> Callable[[int], Discharge]:
    now = clock.now_s()

    def make(seq: int) -> Discharge:
        return Discharge(
            cuts=proposal.cuts,
            pool=proposal.pool,
            pots=proposal.pots,
            **dated(home, seq, now, DISCHARGE_VALIDITY_S),
        )

    return make


def sentence_of(choices: Choices, home: Cooperative, amounts: list[int], is_pooled: bool) -> str:
    """Return what a set-off does, in one sentence."""
    lang = choices.lang
    total = home.money(sum(amounts), lang)
    key = "pool.says" if is_pooled else "setoff.says"
    return say(key, lang, cooperative=home.name, total=total, count=len(amounts))


def check_discharge(run: Session, discharge: Discharge) -> None:
    """Check a set-off that another officer has made, on the obligations of now; show who pays.

    Raises:
        ProofError: it is not the largest one.
    """
    lines, rooms = all_obligations(run)
    verify_discharge(as_obligations(lines), discharge, rooms)
    if isinstance(discharge.pool, int) and not run.choices.as_json:
        _draw_moves(run.choices, run.home, lines, discharge.cuts)


def _name(who: Any, choices: Choices) -> str:
    return name_of(address_of(who) if isinstance(who, str) else None, choices.lang)


def _draw(
    choices: Choices, home: Cooperative, lines: list[ObligationLine], proposal: Proposal
) -> None:
    """Show what each debt becomes, and what moves."""
    lang = choices.lang
    known = {one.inv: one for one in lines}
    rows = []
    for cut in proposal.cuts:
        one = known[cut.inv]
        names = [_name(who, choices) for who in (one.dwho, one.cwho)]
        pair = say("setoff.pair", lang, debtor=names[0], creditor=names[1])
        amounts = (one.owed, cut.amt, one.owed - cut.amt)
        rows.append([pair, *(home.money(amount, lang) for amount in amounts)])
    columns = [say(f"setoff.{name}", lang) for name in ("who", "before", "fell", "after")]
    draw_table(columns, sorted(rows), right=(1, 2, 3))
    gross = sum(one.owed for one in lines)
    left = gross - sum(cut.amt for cut in proposal.cuts)
    sums = {"before": home.money(gross, lang), "after": home.money(left, lang)}
    if isinstance(proposal.pool, int):
        paid = _draw_moves(choices, home, lines, proposal.cuts)
        note(say("pool.gross", lang, moved=home.money(paid, lang), **sums))
    else:
        note(say("setoff.gross", lang, **sums))
    if not proposal.is_whole:
        note(say("setoff.more", lang))


def _draw_moves(
    choices: Choices, home: Cooperative, lines: list[ObligationLine], cuts: list[Cut]
) -> int:
    """Show who pays and who receives; return how much moves."""
    lang = choices.lang
    names = {one.debtor: _name(one.dwho, choices) for one in lines}
    names |= {one.creditor: _name(one.cwho, choices) for one in lines}
    changes = moved(as_obligations(lines), cuts)
    rows = []
    for account, change in sorted(changes.items(), key=lambda one: (one[1], names[one[0]])):
        key = "pool.pays" if change < 0 else "pool.receives"
        rows.append([names[account], say(key, lang, amount=home.money(abs(change), lang))])
    draw_table([say(f"pool.{name}", lang) for name in ("account", "moves")], rows, right=())
    return sum(change for change in changes.values() if change > 0)
