"""The service as a whole: its life, kill -9 at every stage, damaged digits, a second process."""

import asyncio
import inspect
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pi_service.engines.local_engine import LocalEngine
from pi_service.errors import BadRequest, DigitsDamaged, DirectoryUnusable, NotFound, SchemaError, StoreUnavailable
from pi_service.jobs import Stage
from pi_service.service import Service
from pi_service.testing import MemoryEngine, digits_of_pi

pytestmark = pytest.mark.gen_test


CHILD = """
import asyncio, sys
from pathlib import Path
from pi_service.digits import Digits
from pi_service.service import Service
from pi_service.testing import MemoryEngine

async def stop_here(*args):
    print("ready", flush=True)
    await asyncio.Event().wait()

async def replace_and_stop(self, source, n, replace=Digits.replace):
    await replace(self, source, n)
    await stop_here()

async def main(directory, stage):
    engine = MemoryEngine()
    service = Service(Path(directory), engine=engine)
    await service.start()
    service.submit(50)
    await service.wait(50)
    if stage in ("scheduled", "taken"):
        engine.gate.clear()
    if stage == "calculated":
        Digits.replace = stop_here
    if stage == "written":
        Digits.replace = replace_and_stop
    service.submit(1000)
    if stage == "taken":
        report = await engine.begun(1000)
        await asyncio.sleep(0.1)
        report(0.5)
    if stage == "stored":
        await service.wait(1000)
    if stage not in ("calculated", "written"):
        await stop_here()
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


def child(directory: Path, stage: str) -> subprocess.Popen[str]:
    """A process that has its job of 1000 digits in `stage` and stays there."""
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(directory), stage], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["scheduled", "taken", "calculated", "written", "stored"])
async def test_kill_9(tmp_path: Path, stage: str) -> None:
    """After kill -9 at any stage the next start finishes every job, says so by new events, and the digits are right."""
    kill(child(tmp_path, stage))
    engine = MemoryEngine()
    service = Service(tmp_path, engine=engine)
    await service.start()
    before = [event.stage.value for event in service.events(1000)]
    assert (await service.wait(1000)).digit == 9
    assert service.digit_window(0, 1001) == digits_of_pi(1000)
    small = service.job(50)
    assert small and small.status is Stage.STORED
    events = service.events(1000)
    assert engine.asked == ([] if stage in ("written", "stored") else [1000])
    if stage != "stored":
        restart = next(event for event in events if event.attempt == 2)
        assert (restart.stage, restart.detail) == (Stage.SCHEDULED, "the server was restarted")
        assert before[0] == "registered"
    assert [path.name for path in (tmp_path / "work").iterdir()] == []
    await service.stop()


async def test_stopped_properly(tmp_path: Path) -> None:
    """A stop in mid-job writes no event; the next start goes on with the job as a new attempt."""
    engine = MemoryEngine()
    service = Service(tmp_path, engine=engine)
    await service.start()
    engine.gate.clear()
    service.submit(1000)
    await engine.begun(1000)
    await service.stop()
    assert (engine.running, engine.cancelled) == ({}, [1000])
    again = Service(tmp_path, engine=MemoryEngine())
    await again.start()
    assert [event.stage.value for event in again.events(1000)][:4] == ["registered", "scheduled", "taken", "scheduled"]
    assert (await again.wait(1000)).attempt == 2
    await again.stop()


#: Whatever asks for jobs or digits.
ASKING: dict[str, Callable[[Service], Any]] = {
    "submit": lambda service: service.submit(5),
    "job": lambda service: service.job(5),
    "events": lambda service: service.events(5),
    "jobs": lambda service: service.jobs(),
    "retry": lambda service: service.retry(5),
    "remove": lambda service: service.remove(5),
    "wait": lambda service: service.wait(5),
    "queued": lambda service: service.queued,
    "feed": lambda service: service.feed,
    "available": lambda service: service.available,
    "digit_window": lambda service: service.digit_window(0, 1),
    "search": lambda service: service.search("14"),
    "milestones": lambda service: service.milestones(1),
    "count": lambda service: service.count("14"),
    "load": lambda service: service.load(),
    "restore": lambda service: service.restore(5),
    "bulk": lambda service: service.bulk("remove", [5]),
}


async def ask(service: Service, name: str) -> None:
    answer = ASKING[name](service)
    if inspect.isawaitable(answer):
        await answer


def test_everything_asks() -> None:
    """The list above has all that is public of a service, but its life itself."""
    public = {name for name in vars(Service) if not name.startswith("_")}
    assert public - {"start", "stop", "is_running"} == set(ASKING)


@pytest.mark.parametrize("name", ASKING)
async def test_before_start_and_after_stop(tmp_path: Path, name: str) -> None:
    """A service that does not run says so, whatever it is asked; it touches no file before `start`."""
    service = Service(tmp_path / "data", engine=MemoryEngine())
    text = "the pi service does not run in this process; start it, or ask the one that does"
    with pytest.raises(StoreUnavailable, match=text):
        await ask(service, name)
    assert not (tmp_path / "data").exists() and not service.is_running
    await service.start()
    assert service.is_running
    await service.stop()
    assert not service.is_running
    with pytest.raises(StoreUnavailable, match=text):
        await ask(service, name)


async def test_waiting_while_it_stops(tmp_path: Path) -> None:
    """Whoever waits for a job when the service stops is told so, and does not wait for ever."""
    engine = MemoryEngine()
    service = Service(tmp_path, engine=engine)
    await service.start()
    engine.gate.clear()
    service.submit(1000)
    waiter = asyncio.create_task(service.wait(1000))
    await engine.begun(1000)
    await service.stop()
    with pytest.raises(StoreUnavailable, match="the pi service does not run in this process"):
        await waiter


async def test_a_foreign_database_stops_the_start(tmp_path: Path) -> None:
    """A database of a newer release stops the start whole: the engine is stopped and the directory is free."""
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    for _ in range(2):
        with pytest.raises(SchemaError, match="newer release"):
            await Service(tmp_path, engine=MemoryEngine()).start()


@pytest.mark.parametrize("damage", ["cut", "altered", "deleted"])
async def test_damaged_digits(tmp_path: Path, logs: Any, damage: str) -> None:
    """Digits found damaged at start are computed again, by an event that says so; none of them is served meanwhile."""
    service = Service(tmp_path, engine=MemoryEngine())
    await service.start()
    for n in (1000, 500, 1):
        service.submit(n)
        await service.wait(n)
    await service.stop()
    path = tmp_path / "digits.txt"
    data = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes(data[:700] if damage == "cut" else data[:600] + b"0" + data[601:])
    engine = MemoryEngine()
    engine.gate.clear()
    service = Service(tmp_path, engine=engine)
    await service.start()
    await engine.begun(1000)
    assert service.available == 0
    with pytest.raises(NotFound):
        service.digit_window(0, 1)
    what = "missing" if damage == "deleted" else "damaged after its first 0 bytes"
    for n in (1000, 500, 1):
        told = next(event for event in service.events(n) if event.attempt == 2)
        assert (told.stage, told.detail) == (
            Stage.SCHEDULED,
            f"the digits file is {what}; its digits are computed again",
        )
    engine.gate.set()
    for n in (1000, 500, 1):
        assert (await service.wait(n)).digit == int(digits_of_pi(n)[-1])
    assert service.digit_window(0, 1001) == digits_of_pi(1000)
    assert engine.asked == [1000]
    await service.stop()
    logs.take(f"digits of 3 stored jobs are lost, computing them again: the digits file is {what}")


def alter(directory: Path, position: int) -> None:
    """Write another digit into the digits file, as a failing disk or a careless person would."""
    with (directory / "digits.txt").open("r+b") as file:
        file.seek(position)
        digit = file.read(1)
        file.seek(position)
        file.write(b"7" if digit != b"7" else b"8")


async def test_altered_while_served(tmp_path: Path, logs: Any) -> None:
    """Digits altered under the running service are refused, and its jobs compute them again by themselves."""
    engine = MemoryEngine()
    service = Service(tmp_path, engine=engine)
    await service.start()
    for n in (1000, 500):
        service.submit(n)
        await service.wait(n)
    engine.gate.clear()
    alter(tmp_path, 762)
    with pytest.raises(DigitsDamaged, match="the digits from 0 on are damaged on disk"):
        service.digit_window(700, 100)
    await engine.begun(1000)
    for wrong in (lambda: service.digit_window(0, 1), lambda: service.digit_window(1000, 1)):
        with pytest.raises(DigitsDamaged, match="the jobs that need them are computed again"):
            wrong()
    assert (await service.search("999999")).searched == 0
    told = "the digits file is damaged after its first 0 bytes; its digits are computed again"
    for n in (1000, 500):
        assert (Stage.SCHEDULED, told) in [(event.stage, event.detail) for event in service.events(n)]
    engine.gate.set()
    for n in (1000, 500):
        assert (await service.wait(n)).digit == int(digits_of_pi(n)[-1])
    assert service.digit_window(0, 1001) == digits_of_pi(1000)
    assert engine.asked == [1000, 1000]
    await service.stop()
    logs.take("digits of 2 stored jobs are lost, computing them again: the digits file is damaged after")


async def test_new_job_on_altered_digits(tmp_path: Path) -> None:
    """A new job whose digits are on disk, but altered, is computed instead of answered."""
    engine = MemoryEngine()
    service = Service(tmp_path, engine=engine)
    await service.start()
    service.submit(1000)
    await service.wait(1000)
    service.remove(1000)  # nobody else will need the digits
    alter(tmp_path, 500)
    assert service.submit(500)[0].status is Stage.SCHEDULED
    assert (await service.wait(500)).digit == int(digits_of_pi(500)[-1])
    assert engine.asked == [1000, 500]
    await service.stop()


async def test_altered_and_locked(tmp_path: Path, logs: Any) -> None:
    """If the database is locked when damage is found, the jobs are computed again once it is not."""
    service = Service(tmp_path, engine=MemoryEngine())
    await service.start()
    service.submit(1000)
    await service.wait(1000)
    alter(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DigitsDamaged):
            service.digit_window(0, 1)
        while not logs.records or "damaged digits have to wait" not in logs.records[-1].getMessage():
            await asyncio.sleep(0.01)
        other.execute("ROLLBACK")
    while service.available < 1000:
        await service.feed.news()
    assert service.digit_window(0, 1001) == digits_of_pi(1000)
    await service.stop()
    logs.take("digits of 1 stored jobs are lost")
    logs.take("damaged digits have to wait: the jobs database is locked")


async def test_one_process_at_a_time(tmp_path: Path) -> None:
    """A second process on the same data is refused before it touches anything; kill -9 of the first frees it."""
    process = child(tmp_path, "taken")
    service = Service(tmp_path, engine=MemoryEngine())
    with pytest.raises(StoreUnavailable, match="another process is using the data directory"):
        await service.start()
    kill(process)
    await service.start()
    assert (await service.wait(1000)).digit == 9
    await service.stop()


@pytest.mark.parametrize("part", ["data", "data/work", "data/lock"])
async def test_unusable_directory(tmp_path: Path, part: str) -> None:
    """What cannot be used of the data directory is named with the reason and the remedy; once mended it starts."""
    (tmp_path / part).parent.mkdir(exist_ok=True)
    if part in ("data", "data/work"):
        (tmp_path / part).touch()  # a file in the place of a directory
    else:
        (tmp_path / part).mkdir()
    service = Service(tmp_path / "data", engine=MemoryEngine())
    with pytest.raises(DirectoryUnusable) as raised:
        await service.start()
    told = str(raised.value)
    assert told.startswith(f"the data directory {tmp_path / 'data'} cannot be used ({tmp_path / 'data'}")
    assert "move away" in told
    shutil.move(tmp_path / part, tmp_path / "away")
    await service.start()
    await service.stop()


UNWRITABLE = """
import asyncio, os, sys
from pathlib import Path
from pi_service import PiError, Service
from pi_service.testing import MemoryEngine

if os.geteuid() == 0:
    os.seteuid(65534)  # nobody: root may write everywhere

async def main(directory):
    try:
        await Service(directory, engine=MemoryEngine()).start()
    except PiError as error:
        print(error)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_unwritable_directory() -> None:
    """A directory that the server's user may not write to is said to be that."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        Path(name).chmod(0o555)
        child = subprocess.run([sys.executable, "-c", UNWRITABLE, name], capture_output=True, text=True, check=True)
    what = f"the data directory {name} cannot be used ({name}/work: Permission denied)"
    assert child.stdout == f"{what}: let the server's user read and write it, or use another directory\n"


async def test_failed_start(tmp_path: Path) -> None:
    """A start that fails stops the engine it had started, and the directory is free again."""

    class Engine(MemoryEngine):
        stopped = False

        async def stop(self) -> None:
            self.stopped = True

    (tmp_path / "jobs.sqlite").write_text("this is no database " * 100)
    engine = Engine()
    with pytest.raises(SchemaError, match="is not an SQLite database"):
        await Service(tmp_path, engine=engine).start()
    assert engine.stopped
    os.remove(tmp_path / "jobs.sqlite")
    service = Service(tmp_path, engine=MemoryEngine())
    await service.start()
    await service.stop()


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, "0"),
        (-1, "-1"),
        (1_000_001, "1000001"),
        (10**60, "a number of more than 50 digits"),
        (True, "True"),
        (1.0, "1.0"),
        ("7", "'7'"),
        (None, "None"),
        ([1], "[1]"),
        ("x" * 200, "'" + "x" * 51),
    ],
)
async def test_refused_n(service: Service, n: object, shown: str) -> None:
    """An n that is no whole number from 1 to the limit is refused with a text that names both."""
    with pytest.raises(BadRequest) as raised:
        service.submit(n)
    assert str(raised.value) == f"n must be a whole number from 1 to 1000000; got {shown}"
    assert raised.value.field == "n"


async def test_wait(service: Service, engine: MemoryEngine) -> None:
    """`wait` ends with the job's end, whatever that is, and with NotFound when there is no such job any more."""
    with pytest.raises(NotFound, match="there is no job with n = 5"):
        await service.wait(5)
    engine.gate.clear()
    service.submit(5)
    waiting = asyncio.create_task(service.wait(5))
    await engine.begun(5)
    service.remove(5)
    assert (await waiting).status is Stage.CANCELLED


async def test_search(service: Service) -> None:
    """The search goes through the digits on disk."""
    service.submit(1000)
    await service.wait(1000)
    found = await service.search("999999")
    assert (found.position, found.searched) == (762, 1000)
    assert (await service.search("999999", 763)).position is None


FULL = """
import asyncio, resource, sys
from pathlib import Path
from pi_service.service import Service
from pi_service.testing import MemoryEngine

class Engine(MemoryEngine):
    async def compute(self, n, progress):
        path = self._workdir / "result"
        path.write_text("3" * (n + 1))
        return path

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main(directory):
    service = Service(directory, engine=Engine())
    await service.start()
    service.submit(10)
    await service.wait(10)
    limit(2_000_000)
    service.submit(3_000_000)
    job = await service.wait(3_000_000)
    print(job.status, job.error)
    print(service.digit_window(0, 11))
    limit(resource.RLIM_INFINITY)
    service.retry(3_000_000)
    job = await service.wait(3_000_000)
    print(job.status, job.attempt, service.available)
    await service.stop()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_disk_full(tmp_path: Path) -> None:
    """A disk that is full while the digits are written: an error with a clear text, nothing lost, and retry works."""
    child = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True)
    assert child.stdout.splitlines() == [
        "error the digits could not be written to disk (File too large); free some space, then retry",
        "3" * 11,
        "stored 2 3000000",
    ]


REAL = """
import asyncio, sys
from pathlib import Path
from pi_service.engines.local_engine import LocalEngine
from pi_service.jobs import Stage
from pi_service.service import Service

async def main(directory):
    service = Service(directory, engine=LocalEngine())
    await service.start()
    service.submit(1_000_000)
    while service.job(1_000_000).progress == 0:
        await service.feed.news()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.slow
@pytest.mark.gen_test(timeout=30)
async def test_kill_9_with_real_workers(tmp_path: Path) -> None:
    """A million digits, killed on the way and started again, end as the checkpoint says."""
    process = subprocess.Popen([sys.executable, "-c", REAL, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    kill(process)
    service = Service(tmp_path, engine=LocalEngine())
    await service.start()
    job = await service.wait(1_000_000)
    assert (job.status, job.digit) == (Stage.STORED, 1)
    assert service.digit_window(999_991, 10) == "5779458151"
    assert service.events(1_000_000)[-1].attempt == 2
    await service.stop()
