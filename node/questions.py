"""Signed questions: a member reads its own account, an auditor the openings of the log."""

from typing import Any, Final

from msgspec import UNSET

from node.clock import now_s
from node.desk import Desk, Route
from node.door import Reply
from node.invoices import all_obligations, falls_of, member_name, other_party, own_invoices
from node.problems import problem
from node.public import CONTAINER_KIND
from node.store.database import rows
from node.trail import step
from protocol.envelope import Opened, open_sealed, reopen_verified
from protocol.errors import SignatureError
from protocol.identifiers import TextKind, to_text
from protocol.ledger.authority import check_author, check_threshold, check_validity
from protocol.ledger.book import COOPERATIVE_SLOT
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Order, Question
from protocol.messages.peering import Answer
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    HISTORY,
    OPENINGS,
    OUTCOME,
    AccountView,
    History,
    HistoryLine,
    Opening,
    Openings,
    Outcome,
)
from protocol.signatures import KEY_BYTES

HISTORY_MAX: Final = 100
OPENINGS_MAX: Final = 1_000
OPENINGS_BYTES_MAX: Final = 4_000_000


async def ask(desk: Desk, query: dict[str, str], body: bytes) -> Reply:
    """Answer a signed question, when its author may ask it.

    Raises:
        ProtocolError: the question does not hold.
    """
    opened = open_sealed(body, Question)
    question = opened.document
    book = desk.ledger.book
    refusal = check_validity(book.net, question, now_s())
    if question.home != book.cooperative:
        refusal = refusal or Refusal.WRONG_COOPERATIVE
    if refusal is not None:
        return problem("refused", refusal.name)
    if question.ask == "openings":
        return _openings(desk, opened)
    if question.ask == "round":
        return await _round(desk, opened)
    if question.ask == "obligations":
        return all_obligations(desk, opened)
    if len(question.by) == KEY_BYTES:
        return _account_of_key(desk, opened)
    slot = book.accounts.find(question.by)
    if slot < 0:
        return problem("not-found", "no such account")
    refusal = check_author(book, slot, question.kev, opened.signers)
    if refusal is not None:
        return problem("not-allowed", refusal.name)
    if question.ask == "account":
        return _account(desk, slot)
    if question.ask == "history":
        return _history(desk, slot, question)
    if question.ask == "invoices":
        return own_invoices(desk, slot, question)
    return _outcome(desk, question)


def _account_of_key(desk: Desk, opened: Opened[Question]) -> Reply:
    """Answer who holds only a key: an officer, or a member whose words were just restored."""
    key = opened.document.by
    book = desk.ledger.book
    if opened.signers != (key,) or opened.document.ask != "account":
        return problem("not-allowed", "only the account of this very key can be asked for")
    if key in book.head.charter.officers:
        return _account(desk, COOPERATIVE_SLOT)
    place = book.accounts.key.find(key)
    while place >= 0 and place % KEY_BYTES:
        place = book.accounts.key.find(key, place + 1)
    if place < 0:
        return problem("not-found", "no account has this key")
    return _account(desk, place // KEY_BYTES)


def _account(desk: Desk, slot: int) -> Reply:
    accounts = desk.ledger.book.accounts
    view = AccountView(
        acct=accounts.identifier(slot),
        bal=accounts.balance[slot],
        ceil=accounts.ceiling[slot],
        climit=accounts.credit_limit[slot],
        kev=accounts.kev[slot],
        prov=desk.ledger.book.head.provisions.get(slot, UNSET),
        seq=accounts.seq[slot],
    )
    return Reply(200, CONTAINER_KIND, ACCOUNT_VIEW.encode(view))


def _history(desk: Desk, slot: int, question: Question) -> Reply:
    trail = desk.ledger.trail.touched
    durable = rows(desk.ledger.reader, "SELECT max(size) FROM heads")[0][0]
    index = (trail[slot] - 1) if slot < len(trail) else -1
    if question.first:
        index = min(index, question.first)
    lines: list[HistoryLine] = []
    while index >= 0 and len(lines) < min(question.most, HISTORY_MAX):
        found = rows(
            desk.ledger.connection,
            "SELECT e.at, e.salt, e.sealed, e.trail, p.text, l.who FROM entries e "
            "LEFT JOIN purposes p USING (idx) LEFT JOIN labels l USING (idx) WHERE idx=?",
            (index,),
        )[0]
        at, salt, sealed, words, text, who = found
        known = step(words, slot)
        if known is None:
            return problem("not-found", "no entry of this account at that index")
        amount, before = known
        if index >= durable:
            # Staged, and not yet on the disk: a crash would undo what the member was told.
            index = before
            continue
        line = HistoryLine(
            amount=amount,
            entry=Opening(at, index, salt, sealed),
            falls=falls_of(desk, index, slot),
            text=text if text is not None else UNSET,
            who=who if who is not None else _other_side(desk, slot, sealed),
        )
        lines.append(line)
        index = before
    history = History(lines, index if index >= 0 else UNSET)
    return Reply(200, CONTAINER_KIND, HISTORY.encode(history))


def _other_side(desk: Desk, slot: int, sealed: bytes) -> Any:
    document = reopen_verified(sealed).document
    own = desk.ledger.book.accounts.identifier(slot)
    if not isinstance(document, Order):
        other = other_party(desk, own, document)
        return UNSET if other is None else member_name(desk, other)
    account = document.by
    if account == own:
        if len(document.legs) > 1 or document.legs[0].coop is not UNSET:
            return UNSET
        account = document.legs[0].acct
    return member_name(desk, account)


def _outcome(desk: Desk, question: Question) -> Reply:
    order = question.doc
    found = rows(desk.ledger.reader, "SELECT answer FROM offers WHERE doc=?", (order,))
    if not found:
        return problem("not-found", "no order of that identifier went to a neighbour")
    index = found[0][0]
    if index is None:
        return Reply(200, CONTAINER_KIND, OUTCOME.encode(Outcome(state="held")))
    sealed = rows(desk.ledger.reader, "SELECT sealed FROM entries WHERE idx=?", (index,))[0][0]
    answer: Answer = reopen_verified(sealed).document
    outcome = Outcome(
        answer=sealed,
        receipt=desk.ledger.receipt(index),
        state="final" if answer.why == 0 else "refused",
    )
    return Reply(200, CONTAINER_KIND, OUTCOME.encode(outcome))


def _openings(desk: Desk, opened: Opened[Question]) -> Reply:
    question = opened.document
    allowed = to_text(TextKind.KEY, question.by) in desk.settings.auditors
    if not allowed or opened.signers != (question.by,):
        return problem("not-allowed", "this key is no auditor's of this node")
    found = rows(
        desk.ledger.reader,
        "SELECT at, idx, salt, sealed FROM entries WHERE idx>=? ORDER BY idx LIMIT ?",
        (question.first, min(question.most, OPENINGS_MAX)),
    )
    entries: list[Opening] = []
    total = 0
    for row in found:
        total += len(row[3])
        if entries and total > OPENINGS_BYTES_MAX:
            break
        entries.append(Opening(*row))
    size = rows(desk.ledger.reader, "SELECT max(size) FROM heads")[0][0]
    return Reply(200, CONTAINER_KIND, OPENINGS.encode(Openings(entries, size)))


async def _round(desk: Desk, opened: Opened[Question]) -> Reply:
    charter = desk.ledger.book.head.charter
    if check_threshold(opened.signers, charter.officers, 1) is not None:
        raise SignatureError("only an officer may ask for a clearing round")
    return await desk.routes["ROUND", ""](desk, {}, b"")


ROUTES: Final[dict[tuple[str, str], Route]] = {("POST", "/questions"): ask}
