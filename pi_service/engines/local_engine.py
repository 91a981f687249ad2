"""The engine that uses this machine's cores.

Big jobs run one at a time, each with all cores, as the tasks of `plan`; a finished task is a file under
`workdir/ranges`, so another attempt goes on where the last one ended. Small jobs have a worker of their own and
never wait for a big one. Of the biggest job P, Q and T stay on disk: a bigger n splits only the new terms.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path

from ..errors import LimitExceeded
from . import leftovers, local_tasks, ranges
from .base import QUICK, Phase, Progress, first
from .local_plan import Task, plan
from .pool import PAGE, PAGES, STATE, Pool, stat
from .ranges import BadFile

#: Attempts with files that turn out bad and are removed; other errors are for the caller to repeat.
FILE_ATTEMPTS = 3
#: Seconds between two looks at the workers.
WATCH_SECONDS = 0.25
#: Seconds after which a worker that is stopped (SIGSTOP) is ended.
STOPPED_SECONDS = 2.0


class LocalEngine:
    """The engine of one machine: its workers, and one more process for small n.

    Args:
        workers: how many processes compute big n; None: one per core.
        time_limit: seconds for one job; None is no limit.
        memory_limit: bytes over all processes; None is no limit.
    """

    _workdir: Path  #: since `start`

    def __init__(
        self, workers: int | None = None, time_limit: float | None = None, memory_limit: int | None = None
    ) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        self._pool = Pool(self.workers)
        self._quick = Pool(1)
        self._turn = asyncio.Lock()

    def pids(self) -> set[int]:
        """The worker processes."""
        return self._pool.pids() | self._quick.pids()

    async def start(self, workdir: Path) -> None:
        self._workdir = workdir
        leftovers.clean(workdir)
        leftovers.start_tracker()
        await asyncio.gather(self._pool.start(), self._quick.start())

    async def stop(self) -> None:
        await asyncio.gather(self._pool.stop(), self._quick.stop())

    async def compute(self, n: int, progress: Progress) -> Path:
        target = self._workdir / f"pi-{n}.txt"
        try:
            if n <= QUICK:
                await self._limited(n, self._compute_small(n, target, progress))
            else:
                async with self._turn:
                    await self._limited(n, self._compute_large(n, target, progress))
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    async def _compute_small(self, n: int, target: Path, progress: Progress) -> None:
        await self._quick.run(f"pi to {n} digits", local_tasks.quick, target, n)
        progress(1.0)

    async def _compute_large(self, n: int, target: Path, progress: Progress) -> None:
        directory = self._workdir / "ranges"
        directory.mkdir(exist_ok=True)
        for attempt in reversed(range(FILE_ATTEMPTS)):
            target.write_text("3")
            try:
                await self._run(plan(n, directory, self.workers, target), progress)
            except* BadFile:
                if not attempt:
                    raise
            else:
                break
        ranges.clean(directory)

    async def _run(self, tasks: list[Task], progress: Progress) -> None:
        """All tasks, each as soon as what it needs is there."""
        running: dict[str, asyncio.Task[None]] = {}
        total, done = sum(task.weight for task in tasks), 0.0

        async def one(task: Task) -> None:
            nonlocal done
            await asyncio.gather(*(running[need] for need in task.needs if need in running))
            if task.phase is not Phase.SPLITTING:
                progress(min(1.0, done / total), task.phase)  # what went before is done
            await self._pool.run(task.name, task.function, *task.args)
            for path in task.spent:
                path.unlink(missing_ok=True)
            done += task.weight
            progress(min(1.0, done / total), task.phase)

        async with asyncio.TaskGroup() as group:
            for task in tasks:
                running[task.name] = group.create_task(one(task))

    async def _limited(self, n: int, work: Coroutine[None, None, None]) -> None:
        """Do `work`; raise the first of the errors in it, or LimitExceeded."""
        try:
            async with asyncio.timeout(self.time_limit), asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch(n))
                await work
                watch.cancel()
        except TimeoutError as error:
            raise LimitExceeded(f"pi to {n} digits took longer than the limit of {self.time_limit:g} s") from error
        except BaseExceptionGroup as errors:
            raise first(errors) from errors

    async def _watch(self, n: int) -> None:
        """End workers that are stopped (SIGSTOP) for long; raise LimitExceeded for too much memory."""
        stopped: Counter[int] = Counter()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            total = 0
            for pid in self.pids():
                fields = stat(pid)
                if not fields:
                    continue
                total += int(fields[PAGES]) * PAGE
                stopped[pid] = stopped[pid] + 1 if fields[STATE] == "T" else 0
                if stopped[pid] * WATCH_SECONDS >= STOPPED_SECONDS:
                    os.kill(pid, signal.SIGKILL)
            if self.memory_limit is not None and total > self.memory_limit:
                raise LimitExceeded(
                    f"pi to {n} digits needs more memory than the limit of {self.memory_limit / 2**20:.0f} MiB"
                )
