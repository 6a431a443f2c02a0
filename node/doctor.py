"""What `ronde-node doctor` looks at: how each thing is, and what to do when it is not well."""

import asyncio
import json
import shutil
import sqlite3
import stat
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from node.clock import now_s
from node.errors import StoreError
from node.keyfile import KeyFileError, NodeKeys, load_keys
from node.running import LockedError, locked
from node.settings import Settings
from node.startup import catch_up
from node.store.database import DATABASE_NAME, open_database, read_connection, rows
from node.words import Language, say
from protocol.errors import ProtocolError
from protocol.ledger.book import COOPERATIVE_SLOT, Book

State = Literal["well", "note", "bad"]
SKEW_MAX_S: Final = 2
FREE_BYTES_MIN: Final = 500_000_000
# A clock before this second was never set: 1 January 2025.
_PLAUSIBLE_S: Final = 1_735_689_600
_MARKS: Final[dict[State, str]] = {"well": "✔", "note": "–", "bad": "✘"}
_PEER_TIMEOUT_S: Final = 5


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        name: Stable name for scripts.
        state: Well, worth a note, or bad.
        says: What was found, in the language of the run.
        advice: What to do; empty when all is well.
    """

    name: str
    state: State
    says: str
    advice: str = ""


Text = Callable[[str, str], str]


def examine(folder: Path, settings: Settings, lang: Language) -> list[Finding]:
    """Look at everything; a running node is not disturbed.

    Args:
        folder: The node's folder.
        settings: Its settings.
        lang: Language of the findings.
    """

    def text(french: str, english: str) -> str:
        return french if lang == "fr" else english

    findings = [_running(folder, text), *_modes(folder, text)]
    findings += _ledger(folder, text)
    findings += [_space(folder, text), _auditors(settings, text)]
    findings += asyncio.run(_peers(folder, settings, text))
    return findings


def report(findings: list[Finding], lang: Language, *, as_json: bool) -> str:
    """Return the report for a person, or as a documented shape."""
    bad = sum(finding.state == "bad" for finding in findings)
    if as_json:
        shape = {"v": 1, "ok": not bad, "checks": [finding._asdict() for finding in findings]}
        return json.dumps(shape, ensure_ascii=False)
    lines = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.state]} {finding.says}")
        if finding.advice:
            lines.append(f"    → {finding.advice}")
    lines.append(say("doctor.ill", lang, count=bad) if bad else say("doctor.well", lang))
    return "\n".join(lines)


def _running(folder: Path, text: Text) -> Finding:
    try:
        with locked(folder):
            says = text("Le nœud ne tourne pas.", "The node does not run.")
            return Finding("running", "note", says)
    except LockedError:
        return Finding("running", "well", text("Le nœud tourne.", "The node runs."))


def _modes(folder: Path, text: Text) -> list[Finding]:
    findings = []
    wanted = {folder: 0o700, folder / "node.key": 0o600, folder / DATABASE_NAME: 0o600}
    for path, mode in wanted.items():
        name = f"mode:{path.name if path != folder else 'folder'}"
        if not path.exists():
            says = text(f"{path} manque.", f"{path} is missing.")
            advice = text("Remettez votre copie de secours.", "Put back your backup.")
            findings.append(Finding(name, "bad", says, advice))
            continue
        found = stat.S_IMODE(path.stat().st_mode)
        if found & 0o077:
            says = text(
                f"{path} est ouvert à d'autres ({found:04o}).",
                f"{path} is open to others ({found:04o}).",
            )
            findings.append(Finding(name, "bad", says, f"chmod {mode:o} {path}"))
        else:
            says = text(f"{path} n'est qu'à vous.", f"{path} is yours alone.")
            findings.append(Finding(name, "well", says))
    return findings


def _ledger(folder: Path, text: Text) -> list[Finding]:
    """Open the database as the node does, then replay the whole log on a reader's view of it."""
    path = folder / DATABASE_NAME
    try:
        open_database(path, alone=False).close()
        says = text(
            "Base de données : WAL et synchronous=FULL.", "Database: WAL and synchronous=FULL."
        )
        findings = [Finding("database", "well", says)]
        reader = read_connection(path)
    except StoreError as error:
        advice = text("Restaurez une copie de secours.", "Restore a backup.")
        return [Finding("database", "bad", str(error), advice)]
    try:
        reader.execute("BEGIN")
        damage = rows(reader, "PRAGMA quick_check(1)")[0][0]
        if damage != "ok":
            raise StoreError(f"{path}: {damage}")
        last: int = rows(reader, "SELECT at FROM entries ORDER BY idx DESC LIMIT 1")[0][0]
        book, tree, _ = catch_up(reader, None, anew=True)
    except (StoreError, ProtocolError, sqlite3.Error, IndexError) as error:
        advice = text(
            "Ne relancez pas le nœud ; restaurez une copie de secours et prévenez un auditeur.",
            "Do not start the node; restore a backup and tell an auditor.",
        )
        return [*findings, Finding("log", "bad", str(error), advice)]
    finally:
        reader.close()
    says = text(
        f"Journal : {tree.size} inscription(s), racine égale à la tête signée, somme des soldes 0.",
        f"Log: {tree.size} entry(ies), root equal to the signed head, balances sum to 0.",
    )
    return [
        *findings,
        Finding("log", "well", says),
        _clock(last, text),
        _keys(folder, book, text),
    ]


def _clock(last: int, text: Text) -> Finding:
    now = now_s()
    if now >= max(last, _PLAUSIBLE_S):
        return Finding("clock", "well", text("Horloge vraisemblable.", "The clock is plausible."))
    says = text(
        f"L'horloge retarde : {last - now} s avant la dernière inscription.",
        f"The clock is slow: {last - now} s before the last entry.",
    )
    return Finding("clock", "bad", says, "timedatectl set-ntp true")


def _keys(folder: Path, book: Book, text: Text) -> Finding:
    advice = text("Remettez le node.key de ce nœud.", "Put back this node's own node.key.")
    try:
        keys: NodeKeys = load_keys(folder)
    except KeyFileError as error:
        return Finding("keys", "bad", str(error), advice)
    current = book.accounts.key_state(COOPERATIVE_SLOT).keys
    if keys.document_key in current and keys.log_key == book.head.charter.log:
        says = text("Les clés sont celles de la charte.", "The keys are those of the charter.")
        return Finding("keys", "well", says)
    says = text(
        "Les clés ne sont pas celles de la charte.", "The keys are not those of the charter."
    )
    return Finding("keys", "bad", says, advice)


def _space(folder: Path, text: Text) -> Finding:
    free = shutil.disk_usage(folder).free
    megabytes = free // 1_000_000
    says = text(f"Disque : {megabytes} Mo libres.", f"Disk: {megabytes} MB free.")
    if free >= FREE_BYTES_MIN:
        return Finding("disk", "well", says)
    return Finding("disk", "bad", says, text("Libérez de la place.", "Make room."))


def _auditors(settings: Settings, text: Text) -> Finding:
    count = len(settings.auditors)
    if count:
        says = text(f"Auditeurs : {count}.", f"Auditors: {count}.")
        return Finding("auditors", "well", says)
    says = text("Aucun auditeur ne peut vérifier ce nœud.", "No auditor can verify this node.")
    return Finding("auditors", "note", says, "ronde-node auditor add key1…")


async def _peers(folder: Path, settings: Settings, text: Text) -> list[Finding]:
    urls = set(settings.peers.values())
    try:
        reader = read_connection(folder / DATABASE_NAME)
        urls |= {row[0] for row in rows(reader, "SELECT url FROM peers")}
        reader.close()
    except StoreError:
        pass
    return list(await asyncio.gather(*(_peer(url, text) for url in sorted(urls))))


async def _peer(url: str, text: Text) -> Finding:
    """Ask one neighbour, and compare its clock with ours by its Date header."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_PEER_TIMEOUT_S)
    name = f"peer:{url}"
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url}/healthz", allow_redirects=False) as answer,
        ):
            date = answer.headers.get("Date", "")
            status = answer.status
        skew = int(parsedate_to_datetime(date).timestamp()) - now_s()
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        says = text(f"{url} ne répond pas.", f"{url} does not answer.")
        advice = text("Prévenez ceux qui le tiennent.", "Tell those who keep it.")
        return Finding(name, "bad", f"{says} ({type(error).__name__})", advice)
    if status != 200:
        says = text(f"{url} répond {status}.", f"{url} answers {status}.")
        return Finding(name, "bad", says, text("Est-ce bien un nœud ?", "Is it a node at all?"))
    if abs(skew) > SKEW_MAX_S:
        says = text(
            f"{url} a une horloge décalée de {skew} s de la nôtre.",
            f"{url} has a clock {skew} s away from ours.",
        )
        return Finding(name, "bad", says, "timedatectl set-ntp true")
    return Finding(name, "well", text(f"{url} répond.", f"{url} answers."))
