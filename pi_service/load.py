"""How much there was to do in the last hour: jobs and their queue, and the talk of the other half if it is told."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from .minutes import MINUTE, Minutes
from .runner import Runner

#: Seconds between two looks: a queue that stands for less may stay unseen.
LOOK_EVERY = 2.0

#: Turns of dialogs since the start, and sessions that are live now.
Talk = Callable[[], tuple[int, int]]


class Load:
    """Looks every two seconds, from `start` to `stop`.

    Args:
        runner: whose jobs are counted.
        talk: who tells of dialogs; None where there are none.
    """

    def __init__(self, runner: Runner, talk: Talk | None = None) -> None:
        self._runner, self._talk = runner, talk
        talked = ((), ()) if talk is None else (("turns",), ("sessions",))
        self._minutes = Minutes(("jobs", *talked[0]), ("queue", *talked[1]))

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.create_task(self._look_on())

    async def stop(self) -> None:
        """Look no more."""
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    def hour(self) -> dict[str, list[float | None]]:
        """`minutes` (UNIX seconds), `jobs` stored in each, the longest `queue`; and if dialogs are told of, `turns`
        a second and the most `sessions`."""
        now = time.time()
        self._look(now)
        hour = self._minutes.series(now)
        if "turns" in hour:
            lasted = [*[MINUTE] * (len(hour["turns"]) - 1), max(1.0, now % MINUTE)]
            hour["turns"] = [n and n / seconds for n, seconds in zip(hour["turns"], lasted, strict=True)]
        return hour

    async def _look_on(self) -> None:
        while True:
            self._look(time.time())
            await asyncio.sleep(LOOK_EVERY)

    def _look(self, now: float) -> None:
        values: dict[str, float] = {"jobs": self._runner.stored, "queue": self._runner.queued}
        if self._talk:
            values["turns"], values["sessions"] = self._talk()
        self._minutes.look(now, values)
