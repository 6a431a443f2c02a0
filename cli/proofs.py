"""What a receipt proves, checked from papers alone: no node is asked and none is believed."""

from dataclasses import dataclass
from typing import Any, Literal

from cli.asking import check_receipt, check_rejection, read_receipt
from cli.cooperative import Cooperative
from protocol.envelope import ENVELOPE, Opened, open_any, open_sealed
from protocol.errors import EncodingError, ProofError, SignatureError
from protocol.kinds import LOGGED
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt
from protocol.messages.orders import Leg, Order
from protocol.messages.peering import Answer, Offer
from protocol.messages.wire import OUTCOME, Outcome

State = Literal["waiting", "held", "final", "refused"]


@dataclass(frozen=True, slots=True)
class Papers:
    """Everything that is known of one signed document.

    Attributes:
        sealed: The document as it was sent.
        first: The node's first answer: a receipt, or None.
        last: The last word: a receipt, a rejection or an outcome; None while there is none.
    """

    sealed: bytes
    first: bytes | None
    last: bytes | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is proven of a document.

    Attributes:
        opened: The document.
        state: Never answered, held for another cooperative's answer, final, or refused.
        refusal: Why it was refused, or None.
        receipt: The proof that it stands in the payer's log, or None.
    """

    opened: Opened[Any]
    state: State
    refusal: Refusal | None
    receipt: Receipt | None


def foreign_leg(document: Any) -> Leg | None:
    """Return the leg of an order that is paid to another cooperative's member, or None."""
    if isinstance(document, Order) and isinstance(document.legs[0].coop, bytes):
        return document.legs[0]
    return None


def prove(papers: Papers, home: Cooperative, peer: Cooperative | None) -> Standing:
    """Verify all papers of a document.

    Args:
        papers: What was kept.
        home: The cooperative that keeps the author's account.
        peer: The payee's cooperative when it is another one.

    Returns:
        What they prove.

    Raises:
        ProtocolError: a signature, a path or a paper does not hold.
    """
    opened = open_any(papers.sealed, LOGGED)
    check_home(opened.document, home)
    leg = foreign_leg(opened.document)
    if papers.last is not None and is_rejection(papers.last):
        refusal = check_rejection(home, papers.last, opened.id)
        return Standing(opened, "refused", refusal, None)
    if leg is None:
        return _prove_local(papers, home, opened)
    return _prove_foreign(papers, home, peer, opened)


def check_home(document: Any, home: Cooperative) -> None:
    """Refuse a document that was made for another cooperative.

    Raises:
        ProofError: it names another network, home or author.
    """
    is_other = getattr(document, "home", home.id) != home.id
    is_others = len(document.by) == 32 and document.by != home.id
    if document.net != home.charter.net or is_other or is_others:
        raise ProofError("the document was made for another cooperative")


def _prove_local(papers: Papers, home: Cooperative, opened: Opened[Any]) -> Standing:
    raw = papers.last or papers.first
    if raw is None:
        return Standing(opened, "waiting", None, None)
    receipt = read_receipt(raw)
    check_receipt(home, receipt, papers.sealed)
    return Standing(opened, "final", None, receipt)


def _prove_foreign(
    papers: Papers, home: Cooperative, peer: Cooperative | None, opened: Opened[Order]
) -> Standing:
    receipt = None
    if papers.first is not None:
        receipt = read_receipt(papers.first)
        check_receipt(home, receipt, papers.sealed)
    if papers.last is None:
        return Standing(opened, "waiting" if receipt is None else "held", None, receipt)
    if peer is None:
        raise ProofError("the charter of the payee's cooperative is missing")
    refusal = check_outcome(OUTCOME.decode(papers.last), home, peer, opened)
    return Standing(opened, "final" if refusal is None else "refused", refusal, receipt)


def check_outcome(
    outcome: Outcome, home: Cooperative, peer: Cooperative, order: Opened[Order]
) -> Refusal | None:
    """Verify the outcome of an order to another cooperative: both have signed it.

    Returns:
        None when the payment stands in both books, else why the other side refused.

    Raises:
        ProtocolError: an answer, an offer or a proof does not hold.
    """
    if not isinstance(outcome.answer, bytes) or not isinstance(outcome.receipt, Receipt):
        raise ProofError("the node calls the order ended and shows no answer")
    check_receipt(home, outcome.receipt, outcome.answer)
    answered = open_sealed(outcome.answer, Answer)
    answer = answered.document
    if answered.signers != (peer.node_key,) or answer.by != peer.id:
        raise SignatureError("the answer is not signed by the payee's cooperative")
    offered = open_sealed(answer.offer, Offer)
    offer = offered.document
    if offered.signers != (home.node_key,) or offer.by != home.id:
        raise SignatureError("the offer is not signed by the payer's cooperative")
    leg = order.document.legs[0]
    promised = (offer.order, offer.to, offer.acct, offer.amt, offer.unit, offer.net)
    wanted = (order.id, peer.id, leg.acct, leg.amt, order.document.unit, order.document.net)
    if promised != wanted or (offer.inv, leg.coop) != (leg.inv, peer.id):
        raise ProofError("the offer is not what the order says")
    if (answer.why == 0) != (outcome.state == "final"):
        raise ProofError("the node says another outcome than the signed answer")
    try:
        return Refusal(answer.why) if answer.why else None
    except ValueError as error:
        raise EncodingError(f"refusal number {answer.why}") from error


def is_rejection(raw: bytes) -> bool:
    """Say whether kept bytes are a sealed document, and so a rejection; proofs are not sealed."""
    try:
        ENVELOPE.decode(raw)
    except EncodingError:
        return False
    return True
