"""The desk turns every verdict into one reply, and every error into a problem; it never crashes."""

import json
from pathlib import Path
from typing import Any

import pytest

from node.desk import error_reply, running
from node.door import DoorAway, DoorBusy, Reply
from node.errors import Conflict, PeerError, StoreError
from node.problems import PROBLEMS, problem
from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import EncodingError, ProofError, SignatureError
from protocol.kinds import LOGGED
from protocol.ledger.refusals import Refusal
from protocol.log.receipts import Receipt, verify_receipt
from protocol.messages.answers import Rejection
from protocol.messages.decisions import Charter
from protocol.messages.wire import Submission, receipts
from tests.node.village import House, Villager, village


def pairs(*sealed: bytes) -> list[Any]:
    return [(Submission(doc=one), open_any(one, LOGGED)) for one in sealed]


async def pair(house: House) -> tuple[Villager, Villager]:
    return await house.admit("alice"), await house.admit("bruno")


async def test_a_batch_has_a_result_for_each_item_in_its_order(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        good, poor = alice.paying(bruno, 5), alice.paying(bruno, 10**9)
        old = await house.enter(alice.paying(bruno, 1))
        first = alice.paying(bruno, 2, seq=3)
        items = pairs(good, poor, good, first)
        named = house.admission(Villager("alice again", house))
        items.append((Submission(doc=named, name="alice"), open_any(named, LOGGED)))
        found = receipts(await house.live.desk.documents(items))
        assert isinstance(found[0], Receipt)
        assert found[0] == found[2]
        verify_receipt(found[0], good, house.charter.origin, house.charter.log)
        for place, why in ((1, Refusal.CREDIT_LIMIT_EXCEEDED), (3, Refusal.SEQUENCE_USED)):
            result = found[place]
            assert not isinstance(result, Receipt)
            assert isinstance(result.rejection, bytes)
            rejection = open_sealed(result.rejection, Rejection)
            assert rejection.signers == (house.charter.keys[0],)
            assert rejection.document.why == why
        last = found[4]
        assert not isinstance(last, Receipt)
        assert "taken" in str(last.wrong)
        again = receipts(await house.live.desk.documents(pairs(good)))
        assert again == [found[0]]
        assert old.idx == 3


async def test_a_rejection_is_signed_and_says_of_which_document_at_which_size(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        opened = open_any(alice.paying(bruno, 10**9), LOGGED)
        reply = await house.live.desk.document(Submission(doc=opened.sealed), opened)
        assert reply.status == 422
        rejection = open_sealed(reply.body, Rejection)
        assert rejection.signers == (house.charter.keys[0],)
        assert (rejection.document.doc, rejection.document.seq) == (opened.id, 3)
        charter = open_sealed(house.sealed_charter, Charter)
        assert house.live.desk.reply(charter, Refusal.NOT_FOR_A_LOG).status == 422


async def test_what_may_not_enter_a_log_is_refused(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        assert await house.submit(house.sealed_charter) is Refusal.NOT_FOR_A_LOG
        alice, bruno = await pair(house)
        broken = house.admission(Villager("x", house), event=b"noise")
        reply = await house.submit(broken)
        assert not isinstance(reply, Receipt | Refusal)
        assert reply.status == 400
        assert alice is not bruno


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (SignatureError("x"), "signature"),
        (EncodingError("x"), "encoding"),
        (ProofError("x"), "encoding"),
        (Conflict("x"), "conflict"),
        (DoorBusy(), "busy"),
        (PeerError("x"), "peer"),
        (StoreError("x"), "stopping"),
    ],
)
async def test_every_error_has_its_problem(tmp_path: Path, error: Exception, slug: str) -> None:
    async with village(tmp_path, "Bretagne") as (house,):

        async def fails(desk: Any, query: dict[str, str], body: bytes) -> Reply:
            raise error

        house.live.desk.routes["GET", "/fails"] = fails
        reply = await house.call("GET", "/fails")
        assert reply == error_reply(error)
        assert (reply.status, json.loads(reply.body)["type"]) == (
            PROBLEMS[slug][0],
            f"urn:ronde:{slug}",
        )


@pytest.mark.parametrize("slug", PROBLEMS)
def test_a_problem_speaks_both_languages(slug: str) -> None:
    body = json.loads(problem(slug, "found").body)
    assert body["title"] and body["title_en"] and body["title"] != body["title_en"]
    assert (body["status"], body["detail"]) == (PROBLEMS[slug][0], "found")


async def test_a_stopped_ledger_takes_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        alice, bruno = await pair(house)
        house.live.sequencer.close()
        await house.live.failed  # type: ignore[misc]
        with pytest.raises(DoorBusy):
            await house.live.desk.documents(pairs(alice.paying(bruno, 1)))
        house.live.sequencer._failure = StoreError("gone")
        with pytest.raises(DoorAway):
            await house.live.desk.documents(pairs(alice.paying(bruno, 1)))


async def test_a_node_runs_in_a_context_and_lets_go_of_its_folder(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await house.stop()
        for _ in range(2):
            async with running(house.folder, house.settings()) as desk:
                reply = await desk.call("GET", "/", {}, b"")
                assert json.loads(reply.body)["size"] == 1
                assert desk.failed is not None
                with pytest.raises(StoreError, match="another process"):
                    async with running(house.folder, house.settings()):
                        pass
        await house.start()
        assert seal(house.charter, house.live.ledger.keys.document) == house.sealed_charter
