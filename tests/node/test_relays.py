"""Invoices between nodes: told once in both logs, whatever the way between them does."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from federation.ledger_audit import audit_log
from node.drivers import offers
from protocol.envelope import open_sealed, seal
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt
from protocol.messages.invoices import Acceptance, Cancellation, Invoice
from protocol.messages.orders import Leg
from protocol.messages.relaying import Acknowledgement, Relay
from protocol.messages.wire import (
    BATCH,
    INVOICES,
    SUBMISSION,
    Batch,
    InvoiceLine,
    Submission,
)
from tests.node.test_invoices import about, invoice
from tests.node.village import (
    SALT,
    House,
    Villager,
    connect,
    dated,
    papers_of,
    purpose,
    until,
    village,
)
from tests.protocol.fair import between
from tests.protocol.market import identifier


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again after milliseconds, not minutes."""
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.004)
    monkeypatch.setattr(offers, "WAIT_MAX_S", 0.03)


def quiet(*houses: House) -> bool:
    """Say whether nothing is on its way, on any disk."""
    return all(
        not house.book.head.under_way and not house.book.head.holds and house.is_synced()
        for house in houses
    )


def abroad(creditor: Villager, debtor: Villager, amount: int, /, **changes: Any) -> bytes:
    fields = {"coop": debtor.home.id} | changes
    return invoice(creditor, debtor, amount, **fields)


def pays(debtor: Villager, creditor: Villager, amount: int, inv: bytes) -> bytes:
    leg = Leg(creditor.account, amount, creditor.home.id, inv)
    return seal(debtor.order(leg, **dated(), unit="UEB"), *debtor.seeds)


async def lines_of(member: Villager) -> list[InvoiceLine]:
    reply = await member.home.call("POST", "/questions", member.question("invoices"))
    return INVOICES.decode(reply.body).lines


def records(house: House) -> list[tuple[int, bytes, bytes]]:
    return house.rows("SELECT at, salt, sealed FROM entries ORDER BY idx")


async def test_an_invoice_travels_with_its_names_and_its_purpose(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bob = await one.admit("alice"), await two.admit("bob")
        sealed = abroad(alice, bob, 500, **purpose("miel"))
        await one.enter(sealed, name="bob", salt=SALT, text="miel")
        await until(lambda: quiet(one, two))
        (there,) = await lines_of(bob)
        assert (there.who, there.text, there.accepted, there.way) == (
            "alice@Bretagne", "miel", False, False,
        )  # fmt: skip
        told = open_sealed(there.entry.sealed, Acknowledgement).document
        assert open_sealed(told.relay, Relay).document.doc == sealed
        (here,) = await lines_of(alice)
        assert (here.who, here.text, here.entry.sealed) == ("bob@Rhone", "miel", sealed)
        await two.enter(about(Acceptance, bob, identifier(sealed)))
        await until(lambda: quiet(one, two))
        assert [line.accepted for line in await lines_of(alice)] == [True]
        await two.enter(pays(bob, alice, 200, identifier(sealed)))
        await until(lambda: quiet(one, two))
        assert [line.owed for line in (*await lines_of(alice), *await lines_of(bob))] == [300, 300]
        asked = alice.question("history")
        assert (await one.call("POST", "/questions", asked)).status == 200


async def test_what_the_other_side_does_not_know_yet_is_said(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bob = await one.admit("alice"), await two.admit("bob")
        await two.stop()
        sealed = abroad(alice, bob, 500)
        await one.enter(sealed)
        (line,) = await lines_of(alice)
        assert (line.way, line.who) == (True, "@Rhone")
        assert (await alice.outcome(sealed)).state == "held"
        await one.kill()
        await one.start()
        await two.start()
        await until(lambda: quiet(one, two))
        assert (await alice.outcome(sealed)).state == "final"
        declined = abroad(alice, bob, 5, debtor=bytes(16))
        await one.enter(declined)
        await until(lambda: quiet(one, two))
        ended = await alice.outcome(declined)
        assert ended.state == "refused" and isinstance(ended.receipt, Receipt)
        answer = open_sealed(ended.answer, Acknowledgement).document  # type: ignore[arg-type]
        assert answer.why == Refusal.DEBTOR_UNKNOWN
        assert len(await lines_of(alice)) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_no_pattern_of_loss_doubling_and_death_parts_the_two_books(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    async with village(tmp_path, "Bretagne", "Rhone", seed=seed) as (one, two):
        everyone = [await house.admit(f"m{n}") for house in (one, two) for n in range(2)]
        wire = one.wire
        wire.lost, wire.doubled, wire.slow = 0.3, 0.3, 0.5
        known: list[tuple[bytes, Villager, Villager]] = []
        for _ in range(50):
            verb = dice.choice(["issue", "accept", "accept", "cancel", "pay"])
            creditor = dice.choice(everyone)
            debtor = dice.choice([other for other in everyone if other.home is not creditor.home])
            if verb == "issue" or not known:
                sealed = abroad(creditor, debtor, dice.randint(10, 99))
                await creditor.home.enter(sealed)
                known.append((identifier(sealed), creditor, debtor))
            else:
                inv, creditor, debtor = dice.choice(known)
                if verb == "pay":
                    await debtor.home.submit(pays(debtor, creditor, dice.randint(1, 20), inv))
                elif verb == "accept":
                    await debtor.home.submit(about(Acceptance, debtor, inv))
                else:
                    who = dice.choice((creditor, debtor))
                    await who.home.submit(about(Cancellation, who, inv))
            if dice.random() < 0.2:
                victim = dice.choice((one, two))
                await victim.kill()
                await asyncio.sleep(dice.random() / 100)
                await victim.start()
        await until(lambda: quiet(one, two))
        assert between(one.book) == between(two.book)
        wire.lost = wire.doubled = wire.slow = 0.0
        for house in (one, two):
            report = audit_log(records(house))
            assert report.findings == []


async def test_a_node_that_restarts_numbers_on(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bob = await one.admit("alice"), await two.admit("bob")
        for amount in range(1, 4):
            await one.enter(abroad(alice, bob, amount))
            await until(lambda: quiet(one, two))
            await one.stop()
            await one.start()
        seqs = [row[0] for row in two.rows("SELECT seq FROM heard ORDER BY idx")]
        assert seqs == [1, 2, 3]
        assert [row[0] for row in one.rows("SELECT count(*) FROM relays WHERE answer>0")] == [3]


async def test_the_same_relay_gets_the_same_acknowledgement_and_another_one_none(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bob = await one.admit("alice"), await two.admit("bob")
        sealed = abroad(alice, bob, 500)
        await one.enter(sealed)
        await until(lambda: quiet(one, two))
        (extra,) = one.rows("SELECT extra FROM relays")[0]
        body = BATCH.encode(Batch([SUBMISSION.decode(extra)] * 2))
        (first, second) = papers_of(await two.call("POST", "/relays", body))
        (held,) = two.rows("SELECT sealed FROM entries JOIN heard USING (idx)")[0]
        assert first == second == held
        relay = open_sealed(SUBMISSION.decode(extra).doc, Relay).document
        seed = one.live.ledger.keys.document
        other = Relay(
            by=relay.by, doc=seal(Invoice(**fields_of(sealed) | {"amt": 7}), *alice.seeds),
            exp=1, iat=1, kev=0, net=relay.net, prev=relay.prev, seq=1, to=relay.to,
        )  # fmt: skip
        wrong = BATCH.encode(Batch([Submission(doc=seal(other, seed))]))
        assert papers_of(await two.call("POST", "/relays", wrong)) == []
        junk = BATCH.encode(Batch([Submission(doc=sealed)]))
        assert (await two.call("POST", "/relays", junk)).status == 400


def fields_of(sealed: bytes) -> dict[str, Any]:
    document = open_sealed(sealed, Invoice).document
    return {name: getattr(document, name) for name in document.__struct_fields__}


async def test_a_purpose_that_was_not_signed_is_not_kept(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bob = await one.admit("alice"), await two.admit("bob")
        await two.stop()
        await one.enter(abroad(alice, bob, 500, **purpose("miel")), salt=SALT, text="miel")
        (extra,) = one.rows("SELECT extra FROM relays")[0]
        await two.start()
        true = SUBMISSION.decode(extra)
        lie = Submission(doc=true.doc, name=true.name, salt=true.salt, text="or")
        await two.call("POST", "/relays", BATCH.encode(Batch([lie])))
        await until(lambda: quiet(one, two))
        (line,) = await lines_of(bob)
        assert not isinstance(line.text, str)


async def test_no_byte_of_a_relay_can_be_another_one(tmp_path: Path) -> None:
    dice = random.Random(17)
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bob = await one.admit("alice"), await two.admit("bob")
        await two.stop()
        await one.enter(abroad(alice, bob, 500))
        (extra,) = one.rows("SELECT extra FROM relays")[0]
        await one.stop()
        await two.start()
        body = BATCH.encode(Batch([SUBMISSION.decode(extra)]))
        size = two.live.ledger.tree.size
        for _ in range(300):
            place = dice.randrange(len(body))
            wrong = body[:place] + bytes([body[place] ^ 1 << dice.randrange(8)]) + body[place + 1 :]
            if wrong.replace(b"alice", b"") != body.replace(b"alice", b"") and b"alice" in wrong:
                reply = await two.call("POST", "/relays", wrong)
                assert reply.status in {400, 403, 422}, reply
        for cut in range(0, len(body), 7):
            assert (await two.call("POST", "/relays", body[:cut])).status in {400, 403}
        assert two.live.ledger.tree.size == size
        assert len(papers_of(await two.call("POST", "/relays", body))) == 1
        await one.start()
        await until(lambda: quiet(one, two))


async def test_a_stranger_and_a_neighbour_out_of_turn_get_no_acknowledgement(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", ring=False) as (one, two, far):
        await connect(one, two)
        alice, bob = await one.admit("alice"), await two.admit("bob")
        size = two.live.ledger.tree.size
        sealed = abroad(alice, bob, 5)
        fields: dict[str, Any] = {
            "by": one.id, "doc": sealed, "exp": 1, "iat": 1, "kev": 0, "net": two.book.net,
            "prev": bytes(32), "seq": 1, "to": two.id,
        }  # fmt: skip
        seeds = [house.live.ledger.keys.document for house in (one, far)]
        for change, seed in (
            ({}, seeds[1]), ({"by": far.id}, seeds[1]), ({"seq": 2}, seeds[0]),
            ({"prev": b"x" * 32}, seeds[0]), ({"to": far.id}, seeds[0]), ({"kev": 4}, seeds[0]),
        ):  # fmt: skip
            relay = seal(Relay(**fields | change), seed)
            body = BATCH.encode(Batch([Submission(doc=relay)]))
            assert papers_of(await two.call("POST", "/relays", body)) == []
        for inside in (pays(bob, alice, 5, bytes(32)), b"junk", seal(Relay(**fields), seeds[0])):
            relay = seal(Relay(**fields | {"doc": inside}), seeds[0])
            body = BATCH.encode(Batch([Submission(doc=relay)]))
            assert (await two.call("POST", "/relays", body)).status == 400
        assert two.live.ledger.tree.size == size
