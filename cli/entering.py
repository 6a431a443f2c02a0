"""Enter what a member signs: asked, signed under the next number, written down, sent, told."""

from collections.abc import Callable
from typing import Any, Final

from cli import clock
from cli.asking import ask_account
from cli.journal import Draft, JournalledOrder
from cli.node_client import refusal_failure
from cli.proofs import Standing
from cli.screen import confirm, result
from cli.sentences import say
from cli.session import Session
from cli.settling import settle
from protocol.envelope import seal_opened
from protocol.messages.wire import AccountView
from protocol.shapes import Document

VALIDITY_S: Final = 86_400


def dated(run: Session, seq: int, now_s: int) -> dict[str, Any]:
    """Return the fields that a member's documents share.

    Args:
        run: who signs, and at which cooperative.
        seq: the number of the document.
        now_s: seconds (Unix); a day later it is worth nothing.
    """
    return {
        "by": run.account,
        "exp": now_s + VALIDITY_S,
        "home": run.home.id,
        "iat": now_s,
        "kev": run.signer.wallet.key_number,
        "net": run.home.charter.net,
        "seq": seq,
    }


def enter(
    run: Session,
    make: Callable[[int], Document],
    fields: dict[str, str],
    yes: bool,
    memo: str = "",
    salt: bytes = b"",
    view: AccountView | None = None,
) -> tuple[JournalledOrder, Standing]:
    """Ask, sign under the next number, write down, and send.

    Args:
        run: one run of a command.
        make: the document, for its number.
        fields: what the journal keeps: "kind", "says" (the sentence to agree to), what was typed.
        yes: the person agreed beforehand.
        memo: the purpose, which the document has as a digest, or "".
        salt: of that digest, or b"".
        view: the account as the node tells it, when it was asked already.

    Raises:
        Failure: the person does not agree, or as `settle`.
    """
    confirm(fields["says"], run.choices.lang, yes=yes)
    view = view or ask_account(run.client, run.home, run.asker)
    entry = write_down(run, make, fields, view.seq + 1, memo, salt)
    return entry, settle(run, entry)


def write_down(
    run: Session,
    make: Callable[[int], Document],
    fields: dict[str, str],
    at_least: int,
    memo: str = "",
    salt: bytes = b"",
    key_seed: bytes | None = None,
) -> JournalledOrder:
    """Sign a document under the next number and keep it: from here on it may be sent.

    Args:
        run: one run of a command.
        make: the document, for its number.
        fields: what the journal keeps beside it, in words.
        at_least: the number that the node expects.
        memo: the purpose, which the document has as a digest, or "".
        salt: of that digest, or b"".
        key_seed: of the key that signs; the one in force when None.

    Raises:
        Failure: nothing was written, so nothing may be sent.
    """

    def compose(seq: int) -> Draft:
        opened = seal_opened(make(seq), key_seed or run.signer.key_seed)
        return Draft(opened.id, opened.sealed, fields, memo, salt)

    # Spec 0009: The wallet MUST write an order to its journal, durably, before it sends it.
    return run.journal.write(run.author, at_least, clock.now_s(), compose)


def tell_entered(run: Session, entry: JournalledOrder, standing: Standing) -> dict[str, Any]:
    """Say that a document was entered, and return its part of the JSON object.

    Raises:
        Failure: the node refused it.
    """
    if standing.refusal is not None:
        raise refusal_failure(standing.refusal)
    fields, receipt = entry.draft.sentence_fields, standing.receipt
    if not run.choices.as_json:
        result(say("invoice.entered", run.choices.lang, sentence=fields["says"]))
    return {
        "kind": fields["kind"],
        "state": standing.state,
        "says": fields["says"],
        "entry": None if receipt is None else receipt.idx,
    }
