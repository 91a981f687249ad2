"""Is what a function says there the last thing it does? Pure; asks the source, as the answer must be known before."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType

from . import fingerprint


def is_last(frame: FrameType) -> bool:
    """Does the function of this frame end with the statement it waits in (``yield say(...)``, ``await say(...)``)?"""
    return any(first <= frame.f_lineno <= last for first, last in _last_lines(frame.f_code))


@lru_cache(maxsize=1000)
def _last_lines(code: CodeType) -> tuple[tuple[int, int], ...]:
    """Lines of the statements after which a function has nothing to do; none if its source is not there."""
    try:
        tree = fingerprint.parse(code.co_filename)
    except (OSError, SyntaxError, ValueError):
        return ()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _first_line(node) == code.co_firstlineno:
            return tuple(_tails(node.body))
    return ()


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _tails(body: list[ast.stmt]) -> Iterator[tuple[int, int]]:
    match body[-1] if body else None:
        case ast.Expr(value=ast.Yield() | ast.Await(), lineno=first, end_lineno=int(last)):
            yield first, last
        case ast.If(body=then, orelse=other):
            yield from _tails(then)
            yield from _tails(other)
