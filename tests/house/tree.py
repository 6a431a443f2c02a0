"""The files that the house is measured on, read once for all house tests."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CORE = ("protocol", "federation")
SHELLS = ("node", "cli")
PRODUCT = CORE + SHELLS
SPEC = ROOT / "spec"
# What is made by tools, fetched, or version control's own.
_NOT_OURS = {".git", ".venv", "build", "dist", "__pycache__", ".hypothesis"}
_QUOTE = re.compile(r"# Spec (\d{4}): (.+)")


class Quote(NamedTuple):
    """A sentence of a spec document that a comment repeats."""

    path: Path
    line: int
    document: str
    text: str


def sources(*folders: str) -> list[Path]:
    """Return the Python files under these folders of the checkout, in order of path."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not _is_made(path))


def all_files() -> Iterator[Path]:
    """Yield every file of the checkout that a person wrote."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not _is_made(path):
            yield path


def _is_made(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in _NOT_OURS or part.endswith("_cache") for part in parts)


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Say where something stands, as an editor can open it."""
    line = getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT)}:{line}"


def fold(text: str) -> str:
    """Return the text with every run of white space made one space."""
    return " ".join(text.split())


def quotes_in(source: str, path: Path) -> Iterator[Quote]:
    """Yield each `# Spec NNNN: …` of a source text, up to the end of its sentence.

    A sentence may go on over the next comment lines; what follows its full stop is our own words.
    """
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for line, comment in comments.items():
        if (match := _QUOTE.match(comment)) is None:
            continue
        text, following = match[2].strip(), line + 1
        while not text.endswith((".", "!", "?")) and following in comments:
            if _QUOTE.match(comments[following]):
                break
            text += " " + comments[following].lstrip("# ").strip()
            following += 1
        yield Quote(path, line, match[1], fold(text))


def quotes() -> list[Quote]:
    """Return every quote of the spec in product and tests, the house's own samples left out."""
    files = [path for path in sources(*PRODUCT, "tests") if "house" not in path.parts]
    return [quote for path in files for quote in quotes_in(path.read_text(encoding="utf-8"), path)]


def documents() -> dict[str, str]:
    """Return the text of each numbered spec document, white space folded."""
    found: dict[str, str] = {}
    for path in sorted(SPEC.glob("[0-9][0-9][0-9][0-9]-*.md")):
        number = path.name[:4]
        assert number not in found, f"two documents are numbered {number}"
        found[number] = fold(path.read_text(encoding="utf-8"))
    return found
