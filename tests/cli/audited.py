"""The folder of an audit, written from a federation in memory."""

from pathlib import Path

from cli.audit_files import LogFolder, leaves_of, pack_papers, pack_records
from protocol.identifiers import slug
from protocol.messages.wire import Opening
from tests.federation.world import Member, Node, Round, World

NAMES = ("Bretagne", "Rhône", "Alsace", "Île-de-France")
AMOUNTS = (5_000, 4_000, 3_000, 2_000)


def small_world() -> tuple[World, list[Member]]:
    """Return four cooperatives in a ring, a member each, and debts around the ring."""
    world = World(*NAMES)
    world.ring_of_lines()
    members = [node.admit(f"member{number}") for number, node in enumerate(world.nodes.values())]
    for number, amount in enumerate(AMOUNTS):
        world.later(100)
        world.pay(members[number], members[(number + 1) % 4], amount)
    second = world["Bretagne"].admit("second")
    world.pay(members[0], second, 700)
    return world, members


def write_node(node: Node, folder: Path, lines: list[bytes] | None = None) -> LogFolder:
    """Write what a fetch would have brought of one node."""
    place = LogFolder(folder / slug(node.name))
    place.path.mkdir(parents=True, exist_ok=True)
    (place.path / "entries").unlink(missing_ok=True)
    (place.path / "charter").write_bytes(node.charter)
    (place.path / "lines").write_bytes(pack_papers(lines or []))
    place.append([Opening(at, n, salt, doc) for n, (at, salt, doc) in enumerate(node.records)])
    place.close(leaves_of(node.records), node.checkpoint())
    return place


def write_round(done: Round, folder: Path, node: str = "bretagne") -> Path:
    """Write the papers of a round as one node shows them."""
    path = folder / "rounds" / done.id.hex() / node
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack_papers(done.sealed))
    return path


def write_world(world: World, folder: Path) -> Path:
    """Write every log and every round."""
    for node in world.nodes.values():
        write_node(node, folder)
    for done in world.rounds:
        write_round(done, folder)
    return folder


def rewrite(place: LogFolder, records: list[tuple[int, bytes, bytes]]) -> None:
    """Replace the entries on the disk; checkpoint and leaves stay as they are."""
    openings = [Opening(at, number, salt, doc) for number, (at, salt, doc) in enumerate(records)]
    (place.path / "entries").write_bytes(pack_records(openings))
