"""List the MUST sentences of the spec that no code quotes: `make spec-coverage`."""

import re
import sys
from pathlib import Path

from tests.house.tree import ROOT, SPEC, fold, quotes

_FENCE = re.compile(r"^\s*```")
_BULLET = re.compile(r"^\s*(?:[-*]|\d+\.|\|)\s+")


def must_sentences(text: str) -> list[tuple[int, str]]:
    """Return (line number, sentence) of each sentence that says MUST, outside code blocks.

    A sentence begins on its own line, and may go on over the following lines of its paragraph.
    """
    found: list[tuple[int, str]] = []
    in_code, open_number, open_text = False, 0, ""
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        begins = not line.strip() or in_code or _FENCE.match(line) or _BULLET.match(line)
        if open_text and (begins or open_text.endswith((".", ":", "|"))):
            found.append((open_number, fold(open_text)))
            open_text = ""
        if _FENCE.match(line):
            in_code = not in_code
        elif open_text:
            open_text += " " + line.strip()
        elif not in_code and line.strip():
            open_number, open_text = number, _BULLET.sub("", line).strip()
    return [(number, sentence) for number, sentence in found if re.search(r"\bMUST\b", sentence)]


def uncovered(path: Path, quoted: list[str]) -> tuple[int, list[tuple[int, str]]]:
    """Return how many MUST sentences a document has, and those without a quote."""
    sentences = must_sentences(path.read_text(encoding="utf-8"))
    missing = [
        (line, sentence)
        for line, sentence in sentences
        if not any(quote in sentence or sentence in quote for quote in quoted)
    ]
    return len(sentences), missing


def main() -> int:
    """Print the list and a closing count; never a failure, a list to work on."""
    every_quote = quotes()
    total = bare = 0
    for path in sorted(SPEC.glob("[0-9][0-9][0-9][0-9]-*.md")):
        quoted = [quote.text for quote in every_quote if quote.document == path.name[:4]]
        count, missing = uncovered(path, quoted)
        total, bare = total + count, bare + len(missing)
        for line, sentence in missing:
            print(f"{path.relative_to(ROOT)}:{line}: {sentence}")
    print(f"{total - bare} of {total} MUST sentences are quoted in the code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
