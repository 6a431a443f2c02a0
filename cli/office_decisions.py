"""`ronde office cosign`, and the way of every decision: signed by k of n, then entered once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from cli import clock, durable, letters
from cli.asking import ask_account
from cli.choices import Choices
from cli.cooperative import Cooperative
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, confirmed, option
from cli.journal import Draft, JournalledOrder
from cli.node_client import refusal_failure
from cli.pay import spoken
from cli.screen import confirm, emit_json, note, result
from cli.sentences import say
from cli.session import Session, session, wallet_at_home
from cli.settling import settle, settle_all
from cli.wallet import check_name_or_fail
from protocol.envelope import Opened, merge, open_any, open_sealed, seal
from protocol.errors import ProofError, ProtocolError
from protocol.identifiers import TextKind, to_text
from protocol.kinds import type_name
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Admission, LimitChange
from protocol.messages.invoices import Discharge
from protocol.messages.keyevents import Inception
from protocol.shapes import Document

DECISIONS: Final = frozenset(type_name(word) for word in ("admission", "discharge", "limit"))

_LIMITS: Final = (Refusal.CREDIT_LIMIT_EXCEEDED, Refusal.CEILING_EXCEEDED)
Teller = Callable[[Choices, str, str, str | None, str], None]

output_file = option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar=("FICHIER", "FILE"),
    fr="Fichier à faire signer aux autres mandataires (sinon decision-N.txt ici).",
    en="File for the other officers to sign (else decision-N.txt here).",
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that is about to be signed.

    Attributes:
        sentence: What the officers decide, in the language of the run.
        member: Name of a member that is admitted, or "".
        make: Returns the document under a number.
    """

    sentence: str
    member: str
    make: Callable[[int], Document]


def decide(
    run: Session,
    decided: Decided,
    yes: bool,
    output: Path | None,
    account: str,
    tell: Teller | None = None,
) -> int:
    """Sign a decision; send it when one signature is enough, else write it for the others."""
    tell = tell or tell_decision
    lang = run.choices.lang
    settle_all(run)
    confirm(decided.sentence, lang, yes=yes)
    used = ask_account(run.client, run.home, run.asker).seq
    passed_on = f"{run.author}/cosign"
    at_least = max(used + 1, run.journal.next_seq(passed_on), run.journal.next_seq(run.author))

    def compose(seq: int) -> Draft:
        sealed = seal(decided.make(seq), run.signer.key_seed)
        opened = open_any(sealed, DECISIONS)
        fields = {"kind": kind_of(opened), "member": decided.member, "sentence": decided.sentence}
        return Draft(opened.id, sealed, fields, "", b"")

    if run.home.charter.othr > 1:
        # Kept under a name of its own: numbers of decisions under way are not given out again.
        entry = run.journal.write(passed_on, at_least, clock.now_s(), compose)
        path = output or Path(f"decision-{entry.seq}.txt")
        _write_letter(path, run.home, decided.member, decided.sentence, entry.draft.sealed)
        left = run.home.charter.othr - 1
        note(say("office.pass_on", lang, path=str(path), left=left))
        tell(run.choices, "unsigned", decided.sentence, str(path), account)
        return ExitCode.PENDING
    entry = run.journal.write(run.author, at_least, clock.now_s(), compose)
    return _enter(run, entry, decided.sentence, account, tell)


def dated(home: Cooperative, seq: int, now_s: int, validity_s: int) -> dict[str, Any]:
    """Return the fields that a cooperative's documents share; valid from a second on, for some."""
    until, net = now_s + validity_s, home.charter.net
    return {"by": home.id, "exp": until, "iat": now_s, "kev": 0, "net": net, "seq": seq}


def kind_of(opened: Opened[Any]) -> str:
    """Return under which word the journal keeps a decision."""
    return "setoff" if isinstance(opened.document, Discharge) else "decision"


def _enter(run: Session, entry: JournalledOrder, sentence: str, account: str, tell: Teller) -> int:
    try:
        standing = settle(run, entry)
    except Failure as failure:
        if failure.key == "node.conflict" and entry.draft.sentence_fields["kind"] == "setoff":
            raise Failure(ExitCode.REFUSED, "setoff.stale") from failure
        if failure.key == "node.conflict":
            raise Failure(ExitCode.REFUSED, "office.name_taken") from failure
        raise
    if standing.refusal in _LIMITS and entry.draft.sentence_fields["kind"] == "setoff":
        # Of a member's account, and not of whoever reads it.
        raise Failure(ExitCode.REFUSED, "pool.stale")
    if standing.refusal is not None:
        raise refusal_failure(standing.refusal)
    tell(run.choices, "final", sentence, None, account)
    return ExitCode.DONE


def _write_letter(path: Path, home: Cooperative, member: str, sentence: str, sealed: bytes) -> None:
    head = {"name": member, "cooperative": home.name, "id": home.text, "sentence": sentence}
    durable.write_over(path.absolute(), letters.compose("decision", head, sealed))


@command(
    fr="Ajoute votre signature à une décision, et l'envoie quand elles y sont toutes.",
    en="Adds your signature to a decision, and sends it when all are there.",
    examples=("ronde office cosign decision-12.txt",),
    json=True,
    key=True,
)
@argument(
    "path",
    metavar=("FICHIER", "FILE"),
    fr="La décision.",
    en="The decision.",
    type=click.Path(path_type=Path),
)
@confirmed
@output_file
def cosign(choices: Choices, path: Path, yes: bool, output: Path | None) -> int:
    """Say what the signed bytes say, whatever the head of the letter says; then sign them."""
    wallet, home = wallet_at_home(choices, "officer")
    letter = letters.read(path, "decision")
    opened = open_any(letter.sealed, DECISIONS)
    if opened.document.by != home.id or opened.document.net != home.charter.net:
        raise Failure(ExitCode.REFUSED, "refusal.WRONG_COOPERATIVE")
    if any(key not in home.charter.officers for key in opened.signers):
        raise ProofError("a stranger signed the decision")
    member = letter.head.get("name", "") if isinstance(opened.document, Admission) else ""
    check_name_or_fail(member)
    # Spec 0009: The reader MUST tell an officer what the signed document says, whatever the head of
    # the letter says.
    sentence, account = _read_decision(choices, home, opened, member)
    with session(choices, wallet, home) as run:
        if isinstance(opened.document, Discharge):
            from cli.office_setoff import check_discharge

            check_discharge(run, opened.document)
        confirm(sentence, choices.lang, yes=yes)
        sealed = merge(letter.sealed, seal(opened.document, run.signer.key_seed))
        signers = open_any(sealed, DECISIONS).signers
        if len(signers) < home.charter.othr:
            target = output or path
            _write_letter(target, home, member, sentence, sealed)
            left = home.charter.othr - len(signers)
            note(say("office.pass_on", choices.lang, path=str(target), left=left))
            tell_decision(choices, "unsigned", sentence, str(target), account)
            return ExitCode.PENDING
        fields = {"kind": kind_of(opened), "member": member, "sentence": sentence}
        draft = Draft(opened.id, sealed, fields, "", b"")
        now = clock.now_s()
        run.journal.record(run.author, opened.document.seq, now, draft)
        entry = run.journal.find(opened.id.hex())
        return _enter(run, entry, sentence, account, tell_decision)


def _read_decision(
    choices: Choices, home: Cooperative, opened: Opened[Any], member: str
) -> tuple[str, str]:
    """Return what a decision says, in a sentence, and the account that it is about."""
    document, lang = opened.document, choices.lang
    if isinstance(document, Discharge):
        from cli.office_setoff import sentence_of

        is_pooled = isinstance(document.pool, int)
        return sentence_of(choices, home, [cut.amt for cut in document.cuts], is_pooled), ""
    low, high = home.money(-document.climit, lang), home.money(document.ceil, lang)
    if isinstance(document, LimitChange):
        account = to_text(TextKind.ACCOUNT, document.acct)
        return say("office.limits", lang, name=account, low=low, high=high), account
    try:
        account = to_text(TextKind.ACCOUNT, open_sealed(document.event, Inception).id[:16])
    except ProtocolError as error:
        raise ProofError("the application inside the decision does not hold") from error
    sentence = say(
        "office.admits",
        lang,
        cooperative=home.name,
        name=spoken(member) or "?",
        account=account,
        low=low,
        high=high,
    )
    return sentence, account


def tell_decision(
    choices: Choices, state: str, sentence: str, file: str | None, account: str
) -> None:
    """Say what was decided, and how far it is: "checked", "unsigned" or "final"."""
    if choices.as_json:
        shape = {"v": 1, "state": state, "account": account or None, "file": file}
        emit_json(shape | {"says": sentence})
    elif state == "final":
        result(say("office.entered", choices.lang, sentence=sentence))
    else:
        result(sentence)
