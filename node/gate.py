"""A gate: a process that parses and verifies, and passes on what holds to the ledger's process.

`python -m node.gate FOLDER`, started by the node; it ends when the node does.
"""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from node.gates import READY
from node.http.app import Front
from node.logs import configure
from node.pipe import RemoteDoor, socket_path
from node.running import bound_socket, crash, loop_factory, settle_down
from node.settings import Settings, load_settings

log = logging.getLogger("ronde.gate")


async def serve_gate(folder: Path, settings: Settings) -> None:
    """Serve until SIGTERM, or until standard input ends: the node is gone then.

    Raises:
        OSError: the ledger's socket is not there.
        ListenError: the port is not to be had.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await loop.connect_read_pipe(lambda: _Parent(stop), sys.stdin)
    door = RemoteDoor(socket_path(folder))
    await door.open()
    front = Front(door, settings, crash)
    await front.open(bound_socket(settings.host, settings.port, shared=True))
    settle_down()
    os.write(1, READY)
    await stop.wait()
    await front.close()
    await door.close()


class _Parent(asyncio.Protocol):
    """The node at the other end of standard input; it says nothing but that it lives."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()


def main() -> None:
    """Run one gate."""
    folder = Path(sys.argv[1])
    settings = load_settings(folder)
    configure(settings.log_json)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve_gate(folder, settings))


if __name__ == "__main__":
    main()
