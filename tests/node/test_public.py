"""What anybody may read: true, signed where it matters, and durable before it is shown."""

import json
from pathlib import Path

import pytest

from node.drivers.directory import explore
from node.ledger import Item
from protocol.envelope import open_any, open_sealed, seal
from protocol.identifiers import TextKind, to_text
from protocol.kinds import LOGGED
from protocol.log.checkpoints import open_checkpoint
from protocol.messages.answers import Card
from protocol.messages.decisions import Charter, CreditLine
from protocol.messages.wire import NAME_ANSWER, NEIGHBOURS, Neighbour, Neighbours
from tests.node.village import House, village
from tests.protocol.town import changed


async def test_a_node_says_who_it_is(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        reply = await house.call("GET", "/")
        assert json.loads(reply.body) == {
            "v": 1, "name": "Bretagne", "cooperative": to_text(TextKind.COOPERATIVE, house.id),
            "unit": "UEB", "decimals": 2, "network": house.charter.net.hex(),
            "origin": "bretagne/ledger", "size": 1, "url": house.url,
        }  # fmt: skip
        charter = await house.call("GET", "/charter")
        assert open_sealed(charter.body, Charter).id == house.id
        assert (await house.call("GET", "/nowhere")).status == 404
        assert (await house.call("GET", "/names/a/b")).status == 404


async def test_the_checkpoint_covers_what_is_durable_and_no_more(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await house.admit("alice"), await house.admit("bruno")

        async def seen() -> int:
            note = (await house.call("GET", "/checkpoint")).body.decode()
            return open_checkpoint(note, house.charter.origin, house.charter.log).size

        assert await seen() == 3
        item = Item(open_any(alice.paying(bruno, 7), LOGGED))
        house.live.ledger.decide_group([item], house.book.head.at)
        assert await seen() == 3
        house.live.ledger.connection.execute("COMMIT")
        assert await seen() == 4


def card_of(body: bytes, home: House) -> Card:
    answer = NAME_ANSWER.decode(body)
    charter = open_sealed(answer.charter, Charter)
    assert charter.id == home.id
    card = open_sealed(answer.card, Card)
    assert card.signers == (charter.document.keys[0],)
    return card.document


async def test_a_name_stands_for_an_account_here_and_at_a_neighbours(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        for at in ("", "bretagne"):
            reply = await one.call("GET", "/names/alice", at=at)
            assert card_of(reply.body, one).acct == alice.account
        relayed = await one.call("GET", "/names/remi", at="rhone")
        assert card_of(relayed.body, two).acct == remi.account
        assert (await one.call("GET", "/names/remi")).status == 404
        assert (await one.call("GET", "/names/nobody", at="rhone")).status == 502
        assert (await one.call("GET", "/names/remi", at="corse")).status == 404
        assert (await one.call("GET", "/names/REMI")).status == 400
        assert (await one.call("GET", "/names/remi", at="../x")).status == 400


async def test_only_the_neighbour_itself_answers_for_its_names(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        await one.admit("alice")
        await two.admit("remi")
        own = (await one.call("GET", "/names/alice")).body
        one.wire.tamper = lambda path, body: own
        assert (await one.call("GET", "/names/remi", at="rhone")).status == 400
        one.wire.tamper = lambda path, body: b"noise"
        assert (await one.call("GET", "/names/remi", at="rhone")).status == 400
        one.live.ledger.connection.execute("DELETE FROM peers")
        reply = await one.call("GET", "/names/remi", at="rhone")
        assert (reply.status, json.loads(reply.body)["detail"]) == (
            502,
            "its address is not known",
        )


@pytest.mark.parametrize("lie", ["another's line", "half signed", "another charter", "noise"])
async def test_a_walk_along_the_lines_believes_only_lines_that_hold(
    tmp_path: Path, lie: str
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone", "Alsace", "Corse") as houses:
        one, two, three, four = houses
        assert set((await explore(one.live.desk)).urls) == {house.id for house in houses}
        line = open_sealed(_line(two, three), CreditLine).document
        forged = {
            "another's line": _line(three, four),
            "half signed": seal(line, two.officer),
            "another charter": seal(
                changed(line, achart=one.sealed_charter), two.officer, three.officer
            ),
            "noise": b"noise",
        }[lie]
        lies = NEIGHBOURS.encode(Neighbours([Neighbour(forged, "http://evil.test")]))
        real = one.wire.request

        async def request(method: str, url: str, body: bytes = b"") -> bytes:
            answer = await real(method, url, body)
            return lies if url == f"{two.url}/lines" else answer

        one.wire.request = request  # type: ignore[method-assign]
        found = await explore(one.live.desk)
        assert found.urls == {
            one.id: "", two.id: two.url, three.id: three.url, four.id: four.url,
        }  # fmt: skip
        await two.stop()
        assert set((await explore(one.live.desk)).urls) == {one.id, three.id, four.id}


def _line(one: House, two: House) -> bytes:
    found: bytes = one.rows("SELECT sealed FROM lines WHERE cooperative=?", two.id)[0][0]
    return found
