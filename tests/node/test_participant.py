"""A member checks everything before it consents, and says one thing as often as it is asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from federation.panel import panel_of
from federation.round_papers import round_graph
from node.door import Reply
from node.drivers import offers, round_drafts, rounds
from node.drivers.directory import Directory
from node.drivers.participant import Bundle
from node.errors import PeerError
from protocol.envelope import Opened, open_sealed, reopen_verified, seal, seal_opened
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Flow,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from protocol.messages.wire import PAPERS
from tests.node.test_rounds import NAMES, around, certificates, owe, owed
from tests.node.village import House, bundle, papers_of, until, village
from tests.protocol.town import changed, seed_of

Change = Callable[["Scene"], list[bytes]]
STEPS = ("convening", "manifest", "solution", "consents", "certificates")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.01)
    monkeypatch.setattr(rounds, "PENDING_EVERY_S", 300)


class Scene:
    """A ring in which one member was not reached at one step; it is asked now, by the test."""

    def __init__(self, houses: list[House], step: str) -> None:
        self.houses = houses
        self.convener, self.victim = houses[0], houses[2]
        self.step = step
        self.asked: dict[str, bytes] = {}

    async def play(self) -> None:
        await owe(self.houses, around(len(self.houses), 500, 300))
        wire = self.victim.wire
        real = wire.request
        late = STEPS[STEPS.index(self.step) :]

        async def request(method: str, url: str, body: bytes = b"") -> bytes:
            step = url.rpartition("/")[2]
            if url.startswith(self.victim.url) and step in STEPS:
                self.asked[step] = body
                if step in late:
                    raise PeerError("not reached")
            return await real(method, url, body)

        wire.request = request  # type: ignore[method-assign]
        papers_of(await self.convener.ask_round())
        wire.request = real  # type: ignore[method-assign]

    @property
    def papers(self) -> list[bytes]:
        return PAPERS.decode(self.asked[self.step]).papers

    @property
    def key(self) -> bytes:
        """Seed of the convener's key."""
        return self.convener.live.ledger.keys.document

    def one(self, struct: Any) -> Opened[Any]:
        return Bundle(self.asked[self.step]).one(struct)

    def all(self, struct: Any) -> list[Opened[Any]]:
        return Bundle(self.asked[self.step]).all(struct)

    def with_paper(self, old: Opened[Any], *new: bytes) -> list[bytes]:
        """Return the papers with one of them replaced."""
        at = self.papers.index(old.sealed)
        return [*self.papers[:at], *new, *self.papers[at + 1 :]]

    def altered(self, struct: Any, *seeds: bytes, place: int = 0, **changes: Any) -> list[bytes]:
        """Return the papers with one changed and signed again, by the convener if not told else."""
        old = self.all(struct)[place]
        return self.with_paper(old, seal(changed(old.document, **changes), *(seeds or (self.key,))))

    async def ask(self, papers: list[bytes]) -> Reply:
        return await self.victim.call("POST", f"/rounds/{self.step}", bundle(*papers))


@asynccontextmanager
async def scene(folder: Path, step: str, size: int = 4) -> AsyncIterator[Scene]:
    async with village(folder, *NAMES[:size]) as houses:
        found = Scene(houses, step)
        await found.play()
        yield found


def reason(reply: Reply) -> str:
    assert reply.status in {400, 403}, reply
    return str(json.loads(reply.body)["detail"])


async def refuses(scene: Scene, papers: list[bytes], why: str) -> None:
    digest, size = scene.victim.book.digest(), scene.victim.live.ledger.tree.size
    found = reason(await scene.ask(papers))
    assert why in found, found
    assert (scene.victim.book.digest(), scene.victim.live.ledger.tree.size) == (digest, size)


STRANGER = seed_of("a stranger")


def _flows(scene: Scene, amount: int) -> list[Flow]:
    flows = scene.one(Solution).document.flows
    return [Flow(amt=amount, creditor=one.creditor, debtor=one.debtor) for one in flows]


def _moved(values: list[int]) -> list[int]:
    return [values[0] + 1, *values[1:]]


SOLUTION_LIES: dict[str, tuple[Change, str]] = {
    "less than the optimum": (
        lambda s: s.altered(Solution, flows=_flows(s, 299)),
        "",
    ),
    "more than is owed": (lambda s: s.altered(Solution, flows=_flows(s, 301)), ""),
    "a flow that does not balance": (
        lambda s: s.altered(Solution, flows=s.one(Solution).document.flows[1:]),
        "",
    ),
    "other potentials": (
        lambda s: s.altered(Solution, pots=_moved(s.one(Solution).document.pots)),
        "",
    ),
    "too few potentials": (
        lambda s: s.altered(Solution, pots=s.one(Solution).document.pots[1:]),
        "another manifest",
    ),
    "another salt": (lambda s: s.altered(Solution, skip=3), ""),
    "a member beyond the manifest": (
        lambda s: s.altered(
            Solution, flows=[Flow(amt=300, creditor=9, debtor=0), *_flows(s, 300)[1:]]
        ),
        "",
    ),
    "another round's": (lambda s: s.altered(Solution, round=bytes(32)), "another manifest"),
    "a stranger's solution": (lambda s: s.altered(Solution, STRANGER), "another key"),
    "no solution": (lambda s: s.with_paper(s.one(Solution)), "0 papers of type Solution"),
    "two solutions": (
        lambda s: [*s.papers, s.one(Solution).sealed],
        "2 papers of type Solution",
    ),
    "no cycle": (lambda s: s.with_paper(s.all(SetOff)[0]), ""),
    "a smaller cycle": (lambda s: s.altered(SetOff, amt=299), ""),
    "a cycle the other way": (
        lambda s: s.altered(SetOff, cycle=s.one(SetOff).document.cycle[::-1]),
        "",
    ),
    "another deadline": (
        lambda s: s.altered(SetOff, exp=s.one(SetOff).document.exp + 1),
        "other terms",
    ),
    "another panel": (
        lambda s: s.altered(SetOff, panel=s.one(SetOff).document.panel[:3]),
        "other terms",
    ),
    "a stranger's key for a member": (
        lambda s: s.altered(SetOff, keys=[bytes(32), *s.one(SetOff).document.keys[1:]]),
        "a member's own",
    ),
    "a stranger's key for a witness": (
        lambda s: s.altered(SetOff, pkeys=[bytes(32), *s.one(SetOff).document.pkeys[1:]]),
        "a witness's own",
    ),
    "a manifest without a quorum": (
        lambda s: s.with_paper(s.one(Manifest), seal(s.one(Manifest).document, s.key)),
        "quorum",
    ),
    "a manifest that strangers signed": (
        lambda s: s.with_paper(
            s.one(Manifest),
            seal(s.one(Manifest).document, *(seed_of(f"stranger {n}") for n in range(4))),
        ),
        "quorum",
    ),
    "a convening with a chosen panel": (
        lambda s: s.altered(Convening, panel=s.one(Convening).document.panel[:2]),
        "the hash draws",
    ),
    "a convening with members out of order": (
        lambda s: s.altered(Convening, members=s.one(Convening).document.members[::-1]),
        "out of order",
    ),
    "a member without a charter": (lambda s: s.with_paper(s.all(Charter)[3]), ""),
    "a position left out": (lambda s: s.with_paper(s.all(Position)[1]), "other members"),
    "a position of another amount": (
        lambda s: s.altered(
            Position, place=0, edges=[changed(e, top=1) for e in s.all(Position)[0].document.edges]
        ),
        "",
    ),
    "noise": (lambda s: [*s.papers, b"noise"], ""),
}


@pytest.mark.parametrize("lie", SOLUTION_LIES)
async def test_a_member_consents_to_nothing_but_the_proven_optimum(
    tmp_path: Path, lie: str
) -> None:
    async with scene(tmp_path, "solution") as found:
        papers, why = SOLUTION_LIES[lie]
        await refuses(found, papers(found), why)
        assert not found.victim.book.head.shares
        # The honest papers are taken by the same member, and the same answer comes twice.
        first = papers_of(await found.ask(found.papers))
        assert papers_of(await found.ask(found.papers)) == first
        assert len(first) == 1
        assert len(found.victim.book.head.shares) == 1


async def test_a_position_is_stated_once_and_to_members_of_this_network_only(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, "convening") as found:
        await refuses(found, found.altered(Convening, STRANGER), "another key")
        await refuses(found, found.altered(Convening, net=bytes(32)), "")
        later = found.one(Convening).document.iat + 9_999
        await refuses(found, found.altered(Convening, iat=later, exp=later), "future")
        over = found.altered(Convening, iat=5, exp=6)
        await refuses(found, over, "over")
        without = [one for one in found.one(Convening).document.members if one != found.victim.id]
        charters = [one for one in found.all(Charter) if one.id != found.victim.id]
        panel = panel_of(without, found.victim.book.net)
        convening = changed(found.one(Convening).document, members=without, panel=panel)
        alone = [seal(convening, found.key), *(one.sealed for one in charters)]
        await refuses(found, alone, "without us")
        replies = await asyncio.gather(*(found.ask(found.papers) for _ in range(5)))
        (position,) = {papers_of(reply)[0] for reply in replies}
        people = await found.victim.admit("late"), await found.victim.admit("later")
        await found.victim.enter(people[0].paying(people[1], 5))
        assert papers_of(await found.ask(found.papers)) == [position]
        stated = open_sealed(position, Position).document
        assert sorted(edge.bal for edge in stated.edges) == [-300, 500]


async def test_a_charter_signed_by_another_key_speaks_for_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path, "convening") as found:
        charter = found.all(Charter)[1]
        other = seal(charter.document, STRANGER)
        await refuses(found, found.with_paper(charter, other), "signed by another key")


async def test_a_witness_signs_one_manifest_of_an_attempt_ever(tmp_path: Path) -> None:
    async with scene(tmp_path, "manifest") as found:
        manifest = found.one(Manifest)
        other = found.altered(Manifest, iat=manifest.document.iat + 1)
        strangers = found.with_paper(manifest, seal(manifest.document, STRANGER))
        await refuses(found, strangers, "the convener did not sign")
        await refuses(found, found.altered(Manifest, round=bytes(32)), "another round")
        await refuses(found, found.altered(Manifest, papers=[bytes(32)] * 4), "other")
        replies = await asyncio.gather(
            *(found.ask(found.papers if n % 2 else other) for n in range(6))
        )
        signed = {papers_of(reply)[0] for reply in replies if reply.status == 200}
        assert len(signed) == 1
        assert [reply.status for reply in replies].count(400) == 3
        await found.victim.kill()
        await found.victim.start()
        again = [await found.ask(found.papers), await found.ask(other)]
        assert sorted(reply.status for reply in again) == [200, 400]
        assert {papers_of(reply)[0] for reply in again if reply.status == 200} == signed


async def test_a_member_without_a_seat_is_no_witness(tmp_path: Path) -> None:
    async with village(tmp_path, *NAMES) as houses:
        await owe(houses, around(6, 500))
        bodies: dict[str, bytes] = {}
        real = houses[0].wire.request

        async def request(method: str, url: str, body: bytes = b"") -> bytes:
            bodies[url.rpartition("/")[2]] = body
            return await real(method, url, body)

        houses[0].wire.request = request  # type: ignore[method-assign]
        papers = Bundle(bundle(*papers_of(await houses[0].ask_round())))
        panel = papers.one(Convening).document.panel
        outside = [house for house in houses if house.id not in panel]
        assert (len(panel), len(outside)) == (4, 2)
        for step in ("manifest", "consents"):
            for house in outside:
                reply = await house.call("POST", f"/rounds/{step}", bodies[step])
                assert "no seat" in reason(reply)


async def test_a_witness_votes_only_for_whole_cycles_in_time(tmp_path: Path) -> None:
    async with scene(tmp_path, "consents") as found:
        terms, consents = found.one(SetOff), found.all(Consent)
        assert len(consents) == 4
        await refuses(found, found.with_paper(consents[1]), "no cycle carries every consent")
        forged = seal(consents[1].document, STRANGER)
        await refuses(found, found.with_paper(consents[1], forged), "no cycle")
        await refuses(found, found.altered(SetOff, exp=terms.document.iat - 1), "no cycle")
        panel = terms.document.panel[:3]
        await refuses(found, found.altered(SetOff, panel=panel), "no cycle")
        await refuses(found, found.altered(SetOff, keys=[bytes(32)] * 4), "another key")
        await refuses(found, found.with_paper(terms), "belong to one round")
        second = seal(changed(terms.document, round=bytes(32)), found.key)
        await refuses(found, [*found.papers, second], "belong to one round")
        replies = await asyncio.gather(*(found.ask(found.papers) for _ in range(4)))
        (ballot,) = {papers_of(reply)[0] for reply in replies}
        assert open_sealed(ballot, Ballot).document.txs == [terms.id]
        assert found.victim.rows("SELECT count(*) FROM papers WHERE kind='ballot'") == [(1,)]


async def test_more_cycles_than_a_ballot_holds_take_several_ballots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_drafts, "TXS_MAX", 1)
    monkeypatch.setattr(round_drafts, "SHARES_MAX", 1)
    async with village(tmp_path, *NAMES[:3]) as houses:
        ledger = houses[0].live.ledger
        written = round_drafts.own_ballots(ledger, bytes(32), 9**9, [b"b" * 32, b"a" * 32])
        assert [one.document.txs for one in written] == [[b"a" * 32], [b"b" * 32]]
        await owe(houses, around(3, 500))
        papers_of(await houses[0].ask_round())
        assert owed(houses) == {}


async def test_a_share_that_no_longer_fits_is_left_out(tmp_path: Path) -> None:
    async with scene(tmp_path, "solution") as found:
        victim, after = found.victim, found.houses[3]
        (payer,) = [await after.admit("payer")]
        payee = await victim.admit("payee")
        await after.enter(payer.paying(payee, 450))
        await until(lambda: after.held() == 0)
        assert papers_of(await found.ask(found.papers)) == []
        assert not victim.book.head.shares


async def test_a_certificate_is_entered_once_by_whoever_brings_it(tmp_path: Path) -> None:
    async with scene(tmp_path, "certificates") as found:
        victim = found.victim
        (certificate,) = found.all(Certificate)
        assert len(victim.book.head.shares) == 1
        document = certificate.document
        for lie in (
            changed(document, consents=document.consents[::-1]),
            changed(document, ballots=document.ballots[:2]),
            changed(document, ballots=document.ballots[:1] * 4),
            changed(document, terms=document.terms[:-1] + bytes([document.terms[-1] ^ 1])),
        ):
            await refuses(found, [seal(lie, found.key)], "")
        assert len(victim.book.head.shares) == 1
        # The wrapping is anybody's: what counts is inside.
        wrapped = [seal(changed(document, iat=n), STRANGER) for n in range(5)]
        replies = await asyncio.gather(*(found.ask([one]) for one in (*wrapped, *found.papers)))
        assert all(len(papers_of(reply)) == 1 for reply in replies)
        assert len(certificates(victim)) == 1
        kept = victim.rows("SELECT count(*) FROM papers WHERE kind='certificate'")
        assert kept == [(1,)]
        await victim.kill()
        await victim.start()
        assert papers_of(await found.ask(found.papers)) == found.papers
        assert owed(found.houses) == {(0, 1): 200, (2, 3): 200}


async def test_certificates_of_rounds_that_nobody_knows_leave_no_trace(tmp_path: Path) -> None:
    async with (
        scene(tmp_path, "certificates") as found,
        village(tmp_path / "far", "Ailleurs") as (far,),
    ):
        reply = await far.call("POST", "/rounds/certificates", found.asked["certificates"])
        assert papers_of(reply) == []
        assert far.rows("SELECT count(*) FROM papers") == [(0,)]


async def test_a_consent_and_its_reservation_are_on_the_disk_together(tmp_path: Path) -> None:
    async with scene(tmp_path, "solution") as found:
        victim = found.victim
        seen: list[tuple[int, int]] = []

        def look() -> None:
            entered = [
                row for row in victim.rows("SELECT sealed FROM entries")
                if isinstance(reopen_verified(row[0]).document, Consent)
            ]  # fmt: skip
            kept = victim.rows("SELECT count(*) FROM papers WHERE kind='consent'")[0][0]
            seen.append((len(entered), kept))

        victim.live.sequencer.on_change.append(look)
        first = papers_of(await found.ask(found.papers))
        assert seen == [(1, 1)]
        await victim.kill()
        await victim.start()
        assert papers_of(await found.ask(found.papers)) == first


async def test_after_the_deadline_nothing_new_is_consented(tmp_path: Path) -> None:
    async with scene(tmp_path, "solution") as found:
        old = found.one(Convening)
        convening: Any = seal_opened(changed(old.document, iat=5, exp=6), found.key)
        positions: list[Any] = []
        for position, house in zip(
            found.all(Position), sorted(found.houses, key=lambda h: h.id), strict=True
        ):
            again = changed(position.document, round=convening.id)
            positions.append(seal_opened(again, house.live.ledger.keys.document))
        keys = [house.live.ledger.keys.document for house in found.houses]
        manifest: Any = seal_opened(
            changed(
                found.one(Manifest).document,
                round=convening.id,
                papers=[one.id for one in positions],
            ),
            *keys,
        )
        everything = [convening.sealed, manifest.sealed, *(one.sealed for one in positions)]
        everything += [one.sealed for one in found.all(Charter)]
        rest = found.convener.live.convener
        current = rounds.Round(
            directory=Directory({}, {}), convening=convening,
            keys={house.id: house.charter.keys[0] for house in found.houses},
            positions=positions, manifest=manifest,
        )  # fmt: skip
        graph = round_graph(manifest.document, [one.document for one in positions])
        rest._solve(current, graph)
        assert current.solution is not None
        everything += [current.solution.sealed, *(one.sealed for one in current.terms)]
        await refuses(found, everything, "the round is over")
