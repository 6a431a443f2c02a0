"""A member consents to nothing but the proven optimum of a certified manifest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from node.drivers import offers, rounds
from protocol.envelope import seal
from protocol.messages.decisions import Charter
from protocol.messages.rounds import (
    Convening,
    Flow,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from tests.node.scene import STRANGER, Scene, refuses, scene
from tests.node.village import papers_of
from tests.protocol.town import changed, seed_of

Change = Callable[["Scene"], list[bytes]]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "WAIT_MIN_S", 0.01)
    monkeypatch.setattr(rounds, "PENDING_EVERY_S", 300)


def _flows(scene: Scene, amount: int) -> list[Flow]:
    flows = scene.one(Solution).document.flows
    return [Flow(amt=amount, creditor=one.creditor, debtor=one.debtor) for one in flows]


def _moved(values: list[int]) -> list[int]:
    return [values[0] + 1, *values[1:]]


SOLUTION_LIES: dict[str, tuple[Change, str]] = {
    "less than the optimum": (
        lambda s: s.altered(Solution, flows=_flows(s, 299)),
        "",
    ),
    "more than is owed": (lambda s: s.altered(Solution, flows=_flows(s, 301)), ""),
    "a flow that does not balance": (
        lambda s: s.altered(Solution, flows=s.one(Solution).document.flows[1:]),
        "",
    ),
    "other potentials": (
        lambda s: s.altered(Solution, pots=_moved(s.one(Solution).document.pots)),
        "",
    ),
    "too few potentials": (
        lambda s: s.altered(Solution, pots=s.one(Solution).document.pots[1:]),
        "another manifest",
    ),
    "another salt": (lambda s: s.altered(Solution, skip=3), ""),
    "a member beyond the manifest": (
        lambda s: s.altered(
            Solution, flows=[Flow(amt=300, creditor=9, debtor=0), *_flows(s, 300)[1:]]
        ),
        "",
    ),
    "another round's": (lambda s: s.altered(Solution, round=bytes(32)), "another manifest"),
    "a stranger's solution": (lambda s: s.altered(Solution, STRANGER), "another key"),
    "no solution": (lambda s: s.with_paper(s.one(Solution)), "0 papers of type Solution"),
    "two solutions": (
        lambda s: [*s.papers, s.one(Solution).sealed],
        "2 papers of type Solution",
    ),
    "no cycle": (lambda s: s.with_paper(s.all(SetOff)[0]), ""),
    "a smaller cycle": (lambda s: s.altered(SetOff, amt=299), ""),
    "a cycle the other way": (
        lambda s: s.altered(SetOff, cycle=s.one(SetOff).document.cycle[::-1]),
        "",
    ),
    "another deadline": (
        lambda s: s.altered(SetOff, exp=s.one(SetOff).document.exp + 1),
        "other terms",
    ),
    "another panel": (
        lambda s: s.altered(SetOff, panel=s.one(SetOff).document.panel[:3]),
        "other terms",
    ),
    "a stranger's key for a member": (
        lambda s: s.altered(SetOff, keys=[bytes(32), *s.one(SetOff).document.keys[1:]]),
        "a member's own",
    ),
    "a stranger's key for a witness": (
        lambda s: s.altered(SetOff, pkeys=[bytes(32), *s.one(SetOff).document.pkeys[1:]]),
        "a witness's own",
    ),
    "a manifest without a quorum": (
        lambda s: s.with_paper(s.one(Manifest), seal(s.one(Manifest).document, s.key)),
        "quorum",
    ),
    "a manifest that strangers signed": (
        lambda s: s.with_paper(
            s.one(Manifest),
            seal(s.one(Manifest).document, *(seed_of(f"stranger {n}") for n in range(4))),
        ),
        "quorum",
    ),
    "a convening with a chosen panel": (
        lambda s: s.altered(Convening, panel=s.one(Convening).document.panel[:2]),
        "the hash draws",
    ),
    "a convening with members out of order": (
        lambda s: s.altered(Convening, members=s.one(Convening).document.members[::-1]),
        "out of order",
    ),
    "a member without a charter": (lambda s: s.with_paper(s.all(Charter)[3]), ""),
    "a position left out": (lambda s: s.with_paper(s.all(Position)[1]), "other members"),
    "a position of another amount": (
        lambda s: s.altered(
            Position, place=0, edges=[changed(e, top=1) for e in s.all(Position)[0].document.edges]
        ),
        "",
    ),
    "noise": (lambda s: [*s.papers, b"noise"], ""),
}


@pytest.mark.parametrize("lie", SOLUTION_LIES)
async def test_a_member_consents_to_nothing_but_the_proven_optimum(
    tmp_path: Path, lie: str
) -> None:
    async with scene(tmp_path, "solution") as found:
        papers, why = SOLUTION_LIES[lie]
        await refuses(found, papers(found), why)
        assert not found.victim.book.head.shares
        # The honest papers are taken by the same member, and the same answer comes twice.
        first = papers_of(await found.ask(found.papers))
        assert papers_of(await found.ask(found.papers)) == first
        assert len(first) == 1
        assert len(found.victim.book.head.shares) == 1
