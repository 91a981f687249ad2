"""One command on many jobs, in slices that leave the loop to others.

Each job is a change of its own: what is refused for one (it runs, it is gone, the queue is full) stops no other, and
the outcome counts it by the kind of the refusal.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .errors import IllegalTransition, NotFound, PiError, QueueFull, StoreUnavailable

#: Seconds of work between two pauses: a webhook's turn waits no longer than that.
SLICE = 0.005


@dataclass
class Outcome:
    """What became of the jobs."""

    done: list[int] = field(default_factory=list)  #: in order
    kept: Counter[type[PiError]] = field(default_factory=Counter)  #: how many were left as they are, by the refusal


async def on_each(numbers: Iterable[int], command: Callable[[int], object]) -> Outcome:
    """Run `command` with each of `numbers`. A database that takes no changes ends it early.

    Args:
        numbers: taken one by one, so they may be read while this runs.
        command: what is done with a job; a PiError of it is counted.
    """
    loop, outcome = asyncio.get_running_loop(), Outcome()
    until = loop.time() + SLICE
    for n in numbers:
        try:
            command(n)
            outcome.done.append(n)
        except (NotFound, IllegalTransition, QueueFull) as refusal:
            outcome.kept[type(refusal)] += 1
        except StoreUnavailable:
            outcome.kept[StoreUnavailable] += 1
            break
        if loop.time() >= until:
            await asyncio.sleep(0)
            until = loop.time() + SLICE
    return outcome
