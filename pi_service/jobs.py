"""What a job is: stages, events and the table of allowed transitions. Data only, no I/O, no clock.

1. The events of a job are its truth; a `Job` is nothing but their fold (`next_event` makes the next event, `apply`
   applies it, `fold` all of them).
2. An event is allowed only where `TRANSITIONS` has it; anything else raises `IllegalTransition`. The one exception
   undoes a removal: `brought_back` says once more where the job stood, and `fold` takes it from the history.
3. The table also numbers the attempts: the value beside a stage is what the event adds to the number.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from .errors import IllegalTransition


class Stage(StrEnum):
    """What an event says has happened; a job's status is the stage of its last event."""

    REGISTERED = "registered"  #: someone asked for it
    SCHEDULED = "scheduled"  #: it waits for the workers
    TAKEN = "taken"  #: it is being computed; repeated with progress > 0 while that goes on
    CALCULATED = "calculated"  #: the digits are known, not yet on disk
    STORED = "stored"  #: the digits are on disk
    ERROR = "error"  #: this attempt failed; `detail` says why
    CANCELLED = "cancelled"  #: someone stopped it
    REMOVED = "removed"  #: taken out of the table; the events stay


#: A job in one of these needs nothing more done.
FINISHED = frozenset({Stage.STORED, Stage.ERROR, Stage.CANCELLED})
#: A job in one of these still needs work; the next start goes on with it.
UNFINISHED = frozenset({Stage.REGISTERED, Stage.SCHEDULED, Stage.TAKEN, Stage.CALCULATED})
#: A job in one of these came to no digits and can be run again.
RETRYABLE = frozenset({Stage.ERROR, Stage.CANCELLED})
#: An event of this stage with progress above 0 is a report: it says how far the work is, not that something changed.
REPORTING = Stage.TAKEN

#: From the last stage (None: never seen) to what may follow, and what that adds to the attempt.
TRANSITIONS: dict[Stage | None, dict[Stage, int]] = {
    None: {Stage.REGISTERED: 1},
    Stage.REGISTERED: {Stage.SCHEDULED: 0, Stage.ERROR: 0, Stage.CANCELLED: 0},
    # `scheduled` once more opens a new attempt: after a restart, or when the larger job it followed is gone
    Stage.SCHEDULED: {Stage.TAKEN: 0, Stage.SCHEDULED: 1, Stage.ERROR: 0, Stage.CANCELLED: 0},
    Stage.TAKEN: {
        Stage.TAKEN: 0,
        Stage.CALCULATED: 0,
        Stage.SCHEDULED: 1,
        Stage.ERROR: 0,
        Stage.CANCELLED: 0,
    },
    Stage.CALCULATED: {Stage.STORED: 0, Stage.SCHEDULED: 1, Stage.ERROR: 0, Stage.CANCELLED: 0},
    # a stored job is scheduled again only if its digits were found damaged on disk
    Stage.STORED: {Stage.SCHEDULED: 1, Stage.REMOVED: 0},
    Stage.ERROR: {Stage.REGISTERED: 1, Stage.REMOVED: 0},
    Stage.CANCELLED: {Stage.REGISTERED: 1, Stage.REMOVED: 0},
    Stage.REMOVED: {Stage.REGISTERED: 1},
}


def _reports(stage: Stage, progress: float) -> bool:
    return stage is REPORTING and progress > 0


@dataclass(frozen=True)
class NewEvent:
    """What shall be recorded next; the store adds id, attempt and time."""

    stage: Stage
    detail: str | None = None
    progress: float = 0.0  #: 0..1, reported with `taken`
    digit: int | None = None

    @property
    def is_report(self) -> bool:
        """Whether it only says how far the work is."""
        return _reports(self.stage, self.progress)


@dataclass(frozen=True)
class Event:
    """One line of a job's history, never changed once written."""

    id: int  #: grows over all jobs; the cursor of the feed
    n: int
    attempt: int
    stage: Stage
    progress: float  #: 0..1
    at: float  #: UNIX seconds
    detail: str | None = None  #: a sentence for people
    digit: int | None = None  #: with `stored`: the n-th digit

    @property
    def is_report(self) -> bool:
        """Whether it only says how far the work is."""
        return _reports(self.stage, self.progress)

    def as_json(self) -> dict[str, Any]:
        """The event as the HTTP contract shows it."""
        return {
            "id": self.id,
            "n": self.n,
            "attempt": self.attempt,
            "stage": self.stage.value,
            "progress": self.progress,
            "at": self.at,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Job:
    """The question "which is the n-th decimal digit of pi?" and how far the answer is."""

    n: int
    status: Stage
    progress: float  #: 0..1
    digit: int | None  #: the n-th decimal digit after the point, once stored
    error: str | None  #: why the last attempt failed, while status is `error`
    registered_at: float  #: UNIX seconds
    started_at: float | None  #: when this attempt was taken
    finished_at: float | None
    seconds: float | None  #: from taken to finished
    attempt: int

    @property
    def finished(self) -> bool:
        """Whether nothing more is to be done: stored, failed or cancelled."""
        return self.status in FINISHED

    @property
    def retryable(self) -> bool:
        """Whether it came to no digits and can be run again."""
        return self.status in RETRYABLE

    def as_json(self) -> dict[str, Any]:
        """The job as the HTTP contract shows it."""
        return {
            "n": self.n,
            "status": self.status.value,
            "progress": self.progress,
            "digit": self.digit,
            "error": self.error,
            "registered_at": self.registered_at,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "seconds": self.seconds,
            "attempt": self.attempt,
        }


@dataclass(frozen=True)
class Change:
    """An event together with the job it made; None when the event removed the job."""

    event: Event
    job: Job | None

    @cached_property
    def message(self) -> str:
        """The message of the websocket feed as text, made once however many listen."""
        return json.dumps(self.as_json(), separators=(",", ":"))

    def as_json(self) -> dict[str, Any]:
        """The message of the websocket feed."""
        return {**self.event.as_json(), "job": self.job and self.job.as_json()}


def next_event(last: Event | None, step: NewEvent, *, id: int, n: int, at: float) -> Event:
    """The event that `step` becomes after `last`, the last event of job `n`.

    Args:
        last: None for a job that was never seen.
        step: what happened.
        id: the event's place among all events.
        n: the job.
        at: UNIX seconds.

    Raises:
        IllegalTransition: the table has no place for it.

    >>> first = next_event(None, NewEvent(Stage.REGISTERED), id=1, n=1000, at=0.0)
    >>> first.stage.value, first.attempt
    ('registered', 1)
    >>> next_event(first, NewEvent(Stage.STORED), id=2, n=1000, at=0.0)
    Traceback (most recent call last):
    ...
    pi_service.errors.IllegalTransition: event 'stored' is not allowed in state 'registered'
    """
    stage = last.stage if last else None
    allowed = TRANSITIONS[stage]
    if step.stage not in allowed:
        raise IllegalTransition(step.stage.value, stage.value if stage else None)
    attempt = (last.attempt if last else 0) + allowed[step.stage]
    progress = 1.0 if step.stage in (Stage.CALCULATED, Stage.STORED) else step.progress
    return Event(id, n, attempt, step.stage, progress, at, step.detail, step.digit)


def brought_back(removed: Event, job: Job, *, at: float) -> Event:
    """The event that undoes `removed`: `job`, as it was before, stands again where it stood.

    Args:
        removed: the job's last event.
        job: what `fold` makes of the events before it.
        at: UNIX seconds.
    """
    progress = 1.0 if job.status is Stage.STORED else 0.0
    return Event(0, job.n, removed.attempt, job.status, progress, at, "brought back", job.digit)


def fold(events: Iterable[Event]) -> Job | None:
    """The job that its whole history adds up to, oldest event first; None if it was removed, or never seen."""
    job = removed = None
    for event in events:
        if event.stage is Stage.REMOVED:
            job, removed = None, job
        elif job is None and event.stage in FINISHED:
            job = removed  # brought back as it was
        else:
            job = apply(job, event)
    return job


def apply(job: Job | None, event: Event) -> Job | None:
    """The job after `event`; None when the event removed it. What brings a removed job back is left to `fold`."""
    if event.stage is Stage.REMOVED:
        return None
    if event.stage is Stage.REGISTERED or job is None:
        since = job.registered_at if job else event.at
        return Job(event.n, event.stage, 0.0, None, None, since, None, None, None, event.attempt)
    job = replace(job, status=event.stage, attempt=event.attempt)
    if event.stage is Stage.SCHEDULED:
        return replace(job, progress=0.0, digit=None, error=None, started_at=None, finished_at=None, seconds=None)
    if event.stage is Stage.TAKEN:
        started = event.at if job.started_at is None else job.started_at
        return replace(job, progress=event.progress, started_at=started)
    if event.stage is Stage.CALCULATED:
        return replace(job, progress=1.0)
    return _finished(job, event)


def _finished(job: Job, event: Event) -> Job:
    seconds = None if job.started_at is None else max(0.0, event.at - job.started_at)
    error = event.detail if event.stage is Stage.ERROR else None
    return replace(job, digit=event.digit, error=error, finished_at=event.at, seconds=seconds)
