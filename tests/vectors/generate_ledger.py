"""Writes spec/vectors/0006-ledger: run it again and nothing changes."""

from hashlib import sha256
from typing import Any

from msgspec import UNSET

from protocol.envelope import seal
from protocol.identifiers import correspondent_account, reserved_account
from protocol.messages.orders import Leg
from tests.protocol.town import (
    AT,
    Cooperative,
    Member,
    changed,
    connect,
    seed_of,
)
from tests.vectors.papers import Case, Step, logs_of, story, write

FOLDER = "0006-ledger"
HOME, PEER = Cooperative("bretagne"), Cooperative("rhone")
connect(HOME, PEER, 10_000, 10_000)
ALICE, BOB = HOME.admit("alice", climit=100), HOME.admit("bob", ceil=150)
CAROL, PAIR = HOME.admit("carol"), HOME.admit("pair", keys=2, thr=2)
OWN = reserved_account("cooperative")


def _order(member: Member, seq: int, *legs: tuple[Member, int], **changes: Any) -> bytes:
    seeds = changes.pop("seeds", member.seeds)
    written = [Leg(payee.account, amount, UNSET) for payee, amount in legs]
    return seal(member.order(*written, seq=seq, **changes), *seeds)


def _balances(**amounts: int) -> dict[str, dict[bytes, int]]:
    members = {"alice": ALICE, "bob": BOB, "carol": CAROL, "pair": PAIR}
    return {"bretagne": {members[name].account: amount for name, amount in amounts.items()}}


def _transfers() -> list[Case]:
    steps: list[Step] = [(HOME, _order(ALICE, 1, (BOB, 100)), 0)]
    more: Step = (HOME, _order(ALICE, 2, (BOB, 1)), 18)
    fill: Step = (HOME, _order(CAROL, 1, (BOB, 50)), 0)
    over: Step = (HOME, _order(CAROL, 1, (BOB, 51)), 19)
    own = seal(ALICE.order(Leg(OWN, 40), seq=1), *ALICE.seeds)
    wages = seal(changed(ALICE.order(Leg(BOB.account, 30), seq=80), by=OWN), *HOME.node)
    spread = _order(ALICE, 1, (BOB, 20), (CAROL, 30), (PAIR, 50))
    summed = _order(CAROL, 1, (BOB, 100), (BOB, 51))
    both = seal(PAIR.order(Leg(BOB.account, 9), seq=1), *PAIR.seeds)
    one = seal(PAIR.order(Leg(BOB.account, 9), seq=1), PAIR.seeds[0])
    return [
        story("one-leg", "to the credit limit", steps, _balances(alice=-100, bob=100)),
        story("limit_fail", "one below it", [*steps, more], _balances(alice=-100, bob=100)),
        story("ceiling", "to the ceiling", [*steps, fill], _balances(bob=150, carol=-50)),
        story("ceiling_fail", "one above it", [*steps, over], _balances(bob=100, carol=0)),
        story("three-legs", "one payer", [(HOME, spread, 0)],
              _balances(alice=-100, bob=20, carol=30, pair=50)),
        story("legs-add-up_fail", "two legs to one payee pass its ceiling", [(HOME, summed, 19)],
              _balances(bob=0)),
        story("cooperative", "is paid, and pays by its node's key",
              [(HOME, own, 0), (HOME, wages, 0)], _balances(alice=-40, bob=30)),
        story("two-keys", "two of two sign", [(HOME, both, 0)], _balances(pair=-9, bob=9)),
        story("one-of-two-keys_fail", "one of two signs", [(HOME, one, 10)], _balances(pair=0)),
    ]  # fmt: skip


def _numbers() -> list[Case]:
    def paid(*numbers: tuple[int, int]) -> list[Step]:
        return [(HOME, _order(ALICE, seq, (BOB, 1)), refusal) for seq, refusal in numbers]

    return [
        story("number-0", "the first one may be 0", paid((0, 0)), _balances(bob=1)),
        story("late", "63 behind the highest", paid((64, 0), (1, 0)), _balances(bob=2)),
        story("too-late_fail", "64 behind the highest", paid((64, 0), (0, 11)), _balances(bob=1)),
        story("twice_fail", "the same number", paid((5, 0), (5, 11)), _balances(bob=1)),
        story("twice-late_fail", "a late number again", paid((9, 0), (5, 0), (5, 11)), {}),
        story("far", "1,000,000 ahead", paid((1_000_000, 0), (2_000_000, 0)), _balances(bob=2)),
        story("too-far_fail", "one more", paid((1_000_001, 12)), _balances(bob=0)),
    ]


def _dates() -> list[Case]:
    def at(second: int, refusal: int, **dates: int) -> list[Step]:
        return [(HOME, _order(ALICE, 1, (BOB, 1), **dates), refusal, second)]

    later = {"iat": AT + 1_000, "exp": AT + 2_000}
    month = 31 * 86_400
    return [
        story("early", "300 seconds before it was signed", at(AT + 700, 0, **later), {}),
        story("too-early_fail", "301 seconds before", at(AT + 699, 3, **later), {}),
        story("last-second", "its last one", at(AT + 2_000, 0, **later), {}),
        story("expired_fail", "one later", at(AT + 2_001, 4, **later), {}),
        story("month", "31 days", at(AT, 0, iat=AT, exp=AT + month), {}),
        story("too-long_fail", "and a second", at(AT, 5, iat=AT, exp=AT + month + 1), {}),
        story("clock-back_fail", "an entry before the entry before",
              [(HOME, _order(ALICE, 1, (BOB, 1)), 0, AT + 9),
               (HOME, _order(ALICE, 2, (BOB, 1)), 3, AT + 8)], {}),
    ]  # fmt: skip


def _refused() -> list[Case]:
    stranger, base = bytes(32), ((BOB, 1),)
    far, near = Leg(BOB.account, 1, stranger), Leg(BOB.account, 1)

    def legs(*written: Leg) -> bytes:
        return seal(ALICE.order(*written, seq=1), *ALICE.seeds)

    by_peer = changed(ALICE.order(near, seq=1), by=correspondent_account(PEER.id))
    samples = [
        ("network", "of another one", _order(ALICE, 1, *base, net=stranger, home=stranger), 1),
        ("home", "of another cooperative", _order(ALICE, 1, *base, home=PEER.id, exp=0), 2),
        ("author", "nobody here", _order(ALICE, 1, *base, by=bytes(16), kev=1), 6),
        ("key-event", "not the current one", _order(ALICE, 1, *base, kev=1, seeds=[stranger]), 8),
        ("signer", "a stranger", _order(ALICE, 1, *base, seeds=[stranger], unit="EUR"), 9),
        ("signer-beside", "a stranger beside the right key",
         _order(ALICE, 1, *base, seeds=[*ALICE.seeds, seed_of("other")]), 9),
        ("unit", "euros", _order(ALICE, 1, (ALICE, 1), unit="EUR"), 13),
        ("foreign-legs", "a leg to another cooperative is alone", legs(near, far), 14),
        ("line", "no credit line", legs(far), 15),
        ("payee", "nobody here", legs(Leg(ALICE.account, 1), Leg(bytes(16), 1)), 16),
        ("suspense", "the account of held amounts", legs(Leg(reserved_account("suspense"), 1)), 16),
        ("correspondent", "is paid through offers",
         legs(Leg(correspondent_account(PEER.id), 1)), 16),
        ("own", "payee is payer", legs(Leg(ALICE.account, 500)), 17),
        ("by-correspondent", "the neighbour's node orders nothing here",
         seal(by_peer, *PEER.node), 6),
    ]  # fmt: skip
    return [
        story(f"{name}_fail", comment, [(HOME, sealed, refusal)], {})
        for name, comment, sealed, refusal in samples
    ]


def _decisions() -> list[Case]:
    lower = HOME.limits(BOB.account, 0, 20, seq=50)
    two = HOME.officers[:2]
    done: Step = (HOME, seal(lower, *two), 0)
    paid: Step = (HOME, _order(CAROL, 1, (BOB, 60)), 0)
    own = HOME.limits(OWN, 5, 500, seq=51)
    peer = HOME.limits(correspondent_account(PEER.id), 1, 1, seq=51)
    out: Step = (HOME, _order(BOB, 1, (CAROL, 30)), 0)
    return [
        story("limits", "a balance above the new ceiling stands", [paid, done], _balances(bob=60)),
        story("limits-in_fail", "and takes no more",
              [paid, done, (HOME, _order(CAROL, 2, (BOB, 1)), 19)], _balances(bob=60)),
        story("limits-out", "and may come back", [paid, done, out], _balances(bob=30)),
        story("own-limits", "of the cooperative's account", [(HOME, seal(own, *two), 0)], {}),
        story("one-officer_fail", "two of three must sign", [(HOME, seal(lower, two[0]), 10)], {}),
        story("no-officer_fail", "the node decides nothing",
               [(HOME, seal(lower, *HOME.node), 9)], {}),
        story("limits-number_fail", "used", [done, (HOME, seal(lower, *HOME.officers), 11)], {}),
        story("limits-account_fail", "nobody here",
              [(HOME, seal(changed(lower, acct=bytes(16)), *two), 21)], {}),
        story("limits-line_fail", "a correspondent's limits are the line's",
              [(HOME, seal(peer, *two), 21)], {}),
        story("limits-elsewhere_fail", "of another cooperative",
              [(PEER, seal(lower, *two), 2)], {}),
        story("charter_fail", "a log has one", [(HOME, HOME.sealed, 34)], {}),
    ]  # fmt: skip


def _purposes() -> list[Case]:
    salt = bytes(range(32))
    return [
        {"name": name, "comment": "salted hash of a text", "salt": salt.hex(), "text": text}
        | {"what": sha256(b"ronde/what/v1\x00" + salt + text.encode()).hexdigest()}
        for name, text in (("honey", "miel"), ("accents", "Œufs et blé noir, été"))
    ]


if __name__ == "__main__":
    write(FOLDER, "purposes.json", "What an order says of its purpose", _purposes())
    everything = _transfers() + _numbers() + _dates() + _refused() + _decisions()
    about = "Transfers, numbers, dates and decisions of officers"
    write(FOLDER, "entries.json", about, everything, given=logs_of(HOME, PEER))
