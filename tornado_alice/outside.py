"""What a script does to the outside without a step: noticed live, refused in replay.

Replay runs a script again. An order that it sends, a file that it writes or a program that it starts by itself would be
sent, written and started again each time; inside step() it is done once. CPython tells of such acts by audit events
(https://docs.python.org/3/library/audit_events.html, PEP 578). Reading files stays silent.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache, wraps
from types import FrameType, ModuleType
from typing import Any

from . import context
from .errors import OutsideError
from .frames import authors_place, is_authors

#: What the audit events mean; the first word of an event's name may stand for all of its kind.
ACTS = {
    "socket.connect": "a network connection",
    "socket.sendto": "a network message",
    "socket.sendmsg": "a network message",
    "socket.getaddrinfo": "a network connection",
    "socket.gethostbyname": "a network connection",
    "socket.bind": "a network port",
    "subprocess.Popen": "a program started",
    "os.system": "a program started",
    "os.exec": "a program started",
    "os.posix_spawn": "a program started",
    "os.spawn": "a program started",
    "os.fork": "a process started",
    "os.forkpty": "a process started",
    "os.kill": "a signal sent",
    "os.remove": "a file removed",
    "os.rename": "a file renamed",
    "os.mkdir": "a folder made",
    "os.rmdir": "a folder removed",
    "os.truncate": "a file cut",
    "os.link": "a file linked",
    "os.symlink": "a file linked",
    "os.chmod": "the mode of a file changed",
    "os.chown": "the owner of a file changed",
    "open": "a file opened for writing",
    "http.client.send": "a request sent",  # also over a connection that was there before
    "smtplib.send": "a mail sent",
    "ftplib.sendcmd": "a command sent",
    "imaplib.send": "a command sent",
}
_connect = sqlite3.connect
#: Of modules, that live as long as the process.
_kept: list[sqlite3.Connection] = []
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Modules that open files on behalf of others: the log of a script is not its act, nor is the cache of an import.
_NOT_THE_SCRIPT = ("logging", "importlib", "_frozen_importlib", "_frozen_importlib_external", "zipimport")


class Refused(BaseException):
    """Leaves the script on the shortest way: a loop that tries again after any Exception would never end."""


def watch(modules: Iterable[ModuleType | dict[str, Any]] = ()) -> None:
    """Begin to watch, also the connections to databases that these modules have opened before; it cannot be ended."""
    _begin()
    for module in modules:
        space = module if isinstance(module, dict) else vars(module)
        for name, value in list(space.items()):
            if value is _connect:
                space[name] = sqlite3.connect
            elif isinstance(value, sqlite3.Connection) and _watch_connection(value):
                _kept.append(value)


def rearm() -> None:
    """A replay begins: connections that outlive a dialog hold statements about which SQLite would not ask again."""
    for connection in _kept:
        _watch_connection(connection)


@lru_cache(maxsize=1)
def _begin() -> None:
    sys.addaudithook(_hear)
    # the audit event of a connection comes before it can be asked anything
    sqlite3.connect = _watched(_connect)  # type: ignore[assignment]


def _hear(event: str, args: tuple[Any, ...]) -> None:
    act = ACTS.get(event)
    if act is None:
        return
    turn = context.current.get()
    if turn is None or (event == "open" and not _is_writing(*args[:3])):
        return
    _report(turn, act)


def _is_writing(path: Any, mode: Any, flags: Any) -> bool:
    if not isinstance(path, str | bytes | os.PathLike) or os.fsdecode(path) == os.devnull:
        return False
    return any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & _WRITING)


def _report(turn: context.TurnContext, act: str) -> None:
    frame = sys._getframe(2)
    place = _place(frame)
    if place is None:
        return
    if not turn.replaying:
        turn.remarks.append((place, f"{act} outside of a step; a replay cannot repeat it. Wrap the call in step(...)"))
        return
    turn.refused = turn.refused or OutsideError(
        f"{place}: {act} in a replay, where nothing is done again. Wrap the call in step(...)"
    )
    raise Refused(str(turn.refused))


def _place(frame: FrameType | None) -> str | None:
    """Where the author's code stands; None if somebody else acts on behalf of everybody (a log, an import)."""
    place = authors_place(frame)
    while frame is not None and not is_authors(frame):
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _NOT_THE_SCRIPT:
            return None
        frame = frame.f_back
    return place


def _watched(connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    """Reading a database is no act, changing it is: SQLite asks before each statement of a script's connection."""

    @wraps(connect)
    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        if context.current.get() is not None:
            _watch_connection(connection)
        return connection

    return watched


def _watch_connection(connection: sqlite3.Connection) -> bool:
    """Let SQLite ask before each statement, if it is a database in a file."""
    with suppress(sqlite3.ProgrammingError):  # closed, or of another thread: a script cannot use it
        if connection.execute("PRAGMA database_list").fetchone()[2]:
            connection.set_authorizer(_authorize)
            return True
    return False


_CHANGE_WORDS = "INSERT UPDATE DELETE CREATE_TABLE CREATE_INDEX DROP_TABLE DROP_INDEX ALTER_TABLE"
_CHANGES = {getattr(sqlite3, f"SQLITE_{word}") for word in _CHANGE_WORDS.split()}


def _authorize(action: int, *_: Any) -> int:
    turn = context.current.get()
    if turn is None or action not in _CHANGES:
        return sqlite3.SQLITE_OK
    try:
        _report(turn, "a database changed")
    except Refused:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
