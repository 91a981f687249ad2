"""Fan-out: no gap, no duplicate, nobody waits for the slow."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_service.feed import Feed, Subscription
from pi_service.jobs import Change, Event, Stage


def change(id: int) -> Change:
    return Change(Event(id, 7, 1, Stage.TAKEN, 0.0, 0.0), None)


class Source:
    """A list in place of the store; like the service it commits and then publishes."""

    def __init__(self, old: int, queue_size: int = 1000) -> None:
        self.changes = [change(id) for id in range(1, old + 1)]
        self.feed = Feed(self.read, old, queue_size)
        self.reads = 0

    def read(self, after: int, limit: int) -> list[Change]:
        self.reads += 1
        return [change for change in self.changes if change.event.id > after][:limit]

    def happen(self, number: int = 1) -> None:
        for _ in range(number):
            self.changes.append(change(len(self.changes) + 1))
            self.feed.publish(self.changes[-1:])


async def take(subscription: Subscription, number: int) -> list[int]:
    ids: list[int] = []
    async for item in subscription:
        ids.append(item.event.id)
        if len(ids) == number:
            break
    return ids


def test_only_news() -> None:
    """Without a cursor only what happens from now on is heard."""

    async def test() -> None:
        source = Source(5)
        subscription = source.feed.subscribe()
        source.happen(2)
        assert await take(subscription, 2) == [6, 7]
        assert source.reads == 0

    asyncio.run(test())


@settings(max_examples=60, deadline=None)
@given(
    old=st.integers(0, 700),
    after=st.integers(0, 800),
    bursts=st.lists(st.integers(0, 5), min_size=10, max_size=40),
)
def test_catching_up_meets_live(old: int, after: int, bursts: list[int]) -> None:
    """Whatever happens while a listener catches up, it hears every id above its cursor once and in order."""

    async def test() -> None:
        source = Source(old)
        subscription = source.feed.subscribe(after)
        heard: list[int] = []

        async def listen() -> None:
            async for item in subscription:
                heard.append(item.event.id)
                await asyncio.sleep(0)  # a socket takes its time

        task = asyncio.create_task(listen())
        for burst in bursts:
            source.happen(burst)
            await asyncio.sleep(0)
        last = len(source.changes)
        expected = list(range(min(after, old) + 1, last + 1))
        while len(heard) < len(expected):
            await asyncio.sleep(0)
        source.feed.close()
        await task
        assert heard == expected

    asyncio.run(test())


def test_slow_listener_is_dropped() -> None:
    """Who lags behind by more than the queue is told so and ended; the others hear everything."""

    async def test() -> None:
        source = Source(0, queue_size=10)
        told: list[bool] = []
        slow = source.feed.subscribe(dropped=told.append)
        quick = source.feed.subscribe()
        source.happen(6)
        assert await take(quick, 6) == [1, 2, 3, 4, 5, 6]
        source.happen(6)
        assert told == [True]
        assert await take(quick, 6) == [7, 8, 9, 10, 11, 12]
        assert await take(slow, 1) == []
        source.happen(20)
        assert told == [True]
        again = source.feed.subscribe(after=0)
        assert await take(again, 32) == list(range(1, 33))

    asyncio.run(test())


def test_close() -> None:
    """Closing the feed ends every listener, also one that waits, and says that it was not its fault."""

    async def test() -> None:
        source = Source(0)
        told: list[bool] = []
        task = asyncio.create_task(take(source.feed.subscribe(dropped=told.append), 1))
        await asyncio.sleep(0)
        source.feed.close()
        assert await task == []
        assert told == [False]

    asyncio.run(test())


def test_unsubscribe() -> None:
    """A forgotten listener is not kept and not called."""

    async def test() -> None:
        source = Source(0, queue_size=1)
        subscription = source.feed.subscribe(dropped=lambda slow: pytest.fail("called"))
        source.feed.unsubscribe(subscription)
        source.happen(5)

    asyncio.run(test())


def test_news() -> None:
    """`news` returns at the next publication, for everybody who waits."""

    async def test() -> None:
        source = Source(0)
        waiting = [asyncio.create_task(source.feed.news()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        source.happen()
        await asyncio.gather(*waiting)

    asyncio.run(test())
