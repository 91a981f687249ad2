"""Rounds: everybody once, in turn, and the loop is free in between."""

import asyncio

import pytest

from pi_service import rounds
from pi_service.rounds import Rounds


class Called:
    """A listener that counts and wants to be called `more` times again."""

    def __init__(self, told: list[str], name: str, more: int = 0) -> None:
        self._told, self._name, self._more = told, name, more

    def __call__(self) -> bool:
        self._told.append(self._name)
        self._more -= 1
        return self._more >= 0


async def until(told: list[str], size: int) -> None:
    while len(told) < size:
        await asyncio.sleep(0)


def test_in_turn() -> None:
    """Who joins is called; who has more to take is called again after the others have been."""

    async def test() -> None:
        told: list[str] = []
        ring = Rounds()
        for name, more in (("a", 2), ("b", 0), ("c", 1)):
            ring.join(Called(told, name, more))
        await until(told, 6)
        assert told == ["a", "b", "c", "a", "c", "a"]

    asyncio.run(test())


def test_news_of_a_moment_are_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first news are told at once; what comes meanwhile waits for one round, which is not before its time."""

    async def test() -> None:
        told: list[str] = []
        ring = Rounds()
        ring.join(Called(told, "a"))
        await until(told, 1)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ring.begin()
        await until(told, 2)
        for _ in range(100):
            ring.begin()
        await until(told, 3)
        assert loop.time() - begun >= rounds.EVERY
        await asyncio.sleep(0)
        assert len(told) == 3

    monkeypatch.setattr(rounds, "EVERY", 0.02)
    asyncio.run(test())


def test_the_loop_is_free_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are called, others on the loop get their turn after each slice."""

    async def test() -> None:
        told: list[str] = []
        ring = Rounds()
        for number in range(10):
            ring.join(Called(told, str(number)))
        seen = []
        while len(told) < 10:
            await asyncio.sleep(0)
            seen.append(len(told))
        assert seen == list(range(1, 11))

    ticks = iter(range(100))
    monkeypatch.setattr(rounds, "SLICE", 1.5)  # the second look at the clock ends the slice
    monkeypatch.setattr(rounds, "thread_time", lambda: float(next(ticks)))
    asyncio.run(test())


def test_a_mistake_of_one_stops_no_other() -> None:
    """A listener that raises is told to the loop, and those after it are called."""

    async def test() -> None:
        mistakes: list[BaseException] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: mistakes.append(context["exception"]))
        told: list[str] = []
        ring = Rounds()
        ring.join(lambda: bool(1 / 0))
        ring.join(Called(told, "a"))
        await until(told, 1)
        assert [type(mistake) for mistake in mistakes] == [ZeroDivisionError]

    asyncio.run(test())
