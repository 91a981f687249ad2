"""How long things take, in numbers that cost a hot turn next to nothing: two additions for each of its parts.

A library's histogram takes locks and several calls for the same; here one loop counts, and `prometheus` tells.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..hooks import Part

#: Upper bounds in seconds: a hot turn takes a millisecond, the platform waits 4.5 s, a step may take minutes.
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.5, 10.0, 60.0)
#: Upper bounds of turns in a group.
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
#: What is timed, and what it means.
PARTS: dict[Part, str] = {
    "turn": "A turn, from the first look at its request to its reply.",
    "load": "Reading a session from the journal; a hot turn reads nothing.",
    "commit": "Keeping a turn in the journal.",
    "step": "A step, from its claim to its outcome.",
}


class Histogram:
    """How many values there were up to each bound, and what they add up to."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """There was this value."""
        self._counts[bisect_left(self._bounds, value)] += times
        self.total += value * times

    def buckets(self) -> Iterator[tuple[float, int]]:
        """(bound, how many up to it), infinity last.

        >>> histogram = Histogram((1.0, 2.0))
        >>> for value in (1.0, 1.5, 7.0):
        ...     histogram.add(value)
        >>> list(histogram.buckets()), histogram.total
        ([(1.0, 1), (2.0, 2), (inf, 3)], 9.5)
        """
        count = 0
        for bound, here in zip((*self._bounds, float("inf")), self._counts, strict=True):
            count += here
            yield bound, count


class Measures:
    """What is measured of each skill of a process, by its name."""

    def __init__(self) -> None:
        self.times: dict[str, dict[Part, Histogram]] = {}

    def of(self, skill: str) -> Callable[[Part, float], None]:
        """What hears of the times of this skill."""
        own = self.times[skill] = {part: Histogram(SECONDS) for part in PARTS}

        def hear(part: Part, seconds: float) -> None:
            own[part].add(seconds)

        return hear


def of_sizes(groups: Iterable[Counter[int]]) -> Histogram:
    """The sizes of groups that journals have counted."""
    histogram = Histogram(SIZES)
    for sizes in groups:
        for size, times in list(sizes.items()):  # a writer's thread may add one
            histogram.add(size, times)
    return histogram
