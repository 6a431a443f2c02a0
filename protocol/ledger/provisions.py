"""Rules: a member's consent that set-offs pay its debts out of its account (spec 0016)."""

from protocol.envelope import Opened
from protocol.ledger.book import Book
from protocol.ledger.changes import Changes, ProvisionSet, SequenceUsed
from protocol.ledger.invoices import author_slot
from protocol.ledger.refusals import Refusal
from protocol.messages.provisions import Provision


def decide_provision(book: Book, opened: Opened[Provision], at: int) -> Changes | Refusal:
    """Decide a provision: it takes the place of the one before, whatever is left of that."""
    author = author_slot(book, opened, at)
    if isinstance(author, Refusal):
        return author
    provision = opened.document
    if provision.unit != book.unit:
        return Refusal.WRONG_UNIT
    # Spec 0016: A provision MUST NOT have a lower number than its author has used.
    if provision.seq < book.accounts.seq[author]:
        return Refusal.PROVISION_OUTDATED
    # Spec 0016: A provision MUST replace the one before it.
    return ProvisionSet(author, provision.amt), SequenceUsed(author, provision.seq)
