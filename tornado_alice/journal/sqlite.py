"""The journal in a SQLite file (WAL): survives kill -9, and with durability "power" the loss of power too.

Rules:
1. A turn without steps is one row and one transaction; turns are only ever appended.
2. UNIQUE(session, seq) is the fence between processes.
3. Transactions begin IMMEDIATE, so that one that will write never has to give up half-way.
4. Checkpoints and sweeps run in a thread with a connection of their own, never on the loop's.
5. A step belongs to the process that claimed it as long as that process lives (`owners`).
"""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from ..errors import JournalConflict, JournalError
from . import statements, tally_statements
from .base import SWEEP_BATCH, Meter, Retention
from .clock import SteadyClock
from .owners import Owner
from .records import Head, Key, Known, Op, Opened, Place, Record, Summary, Tallies, Tally, Wanted
from .schema import check_current, migrate, version
from .statements import Claim
from .troubles import explain
from .writer import LoopWriter, ThreadWriter, Writer

log = logging.getLogger(__name__)
Result = TypeVar("Result")

#: Name of the journal file in a data directory.
FILE_NAME = "journal.sqlite3"
#: Seconds between two rounds of checkpoint and sweep.
HOUSEKEEPING = 2.0
#: Bytes of the log from which writers are held up for a moment to begin it anew.
WAL_LIMIT = 16 << 20
#: Free pages (of 4 KiB) that stay in the file for new turns.
SPARE_PAGES = 1024
#: Pages given back in one transaction: about a millisecond.
VACUUM_PAGES = 256
#: Milliseconds that the loop's connection waits for a lock; longer waits are the writer's, off the loop.
BUSY = 50


def connect(path: Path, durability: str = "normal", busy: int = BUSY) -> sqlite3.Connection:
    """A connection with the journal's settings; `durability` is ``normal`` or ``power``."""
    conn = sqlite3.connect(path, isolation_level=None, timeout=busy / 1000, check_same_thread=False)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA wal_autocheckpoint = 0")
    conn.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
    return conn


class SqliteJournal:
    """A Journal in the file `path`.

    Args:
        path: of the file; its folder must exist.
        durability: ``normal`` (survives kill -9) or ``power`` (an fsync for each group of turns).
        retention: how long sessions are kept.
    """

    def __init__(self, path: Path, durability: str = "normal", retention: Retention | None = None) -> None:
        self.path, self.durability = path, durability
        self.retention = retention or Retention()
        self.secret = b""
        self.meter = Meter()
        self._conn: sqlite3.Connection | None = None
        self._inode = 0
        self._writer: Writer | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._owner = Owner(path.with_name(path.name + "-owners"))
        self._clock = SteadyClock(self.retention.silent)

    async def start(self) -> None:
        await self.open()
        self._owner.clean()
        assert self._conn is not None, "open() has set it"
        if self.durability == "power":
            self._writer = ThreadWriter(connect(self.path, "power", busy=2000), self.meter)
        else:
            self._writer = LoopWriter(self._conn, self.meter)
        self._keeper = asyncio.create_task(self._housekeeping())

    async def open(self, *, unchanged: bool = False) -> None:
        """Open it for reading alone; `start` does this too."""
        try:
            if unchanged:
                self._open_unchanged()
            else:
                self._open()
        except sqlite3.Error as error:
            raise explain(error) from error
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be opened: {error.strerror}") from error

    def _open(self) -> None:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds what users said
        with closing(sqlite3.connect(self.path)) as plain:
            version(plain, self.path)  # before `connect` turns another program's file into a WAL one
        self._conn = conn = connect(self.path, busy=5000)
        migrate(conn, self.path)
        conn.execute("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", (os.urandom(32),))
        (self.secret,) = conn.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()
        conn.execute(f"PRAGMA busy_timeout = {BUSY}")
        self._inode = os.stat(self.path).st_ino

    def _open_unchanged(self) -> None:
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        self._conn = conn = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5, check_same_thread=False)
        check_current(conn, self.path)
        (self.secret,) = conn.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()

    def check(self) -> None:
        """Is the file there that this journal has open?

        Raises:
            JournalError: it was removed or replaced: what is written now, nobody would find again.
        """
        try:
            there = os.stat(self.path).st_ino
        except OSError:
            there = 0
        if self._conn is None:
            raise JournalError("the journal is closed")
        if there != self._inode:
            raise JournalError(f"the journal {self.path} was removed or replaced while it was open: restart the server")

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.stop()
        await self.close()
        self._owner.release()

    async def close(self) -> None:
        """Close what `open` has opened."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    async def load(self, key: Key, request: bytes = b"", message_id: int | None = None, since: int = 0) -> Known:
        return self._guard(lambda conn: statements.load(conn, key, request, message_id, since))

    async def claim(self, key: Key, head: Head, place: Place, asked: str, name: str) -> int | None:
        step = Claim(place, asked, name, self._owner.name)

        def write(conn: sqlite3.Connection) -> int:
            return statements.claim(conn, key, head, step, self._is_held)

        return await self._write(write) or None

    def _is_held(self, owner: str) -> bool:
        """Is a step that was claimed and has no outcome somebody else's? If not, it is taken over now."""
        held = self._owner.is_other_alive(owner)
        self.meter.taken_over += not held and owner != self._owner.name
        return held

    async def add_step(self, key: Key, head: Head, place: Place, asked: str, op: Op) -> None:
        step = Claim(place, asked, op["name"], self._owner.name)
        if not await self._write(lambda conn: statements.settle(conn, head.id or 0, step, op)):
            raise JournalConflict(f"session {key[1]}: step {op['name']} was taken over by another process")

    async def left(self, most: int, skills: Collection[str] = ()) -> list[Key]:
        return self._guard(lambda conn: statements.left(conn, most, skills, self._owner.is_gone))

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        return await self._write(lambda conn: statements.commit(conn, key, head, record))

    async def sweep(self, now: float) -> int:
        return await asyncio.to_thread(self._sweep, now)

    def _sweep(self, now: float) -> int:
        conn = connect(self.path, busy=1000)
        try:
            return statements.sweep(conn, now, self.retention)
        except sqlite3.Error as error:
            raise explain(error) from error
        finally:
            conn.close()

    async def add_tallies(self, writer: UUID, number: int, tallies: list[Tally]) -> None:
        await self._write(lambda conn: tally_statements.add(conn, tallies))

    async def tallies(self, since: float) -> Tallies:
        self.check()
        return await asyncio.to_thread(self._tallies, since)

    def _tallies(self, since: float) -> Tallies:
        with closing(connect(self.path, busy=1000)) as conn:
            try:
                return tally_statements.read(conn, since)
            except sqlite3.Error as error:
                raise explain(error) from error

    async def sessions(self, limit: int, wanted: Wanted = Wanted()) -> list[Summary]:  # noqa: B008 it cannot be changed
        return self._guard(lambda conn: statements.sessions(conn, limit, wanted))

    async def find(self, name: str) -> Summary | None:
        """The session with this number, or else the latest with this session_id."""
        return self._guard(lambda conn: statements.find(conn, name))

    async def turns(self, id: int) -> list[tuple[int, Record]]:
        """(epoch, turn) of all epochs of a session, in order."""
        return self._guard(lambda conn: statements.turns(conn, id))

    async def count_open(self) -> dict[str, int]:
        """How many sessions are open, by the skill_id of their keys."""
        return self._guard(statements.count_open)

    async def read_open(self, skill_ids: Collection[str], look: Callable[[list[Opened]], None]) -> None:
        """Show `look` all open sessions of these skills, batch by batch."""
        after = 0
        while found := self._guard(partial(statements.opened, skill_ids=skill_ids, after=after)):
            look(found)
            after = found[-1].id

    def _guard(self, act: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._conn is None:
            raise JournalError("the journal is closed")
        try:
            return act(self._conn)
        except sqlite3.Error as error:
            raise explain(error) from error

    async def _write(self, write: Callable[[sqlite3.Connection], int]) -> int:
        if self._writer is None:
            raise JournalError("the journal is closed")
        self.check()
        return await self._writer.write(write)

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING)
            try:
                await asyncio.to_thread(self.tidy)
            except (JournalError, OSError, sqlite3.Error) as error:
                log.error("%s; the journal is tidied later", error)

    def tidy(self) -> None:
        """Sweep, and move the log into the file; in any thread."""
        while self._sweep(self._clock.now()) == SWEEP_BATCH:
            time.sleep(0.01)  # leave room for turns between two batches
        conn = connect(self.path, busy=1000)
        try:
            _give_pages_back(conn)
            conn.execute("PRAGMA wal_checkpoint(PASSIVE)")  # disturbs nobody, but never ends while turns keep coming:
            if self.path.with_name(self.path.name + "-wal").stat().st_size > WAL_LIMIT:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # holds writers up for what has come since
        except sqlite3.Error as error:
            raise explain(error) from error
        finally:
            conn.close()


def _give_pages_back(conn: sqlite3.Connection) -> None:
    """What sweeping left empty goes back to the disk, in small transactions, but for what new turns soon fill."""
    while conn.execute("PRAGMA freelist_count").fetchone()[0] > SPARE_PAGES:
        conn.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")  # execute() would make one step of it: a page
        time.sleep(0.01)  # leave room for turns
