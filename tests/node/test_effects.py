"""What an entry leads to stands in the same transaction: offers in order, names, labels, papers."""

from pathlib import Path

from node.ledger import Item
from protocol.envelope import open_any, open_sealed
from protocol.kinds import LOGGED
from protocol.ledger.refusals import Refusal
from protocol.messages.peering import Offer
from protocol.messages.wire import SUBMISSION, Submission
from tests.node.village import SALT, purpose, until, village


async def test_each_held_order_has_one_offer_and_the_offers_are_a_chain(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        two.wire.lost = 1.0
        orders = [alice.paying(remi, amount) for amount in range(1, 8)]
        items = [Item(open_any(sealed, LOGGED)) for sealed in orders]
        await one.live.sequencer.submit(items[:4])
        await one.kill()
        await one.start()
        await one.live.sequencer.submit(items[4:])
        rows = one.rows("SELECT seq, doc, sealed FROM offers ORDER BY seq")
        before = bytes(32)
        for number, ((seq, doc, sealed), item) in enumerate(zip(rows, items, strict=True), 1):
            offer = open_sealed(sealed, Offer)
            assert item.opened is not None
            assert (seq, doc) == (number, item.opened.id)
            assert (offer.document.seq, offer.document.prev) == (number, before)
            assert offer.document.order == doc
            before = offer.id
        assert one.held() == 7
        two.wire.lost = 0.0
        await until(lambda: one.held() == 0)


async def test_an_offer_carries_the_payers_name_and_purpose_and_the_payee_reads_them(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        alice, remi = await one.admit("alice"), await two.admit("remi")
        await one.enter(alice.paying(remi, 5, **purpose("miel")), text="miel", salt=SALT)
        extra = SUBMISSION.decode(one.rows("SELECT extra FROM offers")[0][0])
        assert (extra.name, extra.text, extra.salt) == ("alice", "miel", SALT)
        await until(lambda: one.held() == 0)
        assert two.rows("SELECT text FROM purposes") == [("miel",)]
        assert two.rows("SELECT who FROM labels") == [("alice@Bretagne",)]


async def test_a_member_without_a_name_pays_without_a_label(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne", "Rhone") as (one, two):
        remi = await two.admit("remi")
        alice = await one.admit("alice")
        one.live.ledger.connection.execute("DELETE FROM names")
        await one.enter(alice.paying(remi, 5))
        await until(lambda: one.held() == 0)
        assert two.rows("SELECT who FROM labels") == []


async def test_names_survive_a_restart(tmp_path: Path) -> None:
    async with village(tmp_path, "Bretagne") as (house,):
        await house.admit("alice")
        await house.kill()
        await house.start()
        twin = await house.admit("bruno")
        other = type(twin)("other", house)
        reply = await house.submit(house.admission(other), name="alice")
        assert not isinstance(reply, Refusal)
        assert getattr(reply, "status", 200) == 409
        assert Submission(doc=b"x").name is not None
