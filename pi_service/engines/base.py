"""Where pi is computed: the port that every engine has, and what all of them share."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ..errors import LimitExceeded

#: The largest n that counts as small: such jobs have a worker of their own and never wait for a big one.
QUICK = 100_000


class Phase(StrEnum):
    """What a computation does; each begins when the one before is over."""

    SPLITTING = "splitting"  #: the terms of the series, and beside them the square root
    DIVISION = "division"  #: one fraction of it all, in binary
    CONVERSION = "conversion"  #: its decimal digits


class Progress(Protocol):
    """What an engine tells its progress to."""

    def __call__(self, fraction: float, phase: Phase | None = None) -> None:
        """Told on the event loop.

        Args:
            fraction: how much is finished, 0..1.
            phase: what begins or goes on now; None if the engine does not know.
        """


class Engine(Protocol):
    """Where computing happens; another engine (a cluster) can take the local one's place."""

    async def start(self, workdir: Path) -> None:
        """Make ready; await this once, before `compute`.

        Args:
            workdir: an existing directory for results and what the engine keeps. Files in it were left by a process
                that is gone, directories are the engine's own.
        """

    async def compute(self, n: int, progress: Progress) -> Path:
        """Compute pi to n digits after the point. Cancelling the task ends the work.

        Args:
            n: at least 1; the same n is not computed twice at a time.
            progress: called on the event loop with a growing fraction 0..1.

        Returns:
            A file under `workdir` with exactly n + 1 ASCII digits `3141...`, truncated, never rounded. It is not
            fsynced and belongs to the caller.

        Raises:
            WorkerDied: a process ended; another attempt may succeed.
            CheckFailed: a residue was wrong; another attempt may succeed.
            LimitExceeded: it takes too much time or memory.
            DiskFull: no space for the result or what leads to it.
        """

    async def stop(self) -> None:
        """End all work and all processes within 5 seconds; also fit for an engine whose start failed."""


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
