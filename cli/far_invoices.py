"""Invoices with somebody of another cooperative: what its node has acknowledged, and what not yet.

Nothing is believed of either node that is not signed: the acknowledgement by the other cooperative,
the relay inside by ours, the document inside by this wallet. Source: spec 0017.
"""

import time
from typing import Any, Final, NamedTuple

from cli.asking import ask, check_receipt
from cli.choices import Language
from cli.cooperative import Cooperative
from cli.failures import ExitCode, Failure
from cli.neighbours import neighbours
from cli.proofs import State
from cli.screen import note
from cli.sentences import say, say_refusal
from cli.session import Session
from protocol.envelope import Opened, open_any, open_sealed
from protocol.errors import EncodingError, ProofError, SignatureError
from protocol.kinds import LOGGED, TYPE_OF
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import RELAYED
from protocol.log.receipts import Receipt
from protocol.messages.invoices import Invoice
from protocol.messages.relaying import Acknowledgement, Relay
from protocol.messages.wire import OUTCOME, HistoryLine, Outcome

PATIENCE_S: Final = 10
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
_ASKED: Final = frozenset({TYPE_OF[Invoice], TYPE_OF[Acknowledgement]})


class Known(NamedTuple):
    """What the other cooperative has signed of one of our documents.

    Attributes:
        refusal: Why its book did not take it, or None.
        ends: Whether the invoice ended there by it.
    """

    refusal: Refusal | None
    ends: bool


def neighbour_of(run: Session, cooperative: bytes) -> Cooperative:
    """Return a cooperative with which ours has a credit line; its charter is inside the line.

    Raises:
        ProofError: there is no such line.
    """
    for line in neighbours(run.client, run.home):
        if line.end.id == cooperative:
            return line.end
    raise ProofError("the invoice names a cooperative without a credit line with ours")


def await_known(run: Session, peer: Cooperative, document: Opened[Any]) -> Known | None:
    """Wait a little for the other cooperative's acknowledgement; None while there is none.

    Raises:
        Failure: the node does not answer.
        ProtocolError: what the node shows does not hold.
    """
    until = time.monotonic() + PATIENCE_S
    for attempt in range(1_000):
        raw = ask(run.client, run.home, run.asker, "outcome", doc=document.id)
        outcome = OUTCOME.decode(raw)
        if outcome.state != "held":
            return check_known(outcome, run.home, peer, document.id)
        if time.monotonic() >= until:
            return None
        time.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
    return None


def check_known(outcome: Outcome, home: Cooperative, peer: Cooperative, document: bytes) -> Known:
    """Verify what became of a document about an invoice at the other cooperative.

    Args:
        outcome: As our node says it.
        home: Our cooperative.
        peer: The other one.
        document: Identifier of the document.

    Raises:
        ProtocolError: an acknowledgement, a relay or a proof does not hold.
    """
    if not isinstance(outcome.answer, bytes) or not isinstance(outcome.receipt, Receipt):
        raise ProofError("the node calls the document known and shows no acknowledgement")
    check_receipt(home, outcome.receipt, outcome.answer)
    told = open_sealed(outcome.answer, Acknowledgement)
    if told.signers != (peer.node_key,) or told.document.by != peer.id:
        raise SignatureError("the acknowledgement is not signed by the other cooperative")
    relayed = open_sealed(told.document.relay, Relay)
    if relayed.signers != (home.node_key,) or relayed.document.by != home.id:
        raise SignatureError("the relay is not signed by the own cooperative")
    inside = open_any(relayed.document.doc, RELAYED).id
    if (inside, relayed.document.to) != (document, peer.id):
        raise ProofError("the acknowledgement is about another document")
    if (told.document.why == 0) != (outcome.state == "final"):
        raise ProofError("the node says another outcome than the signed acknowledgement")
    return Known(_refusal(told.document.why), told.document.ends)


def tell_far(run: Session, document: Opened[Any], cooperative: bytes) -> tuple[State, ExitCode]:
    """Say what the other cooperative knows of a document that our own log has.

    Returns:
        How it stands there, and the exit code.
    """
    lang, kind = run.choices.lang, type(document.document).__name__.lower()
    name, known = say("invoice.far_peer", lang), None
    try:
        peer = neighbour_of(run, cooperative)
        name, known = peer.name, await_known(run, peer, document)
    except Failure as failure:
        # It stands in the log and its receipt is kept: a silent node changes nothing in that.
        if failure.code is not ExitCode.NETWORK:
            raise
    if known is None:
        note(say("invoice.far_held", lang, peer=name))
        return "held", ExitCode.PENDING
    if known.refusal is not None:
        reason = why_not(known.refusal, lang)
        note(say(f"invoice.far_refused_{kind}", lang, peer=name, reason=reason))
        return "refused", ExitCode.DONE if kind == "cancellation" else ExitCode.REFUSED
    note(say("invoice.far_known", lang, peer=name))
    if kind == "cancellation":
        note(say("invoice.far_ended" if known.ends else "invoice.far_noted", lang))
    return "final", ExitCode.DONE


def why_not(refusal: Refusal, lang: Language) -> str:
    """Return why the other cooperative's book did not take a document."""
    # The sentence for one's own book speaks of one's own invoices alone.
    is_full = refusal is Refusal.TOO_MANY_WAITING
    return say("invoice.far_full", lang) if is_full else say_refusal(refusal, lang)


def _refusal(why: int) -> Refusal | None:
    try:
        return Refusal(why) if why else None
    except ValueError as error:
        raise EncodingError(f"refusal number {why}") from error


def signed_invoice(sealed: bytes, home: Cooperative) -> tuple[Opened[Invoice], bytes | None]:
    """Return the invoice that an entry of our log holds, and the other cooperative's identifier.

    Args:
        sealed: An invoice, or our acknowledgement of one from abroad.
        home: Our cooperative.

    Raises:
        ProtocolError: it does not hold, or is not of our log.
    """
    opened = open_any(sealed, _ASKED)
    if isinstance(opened.document, Invoice):
        if opened.document.home != home.id:
            raise ProofError("the invoice was made for another cooperative")
        coop = opened.document.coop
        return opened, coop if isinstance(coop, bytes) else None
    told = opened.document
    if told.by != home.id or opened.signers != (home.node_key,) or told.why:
        raise ProofError("the invoice from abroad is not in the own cooperative's book")
    relay = open_sealed(told.relay, Relay).document
    inside = open_sealed(relay.doc, Invoice)
    ends = (inside.document.home, inside.document.coop, relay.to)
    if ends != (relay.by, home.id, home.id):
        raise ProofError("the invoice was made for another cooperative")
    return inside, relay.by


def untaken(line: HistoryLine, home: Cooperative, account: bytes) -> tuple[bytes, Refusal] | None:
    """Return the reader's invoice that another cooperative did not take, and why; else None.

    Raises:
        ProtocolError: the entry does not hold.
    """
    opened = open_any(line.entry.sealed, LOGGED)
    if not isinstance(opened.document, Acknowledgement) or opened.document.by == home.id:
        return None
    refusal = _refusal(opened.document.why)
    inside = open_any(open_sealed(opened.document.relay, Relay).document.doc, RELAYED)
    if refusal is None or not isinstance(inside.document, Invoice):
        return None
    return (inside.id, refusal) if inside.document.by == account else None
