"""One command on many jobs, in batches that leave the loop to others.

Each job is a change of its own: what is refused for one (it runs, it is gone, the queue is full) stops no other, and
the outcome counts it by the kind of the refusal. A batch is one transaction: the disk is waited for once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from .errors import IllegalTransition, NotFound, PiError, QueueFull, StoreUnavailable

#: Seconds of work in a batch, its commit not counted: a webhook's turn waits no longer than that.
SLICE = 0.005


@dataclass
class Outcome:
    """What became of the jobs."""

    done: list[int] = field(default_factory=list)  #: in order
    kept: Counter[type[PiError]] = field(default_factory=Counter)  #: how many were left as they are, by the refusal

    def add(self, other: "Outcome") -> None:
        """Count what became of further jobs."""
        self.done += other.done
        self.kept += other.kept


async def on_each(
    numbers: Iterable[int], command: Callable[[int], object], together: Callable[[], AbstractContextManager[None]]
) -> Outcome:
    """Run `command` with each of `numbers`. A database that takes no changes ends it; its last batch is undone.

    Args:
        numbers: taken one by one, so they may be read while this runs.
        command: what is done with a job; a PiError of it is counted.
        together: makes one transaction of the commands inside.
    """
    loop, outcome, rest = asyncio.get_running_loop(), Outcome(), iter(numbers)
    while True:
        begun = loop.time()
        try:
            with together():
                batch = _batch(rest, command, begun + SLICE)
        except StoreUnavailable:
            outcome.kept[StoreUnavailable] += 1
            return outcome
        if batch is None:
            return outcome
        outcome.add(batch)
        await asyncio.sleep(loop.time() - begun)  # half of the time is for others


def _batch(rest: Iterator[int], command: Callable[[int], object], until: float) -> Outcome | None:
    """Run `command` with the next of `rest`; None if there are none any more."""
    loop, outcome = asyncio.get_running_loop(), None
    for n in rest:
        outcome = outcome or Outcome()
        try:
            command(n)
            outcome.done.append(n)
        except (NotFound, IllegalTransition, QueueFull) as refusal:
            outcome.kept[type(refusal)] += 1
        if loop.time() >= until:
            break
    return outcome
