"""A circle of lines and obligations falls in all its books at once, or in none."""

from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from protocol.blinding import obligation_ref
from protocol.envelope import document_id, open_any, open_sealed, seal
from protocol.errors import EncodingError, SignatureError
from protocol.kinds import LOGGED, SHAPES, TYPE_OF
from protocol.ledger.book import Book
from protocol.ledger.decide import decide
from protocol.ledger.joint_set_offs import is_well_formed, part_of
from protocol.ledger.refusals import Refusal
from protocol.ledger.set_offs import check_certificate
from protocol.messages.joint import ARCS_MAX, JointCut, JointLine, JointSetOff, Part
from protocol.messages.orders import Leg
from protocol.messages.rounds import Certificate
from protocol.signatures import public_key_of
from tests.protocol.fair import far_pay
from tests.protocol.joint_fair import DEADLINE, JointFair
from tests.protocol.market import cancellation, discharge, invoice, owe
from tests.protocol.ring import Ring
from tests.protocol.town import AT, ZERO, Cooperative, Member, replayed

TERMS = SHAPES[TYPE_OF[JointSetOff]]


@pytest.fixture(scope="module")
def shared() -> JointFair:
    """Return a circle in which nothing is entered."""
    return JointFair()


def pays_off(payer: Member, payee: Member, amount: int, inv: bytes) -> bytes:
    return seal(payer.order(Leg(payee.account, amount, inv=inv)), *payer.seeds)


def same(home: Cooperative) -> None:
    """Hold a book against its log and its own snapshot."""
    book = home.book
    assert replayed(home.log).digest() == book.digest()
    loaded = Book.load(book.dump_head(), [bytearray(one) for one in book.accounts.sections()])
    assert loaded.digest() == book.digest()
    assert book.sum() == 0


def test_a_certified_circle_lowers_every_debt_of_it_and_no_member_s_position() -> None:
    fair = JointFair()
    positions, balances = fair.positions(), [fair.alice.balance, fair.bob.balance]
    fair.reserve()
    assert fair.owed() == [500, 450, 300]
    assert fair.there.book.accounts.balance[:2].tolist() == [-300, 300]
    for home in fair.coops:
        same(home)
        assert home.submit(fair.certificate(home)) is None
        assert home.submit(fair.certificate(home)) is Refusal.SHARE_UNKNOWN
        assert home.submit(fair.consent(home)) is Refusal.SHARE_KNOWN
        assert home.book.head.parts == {}
        assert not any(one.reserved for one in home.book.head.invoices.values())
        same(home)
    assert fair.owed() == [200, 150, 0]
    assert (fair.here.balance_of(fair.there), fair.there.balance_of(fair.here)) == (500, -500)
    assert fair.positions() == positions
    assert [fair.alice.balance, fair.bob.balance] == balances
    # What the cooperatives' claims lost, their own balances took.
    assert fair.here.book.accounts.balance[:2].tolist() == [300, 0]
    assert fair.there.book.accounts.balance[:2].tolist() == [-300, 0]


def test_what_is_reserved_is_neither_paid_nor_cancelled_nor_set_off() -> None:
    # Spec 0018: What is reserved MUST be neither paid nor set off otherwise.
    fair = JointFair()
    fair.reserve()
    first, second, third = fair.invoices
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 151, second)) is (
        Refusal.MORE_THAN_OWED
    )
    own = fair.own[fair.here.id]
    assert fair.here.submit(pays_off(fair.alice, own, 1, third)) is Refusal.MORE_THAN_OWED
    # Spec 0018: An obligation of which a part is reserved MUST NOT end by cancellation.
    assert fair.here.submit(cancellation(fair.alice, third)) is None
    assert fair.here.submit(cancellation(own, third)) is Refusal.INVOICE_HELD
    falls = {first: 201}
    got = fair.there.submit(discharge(fair.there, falls, {fair.bob.account: 0, ZERO[:16]: 0}))
    assert got is Refusal.MORE_THAN_OWED
    # What is not reserved is still paid.
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 150, second)) is None
    fair.settle()
    assert fair.owed() == [500, 300, 300]
    for home in fair.coops:
        assert home.submit(fair.certificate(home)) is None
    assert fair.owed() == [200, 0, 0]


def test_an_obligation_that_ended_in_the_other_book_leaves_the_rest_of_the_circle() -> None:
    fair = JointFair()
    fair.reserve()
    second = fair.invoices[1]
    assert fair.there.submit(fair.certificate(fair.there)) is None
    for side in (fair.bob, fair.alice):
        answer = fair.sends(side, cancellation(side, second))
        assert answer is (None if side is fair.bob else Refusal.INVOICE_HELD)
        fair.settle()
    assert fair.here.submit(fair.certificate(fair.here)) is None
    assert fair.owed() == [200, 150, 0]


def test_a_cancellation_that_crosses_the_certificate_ends_only_what_is_left() -> None:
    # alice's word is in both books before anything is reserved.
    late = JointFair()
    assert late.sends(late.alice, cancellation(late.alice, late.invoices[1])) is None
    late.settle()
    late.reserve()
    assert late.there.submit(late.certificate(late.there)) is None
    assert late.sends(late.bob, cancellation(late.bob, late.invoices[1])) is None
    late.settle()
    assert late.invoices[1] not in late.here.book.head.invoices
    assert late.here.submit(late.certificate(late.here)) is None
    assert late.owed() == [200, 0, 0]
    for home in late.coops:
        same(home)


def test_a_part_is_refused_for_its_first_reason(shared: JointFair) -> None:
    home, part = shared.there, shared.part(shared.there)
    waiting = invoice(shared.bob, shared.ben, 40)
    assert home.submit(waiting) is None
    loose = obligation_ref(DEADLINE, open_any(waiting, LOGGED).id)
    assert home.book.invoices.named(DEADLINE, loose)
    stairs: list[tuple[Refusal, list[Part]]] = [
        (Refusal.LINE_UNKNOWN, [replace(part, debtor=ZERO, amt=900, cuts=[ZERO, loose])]),
        (Refusal.CREDIT_LIMIT_EXCEEDED, [replace(part, amt=1_001)]),
        (Refusal.SHARE_KNOWN, [part, part]),
        (Refusal.SHARE_EXCEEDS_BALANCE, [replace(part, amt=801)]),
        (Refusal.INVOICE_UNKNOWN, [replace(part, cuts=[*part.cuts, ZERO])]),
        (Refusal.NOT_ACCEPTED, [replace(part, cuts=[*part.cuts, loose])]),
        (Refusal.MORE_THAN_OWED, [replace(part, amt=451)]),
        (Refusal.NOT_BALANCED, [replace(part, cuts=part.cuts[:1])]),
        (Refusal.CONSENT_EMPTY, [Part(amt=1, cuts=[], tx=ZERO)]),
    ]
    for refusal, parts in stairs:
        got = decide(home.book, open_any(shared.consent(home, *parts), LOGGED), AT)
        assert got is refusal, (refusal, got)
    two = [replace(part, amt=200), replace(part, amt=251, tx=ZERO)]
    got = decide(home.book, open_any(shared.consent(home, *two), LOGGED), AT)
    assert got is Refusal.MORE_THAN_OWED
    # Spec 0018: A consent MUST have a share or a part.
    empty = shared.consent(home, parts=UNSET)
    assert decide(home.book, open_any(empty, LOGGED), AT) is Refusal.CONSENT_EMPTY


def test_an_own_balance_at_its_ceiling_takes_nothing_more() -> None:
    fair = JointFair()
    home = fair.here
    account = fair.own[home.id].account
    decision = home.limits(account, climit=0, ceil=299)
    assert home.submit(seal(decision, *home.officers[:2])) is None
    assert home.submit(fair.consent(home)) is Refusal.CEILING_EXCEEDED
    decision = home.limits(account, climit=0, ceil=300)
    assert home.submit(seal(decision, *home.officers[:2])) is None
    assert home.submit(fair.consent(home)) is None
    # What waits counts: nothing more would fit.
    more = replace(fair.part(home), amt=1, tx=ZERO)
    assert home.submit(fair.consent(home, more)) is Refusal.CEILING_EXCEEDED


def _spoilt(fair: JointFair) -> dict[str, dict[str, Any]]:
    one, two = fair.coops
    cuts, lines, terms = fair.terms.cuts, fair.terms.lines, fair.terms

    def other(**changes: Any) -> dict[str, Any]:
        return {"terms": TERMS.encode(replace(terms, **changes))}

    part = replace(fair.part(two), amt=299)
    return {
        "a consent less": {"consents": [fair.consent(one)]},
        "of another amount": {"consents": [fair.consent(one), fair.consent(two, part)]},
        "without parts": {"consents": [fair.consent(one), fair.consent(two, parts=UNSET)]},
        "a ballot too few": {"ballots": [fair.ballot(one)]},
        "other terms": other(amt=299),
        "out of order": other(coops=terms.coops[::-1]),
        "a key less": other(keys=terms.keys[:1]),
        "a place beyond": other(cuts=[*cuts, JointCut(2, ZERO)]),
        "an obligation twice": other(cuts=[*cuts, cuts[0]]),
        "two lines of one debtor": other(lines=[*lines, lines[0]]),
        "a line to itself": other(lines=[JointLine(creditor=0, debtor=0)]),
        "a cut to its own": other(cuts=[*cuts, JointCut(0, ZERO, 0)]),
        "nobody's part": other(coops=[*terms.coops, b"\xff" * 32], keys=[*terms.keys, ZERO]),
    }


@pytest.mark.parametrize("name", sorted(_spoilt(JointFair())))
def test_a_certificate_that_lacks_something_changes_nothing(shared: JointFair, name: str) -> None:
    home = shared.coops[0]
    spoilt = shared.certificate(home, **_spoilt(shared)[name])
    with pytest.raises(SignatureError):
        check_certificate(open_sealed(spoilt, Certificate).document)
    got = decide(home.book, open_any(spoilt, LOGGED), AT)
    assert got is Refusal.CERTIFICATE_INCOMPLETE


def test_a_whole_certificate_needs_our_consent_in_our_log(shared: JointFair) -> None:
    home = shared.coops[0]
    whole = open_any(shared.certificate(home), LOGGED)
    assert decide(home.book, whole, AT) is Refusal.SHARE_UNKNOWN
    liar = JointFair()
    home = liar.coops[0]
    assert home.submit(liar.consent(home, replace(liar.part(home), amt=1))) is None
    assert home.submit(liar.certificate(home)) is Refusal.SHARE_UNKNOWN


def test_a_reservation_for_terms_that_do_not_name_us_is_settled_by_nobody() -> None:
    fair = JointFair()
    home, other = fair.coops
    place = fair.coops.index(other)
    cuts = [JointCut(0, cut.ref) for cut in fair.terms.cuts if cut.at in (cut.to, place)]
    alone = replace(
        fair.terms, coops=[other.id], keys=[fair.terms.keys[place]], lines=[], cuts=cuts[:1]
    )
    tx = document_id(alone)
    assert home.submit(fair.consent(home, replace(fair.part(home), tx=tx))) is None
    fair.terms, fair.tx, fair.coops = alone, tx, [other]
    votes = [fair.ballot(home), fair.ballot(other)]
    assert home.submit(fair.certificate(home, ballots=votes)) is Refusal.SHARE_UNKNOWN


def test_lines_that_pass_through_a_cooperative_leave_its_own_balance_alone() -> None:
    ring = Ring(size=3, seats=2)
    first = ring.coops[0]
    ann, ben = first.admit("ann"), first.admit("ben")
    refs = [obligation_ref(DEADLINE, owe(*pair, 400)) for pair in ((ann, ben), (ben, ann))]
    fields = {
        name: getattr(ring.terms, name)
        for name in ("amt", "by", "exp", "iat", "kev", "net", "panel", "pkeys", "round", "seq")
    }
    order = sorted(ring.coops, key=lambda coop: coop.id)
    place = {coop.id: order.index(coop) for coop in ring.coops}
    terms = JointSetOff(
        coops=[coop.id for coop in order],
        cuts=[JointCut(place[first.id], ref) for ref in refs],
        keys=[public_key_of(coop.node[0]) for coop in order],
        lines=[JointLine(place[two.id], place[one.id]) for one, two in ring.edges()],
        **fields,
    )
    tx = document_id(terms)
    parts = {coop.id: part_of(terms, tx, coop.id) for coop in order}
    consents = [ring.consent(coop, shares=[], parts=[parts[coop.id]]) for coop in order]
    votes = [ring.ballot(witness, txs=[tx]) for witness in ring.panel]
    for coop, consent in zip(order, consents, strict=True):
        assert coop.submit(consent) is None
        assert coop.book.accounts.balance[:2].tolist() == [0, 0]
    for coop in order:
        papers = {"consents": consents, "ballots": votes, "terms": TERMS.encode(terms)}
        assert coop.submit(ring.certificate(coop, **papers)) is None
        same(coop)
        assert coop.book.accounts.balance[:2].tolist() == [0, 0]
    assert ring.owed() == [200, 200, 200]
    assert [one.owed for one in first.book.head.invoices.values()] == [100, 100]


def test_terms_of_neither_kind_are_an_error_of_encoding(shared: JointFair) -> None:
    home = shared.coops[0]
    with pytest.raises(EncodingError):
        decide(home.book, open_any(shared.certificate(home, terms=b"x"), LOGGED), AT)


def test_the_longest_terms_fit_a_certificate() -> None:
    ids = [bytes([place]) * 32 for place in range(ARCS_MAX)]
    fair = JointFair()
    terms = replace(
        fair.terms, amt=2**53 - 1, coops=ids, keys=ids, panel=ids[:10], pkeys=ids[:10],
        cuts=[JointCut(at, ids[at], (at + 1) % ARCS_MAX) for at in range(ARCS_MAX)], lines=[],
    )  # fmt: skip
    assert isinstance(terms, JointSetOff)
    assert is_well_formed(terms)
    assert len(TERMS.encode(terms)) <= 8_192
    # Spec 0014: The writer MUST split its consents and ballots so that every certificate stays
    # within 65,535 bytes.
    home, most = fair.coops[0], 2**53 - 1
    part = replace(fair.part(home), amt=most, cuts=ids[:2], debtor=ids[0])
    votes = [fair.ballot(home, txs=ids[:16])] * 10
    consents = [fair.consent(home, part)] * ARCS_MAX
    sealed = fair.certificate(home, terms=TERMS.encode(terms), consents=consents, ballots=votes)
    assert len(open_sealed(sealed, Certificate).document.consents) == ARCS_MAX
