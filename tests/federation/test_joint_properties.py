"""Laws of one batch: nobody's position moves, debts only fall, and no other order finds more."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from federation.joint_cycles import pieces
from federation.obligations import Graph
from federation.round_obligations import Claim, Claims, bounds, home_of, owed_of
from federation.set_off import solve
from federation.tie_break import unique_optimum
from protocol.blinding import obligation_ref
from protocol.identifiers import reserved_account
from protocol.messages.joint import ARCS_MAX, Owed
from protocol.messages.rounds import Edge, Position
from tests.federation.joint_round import JointRound
from tests.protocol.joint_fair import JointFair
from tests.protocol.market import invoice, owe
from tests.protocol.town import DATED, ZERO

Debts = list[tuple[bytes, bytes, int]]
OWN = reserved_account("cooperative")


def debts_of(dice: random.Random, coops: int, members: int, count: int) -> Debts:
    """Draw debts between names of 32 and 48 bytes; those of 32 bytes are cooperatives."""
    ids = [bytes([number + 1]) * 32 for number in range(coops)]
    names = [one + bytes([m]) * 16 for one in ids for m in range(1, members + 1)] + ids
    drawn = []
    for _ in range(count):
        debtor, creditor = dice.sample(names, 2)
        drawn.append((debtor, creditor, dice.randint(1, 500)))
    return drawn


def total(debts: Sequence[tuple[bytes, bytes, int]]) -> tuple[int, Debts]:
    """Return what the largest set-off of some debts cancels, and what is left of them."""
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    return sum(flow), graph.remaining(flow)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(1, 6), st.integers(4, 60))
def test_one_batch_finds_at_least_what_inside_first_finds(
    seed: int, coops: int, members: int, count: int
) -> None:
    debts = debts_of(random.Random(seed), coops, members, count)
    batch, _ = total(debts)
    inside, left = 0, []
    for home in sorted({home_of(name) for debt in debts for name in debt[:2]}):
        mine = [one for one in debts if home_of(one[0]) == home_of(one[1]) == home]
        found, rest = total(mine)
        inside += found
        left += rest
    across = [one for one in debts if home_of(one[0]) != home_of(one[1])]
    after, _ = total(left + across)
    assert batch >= inside + after


def test_on_a_market_of_several_villages_the_batch_finds_some_percent_more() -> None:
    shares = []
    for seed in range(8):
        debts = debts_of(random.Random(seed), 5, 12, 260)
        batch, _ = total(debts)
        homes = sorted({home_of(debt[0]) for debt in debts})
        inside, left = 0, [one for one in debts if home_of(one[0]) != home_of(one[1])]
        for home in homes:
            mine = [one for one in debts if home_of(one[0]) == home_of(one[1]) == home]
            found, rest = total(mine)
            inside += found
            left += rest
        shares.append((batch - inside - total(left)[0]) / batch)
    assert min(shares) >= 0
    assert max(shares) > 0


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_a_round_lets_debts_fall_and_moves_nobody_s_position(seed: int) -> None:
    dice = random.Random(seed)
    limit = dice.choice([0, 150, 100_000])
    fair = JointFair(limit=limit)
    people = [fair.alice, fair.ada, fair.bob, fair.ben, *fair.own.values()]
    for _ in range(dice.randint(2, 9)):
        debtor, creditor = dice.sample(people, 2)
        lend = owe if debtor.home is creditor.home else fair.owe
        lend(debtor, creditor, dice.randint(1, 400))
    waiting = invoice(fair.alice, fair.ada, 999)
    assert fair.here.submit(waiting) is None
    before = fair.positions()
    owed = [{inv: one.owed for inv, one in home.book.head.invoices.items()} for home in fair.coops]
    members = [one.balance for one in people[:4]]
    done = JointRound(fair)
    if done.terms:
        done.commit()
    report, codes = done.audit()
    assert codes == []
    assert report.certified == sum(done.answer.flow)
    assert fair.positions() == before
    assert [one.balance for one in people[:4]] == members
    for home, was in zip(fair.coops, owed, strict=True):
        book = home.book
        now = {inv: one.owed for inv, one in book.head.invoices.items()}
        assert all(0 < left <= was[inv] for inv, left in now.items())
        assert book.sum() == 0
        limits, ceilings = book.accounts.credit_limit, book.accounts.ceiling
        assert -limits[0] <= book.accounts.balance[0] <= ceilings[0]
        assert not any(one.reserved for one in book.head.invoices.values())
    assert fair.here.balance_of(fair.there) == -fair.there.balance_of(fair.here)
    # A second round finds nothing more, but where an own account had more debts than room.
    assert limit < 100_000 or JointRound(fair).terms == []


def position(by: bytes, owed: list[Owed]) -> Position:
    return Position(blind=ZERO, by=by, edges=[], kev=0, owed=owed, round=ZERO, seq=1, **DATED)


def ring_of(size: int) -> list[Position]:
    """Return the position of a cooperative of which `size` members owe one another around."""
    names = [(number + 1).to_bytes(16, "big") for number in range(size)]
    owed = [
        Owed(amt=5, debtor=one, creditor=two, ref=one * 2)
        for one, two in zip(names, names[1:] + names[:1], strict=True)
    ]
    return [position(bytes([1]) * 32, owed), position(bytes([2]) * 32, owed[:0] or owed[:1])]


@pytest.mark.parametrize(("size", "found"), [(ARCS_MAX, 1), (ARCS_MAX + 1, 0)])
def test_a_cycle_that_no_terms_can_hold_is_left_out(size: int, found: int) -> None:
    # Spec 0018: A cycle of more than 60 debts, or of lines alone of more than 100, MUST be left
    # out.
    positions = ring_of(size)
    first = positions[0].owed
    assert isinstance(first, list)
    debts = [(b"\1" * 32 + o.debtor, b"\1" * 32 + o.creditor, o.amt) for o in first]  # type: ignore[operator]
    graph = Graph.from_debts(debts)
    answer = unique_optimum(graph, ZERO)
    assert sum(answer.flow) == 5 * size
    assert len(pieces(graph, answer.flow, positions[:1])) == found


def test_of_a_line_and_an_invoice_between_the_same_two_the_line_falls_first() -> None:
    # Spec 0018: Of a debt on a line and obligations of one arc, the line MUST fall first.
    one, two = b"\1" * 32, b"\2" * 32
    own = bytes(16)
    edge: dict[str, Any] = {"ghead": ZERO, "got": 0, "sent": 0, "shead": ZERO}
    ref, back = b"\7" * 32, b"\10" * 32
    owes = position(one, [Owed(amt=50, debtor=own, peer=two, ref=ref),
                          Owed(amt=90, creditor=own, peer=two, ref=back)])  # fmt: skip
    owed = position(two, [Owed(amt=50, creditor=own, peer=one, ref=ref),
                          Owed(amt=90, debtor=own, peer=one, ref=back)])  # fmt: skip
    owes = replace(owes, edges=[Edge(bal=30, peer=two, top=30, **edge)])
    owed = replace(owed, edges=[Edge(bal=-30, peer=one, top=30, **edge)])
    graph = Graph.from_debts([(one, two, 80), (two, one, 90)])
    answer = unique_optimum(graph, ZERO)
    made = pieces(graph, answer.flow, [owes, owed])
    assert [(piece.amount, [link.ref for link in piece.links]) for piece in made] == [
        (30, [b"", back]), (50, [ref, back]),
    ]  # fmt: skip


def test_a_position_states_the_oldest_within_its_share_of_names() -> None:
    ids = [number.to_bytes(32, "big") for number in range(300)]
    assert [bounds(n) for n in (2, 3, 300, 1_024)] == [(512, 511), (341, 340), (3, 2), (1, 0)]

    def claim(due: int, debtor: bytes, creditor: bytes, peer: bytes = b"") -> Claim:
        return Claim(due, bytes([due]) * 32, debtor, creditor, peer, 10)

    a, b, c = (bytes([letter]) * 16 for letter in b"abc")
    claims = [
        claim(1, a, b), claim(2, b, c), claim(3, b, b"", bytes(32)), claim(4, a, b"", b"\xff" * 32),
        claim(5, b, a), claim(6, a, b),
    ]  # fmt: skip
    found = owed_of(Claims(claims, 0, 0), ZERO, ids, 99)
    # The second needs a third name, the fourth goes to somebody who is not asked.
    assert [one.ref for one in found] == [
        obligation_ref(99, bytes([due]) * 32) for due in (1, 3, 5)
    ]
    own = [claim(1, OWN, a), claim(2, OWN, b), claim(3, a, OWN), claim(4, b, OWN)]
    found = owed_of(Claims(own, 14, 7), ZERO, ids[:2], 99)
    # What the own balance may fall by, and rise by, is spread over its debts and its claims.
    assert [one.amt for one in found] == [10, 4, 7]
