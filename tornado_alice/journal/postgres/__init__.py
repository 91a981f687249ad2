"""The journal in PostgreSQL, for processes on several machines; needs the extra ``postgres`` (asyncpg)."""

from .journal import PostgresJournal

__all__ = ["PostgresJournal"]
