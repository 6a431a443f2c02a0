"""Audit: a log of a million signed orders, replayed and checked from the records alone."""

import hashlib
import os
import resource
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from cli.audit_files import EntriesFile
from federation.ledger_audit import audit_log
from protocol.envelope import ENVELOPE, document_id, open_sealed, seal
from protocol.ledger.authority import next_key_digest
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.log.leaves import entry_leaf
from protocol.log.tree import Tree
from protocol.messages.decisions import Admission, Charter
from protocol.messages.keyevents import Inception
from protocol.signatures import public_key_of
from tests.bench.reference import verify_us
from tests.bench.scale import Figures, Scale
from tests.bench.world import (
    LIMIT,
    NETWORK,
    UNIT,
    VALID_S,
    Plan,
    in_parts,
    samples,
    seal_with,
    secret_keys,
    seed_of,
)

AT = 1_763_800_000
ORIGIN = "bench.example/log"
Record = tuple[int, bytes, bytes]


def _seed(word: str) -> bytes:
    return sha256(f"ronde bench {word}".encode()).digest()


def _inception(number: int, secret_key: bytes) -> Inception:
    return Inception(
        exp=AT + VALID_S, iat=AT, kev=0, keys=[secret_key[32:]], net=NETWORK,
        next=[next_key_digest(bytes(32))], nonce=b"%016d" % number, nthr=1, seq=0, thr=1,
    )  # fmt: skip


def _charter() -> bytes:
    charter = Charter(
        ceil=LIMIT, climit=LIMIT, dec=2, exp=AT + VALID_S, iat=AT, kev=0,
        keys=[public_key_of(_seed("node"))], log=public_key_of(_seed("log")), name="Bench",
        net=NETWORK, next=[next_key_digest(bytes(32))], nthr=1,
        officers=[public_key_of(_seed("officer"))], origin=ORIGIN, othr=1, seq=0, thr=1, unit=UNIT,
    )  # fmt: skip
    return seal(charter, _seed("node"))


def account_of(number: int, key: bytes) -> bytes:
    """Return the account that a member's inception gives."""
    return document_id(_inception(number, bytes(32) + key))[:16]


def admissions(first: int, end: int, home: bytes) -> list[bytes]:
    """Return the sealed admissions of members first … end − 1, by one officer."""
    found = []
    for number in range(first, end):
        secret_key = secret_keys(number, number + 1)[0]
        event = seal(_inception(number, secret_key), seed_of(number))
        admission = Admission(
            by=home, ceil=LIMIT, climit=LIMIT, event=event, exp=AT + VALID_S, iat=AT, kev=0,
            net=NETWORK, seq=number + 1,
        )  # fmt: skip
        found.append(seal(admission, _seed("officer")))
    return found


def orders(first: int, end: int, plan: Plan, path: str) -> list[bytes]:
    """Return sealed orders of a plan; keys and accounts come from a file of 80 bytes a member."""
    cards = Path(path).read_bytes()

    def account(number: int) -> bytes:
        return cards[number * 80 + 64 : number * 80 + 80]

    found = []
    for number in range(first, end):
        payer = number % plan.members
        found.append(seal_with(plan.order(number, account), cards[payer * 80 : payer * 80 + 64]))
    return found


def format_digest(scale: Scale) -> str:
    """Return what the cache is named after: other bytes, other name."""
    charter = _charter()
    home = _home(charter)
    key = secret_keys(0, 1)[0]
    sample = seal_with(Plan(home, 2, AT).order(0), key)
    parts = [charter, *admissions(0, 2, home), sample, entry_leaf(bytes(32), AT, sample)]
    total = hashlib.sha256(f"{scale.audit_members} {scale.audit_entries}".encode())
    for part in parts:
        total.update(part)
    return total.hexdigest()[:16]


def _home(charter: bytes) -> bytes:
    return open_sealed(charter, Charter).id


def make_log(path: Path, scale: Scale) -> None:
    """Write a log's records and, beside them, its signed checkpoint."""
    charter = _charter()
    home = _home(charter)
    members = scale.audit_members
    keys = in_parts(secret_keys, members)
    cards = path.with_suffix(".cards")
    cards.write_bytes(
        b"".join(key + account_of(number, key[32:]) for number, key in enumerate(keys))
    )
    tree = Tree()
    with path.with_suffix(".new").open("wb") as file:

        def write(run: list[bytes], at: int) -> None:
            salts = os.urandom(32 * len(run))
            leaves = []
            for place, sealed in enumerate(run):
                salt = salts[32 * place : 32 * place + 32]
                leaves.append(entry_leaf(salt, at, sealed))
                file.write(at.to_bytes(8, "big") + salt + len(sealed).to_bytes(4, "big") + sealed)
            tree.extend(leaves)

        write([charter], AT)
        write(in_parts(admissions, members, home), AT)
        plan = Plan(home, members, AT)
        run = 100_000
        for first in range(0, scale.audit_entries, run):
            count = min(run, scale.audit_entries - first)
            write(_run_of_orders(first, count, plan, str(cards)), AT + first // run)
    note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), ORIGIN, _seed("log"))
    path.with_suffix(".note").write_text(note, encoding="utf-8")
    path.with_suffix(".new").rename(path)
    cards.unlink()


def _shifted(first: int, end: int, base: int, plan: Plan, path: str) -> list[bytes]:
    return orders(base + first, base + end, plan, path)


def _run_of_orders(first: int, count: int, plan: Plan, path: str) -> list[bytes]:
    return in_parts(_shifted, count, first, plan, path)


class _Marked:
    """The records of a file as an auditor reads them; marks the CPU at the first ordinary order."""

    def __init__(self, path: Path, before: int) -> None:
        self.path = path
        self.before = before
        self.marked_s = 0.0

    def __iter__(self) -> Iterator[Record]:
        records = iter(EntriesFile(self.path))
        yield from islice(records, self.before)
        self.marked_s = time.process_time()
        yield from records


def audit(cache: Path, scale: Scale) -> Figures:
    """Measure the audit of the orders of a log: V ÷ CPU an entry. The admissions come first."""
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"audit-{format_digest(scale)}.log"
    begin = time.perf_counter()
    if not path.exists():
        make_log(path, scale)
    made = time.perf_counter() - begin
    signed = samples(list(_orders_of(path, 2_000)))
    before = verify_us(signed)
    records = _Marked(path, 1 + scale.audit_members)
    wall, start = time.perf_counter(), time.process_time()
    note = path.with_suffix(".note").read_text(encoding="utf-8")
    report = audit_log(records, checkpoint=note)
    end = time.process_time()
    wall = time.perf_counter() - wall
    after = verify_us(signed)
    assert report.findings == [], report.findings
    assert report.entries == 1 + scale.audit_members + scale.audit_entries
    # An admission has the signature of an officer and that of its member's inception.
    assert report.signatures == 2 + 2 * scale.audit_members + scale.audit_entries
    each = (end - records.marked_s) / scale.audit_entries * 1e6
    return {
        "ratio": (before + after) / 2 / each,
        "v_us": (before + after) / 2,
        "us_an_entry": each,
        "entries": scale.audit_entries,
        "members": scale.audit_members,
        "us_an_admission": (records.marked_s - start) / scale.audit_members * 1e6,
        "entries_per_s": report.entries / wall,
        "making_the_log_s": made,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def _orders_of(path: Path, count: int) -> Iterator[bytes]:
    found = 0
    for _, _, sealed in EntriesFile(path):
        if b"ronde.order" in ENVELOPE.decode(sealed).t.encode():
            yield sealed
            found += 1
            if found == count:
                return
