"""Invoices at a node: listed for both sides, told in both histories, kept across a crash."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from federation.ledger_audit import audit_log
from node.store.database import DATABASE_NAME, open_database, read_connection
from protocol.envelope import open_sealed, seal
from protocol.ledger.book import Book
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import Acceptance, Cancellation, Cut, Discharge, Invoice, Potential
from protocol.messages.orders import Leg, Question
from protocol.messages.wire import (
    HISTORY,
    INVOICES,
    OBLIGATIONS,
    HistoryLine,
    InvoiceLine,
    Invoices,
)
from tests.node.village import SALT, UNIT, House, Villager, dated, purpose, until, village
from tests.protocol.market import identifier
from tests.protocol.town import seed_of

NOTHING = bytes(32)


def invoice(creditor: Villager, debtor: Villager, amount: int, /, **changes: Any) -> bytes:
    creditor.seq += 1
    fields: dict[str, Any] = {
        "amt": amount, "by": creditor.account, "debtor": debtor.account, "due": 1_800_000_000,
        "home": creditor.home.id, "kev": 0, "seq": creditor.seq, "unit": UNIT, **dated(),
    }  # fmt: skip
    return seal(Invoice(**fields | changes), *creditor.seeds)


def about(kind: type, member: Villager, inv: bytes) -> bytes:
    member.seq += 1
    fields: dict[str, Any] = {"by": member.account, "home": member.home.id, "inv": inv, "kev": 0}
    return seal(kind(**fields, seq=member.seq, **dated()), *member.seeds)


async def owe(debtor: Villager, creditor: Villager, amount: int) -> bytes:
    sealed = invoice(creditor, debtor, amount)
    await creditor.home.enter(sealed)
    await debtor.home.enter(about(Acceptance, debtor, identifier(sealed)))
    return identifier(sealed)


async def listed(member: Villager, **changes: Any) -> Invoices:
    sealed = member.question("invoices", **changes)
    reply = await member.home.call("POST", "/questions", sealed)
    assert reply.status == 200, reply
    return INVOICES.decode(reply.body)


async def told(member: Villager) -> list[HistoryLine]:
    """Return a history read one line a page: every page must lead to the next one."""
    lines: list[HistoryLine] = []
    first = 0
    while True:
        sealed = member.question("history", first=first, most=1)
        reply = await member.home.call("POST", "/questions", sealed)
        assert reply.status == 200, reply
        page = HISTORY.decode(reply.body)
        lines += page.lines
        if page.more is msgspec.UNSET:
            return lines
        first = page.more


def known(line: InvoiceLine) -> tuple[int, bool, str, Any, Any]:
    return line.owed, line.accepted, line.ending, line.text, line.who


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with village(tmp_path, "Bretagne") as (one,):
        yield one


async def test_an_invoice_is_listed_for_both_sides_with_its_purpose(house: House) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    sealed = invoice(alice, bob, 120, **purpose("miel"))
    await house.enter(sealed, text="miel", salt=SALT)
    inv = identifier(sealed)
    assert [known(line) for line in (await listed(bob)).lines] == [
        (120, False, "nobody", "miel", "alice@Bretagne")
    ]
    await house.enter(about(Acceptance, bob, inv))
    await house.enter(about(Cancellation, bob, inv))
    (line,) = (await listed(alice)).lines
    assert known(line) == (120, True, "debtor", "miel", "bob@Bretagne")
    assert open_sealed(line.entry.sealed, Invoice).id == inv
    await house.enter(about(Cancellation, alice, inv))
    assert (await listed(alice)).lines == (await listed(bob)).lines == []


async def test_a_purpose_that_was_not_signed_is_refused(house: House) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    sealed = invoice(alice, bob, 120, **purpose("miel"))
    reply: Any = await house.submit(sealed, text="cire", salt=SALT)
    assert reply.status == 400


async def test_a_long_list_goes_on_where_it_stopped(house: House) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    asked = [invoice(alice, bob, 1 + turn) for turn in range(7)]
    for sealed in asked:
        await house.enter(sealed)
    found: list[bytes] = []
    page = await listed(bob, most=3)
    while True:
        found += [open_sealed(line.entry.sealed, Invoice).id for line in page.lines]
        if page.more is msgspec.UNSET:
            break
        page = await listed(bob, most=3, doc=page.more)
    assert found == sorted(map(identifier, asked))
    assert await listed(bob, most=0) == Invoices([])


async def test_both_histories_tell_every_step_and_sum_to_the_balance(house: House) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    inv = await owe(bob, alice, 50)
    order = bob.order(Leg(alice.account, 20, inv=inv), **dated(), unit=UNIT)
    await house.enter(seal(order, *bob.seeds))
    for member, other, amount in ((alice, "bob@Bretagne", 20), (bob, "alice@Bretagne", -20)):
        lines = await told(member)
        assert [(line.amount, line.who) for line in lines] == [
            (amount, other), (0, other), (0, other),
        ]  # fmt: skip
        assert sum(line.amount for line in lines) == member.balance
    assert [known(line)[0] for line in (await listed(bob)).lines] == [30]


async def ring(house: House) -> tuple[list[Villager], list[bytes], bytes]:
    """Return three members, what each owes the next, and the discharge of 300 around them."""
    people = [await house.admit(name) for name in ("alice", "bob", "carol")]
    alice, bob, carol = people
    owed = [await owe(alice, bob, 500), await owe(bob, carol, 300), await owe(carol, alice, 400)]
    pots = {alice.account: 1, bob.account: 2, carol.account: 0}
    house.seq += 100
    document = Discharge(
        by=house.id, cuts=[Cut(300, inv) for inv in sorted(owed)], kev=0, seq=house.seq, **dated(),
        pots=[Potential(account, pot) for account, pot in sorted(pots.items())],
    )  # fmt: skip
    return people, owed, seal(document, house.officer)


async def test_a_discharge_is_told_to_both_sides_and_moves_no_balance(house: House) -> None:
    (alice, bob, carol), _, sealed = await ring(house)
    await house.enter(sealed)
    assert [member.balance for member in (alice, bob, carol)] == [0, 0, 0]
    newest = (await told(alice))[0]
    assert newest.amount == 0
    assert isinstance(newest.falls, list)
    assert sorted((fall.owed, fall.amt, fall.owes, fall.who) for fall in newest.falls) == [
        (400, 300, False, "carol@Bretagne"), (500, 300, True, "bob@Bretagne"),
    ]  # fmt: skip
    # What is gone is still told: bob owed carol 300, all of it.
    falls: Any = (await told(bob))[0].falls
    assert {(fall.owed, fall.who) for fall in falls} == {
        (500, "alice@Bretagne"), (300, "carol@Bretagne"),
    }  # fmt: skip
    assert sorted(line.owed for line in (await listed(alice)).lines) == [100, 200]


async def test_a_repeated_discharge_gets_its_receipt_again(house: House) -> None:
    _, _, sealed = await ring(house)
    first = await house.enter(sealed)
    assert await house.submit(sealed) == first
    assert len(house.rows("SELECT * FROM cuts")) == 6


async def test_only_an_officer_sees_the_obligations_of_all(house: House) -> None:
    people, owed, _ = await ring(house)
    await house.enter(invoice(people[0], people[1], 7))
    reply = await house.call("POST", "/questions", people[0].question("obligations"))
    assert reply.status == 403
    document = open_sealed(people[0].question("obligations"), Question).document
    reply = await house.call("POST", "/questions", seal(document, seed_of("stranger")))
    assert reply.status == 403
    page_doc, found = NOTHING, []
    for _ in range(2):
        changed = msgspec.structs.replace(document, doc=page_doc, most=2)
        reply = await house.call("POST", "/questions", seal(changed, house.officer))
        page = OBLIGATIONS.decode(reply.body)
        found += [(line.inv, line.owed, line.dwho, line.cwho) for line in page.lines]
        page_doc = page.more if isinstance(page.more, bytes) else page_doc
    assert sorted(found) == sorted(
        [
            (owed[0], 500, "alice@Bretagne", "bob@Bretagne"),
            (owed[1], 300, "bob@Bretagne", "carol@Bretagne"),
            (owed[2], 400, "carol@Bretagne", "alice@Bretagne"),
        ]
    )


@pytest.mark.parametrize("with_snapshot", [False, True])
async def test_a_crash_forgets_no_obligation(house: House, with_snapshot: bool) -> None:
    people, owed, sealed = await ring(house)
    if with_snapshot:
        house.live.ledger.snapshot()
    await house.enter(sealed)
    order = people[0].order(Leg(people[1].account, 50, inv=owed[0]), **dated(), unit=UNIT)
    await house.enter(seal(order, *people[0].seeds))
    digest, lines = house.book.digest(), await told(people[0])
    await house.kill()
    await house.start()
    assert house.book.digest() == digest
    assert await told(people[0]) == lines
    assert sorted(line.owed for line in (await listed(people[0])).lines) == [100, 150]


async def test_a_refused_payment_of_an_invoice_is_refused_as_the_rules_say(house: House) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    inv = await owe(bob, alice, 50)
    order = bob.order(Leg(alice.account, 51, inv=inv), **dated(), unit=UNIT)
    assert await house.submit(seal(order, *bob.seeds)) is Refusal.MORE_THAN_OWED


@pytest.mark.parametrize("version", [1, 2])
async def test_a_database_of_an_older_version_learns_of_invoices(
    house: House, version: int
) -> None:
    alice, bob = await house.admit("alice"), await house.admit("bob")
    await house.stop()
    path = house.folder / DATABASE_NAME
    connection = open_database(path)
    connection.executescript("DROP TABLE relays; DROP TABLE heard; DROP TABLE blinds;")
    if version == 1:
        connection.executescript("DROP TABLE invoices; DROP TABLE cuts;")
    connection.executescript(f"PRAGMA user_version={version};")
    connection.close()
    # Whoever only looks at it changes nothing.
    open_database(path, alone=False).close()
    reader = read_connection(path)
    assert reader.execute("PRAGMA user_version").fetchone() == (version,)
    reader.close()
    await house.start()
    await owe(bob, alice, 50)
    assert [line.owed for line in (await listed(alice)).lines] == [50]


async def test_a_discharge_that_came_too_late_changes_nothing(house: House) -> None:
    people, _, sealed = await ring(house)
    await owe(people[1], people[0], 9)
    digest = house.book.digest()
    reply: Any = await house.submit(sealed)
    assert reply.status == 409
    assert house.book.digest() == digest


async def test_by_the_clock_what_comes_around_is_set_off_alone(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", setoff_every_s=1) as (one,):
        people, owed, _ = await ring(one)
        await until(lambda: len(one.book.head.invoices) == 2)
        await until(one.is_synced)
        (alice, *_), report = people, audit_log(one.rows("SELECT at, salt, sealed FROM entries"))
        assert report.findings == []
        falls: Any = (await told(alice))[0].falls
        assert sum(fall.amt for fall in falls) == 600
        assert owed[1] not in one.book.head.invoices
        # Nothing is left to set off: no other discharge follows.
        assert not await one.live.discharger.set_off()


async def test_a_set_off_by_the_clock_gives_way_to_a_payment(house: House) -> None:
    _, owed, _ = await ring(house)
    discharger = house.live.discharger
    real = discharger._sign

    def late(book: Book, at: int, proposal: Any) -> Any:
        # An obligation that was accepted while the set-off was computed.
        book.head.invoices[owed[1]].owed += 50
        return real(book, at, proposal)

    discharger._sign = late  # type: ignore[method-assign]
    assert not await discharger.set_off()
    assert len(house.rows("SELECT * FROM cuts")) == 0
    discharger._sign = real  # type: ignore[method-assign]
    assert not await discharger.set_off()
    assert len(house.rows("SELECT * FROM cuts")) == 6
