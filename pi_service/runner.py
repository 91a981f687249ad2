"""Takes jobs, drives the engine, records what happens.

1. Two lanes: small jobs have workers of their own and never wait for a big one. In a lane one computation runs at
   a time, since it uses all the workers it may, and the others wait in the order they came.
2. A job smaller than the one running in its lane joins it as a follower: it is stored when that one is. If the
   leader is cancelled or fails, each follower is scheduled on its own, as a new attempt.
3. Written, then told: a change is committed, then published, and the loop does not run in between. So it is for all the
   commands of a batch, which is one transaction (`together`).
4. What may succeed when repeated (a dead worker, a failed check) is repeated, `ATTEMPTS` times in all; what will
   not (a limit, a full disk, our own mistake) ends in `error` at once. No exception leaves a job hanging.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial

from .commit import Commit
from .digits import Digits
from .engines.base import QUICK, Engine, Phase
from .errors import (
    CheckFailed,
    DigitsDamaged,
    IllegalTransition,
    NotFound,
    PiError,
    QueueFull,
    StoreUnavailable,
    WorkerDied,
    unwritable,
)
from .feed import Feed
from .jobs import Change, Job, NewEvent, Stage
from .lanes import PROGRESS_STEP, Lane, Run
from .store import Store

log = logging.getLogger(__name__)

#: How often a computation is tried before its job ends in `error`.
ATTEMPTS = 3
#: Seconds after which a result is offered again to a database that did not take it.
STORE_RETRY = 0.5


class Runner:
    """Runs the jobs of one service on what the service has opened and started.

    Args:
        store: events and jobs.
        digits: where results go.
        feed: told of each change once it is committed.
        engine: started already.
        max_queue: how many jobs may wait in one's way (see `lanes`), those under way not counted.
    """

    def __init__(self, store: Store, digits: Digits, feed: Feed, engine: Engine, max_queue: int) -> None:
        self._store, self._digits, self._feed, self._engine = store, digits, feed, engine
        self._max_queue = max_queue
        self._commit = Commit()
        self._quick, self._big = self._lanes = (Lane(), Lane())
        self._tasks: list[asyncio.Task[None]] = []
        #: how often a job was stored since the start
        self.stored = 0

    @property
    def queued(self) -> int:
        """How many jobs wait; those being computed do not count."""
        return sum(lane.queued() for lane in self._lanes)

    def start(self, trouble: str) -> None:
        """Schedule again what an earlier process left unfinished, and begin.

        Args:
            trouble: what is wrong with the digits file; stored jobs whose digits it lost are computed again.
        """
        unfinished = self._store.unfinished()
        for n in self._lost(trouble):
            self._schedule(n, _again(trouble))
        for job in unfinished:
            self._schedule(job.n, NewEvent(Stage.SCHEDULED, "the server was restarted"))
        self._tasks = [asyncio.create_task(self._serve(lane)) for lane in self._lanes]
        self._tasks.append(asyncio.create_task(self._mend()))

    def _lost(self, trouble: str) -> list[int]:
        """The stored jobs whose digits are not on disk any more; the largest first, since the others follow it."""
        lost = [job.n for job in self._store.stored_beyond(self._digits.available)]
        if lost:
            log.warning("digits of %d stored jobs are lost, computing them again: %s", len(lost), trouble)
        return lost

    async def _mend(self) -> None:
        """Compute again what turns out to be damaged while it is served."""
        while True:
            trouble = await self._digits.damage()
            lost: list[int] | None = None
            while lost is None or lost:
                try:
                    lost = self._lost(trouble) if lost is None else lost
                    for n in list(lost):
                        with suppress(IllegalTransition):  # it was removed meanwhile
                            self._schedule(n, _again(trouble))
                        lost.remove(n)
                        await asyncio.sleep(0)  # a thousand jobs must not hold up the loop
                except StoreUnavailable as error:
                    log.warning("damaged digits have to wait: %s", error)
                    await asyncio.sleep(STORE_RETRY)

    async def stop(self) -> None:
        """End the computations. No events: the jobs stay unfinished and the next start goes on with them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- commands

    def together(self) -> AbstractContextManager[None]:
        """Commit the commands inside at once, or none of them; nothing may wait in between.

        Raises:
            StoreUnavailable: from the block or at its end; then none of them has happened.
        """
        return self._commit.batch(self._store.together())

    def submit(self, n: int) -> tuple[Job, bool]:
        """Register and schedule `n`, unless it is there already.

        Returns:
            The job, and whether it is new.

        Raises:
            QueueFull: too many jobs wait.
        """
        if job := self._store.job(n):
            return job, False
        return self._enter(n), True

    def retry(self, n: int) -> Job:
        """Run a failed or cancelled job again.

        Raises:
            NotFound: there is no such job.
            IllegalTransition: it is neither failed nor cancelled.
            QueueFull: too many jobs wait.
        """
        self._known(n)
        return self._enter(n)

    def remove(self, n: int) -> Job:
        """Cancel an unfinished job, take a finished one out of the table.

        Raises:
            NotFound: there is no such job.
        """
        return self.discard(n) if self._known(n).finished else self.cancel(n)

    def cancel(self, n: int) -> Job:
        """End an unfinished job.

        Raises:
            NotFound: there is no such job.
            IllegalTransition: it is finished.
        """
        self._known(n)
        job = self._record(n, NewEvent(Stage.CANCELLED))
        self._commit.then(partial(self._drop, n))
        return job

    def _drop(self, n: int) -> None:
        for lane in self._lanes:
            if end := lane.drop(n):
                end()

    def discard(self, n: int) -> Job:
        """Take a finished job out of the table.

        Raises:
            NotFound: there is no such job.
            IllegalTransition: it is not finished.
        """
        job = self._known(n)
        self._commit.then(partial(self._feed.publish, self._store.record(n, NewEvent(Stage.REMOVED))))
        return replace(job, status=Stage.REMOVED)

    def restore(self, n: int) -> Job:
        """Bring a removed job back as it was; one that is there already is left alone.

        Raises:
            NotFound: no job `n` was removed.
        """
        if job := self._store.job(n):
            return job
        change = self._store.restore(n)
        self._commit.then(partial(self._feed.publish, [change]))
        assert change.job is not None
        if change.job.status is Stage.STORED and n > self._digits.available:
            return self._schedule(
                n, NewEvent(Stage.SCHEDULED, "its digits were lost meanwhile; they are computed again")
            )
        return change.job

    def _known(self, n: int) -> Job:
        if job := self._store.job(n):
            return job
        raise NotFound(f"there is no job with n = {n}", n=n)

    def _enter(self, n: int) -> Job:
        queued = self._lane(n).queued(n)
        if queued >= self._max_queue and n > self._digits.available:
            message = f"{queued} jobs are waiting and {self._max_queue} may; try again later"
            raise QueueFull(message, waiting=queued, most=self._max_queue)
        return self._schedule(n, NewEvent(Stage.REGISTERED), NewEvent(Stage.SCHEDULED))

    def _lane(self, n: int) -> Lane:
        return self._quick if n <= QUICK else self._big

    def _schedule(self, n: int, *steps: NewEvent) -> Job:
        """Record `steps`, which end in `scheduled`, and send `n` the shortest way to its digits."""
        if n <= self._digits.available:
            taken = NewEvent(Stage.TAKEN, "its digits are on disk already")
            with suppress(DigitsDamaged):  # then they are computed as if they had never been there
                return self._record(n, *steps, taken, NewEvent(Stage.CALCULATED), self._stored(n))
        lane = self._lane(n)
        if run := lane.joinable(n):
            job = self._record(n, *steps, _taken(n, run))
            run.members[n] = None
        else:
            job = self._record(n, *steps)
            lane.put(n)
        self._commit.or_else(partial(lane.drop, n))
        return job

    # -- the life of a run

    async def _serve(self, lane: Lane) -> None:
        while True:
            run = await lane.next()
            try:
                await self._lead(lane, run)
            except Exception:  # our own mistake must not stop the jobs behind it
                log.exception("the run of n=%d broke off", run.leader)
            lane.run = None

    async def _lead(self, lane: Lane, run: Run) -> None:
        try:
            await self._run(run)
        except Exception as error:
            await self._tell(run, run.leader, NewEvent(Stage.ERROR, _reason(run, error)))
            lane.drop(run.leader)
        alone = NewEvent(Stage.SCHEDULED, f"n = {run.leader} came to no end; computed on its own")
        for n in list(run.members):
            await self._surely(run, n, partial(self._schedule, n, alone))

    async def _run(self, run: Run) -> None:
        for n in list(run.members):
            await self._tell(run, n, _taken(n, run))
        await self._digits.settled()
        if run.leader <= self._digits.available:
            await self._tell(run, run.leader, NewEvent(Stage.CALCULATED))
        elif not await self._attempts(run):
            return
        await self._tell(run, run.leader, self._stored(run.leader))
        for n in [n for n in run.members if n != run.leader]:
            await self._tell(run, n, NewEvent(Stage.CALCULATED), self._stored(n))
            await asyncio.sleep(0)  # a thousand followers must not hold up the loop
        run.members.clear()

    async def _attempts(self, run: Run) -> bool:
        """Whether the digits are on disk now; False if the leader was cancelled."""
        for attempt in range(1, ATTEMPTS + 1):
            if not run.wanted:
                return False
            run.task = asyncio.create_task(self._produce(run))
            try:
                await asyncio.wait([run.task])
            except asyncio.CancelledError:  # the service stops
                run.task.cancel()
                await asyncio.wait([run.task])
                raise
            if run.task.cancelled():
                return False
            if (error := run.task.exception()) is None:
                return True
            if attempt == ATTEMPTS or not isinstance(error, WorkerDied | CheckFailed):
                raise error
            log.warning("attempt %d of %d at n=%d failed: %s", attempt, ATTEMPTS, run.leader, error)
            again = NewEvent(Stage.REGISTERED, f"attempt {attempt + 1} of {ATTEMPTS}")
            steps = NewEvent(Stage.ERROR, str(error)), again, NewEvent(Stage.SCHEDULED), NewEvent(Stage.TAKEN)
            await self._tell(run, run.leader, *steps)
        raise AssertionError("the last attempt returns or raises")

    async def _produce(self, run: Run) -> None:
        run.begin(asyncio.get_running_loop().time())
        try:
            path = await self._engine.compute(run.leader, partial(self._progress, run))
        except OSError as error:
            raise unwritable(error) from error
        finally:
            run.computing = False
        await self._tell(run, run.leader, NewEvent(Stage.CALCULATED))
        await self._digits.replace(path, run.leader)

    def _progress(self, run: Run, fraction: float, phase: Phase | None = None) -> None:
        fraction = max(PROGRESS_STEP, min(1.0, fraction))  # above 0: a phase that begins is a report, too
        begun = phase.value if phase and phase != run.phase else None
        for n in run.report(fraction, asyncio.get_running_loop().time(), phase):
            with suppress(StoreUnavailable):  # the next report makes up for it
                self._record(n, NewEvent(Stage.TAKEN, begun if n == run.leader else None, fraction))

    # -- recording

    def _stored(self, n: int) -> NewEvent:
        return NewEvent(Stage.STORED, digit=self._digits.digit(n))

    async def _tell(self, run: Run, n: int, *steps: NewEvent) -> None:
        await self._surely(run, n, partial(self._record, n, *steps))

    async def _surely(self, run: Run, n: int, record: Callable[[], object]) -> None:
        """Record as soon as the database takes it, unless `n` is cancelled before that."""
        while n in run.members:
            try:
                record()
                return
            except StoreUnavailable as error:
                log.warning("n=%d has to wait: %s", n, error)
                await asyncio.sleep(STORE_RETRY)

    def _record(self, n: int, *steps: NewEvent) -> Job:
        changes = self._store.record(n, *steps)
        self._commit.then(partial(self._publish, changes))
        job = changes[-1].job
        assert job is not None  # only `removed` leaves none
        return job

    def _publish(self, changes: list[Change]) -> None:
        self._feed.publish(changes)
        for event in (change.event for change in changes if not change.event.is_report):
            log.info("n=%d attempt=%d %s %s", event.n, event.attempt, event.stage.value, event.detail or "")
            self.stored += event.stage is Stage.STORED


def _taken(n: int, run: Run) -> NewEvent:
    return NewEvent(Stage.TAKEN, None if n == run.leader else f"together with n = {run.leader}")


def _again(trouble: str) -> NewEvent:
    return NewEvent(Stage.SCHEDULED, f"{trouble}; its digits are computed again")


def _reason(run: Run, error: Exception) -> str:
    if isinstance(error, PiError):
        log.warning("n=%d ends in error: %s", run.leader, error)
        return str(error)
    log.error("n=%d ends in error", run.leader, exc_info=error)
    return f"an unexpected error: {type(error).__name__}: {error}"
