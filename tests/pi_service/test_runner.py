"""How jobs meet the engine: lanes, followers, failures, cancelling. Jobs above 100 digits are big here."""

import asyncio
import errno
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pi_service import lanes, runner
from pi_service.engines.base import Phase
from pi_service.errors import (
    CheckFailed,
    IllegalTransition,
    LimitExceeded,
    NotFound,
    QueueFull,
    StoreUnavailable,
    WorkerDied,
)
from pi_service.jobs import FINISHED, Event, Job, Stage, fold
from pi_service.listing import Listing
from pi_service.service import Service
from pi_service.testing import MemoryEngine, digits_of_pi

PI = digits_of_pi(2000)
gen_test = pytest.mark.gen_test


@pytest.fixture(autouse=True)
def small_is_big(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runner, "QUICK", 100)
    return


def story(service: Service, n: int) -> list[tuple[str, int]]:
    """The stages of `n` and their attempts, progress reports left out."""
    return [(event.stage.value, event.attempt) for event in service.events(n) if event.progress in (0, 1)]


HAPPY = ["registered", "scheduled", "taken", "calculated", "stored"]


def attempt(number: int, *stages: str) -> list[tuple[str, int]]:
    return [(stage, number) for stage in stages]


async def until(service: Service, n: int, stage: Stage) -> None:
    """Wait until the status of `n` is `stage`."""
    while (job := service.job(n)) is None or job.status is not stage:
        await service.feed.news()


@gen_test
async def test_one_job(service: Service, engine: MemoryEngine) -> None:
    """A job goes through the five stages and ends with its digit and with pi to n digits on disk."""
    job, created = service.submit(1000)
    assert (job.status, created) == (Stage.SCHEDULED, True)
    job = await service.wait(1000)
    assert (job.status, job.digit, job.attempt, job.progress) == (Stage.STORED, 9, 1, 1.0)
    assert story(service, 1000) == attempt(1, *HAPPY)
    assert service.digit_window(0, 1001) == PI[:1001]
    assert engine.asked == [1000]


@gen_test
async def test_asked_twice(service: Service, engine: MemoryEngine) -> None:
    """The same n asked again, running or stored, is the same job and is computed once."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    assert service.submit(1000)[1] is False
    engine.gate.set()
    await service.wait(1000)
    job, created = service.submit(1000)
    assert (job.status, created, engine.asked) == (Stage.STORED, False, [1000])


@gen_test
async def test_never_computed_twice(service: Service, engine: MemoryEngine) -> None:
    """What is on disk already is stored in the same step, without the engine."""
    service.submit(1000)
    await service.wait(1000)
    job, created = service.submit(999)
    assert (job.status, job.digit, created) == (Stage.STORED, int(PI[999]), True)
    assert story(service, 999) == attempt(1, *HAPPY)
    assert engine.asked == [1000]


@gen_test
async def test_small_beside_big(service: Service, engine: MemoryEngine) -> None:
    """A small job does not wait for the big one that runs, and its shorter result replaces nothing."""
    engine.gate.clear()
    service.submit(1000)
    service.submit(50)
    await engine.begun(1000)
    await engine.begun(50)
    engine.gate.set()
    assert (await service.wait(50)).digit == int(PI[50])
    await service.wait(1000)
    assert service.available == 1000


@gen_test
async def test_follower(service: Service, engine: MemoryEngine) -> None:
    """Smaller jobs, come before or after the big one began, share its computation, its progress and its end."""
    engine.gate.clear()
    service.submit(200)
    await engine.begun(200)
    service.submit(1000)
    service.submit(500)  # waits behind 1000, whose computation covers it
    engine.gate.set()
    await service.wait(200)
    engine.gate.clear()
    report = await engine.begun(1000)
    job, _ = service.submit(900)
    assert job.status is Stage.TAKEN
    assert service.events(900)[-1].detail == "together with n = 1000"
    for step in range(1, 5):
        told = asyncio.ensure_future(service.feed.news())
        await asyncio.sleep(lanes.PROGRESS_EVERY)
        report(step / 10)
        await told
    assert {service.events(n)[-1].progress for n in (500, 900, 1000)} == {0.3, 0.4}
    engine.gate.set()
    for n in (500, 900, 1000):
        assert (await service.wait(n)).digit == int(PI[n])
        assert story(service, n) == attempt(1, *HAPPY)
    assert engine.asked == [200, 1000]


@gen_test
@pytest.mark.parametrize("how", ["cancelled", "error"])
async def test_follower_without_leader(service: Service, engine: MemoryEngine, logs: Any, how: str) -> None:
    """If the leader is cancelled or fails, its follower is scheduled on its own as a new attempt."""
    engine.gate.clear()
    service.submit(1000)
    service.submit(500)
    await engine.begun(1000)
    if how == "cancelled":
        service.remove(1000)
        await engine.begun(500)
    else:
        engine.failures.append(LimitExceeded("took too long"))
    engine.gate.set()
    assert (await service.wait(500)).digit == int(PI[500])
    expected = [*attempt(1, "registered", "scheduled", "taken"), *attempt(2, *HAPPY[1:])]
    assert story(service, 500) == expected
    assert service.events(500)[3].detail == "n = 1000 came to no end; computed on its own"
    job = service.job(1000)
    assert job and job.status.value == how
    assert engine.asked == [1000, 500]
    if how == "error":
        logs.take("n=1000 ends in error: took too long")


@gen_test
@pytest.mark.parametrize("error", [WorkerDied("worker 7 died of SIGKILL"), CheckFailed("the square root is wrong")])
async def test_repeated(service: Service, engine: MemoryEngine, logs: Any, error: Exception) -> None:
    """A dead worker or a failed check is told as an error event and the attempt repeated; followers stay."""
    engine.gate.clear()
    engine.failures += [error, error]
    service.submit(1000)
    service.submit(500)
    await engine.begun(1000)
    engine.gate.set()
    assert (await service.wait(1000)).attempt == 3
    failed = ["taken", "error"]
    assert story(service, 1000) == [
        *attempt(1, "registered", "scheduled", *failed),
        *attempt(2, "registered", "scheduled", *failed),
        *attempt(3, *HAPPY),
    ]
    assert [event.detail for event in service.events(1000) if event.stage is Stage.ERROR] == [str(error)] * 2
    assert story(service, 500) == attempt(1, *HAPPY)
    logs.take(f"attempt 1 of 3 at n=1000 failed: {error}")
    logs.take(f"attempt 2 of 3 at n=1000 failed: {error}")


@gen_test
async def test_three_attempts_at_most(service: Service, engine: MemoryEngine, logs: Any) -> None:
    """After the third failure the job is an error with the reason, nobody was told so before, and retry works."""
    engine.failures += [WorkerDied(f"death {k}") for k in (1, 2, 3)]
    service.submit(1000)
    job = await service.wait(1000)
    assert (job.status, job.error, job.attempt, job.digit) == (Stage.ERROR, "death 3", 3, None)
    assert len(engine.asked) == 3
    assert service.retry(1000).attempt == 4
    assert (await service.wait(1000)).digit == 9
    for line in ("attempt 1", "attempt 2", "ends in error: death 3"):
        logs.take(line)


@gen_test
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LimitExceeded("more than 60 s"), "more than 60 s"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "the digits could not be written to disk (No space left on device); free some space, then retry",
        ),
        (ZeroDivisionError("oops"), "an unexpected error: ZeroDivisionError: oops"),
    ],
)
async def test_not_repeated(service: Service, engine: MemoryEngine, logs: Any, error: Exception, text: str) -> None:
    """A limit, a full disk or a bug ends in `error` at once with a clear text; the lane goes on and retry works."""
    engine.failures.append(error)
    service.submit(1000)
    job = await service.wait(1000)
    assert (job.status, job.error, engine.asked) == (Stage.ERROR, text, [1000])
    service.submit(200)
    assert (await service.wait(200)).status is Stage.STORED
    service.retry(1000)
    assert (await service.wait(1000)).status is Stage.STORED
    assert ("Traceback" in logs.take("n=1000 ends in error")) == isinstance(error, ZeroDivisionError)


@gen_test
async def test_cancel_running(service: Service, engine: MemoryEngine) -> None:
    """Cancelling ends the computation, frees the lane, and retry runs the job again."""
    engine.gate.clear()
    service.submit(1000)
    service.submit(2000)
    report = await engine.begun(1000)
    assert service.remove(1000).status is Stage.CANCELLED
    await engine.begun(2000)
    assert engine.cancelled == [1000]
    report(0.5)  # too late, from a worker that had not heard yet
    assert story(service, 1000) == attempt(1, "registered", "scheduled", "taken", "cancelled")
    assert service.retry(1000).status is Stage.TAKEN
    engine.gate.set()
    assert (await service.wait(1000)).attempt == 2


@gen_test
async def test_cancel_waiting(service: Service, engine: MemoryEngine) -> None:
    """A job cancelled while it waits or follows is never computed and leaves the others alone."""
    engine.gate.clear()
    for n in (1000, 900, 2000):
        service.submit(n)
    await engine.begun(1000)
    service.remove(900)
    service.remove(2000)
    engine.gate.set()
    await service.wait(1000)
    assert [service.job(n).status.value for n in (900, 2000)] == ["cancelled"] * 2  # type: ignore[union-attr]
    assert engine.asked == [1000]


@gen_test
async def test_cancel_between_attempts(service: Service, engine: MemoryEngine, logs: Any) -> None:
    """A job cancelled in the moment its worker died is not tried again."""
    engine.gate.clear()
    engine.failures.append(WorkerDied("killed"))
    service.submit(1000)
    await engine.begun(1000)
    engine.gate.set()
    await until(service, 1000, Stage.TAKEN)
    await service.feed.news()  # the error and the new attempt
    service.remove(1000)
    service.submit(50)
    await service.wait(50)
    job = service.job(1000)
    assert job and job.status is Stage.CANCELLED
    logs.take("attempt 1 of 3")


@gen_test
async def test_remove_and_ask_again(service: Service, engine: MemoryEngine) -> None:
    """Removing a finished job takes it out of the table, not off the disk; asked again it is a new attempt."""
    service.submit(1000)
    await service.wait(1000)
    assert service.remove(1000).status is Stage.REMOVED
    assert service.job(1000) is None
    with pytest.raises(NotFound, match="there is no job with n = 1000"):
        service.remove(1000)
    job, created = service.submit(1000)
    assert (job.attempt, created, engine.asked) == (2, True, [1000])


@gen_test
async def test_retry_refused(service: Service, engine: MemoryEngine) -> None:
    """Only a failed or cancelled job can be retried."""
    with pytest.raises(NotFound, match="there is no job with n = 1000"):
        service.retry(1000)
    engine.gate.clear()
    service.submit(1000)
    with pytest.raises(IllegalTransition, match="event 'registered' is not allowed in state 'scheduled'"):
        service.retry(1000)
    engine.gate.set()
    await service.wait(1000)
    with pytest.raises(IllegalTransition, match="event 'registered' is not allowed in state 'stored'"):
        service.retry(1000)


@gen_test
async def test_queue_full(service: Service, engine: MemoryEngine) -> None:
    """The fourth waiting job is refused and leaves no trace; what is there, on disk or given up makes room."""
    service.submit(10)
    await service.wait(10)
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    for n in (900, 1100, 1200):
        service.submit(n)
    text = "3 jobs are waiting and 3 may; try again later"
    with pytest.raises(QueueFull, match=text):
        service.submit(1300)
    assert (service.job(1300), service.events(1300)) == (None, [])
    assert service.submit(900)[1] is False
    assert service.submit(9)[0].status is Stage.STORED
    service.remove(1100)
    service.submit(1300)
    with pytest.raises(QueueFull, match=text):
        service.retry(1100)
    engine.gate.set()
    for n in (900, 1200, 1300):
        assert (await service.wait(n)).status is Stage.STORED


@gen_test
async def test_big_jobs_fill_no_queue_of_smaller_ones(service: Service, engine: MemoryEngine) -> None:
    """A full queue of big jobs takes small ones and those a tenth of their size, which come with the next of them."""
    engine.gate.clear()
    service.submit(900)
    await engine.begun(900)
    for n in (9000, 9001, 9002):
        service.submit(n)
    text = "3 jobs are waiting and 3 may; try again later"
    for n in (9003, 901):  # as large, and in the way of what is as large
        with pytest.raises(QueueFull, match=text):
            service.submit(n)
    for n in (101, 102, 103, 1, 2, 3):  # the last three are small and have workers of their own
        assert service.submit(n)[1]
    for n in (104, 4):
        with pytest.raises(QueueFull, match=text):
            service.submit(n)


@gen_test
async def test_small_jobs_fill_no_queue_of_bigger_ones(service: Service, engine: MemoryEngine) -> None:
    """A full queue of small jobs takes big ones, which have other workers; big ones of all sizes have one bound."""
    engine.gate.clear()
    service.submit(90)
    await engine.begun(90)
    for n in (91, 92, 93, 101):
        service.submit(n)
    await engine.begun(101)
    for n in (200, 3000, 40_000):
        service.submit(n)
    with pytest.raises(QueueFull, match="3 jobs are waiting"):
        service.submit(500_000)


@gen_test
async def test_progress_is_thinned(service: Service, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand reports in a moment make at most one event, and none that goes backwards or beyond 1."""
    engine.gate.clear()
    service.submit(1000)
    report = await engine.begun(1000)
    monkeypatch.setattr(lanes, "PROGRESS_EVERY", 60.0)  # however long this moment takes
    for k in range(1000):
        report(k / 1000)
    with monkeypatch.context() as patch:
        patch.setattr(lanes, "PROGRESS_EVERY", 0.0)
        report(0.5)
    for fraction in (0.4, 1.5):
        report(fraction)
    told = [event.progress for event in service.events(1000) if event.progress]
    assert told == [0.5]
    engine.gate.set()
    await service.wait(1000)


@gen_test
async def test_database_locked(service: Service, engine: MemoryEngine, logs: Any, tmp_path: Path) -> None:
    """While the database is locked a command is refused; a result waits and is stored once the lock is gone."""
    engine.gate.clear()
    service.submit(1000)
    report = await engine.begun(1000)
    other = sqlite3.connect(tmp_path / "data" / "jobs.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        service.submit(2000)
    assert service.job(2000) is None
    await asyncio.sleep(lanes.PROGRESS_EVERY)
    report(0.5)
    engine.gate.set()
    while not logs.records:
        await asyncio.sleep(0.01)
    other.execute("ROLLBACK")
    other.close()
    assert (await service.wait(1000)).status is Stage.STORED
    assert story(service, 1000) == attempt(1, *HAPPY)
    logs.take("n=1000 has to wait: the jobs database is locked")


@gen_test
async def test_many_followers(io_loop: Any, tmp_path: Path, engine: MemoryEngine) -> None:
    """A hundred jobs of falling size cost one computation, and a listener hears their end, however little is kept."""
    service = Service(tmp_path / "many", engine=engine, max_queue=100)
    await service.start()
    service.feed.kept = 20
    engine.gate.clear()
    sizes = range(1000, 900, -1)
    for n in sizes:
        service.submit(n)
    await engine.begun(1000)
    subscription = service.feed.subscribe()

    async def listen() -> list[Event]:
        events: list[Event] = []
        async for change in subscription:
            events.append(change.event)
            if change.event.n == sizes[-1] and change.event.stage is Stage.STORED:
                break
        return events

    heard = asyncio.create_task(listen())
    engine.gate.set()
    for n in sizes:
        await service.wait(n)
    assert engine.asked == [1000]
    stored = [event.n for event in await heard if event.stage is Stage.STORED]
    assert stored == list(sizes)
    await service.stop()


class Commands(RuleBasedStateMachine):
    """Random commands, failures and restarts; the gate decides when the engine may finish."""

    sizes = st.integers(1, 8).map(lambda k: k * 50)  # two of them are small

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(runner, "QUICK", 100)
        self.patch.setattr(runner.log, "disabled", True)
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.asked: set[int] = set()
        self.removed: dict[int, Job] = {}  # as they were
        self.begin()

    def begin(self) -> None:
        self.engine = MemoryEngine()
        self.engine.gate.clear()
        self.service = Service(Path(self.folder.name), engine=self.engine, max_queue=5)
        self.loop.run_until_complete(self.service.start())

    def spin(self) -> None:
        async def turns() -> None:
            for _ in range(20):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    @rule(n=sizes)
    def submit(self, n: int) -> None:
        known = self.service.job(n)
        try:
            job, created = self.service.submit(n)
        except QueueFull:
            assert known is None
            return
        assert created == (known is None)
        assert known is None or job == known
        self.asked.add(n)
        self.spin()

    @rule(n=sizes)
    def retry(self, n: int) -> None:
        job = self.service.job(n)
        try:
            again = self.service.retry(n)
        except NotFound:
            assert job is None
        except IllegalTransition:
            assert job and job.status not in (Stage.ERROR, Stage.CANCELLED)
        except QueueFull:
            pass
        else:
            assert job and again.attempt == job.attempt + 1
        self.spin()

    @rule(n=sizes)
    def remove(self, n: int) -> None:
        job = self.service.job(n)
        try:
            left = self.service.remove(n)
        except NotFound:
            assert job is None
        else:
            assert job and left.status is (Stage.REMOVED if job.status in FINISHED else Stage.CANCELLED)
            if left.status is Stage.REMOVED:
                self.removed[n] = job
        self.spin()

    @rule(n=sizes)
    def restore(self, n: int) -> None:
        job = self.service.job(n)
        try:
            back = self.service.restore(n)
        except NotFound:
            assert job is None and n not in self.removed
        else:
            assert back == (job or self.removed[n])
        self.spin()

    @rule(error=st.sampled_from([WorkerDied("x"), CheckFailed("x"), LimitExceeded("x"), KeyError("x")]))
    def fail_next(self, error: Exception) -> None:
        self.engine.failures.append(error)

    @rule()
    def finish(self) -> None:
        self.engine.gate.set()
        self.loop.run_until_complete(self.idle())
        self.engine.gate.clear()

    async def idle(self) -> None:
        async with asyncio.timeout(10):
            while self.service.jobs(Listing(Stage.TAKEN))[1] or self.service.jobs(Listing(Stage.SCHEDULED))[1]:
                await self.service.feed.news()
            while self.service.jobs(Listing(Stage.CALCULATED))[1]:
                await self.service.feed.news()
        if self.service.jobs(Listing(Stage.TAKEN))[1] or self.service.jobs(Listing(Stage.SCHEDULED))[1]:
            await self.idle()

    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self.service.stop())
        self.begin()
        self.spin()

    @invariant()
    def jobs_are_their_events(self) -> None:
        for n in self.asked:
            events = self.service.events(n)
            folded = fold(events)
            assert self.service.job(n) == folded
            if folded and folded.status is Stage.STORED:
                assert (folded.digit, n <= self.service.available) == (int(PI[n]), True)
            assert folded is None or folded.status is events[-1].stage

    @invariant()
    def digits_are_right(self) -> None:
        if self.service.available:
            size = self.service.available + 1
            assert self.service.digit_window(0, size) == PI[:size]

    def teardown(self) -> None:
        self.engine.failures.clear()
        self.finish()
        assert not self.engine.running
        for n in self.asked:
            job = self.service.job(n)
            assert job is None or job.status in FINISHED
        self.loop.run_until_complete(self.service.stop())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()
        self.patch.undo()


TestCommands = pytest.mark.slow(Commands.TestCase)
TestCommands.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


@gen_test
async def test_a_phase_that_begins_is_told_at_once(
    service: Service, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader's events say when each phase began, however soon after the last report; followers' do not."""
    monkeypatch.setattr(lanes, "PROGRESS_EVERY", 60.0)
    engine.gate.clear()
    service.submit(1000)
    report = await engine.begun(1000)
    service.submit(900)
    for fraction, phase in ((0.0, Phase.SPLITTING), (0.1, Phase.SPLITTING), (0.1, Phase.DIVISION), (0.1, None)):
        report(fraction, phase)
    details = [(event.detail, event.progress) for event in service.events(1000) if event.is_report]
    assert details == [("splitting", lanes.PROGRESS_STEP), ("division", 0.1)]
    assert {event.detail for event in service.events(900) if event.is_report} == {None}
    engine.gate.set()
    await service.wait(1000)
