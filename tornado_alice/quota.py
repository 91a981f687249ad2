"""How much one skill may write into the journal by large bodies: a bound with a time."""

import time
from collections.abc import Callable

#: Bytes of a body that are never counted: real requests have about 5 KB.
ORDINARY = 16 * 1024
#: Bytes beyond that which one skill may send at once, and how many of them come back in a second.
BURST = 64 << 20
PER_SECOND = 1 << 20
#: Skills that are told apart; more of them share.
MOST_SKILLS = 1000


class Quota:
    """A token bucket for each skill id.

    >>> quota = Quota(clock=lambda: 0.0)
    >>> [quota.allows("skill", 1 << 20) for _ in range(70)].count(True)
    65
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # skill id → bytes left, when

    def allows(self, skill_id: str, size: int) -> bool:
        """May this skill send a body of `size` bytes now? If so, it has."""
        if size <= ORDINARY:
            return True
        name = skill_id if skill_id in self._left or len(self._left) < MOST_SKILLS else ""
        now = self._clock()
        left, since = self._left.get(name, (BURST, now))
        left = min(BURST, left + (now - since) * PER_SECOND) - (size - ORDINARY)
        if left < 0:
            return False
        self._left[name] = left, now
        return True
