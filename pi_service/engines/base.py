"""Where pi is computed: the port that every engine has, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from ..errors import LimitExceeded

#: The largest n that counts as small: such jobs have a worker of their own and never wait for a big one.
QUICK = 100_000

#: Told of the finished fraction 0..1 of a computation, on the event loop.
Progress = Callable[[float], None]


class Engine(Protocol):
    """Where computing happens; another engine (a cluster) can take the local one's place."""

    async def start(self) -> None:
        """Make ready; await this before `compute`."""

    async def compute(self, n: int, workdir: Path, progress: Progress) -> Path:
        """Compute pi to n digits and return a file under `workdir` with exactly n + 1 ASCII digits `3141...`.

        The digits are truncated, never rounded; the file is not fsynced and belongs to the caller. `progress` is
        called on the event loop with a growing fraction 0..1. Cancelling the task ends the work.

        Raises WorkerDied, CheckFailed, LimitExceeded, DiskFull.
        """

    async def stop(self) -> None:
        """End all work and all processes within 5 seconds."""


def first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of a group: a limit before anything else, for it explains the rest."""
    flat = list(leaves(errors))
    return next((error for error in flat if isinstance(error, LimitExceeded)), flat[0])


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of groups."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error
