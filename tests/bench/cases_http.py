"""Cases over HTTP: batches of 100 against V, single orders against the naive node."""

import contextlib
import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from node.store.database import DATABASE_NAME, read_connection
from protocol.envelope import open_sealed
from protocol.log.receipts import Receipt, verify_receipt
from protocol.messages.decisions import Charter
from protocol.messages.wire import BATCH_RESULT, receipts
from tests.bench.load import Tally, Task
from tests.bench.naive_node import make_database
from tests.bench.processes import Running, load, node, settled, started
from tests.bench.reference import verify_us
from tests.bench.scale import Figures, Scale
from tests.bench.world import World, read_records, samples, write_records

BATCH_OF = 100
SLOWER_US = 2_000
_SOURCE = Path(__file__).with_name("slow_fsync.c")


class Pool:
    """A world, its orders in memory and in a file, and fresh copies of its folder.

    Args:
        folder: A scratch folder.
        scale: Sizes.
        now_s: Second of the founding and of the orders.
    """

    def __init__(self, folder: Path, scale: Scale, now_s: int) -> None:
        self.scratch = folder
        self.world = World(folder / "world", scale.members, now_s)
        self.orders = self.world.orders(scale.orders)
        self.file = folder / "orders"
        write_records(self.file, self.orders)
        self.naive = folder / "naive-world.db"
        make_database(self.world.folder, self.naive)

    @contextlib.contextmanager
    def copy(self) -> Iterator[Path]:
        """Lend a copy of the node's folder, in which no order was accepted yet."""
        folder = self.scratch / "node"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.world.folder, folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def check_kept(pool: Pool, folder: Path, task: Task) -> int:
    """Verify the receipts of the responses that were kept; return how many there were."""
    connection = read_connection(folder / DATABASE_NAME)
    sealed = connection.execute("SELECT sealed FROM entries WHERE idx=0").fetchone()[0]
    entries = connection.execute("SELECT count(*) FROM entries").fetchone()[0]
    connection.close()
    charter = open_sealed(sealed, Charter).document
    checked = 0
    kept = list(read_records(Path(task.kept)))
    for number, body in zip(kept[::2], kept[1::2], strict=True):
        first = int.from_bytes(number, "big") * task.each
        if task.each > 1:
            found = receipts(BATCH_RESULT.decode(body))
        else:
            found = [msgspec.msgpack.decode(body, type=Receipt)]
        # A bench needs no more than the first and the last of each hundred.
        for place in {0, len(found) - 1}:
            receipt = found[place]
            assert isinstance(receipt, Receipt), receipt
            assert receipt.idx < entries
            verify_receipt(receipt, pool.orders[first + place], charter.origin, charter.log)
            checked += 1
    return checked


def _clean(tally: Tally) -> None:
    assert tally.accepted > 0, tally
    assert (tally.refused, tally.errors) == (0, 0), tally


def batch(pool: Pool, scale: Scale, gates: int) -> Figures:
    """Measure batches of 100 over 8 connections: V ÷ CPU of the node a transfer."""
    before = verify_us(samples(pool.orders))
    with pool.copy() as folder:
        task = Task(0, str(pool.file), 8, scale.seconds, BATCH_OF, str(pool.scratch / "kept"))
        with node(folder, gates) as running:
            task.port = running.port
            rest = settled(running)
            tally = load(task)
            spent = settled(running) - rest
            memory = running.memory_mb()
        _clean(tally)
        checked = check_kept(pool, folder, task)
    after = verify_us(samples(pool.orders))
    each = spent / tally.accepted * 1e6
    return {
        "ratio": (before + after) / 2 / each,
        "v_us": (before + after) / 2,
        "node_us": each,
        "accepted": tally.accepted,
        "per_s": tally.accepted / tally.seconds,
        "p50_ms": tally.p50_ms,
        "p99_ms": tally.p99_ms,
        "receipts_verified": checked,
        "node_mb": memory,
        "exhausted": int(tally.exhausted),
    }


def slow_disk(folder: Path) -> dict[str, str] | None:
    """Compile the shim and return the environment that slows each sync; None without `cc`."""
    library = folder / "slow_fsync.so"
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(library), "RONDE_BENCH_FSYNC_US": str(SLOWER_US)}


@contextlib.contextmanager
def _naive(pool: Pool, extra: dict[str, str]) -> Iterator[Running]:
    path = pool.scratch / "naive.db"
    shutil.copy(pool.naive, path)
    try:
        log = pool.scratch / "naive.log"
        with started(["tests.bench.naive_node", str(path)], extra, log) as running:
            yield running
    finally:
        for file in pool.scratch.glob("naive.db*"):
            os.unlink(file)


class _Played(NamedTuple):
    """One load: what came back, CPU µs of the node a transfer, cores that others used."""

    tally: Tally
    node_us: float
    others: float


def _play(running: Running, pool: Pool, scale: Scale) -> _Played:
    task = Task(running.port, str(pool.file), 64, scale.seconds)
    rest = settled(running)
    tally = load(task)
    spent = running.cpu_s() - rest
    _clean(tally)
    others = max(0.0, tally.machine_cpu_s - tally.client_cpu_s - spent) / tally.seconds
    return _Played(tally, spent / tally.accepted * 1e6, others)


def single(pool: Pool, scale: Scale, gates: int, extra: dict[str, str] | None = None) -> Figures:
    """Measure single orders over 64 connections, naive node and ours in turn; medians."""
    sums: dict[str, list[_Played]] = {"naive": [], "ours": []}
    for _ in range(scale.rounds):
        with _naive(pool, extra or {}) as running:
            sums["naive"].append(_play(running, pool, scale))
        with pool.copy() as folder, node(folder, gates, extra) as running:
            sums["ours"].append(_play(running, pool, scale))
    figures: Figures = {}
    medians: dict[str, float] = {}
    median = statistics.median
    for name, played in sums.items():
        medians[f"{name}_per_s"] = median(p.tally.accepted / p.tally.seconds for p in played)
        medians[f"{name}_p50_ms"] = median(p.tally.p50_ms for p in played)
        medians[f"{name}_p99_ms"] = median(p.tally.p99_ms for p in played)
        medians[f"{name}_us"] = median(p.node_us for p in played)
    figures["others_cores"] = max(p.others for played in sums.values() for p in played)
    figures["ratio"] = medians["ours_per_s"] / medians["naive_per_s"]
    figures["p99_ratio"] = medians["naive_p99_ms"] / medians["ours_p99_ms"]
    figures["exhausted"] = int(any(p.tally.exhausted for p in sums["ours"]))
    figures |= medians
    return figures
