"""The script's own modules: what makes its version, and what is known of it from its source.

A script's own modules are its file and everything its file imports, however deep, that lies in the script's folder
tree. What is installed (site-packages, a virtual environment inside the folder) is not the script's own.
"""

import ast
import inspect
import os
import random
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b
from types import ModuleType
from typing import Any

from . import media

Function = Callable[..., Any]

#: Folders that hold what is installed, wherever they lie.
INSTALLED = ("site-packages", "dist-packages", ".venv", "venv", ".tox", "node_modules")


def files(fn: Function) -> list[str]:
    """Files of the script's own modules, its own first."""
    own = os.path.abspath(fn.__code__.co_filename)
    if not os.path.isfile(own):
        return []
    folder, root = os.path.dirname(own), _import_root(own, str(getattr(fn, "__module__", "")))
    found: dict[str, None] = {}
    waiting = [own]
    while waiting:
        file = waiting.pop()
        if file not in found and _is_own(file, folder):
            found[file] = None
            waiting += (path for name in _imports(file, root) for path in _places(name, folder, root))
    return list(found)


def _import_root(file: str, module: str) -> str:
    """The folder from which ``import a.b`` of the module in `file` starts."""
    folder = os.path.dirname(file)
    for part in reversed(module.split(".")[:-1]):
        if os.path.basename(folder) != part:
            break
        folder = os.path.dirname(folder)
    return folder


def _is_own(file: str, folder: str) -> bool:
    below = os.path.relpath(file, folder).split(os.sep)
    return below[0] != os.pardir and not set(below) & set(INSTALLED)


def _imports(file: str, root: str) -> Iterator[str]:
    """Names that a file imports, dotted, relative ones resolved; each of ``from a import b`` as a and as a.b."""
    package = os.path.relpath(os.path.dirname(file), root).replace(os.sep, ".").strip(".")
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if node.level and package else []
            base = parts[: len(parts) - node.level + 1] + ([node.module] if node.module else [])
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _places(name: str, folder: str, root: str) -> Iterator[str]:
    """Files that importing `name` may run: its own, and those of the packages around it."""
    parts = name.split(".")
    for start in {folder, root}:
        for length in range(1, len(parts) + 1):
            place = os.path.join(start, *parts[:length])
            yield from (path for path in (f"{place}.py", os.path.join(place, "__init__.py")) if os.path.isfile(path))


@lru_cache(maxsize=256)
def _parse(file: str, _: int) -> ast.Module:
    with open(file, "rb") as source:
        return ast.parse(source.read(), file)


def parse(file: str) -> ast.Module:
    """The syntax tree of a file; an empty one if it cannot be read or is no Python."""
    try:
        return _parse(file, os.stat(file).st_mtime_ns)
    except (OSError, ValueError, SyntaxError):
        return ast.Module([], [])


def modules(fn: Function) -> list[ModuleType]:
    """The script's own modules, as far as they are loaded."""
    own = set(files(fn))
    loaded = [module for module in list(sys.modules.values()) if inspect.ismodule(module)]
    return [module for module in loaded if os.path.abspath(getattr(module, "__file__", None) or "") in own]


def version(fn: Function) -> str:
    """Hash of the source of the script's own modules and of what it has uploaded; 16 hex digits."""
    whole = blake2b(digest_size=8)
    own = sorted(files(fn))
    for name in own:
        with open(name, "rb") as file:
            whole.update(file.read())
    if not own:  # typed into an interpreter: only the code itself is there
        whole.update(fn.__code__.co_code)
    elif (lock := media.lock_of(fn.__code__.co_filename)) is not None:
        whole.update(repr(lock).encode())
    return whole.hexdigest()


def uses_random(fn: Function) -> bool:
    """Does one of the script's own modules have the random of the standard library at hand?"""
    spaces = [getattr(fn, "__globals__", {}), *map(vars, modules(fn))]
    return any(map(_has_random, spaces))


def _has_random(space: dict[str, Any]) -> bool:
    inner = getattr(random, "_inst", None)
    return any(value is random or getattr(value, "__self__", space) is inner for value in list(space.values()))
