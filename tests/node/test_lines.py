"""A credit line waits until both sides have signed, then stands in both logs."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from node.door import Reply
from node.drivers import lines
from protocol.envelope import open_sealed, seal
from protocol.ledger.refusals import Refusal
from protocol.messages.answers import Rejection
from protocol.messages.decisions import CreditLine
from protocol.messages.wire import NEIGHBOURS, PAPERS
from tests.node.village import House, connect, dated, line_of, papers_of, village
from tests.protocol.town import changed, seed_of

STRANGER = seed_of("a stranger")


async def propose(house: House, sealed: bytes, **query: str) -> Reply:
    return await house.call("POST", "/lines", sealed, **query)


async def waiting(house: House) -> list[bytes]:
    return papers_of(await house.call("GET", "/lines/waiting"))


async def shown(house: House) -> list[tuple[bytes, str]]:
    reply = await house.call("GET", "/lines")
    return [(one.line, one.url) for one in NEIGHBOURS.decode(reply.body).lines]


def reason(reply: Reply) -> str:
    if reply.status == 422 and reply.kind == "application/octet-stream":
        return Refusal(open_sealed(reply.body, Rejection).document.why).name
    return str(json.loads(reply.body)["detail"])


def size(house: House) -> int:
    return house.live.ledger.tree.size


async def test_signed_by_one_side_it_waits_and_by_both_it_stands_in_both_logs(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        line = line_of(one, two, 500)
        first = await propose(one, seal(line, one.officer), peer=f"{two.url}/")
        assert (first.status, size(one)) == (202, 1)
        assert PAPERS.decode(first.body).papers == await waiting(one)
        # The other side's signature alone completes what waits here.
        second = await propose(one, seal(line, two.officer))
        assert (second.status, size(one), size(two)) == (200, 2, 2)
        assert await waiting(one) == []
        (sealed,) = PAPERS.decode(second.body).papers
        assert await shown(one) == [(sealed, two.url)]
        assert await shown(two) == [(sealed, one.url)]
        assert one.book.correspondent(two.id) is not None


async def test_a_line_sent_again_changes_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        line = line_of(one, two, 500, exp=dated()["iat"] + 2)
        half = seal(line, one.officer)
        assert (await propose(one, half)).status == (await propose(one, half)).status == 202
        whole = seal(line, one.officer, two.officer)
        replies = await asyncio.gather(*(propose(one, whole, peer=two.url) for _ in range(5)))
        assert {reply.status for reply in replies} == {200}
        assert (size(one), size(two)) == (2, 2)
        await asyncio.sleep(3.1 - (dated()["iat"] - line.iat))
        assert dated()["iat"] > line.exp
        assert (await propose(one, whole)).status == 200
        assert (await propose(two, whole)).status == 200
        assert reason(await propose(one, half)) == "EXPIRED"


async def test_strangers_signatures_and_wrong_terms_are_refused(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", ring=False) as (one, two, three):
        line = line_of(one, two, 500)
        strange = await propose(one, seal(line, one.officer, STRANGER))
        assert (strange.status, reason(strange)) == (403, "SIGNER_NOT_ALLOWED")
        only = await propose(one, seal(line, STRANGER))
        assert only.status == 403
        elsewhere = await propose(three, seal(line, one.officer))
        assert (elsewhere.status, reason(elsewhere)) == (422, "WRONG_COOPERATIVE")
        wrong = changed(line, achart=three.sealed_charter)
        assert reason(await propose(one, seal(wrong, one.officer))) == "LINE_TERMS_MISMATCH"
        late = changed(line, iat=5, exp=6)
        assert reason(await propose(one, seal(late, one.officer))) == "EXPIRED"
        both = seal(late, one.officer, two.officer)
        assert reason(await propose(one, both)) == "EXPIRED"
        for url in ("ftp://x", "http://" + "x" * 200, "http://é.test", "two.test"):
            assert (await propose(one, seal(line, one.officer), peer=url)).status == 400
        assert (await propose(one, b"noise")).status == 400
        assert await waiting(one) == await waiting(three) == []
        assert size(one) == 1


async def test_versions_follow_one_another(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        await connect(one, two, 500)
        skipped = line_of(one, two, 700, version=3)
        reply = await propose(one, seal(skipped, one.officer, two.officer))
        assert reason(reply) == "LINE_VERSION_NOT_NEXT"
        rival = line_of(one, two, 900, version=1)
        reply = await propose(one, seal(rival, one.officer, two.officer))
        assert reason(reply) == "LINE_VERSION_NOT_NEXT"
        await connect(one, two, 700, version=2)
        slot = one.book.accounts.find(one.book.accounts.identifier(2))
        assert one.book.accounts.ceiling[slot] == two.book.accounts.credit_limit[slot] == 700


async def test_nobody_moves_a_neighbours_address_with_papers_that_are_public(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        line = line_of(one, two, 500)
        half = seal(line, one.officer)
        await propose(one, half, peer=two.url)
        # Half signed, and shown to everybody: to send it again is no signature.
        assert (await propose(one, half, peer="http://evil.test")).status == 202
        await propose(one, seal(line, two.officer))
        assert [url for _, url in await shown(one)] == [two.url]
        (whole,) = [sealed for sealed, _ in await shown(one)]
        for house in (one, two):
            assert (await propose(house, whole, peer="http://evil.test")).status == 200
        assert [url for _, url in await shown(one)] == [two.url]
        assert [url for _, url in await shown(two)] == [one.url]


async def test_a_neighbour_that_is_down_gets_the_line_from_whoever_holds_it(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        whole = seal(line_of(one, two, 500), one.officer, two.officer)
        await two.stop()
        assert (await propose(one, whole, peer=two.url)).status == 202
        assert (size(one), len(await shown(one))) == (2, 1)
        await two.start()
        assert (await propose(two, whole, peer=one.url)).status == 200
        assert await shown(two) == [(whole, one.url)]
        # Without an address the line stands all the same, and the address comes later.
        assert [url for _, url in await shown(one)] == [two.url]


async def test_an_address_that_nobody_told_comes_with_the_line_again(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        whole = seal(line_of(one, two, 500), one.officer, two.officer)
        assert (await propose(one, whole)).status == 200
        assert await shown(one) == [(whole, "")]
        assert (await propose(two, whole, peer=one.url)).status == 200
        assert await shown(one) == [(whole, two.url)]


async def test_strangers_cannot_fill_the_waiting_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "WAITING_MAX", 2)
    async with village(tmp_path, "Bretagne", "Rhone", ring=False) as (one, two):
        soon = dated()["iat"] + 1
        proposals: list[Any] = [line_of(one, two, n, exp=soon) for n in range(2)]
        for line in proposals:
            assert (await propose(one, seal(line, two.officer))).status == 202
        third = line_of(one, two, 99)
        assert (await propose(one, seal(third, two.officer))).status == 409
        # Our own officers always find room, and what waits can still be completed.
        assert (await propose(one, seal(third, one.officer))).status == 202
        assert (await propose(one, seal(third, two.officer))).status == 200
        await asyncio.sleep(2.1 - (dated()["iat"] - proposals[0].iat))
        fourth = line_of(one, two, 100, version=2)
        assert (await propose(one, seal(fourth, two.officer))).status == 202
        assert [open_sealed(p, CreditLine).document.seq for p in await waiting(one)] == [2]
