"""Fan-out of changes to subscribers: missed ones first, from the store, then live ones, each exactly once.

1. Everything that is published was committed before, in the same step of the loop. So all ids up to `last_id` are in
   the store, and a subscription is nothing but a cursor, the id of the last change it took.
2. The last changes are also kept in memory, once for all. What follows a cursor is cut into batches; those who stand at
   the same cursor get the same `Batch`, and what is made of it (a text, a frame) is made once.
3. Nothing is kept for anybody who is slow: the cursor stays where it is, and what has left the memory is read from
   the store. So memory does not grow with listeners or their lag; who is too slow to be served is theirs to say.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cached_property, lru_cache

from .jobs import Change
from .rounds import Call, Rounds

#: Changes kept in memory: half a minute of a busy service, about 1 MB.
KEPT = 1000
#: Changes taken at once at most; from the store that is a millisecond or two, on the loop.
BATCH = 100
#: Batches kept for those at the same cursor; most listeners stand at the newest one.
SHARED = 16


class Batch:
    """Changes that follow each other. Compared by identity: whoever gets the same one may share what is made of it."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = tuple(changes)

    @cached_property
    def message(self) -> str:
        """The changes as one message of the websocket feed, a list."""
        return f"[{','.join(change.message for change in self.changes)}]"


class Subscription:
    """One listener: iterate over it until the feed is closed, or be called and `take`."""

    def __init__(self, feed: "Feed", after: int, call: Call | None, closed: Callable[[], None]) -> None:
        self._feed = feed
        self._after = after
        self._called = asyncio.Event()
        self._closed = closed
        self.call = call or self._wake

    def take(self) -> Batch | None:
        """The next changes; None if all are taken."""
        batch = self._feed.after(self._after)
        if batch:
            self._after = batch.changes[-1].event.id
        return batch

    @property
    def behind(self) -> bool:
        """Whether there is more to take."""
        return self._after < self._feed.last_id

    def end(self) -> None:
        """Stop the iteration, tell the listener; for the feed that closes."""
        self._called.set()
        self._closed()

    def _wake(self) -> bool:
        self._called.set()
        return False

    async def __aiter__(self) -> AsyncIterator[Change]:
        while not self._feed.is_closed:
            self._called.clear()
            if batch := self.take():
                for change in batch.changes:
                    yield change
            else:
                await self._called.wait()


class Feed:
    """The fan-out of one service.

    Args:
        read: gives up to `limit` committed changes with ids above `after`, oldest first: read(after, limit).
        last_id: the newest id there is.
        kept: changes that are kept in memory.
    """

    def __init__(self, read: Callable[[int, int], list[Change]], last_id: int, kept: int = KEPT) -> None:
        self._read = read
        self.last_id = last_id
        #: the newest id that is in the store alone
        self.floor = last_id
        self.kept = kept
        self.is_closed = False
        self._recent: list[Change] = []
        self._subscriptions: set[Subscription] = set()
        self._rounds = Rounds()
        self._news = asyncio.Event()
        self._shared = lru_cache(SHARED)(self._cut)

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell every subscriber, in the next round; the changes are committed already. Never waits."""
        if not changes:
            return
        self._recent += changes
        self.last_id = changes[-1].event.id
        if gone := self._recent[: -self.kept]:
            self.floor = gone[-1].event.id
            del self._recent[: len(gone)]
        self._rounds.begin()
        self._news.set()
        self._news = asyncio.Event()

    def subscribe(
        self, after: int | None = None, call: Call | None = None, closed: Callable[[], None] = lambda: None
    ) -> Subscription:
        """Listen to changes.

        Args:
            after: the id of the last change that the listener knows; None: only those from now on.
            call: called when there may be something to take, and not often: `take` it then, one batch, and return
                whether to be called again at once. None: iterate over the subscription instead.
            closed: called when the feed is closed.

        Returns:
            Its cursor; give it to `unsubscribe` when it is no longer read.
        """
        cursor = self.last_id if after is None else min(after, self.last_id)
        subscription = Subscription(self, cursor, call, closed)
        self._subscriptions.add(subscription)
        self._rounds.join(subscription.call)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription that is no longer read."""
        self._subscriptions.discard(subscription)
        self._rounds.leave(subscription.call)

    def summon(self, subscription: Subscription) -> None:
        """Call a subscriber soon: it can take again."""
        self._rounds.summon(subscription.call)

    @property
    def subscribers(self) -> int:
        """How many listen now."""
        return len(self._subscriptions)

    async def news(self) -> None:
        """Return at the next publication, whatever it is."""
        await self._news.wait()

    def after(self, cursor: int) -> Batch | None:
        """The next changes above `cursor`, at most `BATCH`; None if there are none."""
        return self._shared(cursor, self.last_id) if cursor < self.last_id else None

    def _cut(self, cursor: int, newest: int) -> Batch:
        if cursor < self.floor and (missed := self._read(cursor, BATCH)):
            return Batch(missed)
        start = bisect_right(self._recent, cursor, key=lambda change: change.event.id)
        return Batch(self._recent[start : start + BATCH])

    def close(self) -> None:
        """End every subscription; whoever waits for news goes on and finds the service stopped."""
        self.is_closed = True
        while self._subscriptions:
            subscription = self._subscriptions.pop()
            self._rounds.leave(subscription.call)
            subscription.end()
        self._news.set()
