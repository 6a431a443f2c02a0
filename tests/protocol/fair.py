"""Two cooperatives whose members invoice one another, and everything that is between the two."""

from typing import Any

from msgspec import UNSET

from protocol.envelope import document_id, open_any, open_sealed, seal
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.correspondents import check_offer
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import RELAYED, check_relay, is_ended_by, relay_verdict
from protocol.messages.orders import Leg, Order
from protocol.messages.peering import Offer
from protocol.messages.relaying import Acknowledgement, Relay
from tests.protocol.market import acceptance, invoice
from tests.protocol.town import AT, NET, ZERO, Cooperative, Member, connect


def far_invoice(creditor: Member, debtor: Member, amount: int, /, **changes: Any) -> bytes:
    """Return a sealed invoice to a member of another cooperative."""
    return invoice(creditor, debtor, amount, **{"coop": debtor.home.id} | changes)


def relay_of(sender: Cooperative, sealed: bytes, **changes: Any) -> Relay:
    """Return the relay of a document that stands in a book and is not acknowledged."""
    due = sender.book.head.under_way[open_any(sealed, LOGGED).id]
    state = sender.book.head.correspondents[due.correspondent]
    fields: dict[str, Any] = {
        "by": sender.id, "doc": sealed, "exp": AT, "iat": AT, "kev": 0, "net": NET,
        "prev": state.thead, "seq": due.number, "to": state.cooperative,
    }  # fmt: skip
    return Relay(**fields | changes)


def acknowledge(home: Cooperative, sealed_relay: bytes, **changes: Any) -> bytes:
    """Return the sealed acknowledgement of a relay, as the rules want it."""
    opened = open_sealed(sealed_relay, Relay)
    checked = check_relay(home.book, opened)
    assert not isinstance(checked, Refusal), checked
    slot, state, told = checked
    verdict = relay_verdict(home.book, slot, state.cooperative, told)
    why = int(verdict) if isinstance(verdict, Refusal) else 0
    right: dict[str, Any] = {"why": why, "ends": is_ended_by(told, verdict)}
    return acknowledge_as(home, sealed_relay, **right | changes)


def acknowledge_as(
    home: Cooperative, sealed_relay: bytes, why: int, ends: bool = False, **changes: Any
) -> bytes:
    """Return a sealed acknowledgement with a chosen verdict."""
    seq = open_sealed(sealed_relay, Relay).document.seq
    fields: dict[str, Any] = {
        "by": home.id, "ends": ends, "exp": AT, "iat": AT, "kev": 0, "net": NET,
        "relay": sealed_relay, "seq": seq, "why": why,
    }  # fmt: skip
    seeds = changes.pop("seeds", home.node)
    return seal(Acknowledgement(**fields | changes), *seeds)


class Direction:
    """What is under way from one cooperative to the other, in its order."""

    def __init__(self, sender: Cooperative, reader: Cooperative) -> None:
        self.sender, self.reader = sender, reader
        self.last = ZERO
        self.relays: list[bytes] = []
        self.told: list[bytes] = []
        self.offers: list[bytes] = []
        self.answers: list[bytes] = []

    def sends(self, sealed: bytes) -> Refusal | None:
        """Enter a member's document; what is due to the other side is on its way."""
        refusal = self.sender.submit(sealed)
        if refusal is not None:
            return refusal
        opened = open_any(sealed, LOGGED)
        if isinstance(opened.document, Order):
            self.offers.append(self.sender.offer(sealed, inv=opened.document.legs[0].inv))
        else:
            relay = relay_of(self.sender, sealed, prev=self.last)
            self.last = document_id(relay)
            self.relays.append(seal(relay, *self.sender.node))
        return None

    def tell(self) -> None:
        """Let the next relay arrive."""
        if self.relays:
            answer = acknowledge(self.reader, self.relays.pop(0))
            assert self.reader.submit(answer) is None
            self.told.append(answer)

    def hear(self) -> None:
        """Let the next acknowledgement arrive."""
        if self.told:
            assert self.sender.submit(self.told.pop(0)) is None

    def offer(self) -> bool:
        """Let the next offer arrive, unless it must wait; say whether it was answered."""
        if not self.offers:
            return False
        first = open_sealed(self.offers[0], Offer)
        if check_offer(self.reader.book, first) is Refusal.NOT_ACCEPTED:
            return False
        answer = self.reader.answer(self.offers.pop(0))
        assert self.reader.submit(answer) is None
        self.answers.append(answer)
        return True

    def answer(self) -> None:
        """Let the next answer arrive."""
        if self.answers:
            assert self.sender.submit(self.answers.pop(0)) is None

    def is_empty(self) -> bool:
        return not (self.relays or self.told or self.offers or self.answers)


class Fair:
    """Bretagne and Rhône, a line, two members each."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.here, self.there = Cooperative("bretagne"), Cooperative("rhone")
        connect(self.here, self.there, limit, limit)
        self.alice, self.ada = self.here.admit("alice"), self.here.admit("ada")
        self.bob, self.ben = self.there.admit("bob"), self.there.admit("ben")
        self.forth = Direction(self.here, self.there)
        self.back = Direction(self.there, self.here)

    def way_of(self, member: Member) -> Direction:
        """Return the direction in which a member's documents go."""
        return self.forth if member.home is self.here else self.back

    def sends(self, member: Member, sealed: bytes) -> Refusal | None:
        return self.way_of(member).sends(sealed)

    def settle(self) -> None:
        """Let everything arrive."""
        for _ in range(1_000):
            if self.forth.is_empty() and self.back.is_empty():
                return
            for way in (self.forth, self.back):
                way.tell()
                way.hear()
                way.offer()
                way.answer()
        raise AssertionError("something never arrives")

    def owe(self, debtor: Member, creditor: Member, amount: int) -> bytes:
        """Let an invoice be accepted, known to both books; return its identifier."""
        sealed = far_invoice(creditor, debtor, amount)
        assert self.sends(creditor, sealed) is None
        self.settle()
        inv = open_any(sealed, RELAYED).id
        assert self.sends(debtor, acceptance(debtor, inv)) is None
        self.settle()
        return inv


def far_pay(payer: Member, payee: Member, amount: int, inv: bytes = b"", **changes: Any) -> bytes:
    """Return a sealed order to a member of another cooperative."""
    leg = Leg(payee.account, amount, payee.home.id, inv or UNSET)
    return seal(payer.order(leg, **changes), *payer.seeds)


def between(book: Book) -> dict[bytes, tuple[Any, ...]]:
    """Return the invoices to and from other cooperatives, as both books must state them."""
    identifier = book.accounts.identifier
    found: dict[bytes, tuple[Any, ...]] = {}
    for inv, one in book.head.invoices.items():
        if not one.abroad:
            continue
        sides = {
            slot: one.abroad if slot in book.head.correspondents else identifier(slot)
            for slot in (one.creditor, one.debtor)
        }
        ending = sides.get(one.ending)
        creditor, debtor = sides[one.creditor], sides[one.debtor]
        found[inv] = (creditor, debtor, one.owed, one.due, one.accepted, ending)
    return found
