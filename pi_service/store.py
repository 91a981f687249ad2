"""Events and jobs in SQLite.

1. `event` is append-only; `job` is its fold, written in the same transaction. The one thing that is ever deleted are
   attempts of a job before its last 20, when a new one opens: asked for, cancelled and removed again and again, a job
   would fill the disk. The registration of its present life stays, so the fold does too. Triggers hold all that.
2. UNIQUE (n, seq) is the point of synchronisation: the k-th event of a job exists once, whoever writes it.
   A writer that comes too late gets `IllegalTransition`, exactly as if it had read the newer state first.
3. Every method is one short transaction, or part of the one of `together`, and runs on the caller's thread, the loop's.
   Whatever SQLite refuses raises `StoreUnavailable` with the remedy, and nothing of the change is written.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.db import Table

from .errors import IllegalTransition, NotFound, StoreFull, StoreLocked, StoreReadOnly, StoreUnavailable
from .jobs import (
    REPORTING,
    UNFINISHED,
    Change,
    Event,
    Job,
    NewEvent,
    Stage,
    apply,
    brought_back,
    fold,
    next_event,
)
from .listing import Listing
from .query import Query
from .schema import ATTEMPTS_KEPT, migrate

#: The loop waits here, so a locked database is given up soon.
BUSY_SECONDS = 0.2

#: SQLite's primary result codes, in words, and what helps. Its English messages are for people and may change.
TROUBLES = {
    sqlite3.SQLITE_BUSY: ("is locked by another process", "try again later"),
    sqlite3.SQLITE_LOCKED: ("is locked by another connection", "try again later"),
    sqlite3.SQLITE_FULL: ("cannot grow, its disk is full", "free some space, then try again"),
    sqlite3.SQLITE_READONLY: ("is read-only", "let the server's user write to the file and its directory"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "let the server's user read and write the data directory"),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "check the disk and its free space, then try again"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "stop the server, then put back a copy or move the file away"),
    sqlite3.SQLITE_NOTADB: ("is damaged", "stop the server, then put back a copy or move the file away"),
}
#: Those that others must be able to tell apart.
KINDS = {
    sqlite3.SQLITE_BUSY: StoreLocked,
    sqlite3.SQLITE_LOCKED: StoreLocked,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_READONLY: StoreReadOnly,
}
#: Of a result code; the bits above tell variants of the same trouble apart.
PRIMARY = 0xFF


class Store:
    """The database of one data directory.

    Args:
        path: the file; it is made, or migrated, if need be.
        clock: gives UNIX seconds.

    Raises:
        SchemaError: the file is of a newer release, or not a jobs database.
        StoreUnavailable: it cannot be opened or migrated now; so every method.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        with _guard():
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
            try:
                migrate(connection)  # before anything that writes: what is not ours stays as it is
                self._db = Database(connection)
                self._db.enable_wal()
            except BaseException:
                connection.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # -- writing

    def record(self, n: int, *steps: NewEvent) -> list[Change]:
        """Append the events of `steps` to job `n` in one transaction.

        Returns:
            The events with the jobs they made, in order.

        Raises:
            IllegalTransition: one of them is not allowed; then none of them is written.
        """
        # What was told to a user survives a power cut; a progress report is not worth an fsync.
        durable = not all(step.is_report for step in steps)
        with _guard(), self._transaction(durable):
            last, seq = self._last(n)
            before = last.attempt if last else 0
            job = self._job(n)
            changes = []
            for step in steps:
                event = next_event(last, step, id=0, n=n, at=self._clock())
                seq += 1
                event = self._append(event, seq)
                job = apply(job, event)
                last = event
                changes.append(Change(event, job))
            self._project(n, job)
            if last and last.attempt > max(before, ATTEMPTS_KEPT):
                self._forget(n, last.attempt - ATTEMPTS_KEPT)
            return changes

    def restore(self, n: int) -> Change:
        """Bring a removed job back as it was; its history goes on.

        Raises:
            NotFound: no job `n` was removed.
        """
        with _guard(), self._transaction(durable=True):
            last, seq = self._last(n)
            job = fold(event for event in self._events(n) if event != last)
            if last is None or last.stage is not Stage.REMOVED or job is None:
                raise NotFound(f"there is no removed job with n = {n}", n=n)
            event = self._append(brought_back(last, job, at=self._clock()), seq + 1)
            self._project(n, job)
            return Change(event, job)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit all that is recorded inside at once, or none of it: a hundred changes cost one fsync."""
        with _guard(), self._transaction(durable=True):
            yield

    @contextmanager
    def _transaction(self, durable: bool) -> Iterator[None]:
        if self._db.conn.in_transaction:  # one change of a batch: what is refused leaves the others
            with self._db.atomic():
                yield
            return
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # the write lock first, so that what is read inside stays true until the end
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.conn.in_transaction:  # SQLite itself rolls back when the disk is full
                self._db.execute("ROLLBACK")
            raise

    def _append(self, event: Event, seq: int) -> Event:
        row = asdict(event) | {"seq": seq, "stage": event.stage.value}
        del row["id"]
        try:
            id = self._table("event").insert(row).last_pk
        except sqlite3.IntegrityError:
            raise IllegalTransition(event.stage.value, "changed by another writer") from None
        assert isinstance(id, int)
        return Event(**(asdict(event) | {"id": id}))

    def _project(self, n: int, job: Job | None) -> None:
        if job is None:
            self._table("job").delete_where("n = ?", [n])
        else:
            # no `upsert`: sqlite_utils finds out by a write of its own whether SQLite can do that, and if the disk
            # is full at that moment it uses a way that leaves out, without an error, every job that is new
            self._table("job").insert(asdict(job) | {"status": job.status.value}, pk="n", replace=True)

    def _forget(self, n: int, upto: int) -> None:
        """Delete the events of the attempts up to `upto`, but for the first event of the present life.

        A life ends where the job was removed, unless it was brought back: that is the only other event there.
        """
        where = """
            n = :n AND attempt <= :upto AND seq IS NOT (
                SELECT MIN(seq) FROM event WHERE n = :n AND seq > COALESCE((
                    SELECT MAX(seq) FROM event AS end WHERE n = :n AND stage = 'removed' AND NOT EXISTS (
                        SELECT 1 FROM event WHERE n = :n AND seq = end.seq + 1 AND stage <> 'registered'
                    )
                ), 0)
            )
        """
        self._table("event").delete_where(where, {"n": n, "upto": upto})

    # -- reading

    def job(self, n: int) -> Job | None:
        """The job `n`, or None if it was never registered or is removed."""
        with _guard():
            return self._job(n)

    def events(self, n: int, after: int = 0, limit: int | None = None, reports: bool = True) -> list[Event]:
        """The history of `n`, earlier lives of a removed job included, oldest first.

        Args:
            n: the job.
            after: only events with an id above it.
            limit: how many at most; None is no limit.
            reports: whether reports of progress are among them.
        """
        where = "n = :n AND id > :after AND (:reports OR NOT (stage = :reporting AND progress > 0))"
        values = {"n": n, "after": after, "reports": reports, "reporting": REPORTING}
        with _guard():
            return [_event(row) for row in self._table("event").rows_where(where, values, order_by="seq", limit=limit)]

    def milestones(self, n: int) -> list[Event]:
        """The history of `n` without the reports that say nothing new: kept are those that begin a phase, and the last
        one of each attempt, which may have been broken off there."""
        where = """
            n = :n AND (
                stage <> :reporting OR progress = 0 OR detail IS NOT NULL
                OR id IN (SELECT MAX(id) FROM event WHERE n = :n GROUP BY attempt)
            )
        """
        values = {"n": n, "reporting": REPORTING.value}
        with _guard():
            return [_event(row) for row in self._table("event").rows_where(where, values, order_by="seq")]

    def jobs(self, listing: Listing) -> tuple[list[Job], int]:
        """The jobs on the page of `listing`, and how many there are on all its pages."""
        query = Query(listing, self._clock())
        with _guard():
            total = next(self._db.query(query.total, query.values))["total"]
            rows = self._db.query(query.page(total), query.values) if total > query.offset else ()
            return [_job(row) for row in rows], total

    def numbers(self, listing: Listing, after: int, limit: int) -> list[int]:
        """The next `limit` jobs above `after` that pass the filters of `listing`, growing; its page is no matter."""
        query = Query(listing, self._clock())
        with _guard():
            rows = self._db.query(query.numbers, query.values | {"after": after, "limit": limit})
            return [row["n"] for row in rows]

    def stored_beyond(self, n: int) -> list[Job]:
        """The stored jobs of more than `n` digits, the largest first."""
        with _guard():
            rows = self._table("job").rows_where("n > ? AND status = ?", [n, Stage.STORED], order_by="n DESC")
            return [_job(row) for row in rows]

    def unfinished(self) -> list[Job]:
        """The jobs that still need work, in the order of their registration."""
        marks = ", ".join("?" * len(UNFINISHED))
        with _guard():
            rows = self._table("job").rows_where(f"status IN ({marks})", [*UNFINISHED], order_by="registered_at, n")
            return [_job(row) for row in rows]

    def changes(self, after: int, limit: int) -> list[Change]:
        """Up to `limit` events with an id above `after`, each with its job as it is now."""
        with _guard():
            rows = self._table("event").rows_where("id > ?", [after], order_by="id", limit=limit)
            events = [_event(row) for row in rows]
            jobs = {n: self._job(n) for n in {event.n for event in events}}
        return [Change(event, jobs[event.n]) for event in events]

    def last_id(self) -> int:
        """The id of the newest event; 0 if there is none."""
        with _guard():
            (row,) = self._db.query("SELECT COALESCE(MAX(id), 0) AS id FROM event")
            return int(row["id"])

    def _job(self, n: int) -> Job | None:
        return next((_job(row) for row in self._table("job").rows_where("n = ?", [n])), None)

    def _events(self, n: int) -> list[Event]:
        return [_event(row) for row in self._table("event").rows_where("n = ?", [n], order_by="seq")]

    def _last(self, n: int) -> tuple[Event | None, int]:
        for row in self._table("event").rows_where("n = ?", [n], order_by="seq DESC", limit=1):
            return _event(row), row["seq"]
        return None, 0

    def _table(self, name: str) -> Table:
        return self._db.table(name)


@contextmanager
def _guard() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _trouble(error) from error


def _trouble(error: sqlite3.DatabaseError) -> StoreUnavailable:
    # errors of the Python module itself, such as a closed connection, carry no code of SQLite
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY
    what, remedy = TROUBLES.get(code, ("does not answer as it should", "try again later"))
    kind = KINDS.get(code, StoreUnavailable)
    return kind(f"the jobs database {what} ({error}); nothing was changed, {remedy}")


def _event(row: dict[str, Any]) -> Event:
    values = {key: value for key, value in row.items() if key != "seq"}
    return Event(**(values | {"stage": Stage(row["stage"])}))


def _job(row: dict[str, Any]) -> Job:
    return Job(**(row | {"status": Stage(row["status"])}))
