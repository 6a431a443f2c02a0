"""A round with obligations is checked from papers, logs and secrets: each lie has its finding."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from federation.findings import Code
from protocol.envelope import document_id, seal
from protocol.identifiers import reserved_account
from protocol.messages.joint import Owed
from protocol.messages.rounds import Flow, Position
from tests.federation.joint_round import JointRound
from tests.protocol.fair import Fair, far_pay
from tests.protocol.joint_fair import JointFair
from tests.protocol.market import owe


def busy() -> Fair:
    """Return a fair with circles inside, across, and through the line."""
    fair = JointFair()
    for debtor, creditor, amount in (
        (fair.alice, fair.ada, 60), (fair.ada, fair.alice, 20), (fair.ada, fair.alice, 25),
        (fair.ben, fair.bob, 80),
    ):  # fmt: skip
        owe(debtor, creditor, amount)
    fair.owe(fair.alice, fair.ben, 70)
    return fair


@pytest.mark.parametrize("fair", [JointFair, busy])
def test_a_whole_round_has_no_finding_and_is_cleared_to_the_cent(
    fair: Callable[[], JointFair],
) -> None:
    made = fair()
    positions = made.positions()
    done = JointRound(made)
    report, codes = done.audit()
    assert codes == []
    assert (report.cycles, report.cleared) == (0, sum(done.answer.flow))
    done.commit()
    report, codes = done.audit()
    assert codes == []
    assert report.certified == report.cleared == sum(done.answer.flow) > 0
    assert report.cycles == len(done.terms)
    assert made.positions() == positions
    assert all(home.book.sum() == 0 and home.book.head.parts == {} for home in done.homes)


def test_one_log_that_is_late_is_late_and_no_more() -> None:
    done = JointRound(busy())
    done.commit(late=done.ids[1])
    _, codes = done.audit()
    assert set(codes) == {Code.SETOFF_LAG}


def test_a_payment_after_the_position_changes_nothing_of_what_was_stated() -> None:
    fair = JointFair()
    done = JointRound(fair)
    assert fair.sends(fair.bob, far_pay(fair.bob, fair.alice, 100, fair.invoices[1])) is None
    fair.settle()
    assert done.audit()[1] == []


def owed(position: Position) -> list[Owed]:
    assert isinstance(position.owed, list)
    return position.owed


def of(home: int, **changes: Callable[[Position], Any]) -> Callable[[Position], Position]:
    """Return what changes fields of one cooperative's position."""
    name = JointRound(JointFair()).ids[home]

    def twist(position: Position) -> Position:
        if position.by != name:
            return position
        return replace(position, **{field: made(position) for field, made in changes.items()})

    return twist


LIES: dict[str, tuple[dict[str, Callable[[Position], Any]], list[Code]]] = {
    "an obligation invented": (
        {"owed": lambda one: [*owed(one), replace(owed(one)[0], ref=bytes(32))]},
        [Code.ROUND_OBLIGATIONS],
    ),
    "an obligation left out": (
        {"owed": lambda one: owed(one)[1:]}, [Code.ROUND_OBLIGATIONS],
    ),
    "another amount": (
        {"owed": lambda one: [replace(owed(one)[0], amt=1), *owed(one)[1:]]},
        [Code.ROUND_OBLIGATIONS],
    ),
    "another pseudonym": (
        {"owed": lambda one: [replace(each, debtor=bytes([7]) * 16)
                              if each.debtor is not UNSET else each for each in owed(one)]},
        [Code.ROUND_OBLIGATIONS],
    ),
    "no obligations at all": (
        {"owed": lambda one: owed(one)[:1]}, [Code.ROUND_OBLIGATIONS],
    ),
    "another secret": ({"blind": lambda one: bytes(32)}, [Code.ROUND_BLIND]),
    "not in their order": (
        {"owed": lambda one: owed(one)[::-1]}, [Code.ROUND_OBLIGATIONS],
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", sorted(LIES))
@pytest.mark.parametrize("home", [0, 1])
def test_a_position_that_lies_of_its_members_is_found_out(lie: str, home: int) -> None:
    changes, expected = LIES[lie]
    assert JointRound(busy(), of(home, **changes)).audit()[1] == expected


MALFORMED: dict[str, dict[str, Callable[[Position], Any]]] = {
    "without blind": {"blind": lambda one: UNSET},
    "without obligations": {"owed": lambda one: UNSET},
    "stated twice": {"owed": lambda one: [*owed(one), owed(one)[0]]},
    "of nobody": {"owed": lambda one: [replace(owed(one)[0], debtor=UNSET, creditor=UNSET)]},
    "of itself": {
        "owed": lambda one: [
            replace(owed(one)[0], debtor=bytes(16), creditor=bytes(16), peer=UNSET)
        ]
    },
    "of two sides and a peer": {
        "owed": lambda one: [
            replace(owed(one)[0], debtor=bytes(16), creditor=bytes([1]) * 16, peer=bytes(32))
        ]
    },
    "of its own as peer": {
        "owed": lambda one: [
            replace(owed(one)[0], debtor=bytes(16), creditor=UNSET, peer=one.by)
        ]
    },
    "too many": {
        "owed": lambda one: [
            Owed(
                amt=1, debtor=number.to_bytes(16, "big"), creditor=bytes([9]) * 16,
                ref=number.to_bytes(32, "big"),
            )
            for number in range(1, 513)
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("form", sorted(MALFORMED))
def test_a_position_of_which_no_graph_can_be_made_is_a_failure(form: str) -> None:
    done = JointRound(JointFair())
    done.positions[0] = of(0, **MALFORMED[form])(done.positions[0])
    papers = [document_id(one) for one in done.positions]
    done.manifest = replace(done.manifest, papers=papers)
    done.id = document_id(done.manifest)
    done.solution = replace(done.solution, round=done.id)
    assert done.audit()[1] == [Code.ROUND_POSITION]


def test_a_position_beyond_the_log_that_was_fetched_is_told_once() -> None:
    done = JointRound(JointFair(), of(0, seq=lambda one: one.seq + 50))
    report, codes = done.audit()
    assert codes == [Code.ROUND_UNPLACED]
    assert report.is_sound


def test_a_secret_that_nobody_shows_is_a_failure() -> None:
    done = JointRound(JointFair())
    assert done.audit(done.secrets[1:])[1] == [Code.ROUND_BLIND]


def test_a_solution_that_sets_off_less_is_a_failure() -> None:
    assert JointRound(busy(), less=True).audit()[1] == [Code.ROUND_OPTIMUM]


def test_a_flow_on_an_obligation_beyond_its_amount_is_a_failure() -> None:
    done = JointRound(JointFair())
    flows = done.solution.flows
    beyond = Flow(451, flows[0].creditor, flows[0].debtor)
    done.solution = replace(done.solution, flows=[beyond, *flows[1:]])
    assert done.audit()[1] in ([Code.ROUND_FLOW], [Code.ROUND_CONSERVATION])


def test_a_certificate_of_less_than_its_piece_is_no_piece_of_the_solution() -> None:
    done = JointRound(JointFair())
    done.commit([replace(done.terms[0], amt=299)])
    assert done.audit()[1] == [Code.ROUND_CYCLE]


def test_a_piece_that_is_certified_twice_is_too_much() -> None:
    fair = JointFair(limit=120)
    done = JointRound(fair)
    (terms,) = done.terms
    assert terms.amt == 120
    done.commit()
    assert done.audit()[1] == []
    # Once the own account may pay more, a leader could have the same piece signed again.
    decision = fair.there.limits(reserved_account("cooperative"), climit=1_000, ceil=1_000_000)
    assert fair.there.submit(seal(decision, *fair.there.officers[:2])) is None
    done.commit([replace(terms, iat=terms.iat + 1)])
    report, codes = done.audit()
    assert codes == [Code.ROUND_EXCESS]
    assert report.certified == 2 * report.cleared


def test_a_certificate_of_another_panel_is_a_failure() -> None:
    done = JointRound(JointFair())
    (terms,) = done.terms
    done.commit([replace(terms, panel=terms.panel[::-1], pkeys=terms.pkeys[::-1])])
    assert done.audit()[1] == [Code.ROUND_TERMS]


def test_a_house_that_shows_nothing_of_its_members_is_not_asked_for_a_secret() -> None:
    done = JointRound(JointFair(), lambda one: replace(one, owed=UNSET, blind=UNSET))
    report, codes = done.audit([])
    assert (codes, report.cleared) == ([], 0)
