"""The source of a script as it was loaded: which of its lines the script waits at, and what stands there."""

import ast
import os
from collections.abc import Callable
from functools import lru_cache
from types import FrameType
from typing import Any

from . import fingerprint

#: Characters of a statement that are shown.
MOST_CODE = 200


class Names(dict[str, str | None]):
    """Files of code objects → as seen from the script's folder; None for those that are not the script's own."""

    def __missing__(self, file: str) -> str | None:
        self[file] = name = self.get(os.path.abspath(file))  # `python hello.py` names it as it was typed
        return name


class Source:
    """The files of a script's own modules, read when the script is registered: they may change while it runs.

    Attributes:
        name: of the script: its file, as people call it.
        names: of files.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        own = fingerprint.files(fn)
        self._folder = os.path.dirname(own[0]) if own else ""
        self._texts = {self._short(file): _read(file) for file in own}
        self.names = Names({file: self._short(file) for file in own})
        if not own:  # typed into an interpreter: the code alone is there
            self.names[fn.__code__.co_filename] = fn.__code__.co_filename
        file = next(iter(self.names))
        is_package = os.path.basename(file) == "__init__.py"
        self.name = f"{os.path.basename(self._folder)}/__init__.py" if is_package else os.path.basename(file)

    def _short(self, file: str) -> str:
        return os.path.relpath(file, self._folder)

    def place(self, frame: FrameType) -> str:
        """``file:line`` at which it stands; empty if it is not the script's own."""
        file = self.names[frame.f_code.co_filename]
        return "" if file is None else f"{file}:{frame.f_lineno}"

    def code(self, place: str) -> str:
        """The statement at ``file:line`` in one line of text; empty if it is not of this source."""
        file, _, line = place.rpartition(":")
        text = self._texts.get(file, "")
        return _statement(text, int(line)) if text else ""


def _read(file: str) -> str:
    with open(file, "rb") as source:
        return source.read().decode(errors="replace")


def _statement(text: str, line: int) -> str:
    """
    >>> _statement('def f():\\n    yield say(\\n        "Да?",\\n    )', 2)
    'yield say( "Да?", )'
    """
    around = [(first, last) for first, last in _simple_statements(text) if first <= line <= last]
    first, last = around[-1] if around else (line, line)
    return " ".join(" ".join(text.splitlines()[first - 1 : last]).split())[:MOST_CODE]


@lru_cache(maxsize=64)
def _simple_statements(text: str) -> list[tuple[int, int]]:
    """First and last line of each statement that holds no others."""
    try:
        nodes = ast.walk(ast.parse(text))
    except (SyntaxError, ValueError):
        return []  # it is changed at this very moment
    simple = [node for node in nodes if isinstance(node, ast.stmt) and not {"body", "cases"} & set(node._fields)]
    return [(node.lineno, node.end_lineno or node.lineno) for node in simple]
