"""Group commit: while one statement is under way, turns gather, and go together in the next one.

A lone turn waits for nobody. What does not come back from the statement is a conflict for that turn alone. A group that
failed is offered again: turns that were kept, though nobody heard of it, are found by what they hold. A group goes in
the order of its keys: processes that have got the same messages wait for each other in that order, never in a circle.
"""

import asyncio
from typing import Any

from ...errors import JournalConflict, JournalError
from ..base import Meter
from . import statements
from .connections import Connections
from .troubles import ERRORS, is_data

#: Turns in one statement: some milliseconds of the database.
MOST = 256

#: The parameters of a turn, and where its number goes.
Entry = tuple[tuple[Any, ...], "asyncio.Future[int | None]"]


class GroupWriter:
    """Writes turns, one group after the other."""

    def __init__(self, connections: Connections, meter: Meter) -> None:
        self._connections, self._meter = connections, meter
        self._queue: list[Entry] = []
        self._task: asyncio.Task[None] | None = None

    def write(self, row: tuple[Any, ...]) -> "asyncio.Future[int | None]":
        """Queue a turn (`rows.of_turn`); the future has the session's number, if this turn begins an epoch."""
        future = asyncio.get_running_loop().create_future()
        self._queue.append((row, future))
        if self._task is None:
            self._task = asyncio.create_task(self._flush())
        return future

    async def stop(self) -> None:
        """Write what is queued."""
        if self._task is not None:
            await self._task

    async def _flush(self) -> None:
        while self._queue:
            group, self._queue = self._queue[:MOST], self._queue[MOST:]
            await self._keep(sorted(group, key=_place))
        self._task = None

    async def _keep(self, group: list[Entry]) -> None:
        rows = [row for row, _ in group]
        try:
            kept = await self._connections.run(lambda conn, again: _insert(conn, rows, again))
        except JournalError as error:
            if len(group) > 1 and isinstance(error.__cause__, ERRORS) and is_data(error.__cause__):
                for entry in group:  # only one of them is at fault
                    await self._keep([entry])
                return
            for _, future in group:
                _fail(future, error)
            return
        except Exception as error:  # whatever it is, somebody waits for each of these turns
            for _, future in group:
                _fail(future, JournalError(f"the journal cannot be written: {error!r}"))
            return
        self._meter.groups[len(group)] += 1
        for row, future in group:
            place = row[:2]
            if place not in kept:
                _fail(future, JournalConflict(f"session {row[0]}: turn {row[1]} is written already"))
            elif not future.done():
                future.set_result(kept.pop(place))  # of two equal ones in a group the first is kept
            else:
                del kept[place]


def _place(entry: Entry) -> tuple[Any, ...]:
    """Session and number of a turn; of two equal ones in a group the first stays the first."""
    return entry[0][:2]


def _fail(future: "asyncio.Future[int | None]", error: JournalError) -> None:
    if not future.done():  # whoever waited has gone
        future.set_exception(error)


async def _insert(conn: Any, rows: list[tuple[Any, ...]], again: bool) -> dict[tuple[Any, int], int | None]:
    """(sid, seq) → number of the session, for the turns of a group that are kept."""
    if len(rows) == 1:
        found = await conn.fetch(statements.COMMIT_ONE, *rows[0])
    else:
        found = await conn.fetch(statements.COMMIT, *map(list, zip(*rows, strict=True)))
    if again and len(found) < len(rows):
        sent = [(row[0], row[1], row[5], row[8], row[10]) for row in rows]
        found = [*found, *await conn.fetch(statements.FIND_AGAIN, *map(list, zip(*sent, strict=True)))]
    return {(row["sid"], row["seq"]): row["number"] for row in found}
