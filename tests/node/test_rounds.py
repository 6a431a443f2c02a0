"""A clearing round: nets stay, gross falls by the optimum, each cycle stands once in each log."""

import asyncio
import random
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest

from federation.obligations import Graph
from federation.set_off import solve
from node.drivers import offers, rounds
from node.drivers.participant import Bundle
from protocol.envelope import ENVELOPE, reopen_verified, seal
from protocol.kinds import TYPE_OF
from protocol.ledger.set_offs import check_certificate, members_of, terms_id
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Manifest,
    SetOff,
    Solution,
)
from protocol.messages.wire import PAPERS
from protocol.signatures import public_key_of
from tests.node.village import House, bundle, connect, papers_of, settled, until, village
from tests.protocol.town import seed_of

NAMES = ("Bretagne", "Rhone", "Alsace", "Centre", "Corse", "Savoie")
Debts = dict[tuple[int, int], int]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.01)
    monkeypatch.setattr(rounds, "PENDING_EVERY_S", 0.02)


def around(size: int, *amounts: int) -> Debts:
    return {(n, (n + 1) % size): amounts[n % len(amounts)] for n in range(size)}


async def owe(houses: list[House], debts: Debts) -> None:
    """Let a member of each debtor pay a member of each creditor."""
    people = [await house.admit("member") for house in houses]
    for (debtor, creditor), amount in debts.items():
        await houses[debtor].enter(people[debtor].paying(people[creditor], amount))
    await until(lambda: settled(*houses))


def owed(houses: list[House]) -> Debts:
    """Return who owes whom, from the creditors' books."""
    found = {}
    for one, two in combinations(range(len(houses)), 2):
        if houses[one].book.correspondent(houses[two].id) is None:
            continue
        balance = houses[one].balance_of(houses[two])
        assert houses[two].balance_of(houses[one]) == -balance
        if balance:
            found[(one, two) if balance > 0 else (two, one)] = abs(balance)
    return found


def certificates(house: House) -> list[bytes]:
    rows = house.rows("SELECT sealed FROM entries ORDER BY idx")
    opened = [reopen_verified(row[0]) for row in rows]
    return [terms_id(one.document.terms) for one in opened if isinstance(one.document, Certificate)]


def optimum(debts: Debts) -> int:
    graph = Graph.from_debts([(str(a), str(b), amount) for (a, b), amount in debts.items()])
    return sum(solve(graph))


async def clear(houses: list[House], convener: House) -> list[bytes]:
    """Run one round and hold it to its laws; returns its papers."""
    before, nets = owed(houses), [house.nets() for house in houses]
    papers = papers_of(await convener.ask_round())
    await until(lambda: all(house.is_synced() for house in houses))
    after = owed(houses)
    assert [house.nets() for house in houses] == nets
    assert sum(before.values()) - sum(after.values()) == optimum(before)
    assert not any(house.book.head.shares for house in houses)
    done = Bundle(bundle(*papers)).all(Certificate)
    for one in done:
        terms, tx = check_certificate(one.document)
        for house in houses:
            assert certificates(house).count(tx) == (house.id in members_of(terms))
    return papers


@pytest.mark.parametrize("size", [3, 4, 6])
async def test_a_ring_is_cleared_by_what_all_of_it_owes(tmp_path: Path, size: int) -> None:
    async with village(tmp_path, *NAMES[:size]) as houses:
        await owe(houses, around(size, 500, 300, 800))
        papers = await clear(houses, houses[1])
        assert sum(owed(houses).values()) == sum(around(size, 500, 300, 800).values()) - 300 * size
        # Nothing is left to clear, and a second round says so with its own manifest.
        again = await clear(houses, houses[0])
        assert Bundle(bundle(*again)).all(SetOff) == []
        assert Bundle(bundle(*papers)).one(Manifest).id != Bundle(bundle(*again)).one(Manifest).id


async def test_two_cooperatives_have_no_cycle_and_one_has_no_round(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", ring=False) as houses:
        one, two, alone = houses
        assert (await alone.ask_round()).status == 409
        await connect(one, two)
        await owe(houses[:2], {(0, 1): 500})
        papers = await clear(houses[:2], one)
        assert Bundle(bundle(*papers)).all(Certificate) == []
        assert owed(houses[:2]) == {(0, 1): 500}


@pytest.mark.parametrize("seed", range(3))
async def test_any_graph_falls_by_its_optimum(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    async with village(tmp_path, *NAMES[:5], seed=seed, ring=False) as houses:
        pairs = list(combinations(range(5), 2))
        for one, two in pairs:
            await connect(houses[one], houses[two])
        drawn = dice.sample(pairs, 8)
        debts = {
            (pair if dice.random() < 0.5 else pair[::-1]): dice.randint(1, 999) for pair in drawn
        }
        await owe(houses, debts)
        await clear(houses, dice.choice(houses))


async def test_every_member_can_show_the_whole_round(tmp_path: Path) -> None:
    async with village(tmp_path, *NAMES[:4]) as houses:
        await owe(houses, around(4, 500))
        papers = Bundle(bundle(*await clear(houses, houses[0])))
        manifest = papers.one(Manifest)
        for house in houses:
            known = papers_of(await house.call("GET", "/rounds"))
            assert known == [manifest.sealed]
            all_papers = papers_of(await house.call("GET", f"/rounds/{manifest.id.hex()}"))
            ballots = [paper for paper in all_papers if ENVELOPE.decode(paper).t == TYPE_OF[Ballot]]
            assert len(ballots) == 1
            shown = Bundle(bundle(*(paper for paper in all_papers if paper not in ballots)))
            assert shown.one(Manifest).sealed == manifest.sealed
            assert len(manifest.signers) >= 3
            assert shown.one(Convening).id == papers.one(Convening).id
            assert shown.one(Solution).id == papers.one(Solution).id
            assert len(shown.all(Charter)) == 4
            assert [one.id for one in shown.all(SetOff)] == [one.id for one in papers.all(SetOff)]
            assert len(shown.all(Certificate)) == len(papers.all(Certificate)) == 1
            assert len(shown.all(Consent)) == 1
        assert (await houses[0].call("GET", "/rounds/xyz")).status == 404
        assert (await houses[0].call("GET", f"/rounds/{'00' * 32}")).status == 404


async def test_a_round_goes_on_without_a_node_that_is_down(tmp_path: Path) -> None:
    async with village(tmp_path, *NAMES[:5], ring=False) as houses:
        for one, two in ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 0)):
            await connect(houses[one], houses[two])
        small = {(0, 1): 500, (1, 2): 500, (2, 0): 300}
        await owe(houses, small | {(2, 3): 200, (3, 4): 200, (4, 0): 200})
        await houses[3].stop()
        await clear(houses[:3], houses[0])
        assert owed(houses[:3]) == {(0, 1): 200, (1, 2): 200}
        await houses[3].start()
        await clear(houses, houses[4])
        assert owed(houses) == {}


def dies_at(victim: House, step: str, moment: str) -> None:
    """Let a node die when it is asked for a step, or when its answer is on its way."""
    wire = victim.wire
    real = wire.request

    async def request(method: str, url: str, body: bytes = b"") -> bytes:
        if url != f"{victim.url}/rounds/{step}" or victim.household is None:
            return await real(method, url, body)
        if moment == "before":
            await victim.kill()
        answer = await real(method, url, body)
        await victim.kill()
        return answer

    wire.request = request  # type: ignore[method-assign]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["convening", "manifest", "solution", "consents", "certificates"])
async def test_a_node_that_dies_at_any_step_breaks_nothing_and_catches_up(
    tmp_path: Path, step: str, moment: str
) -> None:
    async with village(tmp_path, *NAMES[:4]) as houses:
        await owe(houses, around(4, 500))
        before, nets = owed(houses), [house.nets() for house in houses]
        victim = houses[2]
        dies_at(victim, step, moment)
        reply = await houses[0].ask_round()
        assert reply.status == 200, reply
        assert victim.household is None
        await victim.start()
        consented = step in {"consents", "certificates"} or (step, moment) == ("solution", "after")
        certified = certificates(houses[0])
        assert len(certified) == consented
        if consented:
            # What it missed reaches it from a neighbour; what it had entered stays entered once.
            await until(lambda: not victim.book.head.shares and victim.is_synced())
            assert all(certificates(house) == certified for house in houses)
            assert owed(houses) == {}
        else:
            assert owed(houses) == before
        assert [house.nets() for house in houses] == nets
        assert all(house.book.sum() == 0 for house in houses)


async def test_a_cycle_without_a_quorum_of_ballots_stays_pending_and_is_shown_as_such(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, *NAMES[:3]) as houses:
        await owe(houses, around(3, 500))
        before = owed(houses)
        dies_at(houses[1], "consents", "before")
        papers = Bundle(bundle(*papers_of(await houses[0].ask_round())))
        # Of three seats all must vote: the cycle has every consent, and no decision.
        assert (len(papers.all(SetOff)), len(papers.all(Certificate))) == (1, 0)
        await houses[1].start()
        await asyncio.sleep(0.1)
        assert owed(houses) == before
        assert [len(house.book.head.shares) for house in houses] == [1, 1, 1]
        # What is reserved is not offered again.
        again = Bundle(bundle(*papers_of(await houses[2].ask_round())))
        assert again.all(SetOff) == []


async def test_a_payment_in_the_middle_of_a_round_takes_what_it_needs(tmp_path: Path) -> None:
    async with village(tmp_path, *NAMES[:3]) as houses:
        people = [await house.admit("payer") for house in houses]
        for n in range(3):
            await houses[n].enter(people[n].paying(people[(n + 1) % 3], 500))
        await until(lambda: settled(*houses))

        async def pay_back(method: str, url: str) -> None:
            if url.endswith("/rounds/manifest"):
                wire.before = None
                await houses[1].enter(people[1].paying(people[0], 400))
                await until(lambda: houses[1].held() == 0)

        wire = houses[0].wire
        wire.before = pay_back
        papers = Bundle(bundle(*papers_of(await houses[2].ask_round())))
        await until(lambda: all(house.is_synced() for house in houses))
        # The debt of 0 towards 1 fell to 100: the cycle of 500 is no longer covered there.
        assert papers.all(Certificate) == []
        assert owed(houses) == {(0, 1): 100, (1, 2): 500, (2, 0): 500}
        await until(lambda: settled(*houses))


@pytest.mark.parametrize("step", ["convening", "manifest", "solution", "consents"])
@pytest.mark.parametrize("kind", ["noise", "noise inside", "a stranger's", "twice"])
async def test_one_members_nonsense_is_left_out_of_the_round(
    tmp_path: Path, step: str, kind: str
) -> None:
    stranger = seed_of("a stranger")
    forged: Any = {
        "noise": lambda body: b"noise",
        "noise inside": lambda body: bundle(b"noise"),
        "a stranger's": lambda body: bundle(
            *(seal(reopen_verified(one).document, stranger) for one in PAPERS.decode(body).papers)
        ),
        "twice": lambda body: bundle(*PAPERS.decode(body).papers * 2),
    }[kind]
    async with village(tmp_path, *NAMES[:5]) as houses:
        await owe(houses, around(5, 500))
        await connect(houses[0], houses[2])
        await owe_more(houses)
        liar, wire = houses[4], houses[0].wire
        real = wire.request

        async def request(method: str, url: str, body: bytes = b"") -> bytes:
            answer = await real(method, url, body)
            return forged(answer) if url == f"{liar.url}/rounds/{step}" else answer

        wire.request = request  # type: ignore[method-assign]
        reply = await houses[0].ask_round()
        assert reply.status == 200, reply
        await until(lambda: all(house.is_synced() for house in houses))
        papers = Bundle(reply.body)
        if kind == "twice":
            assert len(papers.all(Certificate)) == len(papers.all(SetOff)) >= 1
        elif step == "convening":
            assert liar.id not in papers.one(Manifest).document.members
            # The small ring without the liar is cleared all the same.
            assert len(papers.all(Certificate)) == 1
        elif step == "solution":
            cycles = [members_of(check_certificate(o.document)[0]) for o in papers.all(Certificate)]
            assert all(liar.id not in cycle for cycle in cycles)
        assert all(house.book.sum() == 0 for house in houses)
        wire.request = real  # type: ignore[method-assign]


async def owe_more(houses: list[House]) -> None:
    """Close a second ring 0 → 1 → 2 → 0 beside the large one."""
    payer, payee = await houses[2].admit("second"), await houses[0].admit("second")
    await houses[2].enter(payer.paying(payee, 100))
    await until(lambda: settled(*houses))


async def test_only_an_officer_asks_for_a_round_and_only_one_runs(tmp_path: Path) -> None:
    async with village(tmp_path, *NAMES[:3]) as houses:
        await owe(houses, around(3, 500))
        replies = await asyncio.gather(houses[0].ask_round(), houses[0].ask_round())
        assert sorted(reply.status for reply in replies) == [200, 409]
        houses[0].officer = seed_of("a stranger")
        assert (await houses[0].ask_round()).status == 403
        assert public_key_of(houses[0].officer) not in houses[0].charter.officers


async def test_rounds_by_the_clock_clear_by_themselves(tmp_path: Path) -> None:
    async with village(tmp_path, *NAMES[:3], round_every_s=1) as houses:
        await owe(houses, around(3, 500))
        pairs = list(permutations(houses, 2))
        await until(lambda: not any(one.balance_of(two) for one, two in pairs))
        await until(lambda: all(house.is_synced() for house in houses))
        assert owed(houses) == {}
        assert len({tuple(certificates(house)) for house in houses}) == 1
