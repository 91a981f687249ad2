"""The table of 100,000 jobs: how long a list, a filter and a bulk command hold the loop that answers dialogs.

    python bench/list.py [--jobs 100000] [--rounds 30] [--json]

Everything runs in this process, on a database of its own in the temporary directory.
"""

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import peers

from pi_service.jobs import Stage
from pi_service.listing import Listing
from pi_service.service import Service
from pi_service.store import Store
from pi_service.testing import MemoryEngine

ERRORS = ("a worker died", "the disk is full", "a check of the product failed", "attempt 3 of 3: out of memory")


def fill(path: Path, jobs: int) -> None:
    """A table as months leave it: one job in ten failed; the others were cancelled, which needs no digits."""
    dice, at = random.Random(1), time.time() - 10 * jobs
    Store(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        for n in dice.sample(range(1, 10 * jobs), jobs):
            at += dice.expovariate(0.1)
            spent = dice.expovariate(1.0)
            status = "error" if dice.random() < 0.1 else "cancelled"
            error = f"{dice.choice(ERRORS)} at n = {n}" if status == "error" else None
            for seq, stage in enumerate(("registered", status)):
                values = (n, seq, 1, stage, 0.0, at + seq * spent, error if seq else None, None)
                db.execute("INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            values = (n, status, 1.0, None, error, at, at, at + spent, spent, 1)
            db.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def questions(jobs: int) -> dict[str, Listing]:
    """What readers ask for, by its name in the report."""
    deep = jobs // 50
    return {
        "first page": Listing(),
        "middle page, newest first": Listing(page=deep // 2),
        "last page, by n": Listing(sort="n", page=deep),
        "deep, by seconds": Listing(sort="-seconds", page=deep * 4 // 5),
        "deep, by the end": Listing(sort="finished_at", page=deep // 2),
        "deep, by status": Listing(sort="status", page=deep // 2),
        "of one status, deep": Listing(Stage.CANCELLED, page=deep // 2),
        "of one status, by seconds, deep": Listing(Stage.CANCELLED, sort="seconds", page=deep // 2),
        "n begins with 12": Listing(q="12"),
        "n from, to, by seconds, deep": Listing(least=jobs, most=9 * jobs, sort="seconds", page=deep // 2),
        "age, deep": Listing(age=10**9, page=deep // 2),
        "text of the error": Listing(error="PRODUCT"),
        "text of no error": Listing(error="no such text"),
        "status and text": Listing(Stage.ERROR, error="memory", page=10),
    }


def timed(ask: Callable[[], object], rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        ask()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)


def row(times: list[float]) -> str:
    return f"{times[len(times) // 2]:.1f} ms, p99 {times[int(len(times) * 0.99)]:.1f}"


async def longest_hold(work: Awaitable[object], held: list[float]) -> float:
    """Seconds that `work` took; each time that the loop was held meanwhile goes to `held`, in ms."""

    async def watch() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0)
            held.append(1000 * (time.perf_counter() - start))

    task, start = asyncio.create_task(watch()), time.perf_counter()
    await work
    task.cancel()
    return time.perf_counter() - start


async def measure(jobs: int, rounds: int) -> dict[str, object]:
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        fill(directory / "jobs.sqlite", jobs)
        service = Service(directory, engine=MemoryEngine(), max_digits=10 * jobs)
        await service.start()
        for title, listing in questions(jobs).items():
            figures[title] = row(timed(lambda listing=listing: service.jobs(listing), rounds))
        pages = [service.jobs(Listing(page=page, per_page=500))[0] for page in range(1, 11)]
        held: list[float] = []
        spent = await longest_hold(service.bulk("remove", [job.n for page in pages for job in page]), held)
        figures["5,000 jobs removed, s"] = round(spent, 1)
        figures["the loop was held meanwhile"] = row(sorted(hold for hold in held if hold > 1))
        await service.stop()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    peers.report(f"{given.jobs} jobs", asyncio.run(measure(given.jobs, given.rounds)), given.json)


if __name__ == "__main__":
    main()
