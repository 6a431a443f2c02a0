"""Writes spec/vectors/0016-invoices: run it again and nothing changes."""

from typing import Any

from msgspec import UNSET

from protocol.envelope import seal
from protocol.ledger.invoices import WAITING_MAX
from protocol.messages.invoices import Cut
from protocol.messages.orders import Leg
from tests.protocol.market import (
    acceptance,
    cancellation,
    discharge,
    identifier,
    invoice,
    owe,
    provision,
)
from tests.protocol.town import AT, Cooperative, Member, connect
from tests.vectors.papers import Case, Step, logs_of, story, write

FOLDER = "0016-invoices"
HOME, PEER = Cooperative("bretagne"), Cooperative("rhone")
connect(HOME, PEER, 10_000, 10_000)
ALICE, BOB, CAROL = HOME.admit("alice"), HOME.admit("bob"), HOME.admit("carol")
DAVE, FAR = HOME.admit("dave"), PEER.admit("far")
# A ring: alice owes bob 500, bob owes carol 300, carol owes alice 400; dave owes alice 50.
AB, BC = owe(ALICE, BOB, 500), owe(BOB, CAROL, 300)
CA, DA = owe(CAROL, ALICE, 400), owe(DAVE, ALICE, 50)
ASKED = invoice(BOB, DAVE, 120)
assert HOME.submit(ASKED) is None
WAITING = identifier(ASKED)
PROOF = {ALICE.account: 1, BOB.account: 2, CAROL.account: 0, DAVE.account: 0}


HOME_MEMBERS = [ALICE, BOB, CAROL, DAVE]


def _fresh(member: Member) -> dict[str, int]:
    """Return a number that no document of the logs uses."""
    return {"seq": 100 + HOME_MEMBERS.index(member)}


def _pay(payer: Member, payee: Member, amount: int, inv: bytes, **changes: Any) -> bytes:
    coop = UNSET if payee.home is payer.home else payee.home.id
    return seal(
        payer.order(Leg(payee.account, amount, coop, inv), **_fresh(payer) | changes), *payer.seeds
    )


def _balances(**amounts: int) -> dict[str, dict[bytes, int]]:
    members = {"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE}
    return {"bretagne": {members[name].account: amount for name, amount in amounts.items()}}


def _lives() -> list[Case]:
    asked = invoice(CAROL, DAVE, 10, seq=90)
    inv = identifier(asked)
    accepted: list[Step] = [(HOME, asked, 0), (HOME, acceptance(DAVE, inv, seq=90), 0)]
    half = _pay(DAVE, CAROL, 4, inv, seq=91)
    rest = _pay(DAVE, CAROL, 6, inv, seq=92)
    more = _pay(DAVE, CAROL, 7, inv, seq=92)
    again = acceptance(DAVE, inv, seq=93)
    one, two = cancellation(CAROL, inv, seq=91), cancellation(DAVE, inv, seq=94)
    twice = cancellation(CAROL, inv, seq=92)
    legs = [
        Leg(CAROL.account, 6, UNSET, inv),
        Leg(BOB.account, 1),
        Leg(CAROL.account, 5, UNSET, inv),
    ]
    split = seal(DAVE.order(*legs, seq=95), *DAVE.seeds)
    gone: Step = (HOME, acceptance(DAVE, inv, seq=96), 38)
    return [
        story("accepted", "an obligation; nobody's balance moves", accepted, _balances(dave=0)),
        story("accepted-twice_fail", "owed already", [*accepted, (HOME, again, 40)], {}),
        story("paid", "in two parts, then it is gone",
              [*accepted, (HOME, half, 0), (HOME, rest, 0)], _balances(carol=10, dave=-10)),
        story("paid-gone_fail", "paid whole, so nothing is left to accept",
              [*accepted, (HOME, half, 0), (HOME, rest, 0), gone], _balances(carol=10)),
        story("paid-too-much_fail", "7 of the 6 that are left",
              [*accepted, (HOME, half, 0), (HOME, more, 43)], _balances(carol=4)),
        story("legs-add-up_fail", "two legs to one invoice", [*accepted, (HOME, split, 43)],
              _balances(carol=0)),
        story("withdrawn_fail", "before it is accepted, one side ends it",
              [(HOME, asked, 0), (HOME, one, 0), gone], {}),
        story("declined", "by the debtor", [(HOME, asked, 0), (HOME, two, 0)], {}),
        story("noted_fail", "one side of an obligation counts once",
              [*accepted, (HOME, one, 0), (HOME, twice, 42)], {}),
        story("noted-paid", "until both have signed it is owed and may be paid",
              [*accepted, (HOME, one, 0), (HOME, half, 0)], _balances(carol=4)),
        story("cancelled_fail", "both sides have signed, it is gone",
              [*accepted, (HOME, one, 0), (HOME, two, 0), gone], {}),
    ]  # fmt: skip


def _refused() -> list[Case]:
    stranger = bytes(32)
    samples = [
        ("network", "of another one", invoice(BOB, DAVE, 1, net=stranger, home=stranger), 1),
        ("home", "of another cooperative", invoice(BOB, DAVE, 1, home=PEER.id, seq=100), 2),
        ("expired", "too late", invoice(BOB, DAVE, 1, exp=AT - 1, seq=100), 4),
        ("author", "nobody here", invoice(BOB, DAVE, 1, by=bytes(16), seq=100), 6),
        ("signer", "a stranger", invoice(BOB, DAVE, 1, seeds=[stranger], seq=100), 9),
        ("number", "used", invoice(BOB, DAVE, 1, seq=1), 11),
        ("unit", "euros", invoice(BOB, DAVE, 1, unit="EUR", seq=100), 13),
        ("debtor", "nobody here", invoice(BOB, FAR, 1, seq=100), 35),
        ("own", "to oneself", invoice(BOB, BOB, 1, seq=100), 36),
        ("accept-unknown", "no such invoice", acceptance(DAVE, stranger, seq=100), 38),
        ("accept-others", "by another than its debtor", acceptance(CAROL, WAITING, seq=100), 39),
        ("accept-own", "by its creditor", acceptance(BOB, WAITING, seq=100), 39),
        ("cancel-unknown", "no such invoice", cancellation(DAVE, stranger, seq=100), 38),
        ("cancel-others", "by neither side", cancellation(CAROL, WAITING, seq=100), 39),
        ("pay-unknown", "no such invoice", _pay(DAVE, BOB, 1, stranger), 38),
        ("pay-others", "to another than its creditor", _pay(DAVE, CAROL, 1, DA), 39),
        ("pay-waiting", "not accepted yet", _pay(DAVE, BOB, 1, WAITING), 41),
        ("pay-abroad", "invoices stay inside", _pay(DAVE, FAR, 1, DA), 38),
    ]  # fmt: skip
    return [
        story(f"{name}_fail", comment, [(HOME, sealed, refusal)], {})
        for name, comment, sealed, refusal in samples
    ]


def _waiting() -> list[Case]:
    asked: list[Step] = [
        (HOME, invoice(CAROL, DAVE, 1, seq=200 + turn), 0) for turn in range(WAITING_MAX)
    ]
    last = identifier(asked[-1][1])
    one_more: Step = (HOME, invoice(CAROL, ALICE, 1, seq=500), 37)
    taken: Step = (HOME, acceptance(DAVE, last, seq=200), 0)
    room: Step = (HOME, invoice(CAROL, ALICE, 1, seq=501), 0)
    return [story("waiting", "256 wait; one accepted makes room",
                  [*asked, one_more, taken, room], {})]  # fmt: skip


def _discharges() -> list[Case]:
    ring = {AB: 300, BC: 300, CA: 300}
    done = discharge(HOME, ring, PROOF, seq=100)
    by_node = discharge(HOME, ring, PROOF, seq=0, seeds=HOME.node)
    backwards = [Cut(300, inv) for inv in sorted(ring, reverse=True)]
    samples: list[tuple[str, str, dict[bytes, int], dict[str, Any], int]] = [
        ("again", "the cuts of what is gone", {AB: 1, BC: 1, CA: 1}, {}, 38),
        ("beyond", "more than is owed", {AB: 301, BC: 301, CA: 301}, {}, 43),
        ("waiting-cut", "not accepted yet", {AB: 300, BC: 300, CA: 300, WAITING: 1}, {}, 41),
        ("uneven", "alice would be let off more than she lets off", ring | {AB: 301}, {}, 44),
        ("order", "not increasing", ring, {"cuts": backwards}, 44),
        ("one-officer", "two of three must sign", ring, {"seeds": HOME.officers[:1]}, 10),
        ("member-signs", "no office of theirs", ring, {"seeds": ALICE.seeds}, 9),
        ("elsewhere", "of another cooperative", ring, {"by": PEER.id}, 2),
        ("discharge-number", "used", ring, {"seq": 1}, 11),
    ]  # fmt: skip
    paid: Step = (HOME, _pay(ALICE, BOB, 200, AB), 0)
    cases = [
        story("ring", "300 off each; balances stand", [(HOME, done, 0), paid],
              _balances(alice=-200, bob=200, carol=0)),
        story("ring-rest_fail", "200 of 500 are left",
              [(HOME, done, 0), (HOME, _pay(ALICE, BOB, 201, AB), 43)], _balances(alice=0)),
        story("ring-by-node", "its key is enough: the proof leaves no choice",
              [(HOME, by_node, 0)], _balances(alice=0)),
    ]  # fmt: skip
    before: dict[str, list[Step]] = {"again": [(HOME, done, 0)]}
    for name, comment, cuts, changes, refusal in samples:
        fields: dict[str, Any] = {"seq": 101} | changes
        step: Step = (HOME, discharge(HOME, cuts, PROOF, **fields), refusal)
        cases.append(story(f"{name}_fail", comment, [*before.get(name, []), step], {}))
    return cases


def _provided(member: Member, amount: int, seq: int, refusal: int = 0, **changes: Any) -> Step:
    return HOME, provision(member, amount, seq=seq, **changes), refusal


def _pooled(falls: dict[bytes, int], refusal: int = 0, **changes: Any) -> Step:
    fields: dict[str, Any] = {"pool": 0, "seq": 100} | changes
    return HOME, discharge(HOME, falls, PROOF, **fields), refusal


def _provisions() -> list[Case]:
    thirty = _provided(DAVE, 30, 80)
    revoked: Step = (HOME, seal(DAVE.revocation(seq=81), *DAVE.seeds), 0)
    stranger = bytes(32)
    samples: list[tuple[str, str, dict[str, Any], int]] = [
        ("provision-home", "of another cooperative", {"home": PEER.id}, 2),
        ("provision-expired", "too late", {"exp": AT - 1}, 4),
        ("provision-author", "nobody here", {"by": bytes(16)}, 6),
        ("provision-signer", "a stranger", {"seeds": [stranger]}, 9),
        ("provision-number", "used", {"seq": 1}, 11),
        ("provision-unit", "euros", {"unit": "EUR"}, 13),
    ]  # fmt: skip
    refused = [
        story(f"{name}_fail", comment, [_provided(DAVE, 30, refusal=no, **{"seq": 80} | changes)],
              {})
        for name, comment, changes, no in samples
    ]  # fmt: skip
    return [
        *refused,
        story("provided_fail", "30 of the 50 that dave owes; then nothing is left",
              [thirty, _pooled({DA: 30}), _pooled({DA: 1}, 45, seq=101)],
              _balances(alice=30, dave=-30)),
        story("provided-none_fail", "nobody has provided", [_pooled({DA: 1}, 45)],
              _balances(dave=0)),
        story("provided-less_fail", "a new one takes the place of the one before",
              [thirty, _provided(DAVE, 10, 81), _pooled({DA: 11}, 45)], _balances(dave=0)),
        story("provided-more", "again, whatever was used before",
              [thirty, _pooled({DA: 30}), _provided(DAVE, 30, 81), _pooled({DA: 20}, seq=101)],
              _balances(alice=50, dave=-50)),
        story("provision-withdrawn_fail", "0 withdraws",
              [thirty, _provided(DAVE, 0, 81), _pooled({DA: 1}, 45)], _balances(dave=0)),
        story("provision-outdated_fail", "an older one does not come to life again",
              [_provided(DAVE, 0, 81), _provided(DAVE, 30, 80, 46)], {}),
        story("provision-revoked_fail", "it ends with the keys", [thirty, revoked,
              _pooled({DA: 1}, 45)], _balances(dave=0)),
    ]  # fmt: skip


def _pools() -> list[Case]:
    thirty, hundred = _provided(DAVE, 30, 80), _provided(ALICE, 100, 80)
    ring = {AB: 300, BC: 300, CA: 300}
    large = invoice(ALICE, DAVE, 100_001, seq=90)
    inv = identifier(large)
    owing: list[Step] = [(HOME, large, 0), (HOME, acceptance(DAVE, inv, seq=78), 0)]
    plenty = _provided(DAVE, 2**40 - 1, 80)
    one: Step = (HOME, seal(BOB.order(Leg(DAVE.account, 1), seq=90), *BOB.seeds), 0)
    backwards = [Cut(1, inv) for inv in sorted([DA, AB], reverse=True)]
    done: Step = (HOME, discharge(HOME, ring, PROOF, seq=99), 0)
    return [
        story("two-steps", "the ring, then the chain; both proofs hold",
              [done, thirty, hundred, (HOME, discharge(HOME, {DA: 30, AB: 130}, PROOF, pool=2,
              seq=100), 0)], _balances(alice=-100, bob=130, carol=0, dave=-30)),
        story("chain", "dave pays 30, alice 100 and what dave pays; bob is paid",
              [thirty, hundred, _pooled({DA: 30, AB: 130})],
              _balances(alice=-100, bob=130, dave=-30)),
        story("chain-by-node", "its key is enough here too",
              [thirty, _pooled({DA: 30}, seq=0, seeds=HOME.node)], _balances(dave=-30)),
        story("ring-with-pool", "what comes around moves no balance", [_pooled(ring)],
              _balances(alice=0, bob=0, carol=0)),
        story("no-pool_fail", "a balance would move, and no pool is named",
              [thirty, (HOME, discharge(HOME, {DA: 30}, PROOF, seq=100), 44)], _balances(dave=0)),
        story("pool-limit_fail", "below dave's credit limit; alice's ceiling is behind it",
              [*owing, plenty, _pooled({inv: 100_001}, 18)], _balances(dave=0)),
        story("pool-ceiling_fail", "above alice's ceiling; dave could pay",
              [*owing, plenty, one, _pooled({inv: 100_001}, 19)], _balances(dave=1)),
        story("pool-ceiling", "up to it", [*owing, plenty, _pooled({inv: 100_000})],
              _balances(dave=-100_000, alice=100_000)),
        story("pool-unknown_fail", "without one invoice no balance is known",
              [_pooled({DA: 1, bytes(32): 1}, 38)], _balances(dave=0)),
        story("pool-beyond_fail", "more than is owed, within the provision",
              [_provided(DAVE, 60, 80), _pooled({DA: 51}, 43)], _balances(dave=0)),
        story("pool-order_fail", "not increasing",
              [thirty, hundred, _pooled({}, 44, cuts=backwards)], _balances(dave=0)),
    ]  # fmt: skip


if __name__ == "__main__":
    everything = _lives() + _refused() + _waiting() + _discharges() + _provisions() + _pools()
    about = "Invoices, acceptances, cancellations, payments of invoices, provisions, discharges"
    write(FOLDER, "entries.json", about, everything, given=logs_of(HOME, PEER))
