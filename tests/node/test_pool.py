"""Provisions at a node: a set-off by the clock pays out of them, and tells everybody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from federation.ledger_audit import audit_log
from federation.members_set_off import obligations_of
from federation.pool import parties_of, rooms_of
from federation.pool_set_off import propose_with_pool
from node.store.database import DATABASE_NAME, open_database
from protocol.envelope import open_sealed, seal
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import Discharge
from protocol.messages.orders import Question
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    HISTORY,
    OBLIGATIONS,
    AccountView,
    HistoryLine,
    RoomLine,
)
from tests.node.village import UNIT, House, Villager, dated, until, village
from tests.protocol.market import acceptance, identifier, invoice, provision


async def owe(debtor: Villager, creditor: Villager, amount: int) -> bytes:
    sealed = invoice(creditor, debtor, amount, unit=UNIT, **dated())
    await creditor.home.enter(sealed)
    await debtor.home.enter(acceptance(debtor, identifier(sealed), **dated()))
    return identifier(sealed)


async def provide(member: Villager, amount: int) -> None:
    await member.home.enter(provision(member, amount, unit=UNIT, **dated()))


async def view(member: Villager) -> AccountView:
    reply = await member.home.call("POST", "/questions", member.question("account"))
    return ACCOUNT_VIEW.decode(reply.body)


async def told(member: Villager) -> list[HistoryLine]:
    reply = await member.home.call("POST", "/questions", member.question("history"))
    return HISTORY.decode(reply.body).lines


async def chain(house: House) -> list[Villager]:
    """Return dave who owes alice 50, alice who owes bob 200, and bob; 30 and 100 provided."""
    dave, alice, bob = [await house.admit(name) for name in ("dave", "alice", "bob")]
    await owe(dave, alice, 50)
    await owe(alice, bob, 200)
    await provide(dave, 30)
    await provide(alice, 100)
    return [dave, alice, bob]


def discharge(house: House, **changes: Any) -> bytes:
    """Return the next discharge with a pool, signed by the officer."""
    rooms = rooms_of(house.book, parties_of(house.book))
    found = propose_with_pool(obligations_of(house.book), rooms)
    assert found is not None
    house.seq += 100
    fields: dict[str, Any] = {
        "by": house.id, "cuts": found.cuts, "kev": 0, "pool": found.pool, "pots": found.pots,
        "seq": house.seq, **dated(),
    }  # fmt: skip
    return seal(Discharge(**fields | changes), house.officer)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with village(tmp_path, "Bretagne") as (one,):
        yield one


async def test_what_is_provided_is_told_to_its_author(house: House) -> None:
    alice = await house.admit("alice")
    assert (await view(alice)).prov is msgspec.UNSET
    await provide(alice, 40)
    assert (await view(alice)).prov == 40
    assert await told(alice) == []
    await provide(alice, 0)
    assert (await view(alice)).prov is msgspec.UNSET


async def test_a_pool_pays_and_both_sides_read_what_and_why(house: House) -> None:
    dave, alice, bob = await chain(house)
    await house.enter(discharge(house))
    assert [member.balance for member in (dave, alice, bob)] == [-30, -100, 130]
    newest = [(await told(member))[0] for member in (dave, alice, bob)]
    assert [line.amount for line in newest] == [-30, -100, 130]
    falls = [
        {(fall.who, fall.owes): fall.amt for fall in line.falls}
        for line in newest
        if isinstance(line.falls, list)
    ]
    assert falls == [
        {("alice@Bretagne", True): 30},
        {("dave@Bretagne", False): 30, ("bob@Bretagne", True): 130},
        {("alice@Bretagne", False): 130},
    ]
    assert (await view(alice)).prov is msgspec.UNSET
    for member in (dave, alice, bob):
        assert sum(line.amount for line in await told(member)) == member.balance


async def test_an_officer_sees_the_room_of_each_member_once_somebody_provides(
    house: House,
) -> None:
    dave, alice, bob = [await house.admit(name) for name in ("dave", "alice", "bob")]
    await owe(dave, alice, 50)

    async def rooms() -> Any:
        document = open_sealed(dave.question("obligations"), Question).document
        reply = await house.call("POST", "/questions", seal(document, house.officer))
        return OBLIGATIONS.decode(reply.body).rooms

    assert await rooms() is msgspec.UNSET
    # Who owes nothing and is owed nothing is not shown.
    await provide(bob, 1)
    await provide(dave, 200_000)
    expected = [RoomLine(dave.account, 100_000, 1_000_000), RoomLine(alice.account, 0, 1_000_000)]
    assert await rooms() == sorted(expected, key=lambda one: one.acct)


async def test_by_the_clock_rings_go_first_and_then_what_is_provided(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", setoff_every_s=1) as (one,):
        dave, alice, bob = await chain(one)
        await owe(bob, dave, 5)
        # Within the second the clock may have come in between; in the end all is the same.
        await until(lambda: bob.balance == 130)
        await until(one.is_synced)
        entries = one.rows("SELECT at, salt, sealed FROM entries")
        assert audit_log(entries).findings == []
        assert [member.balance for member in (dave, alice, bob)] == [-30, -100, 130]
        assert not await one.live.discharger.set_off()


async def test_the_first_step_moves_no_balance(house: House) -> None:
    people = await chain(house)
    await owe(people[2], people[0], 5)
    discharger = house.live.discharger
    # One step, and a second one may follow.
    assert await discharger.set_off()
    assert [member.balance for member in people] == [0, 0, 0]
    assert not await discharger.set_off()
    assert [member.balance for member in people] == [-30, -100, 130]
    assert not await discharger.set_off()
    pools = [
        open_sealed(row[0], Discharge).document.pool
        for row in house.rows("SELECT DISTINCT sealed FROM entries JOIN cuts USING (idx)"
                              " ORDER BY idx")
    ]  # fmt: skip
    assert [isinstance(pool, int) for pool in pools] == [False, True]


@pytest.mark.parametrize("with_snapshot", [False, True])
async def test_a_crash_forgets_no_provision(house: House, with_snapshot: bool) -> None:
    dave, alice, _ = await chain(house)
    if with_snapshot:
        house.live.ledger.snapshot()
    await house.enter(discharge(house))
    await provide(alice, 7)
    digest, lines = house.book.digest(), await told(dave)
    await house.kill()
    await house.start()
    assert house.book.digest() == digest
    assert (await view(alice)).prov == 7
    assert await told(dave) == lines


async def test_a_database_of_version_2_learns_of_provisions(house: House) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    await owe(alice, bob, 5)
    await house.stop()
    path = house.folder / DATABASE_NAME
    connection = open_database(path)
    connection.executescript("DROP TABLE relays; DROP TABLE heard; PRAGMA user_version=2;")
    connection.close()
    open_database(path, alone=False).close()
    await house.start()
    assert house.rows("PRAGMA user_version") == [(3,)]
    await provide(alice, 5)
    await house.enter(discharge(house))
    assert (alice.balance, bob.balance) == (-5, 5)


async def test_a_balance_that_moved_meanwhile_makes_a_pool_late(house: House) -> None:
    dave, alice, bob = await chain(house)
    sealed = discharge(house)
    await house.enter(dave.paying(bob, 99_990))
    # Dave may still pay 10 of the 30: the rules refuse it.
    assert await house.submit(sealed) is Refusal.CREDIT_LIMIT_EXCEEDED
    # Within the rules, but no longer the largest one.
    sealed = discharge(house)
    await provide(alice, 101)
    digest = house.book.digest()
    reply: Any = await house.submit(sealed)
    assert reply.status == 409
    assert house.book.digest() == digest
