"""Lines and obligations of members in one round: all in one graph, each piece in every book."""

import asyncio
from pathlib import Path

import pytest

from node.drivers import offers, rounds
from node.drivers.participant import Bundle
from protocol.envelope import ENVELOPE, reopen_verified, seal
from protocol.kinds import TYPE_OF
from protocol.ledger.set_offs import check_certificate
from protocol.messages.decisions import LimitChange
from protocol.messages.joint import JointSetOff
from protocol.messages.rounds import Ballot, Certificate, Manifest, Position, SetOff
from tests.node.joint_street import OwnAccount, audited, is_idle, owed, owes, position
from tests.node.test_invoices import told
from tests.node.test_rounds import dies_at
from tests.node.village import House, Villager, bundle, papers_of, settled, until, village


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.004)
    monkeypatch.setattr(offers, "WAIT_MAX_S", 0.03)
    monkeypatch.setattr(rounds, "PENDING_EVERY_S", 0.02)


def standing(houses: list[House]) -> list[dict[bytes, int]]:
    return [owed(house) for house in houses]


async def square(one: House, two: House) -> tuple[list[Villager], list[bytes]]:
    """A circle of four members in two houses: no circle is in one house, and none on the line."""
    people = [await one.admit("alice"), await two.admit("bob"), await two.admit("carole")]
    people.append(await one.admit("dan"))
    alice, bob, carole, dan = people
    pairs = [(alice, bob, 500), (bob, carole, 300), (carole, dan, 400), (dan, alice, 350)]
    return people, [await owes(*pair) for pair in pairs]


async def test_a_circle_of_members_of_two_cooperatives_is_set_off(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        one, two = houses
        people, invoices = await square(one, two)
        before = [position(who) for who in people]
        papers = Bundle(bundle(*papers_of(await one.ask_round())))
        await until(lambda: is_idle(*houses))
        ab, _, cd, da = invoices
        assert standing(houses) == [{ab: 200, cd: 100, da: 50}, {ab: 200, cd: 100}]
        assert [position(who) for who in people] == before
        assert [house.book.accounts.balance.tolist() for house in houses] == [[0] * 5] * 2
        (terms,) = papers.all(JointSetOff)
        assert (terms.document.amt, len(terms.document.cuts), terms.document.lines) == (300, 4, [])
        (certificate,) = papers.all(Certificate)
        assert check_certificate(certificate.document) == (terms.document, terms.id)
        # Both sides of every obligation find it in their histories.
        for who in people:
            falls = (await told(who))[0].falls
            assert isinstance(falls, list)
            assert sorted(fall.owes for fall in falls) == [False, True]
            assert {fall.amt for fall in falls} == {300}
        reports, _, codes = await audited(*houses)
        assert codes == []
        assert [(one.cycles, one.certified, one.cleared) for one in reports] == [(1, 1200, 1200)]
        # Nothing is left to set off, and a second round says so.
        again = Bundle(bundle(*papers_of(await two.ask_round())))
        assert again.terms() == []


async def chain(one: House, two: House, limit: int = 1_000) -> tuple[list[Villager], list[bytes]]:
    """A circle that only line and invoices together close, through both cooperatives' accounts.

    Bretagne owes Rhone on the line, Rhone owes bob, bob owes alice of Bretagne, alice owes
    Bretagne.
    """
    alice, bob = await one.admit("alice"), await two.admit("bob")
    await one.enter(alice.paying(bob, 800))
    await until(lambda: settled(one, two))
    own = [OwnAccount(one), OwnAccount(two)]
    fields = two.decision(acct=own[1].account, ceil=1_000_000, climit=limit)
    await two.enter(seal(LimitChange(**fields), two.officer))
    invoices = [
        await owes(own[1], bob, 500), await owes(bob, alice, 450), await owes(alice, own[0], 300)
    ]  # fmt: skip
    return [alice, bob, *own], invoices


async def test_line_and_invoices_together_close_a_circle(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        one, two = houses
        people, (first, second, _) = await chain(one, two)
        before = [position(who) for who in people]
        members = [who.balance for who in people[:2]]
        papers = Bundle(bundle(*papers_of(await two.ask_round())))
        await until(lambda: is_idle(*houses))
        (terms,) = papers.all(JointSetOff)
        assert (len(terms.document.cuts), len(terms.document.lines)) == (3, 1)
        assert terms.document.amt == 300
        assert standing(houses) == [{second: 150}, {first: 200, second: 150}]
        assert (one.balance_of(two), two.balance_of(one)) == (500, -500)
        # The members' balances stand still; the cooperatives' own took what their claims lost.
        assert [who.balance for who in people[:2]] == members
        assert [who.balance for who in people[2:]] == [300, -300]
        assert [position(who) for who in people[:2]] == before[:2]
        for house in houses:
            assert house.book.sum() == 0
            assert house.book.accounts.balance[1] == 0
        _, _, codes = await audited(*houses)
        assert codes == []


async def test_a_cooperative_without_room_offers_no_debt_of_its_own(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        one, two = houses
        _, (first, second, _) = await chain(one, two, limit=120)
        papers = Bundle(bundle(*papers_of(await two.ask_round())))
        await until(lambda: is_idle(*houses))
        assert [terms.document.amt for terms in papers.terms()] == [120]
        assert standing(houses)[1] == {first: 380, second: 330}
        again = Bundle(bundle(*papers_of(await one.ask_round())))
        assert again.terms() == []
        assert is_idle(*houses)
        _, _, codes = await audited(*houses)
        assert codes == []


async def test_circles_inside_and_circles_of_lines_are_set_off_in_the_same_round(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace") as houses:
        people = [await house.admit("member") for house in houses]
        for number in range(3):
            await houses[number].enter(people[number].paying(people[(number + 1) % 3], 500))
        await until(lambda: settled(*houses))
        more = [people[0], await houses[0].admit("b"), await houses[0].admit("c")]
        for number in range(3):
            await owes(more[number], more[(number + 1) % 3], 70)
        papers = Bundle(bundle(*papers_of(await houses[1].ask_round())))
        await until(lambda: is_idle(*houses))
        assert (len(papers.all(SetOff)), len(papers.all(JointSetOff))) == (1, 1)
        (terms,) = papers.all(JointSetOff)
        assert terms.document.coops == [houses[0].id]
        assert standing(houses) == [{}, {}, {}]
        assert [one.balance_of(two) for one in houses for two in houses if one is not two] == [
            0
        ] * 6
        reports, _, codes = await audited(*houses)
        assert (codes, [report.cycles for report in reports]) == ([], [2])


async def test_a_house_may_keep_its_members_obligations_out(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", round_obligations=False) as houses:
        await square(*houses)
        papers = Bundle(bundle(*papers_of(await houses[0].ask_round())))
        assert papers.terms() == []
        assert all(one.document.owed.__class__ is not list for one in papers.all(Position))
        assert houses[0].rows("SELECT * FROM blinds") == []


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["convening", "manifest", "solution", "consents", "certificates"])
async def test_a_node_that_dies_at_any_step_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, step: str, moment: str
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", "Centre") as houses:
        people, invoices = await square(houses[0], houses[1])
        before = [position(who) for who in people]
        dies_at(houses[1], step, moment)
        reply = await houses[0].ask_round()
        assert reply.status == 200, reply
        await houses[1].start()
        ab, _, cd, da = invoices
        if step in {"consents", "certificates"} or (step, moment) == ("solution", "after"):
            await until(lambda: is_idle(*houses))
            assert standing(houses[:1]) == [{ab: 200, cd: 100, da: 50}]
        else:
            # Who consented waits; who did not has nothing reserved, and nobody guesses.
            await asyncio.sleep(0.1)
            assert len(houses[1].book.head.parts) == 0
            assert standing(houses[:1]) == [{ab: 500, cd: 400, da: 350}]
        assert [position(who) for who in people] == before
        certified = [
            isinstance(reopen_verified(row[0]).document, Certificate)
            for row in houses[1].rows("SELECT sealed FROM entries")
        ]
        assert sum(certified) == (standing(houses[:1])[0][ab] == 200)
        await until(lambda: all(house.is_synced() for house in houses))
        _, _, codes = await audited(*houses)
        assert codes == []


def no_ballots(papers: list[bytes]) -> list[bytes]:
    return [paper for paper in papers if ENVELOPE.decode(paper).t != TYPE_OF[Ballot]]


async def test_the_papers_of_a_round_are_shown_in_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", "Centre") as houses:
        await square(*houses[:2])
        monkeypatch.setattr(rounds, "ANSWER_BYTES_MAX", 3_000)
        monkeypatch.setattr(rounds, "BUNDLE_BYTES_MAX", 1)
        dies_at(houses[1], "certificates", "before")
        papers = Bundle((await houses[0].ask_round()).body)
        # What the answer has no room for is kept, shown a bundle at a time, and fetched so.
        (name,) = (one.id for one in papers.all(Manifest))
        path = f"/rounds/{name.hex()}"
        shown: list[bytes] = []
        while more := papers_of(await houses[0].call("GET", path, first=str(len(shown)))):
            assert len(more) == 1 or sum(map(len, more)) <= 3_000
            shown += more
        assert len(shown) == len({*shown})
        assert len(Bundle(bundle(*no_ballots(shown))).all(Certificate)) == 1
        assert (await houses[0].call("GET", path, first="x")).status == 404
        await houses[1].start()
        await until(lambda: is_idle(*houses))
        assert standing(houses[:1])[0] != {}


def test_bundles_keep_the_order_and_leave_nothing_out() -> None:
    papers = [bytes([size]) * size for size in (3, 5, 9, 1, 1)]
    assert list(rounds.bundles(papers, 8)) == [papers[:2], [papers[2]], papers[3:]]
    assert list(rounds.bundles([], 8)) == []
