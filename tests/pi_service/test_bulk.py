"""One command on many jobs."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from pi_service.bulk import SLICE, on_each
from pi_service.errors import BadRequest, IllegalTransition, NotFound, QueueFull, StoreUnavailable
from pi_service.jobs import Change, Stage
from pi_service.listing import Listing
from pi_service.service import Service
from pi_service.testing import MemoryEngine

pytestmark = pytest.mark.gen_test


async def test_kinds() -> None:
    """What was done is listed in order, what was refused is counted by its kind, and nothing stops the rest."""
    refusals = {2: NotFound("x"), 4: IllegalTransition("x", None), 5: QueueFull("x"), 6: NotFound("x")}

    def command(n: int) -> None:
        if n in refusals:
            raise refusals[n]

    outcome = await on_each(range(1, 8), command, nullcontext)
    assert outcome.done == [1, 3, 7]
    assert outcome.kept == {NotFound: 2, IllegalTransition: 1, QueueFull: 1}


async def test_a_database_in_trouble_ends_it() -> None:
    """Jobs behind one that the database did not take are not tried: each would wait as long."""
    tried = []

    def command(n: int) -> None:
        tried.append(n)
        raise StoreUnavailable("locked")

    outcome = await on_each([1, 2, 3], command, nullcontext)
    assert (outcome.done, outcome.kept, tried) == ([], {StoreUnavailable: 1}, [1])


async def test_others_run_meanwhile() -> None:
    """Between two slices the loop is free for others."""
    loop, turns = asyncio.get_running_loop(), []

    def command(n: int) -> None:
        until = loop.time() + SLICE
        while loop.time() < until:
            pass

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await on_each(range(5), command, nullcontext)
    task.cancel()
    assert len(turns) >= 5


async def test_commands(service: Service, engine: MemoryEngine) -> None:
    """Each command does to many jobs what it does to one, by list or by filter; what does not fit is kept."""
    added = await service.bulk("add", [10, 20, 30, 10])
    assert (added.done, added.kept) == ([10, 20, 30], {IllegalTransition: 1})
    for n in (10, 20, 30):
        await service.wait(n)
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    removed = await service.bulk("remove", Listing(least=15))
    assert (removed.done, removed.kept) == ([20, 30], {IllegalTransition: 1})
    assert [job.n for job in service.jobs()[0]] == [1000, 10]
    restored = await service.bulk("restore", [20, 30, 40])
    assert (restored.done, restored.kept) == ([20, 30], {NotFound: 1})
    job = service.job(30)
    assert job and (job.status, job.digit, job.attempt) == (Stage.STORED, 9, 1)
    cancelled = await service.bulk("cancel", Listing())
    assert (cancelled.done, cancelled.kept) == ([1000], {IllegalTransition: 3})
    engine.gate.set()
    retried = await service.bulk("retry", Listing(Stage.CANCELLED))
    assert (retried.done, retried.kept) == ([1000], {})
    assert (await service.wait(1000)).status is Stage.STORED
    with pytest.raises(BadRequest, match="command must be one of add, retry, cancel, remove, restore; got 'burn'"):
        await service.bulk("burn", [10])


async def test_a_filter_reaches_beyond_a_page(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command by filter goes through all that pass it, whatever the page, in batches."""
    monkeypatch.setattr("pi_service.service.BATCH", 3)
    service.submit(30)
    await service.wait(30)
    await service.bulk("add", range(10, 30))
    outcome = await service.bulk("remove", Listing(least=12, page=9, per_page=1))
    assert (outcome.done, service.jobs()[1]) == (list(range(12, 31)), 2)


async def test_a_batch_is_one_transaction(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is waited for once in a batch; a job that is refused in it leaves the others; all are told after it."""
    monkeypatch.setattr("pi_service.bulk.SLICE", 60.0)
    other = sqlite3.connect(tmp_path / "data" / "jobs.sqlite")
    service.submit(30)
    await service.wait(30)
    version = other.execute("PRAGMA data_version").fetchone()
    seen: list[tuple[int, int]] = []
    subscription = service.feed.subscribe()

    def publish(changes: list[Change], real: Callable[[Sequence[Change]], None] = service.feed.publish) -> None:
        committed = other.execute("SELECT COUNT(*) FROM event").fetchone()[0]
        seen.append((changes[-1].event.id, committed))
        real(changes)

    monkeypatch.setattr(service.feed, "publish", publish)
    outcome = await service.bulk("add", [10, 30, 20])
    assert (outcome.done, outcome.kept) == ([10, 20], {IllegalTransition: 1})
    assert seen == [(10, 15), (15, 15)]
    assert other.execute("PRAGMA data_version").fetchone() != version
    other.close()
    batch = subscription.take()
    assert batch and [change.event.id for change in batch.changes] == list(range(6, 16))


async def test_a_batch_that_is_not_committed_has_not_happened(service: Service, engine: MemoryEngine) -> None:
    """If the database does not take a batch nothing of it was done: no job waits, none is cancelled, nobody is told."""
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    service.submit(2000)
    last = service.feed.last_id

    def no_commit(action: int, name: str | None, *_: str | None) -> int:
        return sqlite3.SQLITE_DENY if (action, name) == (sqlite3.SQLITE_TRANSACTION, "COMMIT") else sqlite3.SQLITE_OK

    connection = service._parts.store._db.conn
    connection.set_authorizer(no_commit)
    for command, numbers in (("add", [3000, 500]), ("cancel", [1000, 2000])):
        outcome = await service.bulk(command, numbers)
        assert (outcome.done, outcome.kept) == ([], {StoreUnavailable: 1})
    connection.set_authorizer(None)
    assert service.feed.last_id == last
    engine.gate.set()
    assert [(await service.wait(n)).status for n in (1000, 2000)] == [Stage.STORED] * 2
    assert [job.n for job in service.jobs()[0]] == [2000, 1000]
    assert engine.asked == [1000, 2000]
