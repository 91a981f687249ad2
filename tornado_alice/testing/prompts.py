"""Which prompts of a script no test has heard.

Found in the source are the calls that make one (`PROMPTS`); heard are those that the engine gets, known by the line of
the author's code that has made them. A line is the finest that is told apart.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import NamedTuple

from ..fingerprint import parse
from ..frames import is_authors
from ..unheard import Command, on_heard, on_made

#: What makes a prompt.
PROMPTS = frozenset({"say", "ask", "purchase", "link_account", "locate"})


class Prompt(NamedTuple):
    """A call in a script that makes a prompt.

    Attributes:
        code: the beginning of its source.
    """

    file: str
    line: int
    code: str


class Hearing:
    """Hears what scripts say, from `start` to `stop`.

    Attributes:
        heard: file and line of each.
    """

    def __init__(self) -> None:
        self.heard: set[tuple[str, int]] = set()

    def start(self) -> None:
        """Begin to listen."""
        on_made.append(_mark)
        on_heard.append(self._hear)

    def stop(self) -> None:
        """Listen no more."""
        on_made.remove(_mark)
        on_heard.remove(self._hear)

    def _hear(self, command: Command) -> None:
        place = getattr(command, "made_at", None)
        if place is not None:
            self.heard.add(place)


def _mark(command: Command) -> None:
    """Write on it where it was made: it must not live longer because of this, `unheard` sees it die."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_authors(frame):
        frame = frame.f_back
    if frame is not None:
        object.__setattr__(command, "made_at", (frame.f_code.co_filename, frame.f_lineno))


def prompts(file: str) -> list[Prompt]:
    """The prompts in a file, from the first line to the last."""
    tree = parse(file)
    names, modules = _imported(tree)
    found: dict[int, Prompt] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _makes_prompt(node.func, names, modules):
            found.setdefault(node.lineno, Prompt(file, node.lineno, ast.unparse(node)))
    return [found[line] for line in sorted(found)]


def _imported(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names that stand for one of PROMPTS, and names of the package."""
    names, modules = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "tornado_alice":
            names |= {alias.asname or alias.name for alias in node.names if alias.name in PROMPTS}
        elif isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "tornado_alice"}
    return names, modules


def _makes_prompt(func: ast.expr, names: set[str], modules: set[str]) -> bool:
    if isinstance(func, ast.Name):
        return func.id in names
    return (
        isinstance(func, ast.Attribute)
        and func.attr in PROMPTS
        and isinstance(func.value, ast.Name)
        and func.value.id in modules
    )


def unheard(files: Iterable[str], heard: set[tuple[str, int]]) -> Iterator[Prompt]:
    """The prompts in these files that were not heard."""
    for file in sorted(files):
        yield from (prompt for prompt in prompts(file) if (file, prompt.line) not in heard)
