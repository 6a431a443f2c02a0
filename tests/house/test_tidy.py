"""Tidiness is a test: short files, short functions, words that say something, a docstring each."""

import ast
import importlib.metadata
import re
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import PRODUCT, ROOT, all_files, parsed, place, sources

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
BANNED = {
    "handler", "handlers", "manager", "managers", "service", "services", "util", "utils",
    "helper", "helpers", "processor", "processors", "data", "info", "obj", "misc",
}  # fmt: skip
# A callback of asyncio has the name that asyncio calls.
GIVEN_BY_OTHERS = {"data_received"}
# Written in pieces, so that this file does not name what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("crates", "io"), ("proxy", "golang"), ("rubygems", "org"), ("deb", "debian"),
        ("conda", "anaconda"), ("maven", "org"),
    )
)  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def words(name: str) -> set[str]:
    """Split a name of either style into its words."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def is_banned(name: str) -> bool:
    if name in GIVEN_BY_OTHERS:
        return False
    return bool(words(name) & BANNED) or name.startswith("do_")


def without_docstring(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the module, public classes, functions and methods that say nothing of themselves."""
    if ast.get_docstring(tree) is None:
        yield tree
    waiting: list[ast.Module | ast.ClassDef] = [tree]
    while waiting:
        for node in waiting.pop().body:
            if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
                continue
            marks = {ast.unparse(mark).split(".")[-1] for mark in node.decorator_list}
            if ast.get_docstring(node) is None and not marks & {"overload", "override"}:
                yield node
            if isinstance(node, ast.ClassDef):
                waiting.append(node)


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {
        place(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources(*PRODUCT, "tests")
    }
    assert {where: n for where, n in lengths.items() if n > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_sixty_lines() -> None:
    lengths = {
        f"{place(path, node)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in sources(*PRODUCT, "tests")
        for node in functions(parsed(path))
    }
    assert {where: n for where, n in lengths.items() if n > FUNCTION_LINES_MAX} == {}


def test_names_say_what_a_thing_is() -> None:
    named = [place(path) for path in sources(*PRODUCT, "tests") if is_banned(path.stem)]
    for path in sources(*PRODUCT):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef | Function) and is_banned(node.name):
                named.append(f"{place(path, node)} {node.name}")
    assert not named, "\n".join(named)


def test_every_public_thing_has_a_docstring() -> None:
    silent = [
        f"{place(path, node)} {getattr(node, 'name', '')}"
        for path in sources(*PRODUCT)
        for node in without_docstring(parsed(path))
    ]
    assert not silent, "\n".join(silent)


def test_every_package_file_is_one_docstring() -> None:
    others = []
    for path in sources(*PRODUCT):
        if path.name == "__init__.py":
            body = parsed(path).body
            if len(body) != 1 or ast.get_docstring(parsed(path)) is None:
                others.append(place(path))
    assert not others, "\n".join(others)


def test_every_folder_of_the_product_is_a_package_and_none_of_the_tests() -> None:
    folders = {path.parent for path in sources(*PRODUCT)}
    bare = [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert not bare, "\n".join(bare)
    assert [place(path) for path in sources("tests") if path.name == "__init__.py"] == []


def test_no_host_of_a_package_index_is_named_anywhere() -> None:
    naming = []
    for path in all_files():
        text = path.read_text(encoding="utf-8", errors="ignore").lower()
        naming += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRY_HOSTS if host in text]
    assert not naming, "\n".join(naming)


def test_the_pins_hold_no_option_and_hash_every_package() -> None:
    entries = re.split(r"\n(?=[a-z])", (ROOT / "constraints.txt").read_text(encoding="utf-8"))
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert packages
    assert [entry for entry in packages if "==" not in entry or "sha256:" not in entry] == []
    lines = "\n".join(entries).splitlines()
    assert [line for line in lines if line.startswith("-") or "://" in line] == []


def test_a_package_that_is_asked_for_with_extras_is_pinned_with_them() -> None:
    # Where one asks for `coverage[toml]` and only `coverage` is pinned, pip 23 takes the newest
    # release there is, then refuses it for want of a hash: it works until the next release.
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {
        canonicalize_name(pin.name): pin.extras
        for pin in map(Requirement, re.findall(r"^([a-z][^ ]+==[^ ;]+)", pins, re.MULTILINE))
    }
    asked = [
        (name, need)
        for name in pinned
        for need in map(Requirement, _needs(name))
        if need.extras and (need.marker is None or need.marker.evaluate({"extra": ""}))
    ]
    assert asked
    assert [
        f"{name} asks for {need}"
        for name, need in asked
        if need.extras - pinned[canonicalize_name(need.name)]
    ] == []


def _needs(name: str) -> list[str]:
    """What an installed package asks for; nothing where it is for another Python."""
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def test_the_measure_sees_a_banned_word_in_either_style() -> None:
    assert is_banned("PeerHandler")
    assert is_banned("load_data")
    assert is_banned("do_pay")
    assert not is_banned("database")
    assert not is_banned("HTTPDoor")


def test_the_measure_sees_a_missing_docstring() -> None:
    lines = ('"A room."', "class Book:", "    def apply(self): ...", "    def _own(self): ...")
    tree = ast.parse("\n".join(lines))
    assert [getattr(node, "name", "") for node in without_docstring(tree)] == ["Book", "apply"]
