"""What an audit says to a person or to a script."""

import sys
from typing import Final

from cli.audit_verify import Verdict
from cli.choices import Language, uses_colour
from cli.screen import amount, emit_json, for_json, note, result
from cli.sentences import say
from cli.sentences_audit import BREACHES, FINDINGS, RECORD_WORDS
from federation.findings import Code, Finding
from protocol.identifiers import TextKind, to_text
from protocol.ledger.refusals import Refusal

_MONEY: Final = frozenset(
    {"amount", "excess", "here", "late", "net", "owed", "stated", "sum", "there", "written"}
)
_FILES: Final = frozenset({Code.FILE_BROKEN, Code.FILE_MISSING, Code.LOG_TWICE})
_MIRRORS: Final = ("line.", "mirror.", "setoff.")
_WIDTH: Final = 88


def sentence_of(finding: Finding, decimals: int, lang: Language) -> str:
    """Return the sentence of a finding: whose paper, which record, what does not hold.

    Args:
        finding: One finding.
        decimals: Decimals of the unit, for its amounts.
        lang: French or English.
    """
    fields: dict[str, str | int] = dict(finding.fields)
    for name in _MONEY & fields.keys():
        fields[name] = amount(int(fields[name]), decimals, lang)
    refusal = fields.get("refusal")
    if isinstance(refusal, str):
        french, english = BREACHES.get(Refusal[refusal], (refusal, refusal))
        fields["why"] = french if lang == "fr" else english
    record = finding.record
    if lang == "fr" and finding.code not in _FILES:
        record = " ".join(RECORD_WORDS.get(word, word) for word in record.split(" "))
    french, english = FINDINGS[finding.code]
    text = (french if lang == "fr" else english).format(**fields, record=record)
    if not finding.node:
        return text
    return f"{finding.node} : {text}" if lang == "fr" else f"{finding.node}: {text}"


def show_json(verdict: Verdict, lang: Language) -> None:
    """Print the documented object, version 1 (spec 0015)."""
    decimals = _decimals(verdict)
    emit_json(
        {
            "v": 1,
            "exit": int(verdict.exit_code),
            "signatures": verdict.signatures,
            "entries": verdict.entries(),
            "nodes": [
                {
                    "name": log.name,
                    "cooperative": to_text(TextKind.COOPERATIVE, log.cooperative)
                    if log.cooperative
                    else "",
                    "entries": log.entries,
                    "signatures": log.signatures,
                    "sum": for_json(log.sum, log.decimals),
                }
                for log in verdict.logs
            ],
            "rounds": len(verdict.rounds),
            "findings": [
                {
                    "level": str(finding.level),
                    "code": str(finding.code),
                    "node": finding.node,
                    "record": finding.record,
                    "text": sentence_of(finding, decimals, lang),
                }
                for finding in verdict.findings
            ],
        }
    )


def show(verdict: Verdict, lang: Language) -> None:
    """Print what was verified, what is to be known, and what failed, the loudest last."""
    for log in verdict.logs:
        line = say(
            "audit.log",
            lang,
            name=log.name,
            entries=amount(log.entries, 0, lang),
            signatures=amount(log.signatures, 0, lang),
        )
        _line(not any(finding in log.findings for finding in verdict.failures), line)
    codes = [str(finding.code) for finding in verdict.failures]
    count = amount(verdict.signatures, 0, lang)
    signed = not any(code in {"entry.signature", "round.paper", "checkpoint.bad"} for code in codes)
    _line(signed, say("audit.signatures", lang, count=count))
    chained = not any(code.startswith(("entry.", "file.", "log.", "checkpoint.")) for code in codes)
    _line(chained, say("audit.chains", lang))
    # Of an entry that does not hold nobody can say what it would have done to the sum.
    summed = not any(code.startswith(("entry.", "book.", "file.", "log.")) for code in codes)
    _line(summed, say("audit.sum", lang))
    mirrored = summed and not any(code.startswith(_MIRRORS) for code in codes)
    _line(mirrored, say("audit.mirrors", lang, count=verdict.pairs))
    cleared = not any(code.startswith("round.") for code in codes)
    _line(cleared, say("audit.rounds", lang, count=len(verdict.rounds)))
    decimals = _decimals(verdict)
    for finding in verdict.findings[len(verdict.failures) :]:
        result("· " + say("audit.notice", lang, text=sentence_of(finding, decimals, lang)))
    if verdict.failures:
        _shout(verdict, decimals, lang)
    else:
        result(say("audit.passed", lang))


def _decimals(verdict: Verdict) -> int:
    return max((log.decimals for log in verdict.logs), default=0)


def _line(holds: bool, text: str) -> None:
    result(f"{'✔' if holds else '✘'} {text}")


def _first_of_each(failures: list[Finding]) -> list[Finding]:
    firsts: dict[str, Finding] = {}
    for finding in failures:
        firsts.setdefault(finding.node, finding)
    return list(firsts.values())


def _shout(verdict: Verdict, decimals: int, lang: Language) -> None:
    """Print the red box: the loudest message of the program."""
    title = say("audit.failed", lang)
    lines = [say("audit.failed_count", lang, count=len(verdict.failures))]
    lines += [sentence_of(one, decimals, lang) for one in _first_of_each(verdict.failures)]
    sys.stdout.flush()
    if not sys.stderr.isatty():
        note("\n".join([title, *lines]))
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console(stderr=True, no_color=not uses_colour(True), width=None)
    box = Panel(
        Text("\n".join(lines)),
        title=Text(title, style="bold"),
        border_style="bold red",
        style="red",
        width=min(_WIDTH, console.width),
    )
    console.print(box)
