"""The client of the bench: raw connections in a closed loop, in a process of its own.

It costs little, because on two cores whatever it takes is taken from the node: requests are built
before the clock starts, responses are cut by their Content-Length and counted.
`python -m tests.bench.load` reads a `Task` as JSON on standard input and writes a `Tally` as JSON.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from protocol.messages.wire import BATCH, BATCH_RESULT, SUBMISSION, Batch, Submission
from tests.bench.world import read_records

# One response in so many is kept for the checks after the run.
_KEEP_EVERY = 50


class Task(msgspec.Struct):
    """What to send: orders of a file, `each` in a request, for so many seconds at most."""

    port: int
    orders: str
    connections: int
    seconds: float
    each: int = 1
    kept: str = ""


class Tally(msgspec.Struct):
    """What came back. Latencies in milliseconds, over all requests after the first tenth.

    `machine_cpu_s` is what everything on the machine spent meanwhile, and others stole from it.
    """

    accepted: int = 0
    refused: int = 0
    errors: int = 0
    requests: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    exhausted: bool = False
    client_cpu_s: float = 0.0
    machine_cpu_s: float = 0.0
    first_error: str = ""


def request_of(orders: Sequence[bytes]) -> bytes:
    """Return the bytes of one HTTP request."""
    if len(orders) == 1:
        path, body = "/documents", SUBMISSION.encode(Submission(doc=orders[0]))
    else:
        path = "/documents/batch"
        body = BATCH.encode(Batch([Submission(doc=order) for order in orders]))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/vnd.ronde+msgpack\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Run:
    """What the connections of one run share."""

    def __init__(self, task: Task) -> None:
        self.task = task
        orders = list(read_records(Path(task.orders)))
        ends = range(0, len(orders) - task.each + 1, task.each)
        self.requests = [request_of(orders[at : at + task.each]) for at in ends]
        self.tally = Tally()
        self.next = 0
        self.open = task.connections
        self.latencies: list[float] = []
        self.kept: list[bytes] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.stop_at = 0.0

    def take(self) -> int:
        """Return the number of the next request, or −1 when it is time to stop."""
        if time.perf_counter() >= self.stop_at:
            return -1
        if self.next == len(self.requests):
            self.tally.exhausted = True
            return -1
        self.next += 1
        return self.next - 1

    def count(self, number: int, status: bytes, body: bytes) -> None:
        """Count one response; a batch is looked into, every item of it."""
        tally = self.tally
        tally.requests += 1
        if status == b"200" and self.task.each > 1:
            for item in BATCH_RESULT.decode(body).items:
                if type(item.idx) is int:
                    tally.accepted += 1
                else:
                    tally.refused += 1
        elif status == b"200":
            tally.accepted += 1
        elif status == b"422":
            tally.refused += 1
        else:
            tally.errors += 1
            tally.first_error = tally.first_error or f"{status!r} {body[:200]!r}"
        if tally.requests % _KEEP_EVERY == 1 and len(self.kept) < 400:
            self.kept += (number.to_bytes(4, "big"), body)

    def left(self) -> None:
        """One connection has nothing more to do."""
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)


class Wire(asyncio.Protocol):
    """One keep-alive connection: a request, its response, the next one."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.buffer = b""
        self.number = -1
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        """Send the next request, or leave."""
        assert self.transport is not None
        self.number = self.run.take()
        if self.number < 0:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(self.run.requests[self.number])

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data if self.buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self.buffer = buffer
            return
        at = buffer.find(b"Content-Length: ", 0, end) + 16
        length = int(buffer[at : buffer.find(b"\r", at)])
        if len(buffer) < end + 4 + length:
            self.buffer = buffer
            return
        self.buffer = b""
        self.run.latencies.append(time.perf_counter() - self.sent_at)
        self.run.count(self.number, buffer[9:12], buffer[end + 4 : end + 4 + length])
        self.number = -1
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.number >= 0:
            self.run.tally.errors += 1
            self.run.tally.first_error = self.run.tally.first_error or f"lost: {exc}"
        self.run.left()


def _share(latencies: list[float], part: float) -> float:
    """Return a quantile in milliseconds."""
    return 1e3 * latencies[min(len(latencies) - 1, int(part * len(latencies)))]


def busy_s() -> float:
    """Return CPU seconds of everything on this machine since its start, stolen ones included."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


async def play(task: Task) -> Tally:
    """Play one task."""
    run = _Run(task)
    loop = asyncio.get_running_loop()
    wires = []
    for _ in range(task.connections):
        _, wire = await loop.create_connection(lambda: Wire(run), "127.0.0.1", task.port)
        wires.append(wire)
    busy, cpu, begin = busy_s(), time.process_time(), time.perf_counter()
    run.stop_at = begin + task.seconds
    for wire in wires:
        wire.send()
    await run.done
    tally = run.tally
    tally.seconds = time.perf_counter() - begin
    tally.client_cpu_s = time.process_time() - cpu
    tally.machine_cpu_s = busy_s() - busy
    after_start = sorted(run.latencies[len(run.latencies) // 10 :])
    if after_start:
        tally.p50_ms, tally.p99_ms = _share(after_start, 0.5), _share(after_start, 0.99)
    if task.kept:
        _keep(Path(task.kept), run.kept)
    return tally


def _keep(path: Path, kept: list[bytes]) -> None:
    """Write request numbers and response bodies, in turn, for the checks."""
    with path.open("wb") as file:
        for record in kept:
            file.write(len(record).to_bytes(4, "big") + record)


def main() -> None:
    """Play the task of standard input."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(play(task))
    sys.stdout.buffer.write(msgspec.json.encode(tally))


if __name__ == "__main__":
    main()
