"""The spec and the code hold each other: quotes word for word, vectors all run, words all said."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

from tests.house.spec_coverage import must_sentences
from tests.house.tree import ROOT, SPEC, documents, parsed, place, quotes, quotes_in, sources

VECTORS = SPEC / "vectors"


def claims(tree: ast.Module) -> list[str]:
    """Return the folders that a runner claims: VECTORS = "0007-log" or a list of such names."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="VECTORS")], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id="VECTORS"), value=ast.expr() as value):
                pass
            case _:
                continue
        claimed = ast.literal_eval(value)
        return [claimed] if isinstance(claimed, str) else list(claimed)
    return []


def test_every_quote_of_the_spec_is_word_for_word() -> None:
    texts = documents()
    wrong = [
        f"{place(quote.path)[:-1]}{quote.line}: not in {quote.document}: {quote.text}"
        for quote in quotes()
        if quote.text not in texts.get(quote.document, "")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_quote_may_go_on_over_lines_and_ends_with_its_sentence() -> None:
    source = "# Spec 0007: The reader MUST refuse\n#   an empty log.\n# Our own words.\nx = 1\n"
    assert [quote.text for quote in quotes_in(source, Path("x.py"))] == [
        "The reader MUST refuse an empty log."
    ]


def test_a_must_inside_an_example_is_not_a_rule() -> None:
    text = "- The writer MUST sign\n  each page.\n```\nMUST\n```\nMUSTARD.\nIt MUST end."
    assert must_sentences(text) == [(1, "The writer MUST sign each page."), (7, "It MUST end.")]


def test_every_vector_folder_is_claimed_by_one_runner() -> None:
    claimed = Counter(
        name
        for path in sources("tests/vectors")
        if path.name.startswith("test_")
        for name in claims(parsed(path))
    )
    folders = {path.name for path in VECTORS.glob("*") if path.is_dir()}
    assert {name: count for name, count in claimed.items() if count > 1} == {}
    assert set(claimed) == folders


def test_every_vector_file_says_what_it_is_about() -> None:
    wrong = []
    for folder in sorted(path for path in VECTORS.glob("*") if path.is_dir()):
        files = sorted(folder.glob("*.json"))
        if not files or not (folder / "README.md").is_file():
            wrong.append(f"{folder.name}: a README.md and a JSON file are asked for")
        for path in files:
            content = json.loads(path.read_text(encoding="utf-8"))
            names = [case.get("name") for case in content.get("cases", [])]
            if not {"spec", "about", "cases"} <= set(content) or not all(names):
                wrong.append(f"{path.relative_to(ROOT)}: spec, about, cases and their names")
            elif len(set(names)) != len(names):
                wrong.append(f"{path.relative_to(ROOT)}: two cases have one name")
    assert not wrong, "\n".join(wrong)


def test_every_document_is_in_the_index() -> None:
    index = (SPEC / "0000-index.md").read_text(encoding="utf-8")
    files = [*SPEC.glob("[0-9][0-9][0-9][0-9]-*.md"), *(SPEC / "decisions").glob("*.md")]
    names = [path.relative_to(SPEC).as_posix() for path in sorted(files)]
    assert [name for name in names if f"({name})" not in index and name != "0000-index.md"] == []


def test_every_link_of_the_index_leads_to_a_file() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (SPEC / "0000-index.md").read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (SPEC / target).is_file()] == []
