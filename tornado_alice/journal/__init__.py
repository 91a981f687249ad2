"""Where turns are kept."""

import typing

from .base import Journal
from .memory import MemoryJournal
from .records import Head, Op, Record, Summary

if typing.TYPE_CHECKING:
    from .sqlite import SqliteJournal
else:

    def __getattr__(name: str) -> type:
        """SqliteJournal comes when it is asked for: a cloud function, which starts cold, has no use for SQLite."""
        if name != "SqliteJournal":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .sqlite import SqliteJournal

        return SqliteJournal


__all__ = ["Head", "Journal", "MemoryJournal", "Op", "Record", "SqliteJournal", "Summary"]
