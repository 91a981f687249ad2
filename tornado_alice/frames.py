"""Which frames are the author's: not the engine's, not Python's, not those of installed packages."""

import os
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType, TracebackType

from .errors import AliceError

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


def authors_frame(frame: FrameType | None) -> FrameType | None:
    """The author's frame that has led to `frame`; None if none has."""
    while frame is not None and not is_authors(frame):
        frame = frame.f_back
    return frame


def authors_place(frame: FrameType | None) -> str | None:
    """Where the author's code stands that has led to `frame`; None if none has."""
    found = authors_frame(frame)
    return None if found is None else describe(found)


def is_authors_fault(error: BaseException) -> bool:
    """Was the exception raised in the author's code, or by what that code has called? Or is it no Python at all?"""
    return isinstance(error, SyntaxError) or any(is_authors(trace.tb_frame) for trace in _traces(error))


def authors_part(error: BaseException) -> TracebackType | None:
    """The traceback of an exception in the author's frames alone; as it is if it does not concern the author."""
    kept = [trace for trace in _traces(error) if is_authors(trace.tb_frame)]
    if not kept and not isinstance(error, AliceError | SyntaxError):
        return error.__traceback__
    part = None
    for trace in reversed(kept):
        part = TracebackType(part, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
    return part


def _traces(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next
