"""What SQLite's errors mean for a journal, told by their codes (https://www.sqlite.org/rescode.html)."""

import sqlite3

from ..errors import JournalError

#: Primary result code → what to do about it.
REMEDIES = {
    sqlite3.SQLITE_FULL: "free some space; turns are answered again as soon as it is there",
    sqlite3.SQLITE_BUSY: "another program holds the journal; end it",
    sqlite3.SQLITE_LOCKED: "another program holds the journal; end it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; stop the server and restore or move it",
    sqlite3.SQLITE_NOTADB: "the file is damaged or no journal; stop the server and restore or move it",
    sqlite3.SQLITE_READONLY: "the file or its folder cannot be written; change its owner or mode",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; look at its folder and mode",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; look at the system's log",
}


def primary_code(error: sqlite3.Error) -> int:
    """The result code without its extension: of SQLITE_BUSY_SNAPSHOT that of SQLITE_BUSY; 0 for errors of Python's."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Does another connection hold the lock, so that trying again may help?"""
    return primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def explain(error: sqlite3.Error) -> JournalError:
    """The same trouble in words for the log."""
    remedy = REMEDIES.get(primary_code(error), "see the error")
    return JournalError(f"the journal cannot be used: {error} ({remedy})")
