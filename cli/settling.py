"""From a journalled document to the node's last word: send the same bytes until it is known.

A document that left the wallet once may stand in the log; it is never signed again under another
number, only sent again. The node gives the same receipt for the same document.
"""

import time
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from cli import keystore, wallet_file
from cli.asking import Verdict, ask, submit
from cli.cooperative import Cooperative, kept_charter
from cli.failures import ExitCode, Failure
from cli.journal import JournalledOrder
from cli.proofs import Papers, Standing, check_outcome, foreign_leg, prove
from cli.screen import note
from cli.sentences import say
from cli.session import Session
from protocol.errors import ProofError
from protocol.messages.keyevents import Revocation, Rotation
from protocol.messages.wire import OUTCOME, Submission

PATIENCE_S: Final = 10
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)


def papers_of(entry: JournalledOrder) -> Papers:
    """Return what the journal keeps of a document."""
    last = entry.receipt if entry.receipt is not None else entry.rejection
    return Papers(entry.draft.sealed, entry.interim, last)


def submission_of(entry: JournalledOrder) -> Submission:
    """Return what is sent of a journalled document: the same bytes each time."""
    draft = entry.draft
    return Submission(
        doc=draft.sealed,
        name=draft.sentence_fields.get("member") or UNSET,
        salt=draft.salt or UNSET,
        text=draft.memo if draft.salt else UNSET,
    )


def peer_of(session: Session, entry: JournalledOrder) -> Cooperative | None:
    """Return the payee's cooperative when it is another one and its charter was kept."""
    from protocol.envelope import reopen_verified

    leg = foreign_leg(reopen_verified(entry.draft.sealed).document)
    if leg is None or not isinstance(leg.coop, bytes):
        return None
    return kept_charter(session.choices.home, leg.coop)


def settle(session: Session, entry: JournalledOrder, patience_s: float = 0) -> Standing:
    """Send a journalled document (again) and keep what the node answers.

    Args:
        session: The run.
        entry: A document without a last word.
        patience_s: How long to wait for another cooperative's answer, seconds.

    Returns:
        What is proven now.

    Raises:
        Failure: network, nothing new is known and the document stays in the journal; refused, the
            node finds its bytes wrong and does not sign for it.
        ProtocolError: an answer does not hold.
    """
    journal, order_id = session.journal, entry.draft.order_id
    peer = peer_of(session, entry)
    standing = prove(papers_of(entry), session.home, peer)
    if standing.state == "waiting":
        # Spec 0009: The wallet MUST send the same bytes again, and sign nothing new, while an order
        # has no last word.
        verdict = submit(session.client, session.home, submission_of(entry))
        entry = _keep(session, entry, verdict)
        standing = prove(papers_of(entry), session.home, peer)
        if standing.state == "final":
            _carry_out(session, standing)
    if standing.state == "held":
        if peer is None:
            raise ProofError("the charter of the payee's cooperative is missing")
        outcome = _await_outcome(session, peer, standing, patience_s)
        if outcome is None:
            return standing
        raw, is_final = outcome
        if is_final:
            journal.close_with_receipt(order_id, raw)
        else:
            journal.close_with_refusal(order_id, raw)
        standing = prove(replace(papers_of(entry), last=raw), session.home, peer)
    return standing


def _keep(session: Session, entry: JournalledOrder, verdict: Verdict) -> JournalledOrder:
    journal, order_id = session.journal, entry.draft.order_id
    if verdict.refusal is not None:
        journal.close_with_refusal(order_id, verdict.raw)
        return replace(entry, rejection=verdict.raw)
    if peer_of(session, entry) is not None:
        journal.keep_interim(order_id, verdict.raw)
        return replace(entry, interim=verdict.raw)
    journal.close_with_receipt(order_id, verdict.raw)
    return replace(entry, receipt=verdict.raw)


def _await_outcome(
    session: Session, peer: Cooperative, standing: Standing, patience_s: float
) -> tuple[bytes, bool] | None:
    """Return the outcome of a held order and whether it is final; None while it is held."""
    until = time.monotonic() + patience_s
    for attempt in range(1_000):
        try:
            raw = ask(
                session.client, session.home, session.asker, "outcome", doc=standing.opened.id
            )
        except Failure as failure:
            # The order is accepted, its receipt is kept: a silent node changes nothing in that.
            if failure.code is ExitCode.NETWORK:
                return None
            raise
        outcome = OUTCOME.decode(raw)
        if outcome.state != "held":
            refusal = check_outcome(outcome, session.home, peer, standing.opened)
            return raw, refusal is None
        if time.monotonic() >= until:
            return None
        time.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
    return None


def _carry_out(session: Session, standing: Standing) -> None:
    """Put a key event that stands in the log into the wallet's own state."""
    document = standing.opened.document
    wallet = session.signer.wallet
    if isinstance(document, Rotation) and document.kev == wallet.key_number + 1:
        seed = session.signer.seed
        turned = replace(
            wallet,
            key_number=document.kev,
            key=keystore.public_key(seed, document.kev),
            next_digest=keystore.next_key_digest(seed, document.kev),
        )
        wallet_file.save(session.choices.home, turned)
        session.reload()
    elif isinstance(document, Revocation):
        note(say("wallet.revoked", session.choices.lang))


def settle_all(session: Session) -> list[tuple[JournalledOrder, Standing]]:
    """Settle what earlier commands left open, the oldest first, and say what became of each.

    Raises:
        Failure: network.
        ProtocolError: an answer does not hold.
    """
    settled = []
    for entry in session.journal.unsettled(session.author):
        try:
            standing = settle(session, entry)
        except Failure as failure:
            if failure.code is not ExitCode.REFUSED:
                raise
            # Unsigned, so it proves nothing: the document stays open, and others go on.
            note(say(failure.key, session.choices.lang, **failure.fields))
            continue
        settled.append((entry, standing))
    return settled
