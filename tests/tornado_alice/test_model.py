"""Two and three engines over one journal, whatever the order of things: their dialogs are those of one process.

A seed that fails is named; ``MODEL_SEED=62 pytest tests/tornado_alice/test_model.py`` plays it alone.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from databases import execute
from sequential import Violation, check
from simulation import LOST, Network, Process, User, Weather, World, simulate

from tornado_alice import JournalConflict, MemoryJournal, SqliteJournal
from tornado_alice.journal.base import Retention
from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.journal.records import Head, Key, Known, Record

#: Gives so many ways to one journal.
Journals = Callable[[int], list[Any]]
#: How a database is reached in real time.
CLOSE = Weather(late=0.004, effect=0.2, within=0.1)
#: Every lease of an owner has run out: whoever has slept for so long is a zombie.
EXPIRE = "UPDATE tornado_alice.step SET until = now() - interval '1 s' WHERE owner = $1 AND outcome IS NULL"


def seeds(number: int) -> list[int]:
    """The first ones, or the one that is to be played alone."""
    alone = os.environ.get("MODEL_SEED")
    return list(range(number)) if alone is None else [int(alone)]


@pytest.fixture(autouse=True)
def lost_messages(logs: Any) -> Iterator[None]:
    """What the log says of messages that a test has lost or brought out of order is no surprise."""
    yield
    words = (LOST, "times in a row another process wrote", "goes on with a session that the journal does not hold")
    logs.records = [record for record in logs.records if not any(word in record.getMessage() for word in words)]


def memory(number: int) -> list[Any]:
    first = MemoryJournal(Retention(ended=1e9, silent=1e9))  # the clocks of its processes differ
    return [first, *(first.beside() for _ in range(number - 1))]


def over(database: str) -> Journals:
    return lambda number: [PostgresJournal(database) for _ in range(number)]


def play(numbers: Iterable[int], journals: Journals, weather: Weather = Weather(), **options: Any) -> list[World]:  # noqa: B008 it cannot be changed
    """Play these seeds; the first run that no lone process would give is raised, with its seed."""
    worlds = []
    for seed in numbers:
        draw = Random(seed)
        try:
            run = hold(draw, f"{seed}-", journals(draw.choice((2, 2, 3))), weather, **options)
            worlds.append(simulate(draw, run, jumping=weather is not CLOSE))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    return worlds


async def hold(
    draw: Random,
    prefix: str,
    journals: list[Any],
    weather: Weather,
    network: type[Network] = Network,
    disturb: Callable[[World, list[Process]], Any] | None = None,
    effects_once: bool = True,
) -> World:
    """A run: an impatient user and two others talk with processes to whom things happen; then the claims."""
    world = World(draw, weather)
    for journal in journals:
        await journal.start()
    try:
        processes = [
            Process(network(one, draw, weather), world, draw.choice((-3600.0, 0.0, 3600.0))) for one in journals
        ]
        users = [User(world, processes, f"{prefix}{i}", impatient=i == 0) for i in range(3)]
        trouble = asyncio.create_task((disturb or forget)(world, processes))
        await asyncio.gather(*(user.talk(turns=6) for user in users))
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
        for process in processes:
            process.network.is_calm = True
            await process.dialogs.stop()
        histories = {user.key: await history(journals[0], user.key) for user in users}
        check(world, histories, {users[0].key}, effects_once)
    finally:
        for journal in journals:
            await journal.stop()
    return world


async def forget(world: World, processes: list[Process]) -> None:
    """Now and then a process loses its scripts, or ends and begins anew."""
    while True:
        await asyncio.sleep(2 * world.draw.random() * world.weather.within)
        process = world.draw.choice(processes)
        if world.draw.random() < 0.7:
            process.forget()
        else:
            await process.restart()


async def history(journal: Any, key: Key) -> list[Record]:
    """All turns of a session, of all epochs."""
    if isinstance(journal, MemoryJournal):
        return journal._rows[journal._ids[key]].turns
    return [turn for _, turn in await journal.turns((await journal.find(key[1])).id)]


@pytest.mark.slow
def test_over_memory() -> None:
    """Whatever is late, lost, sent twice, or forgotten by a process: every acknowledged answer is kept and every repeat
    gets its bytes, the history of each session is that of one process, no message is two turns, each effect is done
    once, however wrong the clocks of the processes are."""
    play(seeds(200), memory)


@pytest.mark.slow
def test_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with connections of their own to one file."""
    monkeypatch.setattr("tornado_alice.journal.sqlite.HOUSEKEEPING", 1e9)
    play(seeds(50), lambda number: [SqliteJournal(tmp_path / "j.sqlite3") for _ in range(number)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a real database time is real."""
    monkeypatch.setattr("tornado_alice.work.POLL", 0.01)
    monkeypatch.setattr("tornado_alice.work.AGAIN", 0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_over_a_database(database: str) -> None:
    """The same with connections of their own to a real PostgreSQL."""
    play(seeds(4), over(database), CLOSE)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_zombies(database: str) -> None:
    """A process whose lease ran out while it was in a step, and which goes on, harms no dialog: only effects repeat."""

    async def expire(world: World, processes: list[Process]) -> None:
        while True:
            await asyncio.sleep(world.draw.random() * world.weather.within)
            owner = world.draw.choice(processes).network.journal._leases._owner
            await execute(database, EXPIRE, owner)

    for seed in seeds(20):
        (world,) = play([seed], over(database), CLOSE, disturb=expire, effects_once=False)
        if seed > 1 and any(len(runs) > 1 for runs in world.effects.values()):
            return
    raise AssertionError("no step was ever taken over")


def test_a_seed_gives_the_same_run_again() -> None:
    """What was sent and answered, and when, depends on the seed alone."""

    def journals(number: int) -> list[Any]:
        made = memory(number)
        for journal in made:
            journal.secret = b"s" * 32
        return made

    (one,), (other,), (third,) = (play([seed], journals) for seed in (1, 1, 2))
    assert one.told == other.told != third.told and one.effects == other.effects


class Granting(Network):
    """Every claim is granted."""

    async def claim(self, key: Key, *args: Any) -> int | None:
        return await super().claim(key, *args) or self.journal._ids[key]


class Unfenced(Network):
    """A turn that another process has written is written behind it."""

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        try:
            return await super().commit(key, head, record)
        except JournalConflict:
            seq = len(await history(self.journal, key))
            return int(await self.journal.commit(key, head._replace(seq=seq), record))


class Hasty(Network):
    """A turn is acknowledged though nobody knows whether it was kept."""

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        try:
            return await super().commit(key, head, record)
        except JournalConflict:
            raise
        except Exception:
            return head.id or 0


class Forgetful(Network):
    """What was answered is not found."""

    async def load(self, *args: Any) -> Known:
        known: Known = await super().load(*args)
        return known._replace(answer=None)


@pytest.mark.parametrize(
    ("network", "found"),
    [
        (Granting, "the effect .* was done 2 times"),
        (Unfenced, "is two turns|expected|acknowledged"),
        (Hasty, "acknowledged"),
        (Forgetful, "is two turns"),
    ],
)
def test_the_model_finds(network: type[Network], found: str, logs: Any) -> None:
    """Without claims of steps, the fence, the wait for the commit, or the look for an earlier answer, it is seen."""
    with pytest.raises(Violation, match=found):
        play(range(30), memory, network=network)
    logs.records.clear()
