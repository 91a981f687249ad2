"""Sub-scripts that are called and not run: ``city()`` without ``yield from``, and what then would be heard. Pure."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from . import fingerprint

#: What runs a call of a generator function, and of a coroutine function.
_FROM, _AWAIT = "yield from {0}(...)", "await {0}(...), or step({0}, ...) if it does not talk"
#: What Python shows of an object that nobody has run, and the engine of a step that nobody has yielded.
_UNRUN = re.compile(
    r"<(?:generator|coroutine|async_generator) object (\S+) at 0x\w+>|Step\(fn=<function (\S+) at 0x\w+>"
)


def remedy(value: Any) -> str | None:
    """What to write instead of a generator or coroutine that was never run; it is closed. None for anything else.

    >>> def city():
    ...     yield say("В каком городе?")
    >>> remedy(city())
    'write yield from city(...)'
    """
    if inspect.isgenerator(value):
        value.close()
        return f"write {_FROM.format(value.__name__)}"
    if inspect.iscoroutine(value):
        value.close()
        return f"write {_AWAIT.format(value.__name__)}"
    if inspect.isasyncgen(value):
        return f"make {value.__name__} an async def with `await say(...)`, and write await {value.__name__}(...)"
    return None


def unrun(text: str) -> tuple[str, str] | None:
    """What a text shows of a call that was made and not run, and what to write instead.

    >>> unrun("Ваш город: <generator object city at 0x7f31>")
    ('<generator object city at 0x7f31>', 'yield from city(...)')
    """
    found = _UNRUN.search(text)
    if found is None:
        return None
    function, step = found.groups()
    if step is not None:
        return found.group(), "x = yield step(...)"
    how = _AWAIT if found.group().startswith("<coroutine") else _FROM
    return found.group(), how.format(function.rpartition(".")[2])


def forgotten(fn: Callable[..., Any]) -> list[tuple[str, str]]:
    """Statements of the script's own modules that call a sub-script and throw it away: (place, remark)."""
    return [remark for file in fingerprint.files(fn) for remark in _forgotten(file, fingerprint.parse(file))]


def _forgotten(file: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    subscripts = _subscripts(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in subscripts:
                yield f"{file}:{node.lineno}", f"{name}(...) alone runs nothing. Write {subscripts[name].format(name)}"


def _subscripts(tree: ast.Module) -> dict[str, str]:
    """Undecorated functions of a module whose call runs nothing, and what runs it; without names that mean more."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list and not _yields(node):
            found[node.name] = _AWAIT
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list and _yields(node):
            found[node.name] = _FROM
    bound = [name for node in ast.walk(tree) for name in _binds(node)]
    return {name: how for name, how in found.items() if bound.count(name) == 1}


def _yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return False


def _binds(node: ast.AST) -> Iterator[str]:
    """Names that a node gives a meaning."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name
