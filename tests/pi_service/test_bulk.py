"""One command on many jobs."""

import asyncio

import pytest

from pi_service.bulk import SLICE, on_each
from pi_service.errors import BadRequest, IllegalTransition, NotFound, QueueFull, StoreUnavailable
from pi_service.jobs import Stage
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

    outcome = await on_each(range(1, 8), command)
    assert outcome.done == [1, 3, 7]
    assert outcome.kept == {NotFound: 2, IllegalTransition: 1, QueueFull: 1}


async def test_a_database_in_trouble_ends_it() -> None:
    """Jobs behind one that the database did not take are not tried: each would wait as long."""
    tried = []

    def command(n: int) -> None:
        tried.append(n)
        raise StoreUnavailable("locked")

    outcome = await on_each([1, 2, 3], command)
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
    await on_each(range(5), command)
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
