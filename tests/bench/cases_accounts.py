"""A million accounts: memory and start of a real node, and the replay of a long tail."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from node.keyfile import load_keys
from node.ledger import Item, Ledger
from node.snapshot import load_latest
from node.startup import catch_up
from node.store.database import DATABASE_NAME, commit, open_database
from protocol.envelope import reopen_verified
from tests.bench.processes import ROOT, node, settled
from tests.bench.scale import Figures, Scale
from tests.bench.world import World

_GROUP = 1_000


def _grow(folder: Path, world: World, count: int) -> None:
    """Enter orders after the snapshot as the node does, but without verifying signatures."""
    ledger = Ledger.open(folder, load_keys(folder))
    orders = world.orders(count, fake=True)
    for at in range(0, count, _GROUP):
        items = [Item(reopen_verified(order)) for order in orders[at : at + _GROUP]]
        decided = ledger.decide_group(items, world.now_s)
        assert len(decided.group.entries) == len(items)
        commit(ledger.connection)
    ledger.close()


def start(folder: Path) -> Figures:
    """Load and catch up in this process, alone, and return how long each took."""
    connection = open_database(folder / DATABASE_NAME)
    begin = time.perf_counter()
    state = load_latest(folder, connection)
    loaded = time.perf_counter()
    assert state is not None
    size = state.size
    _, tree, _ = catch_up(connection, state)
    end = time.perf_counter()
    return {"load_s": loaded - begin, "tail": tree.size - size, "tail_s": end - loaded}


def _start_apart(folder: Path) -> Figures:
    """Return the figures of `start` in a new process: its memory is not ours."""
    code = "import sys, json; from pathlib import Path; from tests.bench.cases_accounts import "
    code += "start; print(json.dumps(start(Path(sys.argv[1]))))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found: Figures = json.loads(done.stdout)
    return found


def accounts(scratch: Path, scale: Scale, now_s: int) -> Figures:
    """Measure a node of many accounts: MB once loaded, seconds to load, entries a second."""
    folder = scratch / "accounts"
    world = World(folder, scale.accounts, now_s, random_keys=True)
    best = min((_start_apart(folder) for _ in range(3)), key=lambda found: found["load_s"] or 0)
    begin = time.perf_counter()
    with node(folder, 0) as running:
        ready = time.perf_counter() - begin
        settled(running)
        loaded_mb, peak_mb = running.memory_mb(), running.memory_mb("VmHWM")
    # The node has written a snapshot of its own at the end; the tail must come after it.
    _grow(folder, world, scale.tail)
    tails = [_start_apart(folder) for _ in range(3)]
    tail_s = min(float(found["tail_s"] or 0) for found in tails)
    assert all(found["tail"] == scale.tail for found in tails), tails
    begin = time.perf_counter()
    with node(folder, 0) as running:
        ready_tail = time.perf_counter() - begin
        settled(running)
        tail_mb, tail_peak_mb = running.memory_mb(), running.memory_mb("VmHWM")
    return {
        "mb": max(loaded_mb, tail_mb),
        "peak_mb": max(peak_mb, tail_peak_mb),
        "load_s": best["load_s"],
        "accounts": scale.accounts,
        "tail": scale.tail,
        "tail_entries_per_s": scale.tail / tail_s,
        "node_ready_s": ready,
        "node_ready_with_tail_s": ready_tail,
    }
