"""Events and jobs in a real SQLite file."""

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pi_service.errors import IllegalTransition, NotFound, StoreFull, StoreUnavailable
from pi_service.jobs import Change, Event, Job, NewEvent, Stage, apply, fold, next_event
from pi_service.listing import NEWEST, Listing
from pi_service.schema import ATTEMPTS_KEPT
from pi_service.store import Store
from pi_service.timeline import timeline

NEW = NewEvent(Stage.REGISTERED), NewEvent(Stage.SCHEDULED)
HAPPY = *NEW, NewEvent(Stage.TAKEN), NewEvent(Stage.CALCULATED), NewEvent(Stage.STORED, digit=9)

#: What a job can go through again and again.
CYCLES = (
    [Stage.REGISTERED, Stage.CANCELLED, Stage.REMOVED],
    [Stage.REGISTERED, Stage.ERROR],
    [Stage.SCHEDULED],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    ticks = count()
    store = Store(path, clock=lambda: float(next(ticks)))
    yield store
    store.close()


def kept(history: list[Event]) -> list[Event]:
    """What is left of a history when its last attempt opens."""
    followers = [*history[1:], None]
    ends = [
        index
        for index, (event, after) in enumerate(zip(history, followers, strict=True))
        if event.stage is Stage.REMOVED and (after is None or after.stage is Stage.REGISTERED)  # or it was brought back
    ]
    first = history[ends[-1] + 1 if ends else 0 :][:1]
    return [event for event in history if event in first or event.attempt > history[-1].attempt - ATTEMPTS_KEPT]


class Model(RuleBasedStateMachine):
    """The store against dictionaries: random steps on few jobs, read back by another connection."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks = count()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "jobs.sqlite"
        self.store, self.reader = Store(path, clock=lambda: float(next(self.ticks))), Store(path)
        self.count = 0
        self.history: dict[int, list[Event]] = {}
        self.jobs: dict[int, Job | None] = {}

    @rule(n=st.integers(1, 3), stages=st.lists(st.sampled_from(Stage), min_size=1, max_size=5))
    def record(self, n: int, stages: list[Stage]) -> None:
        steps = [NewEvent(stage) for stage in stages]
        history, job = list(self.history.get(n, [])), self.jobs.get(n)
        try:
            for step in steps:
                event = next_event(history[-1] if history else None, step, id=0, n=n, at=0.0)
                history.append(event)
                job = apply(job, event)
        except IllegalTransition as expected:
            with pytest.raises(IllegalTransition) as raised:
                self.store.record(n, *steps)
            assert str(raised.value) == str(expected)
            return
        changes = self.store.record(n, *steps)
        self.count += len(changes)
        opened = changes[-1].event.attempt > (self.history[n][-1].attempt if n in self.history else 0)
        self.history[n] = self.history.get(n, []) + [change.event for change in changes]
        if opened:
            self.history[n] = kept(self.history[n])
        self.jobs[n] = changes[-1].job
        assert [e.stage for e in self.history[n]] == [e.stage for e in (kept(history) if opened else history)]
        assert (job is None) == (changes[-1].job is None)

    @rule(n=st.integers(1, 3), life=st.sampled_from(CYCLES))
    def churn(self, n: int, life: list[Stage]) -> None:
        """Enough lives, or attempts of one life, to make the oldest go."""
        self.record(n, life * (ATTEMPTS_KEPT + 2))

    @rule(n=st.integers(1, 3))
    def restore(self, n: int) -> None:
        history = self.history.get(n, [])
        if not history or history[-1].stage is not Stage.REMOVED:
            with pytest.raises(NotFound, match=f"there is no removed job with n = {n}"):
                self.store.restore(n)
            return
        change = self.store.restore(n)
        assert change.job == fold(history[:-1]) == fold([*history, change.event])
        history.append(change.event)
        self.jobs[n] = change.job
        self.count += 1

    @invariant()
    def read_back(self) -> None:
        for n, history in self.history.items():
            assert self.reader.events(n) == history
            job = self.reader.job(n)
            assert job == self.jobs[n]
            assert (job.status if job else Stage.REMOVED) is history[-1].stage
            assert fold(history) == job
        ids = [change.event.id for change in self.reader.changes(0, 10_000)]
        assert ids == sorted(event.id for history in self.history.values() for event in history)
        assert self.reader.last_id() == self.count

    def teardown(self) -> None:
        self.store.close()
        self.reader.close()
        self.folder.cleanup()


TestModel = pytest.mark.slow(Model.TestCase)
TestModel.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


def test_happy_path(store: Store) -> None:
    """What `record` returns is what another connection reads."""
    changes = store.record(1000, *HAPPY)
    assert [change.event.id for change in changes] == [1, 2, 3, 4, 5]
    assert store.job(1000) == changes[-1].job
    assert store.events(1000) == [change.event for change in changes]
    assert store.last_id() == 5


def test_all_or_nothing(store: Store) -> None:
    """Of steps that end in an illegal one none is written."""
    with pytest.raises(IllegalTransition, match="event 'stored' is not allowed in state 'scheduled'"):
        store.record(5, *NEW, NewEvent(Stage.STORED))
    assert (store.job(5), store.events(5), store.last_id()) == (None, [], 0)


def test_history_cannot_be_changed(store: Store, path: Path) -> None:
    """Even by hand no event can be updated or deleted."""
    store.record(5, *NEW)
    with sqlite3.connect(path) as other:
        for statement in ("UPDATE event SET stage = 'stored'", "DELETE FROM event"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)
    other.close()
    assert len(store.events(5)) == 2


def test_history_outlives_the_job(store: Store) -> None:
    """A removed job leaves the table, its events stay, and a new life goes on counting attempts."""
    store.record(5, *HAPPY, NewEvent(Stage.REMOVED))
    assert store.job(5) is None
    assert store.jobs(NEWEST) == ([], 0)
    (change,) = store.record(5, NewEvent(Stage.REGISTERED))
    assert change.job and change.job.attempt == 2
    assert len(store.events(5)) == 7


@pytest.mark.slow
def test_a_history_is_bounded(store: Store, path: Path) -> None:
    """Of 1,500 lives the last 20 attempts are left, of 1,500 retries also the registration they began with."""
    life, attempt = (*HAPPY, NewEvent(Stage.REMOVED)), (NewEvent(Stage.REGISTERED), NewEvent(Stage.CANCELLED))
    for _ in range(150):  # ten at a time: each time waits for the disk
        store.record(5, *life * 10)
        store.record(6, *attempt * 10)
    assert [event.attempt for event in store.events(5)] == [k for k in range(1481, 1501) for _ in range(6)]
    assert [event.attempt for event in store.events(6)] == [1, *(k for k in range(1481, 1501) for _ in range(2))]
    assert fold(store.events(6)) == store.job(6)
    with closing(sqlite3.connect(path)) as other:
        for n in (5, 6):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute("DELETE FROM event WHERE n = ? AND attempt <= 1481", [n])


def test_events_in_pages(store: Store) -> None:
    """A history is read in pages after an id, and without its reports."""
    reports = [NewEvent(Stage.TAKEN, progress=k / 100) for k in range(1, 10)]
    store.record(4, *NEW)
    store.record(5, *NEW, NewEvent(Stage.TAKEN), *reports)
    whole = store.events(5)
    assert store.events(5, limit=5) == whole[:5]
    assert store.events(5, after=whole[4].id, limit=5) == whole[5:10]
    assert store.events(5, after=whole[-1].id) == []
    assert store.events(5, reports=False) == whole[:3]


RACER = """
import sys
from pathlib import Path
from pi_service.errors import IllegalTransition, StoreUnavailable
from pi_service.jobs import Stage, NewEvent
from pi_service.store import Store

store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
won = 0
for n in range(1, 101):
    while True:
        try:
            store.record(n, NewEvent(Stage.REGISTERED))
            won += 1
        except StoreUnavailable:
            continue
        except IllegalTransition as error:
            assert error.state == "registered", error
        break
print(won)
"""


def test_two_processes_register_the_same(store: Store, path: Path) -> None:
    """Of two processes that register the same hundred n at once exactly one wins each."""
    command = [sys.executable, "-c", RACER, str(path)]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for racer in racers:
        assert racer.stdout and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [int(racer.communicate()[0]) for racer in racers]
    assert sum(won) == 100
    assert [len(store.events(n)) for n in range(1, 101)] == [1] * 100


def test_locked(store: Store, path: Path) -> None:
    """While another process holds the write lock a change is refused with a clear text; reading goes on."""
    store.record(5, *NEW)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=r"is locked by another process \(.*\); nothing was changed, try again"):
        store.record(5, NewEvent(Stage.TAKEN))
    job = store.job(5)
    assert job and job.status is Stage.SCHEDULED
    other.execute("ROLLBACK")
    other.close()
    assert store.record(5, NewEvent(Stage.TAKEN))


def test_full(store: Store, path: Path) -> None:
    """A database that cannot grow refuses the change, keeps all it had and takes changes again afterwards."""
    store.record(5, *NEW)
    store._db.execute("PRAGMA max_page_count = 1")  # SQLite raises it to the present size
    with pytest.raises(StoreUnavailable, match=r"its disk is full .* nothing was changed, free some space, then"):
        for n in range(100, 1000):
            store.record(n, NewEvent(Stage.REGISTERED, detail="x" * 1000))
    kept = store.jobs(NEWEST)[1]
    assert [len(store.events(job.n)) for job in store.jobs(Listing(per_page=500))[0] if job.n != 5] == [1] * (kept - 1)
    n = 100 + kept - 1  # the one that was refused
    assert store.events(n) == []
    store._db.execute("PRAGMA max_page_count = 100000")
    assert store.record(n, *NEW)


@given(
    numbers=st.sets(st.integers(1, 10**15 - 1) | st.integers(1, 2000), max_size=6),
    q=st.from_regex("[0-9]{1,15}", fullmatch=True) | st.from_regex("[0-9]{1,2}", fullmatch=True),
)
@settings(max_examples=20, deadline=None)
def test_list_of_a_beginning(tmp_path_factory: pytest.TempPathFactory, numbers: set[int], q: str) -> None:
    """The list of a beginning holds the numbers that begin so, and no others."""
    with closing(Store(tmp_path_factory.mktemp("jobs") / "jobs.sqlite")) as store:
        for n in numbers:
            store.record(n, *NEW)
        expected = sorted(n for n in numbers if str(n).startswith(q))
        assert listed(store.jobs(Listing(q=q, sort="n"))) == (expected, len(expected))


def test_full_from_the_first_change_on(store: Store) -> None:
    """A database whose disk is full when the first job comes keeps each job that it took, and refuses the rest."""
    store._db.execute("PRAGMA max_page_count = 1")
    taken: list[Job | None] = []
    with pytest.raises(StoreFull):
        taken.extend(store.record(n, *NEW)[-1].job for n in range(100, 1000))
    assert taken
    assert store.jobs(Listing(sort="n", per_page=500)) == (taken, len(taken))


def test_read_only(store: Store, path: Path) -> None:
    """A connection that may only read says so and what helps; the words come from SQLite's code, not its text."""
    store.record(5, *NEW)
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(
        StoreUnavailable, match=r"database is read-only \(.*\); .* let the server's user write to"
    ) as raised:
        store.record(5, NewEvent(Stage.TAKEN))
    assert isinstance(raised.value.__cause__, sqlite3.DatabaseError)
    assert raised.value.__cause__.sqlite_errorname == "SQLITE_READONLY"
    assert len(store.events(5)) == 2


def test_damaged(store: Store, path: Path) -> None:
    """Pages that something else overwrote are a damaged database: the remedy is a copy, not another try."""
    for n in range(1, 200):
        store.record(n, *NEW)
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    told = r"is damaged .* put back a copy or move the file away"
    with closing(Store(path)) as other, pytest.raises(StoreUnavailable, match=told) as raised:
        other.events(5)
    assert isinstance(raised.value.__cause__, sqlite3.DatabaseError)
    assert raised.value.__cause__.sqlite_errorname == "SQLITE_CORRUPT"


def listed(result: tuple[list[Job], int]) -> tuple[list[int], int]:
    return [job.n for job in result[0]], result[1]


def test_list(store: Store) -> None:
    """The list filters by status and by the beginning of n, sorts both ways with nulls last, and pages."""
    store.record(10, *HAPPY)  # took 2 ticks
    store.record(9, *NEW, NewEvent(Stage.TAKEN), NewEvent(Stage.TAKEN, progress=0.5), *HAPPY[3:])  # took 3
    store.record(101, *NEW)
    assert listed(store.jobs(NEWEST)) == ([101, 9, 10], 3)
    assert listed(store.jobs(Listing(status=Stage.STORED))) == ([9, 10], 2)
    assert listed(store.jobs(Listing(q="10", sort="n"))) == ([10, 101], 2)
    assert listed(store.jobs(Listing(sort="n"))) == ([9, 10, 101], 3)
    assert listed(store.jobs(Listing(sort="-n"))) == ([101, 10, 9], 3)
    assert listed(store.jobs(Listing(sort="seconds"))) == ([10, 9, 101], 3)
    assert listed(store.jobs(Listing(sort="-seconds"))) == ([9, 10, 101], 3)
    assert listed(store.jobs(Listing(sort="-finished_at"))) == ([9, 10, 101], 3)
    assert listed(store.jobs(Listing(sort="status"))) == ([101, 9, 10], 3)
    assert listed(store.jobs(Listing(page=2, per_page=2))) == ([10], 3)
    assert listed(store.jobs(Listing(page=3, per_page=2))) == ([], 3)


def test_filters_compose(store: Store) -> None:
    """Range, age and the text of the error narrow a list together, and give their numbers in batches too."""
    store.record(10, *NEW, NewEvent(Stage.ERROR, "the Disk is full"))  # ticks 0 to 2
    store.record(20, *NEW, NewEvent(Stage.ERROR, "100 % of memory"))
    store.record(30, *NEW)
    assert listed(store.jobs(Listing(least=20, sort="n"))) == ([20, 30], 2)
    assert listed(store.jobs(Listing(least=10, most=20, sort="n"))) == ([10, 20], 2)
    assert listed(store.jobs(Listing(error="disk"))) == ([10], 1)
    assert listed(store.jobs(Listing(error="%"))) == ([20], 1)
    assert listed(store.jobs(Listing(Stage.ERROR, "2", least=11, error="MEMORY"))) == ([20], 1)
    store._clock = lambda: 10.0
    assert listed(store.jobs(Listing(age=5, sort="n"))) == ([30], 1)
    assert listed(store.jobs(Listing(age=9, sort="n"))) == ([20, 30], 2)
    assert store.numbers(Listing(least=10, page=7), 0, 2) == [10, 20]
    assert store.numbers(Listing(least=10, page=7), 20, 2) == [30]
    assert store.numbers(Listing(Stage.ERROR), 0, 9) == [10, 20]


def test_changes(store: Store) -> None:
    """Missed changes come in order, page by page, each with its job as it is now."""
    store.record(5, *NEW)
    store.record(6, *HAPPY, NewEvent(Stage.REMOVED))
    page = store.changes(after=1, limit=3)
    assert [(change.event.id, change.event.n) for change in page] == [(2, 5), (3, 6), (4, 6)]
    assert page[0] == Change(store.events(5)[1], store.job(5))
    assert page[1].job is None
    assert store.changes(after=8, limit=3) == []


def test_milestones(store: Store) -> None:
    """Of the reports those stay that begin a phase, and the last one of an attempt; everything else stays as it is."""
    report = [NewEvent(Stage.TAKEN, progress=k / 100) for k in range(10, 20)]
    begins = [NewEvent(Stage.TAKEN, phase, 0.2) for phase in ("division", "conversion")]
    store.record(9, *NEW, NewEvent(Stage.TAKEN), *report, *begins, *report)
    store.record(9, NewEvent(Stage.SCHEDULED, "the server was restarted"), NewEvent(Stage.TAKEN), *report)
    store.record(9, NewEvent(Stage.CALCULATED), NewEvent(Stage.STORED))
    events, milestones = store.events(9), store.milestones(9)
    assert [event for event in events if not event.is_report] == [event for event in milestones if not event.is_report]
    assert [event.detail for event in milestones if event.is_report] == ["division", "conversion", None]
    broken = [event for event in events if event.attempt == 1][-1]
    assert broken in milestones
    assert timeline(milestones) == timeline(events)
