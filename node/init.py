"""The five questions of `ronde-node init`: asked on a terminal, or answered by flags."""

import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from node.clock import now_s
from node.founding import FoundingError, found_cooperative, network_of
from node.words import Language, say
from protocol.amounts import AmountError, format_amount, parse_amount, to_decimal_text
from protocol.errors import EncodingError
from protocol.identifiers import TextKind, from_text, to_text

DEFAULT_URL: Final = "http://127.0.0.1:8480"
DEFAULT_UNIT: Final = "UEB"
DEFAULT_LIMIT: Final = "150"
CEILING_TIMES: Final = 10


class Terms(NamedTuple):
    """What was agreed: amounts in minor units, officers as public keys."""

    name: str
    unit: str
    decimals: int
    credit_limit: int
    ceiling: int
    officers: list[bytes]
    officers_needed: int


class Made(NamedTuple):
    """What was founded, as a sentence and as a documented shape."""

    sentence: str
    shape: dict[str, object]


def _ask(
    lang: Language, given: Mapping[str, Any], flag: str, word: str, default: str | None
) -> str:
    """Return a flag's value, or the answer of the person at the terminal."""
    value = given[flag.removeprefix("--").replace("-", "_")]
    if value:
        return " ".join(value) if isinstance(value, tuple) else str(value)
    if not sys.stdin.isatty():
        raise FoundingError("init.missing", flag=flag)
    suffix = " : " if lang == "fr" else ": "
    answer: str = click.prompt(say(word, lang), default=default, prompt_suffix=suffix, err=True)
    return answer.strip()


def _amount(text: str, decimals: int) -> int:
    try:
        return parse_amount(text, decimals)
    except AmountError as error:
        raise FoundingError("init.bad_amount", text=text) from error


def _keys(text: str) -> list[bytes]:
    keys = []
    for part in text.replace(",", " ").split():
        try:
            keys.append(from_text(TextKind.KEY, part))
        except EncodingError as error:
            raise FoundingError("init.bad_key", str(error), text=part) from error
    return sorted(set(keys))


def found_from(lang: Language, folder: Path, given: Mapping[str, Any]) -> Made:
    """Found a cooperative from flags and answers.

    Args:
        lang: Language of questions and answer.
        folder: Absent, or empty.
        given: The flags of `ronde-node init` by name.

    Raises:
        FoundingError: an answer is missing or does not fit, or the folder is not empty.
        SettingsError: the address is none.
        OSError: the disk refused.
    """
    # Before anything is asked: five answers for nothing would be unkind.
    if folder.exists() and any(folder.iterdir()):
        raise FoundingError("init.folder_exists")
    decimals: int = given["decimals"]
    # Some terminals type é as e and an accent; the spec has one form of every text.
    name = unicodedata.normalize("NFC", _ask(lang, given, "--name", "init.ask_name", None))
    url = _ask(lang, given, "--url", "init.ask_url", DEFAULT_URL)
    unit = _ask(lang, given, "--unit", "init.ask_unit", DEFAULT_UNIT)
    limit = _amount(_ask(lang, given, "--credit-limit", "init.ask_limit", DEFAULT_LIMIT), decimals)
    ceiling = _amount(given["ceiling"], decimals) if given["ceiling"] else CEILING_TIMES * limit
    officers = _keys(_ask(lang, given, "--officer", "init.ask_officers", None))
    needed: int = given["officers_needed"] or len(officers) // 2 + 1
    if not 1 <= needed <= len(officers):
        raise FoundingError("init.officers_needed", count=len(officers), needed=needed)
    cooperative = found_cooperative(
        folder,
        name=name,
        url=url,
        unit=unit,
        decimals=decimals,
        credit_limit=limit,
        ceiling=ceiling,
        officers=officers,
        officers_needed=needed,
        network=network_of(given["federation"]),
        auditors=_keys(" ".join(given["auditor"])),
        now_s=now_s(),
    )
    terms = Terms(name, unit, decimals, limit, ceiling, officers, needed)
    return _told(lang, folder, to_text(TextKind.COOPERATIVE, cooperative), terms)


def _told(lang: Language, folder: Path, identifier: str, terms: Terms) -> Made:
    name, unit, decimals, limit, ceiling, officers, needed = terms
    separator = "," if lang == "fr" else "."
    sentence = say(
        "init.done",
        lang,
        name=name,
        cooperative=identifier,
        unit=unit,
        decimals=decimals,
        limit=format_amount(limit, decimals, separator=separator),
        ceiling=format_amount(ceiling, decimals, separator=separator),
        needed=needed,
        count=len(officers),
        folder=str(folder),
        next=f"ronde-node run --folder {folder}",
    )
    shape: dict[str, object] = {
        "v": 1,
        "cooperative": identifier,
        "name": name,
        "unit": unit,
        "decimals": decimals,
        "credit_limit": to_decimal_text(limit, decimals),
        "ceiling": to_decimal_text(ceiling, decimals),
        "officers": [to_text(TextKind.KEY, key) for key in officers],
        "officers_needed": needed,
        "folder": str(folder),
    }
    return Made(sentence, shape)
