"""The independent auditor of the demonstration: two commands, each a process of its own."""

import json
from pathlib import Path
from typing import Final

from cli.demo_ring import AUDITOR, PASSPHRASE_FILE
from cli.demo_town import Town
from cli.failures import ExitCode, Failure

PAPERS_FOLDER: Final = "audit"
FETCH_LOG: Final = "audit.log"
LOG_LINES: Final = 6


def audit_town(town: Town) -> dict[str, object]:
    """Run the auditor: a process that knows the nodes' addresses and its own key, nothing else."""
    papers, log = town.folder / PAPERS_FOLDER, town.folder / FETCH_LOG
    urls = [node.url for node in town.nodes]
    wallet = ["--home", str(town.folder / AUDITOR)]
    secret = ["--passphrase-file", str(town.folder / PASSPHRASE_FILE)]
    words = ["audit", "fetch", *urls, "-o", str(papers), *wallet, *secret]
    code, _ = town.run_beside(words, log)
    if code != 0:
        known = code in {int(one) for one in ExitCode}
        kind = ExitCode(code) if known else ExitCode.NETWORK
        raise Failure(kind, "demo.fetch_failed", status=code, lines=_last_lines(log))
    code, printed = town.run_beside(["audit", "verify", str(papers), "--json"], log)
    try:
        verdict = json.loads(printed)
        return {
            "exit": code,
            "signatures": verdict["signatures"],
            "findings": verdict["findings"],
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(
            ExitCode.VERIFICATION_FAILED,
            "demo.verdict_unreadable",
            status=code,
            lines=_last_lines(log),
        ) from error


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join(f"    {line}" for line in lines)
