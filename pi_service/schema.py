"""The tables of jobs.sqlite, by numbered migrations.

1. `PRAGMA user_version` says how many of `MIGRATIONS` a file has been through. Release 0.1.0 wrote the tables of the
   first one and left the number at 0.
2. A migration that a release has shipped is never changed; a new one is put behind it.
3. Those that are missing and the new number are one transaction: a process killed inside it leaves the old file.
   The lock on the data directory keeps other processes out meanwhile.
4. A file of a newer release, or of somebody else, is refused before anything is written to it.
"""

import sqlite3
from collections.abc import Sequence

from .errors import SchemaError

#: SQL scripts; the k-th leads from version k - 1 to version k. `IF NOT EXISTS` lets the first take in files of 0.1.0.
MIGRATIONS = (
    """
    CREATE TABLE IF NOT EXISTS event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        n INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        stage TEXT NOT NULL,
        progress REAL NOT NULL,
        at REAL NOT NULL,
        detail TEXT,
        digit INTEGER,
        UNIQUE (n, seq)
    );
    CREATE TRIGGER IF NOT EXISTS event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TRIGGER IF NOT EXISTS event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TABLE IF NOT EXISTS job (
        n INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        progress REAL NOT NULL,
        digit INTEGER,
        error TEXT,
        registered_at REAL NOT NULL,
        started_at REAL,
        finished_at REAL,
        seconds REAL,
        attempt INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS job_status ON job (status);
    CREATE INDEX IF NOT EXISTS job_registered_at ON job (registered_at, n);
    """,
    # what may go of a history: attempts before the last 20, but not the registration that the present life began with;
    # and an index for every order of the list, and the usual one of each status: it is read on the loop
    """
    DROP TRIGGER event_is_never_deleted;
    CREATE TRIGGER event_is_not_deleted_early BEFORE DELETE ON event
    WHEN OLD.attempt > (SELECT attempt FROM event WHERE n = OLD.n ORDER BY seq DESC LIMIT 1) - 20
    OR OLD.stage = 'registered' AND OLD.seq = (
        SELECT MIN(seq) FROM event WHERE n = OLD.n AND seq > COALESCE((
            SELECT MAX(seq) FROM event AS end WHERE n = OLD.n AND stage = 'removed' AND NOT EXISTS (
                SELECT 1 FROM event WHERE n = OLD.n AND seq = end.seq + 1 AND stage <> 'registered'
            )
        ), 0)
    )
    BEGIN SELECT RAISE(ABORT, 'events are append-only; attempts before the last 20 may go'); END;
    DROP INDEX job_status;
    CREATE INDEX job_status_n ON job (status, n);
    CREATE INDEX job_status_registered_at ON job (status, registered_at, n);
    CREATE INDEX job_finished_at ON job (finished_at, n);
    CREATE INDEX job_seconds ON job (seconds, n);
    """,
    # the orders with all that the filters ask about, so that only the rows of one page are fetched; failed jobs apart
    """
    DROP INDEX job_registered_at;
    DROP INDEX job_finished_at;
    DROP INDEX job_seconds;
    DROP INDEX job_status_n;
    CREATE INDEX job_registered_at ON job (registered_at, n, status);
    CREATE INDEX job_finished_at ON job (finished_at, n, status, registered_at);
    CREATE INDEX job_seconds ON job (seconds, n, status, registered_at);
    CREATE INDEX job_status_n ON job (status, n, registered_at);
    CREATE INDEX job_error ON job (error, n, status, registered_at, finished_at, seconds) WHERE error IS NOT NULL;
    """,
)

#: Attempts of a job whose events are kept; the trigger holds it.
ATTEMPTS_KEPT = 20

Columns = set[tuple[str, str]]


def migrate(db: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file of `db` to the version of `migrations`; an empty one gets all tables.

    Raises:
        SchemaError: a newer release wrote it, or it lacks what its version should have; it is as it was before.
    """
    version = _version(db)
    _recognise(db, version, migrations)
    if version == len(migrations):
        return
    script = "".join(migrations[version:])
    try:
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {len(migrations)}; COMMIT;")
    except BaseException:
        db.rollback()
        raise


def _recognise(db: sqlite3.Connection, version: int, migrations: Sequence[str]) -> None:
    if version > len(migrations):
        raise SchemaError(
            f"{_file(db)} was written by a newer release (schema {version}, this one knows {len(migrations)}): "
            "install that release again, or use another data directory"
        )
    found = _columns(db)
    if not found and not version:
        return  # a new file
    if missing := _columns_of(migrations[: max(version, 1)]) - found:
        table, column = min(missing)
        raise SchemaError(
            f"{_file(db)} is not a jobs database of pi_service (it has no column {table}.{column}): "
            "move it away, or use another data directory"
        )


def _version(db: sqlite3.Connection) -> int:
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        text = f"{_file(db)} is not an SQLite database: move it away, or put back a copy of the jobs database"
        raise SchemaError(text) from error


def _file(db: sqlite3.Connection) -> str:
    return str(db.execute("PRAGMA database_list").fetchone()[2])


def _columns(db: sqlite3.Connection) -> Columns:
    return set(
        db.execute(
            "SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c "
            "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
        )
    )


def _columns_of(migrations: Sequence[str]) -> Columns:
    db = sqlite3.connect(":memory:")
    try:
        db.executescript("".join(migrations))
        return _columns(db)
    finally:
        db.close()
