"""Writes spec/vectors/0005-key-events: run it again and nothing changes."""

from hashlib import sha256

from protocol.envelope import seal
from protocol.identifiers import reserved_account
from protocol.kinds import LOGGED, SHAPES, TYPE_OF
from protocol.messages.keyevents import Inception
from protocol.messages.orders import Leg
from protocol.signatures import public_key_of
from tests.protocol.town import (
    AT,
    Cooperative,
    Member,
    changed,
    connect,
    digests_of,
    keys_of,
    seed_of,
    seeds_of,
)
from tests.vectors.papers import Case, logs_of, story, write

FOLDER = "0005-key-events"
HOME, PEER = Cooperative("bretagne"), Cooperative("rhone")
connect(HOME, PEER, 10_000, 10_000)
ALICE, BOB = HOME.admit("alice"), HOME.admit("bob")
PAIR = HOME.admit("pair", keys=2, thr=2)


def _derived() -> list[Case]:
    event = SHAPES[TYPE_OF[Inception]].encode(ALICE.event)
    kind = b"application/vnd.ronde.inception.v1+msgpack"
    message = b"DSSEv1 %d %s %d " % (len(kind), kind, len(event)) + event
    key = public_key_of(seed_of("alice/1/0"))
    return [
        {"name": "next-key", "comment": "what an event says of a key that it does not show"}
        | {"key": key.hex(), "digest": sha256(b"ronde/next-key/v1\x00" + key).hexdigest()},
        {"name": "account", "comment": "the first 16 bytes of the inception's identifier"}
        | {"event": seal(ALICE.event, *ALICE.seeds).hex(), "id": sha256(message).hexdigest()}
        | {"account": sha256(message).hexdigest()[:32]},
    ]


def _kinds() -> list[Case]:
    return [
        {"name": kind.split(".")[2], "comment": SHAPES[kind].struct.__name__, "type": kind}
        | {"logged": kind in LOGGED}
        for kind in sorted(SHAPES)
    ]


def _rotations() -> list[Case]:
    rotation, fresh = ALICE.rotation(seq=1), seeds_of("alice/1/0")
    done = (HOME, seal(rotation, *fresh), 0)
    pay = ALICE.pay((BOB, 5), seq=2)
    new = seal(ALICE.order(seq=2, kev=1, legs=_legs(5)), *fresh)
    again = ALICE.rotation(seq=3, kev=2, keys=keys_of("alice/2/0"), next=digests_of("alice/3/0"))
    pair, two = PAIR.rotation(seq=1), seeds_of(*PAIR.names(1))
    zero = {"bretagne": {ALICE.account: 0}}
    wrong = [
        ("by-the-old-key", "the current key does not rotate", rotation, ALICE.seeds, 9),
        ("by-both", "a signature too many", rotation, [*ALICE.seeds, *fresh], 9),
        ("number", "event 2 after event 0", changed(rotation, kev=2), fresh, 8),
        ("other-keys", "keys that were not announced",
         changed(rotation, keys=keys_of("other")), seeds_of("other"), 24),
        ("unordered", "next digests backwards",
         changed(rotation, next=digests_of("x", "y")[::-1]), fresh, 23),
        ("threshold", "two of one", changed(rotation, nthr=2), fresh, 23),
        ("unknown", "an account that is not here", changed(rotation, by=bytes(16)), fresh, 6),
        ("alias", "a cooperative has 32 bytes, not its account's 16",
         changed(rotation, by=reserved_account("cooperative")), fresh, 6),
        ("one-of-two", "two were announced to sign", pair, two[:1], 10),
        ("fewer-keys", "all announced keys come forward",
         changed(pair, keys=keys_of("pair/1/0"), thr=1), seeds_of("pair/1/0"), 10),
    ]  # fmt: skip
    good = [
        story("rotation", "signed by the revealed key", [done], zero),
        story("rotation-twice", "and by the next one",
               [done, (HOME, seal(again, *seeds_of("alice/2/0")), 0)], zero),
        story("pair", "both announced keys sign", [(HOME, seal(pair, *two), 0)], zero),
        story("new-key-pays", "after the rotation",
               [done, (HOME, new, 0)], {"bretagne": {ALICE.account: -5}}),
        story("old-key-pays_fail", "after the rotation", [done, (HOME, pay, 8)], zero),
        story("rotation-again_fail", "the number is used up", [done, (HOME, done[1], 8)], zero),
    ]  # fmt: skip
    return good + [
        story(f"{name}_fail", comment, [(HOME, seal(document, *seeds), refusal)], zero)
        for name, comment, document, seeds, refusal in wrong
    ]


def _legs(amount: int) -> list[Leg]:
    return [Leg(BOB.account, amount)]


def _revocations() -> list[Case]:
    revocation = ALICE.revocation(seq=1)
    of_node = seal(changed(revocation, by=reserved_account("cooperative")), *HOME.node)
    done = (HOME, seal(revocation, *ALICE.seeds), 0)
    paid = (HOME, BOB.pay((ALICE, 7), seq=1), 0)
    seven = {"bretagne": {ALICE.account: 7, BOB.account: -7}}
    rotation = seal(ALICE.rotation(seq=2), *seeds_of("alice/1/0"))
    return [
        story("revocation", "the account is still paid", [done, paid], seven),
        story("revoked-pays_fail", "no key speaks for it",
               [done, (HOME, ALICE.pay((BOB, 1), seq=2), 7)], {}),
        story("revoked-rotates_fail", "for good", [done, (HOME, rotation, 7)], {}),
        story("revocation-by-next_fail", "the current key revokes",
               [(HOME, seal(revocation, *seeds_of("alice/1/0")), 9)], {}),
        story("revocation-of-a-node_fail", "a node rotates, it is never revoked",
              [(HOME, of_node, 6)], {}),
    ]  # fmt: skip


def _admissions() -> list[Case]:
    new = Member("new", HOME)

    def admission(*seeds: bytes, **changes: object) -> bytes:
        event = seal(changed(new.event, **changes), *(seeds or new.seeds))
        return seal(HOME.admission(new, 10, 10, event=event, seq=90), *HOME.officers[:2])

    zero = {"bretagne": {new.account: 0}}
    wrong = [
        ("event-unsigned", "signed by a stranger", admission(seed_of("other")), 9),
        ("event-too-few", "two must sign, one did", admission(thr=2), 10),
        ("event-network", "of another network", admission(net=bytes(32)), 1),
        ("event-expired", "the event's own dates count", admission(exp=AT - 1), 4),
        ("event-threshold", "two of one next key", admission(nthr=2), 23),
        ("event-twice", "the account exists",
         seal(HOME.admission(ALICE, 1, 1, seq=91), *HOME.officers), 22),
    ]  # fmt: skip
    return [story("admission", "opens the account", [(HOME, admission(), 0)], zero)] + [
        story(f"{name}_fail", comment, [(HOME, sealed, refusal)], {})
        for name, comment, sealed, refusal in wrong
    ]


def _nodes() -> list[Case]:
    fields = {"by": HOME.id, "keys": keys_of("bretagne/node/1"), "seq": 70}
    rotation = changed(ALICE.rotation(), **fields, next=digests_of("bretagne/node/2"))
    sealed = seal(rotation, *seeds_of("bretagne/node/1"))
    officer = seal(HOME.limits(ALICE.account, 1, 1, seq=71), *HOME.officers)
    return [
        story("node-rotates", "in its own book and in its neighbour's",
              [(HOME, sealed, 0), (PEER, sealed, 0)], {}),
        story("officers-name-it_fail", "a decision names the key event of the node",
              [(HOME, sealed, 0), (HOME, officer, 8)], {}),
    ]  # fmt: skip


if __name__ == "__main__":
    write(FOLDER, "derived.json", "Digests and identifiers", _derived())
    write(FOLDER, "kinds.json", "Every type of document", _kinds())
    chains = _admissions() + _rotations() + _revocations() + _nodes()
    write(
        FOLDER, "chains.json", "Key events, one after the other", chains, given=logs_of(HOME, PEER)
    )
