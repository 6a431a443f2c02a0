"""Refusals have one order: a document that breaks several rules is refused for the first one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from protocol.envelope import open_any, open_sealed, seal
from protocol.identifiers import correspondent_account, reserved_account
from protocol.kinds import LOGGED
from protocol.ledger.authority import SEQUENCE_AHEAD_MAX, SKEW_MAX_S, VALIDITY_MAX_S
from protocol.ledger.decide import decide
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Charter
from protocol.messages.orders import Leg
from protocol.shapes import Document
from tests.protocol.town import (
    AT,
    Cooperative,
    Member,
    changed,
    connect,
    keys_of,
    line_between,
    seed_of,
    seeds_of,
)

STRANGER = bytes([9]) * 32
Stair = tuple[Refusal, dict[str, Any]]
DATES: list[Stair] = [
    (Refusal.NOT_YET_VALID, {"iat": AT + SKEW_MAX_S + 1}),
    (Refusal.EXPIRED, {"exp": AT - 1}),
    (Refusal.VALIDITY_TOO_LONG, {"iat": AT + 600 - VALIDITY_MAX_S - 1}),
]


class Scene(NamedTuple):
    """Two connected cooperatives; the first one's members and a third cooperative."""

    home: Cooperative
    peer: Cooperative
    far: Cooperative
    alice: Member
    bob: Member
    pair: Member
    gone: Member


@pytest.fixture(scope="module")
def scene() -> Scene:
    home, peer, far = (Cooperative(name) for name in ("bretagne", "rhone", "alsace"))
    connect(home, peer, 5_000, 5_000)
    alice, bob = home.admit("alice"), home.admit("bob", ceil=50)
    pair, gone = home.admit("pair", keys=2, thr=2), home.admit("gone")
    assert home.submit(seal(gone.revocation(), *gone.seeds)) is None
    assert home.submit(alice.pay((pair, 1))) is None
    return Scene(home, peer, far, alice, bob, pair, gone)


def _refused(scene: Scene, document: Document, seeds: list[bytes]) -> Any:
    return decide(scene.home.book, open_any(seal(document, *seeds), LOGGED), AT)


def _walk(
    scene: Scene, document: Document, seeds: list[bytes], stairs: list[Stair],
    admitted: Callable[[Any], bool] = lambda changes: isinstance(changes, tuple),
) -> None:  # fmt: skip
    """Break all the rules below each stair; the document alone must pass."""
    ranks = [refusal for refusal, _ in stairs]
    assert ranks == sorted(ranks)
    assert admitted(_refused(scene, document, seeds))
    broken: dict[str, Any] = {}
    for refusal, change in reversed(stairs):
        broken |= change
        fields = {name: value for name, value in broken.items() if name != "seeds"}
        got = _refused(scene, changed(document, **fields), broken.get("seeds", seeds))
        assert got is refusal, (refusal.name, got)


def test_of_an_order(scene: Scene) -> None:
    # Spec 0006: The node MUST give the refusal with the smallest number among those that apply.
    # Spec 0006: Each payee MUST be a member or the cooperative itself, and not the payer.
    far = Leg(bytes(16), 1, scene.far.id)
    near = Leg(bytes(16), 6_000, scene.peer.id)
    unknown, own = Leg(STRANGER[:16], 1), Leg(scene.pair.account, 1)
    full, more = Leg(scene.bob.account, 51), Leg(scene.alice.account, 200_000)
    document = scene.pair.order(Leg(scene.alice.account, 5), seq=7)
    stairs: list[Stair] = [
        (Refusal.WRONG_NETWORK, {"net": STRANGER}),
        (Refusal.WRONG_COOPERATIVE, {"home": scene.peer.id}),
        *DATES,
        (Refusal.AUTHOR_UNKNOWN, {"by": STRANGER[:16]}),
        (Refusal.KEYS_REVOKED, {"by": scene.gone.account}),
        (Refusal.KEY_EVENT_NOT_CURRENT, {"kev": 1}),
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.TOO_FEW_SIGNATURES, {"seeds": scene.pair.seeds[:1]}),
    ]
    after: list[Stair] = [
        (Refusal.SEQUENCE_TOO_FAR, {"seq": SEQUENCE_AHEAD_MAX + 1}),
        (Refusal.WRONG_UNIT, {"unit": "EUR"}),
        (Refusal.FOREIGN_LEG_NOT_ALONE, {"legs": [unknown, far]}),
        (Refusal.LINE_UNKNOWN, {"legs": [far]}),
        (Refusal.PAYEE_UNKNOWN, {"legs": [own, full, more, unknown]}),
        (Refusal.PAYEE_IS_PAYER, {"legs": [full, more, own]}),
        (Refusal.CREDIT_LIMIT_EXCEEDED, {"legs": [full, more]}),
        (Refusal.CEILING_EXCEEDED, {"legs": [full]}),
    ]
    _walk(scene, document, scene.pair.seeds, [*stairs, *after])
    foreign = [*after[:3], (Refusal.LINE_LIMIT_EXCEEDED, {"legs": [near]})]
    _walk(scene, document, scene.pair.seeds, [*stairs, *foreign])
    beyond = changed(document, legs=[Leg(bytes(16), 100_002, scene.peer.id)])
    assert _refused(scene, beyond, scene.pair.seeds) is Refusal.CREDIT_LIMIT_EXCEEDED
    again = changed(document, by=scene.alice.account, seq=1, unit="EUR")
    assert _refused(scene, again, scene.alice.seeds) is Refusal.SEQUENCE_USED


def _officer_stairs(scene: Scene) -> list[Stair]:
    return [
        (Refusal.WRONG_NETWORK, {"net": STRANGER}),
        (Refusal.WRONG_COOPERATIVE, {"by": scene.peer.id}),
        *DATES,
        (Refusal.KEY_EVENT_NOT_CURRENT, {"kev": 1}),
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.TOO_FEW_SIGNATURES, {"seeds": scene.home.officers[:1]}),
        (Refusal.SEQUENCE_USED, {"seq": 1}),
    ]


def test_of_an_admission(scene: Scene) -> None:
    # Spec 0006: A decision MUST name the current key event of the cooperative's node.
    new = Member("new", scene.home)

    def event(*seeds: bytes, **changes: Any) -> dict[str, Any]:
        return {"event": seal(changed(new.event, **changes), *(seeds or new.seeds))}

    document = scene.home.admission(new, 1, 1)
    known = seal(scene.alice.event, *seeds_of("alice/0/0"))
    stairs: list[Stair] = [
        *_officer_stairs(scene),
        (Refusal.ACCOUNT_EXISTS, {"event": known}),
        (Refusal.KEYS_NOT_ACCEPTABLE, event(nthr=2)),
    ]
    _walk(scene, document, scene.home.officers, stairs)
    inner: list[Stair] = [
        (Refusal.WRONG_NETWORK, event(seed_of("stranger"), net=STRANGER, exp=AT - 1)),
        (Refusal.EXPIRED, event(seed_of("stranger"), exp=AT - 1)),
        (Refusal.SIGNER_NOT_ALLOWED, event(seed_of("stranger"), nthr=2)),
        (Refusal.TOO_FEW_SIGNATURES, event(thr=2)),
    ]
    for refusal, change in inner:
        got = _refused(scene, changed(document, **change), scene.home.officers)
        assert got is refusal, (refusal.name, got)


def test_of_new_limits(scene: Scene) -> None:
    document = scene.home.limits(scene.alice.account, 5, 5)
    unknown: Stair = (Refusal.ACCOUNT_UNKNOWN, {"acct": STRANGER[:16]})
    _walk(scene, document, scene.home.officers, [*_officer_stairs(scene), unknown])
    for account in (correspondent_account(scene.peer.id), reserved_account("suspense")):
        other = changed(document, acct=account)
        assert _refused(scene, other, scene.home.officers) is Refusal.ACCOUNT_UNKNOWN


def test_of_a_rotation(scene: Scene) -> None:
    document = scene.pair.rotation()
    fresh = seeds_of(*scene.pair.names(1))
    other = seeds_of("other/0", "other/1")
    stairs: list[Stair] = [
        (Refusal.WRONG_NETWORK, {"net": STRANGER}),
        *DATES,
        (Refusal.AUTHOR_UNKNOWN, {"by": STRANGER}),
        (Refusal.KEYS_REVOKED, {"by": scene.gone.account}),
        (Refusal.KEY_EVENT_NOT_CURRENT, {"kev": 2}),
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.TOO_FEW_SIGNATURES, {"seeds": other[:1]}),
        (Refusal.SEQUENCE_TOO_FAR, {"seq": SEQUENCE_AHEAD_MAX + 1}),
        (Refusal.KEYS_NOT_ACCEPTABLE, {"nthr": 3}),
        (Refusal.NEXT_KEYS_MISMATCH, {"keys": keys_of("other/0", "other/1"), "seeds": other}),
    ]
    _walk(scene, document, fresh, stairs)
    for account in (correspondent_account(scene.peer.id), reserved_account("cooperative")):
        alias = changed(document, by=account)
        assert _refused(scene, alias, fresh) is Refusal.AUTHOR_UNKNOWN


def test_of_a_revocation(scene: Scene) -> None:
    # Spec 0005: The node MUST refuse a revocation of any account that is not a member's.
    document = scene.pair.revocation()
    stairs: list[Stair] = [
        (Refusal.WRONG_NETWORK, {"net": STRANGER}),
        *DATES,
        (Refusal.AUTHOR_UNKNOWN, {"by": reserved_account("cooperative")}),
        (Refusal.KEYS_REVOKED, {"by": scene.gone.account}),
        (Refusal.KEY_EVENT_NOT_CURRENT, {"kev": 1}),
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.TOO_FEW_SIGNATURES, {"seeds": scene.pair.seeds[:1]}),
        (Refusal.SEQUENCE_TOO_FAR, {"seq": SEQUENCE_AHEAD_MAX + 1}),
    ]
    _walk(scene, document, scene.pair.seeds, stairs)


def test_of_a_credit_line(scene: Scene) -> None:
    # Spec 0011: A credit line MUST NOT carry a signature of anybody else.
    document = line_between(scene.home, scene.peer, 7_000, 7_000, seq=2)
    officers = [*scene.home.officers[:2], *scene.peer.officers[:2]]
    stairs: list[Stair] = [
        (Refusal.WRONG_NETWORK, {"net": STRANGER}),
        (Refusal.WRONG_COOPERATIVE, {"a": scene.peer.id, "b": scene.far.id}),
        *DATES,
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.TOO_FEW_SIGNATURES, {"seeds": scene.home.officers}),
        (Refusal.LINE_VERSION_NOT_NEXT, {"seq": 4}),
    ]
    ids = {"a": document.a, "b": document.b}
    stairs = [(refusal, ids | change) for refusal, change in stairs]
    _walk(scene, document, officers, stairs)


def test_of_terms_that_do_not_belong_together(scene: Scene) -> None:
    # Spec 0011: The charters of a line MUST be those whose identifiers are `a` and `b`.
    # Spec 0011: The proposer of a line MUST be `a` or `b`.
    good = line_between(scene.home, scene.far, 1, 1)
    officers = [*scene.home.officers[:2], *scene.far.officers[:2]]
    euros = Cooperative("far-away", unit="EUR")
    for document, seeds in (
        (changed(good, by=scene.peer.id), officers),
        (changed(good, a=good.b, b=good.a), officers),
        (changed(good, achart=good.bchart), officers),
        (line_between(scene.home, euros, 1, 1), [*scene.home.officers, *euros.officers]),
    ):
        assert _refused(scene, document, seeds) is Refusal.LINE_TERMS_MISMATCH


def test_of_a_line_with_a_charter_that_no_log_could_begin_with(scene: Scene) -> None:
    # Spec 0011: The keys in both charters MUST be acceptable (spec 0006).
    good = scene.far.charter
    for change in ({"othr": 0}, {"officers": [STRANGER, *good.officers]}, {"nthr": 2}):
        charter = changed(good, **change)
        sealed = seal(charter, *scene.far.node)
        far = Cooperative("alsace")
        far.charter, far.sealed = charter, sealed  # type: ignore[assignment]
        far.id = open_sealed(sealed, Charter).id
        line = line_between(scene.home, far, 1, 1)
        seeds = [*scene.home.officers[:2], *far.officers[:2]]
        assert _refused(scene, line, seeds) is Refusal.KEYS_NOT_ACCEPTABLE


def test_of_a_charter() -> None:
    one = Cooperative("bretagne")
    stairs: list[Stair] = [
        (Refusal.NOT_YET_VALID, DATES[0][1]),
        (Refusal.EXPIRED, DATES[1][1]),
        (Refusal.VALIDITY_TOO_LONG, DATES[2][1]),
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.TOO_FEW_SIGNATURES, {"thr": 2}),
        (Refusal.KEYS_NOT_ACCEPTABLE, {"othr": 4}),
    ]
    broken: dict[str, Any] = {}
    for refusal, change in reversed(stairs):
        broken |= change
        fields = {name: value for name, value in broken.items() if name != "seeds"}
        sealed = seal(changed(one.charter, **fields), *broken.get("seeds", one.node))
        assert found(open_sealed(sealed, Charter), AT) is refusal
    assert _decided_twice(one) is Refusal.NOT_FOR_A_LOG


def _decided_twice(one: Cooperative) -> Any:
    return decide(one.book, open_any(one.sealed, LOGGED), AT)


def test_transient_refusals_are_those_that_time_or_others_can_lift() -> None:
    assert [refusal.name for refusal in Refusal if refusal.transient] == [
        "NOT_YET_VALID", "LINE_UNKNOWN", "PAYEE_UNKNOWN", "CREDIT_LIMIT_EXCEEDED",
        "CEILING_EXCEEDED", "LINE_LIMIT_EXCEEDED", "OFFER_NOT_NEXT", "SHARE_EXCEEDS_BALANCE",
        "TOO_MANY_WAITING", "NOT_ACCEPTED", "PROVISION_EXCEEDED",
    ]  # fmt: skip
    assert [refusal.value for refusal in Refusal] == list(range(1, len(Refusal) + 1))
