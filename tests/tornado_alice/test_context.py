"""random, uuid4() and now() of a turn."""

from datetime import timedelta
from typing import Any

import pytest

from tornado_alice import (
    Request,
    Skill,
    context,
    now,
    random,
    say,
    uuid4,
)
from tornado_alice.context import TurnContext
from tornado_alice.testing import Dialog


def test_random_uuid_now_are_replayed() -> None:
    """random, uuid4() and now() give the same on replay; now() is the arrival in the user's time zone."""
    skill = Skill("test")

    @skill.script
    def run():
        drawn = (random(), random.randint(1, 10**12), random.sample(range(100), 5), uuid4(), now())
        while True:
            yield say(repr(drawn))

    with Dialog(skill) as alice:
        first = alice.say()
        alice.forget()
        assert alice.say() == first
    assert "Europe/Moscow" in first


def test_two_sessions_draw_differently() -> None:
    """Randomness differs between sessions and between draws."""
    skill = Skill("test")

    @skill.script
    def run():
        yield say(f"{random()} {random()}")

    drawn = []
    for _ in range(2):
        with Dialog(skill) as alice:
            drawn += alice.say().split()
    assert len(set(drawn)) == 4


def test_gauss_is_replayed() -> None:
    """Every second gauss() of the standard library comes from a cache; the engine's own is replayed nonetheless."""
    skill = Skill("gauss", max_live=0)

    @skill.script
    def run():
        while True:
            yield say(f"{random.gauss(0, 1)} {now()}"[:20])

    with Dialog(skill) as alice:
        for _ in range(5):
            random.gauss(0, 1)
            alice.say()


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("GMT+3", 3), ("UTC-5", -5), ("GMT+05:30", 5.5), ("UTC+1000", 10), ("+03:00", 3), ("-05", -5), ("GMT", 0)],
)
def test_now_knows_zones_by_offset(zone: str, hours: float) -> None:
    """A zone that the platform tells as an offset is that offset, east being plus."""
    token = context.current.set(TurnContext(Request({"meta": {"timezone": zone}}), 0.0, b""))
    try:
        assert now().utcoffset() == timedelta(hours=hours)
    finally:
        context.current.reset(token)


@pytest.mark.parametrize("zone", ["GMT+99", "UTC+3:99", "Mars/Olympus", "", None, 7])
def test_a_zone_that_is_none_is_utc(zone: Any) -> None:
    """Whatever is sent as a zone, now() works."""
    token = context.current.set(TurnContext(Request({"meta": {"timezone": zone}}), 0.0, b""))
    try:
        assert now().utcoffset() is not None
    finally:
        context.current.reset(token)
