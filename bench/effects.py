"""Effects of steps that were left again, and when that may be: a process died in the step, or was stopped for too long.

A line of the file is `KEY PID TIME`: a step with this idempotency key has had its effect, in this process, by the clock
that all processes of a machine share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

#: Seconds after which another process may take the step of one that is stopped: its lease.
LEASE = 6.0
#: Seconds before, in and after which a step that a stop has met was under way: it takes 0.02 s, on a busy machine more.
AROUND = 2.0


class Effect(NamedTuple):
    """One line."""

    key: str
    pid: int
    at: float


@dataclass
class Fates:
    """What has happened to processes: when one was killed, and between which times one was stopped."""

    killed: dict[int, float] = field(default_factory=dict)
    stopped: list[tuple[int, float, float]] = field(default_factory=list)

    def excuse(self, first: Effect, second: Effect) -> bool:
        """May `second` have followed `first`?"""
        if self.killed.get(first.pid, float("inf")) <= second.at:
            return True
        return any(_passed_on(*stop, first, second) for stop in self.stopped)


def _passed_on(pid: int, since: float, until: float, first: Effect, second: Effect) -> bool:
    """Was the process stopped in this step for longer than its lease, and did another one do the step meanwhile?"""
    if until - since < LEASE or first.pid == second.pid:
        return False
    stopped, other = (first, second) if first.pid == pid else (second, first)
    was_in_it = since - AROUND <= stopped.at <= until + AROUND
    return stopped.pid == pid and was_in_it and other.at >= since + LEASE / 2  # the lease was renewed some time before


def effects(path: Path) -> dict[str, list[Effect]]:
    """The effects of each key in their order."""
    found: dict[str, list[Effect]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        key, pid, at = line.rsplit(" ", 2)
        found.setdefault(key, []).append(Effect(key, int(pid), float(at)))
    return found


def repeated(effects: dict[str, list[Effect]], fates: Fates) -> list[Sequence[Effect]]:
    """Effects of one step that followed each other without an excuse."""
    return [pair for of_step in effects.values() for pair in pairwise(of_step) if not fates.excuse(*pair)]
