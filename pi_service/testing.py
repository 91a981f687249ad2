"""What tests of code that uses pi_service need: an engine that computes in memory and obeys the test.

engine = MemoryEngine()
engine.gate.clear()                          # computations now wait until gate.set()
engine.failures.append(WorkerDied("killed")) # the next one ends so
"""

import asyncio
from collections import deque
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path

from .engines.base import Progress


class MemoryEngine:
    """An `Engine` without processes. Its digits are right; a thousand cost a millisecond."""

    _workdir: Path  #: since `start`

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: deque[Exception] = deque()
        #: what was asked for, in order
        self.asked: list[int] = []
        #: the progress callback of the computation of n, as long as it runs
        self.running: dict[int, Progress] = {}
        #: what ended by cancellation
        self.cancelled: list[int] = []
        self._names = count()
        self._begun = asyncio.Event()

    async def start(self, workdir: Path) -> None:
        """Results will lie in `workdir`."""
        self._workdir = workdir

    async def stop(self) -> None:
        """Nothing to stop."""

    async def compute(self, n: int, progress: Progress) -> Path:
        """A file of n + 1 digits, once the gate is open; or the next of `failures`."""
        self.asked.append(n)
        self.running[n] = progress
        self._begun.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(n)
            raise
        finally:
            del self.running[n]
        if self.failures:
            raise self.failures.popleft()
        path = self._workdir / f"result-{next(self._names)}"
        path.write_text(digits_of_pi(n))
        return path

    async def begun(self, n: int) -> Progress:
        """Wait until the computation of `n` runs; its progress callback."""
        while n not in self.running:
            self._begun.clear()
            await self._begun.wait()
        return self.running[n]


@cache
def digits_of_pi(n: int) -> str:
    """The leading 3 and `n` digits after the point, truncated, by Machin's formula in plain integers.

    Slow on purpose: it shares nothing with the engine it stands in for. Ten guard digits carry it far beyond the few
    thousand digits a test wants.

    >>> digits_of_pi(10)
    '31415926535'
    """
    one = 10 ** (n + 10)
    # Decimal, since Python refuses to print an int of more than 4300 digits
    return str(Decimal(4 * (4 * _arccot(5, one) - _arccot(239, one))))[: n + 1]


def _arccot(x: int, one: int) -> int:
    """arccot(x) = 1/x - 1/(3 x^3) + 1/(5 x^5) - ..., times `one`."""
    total = power = one // x
    for k in count(3, 2):
        power //= -x * x
        if power in (0, -1):  # floor division of a negative number ends at -1
            return total
        total += power // k
    raise AssertionError("the series ends above")
