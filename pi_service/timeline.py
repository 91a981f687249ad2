"""Where the time of a job went, attempt by attempt: read from its events, so that only what was measured is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from .jobs import FINISHED, Event, Stage

#: What an event begins; reports of progress begin a phase if their detail names one.
BEGINS = {
    Stage.REGISTERED: "queue",
    Stage.SCHEDULED: "queue",
    Stage.TAKEN: "computing",
    Stage.CALCULATED: "saving",
}


@dataclass
class Part:
    """One stretch of time; `phase` is queue, computing, saving, or a phase of computing that the engine told."""

    phase: str
    start: float  #: UNIX seconds
    end: float | None = None  #: None while it lasts

    def lasted(self, now: float) -> float:
        """Seconds so far."""
        return max(0.0, (now if self.end is None else self.end) - self.start)


@dataclass
class Attempt:
    """The parts of one attempt, without a gap between them."""

    number: int
    parts: list[Part] = field(default_factory=list)
    outcome: Stage | None = None  #: stored, error or cancelled; None while it lasts, and if it was broken off
    shared: bool = False  #: its digits were on disk already, or came with a larger job

    def lasted(self, now: float) -> float:
        """Seconds of all parts so far."""
        return sum(part.lasted(now) for part in self.parts)

    def take(self, event: Event) -> None:
        """Go on by one event."""
        if event.is_report:
            self._report(event)
        elif event.stage in FINISHED:
            self.close(event.at)
            self.outcome = event.stage
        elif phase := BEGINS.get(event.stage):
            self.shared |= event.stage is Stage.TAKEN and event.detail is not None
            self._begin(phase, event.at)

    def close(self, at: float) -> None:
        """Its last part ended at that time."""
        if self.parts and self.parts[-1].end is None:
            self.parts[-1].end = at

    def _report(self, event: Event) -> None:
        if event.detail and self.parts and self.parts[-1].phase == "computing":
            self.parts[-1].phase = event.detail  # the plan of the work belongs to the first phase
        elif event.detail:
            self._begin(event.detail, event.at)

    def _begin(self, phase: str, at: float) -> None:
        if self.parts and self.parts[-1].phase == phase and self.parts[-1].end is None:
            return  # registered, then scheduled
        self.close(at)
        self.parts.append(Part(phase, at))


def timeline(events: Iterable[Event]) -> list[Attempt]:
    """The attempts of a job, the first one first.

    An attempt that was broken off (the server was killed) ends with its last event: when it really ended nobody has
    measured.

    Args:
        events: of one job, oldest first, reports included.
    """
    attempts: list[Attempt] = []
    last = 0.0
    for number, group in groupby(events, lambda event: event.attempt):
        if attempts:
            attempts[-1].close(last)
        attempts.append(Attempt(number))
        for event in group:
            attempts[-1].take(event)
            last = event.at
    return [attempt for attempt in attempts if attempt.parts]
