"""A clock for sweeping: a jump of the system's clock must not make open sessions look old."""

import time
from collections.abc import Callable


class SteadyClock:
    """Seconds since the Unix epoch, never ahead of what has really passed since the last `settle` seconds.

    Forward jumps of the system's clock are left out until that time is over: by then every session has either spoken
    under the new clock or been silent long enough. A backward jump is followed at once.

    >>> wall, passed = iter([0.0, 90000.0]), iter([0.0, 60.0])  # a day's jump within a minute
    >>> SteadyClock(86400, wall=lambda: next(wall), passed=lambda: next(passed)).now()
    60.0
    """

    def __init__(
        self, settle: float, wall: Callable[[], float] = time.time, passed: Callable[[], float] = time.monotonic
    ) -> None:
        self._settle, self._wall, self._passed = settle, wall, passed
        self._since, self._start = wall(), passed()

    def now(self) -> float:
        """The time; ask now and then, so that a clock that was put back is noticed before it is put forward again."""
        wall, passed = self._wall(), self._passed()
        if passed - self._start > self._settle or wall < self._since + passed - self._start:
            self._since, self._start = wall, passed
        return self._since + passed - self._start
