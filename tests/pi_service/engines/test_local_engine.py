"""The engine as the service sees it: digits, extension, damaged files, dead and stopped workers, limits, the end."""

import asyncio
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from pi_service.engines import local_tasks, ranges
from pi_service.engines.base import QUICK, Phase
from pi_service.engines.local_engine import LocalEngine
from pi_service.engines.local_plan import plan
from pi_service.errors import LimitExceeded, WorkerDied

BIG = 300_000  # more than QUICK, so with range files and all workers


MANY = 5_000_000  # enough for several ranges per worker


LONG = 20_000_000  # long enough that something can be done to it


def with_engine(workdir: Path, body: Callable[[LocalEngine], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run `body` with an engine of two workers, started in `workdir`, and stop it afterwards."""

    async def run() -> None:
        engine = LocalEngine(workers=2, **options)
        await engine.start(workdir)
        try:
            await body(engine)
        finally:
            await engine.stop()

    asyncio.run(run())


def ignore(done: float, phase: Phase | None = None) -> None:
    """A progress callback that needs no progress."""


@pytest.mark.parametrize(
    ("n", "last"), [(100, "3421170679"), (10_000, "5256375678"), (100_000, "5493624646"), (1_000_000, "5779458151")]
)
def test_checkpoints(n: int, last: str, tmp_path: Path) -> None:
    """The known last ten digits, in exactly n + 1 characters; progress grows to 1, phase after phase."""
    seen: list[float] = []
    phases: list[Phase | None] = []

    def see(done: float, phase: Phase | None = None) -> None:
        seen.append(done)
        phases.append(phase)

    async def body(engine: LocalEngine) -> None:
        text = (await engine.compute(n, see)).read_text()
        assert len(text) == n + 1
        assert text.startswith("31415926535"[: n + 1])
        assert text.endswith(last)

    with_engine(tmp_path, body)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)
    assert list(dict.fromkeys(phases)) == ([*Phase] if n > QUICK else [None])


@pytest.mark.slow
def test_checkpoint_of_ten_million(tmp_path: Path) -> None:
    """10^7 digits have the known md5."""

    async def body(engine: LocalEngine) -> None:
        text = (await engine.compute(10_000_000, ignore)).read_text()
        digest = hashlib.md5(b"3." + text[1:].encode(), usedforsecurity=False).hexdigest()
        assert digest == "bc3234ae2e3f6ec7737f037b375eabec"

    with_engine(tmp_path, body)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_any_number_of_workers(workers: int, tmp_path: Path) -> None:
    """One worker, and numbers that are no power of two, give the same digits as the quick way."""
    local_tasks.quick(tmp_path / "expected", QUICK + 1)

    async def run() -> None:
        engine = LocalEngine(workers=workers)
        await engine.start(tmp_path)
        path = await engine.compute(QUICK + 1, ignore)
        await engine.stop()
        assert path.read_bytes() == (tmp_path / "expected").read_bytes()

    asyncio.run(run())


def test_extension(tmp_path: Path) -> None:
    """More digits after fewer split only the new terms, and are the same digits as afresh."""
    local_tasks.quick(tmp_path / "expected", 2 * BIG)

    async def body(engine: LocalEngine) -> None:
        await engine.compute(BIG, ignore)
        kept = ranges.chain(tmp_path / "ranges")
        steps = plan(2 * BIG, tmp_path / "ranges", 2, tmp_path / "target")
        split = [step.args[1] for step in steps if step.function is local_tasks.split]
        assert min(span.a for span in split) == kept[-1].b
        path = await engine.compute(2 * BIG, ignore)
        assert path.read_bytes() == (tmp_path / "expected").read_bytes()
        assert ranges.chain(tmp_path / "ranges")[-1].b > kept[-1].b
        shorter = await engine.compute(BIG - 1, ignore)
        assert shorter.read_bytes() == (tmp_path / "expected").read_bytes()[:BIG]

    with_engine(tmp_path, body)


def test_superseded_ranges_are_removed(tmp_path: Path) -> None:
    """After a job only the ranges that a bigger one can use are left, and no temporary file."""

    async def body(engine: LocalEngine) -> None:
        for n in (BIG, 2 * BIG):
            await engine.compute(n, ignore)
            spans = ranges.chain(tmp_path / "ranges")
            assert len(spans) == 2
            assert {path.name for path in (tmp_path / "ranges").iterdir()} == {f"{s.a}-{s.b}.pqt" for s in spans}

    with_engine(tmp_path, body)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "altered", "nonsense", "empty"])
def test_damaged_range_is_computed_again(damage: str, tmp_path: Path) -> None:
    """A range file that was cut or altered is noticed, removed and computed again within the same job."""
    local_tasks.quick(tmp_path / "expected", 2 * BIG)

    async def body(engine: LocalEngine) -> None:
        await engine.compute(BIG, ignore)
        victim = ranges.chain(tmp_path / "ranges")[0].path(tmp_path / "ranges")
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 4
        victim.write_bytes({"cut": data[:-9], "altered": data, "nonsense": b"\xff\n" + data, "empty": b""}[damage])
        path = await engine.compute(2 * BIG, ignore)
        assert path.read_bytes() == (tmp_path / "expected").read_bytes()

    with_engine(tmp_path, body)


def test_killed_worker_fails_its_job_only(tmp_path: Path) -> None:
    """SIGKILL of a worker ends its job with WorkerDied; other jobs go on, and the next compute works."""

    async def body(engine: LocalEngine) -> None:
        begun = asyncio.Event()
        job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
        await begun.wait()
        small = asyncio.create_task(engine.compute(QUICK, ignore))
        os.kill(busiest(engine), signal.SIGKILL)
        with pytest.raises(WorkerDied, match="a worker process ended in"):
            await job
        assert (await small).stat().st_size == QUICK + 1
        assert (await engine.compute(BIG, ignore)).stat().st_size == BIG + 1

    with_engine(tmp_path, body)


def busiest(engine: LocalEngine) -> int:
    """The worker with the most memory: one of those that compute."""
    return max(engine.pids(), key=lambda pid: int(Path(f"/proc/{pid}/statm").read_text().split()[1]))


def test_killed_idle_workers_are_replaced(tmp_path: Path) -> None:
    """When all workers are killed while nothing runs, the next computations work all the same."""

    async def body(engine: LocalEngine) -> None:
        victims = engine.pids()
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        while victims & engine.pids():
            await asyncio.sleep(0.01)
        for n in (100, BIG):
            assert await finished(engine, n) == n + 1

    with_engine(tmp_path, body)


async def finished(engine: LocalEngine, n: int) -> int:
    """The size of the file of digits, with the attempts that a service makes."""
    for _ in range(2):
        with contextlib.suppress(WorkerDied):
            return (await engine.compute(n, ignore)).stat().st_size
    return (await engine.compute(n, ignore)).stat().st_size


@pytest.mark.slow
def test_stopped_worker_does_not_hang_its_job(tmp_path: Path) -> None:
    """A worker that got SIGSTOP is ended after a while, which fails its job and lets others work."""

    async def body(engine: LocalEngine) -> None:
        begun = asyncio.Event()
        job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
        await begun.wait()
        os.kill(busiest(engine), signal.SIGSTOP)
        with pytest.raises(WorkerDied):
            await asyncio.wait_for(job, 60)

    with_engine(tmp_path, body)


def test_cancel_ends_the_work(tmp_path: Path) -> None:
    """Cancelling a computation ends the processes that worked on it, and the engine is free for the next."""

    async def body(engine: LocalEngine) -> None:
        begun = asyncio.Event()
        job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
        await begun.wait()
        worker = busiest(engine)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        while worker in engine.pids():
            await asyncio.sleep(0.01)
        assert (await engine.compute(QUICK + 1, ignore)).stat().st_size == QUICK + 2

    with_engine(tmp_path, body)


def test_small_job_does_not_wait(tmp_path: Path) -> None:
    """A small job is ready while a big one computes."""

    async def body(engine: LocalEngine) -> None:
        begun = asyncio.Event()
        job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
        await begun.wait()
        assert (await engine.compute(1000, ignore)).stat().st_size == 1001
        assert not job.done()
        job.cancel()
        await asyncio.wait([job])

    with_engine(tmp_path, body)


def test_time_limit(tmp_path: Path) -> None:
    """A job that takes too long ends with an error that names the limit."""

    async def body(engine: LocalEngine) -> None:
        with pytest.raises(LimitExceeded, match=r"pi to 20000000 digits took longer than the limit of 0\.5 s"):
            await engine.compute(LONG, ignore)

        assert not (tmp_path / f"pi-{LONG}.txt").exists()

    with_engine(tmp_path, body, time_limit=0.5)


def test_memory_limit(tmp_path: Path) -> None:
    """A job that needs too much memory ends with an error that names the limit."""

    async def body(engine: LocalEngine) -> None:
        with pytest.raises(LimitExceeded, match="needs more memory than the limit of 30 MiB"):
            await engine.compute(LONG, ignore)

    with_engine(tmp_path, body, memory_limit=30 << 20)


def test_stop_in_mid_computation(tmp_path: Path) -> None:
    """`stop` ends all workers and jobs, also when a worker has got SIGSTOP; nothing is computed afterwards."""

    async def run() -> None:
        engine = LocalEngine(workers=2)
        await engine.start(tmp_path)
        begun = asyncio.Event()
        job = asyncio.create_task(engine.compute(LONG, lambda *told: begun.set()))
        await begun.wait()
        os.kill(busiest(engine), signal.SIGSTOP)
        workers = engine.pids()
        await engine.stop()
        assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
        with pytest.raises(WorkerDied):
            await job
        with pytest.raises(WorkerDied, match="worker processes have been stopped"):
            await engine.compute(100, ignore)

    asyncio.run(run())


@pytest.mark.slow
def test_workers_die_with_the_server(tmp_path: Path) -> None:
    """When the process with the engine gets SIGKILL in mid-computation, no worker survives it."""
    script = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from pi_service.engines.local_engine import LocalEngine

        async def main():
            engine = LocalEngine(workers=2)
            await engine.start(Path(sys.argv[1]))
            show = lambda *told: print(*engine.pids(), flush=True)
            await engine.compute(20_000_000, show)

        asyncio.run(main())
        """
    )
    file = tmp_path / "server.py"  # without a guard for __main__, as a skill's script may be
    file.write_text(script)
    server = subprocess.Popen([sys.executable, file, tmp_path], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    workers = [int(pid) for pid in server.stdout.readline().split()]
    assert len(workers) == 3
    server.kill()
    server.stdout.read()  # ends when the last process that holds the pipe is gone
    server.wait()
    server.stdout.close()
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}/exe")]
