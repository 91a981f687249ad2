"""The schema of the database, by numbers.

Rules:
1. `meta.schema` is the number of the last migration that the database has seen.
2. Migrations run in one transaction under an advisory lock: two processes that start at once do not meet in them, and
   one that dies in them leaves the database as it was.
3. A migration once released is never changed; a new one is added behind it, and only adds: processes of the old and
   the new release run side by side during a deploy.
4. An empty database is set up by whoever comes first; an older one by ``python -m tornado_alice migrate`` alone; a
   newer one is refused.
"""

import os
from typing import Any

from ...errors import JournalError

#: "Alic" in ASCII, as the application_id of the SQLite file: of the lock under which migrations run.
MIGRATING = 0x416C6963

#: One row is one turn; (sid, seq) alone is the fence. There is no row for a session: where it stands, its last turn
#: says, and who it is, the first turn of each epoch (n = 0): others leave number, skill_id and session_id empty.
FIRST = (
    "CREATE SEQUENCE tornado_alice.session_number",
    """CREATE TABLE tornado_alice.turn (
        sid uuid NOT NULL, seq integer NOT NULL, epoch integer NOT NULL, n integer NOT NULL, message_id bigint,
        at double precision NOT NULL, waits boolean NOT NULL, ended boolean NOT NULL,
        request bytea NOT NULL, ops text, reply bytea NOT NULL, digest text NOT NULL, version text NOT NULL,
        script text NOT NULL, state text NOT NULL, failure text, size bigint,
        number bigint, skill_id text, session_id text,
        PRIMARY KEY (sid, seq))""",
    # for sweeping, and for people who look for a session; turns in the middle of one are in none of these
    "CREATE INDEX turn_begins ON tornado_alice.turn (at) WHERE n = 0",
    "CREATE INDEX turn_ends ON tornado_alice.turn (at) WHERE ended AND failure IS NULL",
    "CREATE INDEX turn_fails ON tornado_alice.turn (at) WHERE ended AND failure IS NOT NULL",
    "CREATE INDEX turn_numbers ON tornado_alice.turn (number) WHERE n = 0",
    "CREATE INDEX turn_names ON tornado_alice.turn (session_id) WHERE n = 0",
    """CREATE TABLE tornado_alice.step (
        sid uuid NOT NULL, seq integer NOT NULL, k integer NOT NULL, epoch integer NOT NULL,
        until timestamptz NOT NULL, owner uuid NOT NULL, number bigint NOT NULL,
        asked text NOT NULL, name text NOT NULL, outcome text, script text NOT NULL, state text NOT NULL,
        PRIMARY KEY (sid, seq, k))""",
    "CREATE INDEX step_begins ON tornado_alice.step (until) WHERE seq = 0",
    "CREATE INDEX step_under_way ON tornado_alice.step (owner) WHERE outcome IS NULL",
)

#: Where the script waits after a turn; and what was counted at its prompts, which stays when sessions go. `tally_batch`
#: has the last batch of counts of each writer: one whose answer was lost is offered again, and must not count twice.
SECOND = (
    "ALTER TABLE tornado_alice.turn ADD COLUMN asks text, ADD COLUMN prompt text",  # the script whose prompt it is
    """CREATE TABLE tornado_alice.prompt (
        script text NOT NULL, version text NOT NULL, place text NOT NULL, code text NOT NULL,
        since double precision NOT NULL, PRIMARY KEY (script, version, place))""",
    """CREATE TABLE tornado_alice.tally (
        script text NOT NULL, version text NOT NULL, place text NOT NULL, word text NOT NULL, count bigint NOT NULL,
        PRIMARY KEY (script, version, place, word))""",
    """CREATE TABLE tornado_alice.tally_batch (
        owner uuid PRIMARY KEY, number bigint NOT NULL, at timestamptz NOT NULL)""",
)

#: A step is named by the request that asked for it, too. (No release had the table: nobody claims the old way beside.)
THIRD = (
    """ALTER TABLE tornado_alice.step
       DROP CONSTRAINT step_pkey, ADD CONSTRAINT step_pkey PRIMARY KEY (sid, seq, k, asked)""",
)

#: Asked of the catalog: `to_regclass` answers from a cache of the connection, which is not told what others made while
#: this one waited for the lock.
EXISTS = """SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname = 'tornado_alice' AND relname = 'meta')"""

#: Statements by the number of the migration, from 1.
MIGRATIONS: tuple[tuple[str, ...], ...] = (FIRST, SECOND, THIRD)


async def prepare(conn: Any, *, unchanged: bool = False) -> bytes:
    """The secret of the journal behind `conn`; an empty database gets its tables, unless it is to stay as it is.

    Raises:
        JournalError: it belongs to an earlier or a later release.
    """
    number = await _version(conn)
    if number == 0 and unchanged:
        raise JournalError("the database has no tables of a journal: is it the right one?")
    if number == 0:
        await migrate(conn)
    elif number < len(MIGRATIONS):
        raise _early(number)
    secret: bytes = await conn.fetchval("SELECT value FROM tornado_alice.meta WHERE name = 'secret'")
    return secret


async def read(conn: Any) -> bytes:
    """The secret of the journal behind `conn`, by one statement that changes nothing.

    Raises:
        JournalError: it belongs to an earlier or a later release.
    """
    meta = dict(await conn.fetch("SELECT name, value FROM tornado_alice.meta"))
    if (number := _known(meta["schema"])) < len(MIGRATIONS):
        raise _early(number)
    secret: bytes = meta["secret"]
    return secret


async def migrate(conn: Any) -> tuple[int, int]:
    """Bring the database to the schema of this release; the numbers before and after.

    Raises:
        JournalError: it belongs to a later release.
    """
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock($1)", MIGRATING)
        number = await _version(conn)
        if number == 0:
            await _begin(conn)
        for statements in MIGRATIONS[number:]:
            for statement in statements:
                await conn.execute(statement)
        await conn.execute(
            "UPDATE tornado_alice.meta SET value = $1 WHERE name = 'schema'", str(len(MIGRATIONS)).encode()
        )
    return number, len(MIGRATIONS)


async def _begin(conn: Any) -> None:
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tornado_alice')"):
        await conn.execute("CREATE SCHEMA tornado_alice")  # who may not do this is given one
    await conn.execute("CREATE TABLE tornado_alice.meta (name text PRIMARY KEY, value bytea NOT NULL)")
    await conn.execute("INSERT INTO tornado_alice.meta VALUES ('schema', '0'), ('secret', $1)", os.urandom(32))


async def _version(conn: Any) -> int:
    if not await conn.fetchval(EXISTS):
        return 0
    return _known(await conn.fetchval("SELECT value FROM tornado_alice.meta WHERE name = 'schema'"))


def _early(number: int) -> JournalError:
    return JournalError(
        f"the tables of the journal are of an earlier release (schema {number}, this release needs "
        f"{len(MIGRATIONS)}): run `python -m tornado_alice migrate`"
    )


def _known(value: bytes) -> int:
    if (number := int(value)) > len(MIGRATIONS):
        raise JournalError(
            f"the tables of the journal are of a later release (schema {number}, this release knows "
            f"{len(MIGRATIONS)}): install that one, or name another database"
        )
    return number
