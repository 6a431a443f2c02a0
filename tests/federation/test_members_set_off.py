"""The set-off between members: what an office proposes an auditor finds the largest one."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import members_set_off
from federation.findings import Code
from federation.ledger_audit import audit_log
from federation.log_report import LogReport
from federation.members_set_off import (
    Obligation,
    Proposal,
    obligations_of,
    propose,
    verify_discharge,
)
from federation.obligations import Graph
from federation.set_off import solve
from protocol.envelope import open_sealed
from protocol.errors import ProofError
from protocol.messages.invoices import Discharge
from tests.protocol.market import discharge, invoice, owe
from tests.protocol.town import AT, ZERO, Cooperative, Member
from tests.vectors.papers import books_of, read


def audited(home: Cooperative) -> LogReport:
    return audit_log([(at, ZERO, sealed) for at, sealed in home.log], charter=home.sealed)


def obligations(debts: Iterable[tuple[int, int, int]]) -> list[Obligation]:
    """Return obligations of members known by a number, each due a second after the one before."""
    return [
        Obligation(AT + turn, turn.to_bytes(32), bytes([debtor] * 16), bytes([creditor] * 16), owed)
        for turn, (debtor, creditor, owed) in enumerate(debts)
    ]


def document_of(proposal: Proposal) -> Discharge:
    """Return the discharge that a proposal would become; its author does not matter."""
    return Discharge(
        by=ZERO, cuts=proposal.cuts, exp=AT, iat=AT, kev=0, net=ZERO, pool=proposal.pool,
        pots=proposal.pots, seq=1,
    )  # fmt: skip


def carried(debts: list[Obligation]) -> tuple[int, list[Obligation], bool]:
    """Make one discharge of the obligations, verify it, and return what stays owed."""
    proposal = propose(debts)
    if proposal is None:
        return 0, debts, True
    document = document_of(proposal)
    verify_discharge(debts, document)
    falls = {cut.inv: cut.amt for cut in proposal.cuts}
    assert list(falls) == sorted(falls)
    left = [one._replace(owed=one.owed - falls.get(one.invoice, 0)) for one in debts]
    return sum(falls.values()), [one for one in left if one.owed], proposal.is_whole


DEBTS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 500)), max_size=40
).map(lambda debts: [debt for debt in debts if debt[0] != debt[1]])


@given(DEBTS)
def test_a_proposal_is_the_optimum_and_nothing_is_left_to_set_off(
    debts: list[tuple[int, int, int]],
) -> None:
    before = obligations(debts)
    cleared, left, is_whole = carried(before)
    graph = Graph.from_debts([(one.debtor, one.creditor, one.owed) for one in before])
    assert cleared == sum(solve(graph))
    assert is_whole
    assert propose(left) is None


@settings(max_examples=60)
@given(DEBTS, st.integers(2, 6), st.integers(2, 6))
def test_what_does_not_fit_goes_into_the_next_one_and_each_is_proven(
    debts: list[tuple[int, int, int]], members_max: int, cuts_max: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members_set_off, "POTENTIALS_MAX", members_max)
        patch.setattr(members_set_off, "CUTS_MAX", cuts_max)
        left = obligations(debts)
        for _ in range(40):
            proposal = propose(left)
            if proposal is None:
                break
            assert len(proposal.cuts) <= cuts_max
            assert len(proposal.pots) <= members_max
            cleared, left, _ = carried(left)
            assert cleared > 0


def test_two_parts_that_share_no_member_fill_one_discharge_or_two() -> None:
    pairs = [(0, 1, 9), (1, 0, 7), (2, 3, 5), (3, 2, 5), (4, 5, 3), (5, 4, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members_set_off, "POTENTIALS_MAX", 4)
        cleared, left, is_whole = carried(obligations(pairs))
        assert (cleared, is_whole) == (24, False)
        cleared, left, is_whole = carried(left)
        assert (cleared, is_whole) == (4, True)
        assert propose(left) is None


def test_the_obligation_due_first_falls_first() -> None:
    debts = obligations([(0, 1, 10), (0, 1, 10), (1, 0, 12)])
    proposal = propose(debts)
    assert proposal is not None
    assert {cut.inv: cut.amt for cut in proposal.cuts} == {
        debts[0].invoice: 10, debts[1].invoice: 2, debts[2].invoice: 12,
    }  # fmt: skip


class Ring:
    """Three members in a ring of 500, 300, 400, and one who owes outside of it."""

    def __init__(self) -> None:
        self.home = home = Cooperative("bretagne")
        self.members = [home.admit(name) for name in ("alice", "bob", "carol", "dave")]
        alice, bob, carol, dave = self.members
        self.invoices = [owe(alice, bob, 500), owe(bob, carol, 300), owe(carol, alice, 400)]
        self.beside = owe(dave, alice, 50)
        self.waiting = invoice(bob, dave, 7)
        assert home.submit(self.waiting) is None

    def proof(self, members: list[Member]) -> dict[bytes, int]:
        """Return the potentials of the optimum for some of the members."""
        proposal = propose(obligations_of(self.home.book))
        assert proposal is not None
        labels = {one.acct: one.pot for one in proposal.pots}
        return {member.account: labels[member.account] for member in members}

    def submit(self, amount: int, proof: dict[bytes, int]) -> LogReport:
        sealed = discharge(self.home, dict.fromkeys(self.invoices, amount), proof)
        assert self.home.submit(sealed) is None
        return audited(self.home)


@pytest.fixture
def ring() -> Ring:
    return Ring()


def test_an_auditor_finds_nothing_in_the_largest_set_off(ring: Ring) -> None:
    report = ring.submit(300, ring.proof(ring.members))
    assert report.findings == []
    assert report.replayed == len(ring.home.log)


def test_an_auditor_names_a_set_off_that_was_not_the_largest(ring: Ring) -> None:
    report = ring.submit(299, ring.proof(ring.members))
    place = len(ring.home.log) - 1
    assert [(one.code, one.record) for one in report.findings] == [
        (Code.DISCHARGE_OPTIMUM, f"entry {place}")
    ]
    assert not report.is_sound
    # The rules have taken it, so the log goes on.
    assert report.replayed == len(ring.home.log)


def test_a_finding_does_not_hide_what_follows(ring: Ring) -> None:
    ring.submit(299, ring.proof(ring.members))
    alice, bob, *_ = ring.members
    assert ring.home.submit(alice.pay((bob, 1))) is None
    assert ring.home.submit(discharge(ring.home, dict.fromkeys(ring.invoices, 1),
                                      ring.proof(ring.members))) is None  # fmt: skip
    report = audited(ring.home)
    assert len(report.findings) == 1
    assert report.replayed == len(ring.home.log)


@pytest.mark.parametrize("member", range(4))
def test_a_potential_that_is_moved_proves_nothing(ring: Ring, member: int) -> None:
    proof = ring.proof(ring.members)
    proof[ring.members[member].account] += 3
    assert [one.code for one in ring.submit(300, proof).findings] == [Code.DISCHARGE_OPTIMUM]


def test_a_member_who_is_left_out_is_named(ring: Ring) -> None:
    report = ring.submit(300, ring.proof(ring.members[:3]))
    assert [one.code for one in report.findings] == [Code.DISCHARGE_OPTIMUM]
    assert ring.members[3].account.hex() in str(report.findings[0].fields["reason"])


def test_a_cut_between_members_that_are_not_named_is_refused(ring: Ring) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Beyond the bounds of a small cooperative not everybody is named.
        patch.setattr(members_set_off, "CUTS_MAX", 3)
        report = ring.submit(300, ring.proof(ring.members[:2]))
    assert [one.code for one in report.findings] == [Code.DISCHARGE_OPTIMUM]
    assert "no obligation among" in str(report.findings[0].fields["reason"])


def test_a_waiting_invoice_is_no_obligation(ring: Ring) -> None:
    debts = obligations_of(ring.home.book)
    assert len(debts) == 4
    assert sorted(one.invoice for one in debts) == sorted([*ring.invoices, ring.beside])


def test_one_unit_more_or_less_on_any_obligation_is_refused(ring: Ring) -> None:
    debts = obligations_of(ring.home.book)
    proposal = propose(debts)
    assert proposal is not None
    for place, cut in enumerate(proposal.cuts):
        for change in (-1, 1):
            cuts = list(proposal.cuts)
            cuts[place] = type(cut)(cut.amt + change, cut.inv)
            document = document_of(proposal._replace(cuts=cuts))
            with pytest.raises(ProofError):
                verify_discharge(debts, document)


def test_a_part_too_large_for_any_bound_is_left() -> None:
    # Two members are let off only with all three of the ring.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members_set_off, "POTENTIALS_MAX", 2)
        assert propose(obligations([(0, 1, 5), (1, 2, 5), (2, 0, 5)])) is None
    with pytest.MonkeyPatch.context() as patch:
        # The two who owe one another are kept, and the ring around them is lost.
        patch.setattr(members_set_off, "POTENTIALS_MAX", 2)
        debts = [(0, 1, 9), (1, 0, 9), (1, 2, 5), (2, 0, 5)]
        cleared, left, is_whole = carried(obligations(debts))
        assert (cleared, is_whole) == (18, False)
        assert propose(left) is None


def test_the_vectors_of_the_book_carry_a_proof_that_holds() -> None:
    given_books = books_of(read("0016-invoices", "entries.json")["given"])
    debts = obligations_of(given_books["bretagne"])
    case = next(
        one for one in read("0016-invoices", "entries.json")["cases"] if one["name"] == "ring"
    )
    sealed = bytes.fromhex(case["documents"][0]["sealed"])
    verify_discharge(debts, open_sealed(sealed, Discharge).document)
