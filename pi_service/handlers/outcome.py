"""What the page of a job tells of its outcome: the digit among its neighbours, the speed, where the time went."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..jobs import Job
from ..service import Service
from ..timeline import Attempt, timeline

#: Digits shown on either side of the n-th.
NEIGHBOURS = 10
#: Units of a bar's width.
WIDTH = 1000


@dataclass(frozen=True)
class Stretch:
    """A part of an attempt as its bar shows it."""

    phase: str
    x: float
    width: float
    seconds: float
    running: bool


@dataclass(frozen=True)
class Bar:
    """An attempt as one bar; the longest attempt is as wide as the page."""

    attempt: Attempt
    stretches: list[Stretch]


def outcome(service: Service, job: Job, now: float) -> dict[str, Any]:
    """Values for the templates.

    Args:
        service: where the job is.
        job: as it is now.
        now: UNIX seconds.
    """
    attempts = timeline(service.milestones(job.n))
    before, after = neighbours(service, job)
    return {"before": before, "after": after, "bars": bars(attempts, now), "speed": speed(job, attempts)}


def neighbours(service: Service, job: Job) -> tuple[str, str]:
    """The digits before and after the n-th that are on disk; none while its own is not known."""
    if job.digit is None or job.n > service.available:
        return "", ""
    first, last = max(1, job.n - NEIGHBOURS), min(service.available, job.n + NEIGHBOURS)
    digits = service.digit_window(first, last - first + 1)
    return digits[: job.n - first], digits[job.n - first + 1 :]


def speed(job: Job, attempts: list[Attempt]) -> int | None:
    """Digits a second; None for what was not computed by itself, or so fast that the clock cannot tell."""
    if job.digit is None or not job.seconds or not attempts or attempts[-1].shared:
        return None
    return round(job.n / job.seconds)


def bars(attempts: list[Attempt], now: float) -> list[Bar]:
    """The attempts to draw, all on one scale."""
    longest = max((attempt.lasted(now) for attempt in attempts), default=0.0)
    return [Bar(attempt, list(_stretches(attempt, longest, now))) for attempt in attempts]


def _stretches(attempt: Attempt, longest: float, now: float) -> Iterator[Stretch]:
    x = 0.0
    for part in attempt.parts:
        lasted = part.lasted(now)
        width = WIDTH * lasted / longest if longest else 0.0
        yield Stretch(part.phase, round(x, 2), round(width, 2), lasted, part.end is None)
        x += width
