"""The way to the compiled part, which is optional: without it the library path gives the answer.

The sources are in `federation/native/`; they are compiled when the package is built, and looked for
beside this file. What they return is checked like any other solver's answer.
"""

import ctypes
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from protocol.errors import ProofError

FILE: Final = "_kernel.so"
FORM: Final = 1
"""What the functions take and give; raised here and in kernel.h together."""

_NO_MEMORY: Final = -1
_NO_ANSWER: Final = -2


class _Cycles(ctypes.Structure):
    _fields_ = (
        ("offset", ctypes.c_void_p),
        ("amount", ctypes.c_void_p),
        ("member", ctypes.c_void_p),
        ("cycles", ctypes.c_int64),
        ("length", ctypes.c_int64),
        ("room_for_cycles", ctypes.c_int64),
        ("room_for_members", ctypes.c_int64),
    )


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(files("federation").joinpath(FILE)))
        # What was built from other sources is as good as none.
        return library if library.ronde_form() == FORM else None
    except (OSError, AttributeError):
        return None


def is_there() -> bool:
    """Say whether the compiled part was built and can be loaded."""
    return _library() is not None


def _at(array: NDArray[Any] | None, kind: type[Any]) -> ctypes.c_void_p:
    if array is None:
        return ctypes.c_void_p()
    assert array.dtype == kind, "an array of another kind"
    assert array.flags.c_contiguous, "an array with gaps"
    return ctypes.c_void_p(array.ctypes.data)


def _check(code: int) -> None:
    if code == _NO_MEMORY:
        raise MemoryError("not enough memory for a graph of this size")
    if code == _NO_ANSWER:
        raise ProofError("no potentials: this set-off can still be improved")
    assert code == 0


def _graph(
    members: int, debtors: NDArray[np.int32], creditors: NDArray[np.int32]
) -> tuple[Any, ...]:
    return (
        ctypes.c_int32(members),
        ctypes.c_int32(len(debtors)),
        _at(debtors, np.int32),
        _at(creditors, np.int32),
    )


def merge(
    members: int,
    debtors: NDArray[np.int32],
    creditors: NDArray[np.int32],
    amounts: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Add up the debts of each pair; only when `is_there`.

    Returns:
        Debtors, creditors and amounts of the arcs, ascending, and the arc of each debt.

    Raises:
        MemoryError: the arcs do not fit.
    """
    library = _library()
    assert library is not None
    count = len(amounts)
    tails, heads, arcs = (np.empty(count, np.int32) for _ in range(3))
    sums = np.empty(count, np.int64)
    library.ronde_merge.restype = ctypes.c_int64
    found = library.ronde_merge(
        ctypes.c_int32(members), ctypes.c_int64(count), _at(debtors, np.int32),
        _at(creditors, np.int32), _at(amounts, np.int64), _at(tails, np.int32),
        _at(heads, np.int32), _at(sums, np.int64), _at(arcs, np.int32),
    )  # fmt: skip
    _check(min(found, 0))
    return tails[:found].copy(), heads[:found].copy(), sums[:found].copy(), arcs


def allot(
    flow: NDArray[np.int64], arcs: NDArray[np.int32], amounts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return each debt's part of the flow of its arc, the first listed first; when `is_there`."""
    library = _library()
    assert library is not None
    parts, left = np.empty(len(arcs), np.int64), flow.copy()
    library.ronde_allot(
        ctypes.c_int64(len(arcs)), _at(arcs, np.int32), _at(amounts, np.int64),
        _at(left, np.int64), _at(parts, np.int64),
    )  # fmt: skip
    return parts


def clear(
    members: int,
    debtors: NDArray[np.int32],
    creditors: NDArray[np.int32],
    amounts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search for the largest set-off; only when `is_there`.

    Returns:
        Minor units cancelled on each arc, and for each member a number near its potential.

    Raises:
        MemoryError: the graph does not fit.
    """
    library = _library()
    assert library is not None
    flow = np.zeros(len(amounts), np.int64)
    labels = np.zeros(members, np.int64)
    graph = _graph(members, debtors, creditors)
    ends = _at(flow, np.int64), _at(labels, np.int64)
    _check(library.ronde_clear(*graph, _at(amounts, np.int64), *ends))
    return flow, labels


def potentials(
    graph: tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]],
    flow: NDArray[np.int64],
    costs: NDArray[np.int64] | None,
    guess: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the least potentials of an optimum; only when `is_there`.

    Args:
        graph: members, debtors, creditors, amounts.
        flow: minor units cancelled on each arc.
        costs: one for each arc; −1 for all when None.
        guess: numbers in whose order members are first looked at.

    Raises:
        ProofError: the flow is no optimum.
        MemoryError: the graph does not fit.
    """
    library = _library()
    assert library is not None
    members, debtors, creditors, amounts = graph
    found = np.zeros(members, np.int64)
    kind = np.int64
    _check(
        library.ronde_potentials(
            *_graph(members, debtors, creditors), _at(amounts, kind), _at(flow, kind),
            _at(costs, kind), _at(guess, kind), _at(found, kind),
        )
    )  # fmt: skip
    return found


def walk(
    members: int,
    debtors: NDArray[np.int32],
    creditors: NDArray[np.int32],
    flow: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Cut a circulation into cycles by one walk; only when `is_there`.

    Returns:
        Where each cycle begins and, as the last, where the last one ends; the members of all of
        them, each cycle from its smallest on; the amount of each. In the order of the walk.

    Raises:
        MemoryError: the cycles do not fit.
    """
    library = _library()
    assert library is not None
    left, found = flow.copy(), _Cycles()
    graph = _graph(members, debtors, creditors)
    try:
        _check(library.ronde_walk(*graph, _at(left, np.int64), ctypes.byref(found)))
        return (
            _copied(found.offset, found.cycles + 1, np.int64),
            _copied(found.member, found.length, np.int32),
            _copied(found.amount, found.cycles, np.int64),
        )
    finally:
        library.ronde_drop_cycles(ctypes.byref(found))


def _copied(address: int | None, count: int, kind: type[Any]) -> NDArray[Any]:
    if not count or address is None:
        return np.zeros(count, kind)
    return np.frombuffer(ctypes.string_at(address, count * np.dtype(kind).itemsize), kind)
