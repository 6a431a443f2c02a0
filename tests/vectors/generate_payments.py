"""Writes spec/vectors/0012-payments: run it again and nothing changes."""

from typing import Any

from protocol.envelope import open_sealed, seal
from protocol.identifiers import correspondent_account
from protocol.messages.orders import Leg
from protocol.messages.peering import Answer, Offer
from protocol.shapes import Document
from tests.protocol.town import AT, ZERO, Cooperative, changed, connect, line_between, seed_of
from tests.vectors.papers import Case, Step, logs_of, story, write

FOLDER = "0012-payments"
HOME, PEER, FAR = Cooperative("bretagne"), Cooperative("rhone"), Cooperative("alsace")
connect(HOME, PEER, 1_000, 1_000)
ALICE, BOB = HOME.admit("alice", climit=5_000), PEER.admit("bob", ceil=600)
SUSPENSE = HOME.book.accounts.identifier(1)
ORDERS = [ALICE.pay((BOB, amount), seq=seq) for seq, amount in ((1, 250), (2, 400), (3, 351))]
HOLDS: list[Step] = [(HOME, order, 0) for order in ORDERS]
OFFERS = [HOME.offer(order) for order in ORDERS]
YES = [PEER.answer_as(offer, 0) for offer in OFFERS]
FULL = PEER.answer_as(OFFERS[1], 19)


def _balances(alice: int, held: int, owed: int, due: int, bob: int) -> dict[str, dict[bytes, int]]:
    home = {ALICE.account: alice, SUSPENSE: held, correspondent_account(PEER.id): owed}
    return {"bretagne": home, "rhone": {correspondent_account(HOME.id): due, BOB.account: bob}}


def _changed(sealed: bytes, struct: type[Document], seeds: list[bytes], **changes: Any) -> bytes:
    return seal(changed(open_sealed(sealed, struct).document, **changes), *seeds)


def _payments() -> list[Case]:
    hold, hold2, _ = HOLDS
    first: list[Step] = [hold, (PEER, YES[0], 0), (HOME, YES[0], 0)]
    second: list[Step] = [(PEER, FULL, 0), (HOME, FULL, 0)]
    lost = seal(ALICE.order(Leg(bytes(16), 9, PEER.id), seq=1), *ALICE.seeds)
    HOME.offers.clear()
    offer = HOME.offer(lost)
    no = PEER.answer_as(offer, 16)
    late = PEER.answer_as(OFFERS[0], 4, AT + 700)
    return [
        story("held", "the amount waits in the suspense account", [hold],
              _balances(-250, 250, 0, 0, 0)),
        story("accepted", "mirrors", first, _balances(-250, 0, 250, -250, 250)),
        story("payee-side-first", "the payer's book follows", first[:2],
              _balances(-250, 250, 0, -250, 250)),
        story("refused", "the hold is released",
              [(HOME, lost, 0), (PEER, no, 0), (HOME, no, 0)], _balances(0, 0, 0, 0, 0)),
        story("lapsed", "an offer too old is refused by an answer, never by time",
              [hold, (PEER, late, 0, AT + 700), (HOME, late, 0, AT + 700)],
              _balances(0, 0, 0, 0, 0)),
        story("full", "the second would pass the ceiling of 600",
               [hold, hold2, *first[1:], *second],
              _balances(-250, 0, 250, -250, 250)),
        story("out-of-order_fail", "the second answer came first",
              [hold, hold2, (PEER, YES[0], 0), (PEER, FULL, 0), (HOME, FULL, 28)],
              _balances(-650, 650, 0, -250, 250)),
        story("answer-twice_fail", "the hold has ended", [*first, (HOME, YES[0], 27)],
              _balances(-250, 0, 250, -250, 250)),
        story("line-full_fail", "holds count: 250 + 400 + 351 > 1000",
               [hold, hold2, (HOME, ORDERS[2], 20)],
              _balances(-650, 650, 0, 0, 0)),
    ]  # fmt: skip


def _refused() -> list[Case]:
    hold = HOLDS[0]
    strange = _changed(OFFERS[0], Offer, [seed_of("other")])
    far = _changed(OFFERS[0], Offer, HOME.node, to=FAR.id)
    unlined = _changed(OFFERS[0], Offer, FAR.node, by=FAR.id)
    cheap = _changed(OFFERS[0], Offer, HOME.node, amt=1)

    def given(name: str, comment: str, sealed: bytes, refusal: int) -> Case:
        return story(f"{name}_fail", comment, [hold, (PEER, sealed, refusal)], {})

    def received(name: str, comment: str, sealed: bytes, refusal: int) -> Case:
        return story(f"{name}_fail", comment, [hold, (HOME, sealed, refusal)], {})

    return [
        given("network", "of another one", _changed(YES[0], Answer, PEER.node, net=ZERO), 1),
        given("verdict-yes", "accepts what is refused", PEER.answer_as(
            _changed(OFFERS[0], Offer, HOME.node, acct=bytes(16)), 0), 29),
        given("verdict-no", "refuses what is accepted", PEER.answer_as(OFFERS[0], 19), 29),
        given("verdict-other", "refuses for another reason", PEER.answer_as(
            _changed(OFFERS[0], Offer, HOME.node, amt=601), 20), 29),
        given("gap", "the second offer first", YES[1], 28),
        given("past", "another offer before", PEER.answer_as(
            _changed(OFFERS[0], Offer, HOME.node, prev=b"\x01" * 32), 0), 28),
        given("offer-forged", "not signed by the payer's node", PEER.answer_as(strange, 0), 9),
        given("offer-elsewhere", "asked of another", PEER.answer_as(far, 0), 27),
        given("offer-line", "no credit line", PEER.answer_as(unlined, 0), 15),
        given("seq", "not the offer's", _changed(YES[0], Answer, PEER.node, seq=2), 27),
        given("answer-forged", "not signed by the payee's node",
              _changed(YES[0], Answer, HOME.node), 9),
        received("answer-forged-there", "not signed by the payee's node",
                 _changed(YES[0], Answer, HOME.node), 9),
        received("answer-key-event", "not the current one",
                 _changed(YES[0], Answer, PEER.node, kev=1), 8),
        received("other-terms", "an amount that is not held", PEER.answer_as(cheap, 0), 27),
        received("not-ours", "an offer that we did not sign", PEER.answer_as(strange, 0), 9),
        story("third_fail", "neither payer nor payee", [hold, (FAR, YES[0], 2)], {}),
    ]  # fmt: skip


def _lines() -> list[Case]:
    four = [*HOME.officers[:2], *PEER.officers[:2]]
    wider = line_between(HOME, PEER, 2_000, 2_000, seq=2)
    other = [*HOME.officers[:2], *FAR.officers[:2]]
    new = line_between(HOME, FAR, 100, 300)
    euros = Cooperative("euros", unit="EUR")
    ours = line_between(HOME, euros, 1, 1)
    weak = changed(FAR.charter, othr=0)
    third = Cooperative("alsace")
    third.sealed = seal(weak, *FAR.node)
    third.id = open_sealed(third.sealed, type(FAR.charter)).id
    big = ALICE.pay((BOB, 1_500), seq=1)
    return [
        story("line", "opens in both books",
               [(HOME, seal(new, *other), 0), (FAR, seal(new, *other), 0)],
              {"bretagne": {correspondent_account(FAR.id): 0}}),
        story("line-wider", "version 2, then 1500 fit",
              [(HOME, seal(wider, *four), 0), (HOME, big, 0)], {"bretagne": {SUSPENSE: 1_500}}),
        story("line-version_fail", "3 after 1",
               [(HOME, seal(changed(wider, seq=3), *four), 26)], {}),
        story("line-one-side_fail", "one officer of the other side",
              [(HOME, seal(wider, *HOME.officers, PEER.officers[0]), 10)], {}),
        story("line-stranger_fail", "and a stranger",
              [(HOME, seal(wider, *four, seed_of("other")), 9)], {}),
        story("line-elsewhere_fail", "between two others", [(FAR, seal(wider, *four), 2)], {}),
        story("line-units_fail", "two units",
              [(HOME, seal(ours, *HOME.officers, *euros.officers), 25)], {}),
        story("line-order_fail", "the greater identifier first",
              [(HOME, seal(changed(new, a=new.b, b=new.a), *other), 25)], {}),
        story("line-charter_fail", "a charter that founds nothing",
              [(HOME, seal(line_between(HOME, third, 1, 1), *other), 23)], {}),
    ]  # fmt: skip


if __name__ == "__main__":
    cases = _payments() + _refused() + _lines()
    about = "Credit lines, and payments between two cooperatives"
    write(FOLDER, "entries.json", about, cases, given=logs_of(HOME, PEER, FAR))
