"""`ronde office round`: ask for a clearing round, and check all its papers before believing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.asking import ask
from cli.choices import Choices, Language
from cli.cooperative import Cooperative
from cli.failures import ExitCode
from cli.grammar import command
from cli.screen import draw_table, emit_json, note, result
from cli.sentences import say
from cli.session import session, wallet_at_home
from federation.obligations import Graph
from federation.round_papers import (
    check_convening,
    check_manifest,
    check_solution,
    check_terms,
    keys_of,
    manifest_quorum,
    round_graph,
)
from protocol.envelope import Opened, open_any
from protocol.errors import ProofError
from protocol.kinds import type_name
from protocol.ledger.set_offs import check_certificate
from protocol.messages.decisions import Charter
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
        "certificate", "charter", "convening", "manifest", "position", "setoff", "solution",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cleared:
    """A round as its papers prove it.

    Attributes:
        id: Identifier of the manifest, 32 bytes.
        names: Name of each cooperative, in the order of the graph.
        graph: The debts before.
        done: Minor units set off by certified cycles, one for each debt.
        cycles: (members, minor units, whether it is certified) of each cycle.
    """

    id: bytes
    names: list[str]
    graph: Graph[bytes]
    done: list[int]
    cycles: list[tuple[list[str], int, bool]]


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
    pending = any(not certified for _, _, certified in cleared.cycles)
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
    graph = round_graph(manifest.document, [one.document for one in positions])
    names = {one.id: one.document.name for one in charters}
    done = [0] * len(graph.amounts)
    cycles: list[tuple[list[str], int, bool]] = []
    if any(isinstance(one.document, Solution) for one in opened):
        solution: Opened[Solution] = _only(opened, Solution)
        flow = check_solution(solution, manifest, graph, keys)
        terms = sorted(
            (one.document for one in opened if isinstance(one.document, SetOff)),
            key=lambda one: one.seq,
        )
        check_terms(terms, convening.document, manifest, graph, flow, keys)
        certified = _certified(opened)
        for one in terms:
            held = one in certified
            cycles.append(([names[member] for member in one.cycle], one.amt, held))
            if held:
                _add(graph, done, one)
    return Cleared(manifest.id, [names[member] for member in graph.names], graph, done, cycles)


def _only(opened: Sequence[Opened[Any]], struct: type) -> Any:
    found = [one for one in opened if isinstance(one.document, struct)]
    if len(found) != 1:
        raise ProofError(f"{len(found)} papers of kind {struct.__name__} instead of one")
    return found[0]


def _certified(opened: Sequence[Opened[Any]]) -> list[SetOff]:
    return [
        check_certificate(one.document)[0]
        for one in opened
        if isinstance(one.document, Certificate)
    ]


def _add(graph: Graph[bytes], done: list[int], terms: SetOff) -> None:
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
        "cycles": [
            {
                "members": names,
                "amount": home.decimal(amount),
                "state": "final" if held else "pending",
            }
            for names, amount, held in cleared.cycles
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
    for names, amount, held in cleared.cycles:
        path = " → ".join([*names, names[0]])
        key = "round.cycle" if held else "round.cycle_pending"
        result(say(key, lang, path=path, amount=home.money(amount, lang)))
    gross, total = sum(cleared.graph.amounts), sum(cleared.done)
    result(
        say(
            "round.total",
            lang,
            before=home.money(gross, lang),
            after=home.money(gross - total, lang),
            cleared=home.money(total, lang),
        )
    )
