"""Steps whose process has gone are finished here, though the user who waits for them may never ask again.

A user who heard "still working" and left would leave an order unpaid, say: the step was begun, its process died, and
nobody asks for its outcome. So one looks for such steps now and then; several processes that look at once are no
matter, since a step is claimed before it runs.
"""

import asyncio
import logging
import random

from .dialogs import Dialogs
from .errors import JournalError

log = logging.getLogger(__name__)

#: Seconds between two looks, on average: processes that were started together part ways.
EVERY = 10.0
#: Sessions finished by one look, and seconds for each; a step that takes longer goes on by itself.
MOST, SECONDS = 100, 3.0


class Keeper:
    """Looks after the dialogs of one skill.

    Args:
        every: seconds between two looks, on average.
    """

    def __init__(self, dialogs: Dialogs, every: float = EVERY) -> None:
        self._dialogs, self._every = dialogs, every
        self._next: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        wait = self._every * random.Random().uniform(0.5, 1.5)  # the global one belongs to scripts
        self._next = asyncio.get_running_loop().call_later(wait, self._begin)

    async def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)

    def _begin(self) -> None:
        self._look = asyncio.create_task(self._finish())

    async def _finish(self) -> None:
        try:
            if finished := await self._dialogs.finish_left(MOST, SECONDS):
                log.info("steps of %d sessions are finished, whose process had gone", finished)
        except JournalError as error:
            log.error("%s; steps that were left are looked for later", error)
        self.start()
