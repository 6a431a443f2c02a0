"""`ronde audit fetch`: bring home what nodes publish, and open to an auditor of theirs.

Every step may be repeated: what is here is not asked for again, and a folder counts as whole only
once its checkpoint is written. Nothing is judged here; `ronde audit verify` does that offline.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from cli import durable
from cli.asking import ask_beside, asker_of_key
from cli.audit_files import BLINDS as BLINDS_FILE
from cli.audit_files import (
    CHARTER,
    LINES,
    PAPERS_BYTES_MAX,
    ROUNDS,
    LogFolder,
    leaves_of,
    pack_papers,
)
from cli.failures import ExitCode, Failure
from cli.node_client import AsyncClient, expect_ok
from protocol.envelope import ENVELOPE_BYTES_MAX, Opened, open_sealed
from protocol.errors import EncodingError, ProtocolError
from protocol.identifiers import slug
from protocol.log.checkpoints import open_checkpoint
from protocol.messages.decisions import Charter
from protocol.messages.rounds import Manifest
from protocol.messages.wire import BLINDS, NEIGHBOURS, OPENINGS, PAPERS, Opening

AT_ONCE: Final = 8
MOST: Final = 1_000
ROUNDS_MAX: Final = 10_000

Tell = Callable[[str, int, int], None]
T = TypeVar("T")
_Error = Failure | ProtocolError


@dataclass(slots=True)
class Visit:
    """One node that is being fetched.

    Attributes:
        client: The way to it.
        charter: Its charter, opened.
        folder: Where its files go.
    """

    client: AsyncClient
    charter: Opened[Charter]
    folder: LogFolder

    @property
    def name(self) -> str:
        """Name of the cooperative."""
        return self.charter.document.name


async def fetch_nodes(urls: Sequence[str], folder: Path, key_seed: bytes, tell: Tell) -> list[str]:
    """Fetch every node into a folder.

    All are visited twice: first for the bulk, then for what was written meanwhile, so that the
    logs end at nearly the same instant.

    Args:
        urls: The nodes.
        folder: Where to; made when missing.
        key_seed: 32 secret bytes of the auditor's key.
        tell: Told the name of a cooperative, how many entries are here, and of how many.

    Returns:
        The names of the cooperatives, in the order of the nodes.

    Raises:
        Failure: network, a node was not reached (the others were fetched; the same command may be
            typed again); refused, a node does not know this auditor.
        ProtocolError: a node answers other bytes than the rule imposes.
    """
    durable.make_folder(folder)
    clients = [AsyncClient(url) for url in dict.fromkeys(urls)]
    try:
        greeted, broken = await _each([_greet(client) for client in clients])
        visits = _visits(folder, greeted)
        reached, more = await _each([_fetch_log(visit, key_seed, tell) for visit in visits])
        broken += more
        _, more = await _each([_fetch_log(visit, key_seed, tell) for visit in reached])
        broken += more
        _, more = await _each([_fetch_rounds(visit, folder) for visit in reached])
        broken += more
        # Last, so that no position is here without its secret.
        _, more = await _each([_fetch_blinds(visit, key_seed) for visit in reached])
        broken += more
    finally:
        for client in clients:
            await client.close()
    if broken:
        raise broken[0]
    return [visit.name for visit in visits]


async def _each(steps: Iterable[Awaitable[T]]) -> tuple[list[T], list[_Error]]:
    """Run some steps at once; one that fails does not stop the others."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def passed(step: Awaitable[T]) -> T | _Error:
        async with gate:
            try:
                return await step
            except (Failure, ProtocolError) as error:
                return error

    outcomes = await asyncio.gather(*(passed(step) for step in steps))
    return (
        [outcome for outcome in outcomes if not isinstance(outcome, Failure | ProtocolError)],
        [outcome for outcome in outcomes if isinstance(outcome, Failure | ProtocolError)],
    )


async def _get(client: AsyncClient, path: str) -> bytes:
    return expect_ok(await client.request("GET", path))


async def _greet(client: AsyncClient) -> tuple[AsyncClient, Opened[Charter]]:
    return client, open_sealed(await _get(client, "/charter"), Charter)


def _visits(folder: Path, greeted: Sequence[tuple[AsyncClient, Opened[Charter]]]) -> list[Visit]:
    """Give each cooperative a folder of its own, the same one at every fetch."""
    visits: list[Visit] = []
    seen: dict[bytes, None] = {}
    for client, charter in greeted:
        if charter.id in seen:
            continue
        seen[charter.id] = None
        name = slug(charter.document.name)
        place = LogFolder(folder / name)
        if name == ROUNDS or place.small(CHARTER) not in (None, charter.sealed):
            # Two cooperatives of one name: the second is told apart by its identifier.
            place = LogFolder(folder / f"{name[:22]}-{charter.id.hex()[:8]}")
        durable.make_folder(place.path)
        durable.write_over(place.path / CHARTER, charter.sealed)
        visits.append(Visit(client, charter, place))
    return visits


async def _fetch_log(visit: Visit, key_seed: bytes, tell: Tell) -> Visit:
    """Bring lines, checkpoint, and the entries that the checkpoint covers and are not here."""
    neighbours = NEIGHBOURS.decode(await _get(visit.client, "/lines"))
    lines = pack_papers(neighbour.line for neighbour in neighbours.lines)
    durable.write_over(visit.folder.path / LINES, lines)
    note = (await _get(visit.client, "/checkpoint")).decode("utf-8", "surrogateescape")
    charter = visit.charter.document
    size = open_checkpoint(note, charter.origin, charter.log).size
    have, noted = await asyncio.to_thread(visit.folder.mend)
    if have > size:
        # More is here than the node has signed now: what is here, with its checkpoint, stays.
        return visit
    leaves = bytearray(noted)
    while have < size:
        openings = await _openings(visit, key_seed, have, min(MOST, size - have))
        visit.folder.append(openings)
        leaves += leaves_of((one.at, one.salt, one.sealed) for one in openings)
        have += len(openings)
        tell(visit.name, have, size)
    await asyncio.to_thread(visit.folder.close, bytes(leaves), note)
    return visit


async def _fetch_blinds(visit: Visit, key_seed: bytes) -> None:
    """Bring the secrets of the node's positions, 32 bytes each."""
    secrets: list[bytes] = []
    while True:
        first = len(secrets)
        answer = await ask_beside(
            visit.client, visit.charter, asker_of_key(key_seed), "blinds", first=first, most=MOST
        )
        secrets += BLINDS.decode(answer).secrets[:MOST]
        if len(secrets) < first + MOST or len(secrets) >= ROUNDS_MAX:
            durable.write_over(visit.folder.path / BLINDS_FILE, b"".join(secrets))
            return


async def _openings(visit: Visit, key_seed: bytes, first: int, most: int) -> list[Opening]:
    answer = await ask_beside(
        visit.client, visit.charter, asker_of_key(key_seed), "openings", first=first, most=most
    )
    entries = OPENINGS.decode(answer).entries[:most]
    indices = [opening.idx for opening in entries]
    if not entries or indices != list(range(first, first + len(entries))):
        raise EncodingError(f"openings of other entries than {first} and the following")
    if any(not 0 < len(opening.sealed) <= ENVELOPE_BYTES_MAX for opening in entries):
        raise EncodingError("an opening of an impossible size")
    return entries


async def _papers(visit: Visit, path: str) -> list[bytes]:
    """Bring every paper of a round, as many at a time as the node gives."""
    shown: list[bytes] = []
    while True:
        query = {"first": str(len(shown))}
        answer = expect_ok(await visit.client.request("GET", path, query=query))
        more = PAPERS.decode(answer).papers
        shown += more
        if not more or sum(map(len, shown)) > PAPERS_BYTES_MAX:
            return shown


async def _fetch_rounds(visit: Visit, folder: Path) -> None:
    """Bring the papers of every round that the node publishes."""
    try:
        manifests = PAPERS.decode(await _get(visit.client, "/rounds")).papers
    except Failure as failure:
        if failure.code is not ExitCode.NOT_FOUND:
            raise
        return
    for sealed in manifests[:ROUNDS_MAX]:
        name = open_sealed(sealed, Manifest).id.hex()
        shown = await _papers(visit, f"/rounds/{name}")
        path = folder / ROUNDS / name / visit.folder.name
        durable.write_over(path, pack_papers(shown))
