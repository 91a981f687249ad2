"""Worker processes: Pebble's pool with what a server needs around it.

Workers are forked from a fork server, which has no threads and no event loop, so starting a new one is safe at any
time. They have a process group of their own (a Ctrl-C in the terminal is for the server, which ends them
itself), run at nice 10, and die with the fork server, which dies with the server, even when that is SIGKILLed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import multiprocessing.context
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

from pebble import ProcessExpired, ProcessPool

from pi_service.errors import DiskFull, LimitExceeded, WorkerDied

NICE = 10
PR_SET_PDEATHSIG = 1
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8


class Process(multiprocessing.context.ForkServerProcess):
    """A process that does not import the program's main script again: it may be a skill that runs a server."""

    _lock = threading.Lock()

    def start(self) -> None:
        with self._lock:
            main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
            try:
                super().start()
            finally:
                sys.modules["__main__"] = main


class Context(multiprocessing.context.ForkServerContext):
    """The fork server, with these processes."""

    Process = Process


def prepare(announce: Connection) -> None:
    """Runs first in each worker: see the module's docstring."""
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Pebble's own handler waits for the end of a long product
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICE)
    # glibc gives every long product a fresh mapping and returns it afterwards; the page faults take 5-15 % of
    # the time. One heap that is not trimmed has none.
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    libc.mallopt(M_TOP_PAD, 64 << 20)
    libc.mallopt(M_ARENA_MAX, 1)
    announce.send(os.getpid())


def work(function: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Runs in the worker: the task, and afterwards its memory goes back to the system."""
    try:
        function(*args)
    finally:
        ctypes.CDLL(None).malloc_trim(0)


def idle() -> None:
    """A task that only shows that a worker is there."""


class Pool:
    """`workers` processes; one that dies fails its own task only and is replaced."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._context = Context()
        self._context.set_forkserver_preload(["pi_service.tasks"])
        self._pool: ProcessPool | None = None
        self._pids: set[int] = set()
        self._receiver, self._sender = self._context.Pipe(duplex=False)

    def pids(self) -> set[int]:
        """The living worker processes."""
        while self._receiver.poll():
            self._pids.add(self._receiver.recv())
        self._pids = {pid for pid in self._pids if os.path.exists(f"/proc/{pid}")}
        return set(self._pids)

    async def start(self) -> None:
        """Start the processes and wait for the first."""
        await asyncio.to_thread(self._schedule, idle, ())
        await self.run("start", idle)

    async def run(self, name: str, function: Callable[..., None], *args: Any) -> None:
        """Run a task in a worker; cancelling ends the worker's process.

        Raises WorkerDied, LimitExceeded (no memory), DiskFull, and what the task raises.
        """
        try:
            await asyncio.wrap_future(self._schedule(function, args))
        except ProcessExpired as error:
            raise WorkerDied(f"worker process {error.pid} ended (exit code {error.exitcode}) in {name}") from error
        except BrokenProcessPool as error:
            raise WorkerDied(f"the worker processes ended in {name}") from error
        except MemoryError as error:
            raise LimitExceeded(f"no memory left in {name}") from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(f"no space left on the disk in {name}") from error
            raise

    def _schedule(self, function: Callable[..., None], args: tuple[Any, ...]) -> Future[None]:
        for _ in range(2):
            if self._pool is None:
                self._pool = ProcessPool(
                    self.workers, initializer=prepare, initargs=(self._sender,), context=self._context
                )
            try:
                return self._pool.schedule(work, args=(function, args))
            except RuntimeError:  # Pebble gives a pool up when an idle worker dies
                self._end()
        raise WorkerDied("the worker processes cannot be started")

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]  # Pebble has no annotation here
            for pid in self.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)  # a stopped process would not end by SIGTERM
            pool.join()

    async def stop(self) -> None:
        """End all workers, whatever they do."""
        await asyncio.to_thread(self._end)
