"""A cooperative of n members and its signed orders, made fast and the same at every run.

Members stand in the first snapshot instead of the log, so that 100,000 of them cost a second and
not 100,000 admissions; orders are signed whole, as a wallet signs them.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from nacl import bindings

from node.founding import found_cooperative, network_of
from node.snapshot import save
from node.startup import catch_up
from node.store.database import DATABASE_NAME, open_database
from protocol.envelope import (
    ENVELOPE,
    Envelope,
    SignatureLine,
    open_any,
    pre_authentication,
)
from protocol.kinds import SHAPES, TYPE_OF
from protocol.ledger.accounts import KeyState, Role
from protocol.ledger.authority import next_key_digest
from protocol.ledger.changes import AccountOpened
from protocol.messages.orders import Leg, Order
from protocol.signatures import public_key_of
from tests.bench.reference import Signed

LIMIT = 10**12
UNIT = "EUR"
VALID_S = 30 * 86_400
NETWORK = network_of("bench")
_ORDER = TYPE_OF[Order]
_PARTS = 2


def seed_of(number: int) -> bytes:
    """Return the seed of a member's key."""
    return sha256(b"ronde bench member %d" % number).digest()


def account_of(number: int) -> bytes:
    """Return a member's account; in a snapshot it need not come from an inception."""
    return sha256(b"ronde bench account %d" % number).digest()[:16]


def key_of_nobody(number: int) -> bytes:
    """Return 32 bytes that stand for a member's key where nothing is signed."""
    return sha256(b"ronde bench nobody %d" % number).digest()


def in_parts(make: Callable[..., list[bytes]], count: int, *fixed: object) -> list[bytes]:
    """Return make(first, end, *fixed) over 0 … count, in two processes, in order."""
    if count < 2_000:
        return make(0, count, *fixed)
    step = -(-count // (4 * _PARTS))
    starts = range(0, count, step)
    with ProcessPoolExecutor(_PARTS, mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(make, at, min(at + step, count), *fixed) for at in starts]
        return [piece for run in runs for piece in run.result()]


def secret_keys(first: int, end: int) -> list[bytes]:
    """Return libsodium secret keys (seed and public key) of members."""
    make = bindings.crypto_sign_seed_keypair
    return [make(seed_of(number))[1] for number in range(first, end)]


def seal_with(order: Order, secret_key: bytes) -> bytes:
    """Seal an order with a key at hand; the same bytes as `protocol.envelope.seal`."""
    payload = SHAPES[_ORDER].encode(order)
    signature = bindings.crypto_sign(pre_authentication(_ORDER, payload), secret_key)[:64]
    line = SignatureLine(a=1, k=secret_key[32:], s=signature)
    return ENVELOPE.encode(Envelope(p=payload, s=[line], t=_ORDER))


@dataclass(frozen=True)
class Plan:
    """Who pays whom: order i is of member i mod n, to `legs` others.

    Attributes:
        home: The cooperative, 32 bytes.
        members: n.
        now_s: Second of signing.
        legs: Payees of an order.
        fake: Whether signatures are random bytes, for a start that does not verify them again.
    """

    home: bytes
    members: int
    now_s: int
    legs: int = 1
    fake: bool = False

    def order(self, number: int, account: Callable[[int], bytes] = account_of) -> Order:
        """Return order number i."""
        payer = number % self.members
        legs = []
        for leg in range(self.legs):
            step = 1 + (number * 7_919 + leg * 104_729) % (self.members - 1)
            legs.append(Leg(account((payer + step) % self.members), 1 + (number + leg) % 97))
        return Order(
            by=account(payer), exp=self.now_s + VALID_S, home=self.home, iat=self.now_s, kev=0,
            legs=legs, net=NETWORK, seq=number // self.members + 1, unit=UNIT,
        )  # fmt: skip


def sealed_orders(first: int, end: int, plan: Plan) -> list[bytes]:
    """Return orders first … end − 1 of a plan, sealed."""
    found = []
    keys: dict[int, bytes] = {}
    for number in range(first, end):
        payer = number % plan.members
        if plan.fake:
            payload = SHAPES[_ORDER].encode(plan.order(number))
            line = SignatureLine(a=1, k=key_of_nobody(payer), s=os.urandom(64))
            found.append(ENVELOPE.encode(Envelope(p=payload, s=[line], t=_ORDER)))
            continue
        secret = keys.get(payer)
        if secret is None:
            secret = keys[payer] = bindings.crypto_sign_seed_keypair(seed_of(payer))[1]
        found.append(seal_with(plan.order(number), secret))
    return found


def samples(sealed: list[bytes], count: int = 2_000) -> list[Signed]:
    """Return (key, signed bytes, signature) of documents, for the bare loop."""
    found = []
    for document in sealed[:count]:
        envelope = ENVELOPE.decode(document)
        line = envelope.s[0]
        found.append((line.k, pre_authentication(envelope.t, envelope.p), line.s))
    return found


class World:
    """A node's folder with members in its snapshot, and a pool of signed orders.

    Args:
        folder: Where the node's folder is made; absent.
        members: How many.
        now_s: Second of the founding and of the orders.
        random_keys: Give members keys that nobody holds; for cases without orders.
    """

    def __init__(
        self, folder: Path, members: int, now_s: int, *, random_keys: bool = False
    ) -> None:
        self.folder = folder
        self.members = members
        self.now_s = now_s
        officer = public_key_of(sha256(b"ronde bench officer").digest())
        self.home = found_cooperative(
            folder, name="Bench", url="http://127.0.0.1:8480", unit=UNIT, decimals=2,
            credit_limit=LIMIT, ceiling=LIMIT, officers=[officer], officers_needed=1,
            network=NETWORK, auditors=[], now_s=now_s,
        )  # fmt: skip
        if random_keys:
            self.keys = [key_of_nobody(number) for number in range(members)]
        else:
            self.keys = [key[32:] for key in in_parts(secret_keys, members)]
        self._write_snapshot()

    def _write_snapshot(self) -> None:
        connection = open_database(self.folder / DATABASE_NAME)
        book, tree, trail = catch_up(connection, None)
        connection.close()
        following = next_key_digest(bytes(32))
        for number, key in enumerate(self.keys):
            state = KeyState(0, [key], 1, [following], 1)
            account = account_of(number)
            book.apply((AccountOpened(account, Role.MEMBER, LIMIT, LIMIT, state),), book.head.at)
        trail.reach(len(book.accounts))
        save(self.folder, book, tree, trail)

    def plan(self, legs: int = 1, *, fake: bool = False) -> Plan:
        """Return the plan of this world's orders."""
        return Plan(self.home, self.members, self.now_s, legs, fake)

    def orders(self, count: int, legs: int = 1, *, fake: bool = False) -> list[bytes]:
        """Return `count` sealed orders; the first one is checked like a stranger's."""
        plan = self.plan(legs, fake=fake)
        found = in_parts(sealed_orders, count, plan)
        if not fake:
            open_any(found[0], frozenset((_ORDER,)))
        return found


def write_records(path: Path, records: list[bytes]) -> None:
    """Write records, each after its length in 4 bytes."""
    with path.open("wb") as file:
        for record in records:
            file.write(len(record).to_bytes(4, "big"))
            file.write(record)


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file that `write_records` wrote."""
    with path.open("rb") as file:
        while head := file.read(4):
            yield file.read(int.from_bytes(head, "big"))
