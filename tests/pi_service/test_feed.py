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

    def __init__(self, old: int, kept: int = 1000) -> None:
        self.changes = [change(id) for id in range(1, old + 1)]
        self.feed = Feed(self.read, old, kept)
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


def test_slow_listener_costs_nothing() -> None:
    """Who lags behind what is kept in memory reads the rest from the store; the others hear everything from memory."""

    async def test() -> None:
        source = Source(0, kept=10)
        slow, quick = source.feed.subscribe(), source.feed.subscribe()
        source.happen(6)
        assert await take(quick, 6) == [1, 2, 3, 4, 5, 6]
        source.happen(6)
        assert await take(quick, 6) == [7, 8, 9, 10, 11, 12]
        assert (source.reads, source.feed.floor) == (0, 2)
        assert await take(slow, 12) == list(range(1, 13))
        assert source.reads == 1

    asyncio.run(test())


def test_the_same_batch_for_all_at_one_place() -> None:
    """Those who stand at the same change get one and the same batch, so that what is made of it is made once."""

    async def test() -> None:
        source = Source(0)
        first, second, late = source.feed.subscribe(), source.feed.subscribe(), source.feed.subscribe(after=0)
        source.happen(250)
        batches = []
        while batch := first.take():
            assert batch is second.take()
            batches.append(batch)
        assert [len(batch.changes) for batch in batches] == [100, 100, 50]
        assert late.take() is batches[0]
        assert not first.behind and late.behind

    asyncio.run(test())


def test_close() -> None:
    """Closing the feed ends every listener, also one that waits, and tells those that are called."""

    async def test() -> None:
        source = Source(0)
        told: list[str] = []
        task = asyncio.create_task(take(source.feed.subscribe(), 1))
        source.feed.subscribe(call=lambda: False, closed=lambda: told.append("closed"))
        await asyncio.sleep(0)
        source.feed.close()
        assert await task == []
        assert (told, source.feed.subscribers) == (["closed"], 0)

    asyncio.run(test())


def test_unsubscribe() -> None:
    """A forgotten listener is not kept and not called, although it was due."""

    async def test() -> None:
        source = Source(0)
        forgotten = source.feed.subscribe(call=lambda: bool(pytest.fail("called")))
        source.feed.unsubscribe(forgotten)
        source.happen(5)
        source.feed.summon(forgotten)
        assert await take(source.feed.subscribe(after=0), 5) == [1, 2, 3, 4, 5]
        assert source.feed.subscribers == 1

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
