"""The course of the demonstration: found, open, admit, pay, clear, audit; then stop everything."""

import asyncio
import atexit
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import keystore
from cli.choices import Choices
from cli.debts import DebtFile
from cli.demo_audit import PAPERS_FOLDER, audit_town
from cli.demo_books import Reader, read_positions
from cli.demo_replay import (
    UNIT,
    Optimum,
    load,
    mesh_pairs,
    optimum,
    replay_payments,
    replay_people,
    total,
)
from cli.demo_report import Teller, as_json
from cli.demo_ring import (
    AUDITOR,
    LINE_LIMIT,
    MEMBER_LIMIT,
    OFFICER,
    PASSPHRASE_FILE,
    Keys,
    keep_members,
    keep_office,
    lock_seeds,
    new_keys,
    new_passphrase,
    ring_pairs,
    ring_payments,
    ring_people,
    wallet_folders,
)
from cli.demo_ring import DECIMALS as RING_DECIMALS
from cli.demo_ring import UNIT as RING_UNIT
from cli.demo_round import Cleared, hold_round
from cli.demo_town import Signals, Terms, Town, cooperative_names
from cli.demo_trade import (
    Member,
    Paid,
    Payment,
    Place,
    admit,
    leave,
    open_lines,
    pay_in_batches,
    pay_one_by_one,
    together,
    visit,
)
from cli.failures import INTERRUPTED, ExitCode, Failure
from cli.screen import emit_json, note
from cli.sentences import say
from protocol.amounts import to_decimal_text

KEPT_FOLDER: Final = "ronde-demo"
ENDED_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played.

    Attributes:
        names: Of the cooperatives.
        unit: Code of the unit of account.
        decimals: Its decimals.
        member_limit: How far each account may stand from zero, minor units.
        line_limit: How far a cooperative may be in debit towards another, minor units.
        file: The debts to be replayed, or None for the ring.
        path: Where they were read.
    """

    names: list[str]
    unit: str
    decimals: int
    member_limit: int
    line_limit: int
    file: DebtFile | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """What came out of it.

    Attributes:
        paid: The payments.
        cleared: The round.
        audit: The auditor's verdict: exit code, signatures, findings.
        best: The optimum of a replayed file.
    """

    paid: Paid
    cleared: Cleared
    audit: dict[str, object]
    best: Optimum | None


def run_demo(
    choices: Choices, count: int, keep: str | None, path: Path | None, limit: int | None
) -> int:
    """Play it all and return the exit code: the auditor's when it is not 0.

    Args:
        choices: Language, and whether the result is JSON.
        count: How many cooperatives.
        keep: Folder to keep everything in; "" for the usual one, None to keep nothing.
        path: A file of debts, or None.
        limit: How many of its debts at most.

    Raises:
        Failure: a node ended, a step was refused, or the file cannot be read.
    """
    began = time.perf_counter()
    plan = _plan(choices, count, path, limit)
    # The amounts of a file have no unit: the code that the charters need is nothing to be shown.
    teller = Teller(choices, plan.unit if plan.file is None else "", plan.decimals)
    with Signals() as signals:
        town = _town(choices, signals, keep)
        try:
            with town:
                played = _play(teller, town, plan)
                seconds = time.perf_counter() - began
        except KeyboardInterrupt:
            key = "demo.interrupted_kept" if town.kept else "demo.interrupted"
            note("\n" + say(key, choices.lang, folder=str(town.folder)))
            return INTERRUPTED
        except Failure:
            if town.kept:
                note(say("demo.failed_kept", choices.lang, folder=str(town.folder)))
            raise
    if choices.as_json:
        emit_json(
            as_json(played.paid, played.cleared, played.audit, played.best, plan.decimals, seconds)
        )
    else:
        teller.line()
        teller.seconds(seconds)
        _tell_what_is_kept(teller, town, plan)
    return int(str(played.audit["exit"]))


def _plan(choices: Choices, count: int, path: Path | None, limit: int | None) -> Plan:
    names = cooperative_names(count)
    if path is None:
        return Plan(names, RING_UNIT, RING_DECIMALS, MEMBER_LIMIT, LINE_LIMIT)
    file = load(path, limit, choices.lang)
    # Nobody of the file promised a limit: each may owe as much as all debts together.
    return Plan(names, UNIT, file.decimals, total(file), total(file), file, path)


def _town(choices: Choices, signals: Signals, keep: str | None) -> Town:
    if keep is not None:
        return Town(_kept_folder(keep), choices.lang, signals, kept=True)
    # Whatever comes between the folder and whoever removes it would leave it behind.
    with signals.hold():
        town = Town(Path(tempfile.mkdtemp(prefix="ronde-demo-")), choices.lang, signals)
        atexit.register(town.stop)
    return town


def _kept_folder(keep: str) -> Path:
    folder = Path(keep).expanduser().absolute() if keep else Path.cwd() / KEPT_FOLDER
    number = 1
    while not keep and folder.exists():
        number += 1
        folder = Path.cwd() / f"{KEPT_FOLDER}-{number}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Failure(ExitCode.USAGE, "demo.keep_not_empty", path=str(folder))
    return folder


def _play(teller: Teller, town: Town, plan: Plan) -> Played:
    teller.tell("demo.title", count=len(plan.names))
    teller.line()
    keys = new_keys(len(plan.names), 2 if plan.file is None else 0)
    phrase = new_passphrase(town.folder)
    _start(teller, town, plan, keys, phrase)
    with asyncio.Runner() as runner:
        paid, cleared = runner.run(_trade_and_clear(teller, town, plan, keys))
    best = None
    if plan.file is not None:
        best = optimum(plan.file, len(plan.names))
        teller.optimum(cleared, best)
    with teller.busy("demo.auditing"):
        audit = audit_town(town)
    tell_verdict(teller, audit)
    return Played(paid, cleared, audit, best)


def _start(teller: Teller, town: Town, plan: Plan, keys: Keys, phrase: str) -> None:
    limit = to_decimal_text(plan.member_limit, plan.decimals)
    terms = Terms(plan.unit, plan.decimals, limit, limit)
    seeds = wallet_folders(town.folder, plan.names, keys)
    with teller.busy("demo.founding"):
        town.found(
            plan.names,
            [keystore.public_key(seed, 0) for seed in keys.officers],
            keystore.public_key(keys.auditor, 0),
            terms,
            lambda: lock_seeds(seeds, phrase),
        )
        keep_office(town.folder / AUDITOR, keys.auditor, None)
    with teller.busy("demo.starting"):
        town.start()
    teller.step("demo.step_nodes", count=len(plan.names), names=", ".join(plan.names))


async def _trade_and_clear(
    teller: Teller, town: Town, plan: Plan, keys: Keys
) -> tuple[Paid, Cleared]:
    places: list[Place] = []
    try:
        await visit(town, [keystore.key_seed(seed, 0) for seed in keys.officers], places)
        if plan.file is None:
            paid = await _trade_on_ring(teller, town, places, keys, plan)
        else:
            paid = await _trade_from_file(teller, town, places, keys, plan)
        auditor = keystore.key_seed(keys.auditor, 0)
        readers = [Reader(place, auditor) for place in places]
        return paid, await _clear(teller, town, places, readers, plan)
    except Failure as failure:
        if failure.code is ExitCode.NETWORK:
            # A node that has ended says more of it than the broken connection does; its end is
            # known a moment after its connections are.
            await asyncio.sleep(ENDED_S)
            town.check()
        raise
    finally:
        await leave(places)


async def _clear(
    teller: Teller, town: Town, places: Sequence[Place], readers: Sequence[Reader], plan: Plan
) -> Cleared:
    with teller.busy("demo.clearing"):
        before = await read_positions(town, readers)
        if any(reader.refused for reader in readers):
            name = next(reader.place.name for reader in readers if reader.refused)
            raise Failure(ExitCode.REFUSED, "demo.payment_refused", name=name)
        began = time.perf_counter()
        loops = await hold_round(places[0], places)
        seconds = time.perf_counter() - began
        after = await read_positions(town, readers)
    cleared = Cleared(loops, before, after, seconds)
    if plan.file is None:
        teller.debts(before)
    else:
        _tell_netting(teller, plan.file, readers, cleared)
    teller.round(cleared, places[0].name)
    return cleared


async def _open_and_admit(
    teller: Teller,
    pairs: Sequence[tuple[Place, Place]],
    people: Sequence[Member],
    places: Sequence[Place],
    plan: Plan,
) -> None:
    with teller.busy("demo.opening"):
        await open_lines(pairs, plan.line_limit)
        by_place = [[one for one in people if one.place is place] for place in places]
        await together(
            admit(place, members, plan.member_limit)
            for place, members in zip(places, by_place, strict=True)
            if members
        )
    key = "demo.step_lines" if len(pairs) > 1 else "demo.step_line"
    teller.step(key, count=len(pairs), limit=teller.money(plan.line_limit))
    teller.step("demo.step_members", count=teller.count(len(people)))


async def _trade_on_ring(
    teller: Teller, town: Town, places: Sequence[Place], keys: Keys, plan: Plan
) -> Paid:
    people = ring_people(places, keys)
    await _open_and_admit(teller, ring_pairs(places), people, places, plan)
    _keep_offices(places, keys)
    keep_members(people, keys.members)
    payments = ring_payments(people, teller.lang)
    with teller.busy("demo.paying"):
        paid = await pay_one_by_one(town, payments)
    teller.payments(payments)
    teller.line()
    teller.step("demo.step_paid", count=teller.count(paid.count))
    return paid


async def _trade_from_file(
    teller: Teller, town: Town, places: Sequence[Place], keys: Keys, plan: Plan
) -> Paid:
    assert plan.file is not None
    assert plan.path is not None
    people = replay_people(plan.file, places)
    teller.step(
        "demo.step_file",
        count=teller.count(len(plan.file.debts)),
        path=plan.path.name,
        people=teller.count(len(people)),
        gross=teller.money(total(plan.file)),
    )
    await _open_and_admit(teller, mesh_pairs(places), list(people.values()), places, plan)
    _keep_offices(places, keys)
    payments = replay_payments(plan.file, people)
    with teller.busy("demo.paying") as update:
        paid = await pay_in_batches(town, payments, _progress(teller, len(payments), update))
    teller.step("demo.step_paid_rate", count=teller.count(paid.count), rate=teller.rate(paid))
    return paid


def _progress(teller: Teller, count: int, update: Callable[[str], None]) -> Callable[[int], None]:
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        fields = {"done": teller.count(done), "count": teller.count(count)}
        update(say("demo.paying_some", teller.lang, **fields))

    return tell


def _keep_offices(places: Sequence[Place], keys: Keys) -> None:
    for place, seed in zip(places, keys.officers, strict=True):
        keep_office(place.node.folder / OFFICER, seed, place)


def _tell_netting(
    teller: Teller, file: DebtFile, readers: Sequence[Reader], cleared: Cleared
) -> None:
    places = [reader.place for reader in readers]
    people = replay_people(file, places)
    payments = replay_payments(file, people)
    crossing: list[Payment] = [payment for payment in payments if payment.is_foreign]
    teller.line()
    teller.tell(
        "demo.netting",
        local=teller.count(len(payments) - len(crossing)),
        foreign=teller.count(len(crossing)),
        crossed=teller.money(sum(payment.amount for payment in crossing)),
        gross=teller.money(cleared.gross_before),
    )


def tell_verdict(teller: Teller, audit: dict[str, object]) -> None:
    """Print what the auditor found."""
    findings = audit["findings"]
    assert isinstance(findings, list)
    teller.heading("demo.heading_audit")
    if audit["exit"] != 0:
        teller.tell("demo.audit_failed", exit=str(audit["exit"]))
    else:
        key = "demo.step_audit_notices" if findings else "demo.step_audit"
        teller.step(key, signatures=teller.count(int(str(audit["signatures"]))))
    for finding in findings:
        teller.line(f"  {finding['text']}")


def _tell_what_is_kept(teller: Teller, town: Town, plan: Plan) -> None:
    if not town.kept:
        teller.tell("demo.nothing_kept")
        return
    teller.tell("demo.kept", folder=str(town.folder))
    first = town.nodes[0]
    listen = f"127.0.0.1:{first.port}"
    teller.line(f"  ronde audit verify {town.folder / PAPERS_FOLDER}")
    teller.line(f"  ronde-node run --folder {first.home} --listen {listen}")
    if plan.file is None:
        wallet, secret = first.folder / "alice", town.folder / PASSPHRASE_FILE
        teller.line(f"  ronde balance --home {wallet} --passphrase-file {secret}")
