"""The ring of the last hour's minutes."""

from pi_service.minutes import KEPT, MINUTE, Minutes

START = 1000 * MINUTE


def looked(*looks: tuple[float, int, int]) -> Minutes:
    minutes = Minutes(["jobs"], ["queue"])
    for at, jobs, queue in looks:
        minutes.look(START + at, {"jobs": jobs, "queue": queue})
    return minutes


def test_a_minute_holds_sums_and_peaks() -> None:
    """A counter's growth is summed by minute, of a level the highest is kept; what was before the first look is not."""
    minutes = looked((0, 500, 1), (10, 503, 7), (59, 504, 2), (60, 510, 3), (61, 510, 0))
    series = minutes.series(START + 90)
    assert series["minutes"][-2:] == [START, START + MINUTE]
    assert series["jobs"][-3:] == [None, 4, 6]
    assert series["queue"][-3:] == [None, 7, 3]
    assert {len(values) for values in series.values()} == {KEPT}


def test_minutes_without_a_look_hold_nothing() -> None:
    """After a sleep the minutes between are unknown; what was counted meanwhile belongs to the one that woke up."""
    minutes = looked((0, 0, 1), (3 * MINUTE, 9, 1))
    assert minutes.series(START + 3 * MINUTE)["jobs"][-4:] == [0, None, None, 9]


def test_the_ring_forgets() -> None:
    """Only the last hour is kept, however long one looks."""
    minutes = looked(*((k * MINUTE, k, 0) for k in range(500)))
    series = minutes.series(START + 499 * MINUTE)
    assert series["jobs"] == [1] * KEPT
    assert minutes.series(START + (499 + KEPT) * MINUTE)["jobs"] == [None] * KEPT
