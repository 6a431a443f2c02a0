"""The invoices of a book that are not settled yet, and whose they are (spec 0016).

Only what is open is kept: a settled or cancelled invoice leaves nothing but its entries in the log.
"""

from collections.abc import Iterable

import msgspec

from protocol.blinding import obligation_ref


class OpenInvoice(msgspec.Struct, gc=False):
    """An invoice that may still be accepted, paid, set off or cancelled.

    Attributes:
        creditor: Slot of who is owed, or of the cooperative of who is owed.
        debtor: Slot of who owes, or of the cooperative of who owes.
        owed: Minor units still owed, or asked for while it is not accepted; at least 1.
        due: Second at which it is due.
        accepted: Whether the debtor has accepted it: only then is it an obligation.
        ending: Slot of the one side that has cancelled it and waits for the other, or −1.
        abroad: The account of the side at another cooperative (spec 0017), 16 bytes; else empty.
        held: How much of `owed` is on its way to the other cooperative, minor units.
        reserved: Minor units reserved by consents to joint cycles (spec 0018).
    """

    creditor: int
    debtor: int
    owed: int
    due: int
    accepted: bool = False
    ending: int = -1
    abroad: bytes = b""
    held: int = 0
    reserved: int = 0

    @property
    def free(self) -> int:
        """What is owed, not on its way and not reserved, minor units."""
        return self.owed - self.held - self.reserved


class InvoiceIndex:
    """The open invoices of each account, found without a walk over all of them.

    Args:
        invoices: The open invoices by identifier, which the book writes and this room follows.
    """

    def __init__(self, invoices: dict[bytes, OpenInvoice]) -> None:
        self._invoices = invoices
        # Dicts instead of sets: their order is that of the entries, never that of a hash.
        self._of: dict[int, dict[bytes, None]] = {}
        self._waiting: dict[int, int] = {}
        # References of the one round that was asked for last; what has gone is left in there.
        self._deadline = -1
        self._refs: dict[bytes, bytes] = {}
        for identifier, invoice in invoices.items():
            self._note(identifier, invoice)
            if not invoice.accepted:
                self._count(invoice.creditor, 1)

    def _note(self, identifier: bytes, invoice: OpenInvoice) -> None:
        for slot in (invoice.creditor, invoice.debtor):
            self._of.setdefault(slot, {})[identifier] = None

    def _count(self, creditor: int, change: int) -> None:
        left = self._waiting.get(creditor, 0) + change
        if left:
            self._waiting[creditor] = left
        else:
            del self._waiting[creditor]

    def waiting(self, creditor: int) -> int:
        """Return how many invoices of a creditor nobody has accepted yet."""
        return self._waiting.get(creditor, 0)

    def of(self, slot: int) -> Iterable[bytes]:
        """Return the identifiers of an account's open invoices, as debtor and as creditor."""
        return self._of.get(slot, {}).keys()

    def issue(self, identifier: bytes, invoice: OpenInvoice) -> None:
        """Add an invoice that nobody has accepted yet."""
        self._invoices[identifier] = invoice
        self._note(identifier, invoice)
        self._count(invoice.creditor, 1)
        if self._deadline >= 0:
            self._refs[obligation_ref(self._deadline, identifier)] = identifier

    def named(self, deadline: int, reference: bytes) -> bytes:
        """Return the open invoice that has a reference in a round (spec 0018); empty when none."""
        if deadline != self._deadline:
            self._deadline = deadline
            self._refs = {obligation_ref(deadline, one): one for one in self._invoices}
        found = self._refs.get(reference, b"")
        return found if found in self._invoices else b""

    def reserve(self, identifier: bytes, amount: int) -> None:
        """Reserve a part of an obligation, or end a reservation with a negative amount.

        An obligation that both sides have cancelled at the other cooperative is gone here, whatever
        was reserved of it.
        """
        invoice = self._invoices.get(identifier)
        if invoice is not None:
            invoice.reserved += amount
            assert invoice.accepted
            assert invoice.reserved >= 0
            assert invoice.free >= 0

    def accept(self, identifier: bytes) -> None:
        """Turn an invoice into an obligation."""
        invoice = self._invoices[identifier]
        assert not invoice.accepted
        invoice.accepted = True
        self._count(invoice.creditor, -1)

    def reduce(self, identifier: bytes, amount: int) -> None:
        """Let an obligation fall; at 0 it is gone."""
        invoice = self._invoices[identifier]
        # Spec 0016: An obligation MUST NOT fall below 0.
        assert invoice.accepted
        assert 1 <= amount <= invoice.free
        invoice.owed -= amount
        if invoice.owed == 0:
            self.end(identifier)

    def hold(self, identifier: bytes, amount: int) -> None:
        """Note that a part of an obligation is on its way, or with a minus that it no longer is."""
        invoice = self._invoices[identifier]
        invoice.held += amount
        # Spec 0017: What is on its way MUST NOT exceed what is owed.
        assert invoice.accepted
        assert invoice.held >= 0
        assert invoice.free >= 0

    def end(self, identifier: bytes) -> None:
        """Forget an invoice."""
        invoice = self._invoices.pop(identifier)
        if not invoice.accepted:
            self._count(invoice.creditor, -1)
        for slot in (invoice.creditor, invoice.debtor):
            mine = self._of[slot]
            del mine[identifier]
            if not mine:
                del self._of[slot]
