"""The schema of the journal file, by numbers: what a release found on disk, the next one can read.

Rules:
1. `user_version` is the number of the last migration that a file has seen, `application_id` says that it is ours.
2. All migrations that a file lacks run in one transaction, so a process that dies in it leaves the file as it was.
3. A migration once released is never changed; a new one is added behind it.
4. A file of a later release, or of another program, is refused and not touched.
"""

import sqlite3
from pathlib import Path

from ..errors import JournalError

#: "Alic" in ASCII: `file journal.sqlite3` shows it.
APPLICATION_ID = 0x416C6963

#: The tables as release 0.1.0 made them, which gave its files no number.
FIRST = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
    """CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        skill_id TEXT NOT NULL, session_id TEXT NOT NULL,
        epoch INTEGER NOT NULL, script TEXT NOT NULL, state TEXT NOT NULL,
        touched REAL NOT NULL, ended INTEGER NOT NULL,
        UNIQUE (skill_id, session_id))""",
    "CREATE INDEX session_touched ON session (ended, touched)",
    """CREATE TABLE turn (
        session INTEGER NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL,
        message_id INTEGER, at REAL NOT NULL, request BLOB NOT NULL, ops TEXT, reply BLOB NOT NULL,
        digest TEXT NOT NULL, version TEXT NOT NULL,
        UNIQUE (session, epoch, n))""",
    "CREATE UNIQUE INDEX turn_message ON turn (session, message_id) WHERE message_id IS NOT NULL",
    """CREATE TABLE step (
        session INTEGER NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL, k INTEGER NOT NULL,
        message_id INTEGER, name TEXT NOT NULL, outcome TEXT NOT NULL,
        PRIMARY KEY (session, epoch, n, k)) WITHOUT ROWID""",
)

#: Statements by the number of the migration, from 1.
MIGRATIONS: tuple[tuple[str, ...], ...] = (FIRST,)


def migrate(conn: sqlite3.Connection, path: Path) -> None:
    """Bring the file behind `conn` to the schema of this release.

    Raises:
        JournalError: it belongs to a later release, or to another program.
        sqlite3.Error: it cannot be read or written.
    """
    if _numbers(conn) == (APPLICATION_ID, len(MIGRATIONS)):
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[version(conn, path) :]:
            for statement in statements:
                conn.execute(statement)
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def version(conn: sqlite3.Connection, path: Path) -> int:
    """How many migrations the file behind `conn` has seen; raises as `migrate` does."""
    application, number = _numbers(conn)
    if application == APPLICATION_ID:
        if number > len(MIGRATIONS):
            raise JournalError(
                f"{path} was written by a later release (its schema has number {number}, this release knows "
                f"{len(MIGRATIONS)}): install that one, or name another folder with --data-dir"
            )
        return number
    shape = _shape(conn)
    if (application, number) == (0, 0) and shape in ({}, FIRST_SHAPE):
        return 1 if shape else 0
    raise JournalError(f"{path} is no journal of tornado_alice: move it away, or name another folder with --data-dir")


#: The columns of each table of release 0.1.0.
FIRST_SHAPE = {
    "meta": "name value",
    "session": "id skill_id session_id epoch script state touched ended",
    "turn": "session epoch n message_id at request ops reply digest version",
    "step": "session epoch n k message_id name outcome",
}


def _numbers(conn: sqlite3.Connection) -> tuple[int, int]:
    application, number = (conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    return int(application), int(number)


def _shape(conn: sqlite3.Connection) -> dict[str, str]:
    query = """SELECT m.name, group_concat(c.name, ' ') FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name"""
    return dict(conn.execute(query).fetchall())
