"""Which process runs a step: it holds a lease by the clock of the database, and renews it as long as it lives.

A step whose process died is taken over once its lease has run out; one whose process only runs for long never is.
A process that was stopped for longer than the lease finds its step taken when it goes on: its outcome is refused.
"""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID, uuid4

from ...errors import JournalConflict, JournalError
from ..base import Meter
from ..columns import of_outcome, of_state
from ..records import Head, Key, Op, Place
from . import rows, statements
from .connections import Connections

log = logging.getLogger(__name__)

#: For so long a step belongs to who has claimed it.
LEASE = timedelta(seconds=6)
#: Between two renewals: two may fail before a lease runs out.
RENEWAL = LEASE / 3


#: What names a step in the tables: sid, seq, k, asked.
Step = tuple[UUID, int, int, str]


class Leases:
    """The steps that this process has claimed."""

    def __init__(self, connections: Connections, meter: Meter) -> None:
        self._connections, self._meter = connections, meter
        self._owner: UUID = uuid4()
        self._held: set[Step] = set()
        self._heartbeat: asyncio.Task[None] | None = None

    async def claim(self, key: Key, head: Head, place: Place, asked: str, name: str) -> int | None:
        """See `Journal.claim`."""
        step = (rows.session_id(key), *place, asked)
        values = (*step, name, self._owner, head.epoch, head.script, of_state(head.state), head.id, head.seq, LEASE)
        row = await self._connections.run(lambda conn, _: conn.fetchrow(statements.CLAIM, *values))
        if row is None:
            return None  # as it is not if no answer came: what is not run here must not be held
        self._hold(step)
        self._meter.taken_over += row["was_others"]
        number: int = row["number"]
        return number

    async def settle(self, key: Key, place: Place, asked: str, op: Op) -> None:
        """See `Journal.add_step`."""
        step = (rows.session_id(key), *place, asked)
        values = (of_outcome(op), *step, op["name"], self._owner)
        kept = await self._connections.run(lambda conn, _: conn.fetchval(statements.SETTLE, *values))
        self._held.discard(step)
        if kept is None:
            raise JournalConflict(f"session {key[1]}: step {op['name']} was taken over by another process")

    def _hold(self, step: Step) -> None:
        self._held.add(step)
        if self._heartbeat is None or self._heartbeat.done():
            self._heartbeat = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while self._held:
            await asyncio.sleep(RENEWAL.total_seconds())
            try:
                if self._held:
                    await self._extend(LEASE)
            except JournalError as error:
                log.error("%s; steps under way may be taken for those of a dead process", error)

    async def stop(self) -> None:
        """Let others take at once what was claimed here and has no outcome."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
        if self._held:
            await self._extend(timedelta(0))
            self._held.clear()

    async def _extend(self, time: timedelta) -> None:
        values = (self._owner, time, *map(list, zip(*self._held, strict=True)))
        await self._connections.run(lambda conn, _: conn.execute(statements.HOLD, *values))
