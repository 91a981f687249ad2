"""The job service as one object: store, digits, feed, engine and runner of one data directory.

    service = Service(Path("data"), engine=LocalEngine())
    await service.start()
    job, created = service.submit(1000)
    job = await service.wait(1000)      # job.digit == 9

Everything runs on one event loop, and every command is done when it returns: committed, then told to the feed.
"""

import fcntl
from pathlib import Path
from typing import BinaryIO

from .digits import Digits, Match
from .engines.base import Engine
from .errors import BadRequest, NotFound, StoreUnavailable
from .feed import Feed
from .jobs import FINISHED, Event, Job, Stage
from .runner import Runner
from .store import NEWEST_FIRST, Store


class Service:
    """Jobs "n-th digit of pi". Nothing is touched before `start`.

    `max_digits` is the largest n that is accepted, `max_queue` how many jobs may wait for the workers.
    """

    feed: Feed

    def __init__(self, data_dir: Path, *, engine: Engine, max_digits: int = 10_000_000, max_queue: int = 1000) -> None:
        self.max_digits = max_digits
        self._max_queue = max_queue
        self._directory = data_dir
        self._engine = engine
        self._lock: BinaryIO | None = None
        self._digits = Digits(data_dir)
        self._store: Store
        self._runner: Runner

    async def start(self) -> None:
        """Open the data directory, verify the digits, schedule what is unfinished.

        Raises `StoreUnavailable` if another process has the directory or the database cannot be opened. After an
        error nothing is left running.
        """
        workdir = self._directory / "work"
        workdir.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self._directory)
        for left in filter(Path.is_file, workdir.iterdir()):
            left.unlink()  # results of a process that was killed; what the engine keeps lies deeper
        try:
            # the workers first: they must not inherit a database or meet a thread
            await self._engine.start(workdir)
            self._store = Store(self._directory / "jobs.sqlite")
            self.feed = Feed(self._store.changes, self._store.last_id())
            trouble = await self._digits.open()
            self._runner = Runner(self._store, self._digits, self.feed, self._engine, self._max_queue)
            self._runner.start(trouble)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End computations, workers and subscriptions; what is unfinished goes on at the next start."""
        if hasattr(self, "_runner"):
            await self._runner.stop()
        await self._engine.stop()
        await self._digits.close()
        if hasattr(self, "feed"):
            self.feed.close()
        if hasattr(self, "_store"):
            self._store.close()
        if self._lock:
            self._lock.close()

    # -- jobs

    def submit(self, n: object) -> tuple[Job, bool]:
        """Register `n` and schedule it, unless it is there already: the job, and whether it is new.

        Raises `BadRequest` for an n outside 1..max_digits, `QueueFull`, and `StoreUnavailable` before `start`.
        """
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= self.max_digits:
            raise BadRequest("n", f"n must be a whole number from 1 to {self.max_digits}; got {_shown(n)}")
        if not hasattr(self, "_runner"):
            raise StoreUnavailable("the pi service does not run in this process")
        return self._runner.submit(n)

    def job(self, n: int) -> Job | None:
        """The job `n`, or None."""
        return self._store.job(n)

    def events(self, n: int) -> list[Event]:
        """The history of `n`, oldest first."""
        return self._store.events(n)

    def jobs(
        self,
        status: Stage | None = None,
        q: str = "",
        sort: str = NEWEST_FIRST,
        page: int = 1,
        per_page: int = 50,
    ) -> tuple[list[Job], int]:
        """One page of the jobs with this status whose n starts with `q`, and how many there are on all pages."""
        return self._store.jobs(status, q, sort, page, per_page)

    def retry(self, n: int) -> Job:
        """Run a failed or cancelled job again. Raises `NotFound`, `IllegalTransition`, `QueueFull`."""
        return self._runner.retry(n)

    def remove(self, n: int) -> Job:
        """Cancel an unfinished job; take a finished one out of the table. Raises `NotFound`."""
        return self._runner.remove(n)

    async def wait(self, n: int) -> Job:
        """The job `n` once it is stored, failed for good or cancelled. Raises `NotFound` when it is not there."""
        while True:
            job = self._store.job(n)
            if job is None:
                raise NotFound(f"there is no job with n = {n}")
            if job.status in FINISHED:
                return job
            await self.feed.news()

    # -- digits

    @property
    def available(self) -> int:
        """Digits after the point on disk."""
        return self._digits.available

    def digit_window(self, start: int, count: int) -> str:
        """`count` digits from position `start` on; position 0 is the leading 3. Raises `NotFound`."""
        return self._digits.window(start, count)

    async def search(self, sequence: str, start: int = 1) -> Match:
        """The first place at or after `start` where `sequence` (1-20 digits) stands. Raises `BadRequest`."""
        return await self._digits.find(sequence, start)


def _shown(n: object) -> str:
    huge = isinstance(n, int) and abs(n) >= 10**50  # Python itself refuses to print one of thousands of digits
    return "a number of more than 50 digits" if huge else repr(n)[:52]


def _lock(directory: Path) -> BinaryIO:
    """Keep other processes out of the directory as long as the returned file is open.

    A POSIX record lock: workers do not inherit it, so a killed server frees it although they may live a moment longer.
    """
    file = (directory / "lock").open("ab")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StoreUnavailable(f"another process is using the data directory {directory}") from None
    return file
