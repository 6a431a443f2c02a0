"""Nodes that die between two cooperatives: in a payment next door, or in the middle of a round."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.findings import NOTICES
from node.clock import now_s
from protocol.envelope import ENVELOPE, reopen_verified, seal
from protocol.kinds import TYPE_OF
from protocol.ledger.set_offs import check_certificate
from protocol.messages.orders import Leg, Question
from protocol.messages.rounds import Certificate, Consent
from protocol.messages.wire import PAPERS
from protocol.signatures import public_key_of
from tests.conformance.riders import Load, Rider
from tests.conformance.storm import (
    NETWORK,
    Lost,
    Place,
    audited,
    auditor_in,
    found,
    open_line,
)
from tests.conformance.test_kill import SIGNED, dice_of, moment

NAMES = ("Bretagne", "Rhône", "Alsace")
AMOUNT = 1_000
KILLS = 6
SETTLED_S = 40
_CERTIFICATE = TYPE_OF[Certificate]


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[list[Place]]:
    """Three cooperatives, each with a line to the next one."""
    places: list[Place] = []
    try:
        for name in NAMES:
            places.append(found(tmp_path, name, round_deadline_s=20))
            places[-1].admit(6)
        for number, place in enumerate(places):
            open_line(place, places[(number + 1) % len(places)])
        yield places
    finally:
        for place in places:
            place.node.kill()


def abroad(place: Place, payees: Place, dice: random.Random, most: int) -> Rider:
    legs = [Leg(member.account, 1, payees.id) for member in payees.members]
    return Rider(place, place.members, legs, random.Random(dice.random()), most)


def state_of(place: Place, sealed: bytes) -> str:
    """Ask, as its payer, what became of an order next door."""
    order = reopen_verified(sealed)
    payer = next(one for one in place.members if one.account == order.document.by)
    return place.outcome(payer, order.id)


def await_final(orders: list[tuple[Place, bytes]]) -> None:
    until = time.monotonic() + SETTLED_S
    for place, sealed in orders:
        while (state := state_of(place, sealed)) == "held":
            assert time.monotonic() < until, "a hold never ended"
            time.sleep(0.05)
        assert state == "final"


def net(place: Place) -> int:
    """Return what all members of a cooperative have together."""
    return sum(place.view(member).bal for member in place.members)


def test_payments_next_door_outlive_either_node(
    ring: list[Place], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = dice_of("next door")
    one, two = ring[:2]
    clients = [abroad(one, two, dice, 1), abroad(one, two, dice, 10), abroad(two, one, dice, 1)]
    for client in clients[1:2]:
        client.members = one.members[3:]
    clients[0].members = one.members[:3]
    for _ in range(5):
        victim = dice.choice([one, two])
        with Load(clients, SIGNED // 2) as load:
            time.sleep(moment(dice) / 2)
            victim.node.kill()
            # The other goes on alone for a while: what it takes is held.
            time.sleep(moment(dice) / 4)
            load.stop.set()
        victim.node.start()
    with Load(clients, 1):
        time.sleep(0.1)
    assert [client.waiting for client in clients] == [[], [], []]
    kept = [(client.place, doc) for client in clients for doc in client.kept]
    assert len(kept) > 20
    await_final(kept)
    assert net(one) == -net(two)
    for place in (one, two):
        place.read_on()
    for client in clients:
        for submission, receipt in client.kept.values():
            client.place.verify(receipt, submission.doc)
    verdict = audited(tmp_path / "audit", auditor_in(tmp_path), capsys, *ring)
    assert verdict["findings"] == []
    with capsys.disabled():
        print(f"[{len(kept)} next door, 5 kills]", end=" ")


class Session(threading.Thread):
    """An officer who asks one node for a clearing round and waits."""

    def __init__(self, convener: Place) -> None:
        super().__init__()
        self.convener = convener
        self.certificates: list[bytes] = []
        self.status = 0

    def run(self) -> None:
        place = self.convener
        asked = Question(
            ask="round", by=public_key_of(place.officer), doc=bytes(32), exp=now_s() + 60,
            first=0, home=place.id, iat=now_s(), kev=0, most=1, net=NETWORK, seq=0,
        )  # fmt: skip
        try:
            heard = place.ask("POST", "/questions", seal(asked, place.officer))
        except Lost:
            return
        self.status = heard.status
        if heard.status == 200:
            papers = PAPERS.decode(heard.body).papers
            self.certificates = [one for one in papers if ENVELOPE.decode(one).t == _CERTIFICATE]


def pay_around(ring: list[Place]) -> None:
    """Let one member of each cooperative pay one of the next, until all is final."""
    orders = []
    for number, place in enumerate(ring):
        following = ring[(number + 1) % len(ring)]
        payer, payee = place.members[0], following.members[1]
        sealed = seal(place.order(payer, Leg(payee.account, AMOUNT, following.id)), payer.seed)
        orders.append((place, sealed))
        place.enter(sealed)
    await_final(orders)


class Cycles:
    """The cycles of a log: those that are set off, and those that are consented to and wait."""

    def __init__(self, place: Place) -> None:
        place.read_on()
        self.done: dict[bytes, int] = {}
        self.pending: dict[bytes, int] = {}
        for one in place.entries:
            document = reopen_verified(one.sealed).document
            if isinstance(document, Consent):
                self.pending |= {share.tx: share.amt for share in document.shares}
            elif isinstance(document, Certificate):
                terms, tx = check_certificate(document)
                assert self.pending.pop(tx) == terms.amt
                self.done[tx] = terms.amt


def agreed(ring: list[Place]) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """Wait until all logs have the same set-offs; return them, and what waits anywhere."""
    until = time.monotonic() + SETTLED_S
    while True:
        seen = [Cycles(place) for place in ring]
        if all(one.done == seen[0].done for one in seen):
            return seen[0].done, {tx: amt for one in seen for tx, amt in one.pending.items()}
        assert time.monotonic() < until, "a cycle stands in some logs only"
        time.sleep(0.5)


def hold(convener: Place) -> Session:
    session = Session(convener)
    session.start()
    session.join(SETTLED_S)
    return session


def test_a_round_outlives_its_convener_and_its_members(
    ring: list[Place], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = dice_of("round")
    pay_around(ring)
    began = time.monotonic()
    session = hold(ring[0])
    lasts_s = time.monotonic() - began
    assert (session.status, len(session.certificates)) == (200, 1)
    cleared = 0
    for kill in range(KILLS):
        pay_around(ring)
        session = Session(ring[kill % 3])
        session.start()
        time.sleep(lasts_s * dice.random())
        # The convener itself, or a member of its round.
        victim = ring[kill % 3] if kill % 2 else dice.choice(ring[:2])
        victim.node.kill()
        session.join(SETTLED_S)
        victim.node.start()
        cleared += len(session.certificates)
    # What one log has, all members of the cycle have in the end; the rest stays reserved.
    before, _ = agreed(ring)
    assert len(before) > cleared
    pay_around(ring)
    session = hold(ring[1])
    assert (session.status, len(session.certificates)) == (200, 1)
    done, pending = agreed(ring)
    assert len(done) == len(before) + 1
    assert sum(done.values()) + sum(pending.values()) == (KILLS + 2) * AMOUNT
    verdict = audited(tmp_path / "audit", auditor_in(tmp_path), capsys, *ring)
    assert {one["code"] for one in verdict["findings"]} <= set(NOTICES), verdict["findings"]
    with capsys.disabled():
        print(f"[{KILLS} kills in rounds of {lasts_s:.2f} s,", end=" ")
        print(f"{len(done)} cleared, {len(pending)} pending]", end=" ")
