"""A small federation for tests: cooperatives with keys, members, books and logs."""

from hashlib import sha256
from typing import Any, Final

import msgspec

from protocol.envelope import Opened, document_id, open_any, open_sealed, seal
from protocol.kinds import LOGGED
from protocol.ledger.authority import next_key_digest
from protocol.ledger.book import Book
from protocol.ledger.correspondents import check_offer, offer_verdict
from protocol.ledger.decide import enter
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Admission, Charter, CreditLine, LimitChange
from protocol.messages.keyevents import Inception, Revocation, Rotation
from protocol.messages.orders import Leg, Order
from protocol.messages.peering import Answer, Offer
from protocol.shapes import Document
from protocol.signatures import public_key_of

AT: Final = 1_763_800_000
NET: Final = sha256(b"a network of tests").digest()
UNIT: Final = "SEL"
ZERO: Final = bytes(32)
DATED: Final[dict[str, Any]] = {"net": NET, "iat": AT, "exp": AT + 600}


def seed_of(name: str) -> bytes:
    """Return the seed of a key that a test names."""
    return sha256(b"seed of " + name.encode()).digest()


def seeds_of(*names: str) -> list[bytes]:
    """Return seeds in increasing order of their public keys."""
    return sorted(map(seed_of, names), key=public_key_of)


def keys_of(*names: str) -> list[bytes]:
    """Return public keys in increasing order."""
    return [public_key_of(seed) for seed in seeds_of(*names)]


def digests_of(*names: str) -> list[bytes]:
    """Return what an event says of its next keys, in increasing order."""
    return sorted(next_key_digest(key) for key in keys_of(*names))


class Member:
    """A member with one key or several: `alice/0` is the first key of event 0 of alice."""

    def __init__(self, name: str, home: "Cooperative", keys: int = 1, thr: int = 1) -> None:
        self.name = name
        self.home = home
        self.count = keys
        self.kev = 0
        self.seq = 0
        self.event = Inception(
            kev=0, keys=keys_of(*self.names(0)), next=digests_of(*self.names(1)),
            nonce=sha256(name.encode()).digest()[:16], nthr=thr, seq=0, thr=thr, **DATED,
        )  # fmt: skip
        self.account = document_id(self.event)[:16]

    def names(self, kev: int) -> list[str]:
        """Return the names of the keys of one key event."""
        return [f"{self.name}/{kev}/{place}" for place in range(self.count)]

    @property
    def seeds(self) -> list[bytes]:
        """Seeds of the current keys."""
        return seeds_of(*self.names(self.kev))

    @property
    def balance(self) -> int:
        """Balance at home."""
        accounts = self.home.book.accounts
        return accounts.balance[accounts.find(self.account)]

    def order(self, *legs: Leg, **changes: Any) -> Order:
        """Return the next order."""
        self.seq += 1
        fields: dict[str, Any] = {"by": self.account, "home": self.home.id, "kev": self.kev}
        fields |= DATED | {"seq": self.seq, "unit": UNIT, "legs": list(legs)}
        return Order(**fields | changes)

    def pay(self, *payees: tuple["Member", int], **changes: Any) -> bytes:
        """Return a sealed order to members of any cooperative."""
        legs = [
            Leg(payee.account, amount, msgspec.UNSET if payee.home is self.home else payee.home.id)
            for payee, amount in payees
        ]
        return seal(self.order(*legs, **changes), *self.seeds)

    def rotation(self, **changes: Any) -> Rotation:
        """Return the rotation to the keys announced before."""
        self.seq += 1
        kev = self.kev + 1
        fields: dict[str, Any] = {"by": self.account, "kev": kev, "seq": self.seq, **DATED}
        fields |= {"keys": keys_of(*self.names(kev)), "next": digests_of(*self.names(kev + 1))}
        return Rotation(**fields | {"thr": self.event.thr, "nthr": self.event.nthr} | changes)

    def revocation(self, **changes: Any) -> Revocation:
        """Return the revocation of the current keys."""
        self.seq += 1
        fields: dict[str, Any] = {"by": self.account, "kev": self.kev, "seq": self.seq, **DATED}
        return Revocation(**fields | changes)


class Cooperative:
    """A cooperative with two node keys of which one signs, and three officers of whom two sign."""

    def __init__(self, name: str, **changes: Any) -> None:
        self.name = name
        self.node = seeds_of(f"{name}/node/0")
        self.officers = seeds_of(*[f"{name}/officer/{place}" for place in range(3)])
        fields: dict[str, Any] = {
            "ceil": 1_000_000, "climit": 1_000_000, "dec": 2, "kev": 0, "seq": 0, "name": name,
            "keys": keys_of(f"{name}/node/0"), "next": digests_of(f"{name}/node/1"),
            "log": keys_of(f"{name}/log")[0], "thr": 1, "nthr": 1, "origin": f"{name}.example/log",
            "officers": keys_of(*[f"{name}/officer/{place}" for place in range(3)]), "othr": 2,
            "unit": UNIT, **DATED,
        }  # fmt: skip
        self.charter = Charter(**fields | changes)
        self.sealed = seal(self.charter, *self.node)
        self.id = document_id(self.charter)
        book = found(open_sealed(self.sealed, Charter), AT)
        assert isinstance(book, Book), book
        self.book = book
        self.log = [(AT, self.sealed)]
        self.seq = 0
        self.offers: dict[bytes, list[bytes]] = {}

    def submit(self, sealed: bytes, at: int = AT) -> Refusal | None:
        """Enter a sealed document in book and log, or say why not."""
        refusal = enter(self.book, open_any(sealed, LOGGED), max(at, self.book.head.at))
        if refusal is None:
            self.log.append((self.book.head.at, sealed))
        return refusal

    def decision(self, **changes: Any) -> dict[str, Any]:
        """Return the fields that all decisions of officers share."""
        self.seq += 1
        return {"by": self.id, "kev": 0, "seq": self.seq, **DATED} | changes

    def admission(self, member: Member, climit: int, ceil: int, **changes: Any) -> Admission:
        """Return the admission of a member."""
        event = seal(member.event, *seeds_of(*member.names(0)))
        fields = self.decision(ceil=ceil, climit=climit, event=event)
        return Admission(**fields | changes)

    def admit(
        self, name: str, climit: int = 100_000, ceil: int = 100_000, keys: int = 1, thr: int = 1
    ) -> Member:
        """Admit a member and return it."""
        member = Member(name, self, keys, thr)
        sealed = seal(self.admission(member, climit, ceil), *self.officers[:2])
        assert self.submit(sealed) is None
        return member

    def limits(self, account: bytes, climit: int, ceil: int, **changes: Any) -> LimitChange:
        """Return a decision on an account's limits."""
        fields = self.decision(acct=account, ceil=ceil, climit=climit)
        return LimitChange(**fields | changes)

    def balance_of(self, other: "Cooperative") -> int:
        """Return the balance of another cooperative's account."""
        found_line = self.book.correspondent(other.id)
        assert found_line is not None
        return self.book.accounts.balance[found_line[0]]

    def offer(self, sealed_order: bytes, **changes: Any) -> bytes:
        """Return the sealed offer for an order that this cooperative holds."""
        opened: Opened[Order] = open_sealed(sealed_order, Order)
        leg = opened.document.legs[0]
        assert isinstance(leg.coop, bytes)
        sent = self.offers.setdefault(leg.coop, [])
        prev = open_sealed(sent[-1], Offer).id if sent else ZERO
        fields: dict[str, Any] = {
            "acct": leg.acct, "amt": leg.amt, "by": self.id, "kev": 0, "order": opened.id,
            "prev": prev, "seq": len(sent) + 1, "to": leg.coop, "unit": UNIT, **DATED,
        }  # fmt: skip
        sealed = seal(Offer(**fields | changes), *self.node)
        sent.append(sealed)
        return sealed

    def answer(self, sealed_offer: bytes, at: int = AT, **changes: Any) -> bytes:
        """Return the sealed answer to an offer, as the rules want it."""
        opened = open_sealed(sealed_offer, Offer)
        line = check_offer(self.book, opened)
        assert not isinstance(line, Refusal), line
        why = offer_verdict(self.book, line[0], opened.document, at) or 0
        return self.answer_as(sealed_offer, why, at, **changes)

    def answer_as(self, sealed_offer: bytes, why: int, at: int = AT, **changes: Any) -> bytes:
        """Return a sealed answer with a chosen verdict."""
        seq = open_sealed(sealed_offer, Offer).document.seq
        fields: dict[str, Any] = {"by": self.id, "exp": at, "iat": at, "kev": 0, "net": NET}
        fields |= {"offer": sealed_offer, "seq": seq, "why": int(why)}
        return seal(Answer(**fields | changes), *self.node)


def line_between(
    one: Cooperative, two: Cooperative, one_limit: int, two_limit: int, **changes: Any
) -> CreditLine:
    """Return a credit line: how far each may be in debit towards the other."""
    (a, alimit), (b, blimit) = sorted(
        [(one, one_limit), (two, two_limit)], key=lambda side: side[0].id
    )
    fields: dict[str, Any] = {
        "a": a.id, "achart": a.sealed, "alimit": alimit, "b": b.id, "bchart": b.sealed,
        "blimit": blimit, "by": a.id, "kev": 0, "seq": 1, **DATED,
    }  # fmt: skip
    return CreditLine(**fields | changes)


def connect(one: Cooperative, two: Cooperative, one_limit: int, two_limit: int) -> None:
    """Open a credit line in both books."""
    line = line_between(one, two, one_limit, two_limit)
    sealed = seal(line, *one.officers[:2], *two.officers[:2])
    assert one.submit(sealed) is None
    assert two.submit(sealed) is None


def changed(document: Document, **changes: Any) -> Document:
    """Return the document with other values in some fields."""
    return msgspec.structs.replace(document, **changes)


def replayed(log: list[tuple[int, bytes]]) -> Book:
    """Return the book of a log, entered again from its first entry."""
    book = found(open_sealed(log[0][1], Charter), log[0][0])
    assert isinstance(book, Book)
    for at, sealed in log[1:]:
        assert enter(book, open_any(sealed, LOGGED), at) is None
    return book
