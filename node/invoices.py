"""What members and officers may know of invoices: one's own, what fell, and all obligations."""

from typing import Any, Final

from msgspec import UNSET

from federation.pool import rooms_of
from node.desk import Desk
from node.door import Reply
from node.public import CONTAINER_KIND
from node.store.database import rows
from protocol.envelope import Opened, reopen_verified
from protocol.errors import SignatureError
from protocol.ledger.authority import check_threshold
from protocol.ledger.open_invoices import OpenInvoice
from protocol.messages.invoices import Acceptance, Cancellation, Invoice
from protocol.messages.orders import Question
from protocol.messages.wire import (
    INVOICES,
    OBLIGATIONS,
    Fall,
    InvoiceLine,
    Invoices,
    ObligationLine,
    Obligations,
    Opening,
    RoomLine,
)

INVOICES_MAX: Final = 100
OBLIGATIONS_MAX: Final = 10_000


def member_name(desk: Desk, account: bytes) -> Any:
    """Return `name@cooperative` of a member of ours; absent when no name is known."""
    found = rows(desk.ledger.reader, "SELECT name FROM names WHERE account=?", (account,))
    return f"{found[0][0]}@{desk.ledger.book.head.charter.name}" if found else UNSET


def own_invoices(desk: Desk, slot: int, question: Question) -> Reply:
    """Answer a member with the open invoices of its account, in the order of their identifiers."""
    book = desk.ledger.book
    most = min(question.most, INVOICES_MAX)
    wanted = sorted(inv for inv in book.invoices.of(slot) if inv > question.doc)
    lines = [
        line
        for inv in wanted[:most]
        if (line := _invoice_line(desk, slot, inv, book.head.invoices[inv])) is not None
    ]
    more = wanted[most - 1] if 0 < most < len(wanted) else UNSET
    return Reply(200, CONTAINER_KIND, INVOICES.encode(Invoices(lines, more)))


def _invoice_line(desk: Desk, slot: int, inv: bytes, invoice: OpenInvoice) -> InvoiceLine | None:
    found = rows(
        desk.ledger.reader,
        "SELECT e.at, e.idx, e.salt, e.sealed, p.text FROM invoices i JOIN entries e USING (idx) "
        "LEFT JOIN purposes p USING (idx) WHERE i.id=?",
        (inv,),
    )
    if not found:
        # Staged, and not yet on the disk.
        return None
    *opening, text = found[0]
    other = invoice.debtor if slot == invoice.creditor else invoice.creditor
    ending = {invoice.creditor: "creditor", invoice.debtor: "debtor"}.get(invoice.ending, "nobody")
    return InvoiceLine(
        accepted=invoice.accepted,
        ending=ending,  # type: ignore[arg-type]
        entry=Opening(*opening),
        owed=invoice.owed,
        text=text if text is not None else UNSET,
        who=member_name(desk, desk.ledger.book.accounts.identifier(other)),
    )


def falls_of(desk: Desk, index: int, slot: int) -> Any:
    """Return what a discharge did to one member, or absent when the entry is none."""
    found = rows(
        desk.ledger.connection,
        "SELECT inv, amt, owed, owes, other FROM cuts WHERE idx=? AND slot=? ORDER BY inv",
        (index, slot),
    )
    identifier = desk.ledger.book.accounts.identifier
    return [
        Fall(amt, inv, owed, bool(owes), member_name(desk, identifier(other)))
        for inv, amt, owed, owes, other in found
    ] or UNSET


def other_party(desk: Desk, own: bytes, document: Any) -> Any:
    """Return the account at the other end of an invoice that a document is about, or None."""
    if isinstance(document, Acceptance | Cancellation):
        found = rows(
            desk.ledger.reader,
            "SELECT e.sealed FROM invoices i JOIN entries e USING (idx) WHERE i.id=?",
            (document.inv,),
        )
        document = reopen_verified(found[0][0]).document if found else None
    if not isinstance(document, Invoice):
        return None
    return document.debtor if document.by == own else document.by


def all_obligations(desk: Desk, opened: Opened[Question]) -> Reply:
    """Answer an officer with the obligations of all members, from which a discharge is made.

    Raises:
        SignatureError: somebody else asks.
    """
    book, question = desk.ledger.book, opened.document
    if check_threshold(opened.signers, book.head.charter.officers, 1) is not None:
        raise SignatureError("only an officer may ask for the obligations of all members")
    most = min(question.most, OBLIGATIONS_MAX)
    wanted = sorted(
        inv for inv, one in book.head.invoices.items() if one.accepted and inv > question.doc
    )
    identifier = book.accounts.identifier
    lines: list[ObligationLine] = []
    for inv in wanted[:most]:
        one = book.head.invoices[inv]
        creditor, debtor = identifier(one.creditor), identifier(one.debtor)
        lines.append(
            ObligationLine(
                creditor=creditor,
                cwho=member_name(desk, creditor),
                debtor=debtor,
                due=one.due,
                dwho=member_name(desk, debtor),
                inv=inv,
                owed=one.owed,
            )
        )
    more = wanted[most - 1] if 0 < most < len(wanted) else UNSET
    rooms = _rooms(desk, lines) if book.head.provisions else UNSET
    return Reply(200, CONTAINER_KIND, OBLIGATIONS.encode(Obligations(lines, more, rooms)))


def _rooms(desk: Desk, lines: list[ObligationLine]) -> Any:
    """Return what a pool may move at each member of some obligations."""
    accounts = sorted({account for one in lines for account in (one.debtor, one.creditor)})
    found = rooms_of(desk.ledger.book, accounts)
    return [RoomLine(account, *room) for account, room in found.items()]
