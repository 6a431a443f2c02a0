"""Who may know what: a member its own account, an auditor the log, a stranger nothing."""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node import questions
from node.door import Reply
from node.ledger import Item
from protocol.envelope import open_any, reopen_verified, seal
from protocol.kinds import LOGGED
from protocol.log.receipts import verify_receipt
from protocol.messages.orders import Question
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    HISTORY,
    OPENINGS,
    OUTCOME,
    AccountView,
    History,
    Openings,
)
from protocol.signatures import public_key_of
from tests.node.village import SALT, House, Villager, dated, purpose, until, village
from tests.protocol.town import seed_of

STRANGER = seed_of("a stranger")


async def ask(house: House, sealed: bytes) -> Reply:
    return await house.call("POST", "/questions", sealed)


def by_key(house: House, seed: bytes, ask: str, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "ask": ask, "by": public_key_of(seed), "doc": bytes(32), "first": 0, "home": house.id,
        "kev": 0, "most": 1_000, "seq": 0, **dated(),
    }  # fmt: skip
    return seal(Question(**fields | changes), seed)


async def account(house: House, sealed: bytes) -> AccountView:
    reply = await ask(house, sealed)
    assert reply.status == 200, reply
    return ACCOUNT_VIEW.decode(reply.body)


async def history(house: House, member: Villager, **changes: Any) -> History:
    reply = await ask(house, member.question("history", **changes))
    assert reply.status == 200, reply
    return HISTORY.decode(reply.body)


async def openings(house: House, seed: bytes, **changes: Any) -> Openings:
    reply = await ask(house, by_key(house, seed, "openings", **changes))
    assert reply.status == 200, reply
    return OPENINGS.decode(reply.body)


@pytest.mark.parametrize("seed", range(2))
async def test_a_history_is_every_entry_of_the_account_and_sums_to_its_balance(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        people = [await house.admit(f"m{n}") for house in (one, two) for n in range(3)]
        for _ in range(70):
            payer, payee = dice.sample(people, 2)
            await payer.home.enter(payer.paying(payee, dice.randint(1, 99)))
        await until(lambda: one.held() == two.held() == 0)
        for member in people:
            home: Any = member.home
            lines: list[Any] = []
            first = 0
            while True:
                page = await history(home, member, first=first, most=dice.randint(1, 9))
                lines += page.lines
                if page.more is msgspec.UNSET:
                    break
                first = page.more
            indices = [line.entry.idx for line in lines]
            assert indices == sorted(set(indices), reverse=True)
            assert sum(line.amount for line in lines) == member.balance
            whole = await openings(home, home.auditor)
            for entry in whole.entries:
                document = reopen_verified(entry.sealed).document
                legs = getattr(document, "legs", [])
                paid = getattr(document, "by", b"") == member.account and legs
                paid = paid or any(
                    leg.acct == member.account for leg in legs if leg.coop is msgspec.UNSET
                )
                if paid:
                    assert entry.idx in indices
            for line in lines:
                assert line.entry == whole.entries[line.entry.idx]


async def test_a_history_names_the_other_side_and_the_purpose(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bruno = await one.admit("alice"), await one.admit("bruno")
        remi = await two.admit("remi")
        await one.enter(alice.paying(bruno, 5, **purpose("miel")), text="miel", salt=SALT)
        await one.enter(alice.paying(remi, 7, **purpose("cire")), text="cire", salt=SALT)
        await two.enter(remi.paying(alice, 2))
        await one.enter(alice.pay((bruno, 1), (bruno, 2), **dated(), unit="UEB"))
        await until(lambda: one.held() == two.held() == 0)
        told = [(line.amount, line.who, line.text) for line in (await history(one, alice)).lines]
        unset = msgspec.UNSET
        assert sorted(told, key=str) == sorted(
            [
                (-3, unset, unset), (2, "remi@Rhone", unset), (-7, unset, "cire"),
                (-5, "bruno@Bretagne", "miel"),
            ],
            key=str,
        )  # fmt: skip
        remis = [(line.amount, line.who, line.text) for line in (await history(two, remi)).lines]
        assert (7, "alice@Bretagne", "cire") in remis
        seen = [(line.amount, line.who) for line in (await history(one, bruno)).lines]
        assert seen == [(3, "alice@Bretagne"), (5, "alice@Bretagne")]
        one.live.ledger.connection.execute("DELETE FROM names WHERE name='alice'")
        assert {line.who for line in (await history(one, bruno)).lines} == {unset}


async def test_a_history_starts_only_at_ones_own_entries(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        claire = await house.admit("claire")
        assert (await history(house, claire)).lines == []
        paid = await house.enter(alice.paying(bruno, 5))
        await house.enter(bruno.paying(alice, 1))
        for index in (1, paid.idx):
            reply = await ask(house, claire.question("history", first=index))
            assert reply.status in {200, 404}
            assert reply.status == 404 or HISTORY.decode(reply.body).lines == []
        assert (await ask(house, alice.question("history", first=2))).status == 404
        page = await history(house, alice, most=0)
        assert (page.lines, page.more) == ([], paid.idx + 1)
        assert len((await history(house, alice, first=10**9)).lines) == 2


async def test_a_history_tells_nothing_that_a_crash_would_undo(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        await house.enter(alice.paying(bruno, 5))
        item = Item(open_any(alice.paying(bruno, 7), LOGGED))
        house.live.ledger.decide_group([item], dated()["iat"])
        assert [line.amount for line in (await history(house, bruno)).lines] == [5]
        house.live.ledger.connection.execute("COMMIT")
        assert [line.amount for line in (await history(house, bruno)).lines] == [7, 5]


async def test_strangers_are_told_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (house, other):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        remi = await other.admit("remi")
        for what in ("account", "history", "outcome"):
            fields = reopen_verified(alice.question(what)).document
            assert (await ask(house, seal(fields, STRANGER))).status == 403
            assert (await ask(house, seal(fields, *bruno.seeds))).status == 403
            assert (await ask(house, seal(fields, *alice.seeds, STRANGER))).status == 403
            assert (await ask(house, alice.question(what, kev=1))).status == 403
            assert (await ask(house, remi.question(what, home=house.id))).status == 404
            assert (await ask(house, remi.question(what))).status == 422
            assert (await ask(house, alice.question(what, iat=5, exp=6))).status == 422
            assert (await ask(house, alice.question(what, net=bytes(32)))).status == 422
        unknown = by_key(house, STRANGER, "account")
        assert (await ask(house, unknown)).status == 404
        assert (await ask(house, by_key(house, STRANGER, "history"))).status == 403
        as_alice = by_key(house, STRANGER, "account", by=public_key_of(alice.seeds[0]))
        assert (await ask(house, as_alice)).status == 403
        assert (await ask(house, by_key(house, STRANGER, "openings"))).status == 403
        as_auditor = by_key(house, STRANGER, "openings", by=public_key_of(house.auditor))
        assert (await ask(house, as_auditor)).status == 403
        assert (await ask(house, by_key(house, other.auditor, "openings"))).status == 403
        assert (await ask(house, by_key(house, STRANGER, "round"))).status == 403
        assert (await ask(house, b"noise")).status == 400
        assert (await ask(house, alice.question("account", by=b"1" * 20))).status == 404


async def test_a_key_alone_finds_its_account_and_no_other(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        people = [await house.admit(f"m{n}") for n in range(20)]
        await house.enter(people[7].paying(people[3], 9))
        for member in people:
            view = await account(house, by_key(house, member.seeds[0], "account"))
            assert view == await account(house, member.question("account"))
            assert (view.acct, view.bal) == (member.account, member.balance)
        officers = await account(house, by_key(house, house.officer, "account"))
        assert officers.seq == 20
        assert officers.acct == house.book.accounts.identifier(0)
        # A key that lies across two others in memory belongs to nobody.
        accounts = house.book.accounts
        spoilt = bytes(accounts.key[80:112])
        question = reopen_verified(by_key(house, STRANGER, "account", by=spoilt))
        found = questions._account_of_key(
            house.live.desk, msgspec.structs.replace(question, signers=(spoilt,))
        )
        assert found.status == 404


async def test_after_a_rotation_the_new_key_finds_the_account_and_the_old_one_does_not(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice = await house.admit("alice")
        old = alice.seeds[0]
        rotation = alice.rotation(**dated())
        alice.kev = 1
        await house.enter(seal(rotation, *alice.seeds))
        assert (await account(house, by_key(house, alice.seeds[0], "account"))).kev == 1
        assert (await ask(house, by_key(house, old, "account"))).status == 404
        await house.enter(seal(alice.revocation(**dated()), *alice.seeds))
        assert (await ask(house, alice.question("account"))).status == 403


async def test_an_auditor_opens_the_whole_log_in_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")
        await asyncio.gather(*(house.enter(alice.paying(bruno, 1)) for _ in range(30)))
        whole = await openings(house, house.auditor)
        assert [entry.idx for entry in whole.entries] == list(range(33))
        assert whole.size == 33
        page = await openings(house, house.auditor, first=5, most=4)
        assert [entry.idx for entry in page.entries] == [5, 6, 7, 8]
        assert (await openings(house, house.auditor, first=99)).entries == []
        monkeypatch.setattr(questions, "OPENINGS_BYTES_MAX", 1_500)
        small = await openings(house, house.auditor)
        assert 1 <= len(small.entries) < 4
        receipt = house.live.ledger.receipt(20)
        sealed = whole.entries[20].sealed
        verify_receipt(receipt, sealed, house.charter.origin, house.charter.log)


async def test_an_outcome_is_told_with_its_proof(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, bruno = await one.admit("alice"), await one.admit("bruno")
        remi = await two.admit("remi")
        sealed = alice.paying(remi, 7)
        await one.enter(sealed)
        await until(lambda: one.held() == 0 and one.is_synced())
        order = reopen_verified(sealed).id
        reply = await ask(one, alice.question("outcome", doc=order))
        told = OUTCOME.decode(reply.body)
        assert told.state == "final"
        assert isinstance(told.answer, bytes)
        assert told.receipt is not msgspec.UNSET
        verify_receipt(told.receipt, told.answer, one.charter.origin, one.charter.log)
        # An order that never left, or never was, has no outcome to tell.
        local = alice.paying(bruno, 1)
        await one.enter(local)
        for order in (reopen_verified(local).id, bytes(32)):
            assert (await ask(one, alice.question("outcome", doc=order))).status == 404
