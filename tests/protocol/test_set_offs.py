"""A cycle is set off when all its members consented and a quorum saw it: else nothing."""

from itertools import combinations
from typing import Any

import pytest

from protocol.envelope import open_any, open_sealed, seal
from protocol.errors import EncodingError, SignatureError
from protocol.kinds import LOGGED, SHAPES, TYPE_OF
from protocol.ledger.decide import decide
from protocol.ledger.refusals import Refusal
from protocol.ledger.set_offs import check_certificate, quorum, terms_id
from protocol.messages.rounds import Certificate, Consent, SetOff
from tests.protocol.ring import Ring
from tests.protocol.town import AT, ZERO, Cooperative, changed, replayed, seed_of

TERMS = SHAPES[TYPE_OF[SetOff]]


@pytest.fixture(scope="module")
def shared_ring() -> Ring:
    """Return a ring in which nothing is entered."""
    return Ring()


@pytest.mark.parametrize(("seats", "ballots"), [
    (2, 2), (3, 3), (4, 3), (5, 4), (6, 4), (7, 5), (8, 6), (9, 6), (10, 7),
])  # fmt: skip
def test_two_quorums_share_a_witness_that_is_honest(seats: int, ballots: int) -> None:
    assert quorum(seats) == ballots
    dishonest = (seats - 1) // 3
    panel = range(seats)
    for one in combinations(panel, ballots):
        fewest = min(len(set(one) & set(other)) for other in combinations(panel, ballots))
        assert fewest > dishonest
    # And without the dishonest ones the honest still decide, except where all must vote.
    assert seats <= 3 or ballots <= seats - dishonest


@pytest.mark.parametrize("size", [3, 4, 7])
def test_a_certified_cycle_lowers_every_debt_and_changes_nobody_s_net(size: int) -> None:
    ring = Ring(size=size)
    ring.reserve()
    assert ring.owed() == [500] * size
    for coop in ring.coops:
        nets = list(coop.book.accounts.balance[:2])
        assert coop.submit(ring.certificate(coop)) is None
        assert list(coop.book.accounts.balance[:2]) == nets
        assert coop.book.head.shares == {}
        assert all(line.up == line.down == 0 for line in coop.book.head.correspondents.values())
        assert coop.book.sum() == 0
        assert coop.submit(ring.certificate(coop)) is Refusal.SHARE_UNKNOWN
    assert ring.owed() == [200] * size
    for coop in ring.coops:
        assert replayed(coop.log).digest() == coop.book.digest()


def test_what_is_reserved_can_be_neither_reserved_again_nor_paid_away() -> None:
    # Spec 0014: The amounts of a consent MUST stay reserved until the cycle is certified or decided
    # otherwise by the panel; silence and time release nothing.
    ring = Ring()
    coop = ring.coops[0]
    assert coop.submit(ring.consent(coop)) is None
    assert coop.submit(ring.consent(coop)) is Refusal.SHARE_KNOWN
    more = ring.share(coop, tx=ZERO, amt=201)
    assert coop.submit(ring.consent(coop, more)) is Refusal.SHARE_EXCEEDS_BALANCE
    rest = ring.share(coop, tx=ZERO, amt=200)
    assert coop.submit(ring.consent(coop, rest)) is None
    line = coop.book.correspondent(ring.coops[1].id)
    assert line is not None and line[1].down == 500


def test_a_settled_cycle_is_not_settled_again() -> None:
    # Spec 0014: A node MUST NOT consent twice to one cycle.
    ring = Ring(debt=2_000)
    coop = ring.coops[0]
    ring.reserve()
    assert coop.submit(ring.certificate(coop)) is None
    assert coop.submit(ring.consent(coop)) is Refusal.SHARE_KNOWN
    assert coop.submit(ring.certificate(coop)) is Refusal.SHARE_UNKNOWN
    assert ring.tx in coop.book.head.settled


def test_shares_of_one_consent_count_together() -> None:
    ring = Ring()
    coop = ring.coops[1]
    two = [ring.share(coop, tx=bytes([place]) * 32, amt=251) for place in (1, 2)]
    assert coop.submit(ring.consent(coop, *two)) is Refusal.SHARE_EXCEEDS_BALANCE
    fits = [changed(share, amt=250) for share in two]
    assert coop.submit(ring.consent(coop, *fits)) is None  # type: ignore[arg-type]


def test_a_consent_is_refused_for_its_first_reason(shared_ring: Ring) -> None:
    coop, far = shared_ring.coops[0], Cooperative("alsace")
    share = shared_ring.share(coop)
    over, strange = changed(share, amt=501), changed(share, creditor=far.id)
    stairs: list[tuple[Refusal, dict[str, Any]]] = [
        (Refusal.WRONG_NETWORK, {"net": ZERO}),
        (Refusal.WRONG_COOPERATIVE, {"by": far.id}),
        (Refusal.NOT_YET_VALID, {"iat": AT + 301}),
        (Refusal.EXPIRED, {"exp": AT - 1}),
        (Refusal.VALIDITY_TOO_LONG, {"iat": AT - 31 * 86_400}),
        (Refusal.KEY_EVENT_NOT_CURRENT, {"kev": 1}),
        (Refusal.SIGNER_NOT_ALLOWED, {"seeds": [seed_of("stranger")]}),
        (Refusal.LINE_UNKNOWN, {"shares": [share, share, over, strange]}),
        (Refusal.SHARE_KNOWN, {"shares": [over, share, share]}),
        (Refusal.SHARE_EXCEEDS_BALANCE, {"shares": [over]}),
    ]
    document = open_sealed(shared_ring.consent(coop), Consent).document
    broken: dict[str, Any] = {}
    for refusal, change in reversed(stairs):
        broken |= change
        fields = {name: value for name, value in broken.items() if name != "seeds"}
        sealed = seal(changed(document, **fields), *broken.get("seeds", coop.node))
        assert decide(coop.book, open_any(sealed, LOGGED), AT) is refusal
    backwards = changed(share, creditor=share.debtor, debtor=share.creditor)
    sealed = seal(changed(document, shares=[backwards]), *coop.node)
    got = decide(coop.book, open_any(sealed, LOGGED), AT)
    assert got is Refusal.SHARE_EXCEEDS_BALANCE


def test_a_certificate_of_our_node_alone_enters(shared_ring: Ring) -> None:
    coop = shared_ring.coops[0]
    for change, seeds, refusal in (
        ({"net": ZERO}, coop.node, Refusal.WRONG_NETWORK),
        ({"by": ZERO}, coop.node, Refusal.WRONG_COOPERATIVE),
        ({"kev": 1}, coop.node, Refusal.KEY_EVENT_NOT_CURRENT),
        ({"ballots": [b"x"]}, [seed_of("stranger")], Refusal.SIGNER_NOT_ALLOWED),
        ({}, coop.node, Refusal.SHARE_UNKNOWN),
    ):
        document = open_sealed(shared_ring.certificate(coop, **change), Certificate).document
        sealed = seal(document, *seeds)
        assert decide(coop.book, open_any(sealed, LOGGED), AT) is refusal


def _spoilt(ring: Ring) -> dict[str, dict[str, Any]]:
    first, second, third = (ring.consent(coop) for coop in ring.coops)
    one, two, three = ring.coops
    votes = [ring.ballot(witness) for witness in ring.panel]
    few = votes[: quorum(len(votes)) - 1]
    last = ring.panel[len(few)]
    late = ring.ballot(last, iat=ring.terms.exp + 1)
    other = ring.consent(three, ring.share(three, amt=1))
    stranger = Cooperative("stranger")

    def terms(**changes: Any) -> dict[str, Any]:
        return {"terms": TERMS.encode(changed(ring.terms, **changes))}

    return {
        "a consent less": {"consents": [first, second]},
        "consents in another order": {"consents": [second, first, third]},
        "one consent twice": {"consents": [first, first, third]},
        "of another amount": {"consents": [first, second, other]},
        "of another round": {"consents": [first, second, ring.consent(three, round=ZERO)]},
        "of another network": {"consents": [first, second, ring.consent(three, net=ZERO)]},
        "by another": {"consents": [first, ring.consent(two, by=one.id), third]},
        "a ballot too few": {"ballots": few},
        "one ballot twice": {"ballots": [*few, few[0]]},
        "a ballot after the deadline": {"ballots": [*few, late]},
        "a ballot of another round": {"ballots": [*few, ring.ballot(last, round=ZERO)]},
        "a ballot of another network": {"ballots": [*few, ring.ballot(last, net=ZERO)]},
        "a ballot for another cycle": {"ballots": [*few, ring.ballot(last, txs=[ZERO])]},
        "a ballot of a stranger": {"ballots": [*few, ring.ballot(stranger)]},
        "a stranger's vote for a seat": {"ballots": [*few, ring.ballot(stranger, by=last.id)]},
        "other terms": terms(amt=299),
        "a member twice": terms(cycle=[one.id, two.id, one.id]),
        "a key less": terms(keys=ring.terms.keys[:2]),
        "a witness twice": terms(panel=[ring.panel[0].id] * 4),
        "a witness without a key": terms(pkeys=ring.terms.pkeys[:3]),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(_spoilt(Ring())))
def test_a_certificate_that_lacks_something_changes_nothing(shared_ring: Ring, name: str) -> None:
    coop = shared_ring.coops[0]
    spoilt = shared_ring.certificate(coop, **_spoilt(shared_ring)[name])
    with pytest.raises(SignatureError):
        check_certificate(open_sealed(spoilt, Certificate).document)
    got = decide(coop.book, open_any(spoilt, LOGGED), AT)
    assert got is Refusal.CERTIFICATE_INCOMPLETE


def test_a_quorum_is_enough_and_the_papers_alone_prove_it(shared_ring: Ring) -> None:
    # Spec 0014: The reader MUST refuse a certificate with fewer valid ballots than the quorum of
    # its panel.
    coop = shared_ring.coops[0]
    votes = [shared_ring.ballot(witness) for witness in shared_ring.panel][1:]
    sealed = shared_ring.certificate(coop, ballots=votes)
    terms, tx = check_certificate(open_sealed(sealed, Certificate).document)
    assert (terms, tx) == (shared_ring.terms, shared_ring.tx)
    assert tx == terms_id(TERMS.encode(terms))


def test_garbage_inside_a_certificate_is_an_error_of_encoding(shared_ring: Ring) -> None:
    coop = shared_ring.coops[0]
    for change in ({"terms": b"x"}, {"ballots": [b"x"]}, {"consents": [b"x"] * 3}):
        sealed = shared_ring.certificate(coop, **change)
        with pytest.raises(EncodingError):
            decide(coop.book, open_any(sealed, LOGGED), AT)


def test_a_node_that_logs_one_consent_and_shows_another_is_found_out() -> None:
    ring = Ring()
    coop = ring.coops[0]
    logged = ring.share(coop, amt=100)
    assert coop.submit(ring.consent(coop, logged)) is None
    assert coop.submit(ring.certificate(coop)) is Refusal.SHARE_UNKNOWN
    turned = Ring(size=4)
    coop = turned.coops[0]
    outside = turned.terms.cycle[1:]
    smaller = changed(turned.terms, cycle=outside, keys=turned.terms.keys[1:])
    assert isinstance(smaller, SetOff)
    tx = terms_id(TERMS.encode(smaller))
    assert coop.submit(turned.consent(coop, turned.share(coop, tx=tx))) is None
    turned.terms, turned.tx, turned.coops = smaller, tx, turned.coops[1:]
    assert coop.submit(turned.certificate(coop)) is Refusal.SHARE_UNKNOWN


def test_the_longest_cycle_fits_a_certificate() -> None:
    # Spec 0014: The writer MUST split its consents and ballots so that every certificate stays
    # within 65,535 bytes.
    ids = [bytes([place]) * 32 for place in range(100)]
    ring = Ring()
    first, most = ring.coops[0], 2**53 - 1
    terms = changed(ring.terms, cycle=ids, keys=ids, panel=ids[:10], pkeys=ids[:10], amt=most)
    share = ring.share(first, amt=most)
    sealed = ring.certificate(
        first,
        terms=TERMS.encode(terms),
        consents=[ring.consent(first, share)] * 100,
        ballots=[ring.ballot(first)] * 10,
    )
    assert len(open_sealed(sealed, Certificate).document.consents) == 100
    # The greatest consent and ballot fit as papers inside a certificate, though not many of them.
    assert len(ring.consent(first, *[share] * 48)) <= 8_192
    assert len(ring.ballot(first, txs=ids * 2)) <= 8_192
