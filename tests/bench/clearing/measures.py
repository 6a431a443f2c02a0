"""What the child processes of the bench do: each measure hands back figures, and checks them.

Seconds are by the clock (the engine may use both cores), beside them CPU seconds. The peak of the
memory is that of the whole process: interpreter, libraries, the debts and the work on them.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from federation import certificate, engine, network
from protocol.errors import ProofError
from tests.bench.clearing.baselines import cycles_up_to, greedy, library
from tests.bench.clearing.files import read
from tests.bench.clearing.generated import Instance, named
from tests.bench.scale import Figures

Done = TypeVar("Done")

COLUMNS = ("debtors", "creditors", "amounts")
TAMPERED_ARCS = 24


def peak_mb() -> float:
    """Return the largest resident memory of this process, in MiB.

    Not `ru_maxrss`: a child inherits there what its parent had when it started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def clocked(work: Callable[[], Done]) -> tuple[float, Done]:
    """Return the seconds that work took, and what it returned."""
    begin = time.perf_counter()
    done = work()
    return time.perf_counter() - begin, done


def make(name: str, folder: str) -> Figures:
    """Invent an instance and keep its columns as files, with its digest beside them."""
    seconds, instance = clocked(lambda: named(name))
    kept = Path(folder)
    kept.mkdir(parents=True, exist_ok=True)
    for column in COLUMNS:
        np.save(kept / f"{column}.npy", getattr(instance, column))
    # Last, so that a folder with a digest is whole.
    (kept / "digest").write_text(instance.digest(), encoding="ascii")
    return {"seconds": seconds, "invoices": len(instance.amounts)}


def _load(members: int, folder: str) -> Instance:
    """Bring the columns of an instance into memory, and check that they are what was made."""
    instance = Instance(members, *(np.load(Path(folder) / f"{name}.npy") for name in COLUMNS))
    assert instance.digest() == (Path(folder) / "digest").read_text(encoding="ascii")
    return instance


def prove(debts: Instance, parts: NDArray[np.int64], potentials: NDArray[np.int64]) -> None:
    """Check a set-off of the invoices themselves, without any code of the engine.

    Each part is within its invoice, nobody's net position changes, and no other set-off is larger:
    an invoice that climbs by less than one tier is cancelled in full, one that climbs by more is
    untouched.
    """
    assert ((parts >= 0) & (parts <= debts.amounts)).all()
    change = np.zeros(debts.members, np.int64)
    np.add.at(change, debts.creditors, parts)
    np.subtract.at(change, debts.debtors, parts)
    assert not change.any()
    climb = potentials[debts.creditors] - potentials[debts.debtors]
    assert (parts[climb < 1] == debts.amounts[climb < 1]).all()
    assert not parts[climb > 1].any()


def refuses_tampering(
    net: network.Network, flow: NDArray[np.int64], potentials: NDArray[np.int64]
) -> int:
    """Change single arcs by one unit up and down; return how many changes were refused: all."""
    refused = 0
    for arc in np.linspace(0, net.arcs - 1, TAMPERED_ARCS, dtype=np.int64):
        for step in (-1, 1):
            tampered = flow.copy()
            tampered[arc] += step
            try:
                certificate.verify(net, tampered, potentials)
            except ProofError:
                refused += 1
            else:
                raise AssertionError(f"arc {arc} changed by {step} was not noticed")
    return refused


def country(members: int, folder: str, tamper: bool = True) -> Figures:
    """Clear an instance: unsorted invoices in memory → set-off per invoice and its proof."""
    debts = _load(members, folder)
    before_mb = peak_mb()
    cpu = time.process_time()
    merging, (net, arcs) = clocked(
        lambda: network.merge(members, debts.debtors, debts.creditors, debts.amounts)
    )
    clearing, cleared = clocked(lambda: engine.clear(net))
    allotting, parts = clocked(lambda: network.allot(net, cleared.flow, arcs, debts.amounts))
    figures: Figures = {
        "invoices": len(debts.amounts),
        "arcs": net.arcs,
        "seconds": merging + clearing + allotting,
        "cpu_s": time.process_time() - cpu,
        "merge_s": merging,
        "clear_s": clearing,
        "allot_s": allotting,
        "peak_mb": peak_mb(),
        "before_mb": before_mb,
        "cleared": int(parts.sum()),
        "tiers": len(np.unique(cleared.potentials)),
    }
    verifying = [
        clocked(lambda: certificate.verify(net, cleared.flow, cleared.potentials))[0]
        for _ in range(5)
    ]
    figures["verify_s"] = median(verifying)
    prove(debts, parts, cleared.potentials)
    if tamper:
        figures["tampered_refused"] = refuses_tampering(net, cleared.flow, cleared.potentials)
    return figures


def bare(members: int, folder: str, name: str) -> Figures:
    """Solve an instance with a bare library, merging not counted."""
    debts = _load(members, folder)
    net, _ = network.merge(members, debts.debtors, debts.creditors, debts.amounts)
    merged = (members, net.debtors, net.creditors, net.amounts)
    del debts
    cpu = time.process_time()
    seconds, flow = clocked(lambda: library(name, *merged))
    cpu = time.process_time() - cpu
    return {"seconds": seconds, "cpu_s": cpu, "peak_mb": peak_mb(), "cleared": int(flow.sum())}


def repeated(members: int, folder: str, least_s: float) -> Figures:
    """Clear an instance as often as so many seconds ask for; return the mean.

    The first time, which also loads what is used, counts only when it alone lasts as long.
    """
    debts = _load(members, folder)
    first, (parts, cleared) = clocked(lambda: _cleared(debts))
    prove(debts, parts, cleared.potentials)
    spent = [first] if first >= least_s else []
    while sum(spent) < least_s:
        spent.append(clocked(lambda: _cleared(debts))[0])
    return {
        "invoices": len(debts.amounts),
        "seconds": fmean(spent),
        "times": len(spent),
        "peak_mb": peak_mb(),
        "cleared": int(parts.sum()),
    }


def _cleared(debts: Instance) -> tuple[NDArray[np.int64], engine.Cleared]:
    net, arcs = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    cleared = engine.clear(net)
    return network.allot(net, cleared.flow, arcs, debts.amounts), cleared


def shares(name: str, short: bool) -> Figures:
    """Return what simpler ways reach of an instance, as shares of the optimum.

    Args:
        name: of the instance, or the path of a file of debts.
        short: also search for cycles of up to six members, which is slow.
    """
    debts = read(Path(name)) if name.endswith(".csv") else named(name)
    net, _ = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    merged = (net.members, net.debtors, net.creditors, net.amounts)
    optimum = int(engine.clear(net).flow.sum())
    ways: dict[str, Callable[[], NDArray[np.int64]]] = {"greedy": lambda: greedy(*merged)}
    if short:
        ways["cycles_6"] = lambda: cycles_up_to(6, *merged)
    figures: Figures = {"arcs": net.arcs, "optimum": optimum}
    for way, search in ways.items():
        seconds, flow = clocked(search)
        assert not net.nets(flow).any()
        figures[way] = int(flow.sum()) / optimum
        figures[f"{way}_s"] = seconds
    return figures
