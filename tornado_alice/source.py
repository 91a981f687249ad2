"""The source of a script as it was loaded: which of its lines the script waits at, and what stands there."""

import ast
import os
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from . import fingerprint

#: Characters of a statement that are shown.
MOST_CODE = 200


class Source:
    """The files of a script's own modules, read when the script is registered: they may change while it runs.

    Attributes:
        name: of the script: its file, as people call it.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        own = fingerprint.files(fn)
        self._folder = os.path.dirname(own[0]) if own else ""
        self._texts = {self._short(file): _read(file) for file in own}
        self._names: dict[str, str | None] = {file: self._short(file) for file in own}
        self._places: dict[tuple[int, int], tuple[CodeType, str]] = {}
        if not own:  # typed into an interpreter: the code alone is there
            self._names[fn.__code__.co_filename] = fn.__code__.co_filename
        file = next(iter(self._names))
        is_package = os.path.basename(file) == "__init__.py"
        self.name = f"{os.path.basename(self._folder)}/__init__.py" if is_package else os.path.basename(file)

    def _short(self, file: str) -> str:
        return os.path.relpath(file, self._folder)

    def file(self, filename: str) -> str | None:
        """A file of code objects, relative to the script's folder; None if it is not the script's own."""
        try:
            return self._names[filename]
        except KeyError:
            path = os.path.abspath(filename)  # `python hello.py` names it as it was typed
            self._names[filename] = name = self._names.get(path)
            return name

    def place(self, frame: FrameType) -> str:
        """``file:line`` at which it stands; empty if it is not the script's own."""
        code, at = frame.f_code, frame.f_lasti
        known = self._places.get((id(code), at))
        if (
            known is None
        ):  # from an instruction to its line it is a search; the code is kept, so that no other has its id
            file = self.file(code.co_filename)
            known = self._places[id(code), at] = (code, "" if file is None else f"{file}:{frame.f_lineno}")
        return known[1]

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
