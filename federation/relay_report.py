"""What an auditor keeps of invoices between cooperatives: enough to hold two logs together.

Source: spec 0017, audit.
"""

from typing import NamedTuple

import msgspec
from msgspec import UNSET

from protocol.envelope import Opened, reopen_verified
from protocol.ledger.book import Book
from protocol.messages.invoices import Acceptance, Cancellation, Invoice
from protocol.messages.peering import Answer, Offer
from protocol.messages.relaying import Acknowledgement, Relay


class Terms(NamedTuple):
    """An invoice as both books must state it.

    Attributes:
        creditor: Account, 16 bytes.
        debtor: Account, 16 bytes.
        owed: Minor units.
        due: Second at which it is due.
        accepted: Whether it is an obligation.
        ending: Account of the side that has cancelled it, or empty.
    """

    creditor: bytes
    debtor: bytes
    owed: int
    due: int
    accepted: bool
    ending: bytes


class Due(NamedTuple):
    """A document that a log must relay: index, identifier, invoice that it is about."""

    place: int
    document: bytes
    invoice: bytes


class Told(NamedTuple):
    """An acknowledgement in a log: index, identifier, its date; the document, and its invoice."""

    place: int
    id: bytes
    date: int
    document: bytes
    invoice: bytes


class FarSide(msgspec.Struct):
    """What one log says of invoices with another cooperative.

    Attributes:
        due: Documents of its own members, in the order of the log.
        given: Its acknowledgements of the other's relays.
        received: The other's acknowledgements of its own.
        paying: The invoice that each answer is about, by the answer's identifier.
        standing: The invoices that are open at the end of the log.
        cuts: Deadline of the round in which one of them was set off, by the identifier of the joint
            cycle and the invoice's reference there (spec 0018).
    """

    due: list[Due] = []
    given: list[Told] = []
    received: list[Told] = []
    paying: dict[bytes, bytes] = {}
    standing: dict[bytes, Terms] = {}
    cuts: dict[tuple[bytes, bytes], int] = {}


class FarLedger(msgspec.Struct):
    """Everything of one log that is about invoices with other cooperatives.

    Attributes:
        sides: By the other cooperative's identifier.
        peers: The other cooperative of each invoice, open or gone.
    """

    sides: dict[bytes, FarSide] = {}
    peers: dict[bytes, bytes] = {}

    def side(self, peer: bytes) -> FarSide:
        """Return what the log says of another cooperative, to be added to."""
        return self.sides.setdefault(peer, FarSide())

    def keep_invoice(self, place: int, opened: Opened[Invoice]) -> None:
        """Keep an invoice of our own member, when it goes abroad."""
        peer = opened.document.coop
        if peer is not UNSET:
            self.peers[opened.id] = peer
            self.side(peer).due.append(Due(place, opened.id, opened.id))

    def keep_word(self, place: int, opened: Opened[Acceptance] | Opened[Cancellation]) -> None:
        """Keep what our own member says of an invoice with another cooperative."""
        inv = opened.document.inv
        peer = self.peers.get(inv)
        if peer is not None:
            self.side(peer).due.append(Due(place, opened.id, inv))

    def keep_acknowledgement(
        self, own: bytes, place: int, opened: Opened[Acknowledgement]
    ) -> tuple[bytes, bytes]:
        """Keep an acknowledgement; return the sealed relay and the sealed document inside."""
        answer = opened.document
        relay: Relay = reopen_verified(answer.relay).document
        inside = reopen_verified(relay.doc)
        is_invoice = isinstance(inside.document, Invoice)
        inv = inside.id if is_invoice else inside.document.inv
        told = Told(place, opened.id, answer.iat, inside.id, inv)
        if answer.by == own:
            self.side(relay.by).given.append(told)
            if is_invoice and answer.why == 0:
                self.peers[inv] = relay.by
        else:
            self.side(answer.by).received.append(told)
        return answer.relay, relay.doc

    def keep_answer(self, peer: bytes, opened: Opened[Answer], offer: Offer) -> None:
        """Keep that an answer is about an invoice."""
        if offer.inv is not UNSET:
            self.side(peer).paying[opened.id] = offer.inv

    def stand(self, book: Book) -> None:
        """Keep what is open at the end of the log."""
        identifier = book.accounts.identifier
        for inv, one in book.head.invoices.items():
            if not one.abroad:
                continue
            far = one.creditor if one.creditor in book.head.correspondents else one.debtor
            names = {
                slot: one.abroad if slot == far else identifier(slot)
                for slot in (one.creditor, one.debtor)
            }
            ending = names.get(one.ending, b"")
            peer = book.head.correspondents[far].cooperative
            self.side(peer).standing[inv] = Terms(
                names[one.creditor], names[one.debtor], one.owed, one.due, one.accepted, ending
            )
