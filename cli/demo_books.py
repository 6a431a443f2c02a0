"""The books of the nodes, read back: every entry opened to the auditor and decided again here.

Before and after a round nothing is assumed: positions come from this replay alone.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cli.asking import ask_beside, asker_of_key
from cli.demo_town import Town
from cli.demo_trade import Place
from cli.failures import ExitCode, Failure
from protocol.envelope import open_any, open_sealed
from protocol.errors import ProofError
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.decide import enter
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Charter
from protocol.messages.peering import Answer
from protocol.messages.wire import OPENINGS, Opening

MOST: Final = 1_000
SETTLE_S: Final = 30
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Position:
    """What one cooperative owes and is owed, by its own book; minor units.

    Attributes:
        name: The cooperative.
        owes: To each other one that it owes.
        owed: By each other one that owes it.
        total: Sum of all balances of its book, which must be 0.
    """

    name: str
    owes: dict[str, int]
    owed: dict[str, int]
    total: int

    @property
    def debts(self) -> int:
        """What it owes in all."""
        return sum(self.owes.values())

    @property
    def claims(self) -> int:
        """What it is owed in all."""
        return sum(self.owed.values())

    @property
    def net(self) -> int:
        """What it is owed less what it owes."""
        return self.claims - self.debts


def gross(positions: Sequence[Position]) -> int:
    """Return the sum of all debts between the cooperatives."""
    return sum(position.debts for position in positions)


@dataclass(slots=True)
class Reader:
    """Follows the log of one node.

    Attributes:
        place: Whose log.
        auditor: Secret seed of the auditor's key.
        size: Entries read.
        refused: Payments that the payee's cooperative refused.
    """

    place: Place
    auditor: bytes
    size: int = 0
    refused: int = 0
    _book: list[Book] = field(default_factory=list)

    @property
    def book(self) -> Book:
        """The book as far as it was read."""
        return self._book[0]

    async def catch_up(self) -> None:
        """Read what was written since the last time.

        Raises:
            Failure: the node says no, or is not reached.
            ProtocolError: an entry does not hold, or the rules refuse it.
        """
        charter = self.place.charter
        while True:
            asker, first = asker_of_key(self.auditor), self.size
            answer = await ask_beside(
                self.place.client, charter, asker, "openings", first=first, most=MOST
            )
            openings = OPENINGS.decode(answer)
            for opening in openings.entries:
                self._enter(opening)
            if not openings.entries or self.size >= openings.size:
                return

    def _enter(self, opening: Opening) -> None:
        if opening.idx != self.size:
            raise ProofError(f"entry {opening.idx} instead of {self.size}")
        verdict: Book | Refusal | None
        if not self._book:
            verdict = found(open_sealed(opening.sealed, Charter), opening.at)
            if isinstance(verdict, Book):
                self._book.append(verdict)
        else:
            opened = open_any(opening.sealed, LOGGED)
            verdict = enter(self.book, opened, opening.at)
            document = opened.document
            if isinstance(document, Answer) and document.by == self.place.charter.id:
                self.refused += document.why != 0
        if isinstance(verdict, Refusal):
            raise ProofError(f"entry {opening.idx} is refused: {verdict.name}")
        self.size += 1

    def position(self) -> Position:
        """Return what this cooperative owes and is owed now."""
        owes, owed = {}, {}
        balance = self.book.accounts.balance
        for slot, state in self.book.head.correspondents.items():
            # A correspondent's balance above zero is what we owe it.
            if balance[slot] > 0:
                owes[state.name] = balance[slot]
            elif balance[slot] < 0:
                owed[state.name] = -balance[slot]
        return Position(self.place.name, owes, owed, self.book.sum())


async def read_positions(town: Town, readers: Sequence[Reader]) -> list[Position]:
    """Return the position of every cooperative once nothing is held or reserved any more.

    Raises:
        Failure: something stays pending; nobody guesses how it would end.
        ProofError: two cooperatives see their common account differently.
    """
    until = time.monotonic() + SETTLE_S
    while True:
        await asyncio.gather(*(reader.catch_up() for reader in readers))
        pending = [
            reader for reader in readers if reader.book.head.holds or reader.book.head.shares
        ]
        if not pending:
            break
        town.check()
        if time.monotonic() > until:
            raise Failure(ExitCode.PENDING, "demo.still_held", name=pending[0].place.name)
        await asyncio.sleep(POLL_S)
    positions = [reader.position() for reader in readers]
    by_name = {position.name: position for position in positions}
    for position in positions:
        for other, amount in position.owes.items():
            if by_name[other].owed.get(position.name) != amount:
                raise ProofError(f"{position.name} and {other} see their account differently")
    return positions
