"""One after the other: whoever comes for a thing that somebody has waits, and gets it in the order of coming."""

import asyncio
from collections import deque
from collections.abc import Hashable


class Order:
    """Who has which thing, and who waits for it. (A lock for each thing would cost more than the wait for nothing.)

    >>> order = Order()
    >>> order.take("a"), order.take("a"), order.take("b")
    (True, False, True)
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    def take(self, thing: Hashable) -> bool:
        """Take it, if nobody has it; otherwise `wait` for it. Whoever has it must `leave` it."""
        if thing in self._waiting:
            return False
        self._waiting[thing] = deque()
        return True

    async def wait(self, thing: Hashable) -> None:
        """Return with it. Whoever is cancelled has it not."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting[thing].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(thing)  # it was given at the very moment
            raise

    def leave(self, thing: Hashable) -> None:
        """The next one may have it."""
        waiting = self._waiting[thing]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[thing]
