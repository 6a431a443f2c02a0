"""List the MUST sentences of the spec that no code quotes: `make spec-coverage`."""

import re
import sys
from pathlib import Path

from tests.house.tree import ROOT, SPEC, fold, quotes

_FENCE = re.compile(r"^\s*```")
_BULLET = re.compile(r"^\s*(?:[-*]|\d+\.|\|)\s+")


def must_sentences(text: str) -> list[tuple[int, str]]:
    """Return (line number, sentence) of each line that says MUST, outside code blocks."""
    found: list[tuple[int, str]] = []
    in_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            in_code = not in_code
        elif not in_code and re.search(r"\bMUST\b", line):
            found.append((number, fold(_BULLET.sub("", line))))
    return found


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
    total = bare = 0
    for path in sorted(SPEC.glob("[0-9][0-9][0-9][0-9]-*.md")):
        quoted = [quote.text for quote in quotes() if quote.document == path.name[:4]]
        count, missing = uncovered(path, quoted)
        total, bare = total + count, bare + len(missing)
        for line, sentence in missing:
            print(f"{path.relative_to(ROOT)}:{line}: {sentence}")
    print(f"{total - bare} of {total} MUST sentences are quoted in the code")
    return 0


if __name__ == "__main__":
    sys.exit(main())
