"""What can be known of a script from its source."""

import inspect
import os
import random
import sys
from collections.abc import Callable
from hashlib import blake2b
from types import ModuleType
from typing import Any

Function = Callable[..., Any]


def _neighbours(fn: Function) -> list[ModuleType]:
    """Modules of the script's own folder that its module has imported, or imported something from."""
    space = getattr(fn, "__globals__", {})
    folder = os.path.dirname(space.get("__file__") or "")
    names = {getattr(v, "__name__" if inspect.ismodule(v) else "__module__", None) for v in space.values()}
    modules = [sys.modules[name] for name in sorted(filter(None, names)) if name in sys.modules]
    return [module for module in modules if folder and os.path.dirname(getattr(module, "__file__", "") or "") == folder]


def version(fn: Function) -> str:
    """Hash of the source of a script: its module and the modules beside it that it uses; 16 hex digits."""
    whole = blake2b(digest_size=8)
    files = {fn.__code__.co_filename, *(str(module.__file__) for module in _neighbours(fn))}
    for name in sorted(files):
        try:
            with open(name, "rb") as file:
                whole.update(file.read())
        except OSError:  # typed into an interpreter: only the code itself is there
            whole.update(fn.__code__.co_code)
    return whole.hexdigest()


def uses_random(fn: Function) -> bool:
    """Does one of these modules use the random of the standard library?"""
    spaces = [getattr(fn, "__globals__", {}), *(vars(module) for module in _neighbours(fn))]
    return any(map(_has_random, spaces))


def _has_random(space: dict[str, Any]) -> bool:
    inner = getattr(random, "_inst", None)
    return any(value is random or getattr(value, "__self__", space) is inner for value in space.values())
