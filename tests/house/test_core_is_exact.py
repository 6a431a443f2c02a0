"""The core counts in whole units and depends on nothing but its arguments."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import CORE, parsed, place, sources


def inexact(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield each float literal, complex literal, use of the name float or Decimal, and each `/`."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node
            case ast.Name(id="float" | "complex" | "Decimal"):
                yield node
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node
            case ast.Attribute(attr="truediv" | "itruediv"):
                yield node


def over_a_set(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield each loop that runs straight over a set: its order is nobody's promise."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            match node.iter:
                case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                    yield node.iter


def _everywhere(path: Path) -> list[str]:
    tree = parsed(path)
    return [place(path, node) for node in (*inexact(tree), *over_a_set(tree))]


def test_the_core_has_no_float_no_division_and_no_order_of_a_set() -> None:
    wrong = [found for path in sources(*CORE) for found in _everywhere(path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("line", ["x = 0.5", "x = a / b", "x /= 2", "x = float(y)", "x: float"])
def test_the_measure_sees(line: str) -> None:
    assert list(inexact(ast.parse(line)))


def test_the_measure_sees_a_loop_over_a_set() -> None:
    assert list(over_a_set(ast.parse("for x in set(names): pass")))
    assert not list(over_a_set(ast.parse("for x in sorted(set(names)): pass")))
