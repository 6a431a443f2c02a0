"""Payments between neighbours end once in both books, whatever the way between them does."""

import asyncio
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from node.drivers import offers
from node.errors import PeerError
from protocol.envelope import Opened, open_sealed, reopen_verified, seal
from protocol.identifiers import TextKind, to_text
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt
from protocol.messages.peering import Answer, Offer
from protocol.messages.wire import BATCH, PAPERS, SUBMISSION, Batch, Submission
from tests.node.village import (
    SALT,
    House,
    Villager,
    bundle,
    connect,
    dated,
    papers_of,
    purpose,
    settled,
    until,
    village,
)
from tests.protocol.town import changed, seed_of


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again after milliseconds, not minutes."""
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.004)
    monkeypatch.setattr(offers, "WAIT_MAX_S", 0.03)


def answers_of(house: House) -> list[bytes]:
    """Return the sealed answers of a log, in its order."""
    rows = house.rows("SELECT sealed FROM entries ORDER BY idx")
    opened = [reopen_verified(row[0]) for row in rows]
    return [one.sealed for one in opened if isinstance(one.document, Answer)]


def directions(house: House) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for sealed in answers_of(house):
        found.setdefault(reopen_verified(sealed).document.by, []).append(sealed)
    return found


async def people(*houses: House) -> list[Villager]:
    return [await house.admit(f"m{number}") for house in houses for number in range(2)]


@pytest.mark.parametrize("seed", range(8))
async def test_no_pattern_of_loss_doubling_and_death_loses_or_doubles_a_payment(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    async with village(tmp_path, "Bretagne", "Rhone", seed=seed) as (one, two):
        everyone = await people(one, two)
        wire = one.wire
        wire.lost, wire.doubled, wire.slow = 0.3, 0.3, 0.5
        paid: list[tuple[Villager, bytes, int]] = []
        for _ in range(40):
            payer = dice.choice(everyone)
            payee = dice.choice([other for other in everyone if other.home is not payer.home])
            # Some are too large for the payee's ceiling: refused, and given back.
            amount = 60_000 if dice.random() < 0.1 else dice.randint(1, 500)
            if amount == 60_000 and payer.balance < -30_000:
                continue
            sealed = payer.paying(payee, amount)
            found = await payer.home.submit(sealed)
            assert isinstance(found, Receipt) or found is Refusal.LINE_LIMIT_EXCEEDED, found
            if isinstance(found, Receipt):
                paid.append((payer, sealed, amount))
            if dice.random() < 0.2:
                victim = dice.choice((one, two))
                await victim.kill()
                if dice.random() < 0.5:
                    await asyncio.sleep(0.01)
                await victim.start()
        await until(lambda: settled(one, two))
        assert directions(one) == directions(two)
        for house in (one, two):
            assert house.book.sum() == 0
            assert house.book.accounts.balance[1] == 0
            seqs = [reopen_verified(a).document.seq for a in directions(house).get(one.id, [])]
            assert seqs == list(range(1, len(seqs) + 1))
        wire.lost = wire.doubled = wire.slow = 0.0
        expected = dict.fromkeys(everyone, 0)
        for payer, sealed, amount in paid:
            ended = await payer.outcome(sealed)
            assert ended.state in {"final", "refused"}
            if ended.state == "final":
                expected[payer] -= amount
                leg = reopen_verified(sealed).document.legs[0]
                expected[next(m for m in everyone if m.account == leg.acct)] += amount
        assert {member: member.balance for member in everyone} == expected


async def test_what_the_payee_cannot_take_is_given_back_with_its_reason(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice = await one.admit("alice")
        small = await two.admit("small", ceil=10)
        sealed = alice.paying(small, 11)
        await one.enter(sealed)
        await until(lambda: settled(one, two))
        ended = await alice.outcome(sealed)
        assert ended.state == "refused"
        assert isinstance(ended.answer, bytes)
        assert open_sealed(ended.answer, Answer).document.why == Refusal.CEILING_EXCEEDED
        assert (alice.balance, small.balance, one.balance_of(two)) == (0, 0, 0)


async def test_a_neighbour_that_was_down_gets_all_in_order_and_a_held_order_says_so(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        await two.stop()
        orders = [alice.paying(remi, amount) for amount in range(1, 120)]
        for sealed in orders:
            await one.enter(sealed)
        assert (await alice.outcome(orders[0])).state == "held"
        assert (alice.balance, one.held()) == (-sum(range(1, 120)), 119)
        await two.start()
        await until(lambda: settled(one, two))
        amounts = [
            open_sealed(open_sealed(a, Answer).document.offer, Offer).document.amt
            for a in answers_of(two)
        ]
        assert amounts == list(range(1, 120))


async def test_many_offers_with_long_purposes_fit_the_bound_of_a_request(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        await two.stop()
        text = "€" * 256
        for _ in range(60):
            await one.enter(alice.paying(remi, 1, **purpose(text)), text=text, salt=SALT)
        await two.start()
        await until(lambda: settled(one, two))
        sizes = [len(body) for _, url, body in one.wire.requests if url.endswith("/offers")]
        assert 60_000 < max(sizes) <= 72_000
        assert remi.balance == 60


async def test_a_sign_of_life_brings_the_next_try_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 300.0)
    monkeypatch.setattr(offers, "WAIT_MAX_S", 600.0)
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        await two.stop()
        await one.enter(alice.paying(remi, 7))
        await asyncio.sleep(0.05)
        await two.start()
        assert one.held() == 1
        await two.enter(remi.paying(alice, 3))
        await until(lambda: settled(one, two), 5)
        assert (alice.balance, remi.balance) == (-4, 4)


async def test_an_offer_leaves_only_once_it_is_on_the_disk(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        early: list[str] = []

        async def look(method: str, url: str) -> None:
            if url.endswith("/offers"):
                sent = BATCH.decode(one.wire.requests[-1][2]).items
                stored = {row[0] for row in one.rows("SELECT extra FROM offers")}
                early.extend("early" for extra in sent if SUBMISSION.encode(extra) not in stored)

        one.wire.before = look
        for _ in range(4):
            await asyncio.gather(*(one.enter(alice.paying(remi, 1)) for _ in range(30)))
        await until(lambda: settled(one, two))
        assert early == []


def _swapped(change: Any) -> Any:
    """Return a tamperer that re-signs each answer after a change, by whatever key it chooses."""

    def tamper(path: str, body: bytes) -> bytes:
        if path != "/offers":
            return body
        return bundle(*(change(open_sealed(p, Answer)) for p in PAPERS.decode(body).papers))

    return tamper


async def test_wrong_answers_never_change_a_book(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        await one.enter(alice.paying(remi, 1))
        await until(lambda: settled(one, two))
        old = answers_of(two)[0]
        key, stranger = two.live.ledger.keys.document, seed_of("a stranger")
        strange = seal(_offer(old), stranger)
        larger = seal(changed(_offer(old), amt=10**6), two.live.ledger.keys.document)
        lies: list[Any] = [
            lambda a: seal(a.document, stranger),
            lambda a: seal(changed(a.document, seq=a.document.seq + 1), key),
            lambda a: seal(changed(a.document, offer=strange), key),
            lambda a: seal(changed(a.document, offer=larger), key),
            lambda a: seal(changed(a.document, by=one.id), key),
            lambda a: seal(changed(a.document, kev=1), key),
            lambda a: a.sealed[:-1] + bytes([a.sealed[-1] ^ 1]),
            lambda a: old,
            lambda a: seal(changed(a.document, offer=b"noise"), key),
            lambda a: b"noise",
        ]
        for lie in lies:
            one.wire.tamper = _swapped(lie)
            sealed = alice.paying(remi, 5)
            await one.enter(sealed)
            digest = one.book.digest()
            await asyncio.sleep(0.05)
            assert one.book.digest() == digest, lie
            assert (await alice.outcome(sealed)).state == "held"
            one.wire.tamper = None
            await until(lambda: settled(one, two))
        # More answers than offers, and none at all, are no answers.
        for body in (bundle(old, old, old), bundle(), b"noise"):
            one.wire.tamper = partial(_instead, body)
            await one.enter(alice.paying(remi, 5))
            await asyncio.sleep(0.03)
            assert one.held() == 1
            one.wire.tamper = None
            await until(lambda: settled(one, two))


def _instead(lie: bytes, path: str, body: bytes) -> bytes:
    return lie if path == "/offers" else body


def _offer(answer: bytes) -> Offer:
    return open_sealed(open_sealed(answer, Answer).document.offer, Offer).document


async def _offered(house: House, *sealed: bytes, **extra: Any) -> list[bytes]:
    batch = Batch([Submission(doc=one, **extra) for one in sealed])
    return papers_of(await house.call("POST", "/offers", BATCH.encode(batch)))


async def _fresh(one: House, two: House, payee: Villager, **changes: Any) -> Opened[Offer]:
    """Return the next offer that `one` could sign to `two`."""
    fields: dict[str, Any] = {
        "acct": payee.account, "amt": 5, "by": one.id, "kev": 0, "order": bytes(32),
        "prev": bytes(32), "seq": 1, "to": two.id, "unit": "UEB", **dated(),
    }  # fmt: skip
    seed = changes.pop("seed", one.live.ledger.keys.document)
    return open_sealed(seal(Offer(**fields | changes), seed), Offer)


async def test_an_offer_has_one_answer_however_often_and_together_it_comes(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        remi = await two.admit("remi")
        first = await _fresh(one, two, remi)
        second = await _fresh(one, two, remi, seq=2, prev=first.id, order=b"2" * 32)
        answers = await asyncio.gather(*(_offered(two, first.sealed) for _ in range(10)))
        (answer,) = {one[0] for one in answers if one}
        assert await _offered(two, first.sealed, first.sealed) == [answer, answer]
        both = await _offered(two, first.sealed, second.sealed, second.sealed)
        assert both[0] == answer
        assert await _offered(two, second.sealed) == both[1:2]
        assert remi.balance == 10


async def test_offers_that_cannot_be_answered_get_no_answer(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", ring=False) as (one, two, three):
        await connect(one, two)
        remi = await two.admit("remi")
        size = two.live.ledger.tree.size
        strangers = [
            await _fresh(three, two, remi),
            await _fresh(one, two, remi, seed=seed_of("a stranger")),
            await _fresh(one, two, remi, to=three.id),
            await _fresh(one, two, remi, seq=2),
            await _fresh(one, two, remi, prev=b"1" * 32),
            await _fresh(one, two, remi, net=bytes(32)),
            await _fresh(one, two, remi, kev=4),
        ]
        for opened in strangers:
            assert await _offered(two, opened.sealed) == []
        assert two.live.ledger.tree.size == size
        good = await _fresh(one, two, remi)
        other = await _fresh(one, two, remi, amt=6)
        assert len(await _offered(two, good.sealed)) == 1
        # Another offer of the same number has no answer, and not the first one's.
        assert await _offered(two, other.sealed) == []
        lapsed = await _fresh(
            one, two, remi, seq=2, prev=good.id, iat=dated()["iat"] - 9, exp=dated()["iat"] - 5
        )
        (answer,) = await _offered(two, lapsed.sealed)
        assert open_sealed(answer, Answer).document.why == Refusal.EXPIRED
        assert (await two.call("POST", "/offers", b"noise")).status == 400
        batch = BATCH.encode(Batch([Submission(doc=b"noise")]))
        assert (await two.call("POST", "/offers", batch)).status == 400
        flipped = good.sealed[:60] + bytes([good.sealed[60] ^ 1]) + good.sealed[61:]
        batch = BATCH.encode(Batch([Submission(doc=flipped)]))
        assert (await two.call("POST", "/offers", batch)).status in {400, 403}


async def test_a_purpose_that_was_not_signed_is_not_kept_for_the_payee(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        remi = await two.admit("remi")
        offer = await _fresh(one, two, remi, **purpose("miel"))
        assert len(await _offered(two, offer.sealed, text="cire", salt=SALT, name="alice")) == 1
        assert two.rows("SELECT count(*) FROM purposes") == [(0,)]
        odd = "mi\u0000el"
        second = await _fresh(one, two, remi, seq=2, prev=offer.id, **purpose(odd))
        batch = BATCH.encode(Batch([Submission(doc=second.sealed, text=odd, salt=SALT)]))
        assert (await two.call("POST", "/offers", batch)).status == 400
        assert len(await _offered(two, second.sealed)) == 1


async def test_without_an_address_an_offer_waits_and_the_operators_word_comes_first(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        one.live.ledger.connection.execute("DELETE FROM peers")
        await one.enter(alice.paying(remi, 5))
        await asyncio.sleep(0.05)
        assert one.held() == 1
        await one.stop()
        one.more = {"peers": {to_text(TextKind.COOPERATIVE, two.id): two.url}}
        await one.start()
        await until(lambda: settled(one, two))
        with pytest.raises(PeerError):
            await one.wire.request("GET", "http://nobody.test/")
