"""The last hour minute by minute, in a ring. No clock, no I/O.

1. A counter only grows; a minute holds by how much. What it held before the first look belongs to no minute.
2. A level goes up and down; a minute holds the highest that was seen.
3. Minutes in which nobody looked (the machine slept) hold nothing, which is not the same as 0.
"""

from collections import deque
from collections.abc import Iterable, Mapping

#: Seconds.
MINUTE = 60
#: Minutes that are kept, the one under way among them.
KEPT = 60


class Minutes:
    """A ring of sums and peaks.

    Args:
        counters: names of what only grows.
        levels: names of what goes up and down.
    """

    def __init__(self, counters: Iterable[str], levels: Iterable[str]) -> None:
        self._counters, self._levels = tuple(counters), tuple(levels)
        self._last: Mapping[str, float] | None = None
        self._ring: deque[tuple[int, dict[str, float]]] = deque(maxlen=KEPT)

    def look(self, now: float, values: Mapping[str, float]) -> None:
        """Take in what all of them are at this moment.

        Args:
            now: UNIX seconds.
            values: by name.
        """
        minute = self._minute(int(now // MINUTE))
        for name in self._levels:
            minute[name] = max(minute[name], values[name])
        if self._last is not None:
            for name in self._counters:
                minute[name] += values[name] - self._last[name]
        self._last = dict(values)

    def series(self, now: float) -> dict[str, list[float | None]]:
        """By name the values of the last hour, the minute under way last; `minutes` says when each began."""
        held = dict(self._ring)
        last = int(now // MINUTE)
        minutes = range(last - KEPT + 1, last + 1)
        names = (*self._counters, *self._levels)
        series = {name: [held[minute][name] if minute in held else None for minute in minutes] for name in names}
        return {"minutes": [minute * MINUTE for minute in minutes], **series}

    def _minute(self, minute: int) -> dict[str, float]:
        if not self._ring or self._ring[-1][0] < minute:
            self._ring.append((minute, dict.fromkeys((*self._counters, *self._levels), 0.0)))
        return self._ring[-1][1]  # a clock that was set back adds to the minute it came from
