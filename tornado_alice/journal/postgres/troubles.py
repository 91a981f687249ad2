"""What PostgreSQL's errors mean for a journal, told by their SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

import asyncio

import asyncpg

from ...errors import JournalError

#: SQLSTATE, or its class in two characters → what to do about it.
REMEDIES = {
    "28": "look at PGUSER, PGPASSWORD, PGPASSFILE or ~/.pgpass, and at pg_hba.conf of the database",
    "3D": "there is no such database: create it (createdb)",
    "3F": "run `python -m tornado_alice migrate`",
    "42501": "the user may not do this: run `python -m tornado_alice migrate` as the owner, or grant it",
    "42": "its tables are not those of this release: run `python -m tornado_alice migrate`",
    "53100": "the database's disk is full",
    "53300": "the database has no connection left: fewer processes, or a larger max_connections",
    "53": "the database is short of resources: look at its log",
    "57014": "a statement took too long: look for locks and at the load of the database",
    "57": "the database is starting or stopping; turns are answered again as soon as it is there",
    "25": "this server only reads (a standby): name the primary, or add target_session_attrs=read-write to the URL",
    "XX": "the database is damaged: look at its log",
}
#: Classes of what may be over in a moment: connection lost, transaction to be repeated, resources, locks, restart.
PASSING = ("08", "25", "40", "53", "55", "57")
#: What the driver raises beside errors of the database: it lost its connection, or nobody answered in time. An
#: InternalClientError is a connection that the database ended just as something was to be sent.
UNREACHABLE = (OSError, asyncio.TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
#: All that talking to the database may raise.
ERRORS = (asyncpg.PostgresError, *UNREACHABLE)


def is_passing(error: Exception) -> bool:
    """May the same statement succeed in a moment?"""
    if isinstance(error, asyncpg.PostgresError):
        return _state(error).startswith(PASSING)
    return isinstance(error, UNREACHABLE) and not _is_data(error)


def is_data(error: Exception) -> bool:
    """Is it about what was to be written: a value that the database does not take?"""
    return _is_data(error) or (isinstance(error, asyncpg.PostgresError) and _state(error).startswith(("22", "23")))


def explain(error: Exception) -> JournalError:
    """The same trouble in words for the log."""
    if _is_data(error):
        return JournalError(f"the turn cannot be written: {error}")
    state = _state(error)
    known = REMEDIES.get(state) or REMEDIES.get(state[:2]) or "see the error"
    if isinstance(error, UNREACHABLE):
        known = "is the database running, and can it be reached from here?"
    return JournalError(f"the journal cannot be used: {str(error) or 'no answer in time'} ({known})")


def _is_data(error: Exception) -> bool:
    return isinstance(error, asyncpg.DataError | ValueError | OverflowError)  # of the driver, before anything is sent


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or ""
