"""The pool of provisions: the largest set-off that balances allow, and a proof with teeth."""

from collections.abc import Mapping
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from federation import members_set_off, pool, pool_set_off
from federation.findings import Code
from federation.ledger_audit import audit_log
from federation.library import Amounts, Arcs, cheapest
from federation.log_report import LogReport
from federation.members_set_off import (
    Obligation,
    Proposal,
    obligations_of,
    propose,
    verify_discharge,
)
from federation.pool import Room, parties_of, rooms_of
from federation.pool_set_off import after, has_provision, moved, propose_with_pool
from protocol.envelope import open_any, open_sealed
from protocol.errors import ProofError
from protocol.kinds import LOGGED
from protocol.ledger.decide import enter
from protocol.ledger.refusals import Refusal
from protocol.messages.invoices import Cut, Discharge, Potential
from tests.protocol.market import discharge, owe, provision
from tests.protocol.town import AT, ZERO, Cooperative
from tests.vectors.papers import books_of, read

Debt = tuple[int, int, int]


def account(member: int) -> bytes:
    return bytes([member] * 16)


def obligations(debts: list[Debt]) -> list[Obligation]:
    return [
        Obligation(AT + turn, turn.to_bytes(32), account(debtor), account(creditor), owed)
        for turn, (debtor, creditor, owed) in enumerate(debts)
    ]


def document_of(proposal: Proposal, **changes: Any) -> Discharge:
    fields: dict[str, Any] = {
        "by": ZERO, "cuts": proposal.cuts, "exp": AT, "iat": AT, "kev": 0, "net": ZERO,
        "pool": proposal.pool, "pots": proposal.pots, "seq": 1,
    }  # fmt: skip
    return Discharge(**fields | changes)


def optimum(debts: list[Debt], rooms: Mapping[bytes, Room]) -> int:
    """Search for the largest total with another library, on a graph of its own."""
    graph = networkx.MultiDiGraph()
    graph.add_nodes_from(range(9), demand=0)
    for debtor, creditor, owed in debts:
        graph.add_edge(debtor, creditor, capacity=owed, weight=-1)
    for member in range(9):
        room = rooms.get(account(member), Room(0, 0))
        graph.add_edge("pool", member, capacity=room.gives, weight=0)
        graph.add_edge(member, "pool", capacity=room.takes, weight=0)
    cost, _ = networkx.capacity_scaling(graph)
    return -int(cost)


def total(proposal: Proposal | None) -> int:
    return 0 if proposal is None else sum(cut.amt for cut in proposal.cuts)


DEBTS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 500)), min_size=1, max_size=24
).map(lambda debts: [debt for debt in debts if debt[0] != debt[1]])
ROOMS = st.dictionaries(
    st.integers(0, 8).map(account),
    st.builds(Room, st.integers(0, 400), st.one_of(st.integers(0, 400), st.just(2**62))),
)


@given(DEBTS, ROOMS)
def test_the_proposal_is_the_optimum_within_everybodys_room(
    debts: list[Debt], rooms: dict[bytes, Room]
) -> None:
    before = obligations(debts)
    proposal = propose_with_pool(before, rooms)
    wanted = optimum(debts, rooms) if has_provision(rooms) else 0
    assert total(proposal) == wanted
    if proposal is None:
        return
    verify_discharge(before, document_of(proposal), rooms)
    changes = moved(before, proposal.cuts)
    assert sum(changes.values()) == 0
    for name, change in changes.items():
        assert -rooms[name].gives <= change <= rooms[name].takes
    known = {one.invoice: one.owed for one in before}
    assert all(1 <= cut.amt <= known[cut.inv] for cut in proposal.cuts)


@given(DEBTS, ROOMS)
def test_whoever_pays_pays_no_more_than_its_own_debts_fall(
    debts: list[Debt], rooms: dict[bytes, Room]
) -> None:
    before = obligations(debts)
    proposal = propose_with_pool(before, rooms)
    if proposal is None:
        return
    falls = {cut.inv: cut.amt for cut in proposal.cuts}
    for name, change in moved(before, proposal.cuts).items():
        own = sum(falls.get(one.invoice, 0) for one in before if one.debtor == name)
        theirs = sum(falls.get(one.invoice, 0) for one in before if one.creditor == name)
        assert change == theirs - own


@given(DEBTS, ROOMS, st.integers(0, 8), st.integers(1, 100))
def test_more_provision_never_lowers_the_optimum(
    debts: list[Debt], rooms: dict[bytes, Room], member: int, more: int
) -> None:
    before = obligations(debts)
    room = rooms.get(account(member), Room(0, 0))
    raised = rooms | {account(member): room._replace(gives=room.gives + more)}
    # Without any provision there is no pool; the set-off then is the one that moves no balance.
    plain = total(propose(before))
    least = max(total(propose_with_pool(before, rooms)), plain)
    assert total(propose_with_pool(before, raised)) >= least


@given(DEBTS, ROOMS)
def test_two_steps_leave_nothing_and_the_first_moves_nothing(
    debts: list[Debt], rooms: dict[bytes, Room]
) -> None:
    before = obligations(debts)
    first = propose(before)
    if first is not None:
        assert moved(before, first.cuts) == {}
        before = after(before, first.cuts)
    second = propose_with_pool(before, rooms)
    if second is None:
        return
    changes = moved(before, second.cuts)
    # Once nothing comes around, each unit that falls was paid by somebody.
    assert changes
    left = {
        name: Room(room.gives + min(changes.get(name, 0), 0), room.takes - changes.get(name, 0))
        for name, room in rooms.items()
    }
    rest = after(before, second.cuts)
    assert propose(rest) is None
    # Who was paid has no more provision for it: nothing is left to set off.
    assert propose_with_pool(rest, left) is None


@settings(max_examples=60)
@given(DEBTS, ROOMS, st.integers(2, 6), st.integers(1, 6))
def test_beyond_the_bounds_each_step_is_proven_among_those_that_it_names(
    debts: list[Debt], rooms: dict[bytes, Room], members_max: int, cuts_max: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (members_set_off, pool_set_off):
            patch.setattr(module, "POTENTIALS_MAX", members_max)
            patch.setattr(module, "CUTS_MAX", cuts_max)
        left, known = obligations(debts), dict(rooms)
        for _ in range(40):
            proposal = propose_with_pool(left, known)
            if proposal is None:
                break
            assert len(proposal.cuts) <= cuts_max
            assert 2 <= len(proposal.pots) <= members_max
            verify_discharge(left, document_of(proposal), known)
            for name, change in moved(left, proposal.cuts).items():
                room = known[name]
                known[name] = Room(room.gives + min(change, 0), room.takes - change)
            left = after(left, proposal.cuts)
        else:
            pytest.fail("it goes on for ever")


def test_one_unit_more_or_less_anywhere_is_refused() -> None:
    before = obligations([(0, 1, 50), (1, 2, 200), (2, 3, 70), (3, 2, 20)])
    rooms = {account(0): Room(30, 0), account(1): Room(100, 0), account(2): Room(0, 90),
             account(3): Room(0, 500)}  # fmt: skip
    proposal = propose_with_pool(before, rooms)
    assert proposal is not None
    verify_discharge(before, document_of(proposal), rooms)
    for place, cut in enumerate(proposal.cuts):
        for change in (-1, 1):
            cuts = list(proposal.cuts)
            cuts[place] = Cut(cut.amt + change, cut.inv)
            with pytest.raises(ProofError):
                verify_discharge(before, document_of(proposal, cuts=cuts), rooms)


def test_a_limit_that_is_not_the_members_own_proves_nothing() -> None:
    before = obligations([(0, 1, 50), (1, 2, 200)])
    rooms = {account(0): Room(30, 0), account(2): Room(0, 90)}
    proposal = propose_with_pool(before, rooms)
    assert proposal is not None
    for changed in ({account(0): Room(29, 0)}, {account(0): Room(31, 0)}, {account(2): Room(0, 9)}):
        with pytest.raises(ProofError):
            verify_discharge(before, document_of(proposal), rooms | changed)
    # A pool that nobody has filled is no way to move a balance.
    with pytest.raises(ProofError):
        verify_discharge(before, document_of(proposal))


class Chain:
    """Dave owes alice 50, alice owes bob 200, nobody owes dave; dave provides 30, alice 100."""

    def __init__(self, **limits: int) -> None:
        self.home = home = Cooperative("bretagne")
        self.dave, self.alice = home.admit("dave"), home.admit("alice")
        self.bob = home.admit("bob", **limits)
        self.members = [self.dave, self.alice, self.bob]
        self.owed = [owe(self.dave, self.alice, 50), owe(self.alice, self.bob, 200)]
        for member, amount in ((self.dave, 30), (self.alice, 100)):
            assert home.submit(provision(member, amount)) is None

    def proposal(self) -> Proposal:
        book = self.home.book
        found = propose_with_pool(obligations_of(book), rooms_of(book, parties_of(book)))
        assert found is not None
        return found

    def sealed(self, falls: list[int], proof: list[int], root: int) -> bytes:
        accounts = [member.account for member in self.members]
        falling = {inv: fall for inv, fall in zip(self.owed, falls, strict=True) if fall}
        return discharge(self.home, falling, dict(zip(accounts, proof, strict=True)), pool=root)

    def entered(self, falls: list[int], proof: list[int], root: int) -> LogReport:
        """Let the node of the cooperative lie: what its rules refuse it enters all the same."""
        sealed = self.sealed(falls, proof, root)
        if self.home.submit(sealed) is not None:
            self.home.log.append((AT, sealed))
        return audit_log([(at, ZERO, one) for at, one in self.home.log], charter=self.home.sealed)

    def proof(self) -> tuple[list[int], int]:
        proposal = self.proposal()
        labels = {one.acct: one.pot for one in proposal.pots}
        assert isinstance(proposal.pool, int)
        return [labels[member.account] for member in self.members], proposal.pool


def told(report: LogReport, chain: Chain) -> list[tuple[Code, Any]]:
    place = len(chain.home.log) - 1
    assert [one.record for one in report.findings] == [f"entry {place}"] * len(report.findings)
    return [(one.code, one.fields.get("refusal")) for one in report.findings]


def test_a_chain_is_cleared_as_far_as_provisions_reach() -> None:
    chain = Chain()
    labels, root = chain.proof()
    report = chain.entered([30, 130], labels, root)
    assert report.findings == []
    assert [member.balance for member in chain.members] == [-30, -100, 130]
    assert chain.home.book.head.provisions == {}
    assert chain.home.book.sum() == report.sum == 0


def test_an_auditor_names_a_set_off_beyond_a_provision() -> None:
    chain = Chain()
    labels, root = chain.proof()
    report = chain.entered([31, 131], labels, root)
    assert told(report, chain) == [(Code.ENTRY_REFUSED, Refusal.PROVISION_EXCEEDED.name)]


def test_an_auditor_names_a_set_off_beyond_a_ceiling() -> None:
    chain = Chain(ceil=120)
    labels, root = chain.proof()
    report = chain.entered([30, 130], labels, root)
    assert told(report, chain) == [(Code.ENTRY_REFUSED, Refusal.CEILING_EXCEEDED.name)]


def test_the_ceiling_bounds_what_is_proposed() -> None:
    chain = Chain(ceil=120)
    proposal = chain.proposal()
    # Bob takes 120; of the ways to pay them the one over dave lets off more.
    assert sorted(cut.amt for cut in proposal.cuts) == [30, 120]


def test_an_auditor_names_a_set_off_with_a_pool_that_is_not_the_largest() -> None:
    chain = Chain()
    labels, root = chain.proof()
    report = chain.entered([29, 129], labels, root)
    assert told(report, chain) == [(Code.DISCHARGE_OPTIMUM, None)]
    assert report.replayed == len(chain.home.log)


def test_a_set_off_that_leaves_the_pool_unused_is_not_the_largest() -> None:
    chain = Chain()
    labels, root = chain.proof()
    assert told(chain.entered([0, 100], labels, root), chain) == [(Code.DISCHARGE_OPTIMUM, None)]


@pytest.mark.parametrize("place", range(4))
def test_a_potential_that_is_moved_proves_nothing(place: int) -> None:
    chain = Chain()
    labels, root = chain.proof()
    numbers = [*labels, root]
    numbers[place] += 3
    *labels, root = numbers
    report = chain.entered([30, 130], labels, root)
    assert told(report, chain) == [(Code.DISCHARGE_OPTIMUM, None)]


def test_a_member_left_out_is_named_here_too() -> None:
    chain = Chain()
    labels, root = chain.proof()
    chain.members, labels = chain.members[1:], labels[1:]
    report = chain.entered([0, 100], labels, root)
    assert told(report, chain) == [(Code.DISCHARGE_OPTIMUM, None)]
    assert chain.dave.account.hex() in str(report.findings[0].fields["reason"])


def test_nobody_provides_and_there_is_no_pool() -> None:
    before = obligations([(0, 1, 50), (1, 0, 20)])
    assert propose_with_pool(before, {account(1): Room(0, 900)}) is None
    assert propose_with_pool([], {account(1): Room(5, 5)}) is None


def test_who_pays_all_that_it_owes_is_at_its_limit() -> None:
    # Spec 0016: The arc from the pool to a member is limited by its provision left, by its balance
    # and credit limit, and by what it owes among the members.
    before = obligations([(0, 1, 50)])
    rooms = {account(0): Room(80, 0), account(1): Room(0, 900)}
    proof = [Potential(account(0), 0), Potential(account(1), 1)]
    cuts = [Cut(50, before[0].invoice)]
    proposal = Proposal(cuts, proof, is_whole=True, pool=1)
    verify_discharge(before, document_of(proposal), rooms)
    with pytest.raises(ProofError):
        verify_discharge(before, document_of(proposal, cuts=[Cut(49, cuts[0].inv)]), rooms)


def test_a_solver_that_sends_units_there_and_back_changes_nothing() -> None:
    before = obligations([(0, 1, 50), (1, 2, 200)])
    rooms = {account(0): Room(30, 40), account(1): Room(90, 90), account(2): Room(10, 100)}
    plain = propose_with_pool(before, rooms)

    def wasteful(members: int, arcs: Arcs, supplies: Amounts) -> Amounts:
        flow = cheapest(members, arcs, supplies)
        place = {pair: arc for arc, pair in enumerate(zip(arcs[0], arcs[1], strict=True))}
        for (tail, head), arc in place.items():
            back = place.get((head, tail))
            if back is not None and tail < head:
                more = min(arcs[2][arc] - flow[arc], arcs[2][back] - flow[back])
                flow[arc] += more
                flow[back] += more
        return flow

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "cheapest", wasteful)
        assert propose_with_pool(before, rooms) == plain


def test_a_provision_that_can_let_nobody_off_does_not_hide_another_one() -> None:
    before = obligations([(0, 1, 50), (2, 3, 40), (4, 5, 30)])
    rooms = {account(0): Room(900, 0), account(2): Room(20, 0), account(3): Room(0, 900)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool_set_off, "POTENTIALS_MAX", 4)
        proposal = propose_with_pool(before, rooms)
    assert proposal is not None
    assert not proposal.is_whole
    assert [one.acct for one in proposal.pots] == [account(2), account(3)]
    assert total(proposal) == 20
    whole = propose_with_pool(before, rooms)
    assert whole is not None
    assert whole.is_whole


def test_both_proofs_of_the_vectors_hold_with_and_without_a_pool() -> None:
    file = read("0016-invoices", "entries.json")
    book = books_of(file["given"])["bretagne"]
    case = next(one for one in file["cases"] if one["name"] == "two-steps")
    pools = []
    for step in case["documents"]:
        opened = open_any(bytes.fromhex(step["sealed"]), LOGGED)
        if isinstance(opened.document, Discharge):
            rooms = rooms_of(book, (one.acct for one in opened.document.pots))
            verify_discharge(obligations_of(book), opened.document, rooms)
            pools.append(opened.document.pool)
        assert enter(book, opened, book.head.at) is None
    assert pools == [UNSET, 2]


def test_what_does_not_hold_is_named_in_words() -> None:
    chain = Chain()
    labels, root = chain.proof()
    book = chain.home.book
    rooms = rooms_of(book, parties_of(book))
    for falls, says in (([31, 131], "beyond its limits"), ([29, 129], "pool -> ")):
        document = open_sealed(chain.sealed(falls, labels, root), Discharge).document
        with pytest.raises(ProofError, match=says):
            verify_discharge(obligations_of(book), document, rooms)
