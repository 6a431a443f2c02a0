"""Starts gate processes, starts a dead one again, stops them all."""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Final

from node.settings import PREFIX

READY: Final = b"ready\n"
START_S: Final = 30
STOP_S: Final = 20
_AGAIN_S: Final = 0.2
_AGAIN_MAX_S: Final = 5.0
_ROOT: Final = Path(__file__).resolve().parent.parent

log = logging.getLogger("ronde.gates")


class GateError(Exception):
    """A gate did not come up."""


class Gates:
    """The gates of one node.

    Args:
        folder: The node's folder.
        listen: Host and port that all of them share.
    """

    def __init__(self, folder: Path, listen: str) -> None:
        self._folder = folder.resolve()
        self._listen = listen
        self._watchers: list[asyncio.Task[None]] = []
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = False

    async def start(self, count: int) -> None:
        """Start gates and wait until each accepts connections.

        Raises:
            GateError: one did not come up.
        """
        first = await asyncio.gather(*(self._spawn() for _ in range(count)))
        for process in first:
            self._watchers.append(asyncio.create_task(self._watch(process)))

    async def _spawn(self) -> asyncio.subprocess.Process:
        # Its standard input stays open as long as we live: its end is the gate's end.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "node.gate",
            str(self._folder),
            cwd=_ROOT,
            env={**os.environ, f"{PREFIX}LISTEN": self._listen},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._processes[process.pid] = process
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_S)
        except TimeoutError:
            line = b""
        if line != READY:
            if process.returncode is None:
                process.kill()
            await process.wait()
            del self._processes[process.pid]
            raise GateError(f"gate {process.pid} did not come up")
        return process

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        pause = _AGAIN_S
        while True:
            code = await process.wait()
            self._processes.pop(process.pid, None)
            if self._stopping:
                return
            log.warning("gate %d ended with %d; starting another", process.pid, code)
            while not self._stopping:
                try:
                    process = await self._spawn()
                except (GateError, OSError) as error:
                    log.error("%s", error)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _AGAIN_MAX_S)
                else:
                    pause = _AGAIN_S
                    break

    async def stop(self) -> None:
        """Let the gates finish what they have, then see them end."""
        self._stopping = True
        for process in list(self._processes.values()):
            if process.returncode is None:
                process.terminate()
        if self._watchers:
            _, late = await asyncio.wait(self._watchers, timeout=STOP_S)
            for task in late:
                task.cancel()
        for process in list(self._processes.values()):
            if process.returncode is None:
                process.kill()
                await process.wait()
