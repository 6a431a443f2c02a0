"""Writes spec/vectors/0015-auditing: run it again and nothing changes.

The federation is made by the rules; what is wrong with it is done here byte by byte, and what an
auditor must then say is written down by hand, case by case.
"""

import json
import tempfile
from pathlib import Path

from protocol.envelope import open_sealed, seal
from protocol.messages.rounds import Flow, Solution
from tests.cli.audited import write_node, write_world
from tests.federation.world import Member, World

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "0015-auditing"
NAMES = ("Alsace", "Bretagne", "Rhône")
RECORD_HEAD = 44

Case = dict[str, object]
Failure = tuple[str, str, str]


def make() -> tuple[World, list[Member]]:
    """Return three cooperatives, a payment on each line, and one cleared cycle."""
    world = World(*NAMES)
    world.ring_of_lines()
    members = [node.admit("a") for node in world.nodes.values()]
    for number, amount in enumerate((500, 400, 300)):
        world.later(100)
        world.pay(members[number], members[(number + 1) % 3], amount)
    world.clear()
    return world, members


def files_of(world: World) -> dict[str, bytes]:
    """Return every file of an audit of this world, by path."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_world(world, Path(place))
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


def offsets(entries: bytes) -> list[int]:
    """Return where each record of an entries file begins, and where the last one ends."""
    places = [0]
    while places[-1] < len(entries):
        at = places[-1]
        size = int.from_bytes(entries[at + 40 : at + RECORD_HEAD], "big")
        places.append(at + RECORD_HEAD + size)
    return places


def flip(path: str, at: int) -> Case:
    return {"do": "flip", "file": path, "at": at}


def cut(path: str, first: int, end: int) -> Case:
    return {"do": "cut", "file": path, "from": first, "to": end}


def put(path: str, content: bytes) -> Case:
    return {"do": "put", "file": path, "bytes": content.hex()}


def case(name: str, comment: str, changes: list[Case], *failures: Failure) -> Case:
    return {
        "name": name,
        "comment": comment,
        "changes": changes,
        "exit": 5 if failures else 0,
        "failures": [
            {"code": code, "node": node, "record": record} for code, node, record in failures
        ],
    }


def changed_files() -> list[Case]:
    """Return what can happen to files after an honest fetch."""
    world, _ = make()
    files = files_of(world)
    path = "alsace/entries"
    places = offsets(files[path])
    last = len(places) - 2
    one = "rhone/entries"
    return [
        case("as-fetched", "Nothing is changed.", []),
        case(
            "flipped-byte",
            "One bit of a signature in entry 4 is another.",
            [flip(path, places[5] - 60)],
            ("entry.signature", "Alsace", "entry 4"),
            ("entry.replaced", "Alsace", "entry 4"),
        ),
        case(
            "flipped-salt",
            "The last entry holds, and is not the one that was signed for.",
            [flip(path, places[last] + 8)],
            ("entry.replaced", "Alsace", f"entry {last}"),
        ),
        case(
            "dropped-entry",
            "Entry 4 is gone, and the entry in its place answers an offer that nobody made.",
            [cut(path, places[4], places[5])],
            ("entry.refused", "Alsace", "entry 4"),
            ("entry.replaced", "Alsace", "entry 4"),
        ),
        case(
            "dropped-entry-without-leaves",
            "Without the leaves noted at the fetch nobody can say which entry is gone.",
            [cut(path, places[last], places[last + 1]), cut("alsace/leaves", 0, 32)],
            ("checkpoint.size", "Alsace", "checkpoint"),
        ),
        case(
            "truncated-file",
            "The file ends inside the last record.",
            [cut(one, len(files[one]) - 3, len(files[one]))],
            ("file.broken", "Rhône", f"rhone/entries entry {len(offsets(files[one])) - 2}"),
            ("entry.replaced", "Rhône", f"entry {len(offsets(files[one])) - 2}"),
        ),
        case(
            "missing-checkpoint",
            "An interrupted fetch leaves no checkpoint.",
            [{"do": "drop", "file": "rhone/checkpoint"}],
            ("file.missing", "Rhône", "rhone/checkpoint"),
        ),
        case(
            "swapped-checkpoint",
            "The checkpoint of another log.",
            [put("alsace/checkpoint", files["rhone/checkpoint"])],
            ("checkpoint.bad", "Alsace", "checkpoint"),
        ),
    ]


def lying_nodes() -> list[Case]:
    """Return what a node writes against the rules and signs for."""
    world, members = make()
    alsace = world["Alsace"]
    thief = Member(alsace, "thief", members[0].account, bytes(range(32)), seq=50)
    alsace.force(world.order(thief, members[1], 100))
    theft = _node_files(world, "Alsace")
    place = len(alsace.records) - 1
    world, members = make()
    alsace = world["Alsace"]
    alsace.force(alsace.limit_change(members[0], 10**9, alsace.key))
    limit = _node_files(world, "Alsace")
    world, members = make()
    order = world.order(members[0], members[1], 90)
    world["Alsace"].enter(order)
    offer = world.offer(order)
    world["Alsace"].enter(world.answer(offer))
    world["Bretagne"].enter(world["Bretagne"].limit_change(members[1], 10))
    world["Bretagne"].enter(world.answer(offer))
    sided = _node_files(world, "Alsace") + _node_files(world, "Bretagne")
    answer = len(world["Alsace"].records) - 1
    return [
        case(
            "forged-order",
            "An order of a member that another key has signed.",
            theft,
            ("entry.refused", "Alsace", f"entry {place}"),
        ),
        case(
            "changed-limit",
            "The node raises a member's limit without its officers.",
            limit,
            ("entry.refused", "Alsace", f"entry {place}"),
        ),
        case(
            "one-sided-posting",
            "Bretagne has answered yes to Alsace, and writes that it answered no.",
            sided,
            ("mirror.answer", "Alsace", f"entry {answer}"),
        ),
        _without_quorum(),
        _not_the_optimum(),
    ]


def _node_files(world: World, name: str) -> list[Case]:
    with tempfile.TemporaryDirectory() as place:
        folder = write_node(world[name], Path(place)).path
        return [
            put(f"{folder.name}/{path.name}", path.read_bytes())
            for path in sorted(folder.iterdir())
            if path.name in {"entries", "leaves", "checkpoint"}
        ]


def _without_quorum() -> Case:
    world, _ = make()
    done = world.rounds[0]
    node = world.by_id(done.terms[0].cycle[0])
    node.records.pop()
    node.force(world.certificate(done, 0, node.id, ballots=2))
    return case(
        "certificate-without-quorum",
        "Two ballots of a panel of three.",
        _node_files(world, node.name),
        ("entry.refused", node.name, f"entry {len(node.records) - 1}"),
    )


def _not_the_optimum() -> Case:
    world, _ = make()
    done = world.rounds[0]
    solution = open_sealed(done.solution, Solution).document
    less = [Flow(flow.amt - 1, flow.creditor, flow.debtor) for flow in solution.flows]
    paper = seal(
        Solution(
            by=solution.by, exp=solution.exp, flows=less, iat=solution.iat, kev=solution.kev,
            net=solution.net, pots=solution.pots, round=solution.round, seq=solution.seq,
            skip=solution.skip,
        ),
        world.by_id(solution.by).key,
    )  # fmt: skip
    done.solution = paper
    name = f"rounds/{done.id.hex()}/bretagne"
    return case(
        "suboptimal-solution",
        "The leader sets off one unit less than could be, and signs that.",
        [put(name, files_of(world)[name])],
        ("round.optimum", "", f"round {done.id.hex()[:8]} solution"),
    )


def honest() -> Case:
    """Return the federation itself and what is true of it."""
    world, _ = make()
    return {
        "name": "three-cooperatives",
        "comment": "Charters, lines, members, a payment on each line, one round, one cycle.",
        "files": {path: content.hex() for path, content in files_of(world).items()},
        "exit": 0,
        "entries": sum(len(node.records) for node in world.nodes.values()),
        "nodes": [
            {
                "name": name,
                "cooperative": world[name].id.hex(),
                "root": audited_root(world, name),
                "balances": sorted(world[name].book.accounts.balance),
            }
            for name in NAMES
        ],
        "cleared": sum(flow.amt for flow in _flows(world)),
    }


def audited_root(world: World, name: str) -> str:
    """Return the root of a log, by recursion over its definition."""
    from hashlib import sha256

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return sha256(b"\x01" + root(leaves[:half]) + root(leaves[half:])).digest()

    return root(world[name].leaves()).hex()


def _flows(world: World) -> list[Flow]:
    return open_sealed(world.rounds[0].solution, Solution).document.flows


def write(file: str, about: str, cases: list[Case]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    document = {"spec": "0015", "about": about, "cases": cases}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (FOLDER / file).write_text(text, encoding="utf-8")


def main() -> None:
    """Write both files."""
    write("federation.json", "An honest federation, file by file, and its report.", [honest()])
    about = "Changes to the files of federation.json, and the failures that must be told."
    write("changes.json", about, changed_files() + lying_nodes())


if __name__ == "__main__":
    main()
