"""The journal in a SQLite file (WAL): survives kill -9, and with durability "power" the loss of power too.

Rules:
1. A turn without steps is one row and one transaction; turns are only ever appended.
2. UNIQUE(session, epoch, n) and UNIQUE(session, message_id) are the fence between processes.
3. Transactions begin IMMEDIATE, so that one that will write never has to give up half-way.
4. Checkpoints and sweeps run in a thread with a connection of their own, never on the loop's.
"""

import asyncio
import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from ..errors import JournalError
from .base import KEEP_ENDED, KEEP_SILENT, SWEEP_BATCH
from .records import Head, Key, Op, Record, Summary
from .schema import migrate, version
from .troubles import explain
from .writer import LoopWriter, ThreadWriter, Writer

log = logging.getLogger(__name__)
Result = TypeVar("Result")

#: Name of the journal file in a data directory.
FILE_NAME = "journal.sqlite3"
#: Columns of a `Record`.
RECORD = "n, message_id, at, request, ops, reply, digest, version"
#: Seconds between two rounds of checkpoint and sweep.
HOUSEKEEPING = 2.0
#: `touched` is renewed with every 16th turn: it spares a second write in the others.
TOUCH_EVERY = 16
#: Bytes of the log from which writers are held up for a moment to begin it anew.
WAL_LIMIT = 16 << 20
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
    """

    def __init__(self, path: Path, durability: str = "normal") -> None:
        self.path, self.durability = path, durability
        self.secret = b""
        self._conn: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.open()
        assert self._conn is not None, "open() has set it"
        if self.durability == "power":
            self._writer = ThreadWriter(connect(self.path, "power", busy=2000))
        else:
            self._writer = LoopWriter(self._conn)
        self._keeper = asyncio.create_task(self._housekeeping())

    def open(self) -> None:
        """Open it for reading alone; `start` does this too."""
        try:
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

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.stop()
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def find(self, key: Key) -> Head | None:
        rows = self._read(
            "SELECT id, epoch, script, state, ended FROM session WHERE skill_id = ? AND session_id = ?", key
        )
        for id, epoch, script, state, ended in rows:
            at, n = self.position(id)
            return Head(id, epoch, n if at == epoch else 0, script, json.loads(state), bool(ended))
        return None

    def position(self, id: int) -> tuple[int, int]:
        rows = self._read("SELECT epoch, n + 1 FROM turn WHERE session = ? ORDER BY epoch DESC, n DESC LIMIT 1", (id,))
        epoch, n = rows[0] if rows else (0, 0)
        return epoch, n

    def turns(self, id: int, epoch: int, since: int = 0) -> list[Record]:
        query = f"SELECT {RECORD} FROM turn WHERE session = ? AND epoch = ? AND n >= ? ORDER BY n"  # noqa: S608 a constant
        return [_record(row) for row in self._read(query, (id, epoch, since))]

    def sent(self, id: int, message_id: int) -> bytes | None:
        rows = self._read("SELECT reply FROM turn WHERE session = ? AND message_id = ?", (id, message_id))
        return bytes(rows[0][0]) if rows else None

    def steps(self, id: int, epoch: int, n: int, message_id: int | None) -> dict[int, Op]:
        query = "SELECT k, name, outcome, message_id FROM step WHERE session = ? AND epoch = ? AND n = ? ORDER BY k"
        rows = self._read(query, (id, epoch, n))
        return {k: {"name": name} | json.loads(op) for k, name, op, message in rows if message in (None, message_id)}

    async def add_step(self, key: Key, head: Head, k: int, message_id: int | None, op: Op) -> int:
        outcome = json.dumps({word: op[word] for word in ("ok", "error") if word in op}, ensure_ascii=True)

        def write(conn: sqlite3.Connection) -> int:
            id = _session(conn, key, head, time.time())
            place = (id, head.epoch, head.n, k)
            # what an earlier message has left in the same place is of no use: the script saw another request then
            conn.execute(
                "DELETE FROM step WHERE (session, epoch, n, k) = (?, ?, ?, ?) AND message_id IS NOT ? "
                "AND message_id IS NOT NULL",
                (*place, message_id),
            )
            conn.execute(
                "INSERT OR IGNORE INTO step VALUES (?, ?, ?, ?, ?, ?, ?)", (*place, message_id, op["name"], outcome)
            )
            return id

        return await self._write(write)

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        ops = json.dumps(record.ops, ensure_ascii=True) if record.ops else None

        def write(conn: sqlite3.Connection) -> int:
            id = head.id
            if id is None or record.n == 0 or head.ended or record.n % TOUCH_EVERY == 0:
                id = _session(conn, key, head, record.at)
            row = (record.message_id, record.at, record.request, ops, record.reply, record.digest, record.version)
            conn.execute("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (id, head.epoch, record.n, *row))
            if record.ops:
                _fold_steps(conn, (id, head.epoch, record.n), record.waits_from)
            return id

        return await self._write(write)

    def sweep(self, now: float) -> int:
        conn = connect(self.path, busy=1000)
        try:
            return _sweep(conn, now)
        except sqlite3.Error as error:
            raise explain(error) from error
        finally:
            conn.close()

    def sessions(self, limit: int) -> list[Summary]:
        query = """SELECT session.id, skill_id, session_id, session.epoch, count(*), min(at), max(at), ended
                   FROM session JOIN turn ON turn.session = session.id
                   GROUP BY session.id ORDER BY max(at) DESC LIMIT ?"""
        rows = self._read(query, (limit,))
        return [_summary(*row) for row in rows]

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        return self._guard(lambda conn: conn.execute(query, values).fetchall())

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
        while self.sweep(time.time()) == SWEEP_BATCH:
            time.sleep(0.01)  # leave room for turns between two batches
        conn = connect(self.path, busy=1000)
        try:
            conn.execute("PRAGMA wal_checkpoint(PASSIVE)")  # disturbs nobody, but never ends while turns keep coming:
            if self.path.with_name(self.path.name + "-wal").stat().st_size > WAL_LIMIT:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # holds writers up for what has come since
        except sqlite3.Error as error:
            raise explain(error) from error
        finally:
            conn.close()


def _session(conn: sqlite3.Connection, key: Key, head: Head, now: float) -> int:
    """The row of the session, brought to the epoch of `head`."""
    values = (head.epoch, head.script, json.dumps(head.state or {}), now, head.ended)
    row = conn.execute(
        "INSERT INTO session (skill_id, session_id, epoch, script, state, touched, ended) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET (epoch, script, state, touched, ended) = (?, ?, ?, ?, ?) "
        "WHERE epoch <= excluded.epoch RETURNING id",
        (*key, *values, *values),
    ).fetchone()
    if row is None:
        raise sqlite3.IntegrityError("the session has a later epoch")
    return int(row[0])


def _fold_steps(conn: sqlite3.Connection, turn: tuple[int, int, int], waits_from: int | None) -> None:
    """The steps of a kept turn are in its ops; what has ended of those it waits for goes on to the next turn."""
    if waits_from is not None:
        conn.execute(
            "UPDATE OR IGNORE step SET n = n + 1, k = k - ?, message_id = NULL "
            "WHERE (session, epoch, n) = (?, ?, ?) AND k >= ?",
            (waits_from, *turn, waits_from),
        )
    conn.execute("DELETE FROM step WHERE session = ? AND (epoch, n) <= (?, ?)", turn)


def _sweep(conn: sqlite3.Connection, now: float) -> int:
    query = "SELECT id FROM session WHERE ended AND touched < ? LIMIT ?"
    old = conn.execute(query, (now - KEEP_ENDED, SWEEP_BATCH)).fetchall()
    query = (  # `touched` of an open session may be some turns old
        "SELECT id FROM session WHERE NOT ended AND touched < ? "
        "AND NOT EXISTS (SELECT 1 FROM turn WHERE session = session.id AND at >= ?) LIMIT ?"
    )
    old += conn.execute(query, (now - KEEP_SILENT, now - KEEP_SILENT, SWEEP_BATCH - len(old))).fetchall()
    if old:
        conn.execute("BEGIN IMMEDIATE")
        for table, column in (("turn", "session"), ("step", "session"), ("session", "id")):
            conn.executemany(f"DELETE FROM {table} WHERE {column} = ?", old)  # noqa: S608 constants
        conn.execute("COMMIT")
    return len(old)


def _summary(id: int, skill: str, name: str, epoch: int, turns: int, first: float, last: float, ended: int) -> Summary:
    return Summary(id, (skill, name), epoch, turns, first, last, bool(ended))


def _record(row: tuple[Any, ...]) -> Record:
    n, message_id, at, request, ops, reply, digest, version = row
    return Record(n, message_id, at, request, json.loads(ops) if ops else [], reply, digest, version)
