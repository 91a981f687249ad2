"""Which frames are the author's: not the engine's, not Python's, not those of installed packages."""

import os
from functools import lru_cache
from types import FrameType

_STDLIB = os.path.dirname(os.__file__)


def is_engine(module: str) -> bool:
    """Is it a module of the engine or of asyncio, which no author wants to be shown?"""
    package, _, rest = module.partition(".")
    return package == "asyncio" or (package == __name__.partition(".")[0] and not rest.startswith("examples"))


@lru_cache(maxsize=1024)
def is_library(file: str) -> bool:
    """Is the file Python's own, or of an installed package?"""
    return file.startswith(("<frozen", _STDLIB)) or "site-packages" in file or "dist-packages" in file


def is_authors(frame: FrameType) -> bool:
    """Is it the author's code that runs in this frame?"""
    return not is_library(frame.f_code.co_filename) and not is_engine(str(frame.f_globals.get("__name__", "")))


def describe(frame: FrameType, line: int | None = None) -> str:
    """File, line and function, as people write them."""
    return f"{frame.f_code.co_filename}:{line or frame.f_lineno} in {frame.f_code.co_name}"


def authors_place(frame: FrameType | None) -> str | None:
    """Where the author's code stands that has led to `frame`; None if none has."""
    while frame is not None:
        if is_authors(frame):
            return describe(frame)
        frame = frame.f_back
    return None
