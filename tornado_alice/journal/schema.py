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
from ..protocol import hide_secrets

#: "Alic" in ASCII: `file journal.sqlite3` shows it.
APPLICATION_ID = 0x416C6963

#: SQLite's number of the mode in which `PRAGMA incremental_vacuum` gives free pages back.
INCREMENTAL = 2

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

#: Turns are counted through all epochs, so that one number fences them; ids are never used again; a failed session says
#: why; a step belongs to the turn that asked for it, and to the process that runs it.
SECOND = (
    """CREATE TABLE new_session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        skill_id TEXT NOT NULL, session_id TEXT NOT NULL,
        epoch INTEGER NOT NULL, script TEXT NOT NULL, state TEXT NOT NULL,
        touched REAL NOT NULL, ended INTEGER NOT NULL, failure TEXT, size INTEGER,
        UNIQUE (skill_id, session_id))""",
    """INSERT INTO new_session
       SELECT id, skill_id, session_id, epoch, script, state, touched, ended, NULL, NULL FROM session""",
    """CREATE TABLE new_turn (
        session INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, n INTEGER NOT NULL,
        message_id INTEGER, at REAL NOT NULL, request BLOB NOT NULL, ops TEXT, reply BLOB NOT NULL,
        digest TEXT NOT NULL, version TEXT NOT NULL,
        UNIQUE (session, seq))""",
    """INSERT INTO new_turn
       SELECT session, row_number() OVER (PARTITION BY session ORDER BY epoch, n) - 1, epoch, n,
              message_id, at, hide_secrets(request), ops, hide_secrets(reply), digest, version
       FROM turn ORDER BY session, epoch, n""",
    """CREATE TABLE new_step (
        session INTEGER NOT NULL, seq INTEGER NOT NULL, k INTEGER NOT NULL,
        asked TEXT NOT NULL, name TEXT NOT NULL, outcome TEXT, owner TEXT NOT NULL,
        PRIMARY KEY (session, seq, k)) WITHOUT ROWID""",
    # steps of the turn that was under way: its number is the count of the turns before it
    """INSERT INTO new_step
       SELECT session, (SELECT count(*) FROM turn AS t WHERE t.session = step.session), k,
              CAST(message_id AS TEXT), name, outcome, ''
       FROM step WHERE message_id IS NOT NULL""",
    # outcomes that came while turns ended in waiting: they belong to the first turn of that row of turns
    """INSERT INTO new_step
       SELECT step.session, t.seq, step.k + json_array_length(t.ops) - 1, '', step.name, step.outcome, ''
       FROM step JOIN new_turn AS t ON t.session = step.session AND t.epoch = step.epoch
       WHERE step.message_id IS NULL AND t.n = (
           SELECT max(w.n) FROM new_turn AS w
           WHERE w.session = step.session AND w.epoch = step.epoch AND w.n < step.n
             AND json_valid(w.ops) AND json_extract(w.ops, '$[#-1].wait') IS NOT NULL
             AND (json_array_length(w.ops) > 1 OR NOT EXISTS (
                 SELECT 1 FROM new_turn AS p
                 WHERE p.session = w.session AND p.epoch = w.epoch AND p.n = w.n - 1
                   AND json_valid(p.ops) AND json_extract(p.ops, '$[#-1].wait') IS NOT NULL)))""",
    "DROP TABLE session",
    "DROP TABLE turn",
    "DROP TABLE step",
    "ALTER TABLE new_session RENAME TO session",
    "ALTER TABLE new_turn RENAME TO turn",
    "ALTER TABLE new_step RENAME TO step",
    "CREATE INDEX session_touched ON session (ended, failure IS NULL, touched)",
)

#: Where the script waits after a turn; and what was counted at its prompts, which stays when sessions go.
THIRD = (
    "ALTER TABLE turn ADD COLUMN asks TEXT",  # the script whose prompt it is
    "ALTER TABLE turn ADD COLUMN prompt TEXT",
    """CREATE TABLE prompt (
        script TEXT NOT NULL, version TEXT NOT NULL, place TEXT NOT NULL, code TEXT NOT NULL, since REAL NOT NULL,
        PRIMARY KEY (script, version, place)) WITHOUT ROWID""",
    """CREATE TABLE tally (
        script TEXT NOT NULL, version TEXT NOT NULL, place TEXT NOT NULL, word TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (script, version, place, word)) WITHOUT ROWID""",
)

#: A step is named by the request that asked for it, too.
FOURTH = (
    """CREATE TABLE new_step (
        session INTEGER NOT NULL, seq INTEGER NOT NULL, k INTEGER NOT NULL,
        asked TEXT NOT NULL, name TEXT NOT NULL, outcome TEXT, owner TEXT NOT NULL,
        PRIMARY KEY (session, seq, k, asked)) WITHOUT ROWID""",
    "INSERT INTO new_step SELECT * FROM step",
    "DROP TABLE step",
    "ALTER TABLE new_step RENAME TO step",
)

#: Statements by the number of the migration, from 1.
MIGRATIONS: tuple[tuple[str, ...], ...] = (FIRST, SECOND, THIRD, FOURTH)


def migrate(conn: sqlite3.Connection, path: Path) -> None:
    """Bring the file behind `conn` to the schema of this release.

    Raises:
        JournalError: it belongs to a later release, or to another program.
        sqlite3.Error: it cannot be read or written.
    """
    if _numbers(conn) == (APPLICATION_ID, len(MIGRATIONS)):
        return
    conn.create_function("hide_secrets", 1, _hide)
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
    _give_space_back(conn)


def check_current(conn: sqlite3.Connection, path: Path) -> None:
    """Raise JournalError unless the file behind `conn` has the schema of this release; it is left as it is."""
    if (number := version(conn, path)) < len(MIGRATIONS):
        raise JournalError(
            f"{path} is of an earlier release (its schema has number {number}, this release needs {len(MIGRATIONS)}) "
            f"and is left as it is: copy it (sqlite3 {path} '.backup COPY'), bring the copy to this release (`sessions "
            "list --journal sqlite:COPY`) and take that"
        )


def _give_space_back(conn: sqlite3.Connection) -> None:
    """Let the file shrink when sessions are swept; it is written anew once for that."""
    if conn.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
        conn.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        conn.execute("VACUUM")


def _hide(body: bytes) -> bytes:
    try:
        return hide_secrets(bytes(body))
    except ValueError:
        return body  # a damaged row stays as it is


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
