"""Stages, events and the table of transitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pi_service.errors import IllegalTransition
from pi_service.jobs import (
    FINISHED,
    RETRYABLE,
    TRANSITIONS,
    UNFINISHED,
    Change,
    Event,
    Job,
    NewEvent,
    Stage,
    apply,
    brought_back,
    fold,
    next_event,
)

HAPPY = [Stage.REGISTERED, Stage.SCHEDULED, Stage.TAKEN, Stage.CALCULATED, Stage.STORED]


def play(stages: list[Stage]) -> tuple[list[Event], Job | None]:
    """What is left of the wish `stages` when illegal ones are refused."""
    events: list[Event] = []
    job = None
    for at, stage in enumerate(stages):
        try:
            step = NewEvent(stage, digit=4 if stage is Stage.STORED else None, detail=f"because {at}")
            event = next_event(events[-1] if events else None, step, id=at, n=7, at=float(at))
        except IllegalTransition:
            continue
        events.append(event)
        job = apply(job, event)
    return events, job


@given(st.lists(st.sampled_from(Stage)))
def test_any_history(stages: list[Stage]) -> None:
    """Whatever is tried, the history obeys the table, attempts only grow, and the job is its last event."""
    events, job = play(stages)
    for last, event in zip([None, *events], events, strict=False):
        stage = last.stage if last else None
        attempt = last.attempt if last else 0
        assert event.attempt == attempt + TRANSITIONS[stage][event.stage]
    if not events or events[-1].stage is Stage.REMOVED:
        assert job is None
        return
    assert job is not None
    assert (job.status, job.attempt) == (events[-1].stage, events[-1].attempt)
    assert (job.digit is not None) == (job.status is Stage.STORED)
    assert (job.error is not None) == (job.status is Stage.ERROR)
    assert (job.finished_at is not None) == (job.status in FINISHED)
    assert job.registered_at <= (job.finished_at or job.registered_at)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.REMOVED])
def test_what_a_status_means(stage: Stage) -> None:
    """A finished job can be removed, a retryable one registered again: as the table has it, and no other."""
    job = Job(7, stage, 0.0, None, None, 0.0, None, None, None, 1)
    assert job.finished == (stage in FINISHED) == (stage not in UNFINISHED) == (Stage.REMOVED in TRANSITIONS[stage])
    assert job.retryable == (stage in RETRYABLE) == (Stage.REGISTERED in TRANSITIONS[stage])


@pytest.mark.parametrize("stage", Stage)
def test_reports(stage: Stage) -> None:
    """Only `taken` with progress is a report; the first `taken` of an attempt, and 100 % of `stored`, are news."""
    for progress in (0.0, 0.5, 1.0):
        step = NewEvent(stage, progress=progress)
        assert step.is_report == (stage is Stage.TAKEN and progress > 0)
        assert Event(1, 7, 1, stage, progress, 0.0).is_report == step.is_report


def test_happy_path() -> None:
    """A job that meets no trouble goes through the five stages in one attempt and counts the time since taken."""
    events, job = play(HAPPY)
    assert [event.stage for event in events] == HAPPY
    assert job == Job(7, Stage.STORED, 1.0, 4, None, 0.0, 2.0, 4.0, 2.0, 1)


@pytest.mark.parametrize("stage", sorted(UNFINISHED))
@pytest.mark.parametrize("end", [Stage.ERROR, Stage.CANCELLED])
def test_every_unfinished_stage_can_end(stage: Stage, end: Stage) -> None:
    """error and cancelled follow from any of the first four stages, and from both a job can be retried or removed."""
    assert end in TRANSITIONS[stage]
    assert TRANSITIONS[end] == {Stage.REGISTERED: 1, Stage.REMOVED: 0}


@pytest.mark.parametrize("end", [Stage.STORED, Stage.ERROR, Stage.CANCELLED])
def test_bringing_back(end: Stage) -> None:
    """A removed job that is brought back is in every field the one that was removed."""
    path = HAPPY if end is Stage.STORED else [*HAPPY[:3], end]
    events, job = play([*path, Stage.REMOVED])
    before = fold(events[:-1])
    assert job is None and before is not None
    back = brought_back(events[-1], before, at=99.0)
    assert (back.stage, back.attempt, back.digit, back.detail) == (end, before.attempt, before.digit, "brought back")
    assert fold([*events, back]) == before


def test_restart_opens_an_attempt() -> None:
    """A job that was under way is scheduled again as attempt 2, from nothing, and keeps when it was asked for."""
    _, job = play([*HAPPY[:3], Stage.SCHEDULED])
    assert job == Job(7, Stage.SCHEDULED, 0.0, None, None, 0.0, None, None, None, 2)


def test_partition() -> None:
    """Every stage but `removed` either needs work or does not."""
    assert set(Stage) - {Stage.REMOVED} == FINISHED | UNFINISHED
    assert not FINISHED & UNFINISHED
    assert set(TRANSITIONS) == {None, *Stage}


def test_illegal_names_event_and_state() -> None:
    """The error says which event met which state."""
    last = Event(1, 7, 1, Stage.STORED, 1.0, 0.0)
    with pytest.raises(IllegalTransition, match="event 'taken' is not allowed in state 'stored'"):
        next_event(last, NewEvent(Stage.TAKEN), id=2, n=7, at=0.0)
    with pytest.raises(IllegalTransition, match="event 'stored' is not allowed without a job"):
        next_event(None, NewEvent(Stage.STORED), id=2, n=7, at=0.0)


def test_json() -> None:
    """The messages have the keys of the HTTP contract; a removed job is null."""
    events, job = play(HAPPY)
    message = Change(events[-1], job).as_json()
    assert message.pop("job") == {
        "n": 7,
        "status": "stored",
        "progress": 1.0,
        "digit": 4,
        "error": None,
        "registered_at": 0.0,
        "started_at": 2.0,
        "finished_at": 4.0,
        "seconds": 2.0,
        "attempt": 1,
    }
    assert message == {
        "id": 4,
        "n": 7,
        "attempt": 1,
        "stage": "stored",
        "progress": 1.0,
        "at": 4.0,
        "detail": "because 4",
    }
    assert Change(events[-1], None).as_json()["job"] is None
