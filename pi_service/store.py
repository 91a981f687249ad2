"""Events and jobs in SQLite.

1. `event` is append-only (a trigger holds that); `job` is its fold, written in the same transaction.
2. UNIQUE (n, seq) is the point of synchronisation: the k-th event of a job exists once, whoever writes it.
   A writer that comes too late gets `IllegalTransition`, exactly as if it had read the newer state first.
3. Every method is one short transaction and runs on the caller's thread, the loop's. Whatever SQLite refuses
   raises `StoreUnavailable` with the remedy, and nothing of the change is written.
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

from .errors import IllegalTransition, StoreUnavailable
from .jobs import REPORTING, UNFINISHED, Change, Event, Job, NewEvent, Stage, apply, next_event
from .listing import Listing
from .schema import migrate

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
            return changes

    @contextmanager
    def _transaction(self, durable: bool) -> Iterator[None]:
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
            self._table("job").upsert(asdict(job) | {"status": job.status.value}, pk="n")

    # -- reading

    def job(self, n: int) -> Job | None:
        """The job `n`, or None if it was never registered or is removed."""
        with _guard():
            return self._job(n)

    def events(self, n: int) -> list[Event]:
        """The whole history of `n`, earlier lives of a removed job included, oldest first."""
        with _guard():
            return [_event(row) for row in self._table("event").rows_where("n = ?", [n], order_by="seq")]

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
        where = "(:status IS NULL OR status = :status) AND substr(n, 1, length(:q)) = :q"
        values = {"status": listing.status, "q": listing.q}
        order, limit, offset = _order(listing.sort), listing.per_page, (listing.page - 1) * listing.per_page
        with _guard():
            table = self._table("job")
            rows = table.rows_where(where, values, order_by=order, limit=limit, offset=offset)
            return [_job(row) for row in rows], table.count_where(where, values)

    def with_status(self, *stages: Stage) -> list[Job]:
        """All jobs in one of `stages`, in the order of their registration."""
        marks = ", ".join("?" * len(stages))
        with _guard():
            rows = self._table("job").rows_where(f"status IN ({marks})", stages, order_by="registered_at, n")
            return [_job(row) for row in rows]

    def unfinished(self) -> list[Job]:
        """The jobs that still need work, in the order of their registration."""
        return self.with_status(*sorted(UNFINISHED))

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
        raise StoreUnavailable(_trouble(error)) from error


def _trouble(error: sqlite3.DatabaseError) -> str:
    # errors of the Python module itself, such as a closed connection, carry no code of SQLite
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY
    what, remedy = TROUBLES.get(code, ("does not answer as it should", "try again later"))
    return f"the jobs database {what} ({error}); nothing was changed, {remedy}"


def _order(sort: str) -> str:
    # safe to be put into SQL: a Listing has only names of columns there
    column, direction = (sort[1:], "DESC") if sort.startswith("-") else (sort, "ASC")
    if column in ("finished_at", "seconds"):
        return f"{column} IS NULL, {column} {direction}, n {direction}"
    return f"{column} {direction}, n {direction}"


def _event(row: dict[str, Any]) -> Event:
    values = {key: value for key, value in row.items() if key != "seq"}
    return Event(**(values | {"stage": Stage(row["stage"])}))


def _job(row: dict[str, Any]) -> Job:
    return Job(**(row | {"status": Stage(row["status"])}))
