"""Measures of a round of a federation and of a file of debts: small graphs, the whole way."""

from functools import partial
from pathlib import Path
from statistics import fmean, median

import numpy as np

from federation import certificate, engine, network
from federation.rings import walk
from federation.tie_break import ties_of
from tests.bench.clearing.baselines import LIBRARIES, installed, library
from tests.bench.clearing.files import read
from tests.bench.clearing.generated import Instance, named
from tests.bench.clearing.measures import clocked, peak_mb, prove
from tests.bench.scale import Figures

SALT = bytes(range(32))


def _names(members: int) -> list[str]:
    return [f"coop{member:06}" for member in range(members)]


def _once(debts: Instance, names: list[str]) -> tuple[dict[str, float], engine.Cleared, int]:
    """Go from net positions to the one answer, its proof and its cycles; seconds of each step."""
    steps: dict[str, float] = {}
    steps["merge"], (net, _) = clocked(
        lambda: network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    )
    steps["ties"], ties = clocked(lambda: ties_of(net, names, SALT))
    steps["clear"], cleared = clocked(lambda: engine.clear(net, ties))
    steps["verify"], _ = clocked(
        lambda: certificate.verify(net, cleared.flow, cleared.potentials, ties)
    )
    steps["cycles"], (offsets, _, amounts) = clocked(lambda: walk(net, cleared.flow))
    lengths = np.diff(offsets)
    assert int((lengths * amounts).sum()) == int(cleared.flow.sum())
    return steps, cleared, len(amounts)


def federation(name: str, times: int) -> Figures:
    """Settle a round of cooperatives so many times, after one time that does not count.

    Args:
        name: of the instance.
        times: how often.
    """
    debts = named(name)
    names = _names(debts.members)
    _, cleared, cycles = _once(debts, names)
    net, _ = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    best = library(installed()[0], net.members, net.debtors, net.creditors, net.amounts)
    assert int(best.sum()) == int(cleared.flow.sum())
    runs = [_once(debts, names)[0] for _ in range(times)]
    figures: Figures = {
        "accounts": len(debts.amounts),
        "cleared": int(cleared.flow.sum()),
        "cycles": cycles,
        "ms": fmean(sum(steps.values()) for steps in runs) * 1e3,
        "least_ms": min(sum(steps.values()) for steps in runs) * 1e3,
        "peak_mb": peak_mb(),
    }
    for step in runs[0]:
        figures[f"{step}_ms"] = fmean(steps[step] for steps in runs) * 1e3
    return figures


def file_to_proof(path: str, times: int) -> Figures:
    """Go from a file of debts to a proven set-off of each, beside the bare libraries in turn.

    Args:
        path: of the file.
        times: how often each, after one time that does not count.
    """
    debts = read(Path(path))
    net, arcs = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    merged = (net.members, net.debtors, net.creditors, net.amounts)
    first = engine.clear(net)
    prove(debts, network.allot(net, first.flow, arcs, debts.amounts), first.potentials)
    turns: list[dict[str, float]] = []
    for _ in range(times + 1):
        turn: dict[str, float] = {}
        turn["read"], _ = clocked(lambda: read(Path(path)))
        turn["whole"], flow = clocked(lambda: _whole(Path(path)))
        turn["clear"], cleared = clocked(lambda: engine.clear(net))
        turn["verify"] = _verifying(net, cleared)
        for name in installed():
            turn[name], other = clocked(partial(library, name, *merged))
            assert int(other.sum()) == flow
        turns.append(turn)
    # The first turn also loads what is used.
    middle = {way: median(turn[way] for turn in turns[1:]) for way in turns[0]}
    fastest = min((name for name in LIBRARIES if name in middle), key=lambda name: middle[name])
    return {
        "debts": len(debts.amounts),
        "cleared": int(first.flow.sum()),
        "whole_vs_library": middle["whole"] / middle[fastest],
        "solve_vs_library": middle["clear"] / middle[fastest],
        "verify_share": middle["verify"] / middle[fastest],
        "verify_share_of_own": middle["verify"] / middle["clear"],
        "fastest_library": fastest,
        **{f"{way}_s": seconds for way, seconds in middle.items()},
    }


def _verifying(net: network.Network, cleared: engine.Cleared) -> float:
    return clocked(lambda: certificate.verify(net, cleared.flow, cleared.potentials))[0]


def _whole(path: Path) -> int:
    """Read, merge, clear, prove, allot; return the total."""
    debts = read(path)
    net, arcs = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    cleared = engine.clear(net)
    certificate.verify(net, cleared.flow, cleared.potentials)
    return int(network.allot(net, cleared.flow, arcs, debts.amounts).sum())
