"""YANDEX.DATETIME as moments."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tornado_alice.dates import Moment, moment_of, moments

#: Tuesday evening.
HEARD_AT = datetime(2026, 3, 10, 18, 30, tzinfo=ZoneInfo("Europe/Moscow"))
TOMORROW = {"day": 1, "day_is_relative": True}


def shown(moment: datetime | None) -> str:
    """A moment as people write it."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ({"year": 2027, "month": 3, "day": 14, "hour": 7, "minute": 5}, "2027-03-14 07:05"),
        ({"hour": 2, "hour_is_relative": True}, "2026-03-10 20:30"),
        ({"minute": -40, "minute_is_relative": True}, "2026-03-10 17:50"),
        ({"hour": 2, "hour_is_relative": True, "minute": 45, "minute_is_relative": True}, "2026-03-10 21:15"),
        (TOMORROW | {"hour": 0}, "2026-03-11 00:00"),
        ({"month": 1, "month_is_relative": True, "day": 3, "hour": 12}, "2026-04-03 12:00"),
        ({"hour": 7}, ""),
        (TOMORROW, ""),
        ({"year": 2026, "month": 2, "day": 30, "hour": 7}, ""),
        ({"year": 2026, "month": 2, "day": 3, "hour": 27}, ""),
        ({"year": 10**9, "year_is_relative": True}, ""),
        ({"hour": 10**30, "hour_is_relative": True}, ""),
        ({"year": 10**40, "month": 1, "day": 1, "hour": 10**40}, ""),
        ({"day": "1", "hour": True, "minute": 1.5}, ""),
        ({}, ""),
        ("завтра", ""),
        (None, ""),
    ],
)
def test_whole_moments(value: Any, at: str) -> None:
    """A day and an hour, said or counted from now, are a moment; anything less or impossible is none, nothing fails."""
    assert shown(moment_of(value, HEARD_AT).at) == at


def test_halves_are_what_they_are() -> None:
    """A relative part fixes itself and all larger ones; what was not said is None."""
    march, next_month = moment_of({"month": 3}, HEARD_AT), moment_of({"month": 1, "month_is_relative": True}, HEARD_AT)
    assert (march.year, march.month, march.day, march.date, march.time) == (None, 3, None, None, None)
    assert (next_month.year, next_month.month, next_month.day) == (2026, 4, None)
    assert (
        str(moment_of(TOMORROW, HEARD_AT).date) == "2026-03-11"
        and str(moment_of({"hour": 7}, HEARD_AT).time) == "07:00:00"
    )


@pytest.mark.parametrize(
    ("value", "upcoming"),
    [
        ({"hour": 7}, "2026-03-11 07:00"),
        ({"hour": 19}, "2026-03-10 19:00"),
        ({"month": 3, "day": 14}, "2026-03-14 00:00"),
        ({"month": 3, "day": 9}, "2027-03-09 00:00"),
        ({"month": 2, "day": 29, "hour": 8}, "2028-02-29 08:00"),
        ({"day": 31}, "2026-03-31 00:00"),
        ({"day": 10, "hour": 18}, "2026-04-10 18:00"),
        (TOMORROW, "2026-03-11 00:00"),
        ({"day": 0, "day_is_relative": True}, "2026-03-10 00:00"),
        ({"day": -1, "day_is_relative": True}, ""),
        ({"month": 5}, ""),
        ({"month": 5, "hour": 7}, ""),
        ({"month": 2, "day": 30}, ""),
        ({}, ""),
    ],
)
def test_upcoming(value: dict[str, Any], upcoming: str) -> None:
    """A half date means the first moment that fits and is not over; a month alone, or a day that is over, none."""
    assert shown(moment_of(value, HEARD_AT).upcoming) == upcoming


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ([(0, 1, TOMORROW), (1, 3, {"hour": 7})], ["2026-03-11 07:00"]),
        ([(0, 2, {"hour": 7}), (2, 3, TOMORROW)], ["2026-03-11 07:00"]),
        ([(2, 3, {"hour": 7}), (0, 1, TOMORROW)], ["2026-03-11 07:00"]),
        (
            [(0, 1, TOMORROW), (1, 3, {"hour": 7}), (4, 5, TOMORROW), (5, 7, {"hour": 8})],
            ["2026-03-11 07:00", "2026-03-11 08:00"],
        ),
        ([(0, 1, TOMORROW), (1, 3, {"hour": 7}), (4, 6, {"hour": 8})], ["2026-03-11 07:00", ""]),
        ([(0, 1, TOMORROW), (9, 11, {"hour": 7})], ["", ""]),
        ([(0, 1, TOMORROW), (1, 2, TOMORROW)], ["", ""]),
        ([(0, 1, TOMORROW), (1, 4, {"hour": 2, "hour_is_relative": True})], ["", "2026-03-10 20:30"]),
        ([], []),
    ],
)
def test_a_day_and_its_hour_are_one_moment(said: list[tuple[int, int, Any]], at: list[str]) -> None:
    """A day and an hour near each other are joined, in any order; two days, two hours or distant ones are not."""
    assert [shown(moment.at) for moment in moments(said, HEARD_AT)] == at


def test_joined_tokens() -> None:
    """A joined moment covers the words of both."""
    [moment] = moments([(1, 2, TOMORROW), (3, 5, {"hour": 7})], HEARD_AT)
    assert (moment.start, moment.end) == (1, 5)


def test_hours_pass_on_the_clock_of_the_world() -> None:
    """Two hours across the beginning of summer time are two hours, which the wall shows as three."""
    before = datetime(2026, 3, 29, 1, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    at = moment_of({"hour": 2, "hour_is_relative": True}, before).at
    assert (
        shown(at) == "2026-03-29 04:30"
        and at is not None
        and (at.astimezone(UTC) - before.astimezone(UTC)).seconds == 7200
    )


def test_a_moment_is_frozen() -> None:
    """A moment cannot be changed by the script."""
    with pytest.raises(AttributeError):
        Moment(HEARD_AT).day = 1  # type: ignore[misc]
