"""What a script does to the outside without a step: noticed live, refused in replay.

Replay runs a script again. An order that it sends, a file that it writes or a program that it starts by itself would be
sent, written and started again each time; inside step() it is done once. CPython tells of such acts by audit events
(https://docs.python.org/3/library/audit_events.html, PEP 578). Reading files stays silent.
"""

import os
import sys
from collections.abc import Iterable
from functools import lru_cache
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
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Modules that open files on behalf of others: the log of a script is not its act, nor is the cache of an import.
_NOT_THE_SCRIPT = ("logging", "importlib", "_frozen_importlib", "_frozen_importlib_external", "zipimport")


class Refused(BaseException):
    """Leaves the script on the shortest way: a loop that tries again after any Exception would never end."""


def watch(modules: Iterable[ModuleType | dict[str, Any]] = ()) -> None:
    """Begin to watch, also the connections to databases that these modules have opened before; it cannot be ended."""
    from . import outside_sqlite  # here, with the first script: whoever imports the package alone need not wait for it

    _begin()
    outside_sqlite.watch(modules, _may_change)


def rearm() -> None:
    """A replay begins."""
    from . import outside_sqlite

    outside_sqlite.rearm(_may_change)


@lru_cache(maxsize=1)
def _begin() -> None:
    sys.addaudithook(_hear)


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


def _may_change() -> bool:
    """May a database be changed now?"""
    turn = context.current.get()
    if turn is None:
        return True
    try:
        _report(turn, "a database changed")
    except Refused:
        return False
    return True
