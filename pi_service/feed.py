"""Fan-out of changes to subscribers: missed ones first, from the store, then live ones, each exactly once.

Everything that is published was committed before, in the same step of the loop. So whoever subscribes finds all ids up
to `last_id` in the store and gets all above it live: no gap, no duplicate.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from .jobs import Change

#: Changes a subscriber may lag behind before it is dropped: half a minute of a busy service, about 1 MB.
QUEUE = 1000
#: Changes told at once to a listener that was busy.
BATCH = 100
#: Missed changes are read from the store in pages of this many, a millisecond or two each.
PAGE = 200


class Subscription:
    """One listener. Iterate over it; it ends when the feed drops it or is closed."""

    def __init__(self, feed: "Feed", after: int, dropped: Callable[[bool], None]) -> None:
        self._feed = feed
        self._after = after
        self._upto = feed.last_id
        self._dropped = dropped
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue(feed.queue_size)

    def put(self, change: Change) -> bool:
        """Hand over a live change; False if this listener is too slow."""
        try:
            self._queue.put_nowait(change)
        except asyncio.QueueFull:
            return False
        return True

    def end(self, *, slow: bool) -> None:
        """Stop the iteration; `dropped(slow)` is called once."""
        while not self._queue.empty():
            self._queue.get_nowait()  # it will read them from the store when it comes back
        self._queue.put_nowait(None)
        self._upto = 0
        self._dropped(slow)

    async def __aiter__(self) -> AsyncIterator[Change]:
        async for batch in self.batches():
            for change in batch:
                yield change

    async def batches(self) -> AsyncIterator[list[Change]]:
        """The same in lists: all that has come while the listener was busy, at most `BATCH` of them at once."""
        while self._after < self._upto and (page := self._feed.missed(self._after, self._upto)):
            self._after = page[-1].event.id
            yield page
        while batch := await self._waiting():
            yield batch

    async def _waiting(self) -> list[Change]:
        """What waits, or the next change; nothing once the subscription has ended."""
        batch: list[Change] = []
        change = await self._queue.get()
        while change is not None:
            batch.append(change)
            if self._queue.empty() or len(batch) == BATCH:
                break
            change = self._queue.get_nowait()
        else:
            self._queue.put_nowait(None)  # so that the next look ends too
        return batch


class Feed:
    """The fan-out of one service.

    Args:
        read: gives up to `limit` committed changes with ids above `after`, oldest first: read(after, limit).
        last_id: the newest id there is.
        queue_size: changes a subscriber may lag behind.
    """

    def __init__(self, read: Callable[[int, int], list[Change]], last_id: int, queue_size: int = QUEUE) -> None:
        self._read = read
        self.last_id = last_id
        self.queue_size = queue_size
        self._subscriptions: set[Subscription] = set()
        self._news = asyncio.Event()

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell every subscriber; the changes are committed already. Never waits: who lags too far is dropped."""
        for change in changes:
            self.last_id = change.event.id
            for subscription in [s for s in self._subscriptions if not s.put(change)]:
                self._subscriptions.discard(subscription)
                subscription.end(slow=True)
        self._news.set()
        self._news = asyncio.Event()

    def subscribe(self, after: int | None = None, dropped: Callable[[bool], None] = lambda slow: None) -> Subscription:
        """Listen to changes.

        Args:
            after: the id of the last change that the listener knows; None: only those from now on.
            dropped: called when the feed ends the subscription, with True if the listener lagged too far behind and
                should come back with its cursor, with False if the feed was closed.

        Returns:
            What to iterate over; give it to `unsubscribe` when it is no longer read.
        """
        subscription = Subscription(self, self.last_id if after is None else after, dropped)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription that is no longer read."""
        self._subscriptions.discard(subscription)

    @property
    def subscribers(self) -> int:
        """How many listen now."""
        return len(self._subscriptions)

    async def news(self) -> None:
        """Return at the next publication, whatever it is."""
        await self._news.wait()

    def missed(self, after: int, upto: int) -> list[Change]:
        """The next page of committed changes with after < id <= upto."""
        return [change for change in self._read(after, PAGE) if change.event.id <= upto]

    def close(self) -> None:
        """End every subscription; whoever waits for news goes on and finds the service stopped."""
        while self._subscriptions:
            self._subscriptions.pop().end(slow=False)
        self._news.set()
