"""Invoices that go abroad: tell the neighbours what our members signed of them (spec 0017).

A relay is repeated, the same bytes, until its signed acknowledgement has come.
"""

from typing import Any, Final

from msgspec import UNSET

from node.drivers.offers import Courier, Freight, label
from node.ledger import Maker
from protocol.envelope import Opened, open_any, seal_opened
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import RELAYED, check_relay, is_ended_by, relay_verdict
from protocol.messages.invoices import Invoice
from protocol.messages.relaying import Acknowledgement, Relay
from protocol.messages.wire import Submission

RELAYS: Final = Freight(
    path="/relays",
    waiting="SELECT extra FROM relays WHERE cooperative=? AND answer IS NULL ORDER BY seq LIMIT ?",
    known="SELECT e.sealed FROM heard h JOIN entries e USING (idx) "
    "WHERE h.cooperative=? AND h.seq=?",
    paper=Relay,
    answer=Acknowledgement,
    inside="relay",
)


class Teller(Courier):
    """Carries relays to the neighbours, one lane each, and acknowledges theirs."""

    freight = RELAYS

    def _label(self, opened: Opened[Any], submission: Submission) -> Submission:
        told = open_any(opened.document.doc, RELAYED).document
        return label(told.what if isinstance(told, Invoice) else UNSET, submission)

    def _maker(self, opened: Opened[Any]) -> Maker:
        seed = self._desk.ledger.keys.document

        def make(book: Book, at: int) -> Opened[Any] | Refusal:
            checked = check_relay(book, opened)
            if isinstance(checked, Refusal):
                return checked
            slot, state, told = checked
            verdict = relay_verdict(book, slot, state.cooperative, told)
            answer = Acknowledgement(
                by=book.cooperative,
                ends=is_ended_by(told, verdict),
                exp=at,
                iat=at,
                kev=book.accounts.kev[COOPERATIVE_SLOT],
                net=book.net,
                relay=opened.sealed,
                seq=opened.document.seq,
                why=int(verdict) if isinstance(verdict, Refusal) else 0,
            )
            return seal_opened(answer, seed)

        return make
