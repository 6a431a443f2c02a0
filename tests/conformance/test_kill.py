"""A node that dies at any moment: what was acknowledged stays, and nothing is half done."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.messages.orders import Leg
from tests.conformance.riders import Load, Rider
from tests.conformance.storm import Member, Place, audited, auditor_in, found

SEED = int(os.environ.get("RONDE_KILL_SEED", "20"))
KILLS = 20
SOONEST_S, LATEST_S = 0.05, 2.0
MEMBERS = 48
SIGNED = 80


def dice_of(test: str) -> random.Random:
    print(f"RONDE_KILL_SEED={SEED}")
    return random.Random(f"{SEED} {test}")


def moment(dice: random.Random) -> float:
    """Return a moment, seconds; early ones as often as late ones, however small their span."""
    return float(SOONEST_S * (LATEST_S / SOONEST_S) ** dice.random())


def riders(place: Place, dice: random.Random, *most: int) -> list[Rider]:
    """Return clients, each with members of its own; `most` documents at once."""
    payees = [Leg(member.account, 1) for member in place.members]
    return [
        Rider(place, place.members[number :: len(most)], payees, random.Random(dice.random()), size)
        for number, size in enumerate(most)
    ]


def reckon(place: Place, clients: list[Rider]) -> int:
    """Hold the log against what the clients kept; returns how many were acknowledged."""
    had = len(place.orders)
    place.read_on()
    assert len({one.sealed for one in place.entries}) == len(place.entries), "a document twice"
    kept = [client.kept[sealed] for client in clients for sealed in client.fresh]
    for submission, receipt in kept:
        place.verify(receipt, submission.doc)
    assert place.batch([submission for submission, _ in kept]) == [one for _, one in kept]
    # What nobody was told of is there whole or not at all, and nothing else is there.
    sent = {doc for client in clients for doc in client.kept}
    sent |= {submission.doc for client in clients for submission in client.waiting}
    assert all(doc in sent for doc in list(place.orders)[had:])
    return len(kept)


def check_books(place: Place, members: list[Member]) -> None:
    """Compare what the node says of accounts with what its own entries say."""
    assert sum(place.balances.values()) == 0
    for member in members:
        assert place.view(member).bal == place.balances[member.account]


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Place]:
    place = found(tmp_path, "Bretagne", snapshot_every_entries=700)
    try:
        place.admit(MEMBERS)
        place.read_on()
        yield place
    finally:
        place.node.kill()


def test_twenty_kills_under_load_lose_nothing_and_leave_nothing_half_done(
    storm: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = dice_of("twenty")
    clients = riders(storm, dice, 1, 1, 20, 60)
    node = storm.node
    acknowledged = 0
    for kill in range(KILLS):
        with Load(clients, SIGNED) as load:
            time.sleep(moment(dice))
            assert node.process is not None
            if "--gates" in node.flags and kill % 2:
                # A gate dies first: the ledger starts another, and goes on.
                os.kill(dice.choice(children(node.process.pid)), signal.SIGKILL)
                time.sleep(moment(dice) / 2)
            node.kill()
            load.stop.set()
        # Every third time, the ledger has gates before it.
        node.flags = ["--gates", "2"] if kill % 3 == 1 else []
        node.start()
        acknowledged += reckon(storm, clients)
        check_books(storm, dice.sample(storm.members, 3))
    assert acknowledged > 20 * KILLS
    assert storm.read_on(0) == storm.entries
    for client in clients:
        again = list(client.kept.values())
        assert storm.batch([submission for submission, _ in again]) == [one for _, one in again]
    check_books(storm, storm.members)
    verdict = audited(tmp_path / "audit", auditor_in(tmp_path), capsys, storm)
    assert verdict["findings"] == []
    with capsys.disabled():
        print(f"[{acknowledged} acknowledged, {KILLS} kills, seed {SEED}]", end=" ")


def test_a_node_that_is_killed_while_it_starts_starts_the_next_time(storm: Place) -> None:
    dice = dice_of("starts")
    clients = riders(storm, dice, 1, 60)
    with Load(clients, SIGNED):
        time.sleep(0.4)
    for _ in range(4):
        storm.node.kill()
        storm.node.start(wait=False)
        time.sleep(dice.uniform(0.1, 0.9))
    storm.node.kill()
    storm.node.start()
    assert reckon(storm, clients) > 60


def test_a_node_that_is_asked_to_stop_under_load_ends_in_order(storm: Place) -> None:
    dice = dice_of("asked")
    clients = riders(storm, dice, 1, 1, 20, 60)
    node = storm.node
    for flags in ([], ["--gates", "2"]):
        with Load(clients, SIGNED) as load:
            time.sleep(0.3)
            process = node.process
            assert process is not None
            node.stop()
            load.stop.set()
        assert process.returncode == 0, node.said()
        snapshots = sorted(path.name for path in node.folder.glob("snapshot-*"))
        node.flags = list(flags)
        node.start()
        assert reckon(storm, clients) > 20
        # The last one is of the whole log: the next start has nothing to replay.
        assert snapshots[-1] == f"snapshot-{len(storm.entries):016d}"
        assert not list(node.folder.glob("snapshot-*.new"))
