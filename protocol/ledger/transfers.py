"""The rule of a transfer order: one payer, 1 to 1,000 payees (spec 0006); it only reads."""

from msgspec import UNSET

from protocol.encoding import INT_MAX
from protocol.envelope import Opened
from protocol.ledger.accounts import HOLDERS
from protocol.ledger.authority import (
    SEQUENCE_AHEAD_MAX,
    SKEW_MAX_S,
    VALIDITY_MAX_S,
    check_author,
    check_sequence,
    check_validity,
)
from protocol.ledger.book import SUSPENSE_SLOT, Book
from protocol.ledger.changes import Change, Changes, OrderHeld, Posted, SequenceUsed
from protocol.ledger.far_payments import hold_invoice
from protocol.ledger.invoices import reductions
from protocol.ledger.refusals import Refusal
from protocol.messages.orders import Leg, Order


def decide_order(book: Book, opened: Opened[Order], at: int) -> Changes | Refusal:
    """Decide a transfer order.

    Args:
        book: The book as it is.
        opened: The order, its signatures verified.
        at: Second of the entry.

    Returns:
        The changes, or the first refusal in the order of the list.

    Source:
        Spec 0006, transfers.
    """
    order = opened.document
    signers = opened.signers
    accounts = book.accounts
    payer = accounts.find(order.by)
    if (
        payer < 0
        or accounts.role[payer] not in HOLDERS
        or order.net != book.net
        or order.home != book.cooperative
        or order.unit != book.unit
        or not order.iat - SKEW_MAX_S <= at <= order.exp
        or order.exp - order.iat > VALIDITY_MAX_S
        or len(signers) != 1
        or accounts.kev[payer] != order.kev
        or accounts.key[payer << 5 : (payer << 5) + 32] != signers[0]
        or not 0 < order.seq - accounts.seq[payer] <= SEQUENCE_AHEAD_MAX
    ):
        # Something is out of the ordinary: several keys, an older number; or something is wrong,
        # and the list says what comes first.
        refusal = _first_wrong(book, payer, opened, at)
        if refusal is not None:
            return refusal
    if order.legs[0].coop is not UNSET:
        return _decide_foreign(book, payer, opened)
    return _decide_legs(book, payer, order)


def _first_wrong(book: Book, payer: int, opened: Opened[Order], at: int) -> Refusal | None:
    """Return what is wrong with an order apart from its legs, in the order of the list."""
    order = opened.document
    if order.net == book.net and order.home != book.cooperative:
        return Refusal.WRONG_COOPERATIVE
    refusal = check_validity(book.net, order, at)
    if refusal is not None:
        return refusal
    # Spec 0006: The payer of an order MUST be a member or the cooperative itself.
    if payer < 0 or book.accounts.role[payer] not in HOLDERS:
        return Refusal.AUTHOR_UNKNOWN
    refusal = check_author(book, payer, order.kev, opened.signers)
    refusal = refusal or check_sequence(book, payer, order.seq)
    if refusal is None and order.unit != book.unit:
        return Refusal.WRONG_UNIT
    return refusal


def _decide_legs(book: Book, payer: int, order: Order) -> Changes | Refusal:
    accounts = book.accounts
    find, role, balance, ceiling = accounts.find, accounts.role, accounts.balance, accounts.ceiling
    moves = [(payer, 0)]
    total = 0
    full = paying_off = False
    for leg in order.legs:
        # Spec 0006: An order to a member of another cooperative MUST have exactly one leg.
        if leg.coop is not UNSET:
            return Refusal.FOREIGN_LEG_NOT_ALONE
        if leg.inv is not UNSET:
            paying_off = True
        slot = find(leg.acct)
        if slot < 0 or role[slot] not in HOLDERS:
            return _first_refusal(book, order.legs)
        if slot == payer:
            return _first_refusal(book, order.legs)
        amount = leg.amt
        total += amount
        moves.append((slot, amount))
        # Spec 0006: The payee's balance after the transfer MUST NOT be above its ceiling.
        if balance[slot] + amount > ceiling[slot]:
            full = True
    # Spec 0006: The payer's balance after the transfer MUST NOT be below minus its credit limit.
    if balance[payer] - total < -accounts.credit_limit[payer]:
        return Refusal.CREDIT_LIMIT_EXCEEDED
    moves[0] = (payer, -total)
    if len(moves) > 2:
        moves = _merged(moves)
        full = any(balance[slot] + amount > ceiling[slot] for slot, amount in moves[1:])
    if full:
        return Refusal.CEILING_EXCEEDED
    if paying_off:
        reduced = reductions(book, payer, order.legs)
        if isinstance(reduced, Refusal):
            return reduced
        return Posted(moves), SequenceUsed(payer, order.seq), *reduced
    return Posted(moves), SequenceUsed(payer, order.seq)


def _first_refusal(book: Book, legs: list[Leg]) -> Refusal:
    """Return the first refusal in the order of the list, whichever leg it is about."""
    if any(leg.coop is not UNSET for leg in legs):
        return Refusal.FOREIGN_LEG_NOT_ALONE
    slots = [book.accounts.find(leg.acct) for leg in legs]
    if any(slot < 0 or book.accounts.role[slot] not in HOLDERS for slot in slots):
        return Refusal.PAYEE_UNKNOWN
    return Refusal.PAYEE_IS_PAYER


def _merged(moves: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return one move for each account: a payee may stand in several legs."""
    total: dict[int, int] = {}
    for slot, amount in moves:
        total[slot] = total.get(slot, 0) + amount
    return moves if len(total) == len(moves) else list(total.items())


def _decide_foreign(book: Book, payer: int, opened: Opened[Order]) -> Changes | Refusal:
    order = opened.document
    leg: Leg = order.legs[0]
    if len(order.legs) > 1:
        return Refusal.FOREIGN_LEG_NOT_ALONE
    assert leg.coop is not UNSET
    line = book.correspondent(leg.coop)
    if line is None:
        return Refusal.LINE_UNKNOWN
    slot, state = line
    accounts = book.accounts
    if accounts.balance[payer] - leg.amt < -accounts.credit_limit[payer]:
        return Refusal.CREDIT_LIMIT_EXCEEDED
    # Spec 0012: The payer's node MUST count every order that it holds as if it were already
    # accepted.
    if accounts.balance[slot] + state.up + leg.amt > min(accounts.ceiling[slot], INT_MAX):
        return Refusal.LINE_LIMIT_EXCEEDED
    # All that is held at once stays within what one account can state.
    if accounts.balance[SUSPENSE_SLOT] + leg.amt > INT_MAX:
        return Refusal.CEILING_EXCEEDED
    inv = b"" if leg.inv is UNSET else leg.inv
    changes: tuple[Change, ...] = (
        Posted([(payer, -leg.amt), (SUSPENSE_SLOT, leg.amt)]),
        SequenceUsed(payer, order.seq),
        OrderHeld(opened.id, payer, slot, leg.acct, leg.amt, inv),
    )
    if not inv:
        return changes
    held = hold_invoice(book, payer, slot, leg)
    return held if isinstance(held, Refusal) else (*changes, held)
