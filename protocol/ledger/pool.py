"""Rules: what a discharge that uses provisions does to balances (spec 0016); it only reads."""

from collections.abc import Mapping

from protocol.ledger.book import Book
from protocol.ledger.changes import Change, Posted, ProvisionSet
from protocol.ledger.refusals import Refusal


def leeway(book: Book, slot: int) -> tuple[int, int]:
    """Return what a set-off may move out of an account, and into it, minor units; never below 0.

    Args:
        book: The book.
        slot: Of a member or the cooperative itself.
    """
    accounts = book.accounts
    balance = accounts.balance[slot]
    # What is held or reserved has left the balance already, as an order sees it.
    free = balance + accounts.credit_limit[slot]
    out = min(book.head.provisions.get(slot, 0), free)
    return max(out, 0), max(accounts.ceiling[slot] - balance, 0)


def balances_moved(book: Book, net: Mapping[int, int]) -> tuple[list[Change], list[Refusal]]:
    """Return what the pool pays and takes, and what speaks against it.

    Args:
        book: The book as it is.
        net: For each account by how much its balance changes, minor units; the sum is 0.

    Returns:
        The postings with the provisions that are left, and the refusals of all accounts.
    """
    accounts, provisions = book.accounts, book.head.provisions
    moves = [(slot, amount) for slot, amount in sorted(net.items()) if amount]
    changes: list[Change] = [Posted(moves)] if moves else []
    refusals: list[Refusal] = []
    for slot, amount in moves:
        balance = accounts.balance[slot] + amount
        if amount > 0:
            # Spec 0016: A discharge MUST NOT move a balance above its ceiling.
            if balance > accounts.ceiling[slot]:
                refusals.append(Refusal.CEILING_EXCEEDED)
            continue
        # Spec 0016: A discharge MUST NOT move a balance below minus its credit limit.
        if balance < -accounts.credit_limit[slot]:
            refusals.append(Refusal.CREDIT_LIMIT_EXCEEDED)
        left = provisions.get(slot, 0) + amount
        # Spec 0016: A discharge MUST NOT move more out of an account than its provision.
        if left < 0:
            refusals.append(Refusal.PROVISION_EXCEEDED)
        changes.append(ProvisionSet(slot, left))
    return changes, refusals
