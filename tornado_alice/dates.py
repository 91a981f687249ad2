"""YANDEX.DATETIME: what was said about a day and an hour, and the moment it means. Pure.

Rules:
1. A relative part fixes itself and all larger parts, counted from the arrival of the request; relative hours
   ("через два часа") fix the minute as well.
2. What was not said stays None: "в марте" is a month, "14 марта" a day without a year, "в семь" an hour without a day.
3. "завтра" and "в семь" come as two entities and are one moment, if few words lie between them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import date as Day
from datetime import time as Time
from typing import Any

UNITS = ("year", "month", "day", "hour", "minute")
#: Words between a day and its hour: "завтра разбуди меня в семь".
MOST_BETWEEN = 3
#: Days among which the next "29 февраля" surely is.
MOST_DAYS = 8 * 366 + 1


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, an hour, or both, as they were said; relative ones are counted from now.

    Attributes:
        year, month, day, hour, minute: None where nothing was said.
        heard_at: when the request came, in the user's zone.
        start, end: the tokens of the request it was said with.

    >>> heard_at = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)
    >>> [tomorrow, at_seven] = [{"day": 1, "day_is_relative": True}, {"hour": 7}]
    >>> [moment] = moments([(0, 1, tomorrow), (2, 3, at_seven)], heard_at)
    >>> str(moment.at)
    '2026-03-11 07:00:00+00:00'
    """

    heard_at: datetime
    start: int = 0
    end: int = 0
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None

    @property
    def date(self) -> Day | None:
        """The day, if year, month and day are known and there is such a day."""
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return Day(self.year, self.month, self.day)
        except (ValueError, OverflowError):
            return None

    @property
    def time(self) -> Time | None:
        """The time of day, if an hour was said."""
        try:
            return None if self.hour is None else Time(self.hour, self.minute or 0)
        except (ValueError, OverflowError):
            return None

    @property
    def at(self) -> datetime | None:
        """The moment in the user's zone, if both day and hour are known."""
        return self._on(self.date) if self.date is not None and self.time is not None else None

    @property
    def upcoming(self) -> datetime | None:
        """The first moment that fits and is not over: "в семь" is today or tomorrow, "14 марта" this year or the next.

        A day without an hour begins at midnight. None where no day can be told ("в марте"), or where all is over.
        """
        if self.day is None and (self.time is None or self.month is not None or self.year is not None):
            return None
        first = self.date or self.heard_at.date()
        for days in range(1 if self.date else MOST_DAYS):
            moment = self._on(first + timedelta(days)) if self._fits(first + timedelta(days)) else None
            if moment is not None and not self._is_over(moment):
                return moment
        return None

    def _on(self, day: Day | None) -> datetime | None:
        return None if day is None else datetime.combine(day, self.time or Time(), self.heard_at.tzinfo)

    def _fits(self, day: Day) -> bool:
        return all(getattr(self, unit) in (None, getattr(day, unit)) for unit in ("year", "month", "day"))

    def _is_over(self, moment: datetime) -> bool:
        return moment < self.heard_at if self.time is not None else moment.date() < self.heard_at.date()


def moments(said: Iterable[tuple[int, int, Any]], heard_at: datetime) -> tuple[Moment, ...]:
    """The moments in what was said.

    Args:
        said: (first token, token after the last, value) of each YANDEX.DATETIME.
        heard_at: when the request came, in the user's zone.
    """
    found: list[Moment] = []
    for start, end, value in sorted(said, key=lambda entity: entity[0]):
        moment = moment_of(value, heard_at, start, end)
        if found and _belong_together(found[-1], moment):
            found[-1] = _join(found[-1], moment)
        else:
            found.append(moment)
    return tuple(found)


def moment_of(value: Any, heard_at: datetime, start: int = 0, end: int = 0) -> Moment:
    """One value of YANDEX.DATETIME, also of a slot; what is no number in it is as if it had not been said.

    >>> moment_of({"hour": 2, "hour_is_relative": True}, datetime(2026, 3, 10, 23, 30)).at
    datetime.datetime(2026, 3, 11, 1, 30)
    """
    numbers = (
        {unit: value[unit] for unit in UNITS if type(value.get(unit)) is int} if isinstance(value, Mapping) else {}
    )
    relative = {unit: number for unit, number in numbers.items() if value.get(f"{unit}_is_relative")}
    try:
        base = _shift(heard_at, relative)
    except (ValueError, OverflowError):
        return Moment(heard_at, start, end)  # "через миллион лет" is no day of a calendar
    finest = max(map(UNITS.index, relative), default=-1)
    fixed = UNITS if finest >= UNITS.index("hour") else UNITS[: finest + 1]
    known = {unit: getattr(base, unit) for unit in fixed} | {u: n for u, n in numbers.items() if u not in relative}
    return Moment(heard_at, start, end, **known)


def _shift(moment: datetime, by: Mapping[str, int]) -> datetime:
    from calendar import monthrange  # here: a cold process need not wait for it

    months = moment.year * 12 + moment.month - 1 + by.get("year", 0) * 12 + by.get("month", 0)
    year, month = divmod(months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    shifted = moment.replace(year=year, month=month + 1, day=day) + timedelta(days=by.get("day", 0))
    passed = timedelta(hours=by.get("hour", 0), minutes=by.get("minute", 0))
    if not passed or shifted.tzinfo is None:
        return shifted + passed
    # hours pass on the clock of the world, not on that of the wall: summer time may begin in between
    return (shifted.astimezone(UTC) + passed).astimezone(shifted.tzinfo)


def _belong_together(first: Moment, second: Moment) -> bool:
    parts = {(_has_day(moment), moment.hour is not None) for moment in (first, second)}
    return second.start - first.end <= MOST_BETWEEN and parts == {(True, False), (False, True)}


def _has_day(moment: Moment) -> bool:
    return (moment.year, moment.month, moment.day) != (None, None, None)


def _join(first: Moment, second: Moment) -> Moment:
    said = {unit: getattr(second, unit) for unit in UNITS if getattr(second, unit) is not None}
    return replace(first, end=second.end, **said)
