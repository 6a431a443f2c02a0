"""Who may sign: founding, admission, thresholds, rotation by revealed keys, revocation, dates."""

from typing import Any

import pytest

from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import ProtocolError
from protocol.kinds import LOGGED
from protocol.ledger.accounts import Role
from protocol.ledger.authority import SKEW_MAX_S, VALIDITY_MAX_S, next_key_digest
from protocol.ledger.decide import decide
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Charter
from tests.protocol.town import (
    AT,
    NET,
    Cooperative,
    Member,
    changed,
    connect,
    digests_of,
    keys_of,
    line_between,
    seeds_of,
)


@pytest.fixture
def home() -> Cooperative:
    return Cooperative("bretagne")


def test_the_account_is_named_by_its_inception(home: Cooperative) -> None:
    alice = home.admit("alice", climit=7, ceil=9)
    slot = home.book.accounts.find(alice.account)
    accounts = home.book.accounts
    assert (accounts.credit_limit[slot], accounts.ceiling[slot]) == (7, 9)
    assert accounts.role[slot] == Role.MEMBER
    assert accounts.key_state(slot).next == [next_key_digest(keys_of("alice/1/0")[0])]


def test_two_of_three_keys_sign_for_an_account_and_no_stranger_beside_them(
    home: Cooperative,
) -> None:
    # Spec 0004: The reader MUST count only signatures of keys that are registered for the author
    # (spec 0005).
    # Spec 0005: The node MUST refuse a document that carries a signature of a key that is not a
    # current key of its author.
    # Spec 0005: The node MUST refuse a document with fewer signatures than the author's threshold.
    pair, bob = home.admit("pair", keys=3, thr=2), home.admit("bob")
    order = pair.order
    leg = open_any(pair.pay((bob, 1)), LOGGED).document.legs[0]
    stranger = seeds_of("stranger")
    for seeds, refusal in (
        (pair.seeds[:1], Refusal.TOO_FEW_SIGNATURES),
        (pair.seeds[:1] + stranger, Refusal.SIGNER_NOT_ALLOWED),
        (pair.seeds + stranger, Refusal.SIGNER_NOT_ALLOWED),
        (pair.seeds[:2], None),
        (pair.seeds[1:], None),
        (pair.seeds, None),
    ):
        assert home.submit(seal(order(leg), *seeds)) is refusal


def test_a_lost_key_is_replaced_by_the_next_one_alone(home: Cooperative) -> None:
    # Spec 0005: A rotation MUST NOT carry a signature of any other key, the current ones included.
    alice, bob = home.admit("alice"), home.admit("bob")
    old = alice.pay((bob, 1))
    rotation = alice.rotation()
    assert home.submit(seal(rotation, *alice.seeds)) is Refusal.SIGNER_NOT_ALLOWED
    both = [*alice.seeds, *seeds_of("alice/1/0")]
    assert home.submit(seal(rotation, *both)) is Refusal.SIGNER_NOT_ALLOWED
    assert home.submit(seal(rotation, *seeds_of("alice/1/0"))) is None
    assert home.submit(old) is Refusal.KEY_EVENT_NOT_CURRENT
    stolen = alice.pay((bob, 1), kev=1)
    assert home.submit(stolen) is Refusal.SIGNER_NOT_ALLOWED
    alice.kev = 1
    assert home.submit(alice.pay((bob, 1))) is None
    assert home.submit(seal(alice.rotation(), *seeds_of("alice/2/0"))) is None


def test_a_rotation_needs_as_many_of_the_announced_keys_as_was_announced(home: Cooperative) -> None:
    # Spec 0005: A rotation MUST carry signatures of as many of its keys as the event before
    # announced in `nthr`, and as it asks itself in `thr`.
    pair = home.admit("pair", keys=2, thr=2)
    fresh = seeds_of(*pair.names(1))
    # One key would be enough after it, but two were announced.
    easier = pair.rotation(thr=1)
    assert home.submit(seal(easier, fresh[0])) is Refusal.TOO_FEW_SIGNATURES
    single = pair.rotation(keys=keys_of("pair/1/0"), thr=1)
    assert home.submit(seal(single, *seeds_of("pair/1/0"))) is Refusal.TOO_FEW_SIGNATURES
    assert home.submit(seal(easier, *fresh)) is None
    pair.kev = 1
    assert home.submit(seal(pair.revocation(), fresh[1])) is None


def test_a_revoked_account_keeps_its_balance_and_is_silent_for_good(home: Cooperative) -> None:
    alice, bob = home.admit("alice"), home.admit("bob")
    assert home.submit(bob.pay((alice, 30))) is None
    assert home.submit(seal(alice.revocation(), *alice.seeds)) is None
    assert home.submit(alice.pay((bob, 1))) is Refusal.KEYS_REVOKED
    assert home.submit(seal(alice.rotation(), *seeds_of("alice/1/0"))) is Refusal.KEYS_REVOKED
    assert home.submit(seal(alice.revocation(), *alice.seeds)) is Refusal.KEYS_REVOKED
    assert home.submit(bob.pay((alice, 1))) is None
    assert alice.balance == 31


def test_a_node_rotates_in_its_own_book_and_in_its_neighbour_s(home: Cooperative) -> None:
    peer = Cooperative("rhone")
    connect(home, peer, 100, 100)
    template = Member("template", home)
    fields: dict[str, Any] = {"by": home.id, "keys": keys_of("bretagne/node/1"), "seq": 77}
    fields["next"] = digests_of("bretagne/node/2")
    sealed = seal(template.rotation(**fields), *seeds_of("bretagne/node/1"))
    far = Cooperative("alsace")
    assert far.submit(sealed) is Refusal.AUTHOR_UNKNOWN
    for coop in (home, peer):
        assert coop.submit(sealed) is None
        assert coop.submit(sealed) is Refusal.KEY_EVENT_NOT_CURRENT
    line = home.book.correspondent(peer.id)
    mirror = peer.book.correspondent(home.id)
    assert line is not None and mirror is not None
    assert home.book.accounts.key_state(0).keys == keys_of("bretagne/node/1")
    assert peer.book.accounts.key_state(mirror[0]).keys == keys_of("bretagne/node/1")


@pytest.mark.parametrize(("change", "signers"), [
    ({"thr": 0}, "0"), ({"nthr": 0}, "0"), ({"nthr": 2}, "0"), ({"othr": 0}, "0"),
    ({"othr": 4}, "0"), ({"keys": keys_of("a", "b")[::-1]}, "ab"),
    ({"keys": keys_of("a") * 2}, "a"),
    ({"next": digests_of("a") * 2}, "0"), ({"officers": keys_of("a", "b")[::-1]}, "0"),
    ({"officers": [bytes(32)], "othr": 1}, "0"),
])  # fmt: skip
def test_a_charter_whose_keys_are_not_acceptable_founds_nothing(
    home: Cooperative, change: dict[str, Any], signers: str
) -> None:
    # Spec 0005: The node MUST refuse a threshold below 1 or above the number of keys it counts.
    seeds = home.node if signers == "0" else seeds_of(*signers)
    opened = open_sealed(seal(changed(home.charter, **change), *seeds), Charter)
    assert found(opened, AT) is Refusal.KEYS_NOT_ACCEPTABLE


def _window(home: Cooperative) -> list[tuple[str, Any, list[bytes]]]:
    alice, bob, new = home.admit("alice"), home.admit("bob"), Member("new", home)
    peer = Cooperative("rhone")
    order = open_any(alice.pay((bob, 1)), LOGGED).document
    return [
        ("order", order, alice.seeds),
        ("admission", home.admission(new, 1, 1), home.officers),
        ("limits", home.limits(alice.account, 1, 1), home.officers),
        ("rotation", alice.rotation(), seeds_of("alice/1/0")),
        ("revocation", alice.revocation(), alice.seeds),
        ("line", line_between(home, peer, 1, 1), [*home.officers, *peer.officers]),
    ]


@pytest.mark.parametrize("name", ["order", "admission", "limits", "rotation", "revocation", "line"])
def test_a_document_enters_within_its_dates_alone(home: Cooperative, name: str) -> None:
    # Spec 0005: The node MUST refuse a document signed more than 300 seconds after the second of
    # its entry.
    # Spec 0005: The node MUST refuse a document whose `exp` is before the second of its entry.
    # Spec 0005: The node MUST refuse a document whose `exp` is more than 31 days after its `iat`.
    document, seeds = next((d, s) for n, d, s in _window(home) if n == name)
    for at, refusal in (
        (document.iat - SKEW_MAX_S - 1, Refusal.NOT_YET_VALID),
        (document.iat - SKEW_MAX_S, None),
        (document.exp, None),
        (document.exp + 1, Refusal.EXPIRED),
    ):
        got = decide(home.book, open_any(seal(document, *seeds), LOGGED), at)
        # The inception inside an admission has the same dates.
        assert (got if refusal else isinstance(got, tuple)) == (refusal or True), (name, at)
    long = changed(document, iat=document.exp - VALIDITY_MAX_S)
    assert isinstance(decide(home.book, open_any(seal(long, *seeds), LOGGED), AT), tuple)
    longer = changed(document, iat=document.exp - VALIDITY_MAX_S - 1)
    got = decide(home.book, open_any(seal(longer, *seeds), LOGGED), AT)
    assert got is Refusal.VALIDITY_TOO_LONG


def test_an_inception_inside_an_admission_has_its_own_dates(home: Cooperative) -> None:
    new = Member("new", home)
    event = seal(changed(new.event, exp=AT - 1), *new.seeds)
    admission = seal(home.admission(new, 1, 1, event=event), *home.officers)
    assert home.submit(admission) is Refusal.EXPIRED
    garbage = seal(home.admission(new, 1, 1, event=b"x"), *home.officers)
    with pytest.raises(ProtocolError):
        home.submit(garbage)


def test_a_line_gives_each_side_its_limit_in_both_books(home: Cooperative) -> None:
    peer = Cooperative("rhone")
    connect(home, peer, 100, 300)
    for one, two, own, others in ((home, peer, 100, 300), (peer, home, 300, 100)):
        line = one.book.correspondent(two.id)
        assert line is not None
        accounts = one.book.accounts
        assert accounts.credit_limit[line[0]] == others
        assert accounts.ceiling[line[0]] == own
    wider = seal(line_between(home, peer, 150, 350, seq=2), *home.officers, *peer.officers)
    for coop in (home, peer):
        assert coop.submit(wider) is None
        assert coop.submit(wider) is Refusal.LINE_VERSION_NOT_NEXT
    known = home.book.correspondent(peer.id)
    assert known is not None and known[1].version == 2
    assert home.book.accounts.ceiling[known[0]] == 150


def test_a_line_names_both_networks(home: Cooperative) -> None:
    other_net = bytes([3]) * 32
    far = Cooperative("alsace")
    far.charter = changed(far.charter, net=other_net)  # type: ignore[assignment]
    far.sealed = seal(far.charter, *far.node)
    far.id = open_sealed(far.sealed, Charter).id
    line = seal(line_between(home, far, 1, 1), *home.officers, *far.officers)
    assert home.submit(line) is Refusal.LINE_TERMS_MISMATCH
    assert other_net != NET
