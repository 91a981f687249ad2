"""Whether a script runs on the loop or beside it: one that blocks must not hold up the others.

Rules:
1. A script whose own modules import what is known to block is resumed in threads from the start.
2. Any other runs on the loop, and is timed: once it has held the loop longer than `HELD`, it is resumed in threads from
   then on, in replay too. `Skill(threads=True)` and `Skill(threads=False)` decide otherwise. It is not blamed for what
   it waited for the machine, or for the interpreter while other threads worked.
3. Each place that holds a turn is told once, with the remedy.
4. While a script runs on the loop, asyncio has no current task: asyncio.timeout() and the like, which would cancel the
   engine, raise at the script's own line (https://docs.python.org/3/library/asyncio-extending.html).
"""

import ast
import asyncio
import inspect
import logging
import sys
import threading
import time
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable
from contextvars import Context
from resource import RUSAGE_THREAD, getrusage, struct_rusage
from typing import Any, NamedTuple, TypeVar

from . import fingerprint, frames
from .session import Session
from .threads import in_thread

log = logging.getLogger(__name__)
Result = TypeVar("Result")

#: Seconds that a script may hold the loop; a turn of a script that does not block takes some tens of microseconds.
HELD = 0.05
#: Modules whose calls wait for the outside; a dotted name stands for itself alone.
BLOCKING = {
    "requests", "urllib3", "httpx", "urllib.request", "http.client", "xmlrpc.client", "ftplib", "smtplib", "imaplib",
    "poplib", "telnetlib", "socket", "ssl", "sqlite3", "subprocess", "psycopg", "psycopg2", "pymysql", "MySQLdb",
    "pymongo", "redis", "boto3", "paramiko", "gspread", "openai", "telebot", "vk_api", "selenium",
}  # fmt: skip
#: Functions of other modules that do.
BLOCKING_CALLS = {"time.sleep", "os.system", "os.popen"}


def may_block(fn: Callable[..., Any]) -> bool:
    """Do the script's own modules import what is known to block?"""
    return any(_blocks(fingerprint.parse(file)) for file in fingerprint.files(fn)) or _has_blocking(fn)


def _blocks(tree: ast.Module) -> bool:
    return any(_is_blocking(name) or name in BLOCKING_CALLS for node in ast.walk(tree) for name in _names(node))


def _names(node: ast.AST) -> list[str]:
    """The dotted names that a node imports, or that it takes from a module."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return [module, *(f"{module}.{alias.name}" for alias in names)]
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return [f"{module}.{name}"]
    return []


def _is_blocking(module: str) -> bool:
    parts = module.split(".")
    return any(".".join(parts[:length]) in BLOCKING for length in range(1, len(parts) + 1))


def _has_blocking(fn: Callable[..., Any]) -> bool:
    """The same for a script without a file: what its names refer to."""
    values = list(getattr(fn, "__globals__", {}).values()) if not fingerprint.files(fn) else []
    return any(value is time.sleep or (inspect.ismodule(value) and _is_blocking(value.__name__)) for value in values)


class Pace:
    """How the sessions of one script are resumed.

    Args:
        beside: True, False, or None to find out.
        most: how many threads at once; further turns wait.

    Attributes:
        beside: do its sessions run in threads now?
    """

    def __init__(self, fn: Callable[..., Any], beside: bool | None, most: int) -> None:
        self.beside = may_block(fn) if beside is None else beside
        self._may_change = beside is None
        self._threads = asyncio.Semaphore(most)
        self._told: set[str] = set()
        self._excused = 0.0

    async def run(self, session: Session, call: Callable[..., Result], *args: Any) -> Result:
        """Resume `session` by `call`, where it belongs."""
        if not self.beside:
            return self.on_loop(session, call, *args)
        async with self._threads:
            return await self._in_thread(call, args)

    def on_loop(self, session: Session, call: Callable[..., Result], *args: Any) -> Result:
        """Resume `session` here and now, and see how long it takes."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            _leave_task(loop, task)
        self._excused, spent, start = 0.0, Spent.now(), time.perf_counter()
        try:
            return call(*args)
        finally:
            held = time.perf_counter() - start - self._excused
            if task is not None:
                _enter_task(loop, task)
            if held > HELD and _has_worked_or_waited(spent, held):
                self._tell(f"{session.where()}: before it came there, the script", held)
                self.beside = self.beside or self._may_change

    async def _in_thread(self, call: Callable[..., Result], args: tuple[Any, ...]) -> Result:
        threads: list[int] = []
        places: list[str] = []

        def resume() -> tuple[Result | None, BaseException | None, float]:
            threads.append(threading.get_ident())
            asyncio._set_running_loop(NO_LOOP)
            start = time.perf_counter()
            try:
                return call(*args), None, time.perf_counter() - start
            except BaseException as error:
                return None, error, time.perf_counter() - start

        look = asyncio.get_running_loop().call_later(HELD, _look, threads, places)
        result, error, held = await in_thread(resume)
        look.cancel()
        if places:
            self._tell(f"{places[0]}: the script", held)
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # there is one where there is no error

    def excuse(self, load: Callable[[], Result]) -> Result:
        """Call what the engine itself does inside a turn, once, and what takes time: loading the dictionary."""
        start = time.perf_counter()
        try:
            return load()
        finally:
            self._excused += time.perf_counter() - start

    def _tell(self, what: str, held: float) -> None:
        place = what.partition(": ")[0]
        if place not in self._told:
            self._told.add(place)
            log.warning("%s held its turn for %.2f s; wrap what waits for others in step(...)", what, held)


class _NoLoop(asyncio.AbstractEventLoop):
    """The loop that a script in a thread sees: what it awaits there is told to be no step, as on the real one."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return asyncio.TimerHandle(delay, callback, args, self)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return asyncio.Handle(callback, args, self)

    def time(self) -> float:
        return time.monotonic()

    def get_debug(self) -> bool:
        return False


NO_LOOP = _NoLoop()  # type: ignore[abstract]  # the rest of a loop raises NotImplementedError


class Spent(NamedTuple):
    """What a thread, and its process, had spent at a moment; the process in seconds of processor time."""

    thread: struct_rusage
    process: float

    @classmethod
    def now(cls) -> "Spent":
        return cls(getrusage(RUSAGE_THREAD), time.process_time())

    def worked(self) -> float:
        return self.thread.ru_utime + self.thread.ru_stime


def _has_worked_or_waited(before: Spent, held: float) -> bool:
    """Did this thread compute or wait for something, or had the system or the interpreter only no time for it?"""
    now = Spent.now()
    worked = now.worked() - before.worked()
    others = now.process - before.process - worked
    waited = held - others if now.thread.ru_nvcsw > before.thread.ru_nvcsw else 0.0
    return worked > HELD or waited > HELD


def _look(threads: list[int], places: list[str]) -> None:
    frame = sys._current_frames().get(threads[0]) if threads else None
    place = frames.authors_place(frame)
    if place is not None:
        places.append(place)
