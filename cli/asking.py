"""What a wallet says to its node and believes of the answer: nothing that is not proven."""

import json
import secrets
from dataclasses import dataclass
from typing import Final

import msgspec

from cli import clock, papers
from cli.cooperative import Cooperative, read_charter
from cli.failures import ExitCode, Failure
from cli.neighbours import neighbours
from cli.node_client import (
    ANSWER_TIMEOUT_S,
    ROUND_TIMEOUT_S,
    SEALED,
    AsyncClient,
    Client,
    expect_ok,
    failure_of,
    refusal_failure,
)
from cli.papers import NO_DOCUMENT, Ask
from protocol.envelope import Opened, open_sealed, reopen_verified, seal
from protocol.errors import EncodingError, ProofError, SignatureError
from protocol.identifiers import Address
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt, verify_receipt
from protocol.messages.answers import Card, Rejection
from protocol.messages.decisions import Charter
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    NAME_ANSWER,
    SUBMISSION,
    AccountView,
    Submission,
)
from protocol.signatures import public_key_of

SKEW_S: Final = 300
_RECEIPT: Final = msgspec.msgpack.Decoder(Receipt)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and with which key.

    Attributes:
        by: The account (16 bytes) or, for whoever has only a key, that key (32 bytes).
        kev: Number of the key event in force.
        seed: The 32 secret bytes of the key.
    """

    by: bytes
    kev: int
    seed: bytes


def asker_of_key(seed: bytes) -> Asker:
    """Return who asks with nothing but a key: an officer, or a member restored from words."""
    return Asker(public_key_of(seed), 0, seed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A node's proven word on a document.

    Attributes:
        receipt: The proof that it stands in the log, or None.
        refusal: Why not, or None.
        raw: The bytes that prove it, to be kept.
        date_s: The node's second when it answered, when it said so.
    """

    receipt: Receipt | None
    refusal: Refusal | None
    raw: bytes
    date_s: int | None


def greet(client: Client) -> tuple[Cooperative, str]:
    """Return the cooperative that a node serves, and the address that it gives of itself.

    Raises:
        Failure: not reached.
        ProtocolError: card or charter do not hold, or do not belong together.
    """
    cooperative = read_charter(client.get("/charter"))
    try:
        card = json.loads(client.get("/"))
        identifier, url = card["cooperative"], card["url"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise EncodingError("the node's card is malformed") from error
    if identifier != cooperative.text or not isinstance(url, str):
        raise ProofError("the node's card names another cooperative than its charter")
    return cooperative, url.rstrip("/")


def ask(
    client: Client,
    cooperative: Cooperative,
    asker: Asker,
    what: Ask,
    *,
    doc: bytes = NO_DOCUMENT,
    first: int = 0,
    most: int = 1,
) -> bytes:
    """Ask a signed question and return the body of the answer.

    Raises:
        Failure: the node refuses, or is not reached.
    """
    body = _signed(asker, what, cooperative.id, cooperative.charter.net, doc, first, most)
    return client.post("/questions", body, repeat=what != "round", timeout_s=_timeout_s(what))


async def ask_beside(
    client: AsyncClient,
    charter: Opened[Charter],
    asker: Asker,
    what: Ask,
    *,
    doc: bytes = NO_DOCUMENT,
    first: int = 0,
    most: int = 1,
) -> bytes:
    """Ask as `ask` does, beside other requests, the node of a charter."""
    body = _signed(asker, what, charter.id, charter.document.net, doc, first, most)
    answer = await client.request(
        "POST", "/questions", body, repeat=what != "round", timeout_s=_timeout_s(what)
    )
    return expect_ok(answer)


def _signed(
    asker: Asker, what: Ask, home: bytes, net: bytes, doc: bytes, first: int, most: int
) -> bytes:
    now, seq = clock.now_s(), secrets.randbelow(2**48)
    which = {"first": first, "most": most, "kev": asker.kev, "seq": seq}
    question = papers.question(what, asker.by, home, net, now_s=now, doc=doc, **which)
    return seal(question, asker.seed)


def _timeout_s(what: Ask) -> int:
    return ROUND_TIMEOUT_S if what == "round" else ANSWER_TIMEOUT_S


def ask_account(client: Client, cooperative: Cooperative, asker: Asker) -> AccountView:
    """Ask for balance, limits and counters.

    Raises:
        Failure: not found, the node has no such account; or as `ask`.
        EncodingError: the answer is not of its shape.
    """
    try:
        return ACCOUNT_VIEW.decode(ask(client, cooperative, asker, "account"))
    except Failure as failure:
        if failure.key != "node.not_found":
            raise
        raise Failure(
            ExitCode.NOT_FOUND, "account.not_admitted", cooperative=cooperative.name
        ) from None


def submit(client: Client, cooperative: Cooperative, submission: Submission) -> Verdict:
    """Send a sealed document and verify what the node answers, word for word.

    Raises:
        Failure: network, nothing is known of the document: send the same bytes again; or the node
            finds the bytes wrong.
        ProtocolError: receipt or rejection do not hold.
    """
    answer = client.send("/documents", SUBMISSION.encode(submission))
    # Spec 0009: The wallet MUST NOT take a receipt, a rejection or an outcome for true before its
    # proof was verified.
    if answer.status == 200:
        receipt = read_receipt(answer.body)
        check_receipt(cooperative, receipt, submission.doc)
        return Verdict(receipt, None, answer.body, answer.date_s)
    if answer.status == 422 and answer.kind == SEALED:
        refusal = check_rejection(cooperative, answer.body, document_of(submission.doc))
        return Verdict(None, refusal, answer.body, answer.date_s)
    raise failure_of(answer)


def expect_receipt(verdict: Verdict) -> Receipt:
    """Return the receipt.

    Raises:
        Failure: refused, with the reason and what to do.
    """
    if verdict.refusal is not None:
        raise refusal_failure(verdict.refusal, verdict.date_s)
    assert verdict.receipt is not None
    return verdict.receipt


def read_receipt(raw: bytes) -> Receipt:
    """Decode a receipt.

    Raises:
        EncodingError: not of its shape.
    """
    try:
        return _RECEIPT.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EncodingError(f"receipt: {error}") from error


def check_receipt(cooperative: Cooperative, receipt: Receipt, sealed: bytes) -> None:
    """Verify a receipt with the cooperative's own log key; errors as `verify_receipt`."""
    verify_receipt(receipt, sealed, cooperative.charter.origin, cooperative.charter.log)


def check_rejection(cooperative: Cooperative, sealed: bytes, document: bytes) -> Refusal:
    """Verify a signed rejection.

    Args:
        cooperative: Whose node must have signed it.
        sealed: The rejection.
        document: Identifier of the document that was sent.

    Raises:
        ProtocolError: another key, another document, or a reason that the spec does not know.
    """
    opened = open_sealed(sealed, Rejection)
    rejection = opened.document
    if opened.signers != (cooperative.node_key,):
        raise SignatureError("the rejection is not signed by the node's key")
    if (rejection.by, rejection.doc) != (cooperative.id, document):
        raise ProofError("the rejection is about another document")
    try:
        return Refusal(rejection.why)
    except ValueError as error:
        raise EncodingError(f"refusal number {rejection.why}") from error


def document_of(sealed: bytes) -> bytes:
    """Return the identifier of a document that this wallet sealed itself."""
    return reopen_verified(sealed).id


@dataclass(frozen=True, slots=True)
class Person:
    """Who is behind an address.

    Attributes:
        account: 16 bytes.
        name: Before the @.
        cooperative: Where the account is kept.
    """

    account: bytes
    name: str
    cooperative: Cooperative


def find_person(client: Client, home: Cooperative, address: Address) -> Person:
    """Return who an address names: the card is checked against the charter of its cooperative.

    Raises:
        Failure: not found, nobody of that name, or no credit line with that cooperative.
        ProtocolError: the card does not hold.
    """
    is_ours = address.cooperative == home.place
    query = {} if is_ours else {"at": address.cooperative}
    try:
        answer = NAME_ANSWER.decode(client.get(f"/names/{address.name}", query))
    except Failure as failure:
        if failure.key != "node.not_found":
            raise
        raise Failure(ExitCode.NOT_FOUND, "person.unknown", address=str(address)) from None
    cooperative = read_charter(answer.charter)
    if is_ours and cooperative.id != home.id:
        raise ProofError("the card of a member of ours comes with another charter")
    # Spec 0009: The wallet MUST refuse a card of a cooperative with which no credit line, signed by
    # both sides, is in force.
    if not is_ours and cooperative.id not in {line.end.id for line in neighbours(client, home)}:
        raise ProofError("the card comes from a cooperative without a credit line with ours")
    opened = open_sealed(answer.card, Card)
    card = opened.document
    # Spec 0009: The wallet MUST check a name's card against the charter of its cooperative.
    if opened.signers != (cooperative.node_key,) or card.by != cooperative.id:
        raise SignatureError("the card is not signed by its cooperative's node")
    if card.name != address.name or card.net != home.charter.net:
        raise ProofError("the card is another member's")
    if not card.iat - SKEW_S <= clock.now_s() <= card.exp + SKEW_S:
        raise Failure(ExitCode.REFUSED, "person.card_date", address=str(address))
    return Person(card.acct, card.name, cooperative)
