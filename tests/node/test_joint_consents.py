"""A member consents to no joint cycle but those that follow from the papers of the round."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from node.door import Reply
from node.drivers import joint_drafts, offers
from node.drivers.joint_drafts import grouped
from node.drivers.participant import Bundle, named_by
from node.store.database import DATABASE_NAME
from protocol.blinding import blind_of
from protocol.envelope import Opened, open_sealed, reopen_verified, seal, seal_opened
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import Cancellation
from protocol.messages.joint import JointCut, JointSetOff
from protocol.messages.orders import Question
from protocol.messages.rounds import Consent, Manifest, Position, SetOff
from protocol.messages.wire import BLINDS, INVOICES, PAPERS
from protocol.signatures import public_key_of
from tests.node.joint_street import OwnAccount, audited, is_idle, owed, owes, position
from tests.node.test_invoices import about
from tests.node.test_joint_rounds import chain, square
from tests.node.village import House, bundle, dated, papers_of, settled, until, village
from tests.protocol.joint_fair import JointFair
from tests.protocol.town import seed_of


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.004)
    monkeypatch.setattr(offers, "WAIT_MAX_S", 0.03)


def sent(house: House, step: str) -> bytes:
    """Return the last body that was sent to a house for a step."""
    bodies = [body for _, url, body in house.wire.requests if url == f"{house.url}/rounds/{step}"]
    return bodies[-1]


def altered(body: bytes, seed: bytes, change: Callable[[JointSetOff], Any]) -> bytes:
    """Return a bundle with other terms, signed by the convener."""
    papers = PAPERS.decode(body).papers
    opened = Bundle(body).all(JointSetOff)[0]
    return bundle(
        *(seal(change(opened.document), seed) if p == opened.sealed else p for p in papers)
    )


WRONG: dict[str, Callable[[JointSetOff], Any]] = {
    "another amount": lambda one: replace(one, amt=one.amt - 1),
    "another number": lambda one: replace(one, seq=1),
    "another round": lambda one: replace(one, round=bytes(32)),
    "another leader": lambda one: replace(one, by=bytes(32)),
    "another deadline": lambda one: replace(one, exp=one.exp + 1),
    "another key": lambda one: replace(one, keys=one.keys[::-1]),
    "another panel": lambda one: replace(one, panel=one.panel[::-1]),
    "another invoice": lambda one: replace(
        one, cuts=[replace(one.cuts[0], ref=bytes(32)), *one.cuts[1:]]
    ),
    "an invoice less": lambda one: replace(one, cuts=one.cuts[1:]),
    "another order": lambda one: replace(one, cuts=one.cuts[::-1]),
    "another place": lambda one: replace(one, cuts=[JointCut(0, o.ref, 1) for o in one.cuts]),
    "of lines": lambda one: SetOff(
        amt=one.amt, by=one.by, cycle=one.coops, exp=one.exp, iat=one.iat, kev=0, keys=one.keys,
        net=one.net, panel=one.panel, pkeys=one.pkeys, round=one.round, seq=0,
    ),
}  # fmt: skip


async def test_terms_other_than_those_that_follow_are_refused(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        one, two = houses
        await square(one, two)
        await one.ask_round()
        await until(lambda: is_idle(*houses))
        body, seed = sent(two, "solution"), one.live.ledger.keys.document
        digest = two.book.digest()
        for name, change in WRONG.items():
            reply = await two.call("POST", "/rounds/solution", altered(body, seed, change))
            assert reply.status == 400, (name, reply)
            assert b"set-off 0 is not the one" in reply.body, (name, reply)
        terms = Bundle(body).all(JointSetOff)[0]
        without = [paper for paper in PAPERS.decode(body).papers if paper != terms.sealed]
        reply = await two.call("POST", "/rounds/solution", bundle(*without))
        assert b"0 set-offs, the solution has 1" in reply.body
        # The same question again has the same answer, and nothing is reserved twice.
        (again,) = papers_of(await two.call("POST", "/rounds/solution", body))
        assert named_by(open_sealed(again, Consent).document) == [terms.id]
        assert two.book.digest() == digest


async def test_joint_terms_in_a_round_of_lines_are_refused(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", round_obligations=False) as houses:
        people = [await house.admit("member") for house in houses]
        for number in range(3):
            await houses[number].enter(people[number].paying(people[(number + 1) % 3], 500))
        await until(lambda: settled(*houses))
        await houses[0].ask_round()
        await until(lambda: is_idle(*houses))
        body = sent(houses[1], "solution")
        plain = Bundle(body).all(SetOff)[0]
        fair = JointFair()
        terms = seal(fair.terms, houses[0].live.ledger.keys.document)
        papers = [terms if paper == plain.sealed else paper for paper in PAPERS.decode(body).papers]
        reply = await houses[1].call("POST", "/rounds/solution", bundle(*papers))
        assert b"a joint set-off in a round of lines alone" in reply.body


async def test_a_position_that_no_graph_can_hold_is_left_out_of_the_round(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", "Centre") as houses:
        await square(*houses[:2])
        liar = houses[3]
        more = [await liar.admit(name) for name in "xyz"]
        await owes(more[0], more[1], 5)
        wire = houses[0].wire
        real = wire.request

        async def request(method: str, url: str, body: bytes = b"") -> bytes:
            answer = await real(method, url, body)
            if url != f"{liar.url}/rounds/convening":
                return answer
            (paper,) = PAPERS.decode(answer).papers
            stated: Position = reopen_verified(paper).document
            return bundle(seal(replace(stated, blind=UNSET), liar.live.ledger.keys.document))

        wire.request = request  # type: ignore[method-assign]
        papers = Bundle((await houses[0].ask_round()).body)
        assert liar.id not in papers.one(Manifest).document.members
        assert len(papers.all(JointSetOff)) == 1
        wire.request = real  # type: ignore[method-assign]


async def test_what_members_do_during_a_round_is_respected(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        one, two = houses
        people, invoices = await square(one, two)
        before = [position(who) for who in people]
        bob, carole = people[1], people[2]

        async def cancel(method: str, url: str) -> None:
            if url.endswith("/rounds/manifest"):
                one.wire.before = None
                await two.enter(about(Cancellation, bob, invoices[1]))
                await two.enter(about(Cancellation, carole, invoices[1]))

        one.wire.before = cancel
        papers = Bundle((await one.ask_round()).body)
        assert len(papers.all(JointSetOff)) == 1
        # Rhone could not consent: nothing fell, and what Bretagne reserved is shown as waiting.
        assert list(two.book.head.parts) == []
        assert len(one.book.head.parts) == 1
        assert owed(one)[invoices[0]] == 500
        assert [position(who) for who in people[:1]] == before[:1]
        alice = people[0]
        reply = await one.call("POST", "/questions", alice.question("invoices"))
        lines = INVOICES.decode(reply.body).lines
        assert {line.reserved for line in lines} == {300}
        await one.enter(about(Cancellation, alice, invoices[3]))
        got = await one.submit(about(Cancellation, people[3], invoices[3]))
        assert got is Refusal.INVOICE_HELD
        # It is not offered again, and a start from the disk knows it still.
        await one.kill()
        await one.start()
        assert len(one.book.head.parts) == 1
        again = Bundle((await one.ask_round()).body)
        assert again.terms() == []
        _, _, codes = await audited(*houses)
        assert codes == []


async def test_only_an_auditor_is_shown_the_secrets(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        one, two = houses
        await chain(one, two)
        papers = Bundle((await one.ask_round()).body)
        own = next(p.document for p in papers.all(Position) if p.document.by == one.id)

        async def asks(seed: bytes) -> Reply:
            question = Question(
                ask="blinds", by=public_key_of(seed), doc=bytes(32), first=0, home=one.id, kev=0,
                most=10, seq=0, **dated(),
            )  # fmt: skip
            return await one.call("POST", "/questions", seal(question, seed))

        assert (await asks(seed_of("a stranger"))).status == 403
        reply = await asks(one.auditor)
        assert reply.status == 200, reply
        (secret,) = BLINDS.decode(reply.body).secrets
        assert blind_of(secret) == own.blind


async def test_two_askings_at_once_have_one_secret_and_one_position(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        await square(*houses)
        await houses[0].ask_round()
        body = sent(houses[1], "convening")
        replies = await asyncio.gather(
            *(houses[1].call("POST", "/rounds/convening", body) for _ in range(3))
        )
        assert len({tuple(papers_of(reply)) for reply in replies}) == 1
        assert len(houses[1].rows("SELECT * FROM blinds")) == 1
        assert OwnAccount(houses[1]).seq == houses[1].seq


def test_consents_are_cut_so_that_every_certificate_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fair = JointFair()
    home = fair.coops[0].id

    def terms(number: int, coops: int) -> Opened[JointSetOff]:
        ids = sorted([home, *(bytes([n]) * 32 for n in range(1, coops))])
        changed = replace(fair.terms, seq=number, coops=ids, keys=ids)
        return seal_opened(changed, seed_of("leader"))

    few = [terms(number, 2) for number in range(20)]
    assert [len(group) for group in grouped(few, home)] == [8, 8, 4]
    many = [terms(number, 60) for number in range(3)]
    assert [len(group) for group in grouped(many, home)] == [1, 1, 1]
    mixed = [few[0], many[0], few[1], few[2]]
    assert [len(group) for group in grouped(mixed, home)] == [1, 1, 2]
    monkeypatch.setattr(joint_drafts, "PARTS_MAX", 3)
    assert [len(group) for group in grouped(few[:7], home)] == [3, 3, 1]


async def test_a_crash_between_secret_and_position_leaves_one_secret(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as houses:
        two = houses[1]
        await square(*houses)
        papers = Bundle((await houses[0].ask_round()).body)
        before = next(p.document for p in papers.all(Position) if p.document.by == two.id)
        await until(lambda: is_idle(*houses))
        body = sent(two, "convening")
        await two.kill()
        # As if the disk had taken the secret, and the light had gone before the position.
        connection = sqlite3.connect(two.folder / DATABASE_NAME)
        connection.execute("DELETE FROM papers WHERE kind='position'")
        connection.commit()
        connection.close()
        await two.start()
        (paper,) = papers_of(await two.call("POST", "/rounds/convening", body))
        again = open_sealed(paper, Position).document
        assert again.blind == before.blind
        assert again.seq > before.seq
        assert len(two.rows("SELECT * FROM blinds")) == 1
