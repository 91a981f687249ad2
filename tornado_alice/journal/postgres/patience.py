"""Seconds that the database may take, counted while the loop turns.

A script that holds the loop, or a machine that has no time for this process, is no fault of the database: its answer
lies in the socket, unread. A clock on the wall would cut a sound connection for it.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Seconds that are counted at a time; a loop that comes late has one of these counted.
TICK = 0.1


class Patience:
    """Seconds that are left.

    >>> async def wait():
    ...     patience = Patience(0.1)
    ...     async with patience.limit():
    ...         await asyncio.sleep(0.02)
    ...     print(0 < patience.left < 0.1)
    ...     async with patience.limit():
    ...         await asyncio.sleep(60)
    >>> asyncio.run(wait())
    Traceback (most recent call last):
    ...
    TimeoutError
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @asynccontextmanager
    async def limit(self, most: float = math.inf) -> AsyncIterator[None]:
        """TimeoutError once the block has taken `most` seconds, or all that are left."""
        loop, rest = asyncio.get_running_loop(), max(self.left - most, 0.0)
        timer: asyncio.TimerHandle | None = None
        async with asyncio.timeout(None) as limit:

            def tick() -> None:
                nonlocal timer
                if self.left <= rest:
                    limit.reschedule(loop.time())
                    return
                step = min(TICK, self.left - rest)
                self.left -= step
                timer = loop.call_later(step, tick)

            tick()
            try:
                yield
            finally:
                if timer is not None:
                    timer.cancel()
                    self.left += max(timer.when() - loop.time(), 0.0)
