"""`ronde office round`: ask for a clearing round, and check all its papers before believing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cli.asking import ask
from cli.choices import Choices, Language
from cli.cooperative import Cooperative
from cli.failures import ExitCode
from cli.grammar import command
from cli.screen import draw_table, emit_json, note, result
from cli.sentences import say
from cli.session import session, wallet_at_home
from federation.joint_cycles import check_round_terms
from federation.obligations import Graph
from federation.round_papers import (
    agreed_debts,
    check_convening,
    check_manifest,
    check_solution,
    keys_of,
    manifest_quorum,
    round_graph,
)
from protocol.envelope import Opened, open_any
from protocol.errors import ProofError
from protocol.kinds import type_name
from protocol.ledger.set_offs import Terms, check_certificate, members_of
from protocol.messages.decisions import Charter
from protocol.messages.joint import JointSetOff
from protocol.messages.rounds import (
    Certificate,
    Convening,
    Manifest,
    Position,
    SetOff,
    Solution,
)
from protocol.messages.wire import PAPERS

ROUND_TYPES = frozenset(
    type_name(word)
    for word in (
        "certificate", "charter", "convening", "jointsetoff", "manifest", "position", "setoff",
        "solution",
    )
)  # fmt: skip


class Loop(NamedTuple):
    """One cycle of a round.

    Attributes:
        members: Names of the cooperatives: around the cycle, or involved in a joint one.
        amount: By which each debt falls, minor units.
        held: Whether it is certified.
        obligations: How many debts of members are in it; 0 for a cycle of lines alone.
    """

    members: list[str]
    amount: int
    held: bool
    obligations: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """A round as its papers prove it.

    Attributes:
        id: Identifier of the manifest, 32 bytes.
        names: Name of each cooperative, in the order of the graph.
        graph: The debts on lines before.
        done: Minor units set off by certified cycles, one for each debt on a line.
        cycles: In the order of their numbers.
        owed: What members owed one another before, minor units; 0 in a round of lines alone.
        fallen: Of this, what certified cycles have set off.
    """

    id: bytes
    names: list[str]
    graph: Graph[bytes]
    done: list[int]
    cycles: list[Loop]
    owed: int = 0
    fallen: int = 0


@command(
    fr="Tient une séance de compensation avec toutes les coopératives que l'on atteint.",
    en="Holds a clearing round with all the cooperatives that can be reached.",
    json=True,
    key=True,
)
def round_(choices: Choices) -> int:
    """Ask our node to convene; verify manifest, optimum, cycles and certificates."""
    wallet, home = wallet_at_home(choices, "officer")
    with session(choices, wallet, home) as run:
        answer = ask(run.client, home, run.asker, "round")
    cleared = read_round(PAPERS.decode(answer).papers, home.charter.net)
    if choices.as_json:
        emit_json(shape_of(home, cleared))
    else:
        _draw(home, cleared, choices.lang)
    pending = any(not loop.held for loop in cleared.cycles)
    if pending:
        note(say("round.pending", choices.lang))
    return ExitCode.PENDING if pending else ExitCode.DONE


def read_round(papers: Sequence[bytes], net: bytes) -> Cleared:
    """Verify the papers of a round.

    Args:
        papers: Sealed: one convening, one manifest, charters, positions; a solution, set-offs and
            certificates when something was cleared.
        net: The network, 32 bytes.

    Raises:
        ProtocolError: a paper is missing or does not hold.
    """
    opened = [open_any(paper, ROUND_TYPES) for paper in papers]
    charters = [one for one in opened if isinstance(one.document, Charter)]
    keys = keys_of([one.sealed for one in charters], net)
    convening: Opened[Convening] = _only(opened, Convening)
    manifest: Opened[Manifest] = _only(opened, Manifest)
    check_convening(convening, keys)
    positions: list[Opened[Position]] = sorted(
        (one for one in opened if isinstance(one.document, Position)),
        key=lambda one: one.document.by,
    )
    quorum = manifest_quorum(convening.document)
    check_manifest(manifest, convening, positions, keys, quorum)
    stated = [one.document for one in positions]
    graph = round_graph(manifest.document, stated)
    lines = Graph.from_debts(agreed_debts(stated), members=manifest.document.members)
    names = {one.id: one.document.name for one in charters}
    done = [0] * len(lines.amounts)
    cycles: list[Loop] = []
    fallen = 0
    if any(isinstance(one.document, Solution) for one in opened):
        solution: Opened[Solution] = _only(opened, Solution)
        flow = check_solution(solution, manifest, graph, keys)
        terms = sorted(
            (one.document for one in opened if isinstance(one.document, SetOff | JointSetOff)),
            key=lambda one: one.seq,
        )
        check_round_terms(terms, convening.document, manifest, stated, graph, flow, keys)
        certified = _certified(opened)
        for one in terms:
            held = one in certified
            cuts = len(one.cuts) if isinstance(one, JointSetOff) else 0
            cycles.append(Loop([names[member] for member in members_of(one)], one.amt, held, cuts))
            if held:
                _add(lines, done, one)
                fallen += one.amt * cuts
    owed = sum(graph.amounts) - sum(lines.amounts)
    called = [names[member] for member in lines.names]
    return Cleared(manifest.id, called, lines, done, cycles, owed, fallen)


def _only(opened: Sequence[Opened[Any]], struct: type) -> Any:
    found = [one for one in opened if isinstance(one.document, struct)]
    if len(found) != 1:
        raise ProofError(f"{len(found)} papers of kind {struct.__name__} instead of one")
    return found[0]


def _certified(opened: Sequence[Opened[Any]]) -> list[Terms]:
    return [
        check_certificate(one.document)[0]
        for one in opened
        if isinstance(one.document, Certificate)
    ]


def _add(graph: Graph[bytes], done: list[int], terms: Terms) -> None:
    if isinstance(terms, JointSetOff):
        coops = terms.coops
        arcs = [(coops[one.debtor], coops[one.creditor], terms.amt) for one in terms.lines]
    else:
        arcs = [
            (debtor, terms.cycle[(place + 1) % len(terms.cycle)], terms.amt)
            for place, debtor in enumerate(terms.cycle)
        ]
    for place, amount in enumerate(graph.aligned(arcs)):
        done[place] += amount


def _sides(cleared: Cleared, values: Sequence[int]) -> list[tuple[int, int]]:
    """Return (owes, is owed) of each cooperative, minor units."""
    owes, owed = [0] * len(cleared.names), [0] * len(cleared.names)
    place = {name: at for at, name in enumerate(cleared.graph.names)}
    for debtor, creditor, amount in cleared.graph.debts(values):
        owes[place[debtor]] += amount
        owed[place[creditor]] += amount
    return list(zip(owes, owed, strict=True))


def _before_and_after(cleared: Cleared) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    left = [amount - done for amount, done in zip(cleared.graph.amounts, cleared.done, strict=True)]
    return _sides(cleared, cleared.graph.amounts), _sides(cleared, left)


def shape_of(home: Cooperative, cleared: Cleared) -> dict[str, Any]:
    """Return a round for JSON (spec 0009)."""
    before, after = _before_and_after(cleared)
    gross = sum(cleared.graph.amounts)
    total = sum(cleared.done)
    members = [
        {
            "name": name,
            "owes_before": home.decimal(before[at][0]),
            "owed_before": home.decimal(before[at][1]),
            "owes_after": home.decimal(after[at][0]),
            "owed_after": home.decimal(after[at][1]),
            "net_change": home.decimal(
                (after[at][1] - after[at][0]) - (before[at][1] - before[at][0])
            ),
        }
        for at, name in enumerate(cleared.names)
    ]
    return {
        "v": 1,
        "round": cleared.id.hex(),
        "unit": home.charter.unit,
        "gross_before": home.decimal(gross),
        "cleared": home.decimal(total),
        "gross_after": home.decimal(gross - total),
        "cooperatives": members,
        "obligations": {
            "before": home.decimal(cleared.owed),
            "cleared": home.decimal(cleared.fallen),
            "after": home.decimal(cleared.owed - cleared.fallen),
        },
        "cycles": [
            {
                "members": loop.members,
                "amount": home.decimal(loop.amount),
                "obligations": loop.obligations,
                "state": "final" if loop.held else "pending",
            }
            for loop in cleared.cycles
        ],
    }


def _draw(home: Cooperative, cleared: Cleared, lang: Language) -> None:
    before, after = _before_and_after(cleared)
    columns = [say(f"round.{name}", lang) for name in ("cooperative", "when", "owes", "owed")]
    rows = [
        [first, say(f"round.{word}", lang), *(home.figure(minor, lang) for minor in sides[at])]
        for at, name in enumerate(cleared.names)
        for first, word, sides in ((name, "before", before), ("", "after", after))
    ]
    title = say("round.title", lang, unit=home.charter.unit)
    draw_table(columns, rows, title=title, right=(2, 3))
    for loop in cleared.cycles:
        amount, names = home.money(loop.amount, lang), loop.members
        if loop.obligations:
            key = "round.joint" if loop.held else "round.joint_pending"
            among, count = ", ".join(names), loop.obligations
            result(say(key, lang, names=among, amount=amount, count=count))
            continue
        path = " → ".join([*names, names[0]])
        key = "round.cycle" if loop.held else "round.cycle_pending"
        result(say(key, lang, path=path, amount=amount))
    gross, total = sum(cleared.graph.amounts), sum(cleared.done)
    if cleared.owed:
        owed, fallen = cleared.owed, cleared.fallen
        says = [home.money(minor, lang) for minor in (owed, owed - fallen, fallen)]
        fields = dict(zip(("before", "after", "cleared"), says, strict=True))
        result(say("round.obligations_total", lang, **fields))
    result(
        say(
            "round.total_lines" if cleared.owed else "round.total",
            lang,
            before=home.money(gross, lang),
            after=home.money(gross - total, lang),
            cleared=home.money(total, lang),
        )
    )
