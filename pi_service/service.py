"""The job service as one object: store, digits, feed, engine and runner of one data directory.

    service = Service(Path("data"), engine=LocalEngine())
    await service.start()
    job, created = service.submit(1000)
    job = await service.wait(1000)      # job.digit == 9

Everything runs on one event loop, and every command is done when it returns: committed, then told to the feed.
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .bulk import Outcome, on_each
from .checks import whole
from .digits import Digits
from .engines.base import Engine
from .errors import BadRequest, IllegalTransition, NotFound, ServiceAway, unusable
from .feed import Feed
from .jobs import Event, Job
from .listing import NEWEST, Listing
from .load import Load, Talk
from .runner import Runner
from .search import Match
from .store import Store

#: What can be done with many jobs at once.
COMMANDS = ("add", "retry", "cancel", "remove", "restore")
#: Jobs that are looked up at a time while a command goes through all that pass a filter.
BATCH = 500


@dataclass(frozen=True)
class _Parts:
    """What there is between `start` and `stop`."""

    store: Store
    feed: Feed
    digits: Digits
    runner: Runner
    load: Load


class Service:
    """Jobs "n-th digit of pi". Nothing is touched before `start`.

    Before `start` and after `stop` whatever asks for jobs or digits raises `ServiceAway`, a `StoreUnavailable`.

    Args:
        data_dir: the service's own directory; one process at a time can have it.
        engine: where pi is computed; the service starts and stops it.
        max_digits: the largest n that is accepted.
        max_queue: how many jobs of like size, or smaller, may wait for the same workers.
        talk: tells turns of dialogs since the start, and sessions live now, for the picture of the last hour; None
            where there are no dialogs.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        engine: Engine,
        max_digits: int = 10_000_000,
        max_queue: int = 1000,
        talk: Talk | None = None,
    ) -> None:
        self.max_digits = max_digits
        self._max_queue = max_queue
        self._talk = talk
        self._directory = data_dir
        self._engine = engine
        self._started: _Parts | None = None
        self._closing = AsyncExitStack()

    async def start(self) -> None:
        """Open the data directory, verify the digits, schedule what is unfinished.

        Raises:
            ServiceAway: another process has the directory.
            StoreUnavailable: the database cannot be opened.
            DirectoryUnusable: the directory cannot be read or written.
            SchemaError: the database is of a newer release, or not ours.
            PiError: the engine's own, if it cannot start. After any error nothing is left running.
        """
        try:
            await self._start()
        except OSError as error:
            raise unusable(self._directory, error) from error

    async def _start(self) -> None:
        workdir = self._directory / "work"
        workdir.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as closing:
            closing.enter_context(_lock(self._directory))
            for left in filter(Path.is_file, workdir.iterdir()):
                left.unlink()  # results of a process that was killed; what the engine keeps lies deeper
            self._started = await self._open(workdir, closing)
            self._closing = closing.pop_all()

    async def _open(self, workdir: Path, closing: AsyncExitStack) -> _Parts:
        """Everything in order; `closing` ends it in the opposite one."""
        # the workers first: they must not inherit a database or meet a thread
        closing.push_async_callback(self._engine.stop)
        await self._engine.start(workdir)
        store = Store(self._directory / "jobs.sqlite")
        closing.callback(store.close)
        feed = Feed(store.changes, store.last_id())
        closing.callback(feed.close)
        digits = Digits(self._directory)
        closing.push_async_callback(digits.close)
        trouble = await digits.open()
        runner = Runner(store, digits, feed, self._engine, self._max_queue)
        closing.push_async_callback(runner.stop)
        runner.start(trouble)
        load = Load(runner, self._talk)
        closing.push_async_callback(load.stop)
        load.start()
        return _Parts(store, feed, digits, runner, load)

    async def stop(self) -> None:
        """End computations, workers and subscriptions; what is unfinished goes on at the next start."""
        self._started = None
        await self._closing.aclose()

    @property
    def is_running(self) -> bool:
        """Whether it runs in this process."""
        return self._started is not None

    @property
    def _parts(self) -> _Parts:
        if self._started is None:
            raise ServiceAway("the pi service does not run in this process; start it, or ask the one that does")
        return self._started

    # -- jobs

    def submit(self, n: object) -> tuple[Job, bool]:
        """Register `n` and schedule it, unless it is there already.

        Args:
            n: the digit's number, from 1 to `max_digits`; anything may be sent.

        Returns:
            The job, and whether it is new.

        Raises:
            BadRequest: n is not such a number.
            QueueFull: too many jobs wait.
        """
        return self._parts.runner.submit(whole("n", n, 1, self.max_digits))

    def job(self, n: int) -> Job | None:
        """The job `n`, or None if it was never registered or is removed."""
        return self._parts.store.job(n)

    def events(self, n: int, after: int = 0, limit: int | None = None, *, reports: bool = True) -> list[Event]:
        """The history of `n`, its last 20 attempts, earlier lives of a removed job included, oldest first.

        Args:
            n: the job.
            after: only events with an id above it.
            limit: how many at most; None is no limit.
            reports: whether reports of progress are among them.
        """
        return self._parts.store.events(n, after, limit, reports)

    def milestones(self, n: int) -> list[Event]:
        """The history of `n` as `timeline` needs it: a few events, however often progress was reported."""
        return self._parts.store.milestones(n)

    def jobs(self, listing: Listing = NEWEST) -> tuple[list[Job], int]:
        """One page of the jobs.

        Args:
            listing: which of them, in which order; usually the newest 50.

        Returns:
            The jobs, and how many there are on all pages.
        """
        return self._parts.store.jobs(listing)

    def retry(self, n: int) -> Job:
        """Run a failed or cancelled job again.

        Raises:
            NotFound: there is no such job.
            IllegalTransition: it is neither failed nor cancelled.
            QueueFull: too many jobs wait.
        """
        return self._parts.runner.retry(n)

    def remove(self, n: int) -> Job:
        """Cancel an unfinished job; take a finished one out of the table.

        Raises:
            NotFound: there is no such job.
        """
        return self._parts.runner.remove(n)

    def restore(self, n: int) -> Job:
        """Bring a removed job back, with its digits and its history.

        Raises:
            NotFound: no job `n` was removed.
        """
        return self._parts.runner.restore(n)

    async def bulk(self, command: str, chosen: Listing | Iterable[int]) -> Outcome:
        """Run a command on many jobs without holding the loop.

        Args:
            command: one of `COMMANDS`; "cancel" leaves finished jobs alone, "remove" unfinished ones.
            chosen: the jobs, or a listing: all that pass its filters, whatever its page.

        Raises:
            BadRequest: there is no such command.
        """
        runner = self._parts.runner
        commands: dict[str, Callable[[int], object]] = {
            "add": self._add,
            "retry": runner.retry,
            "cancel": runner.cancel,
            "remove": runner.discard,
            "restore": runner.restore,
        }
        if command not in commands:
            raise BadRequest("command", f"command must be one of {', '.join(COMMANDS)}; got {str(command)[:50]!r}")
        numbers = self._matching(chosen) if isinstance(chosen, Listing) else chosen
        return await on_each(numbers, commands[command], runner.together)

    def _add(self, n: int) -> None:
        job, created = self.submit(n)
        if not created:
            raise IllegalTransition("registered", job.status.value)

    def _matching(self, listing: Listing) -> Iterator[int]:
        after = 0
        while batch := self._parts.store.numbers(listing, after, BATCH):
            yield from batch
            after = batch[-1]

    async def wait(self, n: int) -> Job:
        """The job `n` once it is stored, failed for good or cancelled.

        Raises:
            NotFound: there is no such job, or it was removed meanwhile.
            StoreUnavailable: the service was stopped meanwhile.
        """
        while True:
            job = self.job(n)
            if job is None:
                raise NotFound(f"there is no job with n = {n}", n=n)
            if job.finished:
                return job
            await self.feed.news()

    def load(self) -> dict[str, list[float | None]]:
        """The last hour, minute by minute, the one under way last; None where nobody looked.

        Returns:
            `minutes`: when each began, in UNIX seconds; `jobs` stored; the longest `queue`; with dialogs also `turns` a
            second and the most live `sessions`.
        """
        return self._parts.load.hour()

    @property
    def queued(self) -> int:
        """How many jobs wait; those being computed do not count."""
        return self._parts.runner.queued

    @property
    def feed(self) -> Feed:
        """Every change of every job, to subscribe to."""
        return self._parts.feed

    # -- digits

    @property
    def available(self) -> int:
        """Digits after the point on disk."""
        return self._parts.digits.available

    def digit_window(self, start: int, count: int) -> str:
        """Digits that are on disk.

        Args:
            start: the first position; 0 is the leading 3.
            count: how many digits.

        Raises:
            NotFound: they are not all on disk.
        """
        return self._parts.digits.window(start, count)

    async def search(self, sequence: str, start: int = 1, *, end: int | None = None, back: bool = False) -> Match:
        """The first place where a sequence stands.

        Args:
            sequence: 1 to 50 digits.
            start: the first position to look at; 1 is the first digit after the point.
            end: the last position to look at; None: the last on disk.
            back: look for the last place that begins at `start` or before.

        Raises:
            BadRequest: `sequence` is something else.
        """
        return await self._parts.digits.find(sequence, start, end=end, back=back)

    async def count(self, sequence: str, *, end: int | None = None) -> int:
        """How often a sequence stands at the positions 1 to `end`; overlapping ones count.

        Raises:
            BadRequest: `sequence` is not 1 to 50 digits.
        """
        return await self._parts.digits.count(sequence, end=end)


def _lock(directory: Path) -> BinaryIO:
    """Keep other processes out of the directory as long as the returned file is open.

    A POSIX record lock: workers do not inherit it, so a killed server frees it although they may live a moment longer.
    """
    file = (directory / "lock").open("ab")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ServiceAway(f"another process is using the data directory {directory}") from None
    return file
