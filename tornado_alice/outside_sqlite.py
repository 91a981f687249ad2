"""Changes of databases that a script makes without a step: of these Python has no audit event, but SQLite asks.

It asks before each statement, of a connection to which that was said (https://www.sqlite.org/c3ref/set_authorizer.html).
Reading a database is no act, changing it is. A module of its own: it needs sqlite3, which a cold process loads late.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, wraps
from types import ModuleType
from typing import Any

from . import context

_CHANGE_WORDS = "INSERT UPDATE DELETE CREATE_TABLE CREATE_INDEX DROP_TABLE DROP_INDEX ALTER_TABLE"
_CHANGES = {getattr(sqlite3, f"SQLITE_{word}") for word in _CHANGE_WORDS.split()}
_connect = sqlite3.connect
#: Of modules, that live as long as the process.
_kept: list[sqlite3.Connection] = []


@lru_cache(maxsize=1)
def begin(may_change: Callable[[], bool]) -> None:
    """Watch the connections that scripts open from now on; `may_change` is asked before a change."""
    # the audit event of a connection comes before it can be asked anything
    sqlite3.connect = _watched(may_change)  # type: ignore[assignment]


def watch(modules: Iterable[ModuleType | dict[str, Any]], may_change: Callable[[], bool]) -> None:
    """Watch the connections, too, that these modules have opened before."""
    begin(may_change)
    for module in modules:
        space = module if isinstance(module, dict) else vars(module)
        for name, value in list(space.items()):
            if value is _connect:
                space[name] = sqlite3.connect
            elif isinstance(value, sqlite3.Connection) and _watch_connection(value, may_change):
                _kept.append(value)


def rearm(may_change: Callable[[], bool]) -> None:
    """A replay begins: connections that outlive a dialog hold statements about which SQLite would not ask again."""
    for connection in _kept:
        _watch_connection(connection, may_change)


def _watched(may_change: Callable[[], bool]) -> Callable[..., sqlite3.Connection]:
    @wraps(_connect)
    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = _connect(*args, **kwargs)
        if context.current.get() is not None:
            _watch_connection(connection, may_change)
        return connection

    return watched


def _watch_connection(connection: sqlite3.Connection, may_change: Callable[[], bool]) -> bool:
    """Let SQLite ask before each statement, if it is a database in a file."""

    def authorize(action: int, *_: Any) -> int:
        return sqlite3.SQLITE_OK if action not in _CHANGES or may_change() else sqlite3.SQLITE_DENY

    with suppress(sqlite3.ProgrammingError):  # closed, or of another thread: a script cannot use it
        if connection.execute("PRAGMA database_list").fetchone()[2]:
            connection.set_authorizer(authorize)
            return True
    return False
