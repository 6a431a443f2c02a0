"""A file of debts, replayed: accounts spread over the cooperatives, each debt a signed payment."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.debt_faults import DebtFileError
from cli.debts import DebtFile, read_debts
from cli.demo_trade import Member, Payment, Place
from cli.failures import ExitCode, Failure
from federation.obligations import Graph
from federation.optimality import potentials, verify_optimal
from federation.set_off import solve
from protocol.amounts import AMOUNT_MAX
from protocol.errors import EncodingError
from protocol.identifiers import slug
from protocol.ledger.authority import next_key_digest
from protocol.signatures import public_key_of

UNIT: Final = "UNIT"
_KEY: Final = b"ronde/demo/key/v1\0"
_PLACE: Final = b"ronde/demo/place/v1\0"


@dataclass(frozen=True, slots=True)
class Optimum:
    """What could be cleared at best, from the file alone; minor units.

    Attributes:
        gross: Debts between cooperatives once opposite ones have netted out.
        cleared: The largest set-off of them, proven.
    """

    gross: int
    cleared: int


def load(path: Path, limit: int | None, lang: str) -> DebtFile:
    """Return the debts to be replayed.

    Raises:
        Failure: not found or usage, with the line and the reason.
    """
    try:
        file = read_debts(path, limit)
    except DebtFileError as error:
        sentence = error.sentence(lang)
        raise Failure(error.exit_code, "demo.debt_file", sentence=sentence) from error
    if not file.debts:
        raise Failure(ExitCode.USAGE, "demo.file_empty", path=path.name)
    if total(file) > AMOUNT_MAX:
        raise Failure(ExitCode.USAGE, "demo.too_large")
    return file


def total(file: DebtFile) -> int:
    """Return the sum of all debts, minor units."""
    return sum(amount for _, _, amount in file.debts)


def accounts_of(file: DebtFile) -> list[str]:
    """Return every account of the file once, in the order of appearance."""
    return list(dict.fromkeys(name for debtor, creditor, _ in file.debts
                              for name in (debtor, creditor)))  # fmt: skip


def place_of(account: str, count: int) -> int:
    """Return which of so many cooperatives keeps an account: by hash, the same every time."""
    digest = hashlib.sha256(_PLACE + account.encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def replay_people(file: DebtFile, places: Sequence[Place]) -> dict[str, Member]:
    """Return a member for each account; keys come from the name, for they guard nothing."""
    people = {}
    taken: set[str] = set()
    for number, account in enumerate(accounts_of(file)):
        name = _name(account, number, taken)
        taken.add(name)
        seed = _seed(account, 0)
        following = next_key_digest(public_key_of(_seed(account, 1)))
        place = places[place_of(account, len(places))]
        people[account] = Member(name, account, place, seed, following)
    return people


def _seed(account: str, number: int) -> bytes:
    return hashlib.sha256(_KEY + number.to_bytes(4, "big") + account.encode()).digest()


def _name(account: str, number: int, taken: set[str]) -> str:
    """Return the account's name as one that a ledger takes, or a number instead of it."""
    try:
        name = slug(account)
    except EncodingError:
        name = ""
    while not name or name in taken:
        name = f"no-{number}"
        number += 1_000_000
    return name


def replay_payments(file: DebtFile, people: dict[str, Member]) -> list[Payment]:
    """Return one payment for each debt, from debtor to creditor, in the order of the file."""
    return [
        Payment(people[debtor], people[creditor], amount) for debtor, creditor, amount in file.debts
    ]


def mesh_pairs(places: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return every pair of cooperatives once."""
    return [(ours, theirs) for at, ours in enumerate(places) for theirs in places[at + 1 :]]


def optimum(file: DebtFile, count: int) -> Optimum:
    """Compute from the file alone what so many cooperatives could clear at best.

    Raises:
        ProofError: the solver's answer is not the optimum.
    """
    owed: dict[tuple[str, str], int] = {}
    for debtor, creditor, amount in file.debts:
        ours, theirs = (f"{place_of(name, count):04}" for name in (debtor, creditor))
        if ours != theirs:
            owed[ours, theirs] = owed.get((ours, theirs), 0) + amount
    debts = [
        (ours, theirs, amount - owed.get((theirs, ours), 0))
        for (ours, theirs), amount in owed.items()
        if amount > owed.get((theirs, ours), 0)
    ]
    graph = Graph.from_debts(debts)
    flow = solve(graph)
    verify_optimal(graph, flow, potentials(graph, flow))
    return Optimum(graph.gross, sum(flow))
