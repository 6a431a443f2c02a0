"""The compiled part: it is there, it reads only its arguments, without it nothing changes."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from federation import certificate, engine, kernel, network, rings
from federation.library import with_lemon
from federation.obligations import Graph
from federation.tie_break import next_salt, tie_hash, ties_of, unique_optimum
from protocol.errors import EncodingError, ProofError
from tests.bench.clearing.generated import named
from tests.house.tree import ROOT

COMPILER = shutil.which("cc") or shutil.which("gcc")
GRAPHS = ("trade:60:3:1", "trade:400:5:2", "fed:10:3", "fed:40:4")

# Run in a process of its own, where the sanitizer was loaded before anything else.
UNDER_WATCH = """
import ctypes, random, sys
import numpy as np
from federation import certificate, engine, kernel, network, rings
from tests.bench.clearing.generated import named
library = ctypes.CDLL(sys.argv[1])
kernel._library = lambda: library
for seed in range(300):
    dice = random.Random(seed)
    members, count = dice.randint(1, 9), dice.randint(0, 30)
    pairs = [(dice.randrange(members), dice.randrange(members)) for _ in range(count)]
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    debtors = np.array([pair[0] for pair in pairs], np.int32)
    creditors = np.array([pair[1] for pair in pairs], np.int32)
    amounts = np.array([dice.choice((1, 7, 2**52)) for _ in pairs], np.int64)
    net, arcs = network.merge(members, debtors, creditors, amounts)
    cleared = engine.clear(net)
    network.allot(net, cleared.flow, arcs, amounts)
    rings.walk(net, cleared.flow)
# Enough members for the second thread, and for steps that are worth waking it.
debts = named("trade:30000:4:1")
net, arcs = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
first = engine.clear(net)
for _ in range(3):
    again = engine.clear(net)
    assert (again.flow == first.flow).all(), "an answer that depends on who was first"
certificate.verify(net, first.flow, first.potentials)
print("all of them")
"""


def test_where_a_compiler_is_the_compiled_part_is_there() -> None:
    if COMPILER is None:
        pytest.skip("no C compiler here: the library path is used")
    assert kernel.is_there(), "run `make setup`, or `python .ci/kernel.py`"


@pytest.mark.parametrize(
    ("kinds", "watcher"),
    [("address,undefined", "libasan.so"), ("thread", "libtsan.so")],
    ids=["memory", "threads"],
)
def test_it_touches_nothing_but_its_arguments_and_no_two_threads_the_same(
    kinds: str, watcher: str, tmp_path: Path
) -> None:
    if COMPILER is None:
        pytest.skip("no C compiler here")
    sources = sorted(map(str, (ROOT / "federation" / "native").glob("*.c")))
    library = tmp_path / "watched.so"
    flags = ["-g", "-O1", "-pthread", "-shared", "-fPIC", f"-fsanitize={kinds}"]
    built = subprocess.run(
        [COMPILER, *flags, "-fno-sanitize-recover=all", "-o", str(library), *sources], check=False
    )
    loaded = subprocess.run(
        [COMPILER, f"-print-file-name={watcher}"], check=True, capture_output=True, text=True
    ).stdout.strip()
    if built.returncode or not Path(loaded).is_file():
        pytest.skip(f"this compiler has no sanitizer for {kinds}")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COV_")}
    # NumPy's own threads are not ours to watch.
    watched = {"LD_PRELOAD": loaded, "ASAN_OPTIONS": "detect_leaks=0", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", UNDER_WATCH, str(library)], cwd=ROOT, capture_output=True, text=True,
        check=False, env={**kept, **watched, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "all of them\n"), done.stderr


@pytest.mark.parametrize("name", GRAPHS)
def test_without_it_every_answer_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    debts = named(name)
    given = (debts.members, debts.debtors, debts.creditors, debts.amounts)

    def everything() -> list[NDArray[Any]]:
        net, arcs = network.merge(*given)
        ties = np.arange(net.arcs, dtype=np.int64) * 104_729 % 2**20
        cleared = engine.clear(net, ties)
        certificate.verify(net, cleared.flow, cleared.potentials, ties)
        parts = network.allot(net, cleared.flow, arcs, debts.amounts)
        return [
            net.debtors, net.creditors, net.amounts, arcs, cleared.flow, cleared.potentials, parts,
            *rings.walk(net, cleared.flow),
        ]  # fmt: skip

    compiled = everything() if kernel.is_there() else None
    monkeypatch.setattr(kernel, "_library", lambda: None)
    plain = everything()
    for one, other in zip(compiled or plain, plain, strict=True):
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


def test_nobody_owes_anything() -> None:
    nothing = np.zeros(0, np.int32)
    net, arcs = network.merge(3, nothing, nothing, np.zeros(0, np.int64))
    for cleared in (engine.clear(net), engine.clear_with_library(net)):
        assert (cleared.flow.tolist(), cleared.potentials.tolist()) == ([], [0, 0, 0])
    assert [part.tolist() for part in rings.walk(net, cleared.flow)] == [[0], [], []]
    assert network.allot(net, cleared.flow, arcs, np.zeros(0, np.int64)).tolist() == []


def test_a_flow_that_is_no_optimum_has_no_potentials() -> None:
    ends = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    net, _ = network.merge(2, *ends, np.array([5, 3], np.int64))
    nothing = np.zeros(2, np.int64)
    graph = (net.members, net.debtors, net.creditors, net.amounts)
    if kernel.is_there():
        with pytest.raises(ProofError, match="improved"):
            kernel.potentials(graph, nothing, None, nothing)
    with pytest.raises(ProofError, match="improved"):
        engine._least_potentials(net, nothing, np.full(2, -1, np.int64))


@pytest.mark.parametrize("flow", [[3, 2], [-1, -1], [6, 6], [3]])
def test_what_is_no_set_off_is_not_cut_into_cycles(flow: list[int]) -> None:
    ends = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    net, _ = network.merge(2, *ends, np.array([5, 5], np.int64))
    with pytest.raises(ProofError):
        rings.walk(net, np.array(flow, np.int64))


@pytest.mark.parametrize(
    ("debtors", "creditors"), [([0, 3], [1, 0]), ([0, -1], [1, 0]), ([0], [1, 0])]
)
def test_somebody_who_is_no_member_owes_nothing(debtors: list[int], creditors: list[int]) -> None:
    ends = np.array(debtors, np.int32), np.array(creditors, np.int32)
    with pytest.raises(EncodingError, match="no member"):
        network.merge(3, *ends, np.ones(2, np.int64))


def test_no_memory_is_said_and_an_unknown_code_is_our_fault() -> None:
    with pytest.raises(MemoryError, match="memory"):
        kernel._check(-1)
    with pytest.raises(AssertionError):
        kernel._check(-7)


def test_a_library_of_another_form_or_none_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    find = kernel._library.__wrapped__
    assert (find() is not None) == kernel.is_there()
    monkeypatch.setattr(kernel, "FORM", kernel.FORM + 1)
    assert find() is None
    monkeypatch.setattr(kernel, "FILE", "kernel.py")
    assert find() is None


def test_supplies_that_no_flow_can_meet_have_no_answer() -> None:
    ends = np.array([0], np.int32), np.array([1], np.int32)
    most, costs = np.array([3], np.int64), np.array([1], np.int64)
    assert with_lemon(2, (*ends, most, costs), np.array([4, -4], np.int64)) is None
    found = with_lemon(2, (*ends, most, costs), np.array([3, -3], np.int64))
    assert found is not None
    assert found.tolist() == [3]


@pytest.mark.parametrize("seed", range(5))
def test_ties_of_a_network_are_the_hashes_of_its_pairs(seed: int) -> None:
    debts = named(f"fed:12:{seed}")
    names = [f"coop{member:02}" for member in range(debts.members)]
    net, _ = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    salt = bytes([seed]) * 32
    pairs = zip(net.debtors.tolist(), net.creditors.tolist(), strict=True)
    expected = [tie_hash(salt, names[debtor], names[creditor]) for debtor, creditor in pairs]
    assert ties_of(net, names, salt).tolist() == expected


@pytest.mark.parametrize("seed", range(20))
def test_the_engine_and_a_round_have_the_same_answer(seed: int) -> None:
    dice = random.Random(seed)
    debts = [(f"m{dice.randrange(8)}", f"w{dice.randrange(3)}", 5) for _ in range(6)] + [
        (f"w{dice.randrange(3)}", f"m{dice.randrange(8)}", 5) for _ in range(9)
    ]
    graph = Graph.from_debts(debts)
    salt = bytes([seed]) * 32
    answer = unique_optimum(graph, salt)
    for _ in range(answer.skipped):
        salt = next_salt(salt)
    net = network.Network(
        len(graph.names), np.array(graph.debtors, np.int32), np.array(graph.creditors, np.int32),
        np.array(graph.amounts, np.int64),
    )  # fmt: skip
    assert engine.clear(net, ties_of(net, graph.names, salt)).flow.tolist() == answer.flow


@pytest.mark.parametrize("shift", [0, 2**14 - 20, 2**14 - 3, 2**14, -(2**14) + 1, -(2**14), 2**40])
def test_a_proof_holds_in_16_bits_as_in_64(shift: int) -> None:
    debts = named("trade:200:5:3")
    net, _ = network.merge(debts.members, debts.debtors, debts.creditors, debts.amounts)
    cleared = engine.clear(net)
    moved = cleared.potentials + shift
    certificate.verify(net, cleared.flow, moved)
    reduced = certificate.reduced_costs(net, moved)
    assert reduced.tolist() == certificate.reduced_costs(net, cleared.potentials).tolist()
    moved[int(cleared.potentials.argmax())] -= 2
    with pytest.raises(ProofError):
        certificate.verify(net, cleared.flow, moved)
