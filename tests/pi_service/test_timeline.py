"""Where the time of a job went."""

from pi_service.jobs import Event, NewEvent, Stage, next_event
from pi_service.timeline import Attempt, timeline

R, S, T, C, D = Stage.REGISTERED, Stage.SCHEDULED, Stage.TAKEN, Stage.CALCULATED, Stage.STORED


def played(*steps: tuple[float, NewEvent]) -> list[Event]:
    events: list[Event] = []
    for at, step in steps:
        events.append(next_event(events[-1] if events else None, step, id=len(events), n=7, at=at))
    return events


def told(attempt: Attempt) -> list[tuple[str, float, float | None]]:
    return [(part.phase, part.start, part.end) for part in attempt.parts]


def test_all_phases() -> None:
    """Queue, what the engine told of computing, and saving follow each other without a gap."""
    (attempt,) = timeline(
        played(
            (0, NewEvent(R)),
            (1, NewEvent(S)),
            (3, NewEvent(T)),
            (4, NewEvent(T, "splitting", 0.1)),
            (5, NewEvent(T, None, 0.5)),
            (9, NewEvent(T, "division", 0.7)),
            (10, NewEvent(T, "conversion", 0.8)),
            (12, NewEvent(C)),
            (13, NewEvent(D, digit=2)),
        )
    )
    assert told(attempt) == [
        ("queue", 0, 3),
        ("splitting", 3, 9),
        ("division", 9, 10),
        ("conversion", 10, 12),
        ("saving", 12, 13),
    ]
    assert (attempt.number, attempt.outcome, attempt.shared) == (1, Stage.STORED, False)
    assert attempt.lasted(99) == 13


def test_an_engine_that_tells_no_phases() -> None:
    """Without phases computing is one part; what is under way has no end and lasts until now."""
    (attempt,) = timeline(played((0, NewEvent(R)), (0, NewEvent(S)), (2, NewEvent(T)), (4, NewEvent(T, None, 0.5))))
    assert told(attempt) == [("queue", 0, 2), ("computing", 2, None)]
    assert attempt.outcome is None
    assert attempt.lasted(6) == 6


def test_attempts() -> None:
    """A failed attempt has its end; one that was broken off ends with its last event, the last that was measured."""
    events = played(
        (0, NewEvent(R)),
        (0, NewEvent(S)),
        (1, NewEvent(T)),
        (2, NewEvent(Stage.ERROR, "a worker died")),
        (5, NewEvent(R)),
        (5, NewEvent(S)),
        (6, NewEvent(T)),
        (8, NewEvent(T, None, 0.4)),
        (100, NewEvent(S, "the server was restarted")),
        (101, NewEvent(T, "together with n = 9")),
        (102, NewEvent(Stage.CANCELLED)),
        (103, NewEvent(Stage.REMOVED)),
    )
    failed, broken, cancelled = timeline(events)
    assert told(failed) == [("queue", 0, 1), ("computing", 1, 2)]
    assert told(broken) == [("queue", 5, 6), ("computing", 6, 8)]
    assert told(cancelled) == [("queue", 100, 101), ("computing", 101, 102)]
    assert [failed.outcome, broken.outcome, cancelled.outcome] == [Stage.ERROR, None, Stage.CANCELLED]
    assert [failed.shared, broken.shared, cancelled.shared] == [False, False, True]
