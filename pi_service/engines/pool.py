"""Worker processes: Pebble's pool with what a server needs around it.

Workers are forked from a fork server, which has no threads and no event loop, so starting a new one is safe at any
time. They have a process group of their own (a Ctrl-C in the terminal is for the server, which ends them
itself), run at nice 19, and die with the fork server, which dies with the server, even when that is SIGKILLed.
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
from concurrent.futures import Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

from pebble import ProcessExpired, ProcessPool

from ..errors import DiskFull, LimitExceeded, WorkerDied

#: Dialogs and pages come first, even when all cores compute.
NICE = 19
#: Places in the list of `stat`.
STATE, STARTED, PAGES = 0, 19, 21
#: Bytes of a page of memory.
PAGE = os.sysconf("SC_PAGE_SIZE")
#: Bytes of heap that a worker begins with: enough for 10^6 digits.
WARM = 16 << 20
#: Bytes that a worker holds on to between tasks.
KEEP = 64 << 20
#: From <sys/prctl.h>: the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1
#: From <malloc.h>.
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
    # The fork server ends once nobody holds this end of its pipe. That shall be the server alone: a worker that is
    # stopped or in a long product does not see that the server is gone, and would keep all of them.
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # it has no other way
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Pebble's own handler waits for the end of a long product
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICE)
    # glibc gives every long product a fresh mapping and returns it afterwards; the page faults take 5-15 % of
    # the time. One heap that is not trimmed has none; that its first pages are there before the first task, and
    # stay after small ones, is worth 3 % at 10^6 digits.
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    libc.mallopt(M_TOP_PAD, 64 << 20)
    libc.mallopt(M_ARENA_MAX, 1)
    libc.malloc.restype = ctypes.c_void_p
    if block := libc.malloc(WARM):
        ctypes.memset(block, 1, WARM)
        libc.free(ctypes.c_void_p(block))
    pid = os.getpid()
    announce.send((pid, stat(pid)[STARTED]))


def work(function: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Runs in the worker: the task, and after a large one most of its memory goes back to the system."""
    try:
        function(*args)
    finally:
        if int(stat(os.getpid())[PAGES]) * PAGE > KEEP:
            ctypes.CDLL(None).malloc_trim(KEEP)


def stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; empty if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def idle() -> None:
    """A task that only shows that a worker is there."""


class Worker:
    """One process in a Pebble pool of its own.

    The workers of one Pebble pool share a lock around their queue; a process that is killed while it holds it
    blocks the others for a minute. So each has its own, and a worker that failed is replaced with its lock.
    """

    def __init__(self, context: Context) -> None:
        self._receiver, sender = context.Pipe(duplex=False)
        self._sender = sender
        self._pool = ProcessPool(1, initializer=prepare, initargs=(sender,), context=context)
        self._started: dict[int, str] = {}  # pid: when it started, for the system gives pids again

    def pids(self) -> set[int]:
        """The process, if it lives."""
        with contextlib.suppress(OSError):  # `end` closes the pipe, in a thread of its own
            while self._receiver.poll():
                pid, started = self._receiver.recv()
                self._started[pid] = started
        found = self._started.items()
        self._started = {pid: started for pid, started in found if stat(pid)[STARTED:][:1] == [started]}
        return set(self._started)

    def schedule(self, function: Callable[..., None], args: tuple[Any, ...]) -> Future[None]:
        """Run the function.

        Raises:
            RuntimeError: the process died while it was idle.
        """
        return self._pool.schedule(work, args=(function, args))

    def kill(self) -> None:
        """End the process, also one that got SIGSTOP, at once."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """End the process and Pebble's threads; may take some tenths of a second."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # Pebble has no annotation here
        self.kill()
        self._pool.join()
        self.kill()  # one that Pebble started in between
        self._receiver.close()
        self._sender.close()


class Pool:
    """`workers` processes; one that dies fails its own task only and is replaced."""

    def __init__(self, workers: int) -> None:
        self._context = Context()
        self._context.set_forkserver_preload(["pi_service.engines.local_tasks"])
        self._workers = [Worker(self._context) for _ in range(workers)]
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        for worker in self._workers:
            self._free.put_nowait(worker)
        self._ending: set[asyncio.Future[None]] = set()
        self._running: set[Future[None]] = set()
        self._open = True

    def pids(self) -> set[int]:
        """The living worker processes."""
        return {pid for worker in self._workers for pid in worker.pids()}

    async def start(self) -> None:
        """Start the processes and wait until they work."""
        futures = [await asyncio.to_thread(worker.schedule, idle, ()) for worker in self._workers]
        await asyncio.gather(*map(asyncio.wrap_future, futures))

    async def run(self, name: str, function: Callable[..., None], *args: Any) -> None:
        """Run a task in the next worker that is free; cancelling ends the worker's process.

        Args:
            name: of the task, for the messages of errors.
            function: importable by the worker; whatever else it raises is raised here.
            args: what it is called with; they travel by pickle.

        Raises:
            WorkerDied: the process ended, or the pool is stopped.
            LimitExceeded: no memory was left.
            DiskFull: no space was left.
        """
        worker = await self._free.get()
        try:
            worker, future = self._schedule(worker, function, args)
            await asyncio.wrap_future(future)
        except (ProcessExpired, BrokenProcessPool) as error:
            worker = self._replace(worker)
            raise WorkerDied(f"a worker process ended in {name}: {error}") from error
        except asyncio.CancelledError:
            worker = self._replace(worker)
            raise
        except MemoryError as error:
            raise LimitExceeded(f"no memory left in {name}") from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFull(f"no space left on the disk in {name}") from error
            raise
        finally:
            self._free.put_nowait(worker)

    def _schedule(
        self, worker: Worker, function: Callable[..., None], args: tuple[Any, ...]
    ) -> tuple[Worker, Future[None]]:
        """The worker, or another if it died while it was idle, and what it will answer."""
        if not self._open:
            raise WorkerDied("the worker processes have been stopped")
        try:
            future = worker.schedule(function, args)
        except RuntimeError:
            worker = self._replace(worker)
            future = worker.schedule(function, args)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return worker, future

    def _replace(self, worker: Worker) -> Worker:
        """A new worker in the place of one that is ended in the background; the same one when all are stopped."""
        if not self._open:
            return worker
        worker.kill()
        ending = asyncio.ensure_future(asyncio.to_thread(worker.end))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        new = Worker(self._context)
        self._workers[self._workers.index(worker)] = new
        return new

    async def stop(self) -> None:
        """End all workers, whatever they do; `run` raises WorkerDied from now on."""
        if not self._open:
            return
        self._open = False
        await asyncio.gather(*self._ending, *(asyncio.to_thread(worker.end) for worker in self._workers))
        for future in list(self._running):  # Pebble leaves them open
            with contextlib.suppress(InvalidStateError):
                future.set_exception(BrokenProcessPool("the pool was stopped"))
