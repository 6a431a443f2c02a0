"""Clients under load: they keep every receipt, and send again what was not answered."""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from protocol.envelope import seal
from protocol.log.receipts import Receipt
from protocol.messages.orders import Leg, purpose_digest
from protocol.messages.wire import BATCH, BATCH_RESULT, SUBMISSION, Batch, Submission, receipts
from tests.conformance.storm import PATIENCE_S, Lost, Member, Place, Wire


@dataclass
class Rider:
    """One client: it sends, keeps receipts, and sends again what was not answered."""

    place: Place
    members: list[Member]
    payees: list[Leg]
    dice: random.Random
    most: int
    pool: list[Submission] = field(default_factory=list)
    waiting: list[Submission] = field(default_factory=list)
    kept: dict[bytes, tuple[Submission, Receipt]] = field(default_factory=dict)
    fresh: list[bytes] = field(default_factory=list)
    wrong: list[object] = field(default_factory=list)

    def sign(self, count: int) -> None:
        """Sign orders in advance, until so many wait in the pool."""
        while len(self.pool) < count:
            payer = self.dice.choice(self.members)
            legs = self.dice.sample(self.payees, self.dice.choice([1, 1, 2, 3]))
            if legs[0].coop is not msgspec.UNSET:
                legs = legs[:1]
            legs = [msgspec.structs.replace(leg, amt=self.dice.randint(1, 97)) for leg in legs
                    if leg.acct != payer.account]  # fmt: skip
            if not legs:
                continue
            salt, text = self.dice.randbytes(32), f"panier {len(self.kept)}"
            if self.dice.random() < 0.2:
                order = self.place.order(payer, *legs, what=purpose_digest(salt, text))
                extra: dict[str, Any] = {"salt": salt, "text": text}
            else:
                order, extra = self.place.order(payer, *legs), {}
            self.pool.append(Submission(doc=seal(order, payer.seed), **extra))

    def draw(self) -> list[Submission]:
        """Return what is sent next: unanswered first, then new, then what was sent before."""
        if self.waiting:
            return self.waiting
        count = min(len(self.pool), self.dice.randint(1, self.most))
        if count:
            drawn, self.pool[:count] = self.pool[:count], []
            return drawn
        return [self.kept[self.dice.choice(self.fresh)][0]] if self.fresh else []

    def ride(self, stop: threading.Event) -> None:
        """Send until told to stop; a connection that breaks is made again."""
        while not stop.is_set():
            wire = Wire(self.place.node.port)
            try:
                while not stop.is_set() and (drawn := self.draw()):
                    self.waiting = drawn
                    self.keep(drawn, self.send(wire, drawn))
                    self.waiting = []
            except Lost:
                stop.wait(0.01)
            except Exception as error:  # noqa: BLE001 - told by the test's own thread
                self.wrong.append(error)
                return
            finally:
                wire.close()

    def send(self, wire: Wire, drawn: list[Submission]) -> list[Any]:
        if self.most == 1:
            heard = wire.call("POST", "/documents", SUBMISSION.encode(drawn[0]))
        else:
            heard = wire.call("POST", "/documents/batch", BATCH.encode(Batch(drawn)))
        if heard.status in {429, 503}:
            raise Lost(heard.body)
        assert heard.status == 200, heard
        if self.most == 1:
            return [msgspec.msgpack.decode(heard.body, type=Receipt)]
        return list(receipts(BATCH_RESULT.decode(heard.body)))

    def keep(self, drawn: list[Submission], answers: list[Any]) -> None:
        assert len(drawn) == len(answers)
        for submission, receipt in zip(drawn, answers, strict=True):
            assert isinstance(receipt, Receipt), receipt
            before = self.kept.get(submission.doc)
            if before is None:
                self.kept[submission.doc] = submission, receipt
                self.fresh.append(submission.doc)
            else:
                assert before[1] == receipt, "another receipt for the same document"


class Load:
    """Several riders at once; `with` starts them, and its end stops them."""

    def __init__(self, riders: Iterable[Rider], signed: int) -> None:
        self.riders = list(riders)
        self.stop = threading.Event()
        for rider in self.riders:
            rider.sign(signed if rider.most == 1 else 3 * signed)
            rider.fresh = []
        self.threads = [
            threading.Thread(target=rider.ride, args=(self.stop,)) for rider in self.riders
        ]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in self.threads)
        assert [wrong for rider in self.riders for wrong in rider.wrong] == []
