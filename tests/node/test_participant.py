"""A member checks everything before it consents, and says one thing as often as it is asked."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from federation.panel import panel_of
from federation.round_papers import round_graph
from node.drivers import offers, round_drafts, rounds
from node.drivers.directory import Directory
from node.drivers.participant import Bundle
from protocol.envelope import open_sealed, reopen_verified, seal, seal_opened
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Manifest,
    Position,
    SetOff,
)
from tests.node.scene import STRANGER, reason, refuses, scene
from tests.node.test_rounds import NAMES, around, certificates, owe, owed
from tests.node.village import bundle, papers_of, until, village
from tests.protocol.town import changed


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.01)
    monkeypatch.setattr(rounds, "PENDING_EVERY_S", 300)


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
