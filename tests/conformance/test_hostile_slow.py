"""Strangers who take their time: idle, dripping or deaf connections, and repeats without end."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from protocol.envelope import seal
from protocol.messages.orders import Leg
from protocol.messages.wire import Submission
from tests.conformance.storm import Place, found
from tests.conformance.test_hostile import good, peak_mb, stays_small

IDLE = 300
CONNECTIONS_MAX = 400
READ_S = 2
# A sweep a second, and a busy machine.
CLOSED_S = READ_S + 8
ANSWER_S = 2.0
PIPELINED = 5_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("slow")
    built = found(folder, "Bretagne", read_timeout_s=READ_S, connections_max=CONNECTIONS_MAX)
    try:
        built.admit(3)
        yield built
    finally:
        built.node.kill()


@contextlib.contextmanager
def connections(place: Place, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", place.node.port), 5))
            for _ in range(count)
        ]


def works(place: Place) -> None:
    """Let a member pay, as if nothing was the matter, in no more than a moment."""
    began = time.monotonic()
    place.enter(good(place))
    assert time.monotonic() - began < ANSWER_S


def is_closed(wire: socket.socket) -> bool:
    """Say whether the node has closed a connection; what it said before is read."""
    wire.setblocking(False)
    try:
        while wire.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def await_closed(wires: list[socket.socket]) -> None:
    until = time.monotonic() + CLOSED_S
    while not all(is_closed(wire) for wire in wires):
        assert time.monotonic() < until, "a connection that says nothing stays"
        time.sleep(0.1)


def test_hundreds_who_say_nothing_are_sent_away_and_hinder_nobody(place: Place) -> None:
    before = peak_mb(place)
    with connections(place, IDLE) as wires:
        works(place)
        await_closed(wires)
    works(place)
    stays_small(place, before)


def test_beyond_the_last_place_a_connection_is_closed_and_places_come_back(place: Place) -> None:
    with connections(place, CONNECTIONS_MAX + 50) as wires:
        until = time.monotonic() + READ_S
        while sum(is_closed(wire) for wire in wires) < 50:
            assert time.monotonic() < until + CLOSED_S
        await_closed(wires)
    works(place)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX-Slow: ",
        b"POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
        b"POST /documents/batch HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["header", "body", "chunks"],
)
def test_who_drips_a_request_is_sent_away(place: Place, head: bytes) -> None:
    piece = b"1\r\na\r\n" if b"chunked" in head else b"a"
    until = time.monotonic() + CLOSED_S
    with connections(place, 50) as wires:
        for wire in wires:
            wire.sendall(head)
        # A closed one stays closed: only the others are looked at again.
        while wires := [wire for wire in wires if not is_closed(wire)]:
            assert time.monotonic() < until, "a slow request stays"
            for wire in wires:
                with contextlib.suppress(OSError):
                    wire.send(piece)
            works(place)
            time.sleep(0.2)


def test_who_asks_and_never_reads_holds_little_memory(place: Place) -> None:
    before = peak_mb(place)
    request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with connections(place, 4) as wires:
        for wire in wires:
            wire.settimeout(1)
            with contextlib.suppress(OSError):
                wire.sendall(request * PIPELINED)
        works(place)
        stays_small(place, before)
    works(place)


def test_repeats_of_an_old_order_of_a_busy_member_hinder_nobody(place: Place) -> None:
    payer, payee = place.members[:2]
    orders = [
        Submission(doc=seal(place.order(payer, Leg(payee.account, 1)), payer.seed))
        for _ in range(2_000)
    ]
    first = place.batch(orders)
    began = time.monotonic()
    assert place.batch([orders[0]] * 1_000) == [first[0]] * 1_000
    seconds = time.monotonic() - began
    print(f"1,000 repeats after 2,000 orders: {seconds:.2f} s")
    assert seconds < 2 * ANSWER_S
