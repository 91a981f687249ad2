"""Group commit: writes that come together are kept in one transaction.

`LoopWriter` commits on the loop: with synchronous=NORMAL a commit is a few writes to the page cache, about 0.1 ms, so
under load it is made every 2 ms and shared by all turns that came meanwhile (256 us of CPU per turn; 325-470 with a
commit in every round of the loop). `ThreadWriter` has a thread and a connection of its own, for synchronous=FULL:
while one fsync runs, the writes of the next group gather.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import JournalConflict, JournalError
from .base import Meter
from .troubles import explain, is_busy

Write = Callable[[sqlite3.Connection], int]

#: Seconds between two commits on the loop while more than one write comes at a time; a lone one is kept at once.
GATHER = 0.002
#: How long a write waits for another process's transaction (seconds); with the turn it fits into the platform's 4.5 s.
PATIENCE = 1.5


class Writer(Protocol):
    def write(self, write: Write) -> "asyncio.Future[int]":
        """Queue a write; the future has its result once it is kept."""

    async def stop(self) -> None:
        """Write what is queued and let go."""


def commit_group(conn: sqlite3.Connection, writes: list[Write]) -> list[int | Exception]:
    """Run the writes in one transaction; where one breaks a constraint, each in a transaction of its own.

    Raises:
        sqlite3.Error: nothing is kept.
    """
    try:
        return list(_transaction(conn, writes))
    except (sqlite3.IntegrityError, ValueError, RecursionError, OverflowError) as error:
        if len(writes) == 1 and isinstance(error, sqlite3.IntegrityError):
            return [JournalConflict(f"the turn is written already: {error}")]
        if len(writes) == 1:
            return [JournalError(f"the turn cannot be written: {error!r}")]
        return [outcome for write in writes for outcome in commit_group(conn, [write])]


def _transaction(conn: sqlite3.Connection, writes: list[Write]) -> list[int]:
    conn.execute("BEGIN IMMEDIATE")
    try:
        results = [write(conn) for write in writes]
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:  # a full disk may have rolled it back already
            conn.execute("ROLLBACK")
        raise
    return results


class LoopWriter:
    """Commits on the event loop, once a round."""

    def __init__(self, conn: sqlite3.Connection, meter: Meter) -> None:
        self._conn, self._meter = conn, meter
        self._queue: list[tuple[Write, asyncio.Future[int]]] = []
        self._since = self._last = 0.0
        self._crowded = False  # a lone user need not wait for others

    def write(self, write: Write) -> "asyncio.Future[int]":
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._queue:
            self._since = loop.time()
            loop.call_at(self._last + (GATHER if self._crowded else 0.0), self._flush)
        self._queue.append((write, future))
        return future

    def _flush(self) -> None:
        group, self._queue = self._queue, []
        if not group:
            return
        loop = asyncio.get_running_loop()
        try:
            outcomes: list[Any] = list(commit_group(self._conn, [write for write, _ in group]))
        except sqlite3.Error as error:
            if is_busy(error) and loop.time() - self._since < PATIENCE:
                self._queue = group + self._queue
                loop.call_later(0.02, self._flush)
                return
            outcomes = [explain(error)] * len(group)
        except Exception as error:  # whatever it is, somebody waits for each of these writes
            outcomes = [JournalError(f"the journal cannot be written: {error!r}")] * len(group)
        self._last, self._crowded = loop.time(), len(group) > 1
        self._meter.groups[len(group)] += 1
        _resolve([future for _, future in group], outcomes)

    async def stop(self) -> None:
        while self._queue:
            await asyncio.wait([future for _, future in self._queue])


class ThreadWriter:
    """Commits in a thread with a connection of its own."""

    def __init__(self, conn: sqlite3.Connection, meter: Meter) -> None:
        self._conn, self._meter = conn, meter
        self._queue: queue.SimpleQueue[tuple[Write, asyncio.Future[int]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def write(self, write: Write) -> "asyncio.Future[int]":
        future = asyncio.get_running_loop().create_future()
        self._queue.put((write, future))
        return future

    def _run(self) -> None:
        last = False
        while not last:
            group = [self._queue.get()]
            while not self._queue.empty():
                group.append(self._queue.get())
            last = None in group
            self._commit([entry for entry in group if entry is not None])
        self._conn.close()

    def _commit(self, group: list[tuple[Write, "asyncio.Future[int]"]]) -> None:
        if not group:
            return
        outcomes: list[Any]
        try:
            outcomes = list(commit_group(self._conn, [write for write, _ in group]))
        except sqlite3.Error as error:
            outcomes = [explain(error)] * len(group)
        except Exception as error:  # whatever it is, somebody waits for each of these writes
            outcomes = [JournalError(f"the journal cannot be written: {error!r}")] * len(group)
        self._meter.groups[len(group)] += 1
        futures = [future for _, future in group]
        futures[0].get_loop().call_soon_threadsafe(_resolve, futures, outcomes)

    async def stop(self) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)


def _resolve(futures: list["asyncio.Future[int]"], outcomes: list[Any]) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if future.done():  # whoever waited has gone
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
