"""A reply or a step that a script makes and throws away: ``say("Привет")`` without its ``yield``. Pure.

Rules:
1. What never reached the engine and is dropped by the very statement that made it was forgotten. CPython says when: the
   object dies while the script's own code executes POP_TOP, the instruction that ends a statement of one expression.
2. Whatever is kept, passed on, replaced or collected later dies elsewhere and is nobody's mistake.
3. A turn that makes no mistake pays for one look at a flag when its reply dies.
"""

import inspect
import opcode
import sys
from collections.abc import Callable
from types import CodeType
from typing import ClassVar

from . import context
from .frames import describe, is_authors

#: Told of each prompt when a script makes it, and when the engine gets it: for tests that ask which ones nobody hears.
on_made: list[Callable[["Command"], None]] = []
on_heard: list[Callable[["Command"], None]] = []

_POP_TOP = opcode.opmap["POP_TOP"]


class Command:
    """What a script yields or awaits.

    Attributes:
        call: how a script makes one.
        heard: set as soon as the engine has got it.
    """

    __slots__ = ()

    call: ClassVar[str]
    heard: bool

    def hear(self) -> None:
        """The engine has got it."""
        object.__setattr__(self, "heard", True)
        for tell in on_heard:
            tell(self)

    def __del__(self) -> None:
        if hasattr(self, "heard"):
            return
        turn = context.current.get()
        if turn is None or turn.replaying:
            return
        frame = sys._getframe(1)
        code = frame.f_code
        if code.co_code[frame.f_lasti] == _POP_TOP and is_authors(frame):
            place = describe(frame, _line(code, frame.f_lasti))
            turn.remarks.append((place, f"{self.call}(...) reaches nobody. Write {_remedy(code, self.call)}"))


def _line(code: CodeType, at: int) -> int:
    """The line of an instruction, or of the last one before it that has a line."""
    return [line for start, _, line in code.co_lines() if line is not None and start <= at][-1]


def _remedy(code: CodeType, call: str) -> str:
    flags = code.co_flags
    if flags & inspect.CO_COROUTINE or (flags & inspect.CO_ASYNC_GENERATOR and call != "say"):
        return f"await {call}(...)"
    if flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        return f"yield {call}(...)"
    return f"return {call}(...) here, and yield in the script what this function gives"
