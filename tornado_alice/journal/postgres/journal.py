"""The journal in PostgreSQL: any process on any machine goes on with any session.

Rules:
1. One turn is one row; (sid, seq) alone is the fence between processes, whatever epoch they believe in.
2. A hot turn is one statement and one round trip; turns that come together share it (`groups`).
3. A step belongs to the process that claimed it, by a lease on the clock of the database (`leases`).
4. Every statement may be repeated: what a lost connection leaves in doubt is tried again, for `PATIENCE` seconds.
5. A connection keeps prepared statements and settings; one that is `pooled` keeps nothing beyond a statement.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from ...errors import JournalError
from ..base import READ_BATCH, SWEEP_BATCH, Meter, Retention
from ..clock import SteadyClock
from ..postgres_url import take_password
from ..records import Head, Key, Known, Op, Opened, Place, Record, Summary, Tallies, Tally, Wanted
from . import rows, schema, statements
from .connections import MOST_CONNECTIONS, Connections, Password, once
from .groups import GroupWriter
from .leases import Leases
from .tallies import add, read

log = logging.getLogger(__name__)

#: Seconds between two sweeps of one process, on average; of all processes of a database one sweeps at a time.
HOUSEKEEPING = 30.0
#: "Swee" in ASCII: of the lock under which sessions are swept.
SWEEPING = 0x53776565
#: Numbers of sessions have 63 bits: a text with so many digits is no number.
MOST_DIGITS = 19


class PostgresJournal:
    """A Journal in the database `url`.

    Args:
        url: ``postgresql://USER@HOST:PORT/NAME``; what it leaves out comes from PGHOST, PGPORT, PGUSER, PGPASSWORD,
            PGDATABASE and the password file (https://www.postgresql.org/docs/current/libpq-envars.html).
        retention: how long sessions are kept.
        connections: of this process, at most.
        pooled: a pooler in transaction mode stands between (https://www.pgbouncer.org/features.html).
        password: gives one that changes, for each connection; a plain function or an async one.

    Attributes:
        path: the URL without its password, to be shown.

    Raises:
        SettingsError: it is no URL.
    """

    def __init__(
        self,
        url: str,
        retention: Retention | None = None,
        connections: int = MOST_CONNECTIONS,
        *,
        pooled: bool = False,
        password: Password | None = None,
    ) -> None:
        self.path, _ = take_password(url)
        self.retention = retention or Retention()
        self.secret = b""
        self._connections = Connections(url, connections, pooled=pooled, password=password)
        self.meter = Meter()
        self._writer = GroupWriter(self._connections, self.meter)
        self._leases = Leases(self._connections, self.meter)
        self._clock = SteadyClock(self.retention.silent)
        self._keeper: asyncio.Task[None] | None = None
        self._is_open = False

    async def start(self) -> None:
        await self.open()
        self._keeper = asyncio.create_task(self._housekeeping())

    async def open(self, *, unchanged: bool = False) -> None:
        """Open it for reading alone; `start` does this too."""
        self.secret = await once(self._connections, partial(schema.prepare, unchanged=unchanged))
        self._is_open = True

    async def join(self) -> None:
        """Open what was set up before, by one statement: no tables are made, and nothing is swept beside the turns."""
        if not self._is_open:
            self.secret = await self._connections.run(lambda conn, _: schema.read(conn))
            self._is_open = True

    @contextmanager
    def by(self, moment: float) -> Iterator[None]:
        """Whatever is asked within the block ends by this moment of the loop's clock, if need be with JournalError."""
        self._connections.until = moment
        try:
            yield
        finally:
            self._connections.until = math.inf

    async def left(self, most: int, skills: Collection[str] = ()) -> list[Key]:
        """Sessions that wait for a step whose process is gone; of these skills, or of any."""
        found = await self._fetch(statements.LEFT, most, list(skills) or None)
        return [(row["skill_id"], row["session_id"]) for row in found]

    async def migrate(self) -> tuple[int, int]:
        """Bring its tables to this release; the numbers of the schema before and after."""
        return await once(self._connections, schema.migrate)

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._is_open = False
        await self._writer.stop()
        try:
            await self._leases.stop()
        except JournalError as error:
            log.warning("%s; steps of this process are free when their lease runs out", error)
        await self.close()

    async def close(self) -> None:
        """Close what `open` has opened."""
        self._is_open = False
        await self._connections.close()

    def check(self) -> None:
        """Raise JournalError if it is closed; whether the database can be reached, only a statement tells."""
        if not self._is_open:
            raise JournalError("the journal is closed")

    async def load(self, key: Key, request: bytes = b"", message_id: int | None = None, since: int = 0) -> Known:
        self.check()
        values = (rows.session_id(key), message_id, request, since)
        found = await self._connections.run(lambda conn, _: conn.fetch(statements.LOAD, *values))
        return rows.known(found, request, message_id, since)

    async def claim(self, key: Key, head: Head, place: Place, asked: str, name: str) -> int | None:
        self.check()
        return await self._leases.claim(key, head, place, asked, name)

    async def add_step(self, key: Key, head: Head, place: Place, asked: str, op: Op) -> None:
        self.check()
        await self._leases.settle(key, place, asked, op)

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        self.check()
        number = await self._writer.write(rows.of_turn(key, head, record))
        return number or head.id or 0

    async def sweep(self, now: float) -> int:
        keep = self.retention
        times = (now - keep.ended, now - keep.failed, now - keep.silent)

        async def act(conn: Any) -> int:
            async with conn.transaction():
                if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", SWEEPING):
                    return 0  # another process is at it
                await conn.execute(statements.FORGET_BATCHES)
                gone: int = await conn.fetchval(statements.SWEEP, *times, keep.failed_bytes, SWEEP_BATCH)
                return gone

        self.check()
        return await once(self._connections, act)

    async def add_tallies(self, writer: UUID, number: int, tallies: list[Tally]) -> None:
        self.check()
        await self._connections.run(lambda conn, _: add(conn, writer, number, tallies))

    async def tallies(self, since: float) -> Tallies:
        self.check()
        return await self._connections.run(lambda conn, _: read(conn, since))

    async def sessions(self, limit: int, wanted: Wanted = Wanted()) -> list[Summary]:  # noqa: B008 it cannot be changed
        most = None if limit < 0 else limit
        found = await self._fetch(statements.SESSIONS, wanted.state, wanted.since, wanted.skill, most, None, None)
        return [rows.summary(row) for row in found]

    async def find(self, name: str) -> Summary | None:
        """The session with this number, or else the latest with this session_id."""
        number = int(name) if name.isascii() and name.isdecimal() and len(name) < MOST_DIGITS else None
        found = await self._fetch(statements.SESSIONS, None, None, None, 1, number, name)
        return rows.summary(found[0]) if found else None

    async def turns(self, id: int) -> list[tuple[int, Record]]:
        """(epoch, turn) of all epochs of a session, in order."""
        return [(row["epoch"], rows.record(row)) for row in await self._fetch(statements.TURNS, id)]

    async def count_open(self) -> dict[str, int]:
        """How many sessions are open, by the skill_id of their keys."""

        async def act(conn: Any) -> dict[str, int]:
            return dict(await conn.fetch(statements.COUNT_OPEN))

        return await once(self._connections, act)

    async def read_open(self, skill_ids: Collection[str], look: Callable[[list[Opened]], None]) -> None:
        """Show `look` all open sessions of these skills, batch by batch, as they are at one moment."""

        async def act(conn: Any) -> None:
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                cursor = await conn.cursor(statements.OPENED, list(skill_ids))
                while found := await cursor.fetch(READ_BATCH):
                    epochs = [row["sid"] for row in found], [row["epoch"] for row in found]
                    look(rows.opened(found, await conn.fetch(statements.TURNS_OF_EPOCHS, *epochs)))

        await once(self._connections, act)

    async def _fetch(self, statement: str, *values: Any) -> list[Any]:
        """What people look for, who are more patient than a turn."""
        self.check()
        found: list[Any] = await once(self._connections, lambda conn: conn.fetch(statement, *values))
        return found

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING * random.Random().uniform(0.5, 1.5))  # processes started at once part ways
            try:
                while await self.sweep(self._clock.now()) == SWEEP_BATCH:  # noqa: ASYNC110 it is work, no waiting
                    await asyncio.sleep(0.01)  # leave room for turns between two batches
            except JournalError as error:
                log.error("%s; the journal is swept later", error)
