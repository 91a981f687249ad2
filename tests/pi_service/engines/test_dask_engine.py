"""The engine of a cluster, on a real one of two worker processes: digits, extension, dead workers, cancel, the end."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from pi_service.arithmetic import chudnovsky
from pi_service.arithmetic.radix import Piece
from pi_service.engines import dask_engine, dask_tasks, local_tasks
from pi_service.engines.base import QUICK, Phase
from pi_service.engines.dask_engine import DaskEngine, big_graph, translated
from pi_service.engines.ranges import Span
from pi_service.errors import CheckFailed, DiskFull, LimitExceeded, WorkerDied

pytestmark = pytest.mark.slow  # a cluster starts

BIG = 300_000  # more than QUICK, so with many tasks


LONG = 20_000_000  # long enough that something can be done to it


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def cluster(runner: asyncio.Runner) -> Iterator[LocalCluster]:
    """Two workers, each a process with a nanny that starts it again when it dies."""
    cluster = runner.run(local_cluster(2))
    yield cluster
    runner.run(closed(cluster))


async def closed(cluster: LocalCluster) -> None:
    await cluster.close()  # outside of the loop it would wait for itself


async def local_cluster(workers: int) -> LocalCluster:
    return await LocalCluster(
        processes=True, n_workers=workers, threads_per_worker=1, dashboard_address=":0", asynchronous=True
    )


@asynccontextmanager
async def started(cluster: LocalCluster, workdir: Path, **options: Any) -> AsyncIterator[DaskEngine]:
    engine = DaskEngine(cluster.scheduler_address, **options)
    await engine.start(workdir)
    try:
        yield engine
    finally:
        await engine.stop()


async def forgotten(cluster: LocalCluster) -> None:
    """Returns when the scheduler knows no task any more: the workers are free, their memory is, too."""
    async with asyncio.timeout(30):
        while cluster.scheduler.tasks:
            await asyncio.sleep(0.01)


def computed(cluster: LocalCluster, name: str) -> Counter[str]:
    """How often each task of that name came to a result."""
    log = cluster.scheduler.transition_log
    return Counter(
        key for key, *states, _, _, _ in log if key.startswith(f"pi {name}-") and states == ["processing", "memory"]
    )


def ignore(done: float, phase: Phase | None = None) -> None:
    """A progress callback that needs no progress."""


@pytest.mark.parametrize(("n", "last"), [(1, "31"), (1000, "2164201989"), (1_000_000, "5779458151")])
def test_checkpoints(n: int, last: str, runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path) -> None:
    """The known last ten digits, in exactly n + 1 characters; progress grows to 1, phase after phase."""
    seen: list[float] = []
    phases: list[Phase | None] = []

    def see(done: float, phase: Phase | None = None) -> None:
        seen.append(done)
        phases.append(phase)

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            path = await engine.compute(n, see)
            assert path == tmp_path / f"pi-{n}.txt"
            text = path.read_text()
            assert len(text) == n + 1
            assert text.startswith("31415926535"[: n + 1])
            assert text.endswith(last)
        await forgotten(cluster)

    runner.run(body())
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)
    assert list(dict.fromkeys(phases)) == ([*Phase] if n > QUICK else [None])
    assert len(seen) > 10 or n <= QUICK


def test_extension(runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path) -> None:
    """More digits after fewer are the same digits as afresh, and fewer after more split nothing."""
    local_tasks.quick(tmp_path / "expected", 2 * BIG)

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            for n in (BIG, 2 * BIG, BIG + 1):
                before = sum(computed(cluster, "split").values())
                path = await engine.compute(n, ignore)
                assert path.read_bytes() == (tmp_path / "expected").read_bytes()[: n + 1]
            assert sum(computed(cluster, "split").values()) == before
        await forgotten(cluster)

    runner.run(body())


def test_kept_ranges_are_not_split_again() -> None:
    """The tasks of an extension split only terms behind the kept ones."""
    half = chudnovsky.terms(BIG)
    graph = big_graph(2 * BIG, 2, {Span(0, half): "kept"})  # type: ignore[dict-item]  # stands for a future
    assert min(task[2] for key, task in graph.tasks.items() if key.startswith("pi split-")) == half


def test_killed_worker(runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path, logs: Any) -> None:
    """A worker that gets SIGKILL in mid-job costs time, not digits: what it held is computed again."""
    n = 2_000_000
    local_tasks.quick(tmp_path / "expected", n)
    killed = []

    def kill(done: float, phase: Phase | None = None) -> None:
        if done > 0.4 and not killed:
            worker = max(cluster.scheduler.workers.values(), key=lambda worker: worker.nbytes)
            assert worker.nbytes > 100_000
            nanny = next(nanny for nanny in cluster.workers.values() if nanny.worker_address == worker.address)
            killed.append(nanny.pid)
            os.kill(nanny.pid, signal.SIGKILL)

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            path = await engine.compute(n, kill)
            assert path.read_bytes() == (tmp_path / "expected").read_bytes()
        await forgotten(cluster)
        async with asyncio.timeout(30):
            while len(cluster.scheduler.workers) < 2:
                await asyncio.sleep(0.01)

    runner.run(body())
    assert killed
    # what Dask logs about a death depends on who was talking to the dead one
    logs.records[:] = [record for record in logs.records if not record.name.startswith("distributed.")]


def test_shared_work(runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path) -> None:
    """Two servers that compute the same at the same time split every range once, also if one of them gives up."""

    async def body() -> None:
        for workdir in workdirs:
            workdir.mkdir()
        async with AsyncExitStack() as stack:
            engines = [await stack.enter_async_context(started(cluster, workdir)) for workdir in workdirs]
            begun = asyncio.Event()
            jobs = []
            for engine in engines:
                progress = ignore if jobs else lambda *told: begun.set()
                jobs.append(asyncio.create_task(engine.compute(BIG + 2, progress)))
            await begun.wait()
            jobs[1].cancel()
            first, _, third = await asyncio.gather(*jobs, return_exceptions=True)
            assert first.read_bytes() == third.read_bytes()
            assert jobs[1].cancelled()
            assert not list(workdirs[1].iterdir())
        await forgotten(cluster)

    workdirs = [tmp_path / name for name in ("0", "1", "2")]
    before = computed(cluster, "split")
    runner.run(body())
    assert set((computed(cluster, "split") - before).values()) == {1}


def test_cancel(runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path) -> None:
    """Cancelling leaves no file and no task in the cluster, and the next job has free workers."""

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            begun = asyncio.Event()
            job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
            await begun.wait()
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
            await forgotten(cluster)
            assert not list(tmp_path.iterdir())
            path = await engine.compute(QUICK + 1, ignore)
            assert path.read_text()[:-1].endswith("5493624646")
        await forgotten(cluster)

    runner.run(body())


def test_cancel_at_once(
    runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is cancelled just when its tasks are sent leaves none of them in the cluster either."""

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            job = asyncio.create_task(engine.compute(LONG, ignore))

            def cancelling(*args: Any) -> Any:
                job.cancel()
                return big_graph(*args)

            monkeypatch.setattr(dask_engine, "big_graph", cancelling)
            with pytest.raises(asyncio.CancelledError):
                await job
            await forgotten(cluster)

    runner.run(body())


def test_failed_check(
    runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that does not fit its residue is reported with its step; the next attempt starts clean."""

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            with monkeypatch.context() as patch:
                patch.setattr(dask_tasks, "root", partial(dask_tasks.Part, Piece(chudnovsky.mpz(5), 0, 0)))
                with pytest.raises(CheckFailed, match=r"^square root: a number changed on its way between workers$"):
                    await engine.compute(QUICK + 1, ignore)
            assert not list(tmp_path.iterdir())
            path = await engine.compute(QUICK + 1, ignore)
            assert path.read_text()[:-1].endswith("5493624646")
        await forgotten(cluster)

    runner.run(body())


def test_full_disk(runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path) -> None:
    """Digits that cannot be written end in DiskFull, and nothing is left of the file."""

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            (tmp_path / "pi-1000.txt").symlink_to("/dev/full")
            with pytest.raises(DiskFull):
                await engine.compute(1000, ignore)
            assert not list(tmp_path.iterdir())
        await forgotten(cluster)

    runner.run(body())


def test_stop(runner: asyncio.Runner, cluster: LocalCluster, tmp_path: Path) -> None:
    """`stop` ends jobs with an error and leaves the cluster to others, running and empty."""

    async def body() -> None:
        async with started(cluster, tmp_path) as engine:
            begun = asyncio.Event()
            job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
            await begun.wait()
        with pytest.raises(WorkerDied, match="was lost"):
            await job
        await forgotten(cluster)
        assert len(cluster.scheduler.workers) == 2

    runner.run(body())


def test_no_scheduler(runner: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, the error names the address and what to do."""
    monkeypatch.setattr(dask_engine, "CONNECT_SECONDS", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense://127.0.0.1:1"):
        with pytest.raises(WorkerDied) as caught:
            runner.run(DaskEngine(address).start(tmp_path))
        assert str(caught.value).startswith(f"no Dask scheduler answers at {address}: ")
        assert str(caught.value).endswith(
            "; start one with `dask scheduler`, or name another one with --dask-scheduler"
        )


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not wait long for what will not come."""
    for name, seconds in (("CONNECT", 0.2), ("WATCH", 0.05), ("WORKERLESS", 0.1)):
        monkeypatch.setattr(dask_engine, f"{name}_SECONDS", seconds)


@pytest.mark.usefixtures("impatient")
def test_no_workers(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Without workers a job ends in an error that names the remedy, or by its time limit."""

    async def body() -> None:
        cluster = await local_cluster(0)
        async with started(cluster, tmp_path, time_limit=0.01) as engine:
            with pytest.raises(LimitExceeded, match=r"^pi to 1000 digits took longer than the limit of 0\.01 s$"):
                await engine.compute(1000, ignore)
        async with started(cluster, tmp_path) as engine:
            remedy = f"has no workers; start some with: dask worker {cluster.scheduler_address}$"
            for n in (1000, BIG):
                with pytest.raises(WorkerDied, match=remedy):
                    await engine.compute(n, ignore)
        await cluster.close()

    runner.run(body())


@pytest.mark.usefixtures("impatient")
def test_lost_scheduler(runner: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: Any) -> None:
    """Jobs under way end in an error when the scheduler goes, those after it say that there is none."""
    monkeypatch.setattr(dask_engine, "WORKERLESS_SECONDS", 30)

    async def body() -> None:
        cluster = await local_cluster(0)
        address = cluster.scheduler_address
        async with started(cluster, tmp_path) as engine:
            job = asyncio.create_task(engine.compute(BIG, ignore))
            async with asyncio.timeout(30):
                while not cluster.scheduler.tasks:
                    await asyncio.sleep(0.01)
            await cluster.close()
            with pytest.raises(WorkerDied, match=f"^the Dask scheduler at {address} was lost: "):
                await job
            with pytest.raises(WorkerDied, match=f"^no Dask scheduler answers at {address}: "):
                await engine.compute(1000, ignore)

    runner.run(body())


def test_worker_without_the_package() -> None:
    """What is raised where pi_service is missing becomes an advice; unknown errors stay what they are."""
    error = translated(ModuleNotFoundError("No module named 'pi_service'"), "tcp://here")
    assert str(error) == (
        "a Dask worker cannot run the tasks (No module named 'pi_service'); install the server's version of "
        "tornado_alice[dask] on the machines of all workers"
    )
    unknown = RuntimeError("something else")
    assert translated(unknown, "tcp://here") is unknown
    assert isinstance(translated(MemoryError(), "tcp://here"), LimitExceeded)
