"""Where turns are kept."""

from .base import Journal
from .memory import MemoryJournal
from .records import Head, Op, Record, Summary
from .sqlite import SqliteJournal

__all__ = ["Head", "Journal", "MemoryJournal", "Op", "Record", "SqliteJournal", "Summary"]
