"""Where turns are kept."""

from .base import Journal
from .memory import MemoryJournal
from .sqlite import SqliteJournal

__all__ = ["Journal", "MemoryJournal", "SqliteJournal"]
