"""Several engines over one journal in one event loop, whose every await is a seeded switch point.

Rules:
1. Which of the tasks that can run goes on next is drawn from a seed. With `Jumping` time passes only when nothing can
   run, so the same seed gives the same run, however busy the machine is.
2. A journal is reached over a `Network`: what is asked of it and what it answers comes late, overtakes, or is lost.
3. What happens to whom is written down as `Told`; what must hold of it is in `sequential`.
"""

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Generator
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from random import Random
from typing import Any, NamedTuple

from tornado_alice import (
    JournalConflict,
    JournalError,
    continue_as_new,
    gather,
    idempotency_key,
    random,
    request,
    say,
    step,
)
from tornado_alice.dialogs import Dialogs
from tornado_alice.journal.base import Journal
from tornado_alice.journal.records import Head, Key, Record
from tornado_alice.options import Options
from tornado_alice.script import Script
from tornado_alice.testing import make_request

#: Begins what the log says of what was lost.
LOST = "simulated:"
#: Seconds by which the task that is to go on waits for others.
PAUSES = (0.0, 0.0, 0.0005, 0.001)
#: When it all happens, in seconds since the Unix epoch.
NOW = 1.8e9
#: What the engine says while a step takes long, and when a turn cannot be kept.
WAITING, UNSAVED = "минутку", "не вышло"
#: What the users of the simulation say, and how often.
WORDS = {"слово": 6, "шаг": 4, "долго": 3, "оба": 2, "ошибка": 1, "заново": 2, "переход": 2, "конец": 2}
#: What only those say who wait for the answer: a session that one message ends, or begins anew before it is
#: acknowledged, while another one overtakes it, is no dialog of a lone process any more.
PATIENT = ("заново", "переход", "конец")


class Jumping(selectors.DefaultSelector):
    """Waits for no time to pass but lets it jump."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout > 0:
            self.now, timeout = self.now + timeout, 0
        return super().select(timeout)


class SeededLoop(asyncio.SelectorEventLoop):
    """Which task goes on next is drawn; without `selector` the time is the real one."""

    def __init__(self, draw: Random, selector: Jumping | None = None) -> None:
        self._draw, self._jumping = draw, selector
        super().__init__(selector)

    def time(self) -> float:
        return super().time() if self._jumping is None else self._jumping.now

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        if isinstance(getattr(callback, "__self__", None), asyncio.Task):
            return self.call_later(self._draw.choice(PAUSES), callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)


def simulate(draw: Random, scenario: Coroutine[Any, Any, Any], *, jumping: bool = True) -> Any:
    """What the scenario gives, in a loop of its own."""
    with asyncio.Runner(loop_factory=lambda: SeededLoop(draw, Jumping() if jumping else None)) as runner:
        return runner.run(scenario)


@dataclass(frozen=True)
class Weather:
    """How the network is.

    Attributes:
        late: seconds that a message to or from a journal is on its way, at most.
        loss: how often one of them is lost.
        effect: seconds that a long step takes, at most.
        within: seconds that a turn may take.
    """

    late: float = 0.02
    loss: float = 0.05
    effect: float = 1.0
    within: float = 0.3


class Network:
    """A journal at the other end of a network; each process has one of its own."""

    def __init__(self, journal: Journal, draw: Random, weather: Weather) -> None:
        self.journal, self._draw, self._weather = journal, draw, weather
        self.is_calm = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    async def load(self, *args: Any, **options: Any) -> Any:
        return await self._ask(lambda: self.journal.load(*args, **options))

    async def claim(self, *args: Any) -> int | None:
        await self._travel()  # an answer to it is not lost: what a journal claims is run, or let go of by the journal
        id = await self.journal.claim(*args)
        await self._travel(safe=True)
        return id

    async def add_step(self, *args: Any) -> None:
        await self._ask(lambda: self.journal.add_step(*args))

    async def commit(self, key: Key, head: Head, record: Record) -> int:
        try:
            return int(await self._ask(lambda: self.journal.commit(key, head, record)))
        except Unheard:
            if self._draw.random() < 0.5:
                raise JournalConflict("a turn that was kept and is written again") from None
            raise

    async def _ask(self, call: Callable[[], Awaitable[Any]]) -> Any:
        await self._travel()
        answer = await call()
        try:
            await self._travel()
        except JournalError as error:
            raise Unheard(str(error)) from None
        return answer

    async def _travel(self, safe: bool = False) -> None:
        await asyncio.sleep(self._draw.random() * self._weather.late)
        if not (safe or self.is_calm) and self._draw.random() < self._weather.loss:
            raise JournalError(f"{LOST} the network is down")


class Unheard(JournalError):
    """It was done, and nobody has heard of it."""


class Effect(NamedTuple):
    """What a step has done in the world outside: for whom, and the value that nobody else got."""

    command: str
    value: int


class Told(NamedTuple):
    """One delivery of a message.

    Attributes:
        body: as it was sent.
        sent, heard: numbers of the moments, counted through the whole run.
        answer: what came back.
    """

    key: Key
    body: bytes
    sent: int
    heard: int
    answer: bytes

    @property
    def is_acknowledged(self) -> bool:
        return text(self.answer) != UNSAVED


@dataclass
class World:
    """All that happens outside of the engines."""

    draw: Random
    weather: Weather
    effects: dict[str, list[Effect]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    moments: Any = field(default_factory=count)
    values: Any = field(default_factory=count)

    async def act(self, command: str) -> int:
        """The function of all steps: it does something that can be seen from outside."""
        value = next(self.values)
        self.effects.setdefault(idempotency_key(), []).append(Effect(command, value))
        await asyncio.sleep(self.draw.random() ** 3 * self.weather.effect)
        if command.startswith("ошибка"):
            raise ValueError(value)
        return value

    def __post_init__(self) -> None:
        self.script = copy(template())
        self.script.fn = self.run()

    def run(self) -> Callable[..., Generator[Any, Any, None]]:
        """The script: it counts, acts, fails and begins anew as it is told to; `sequential.said_to` says the same."""

        def run(command: str = "", before: str = "") -> Generator[Any, Any, None]:
            n = 0
            while True:
                n += 1
                command, drawn, found = command or request.command, random.randrange(1000), before
                if before and command.startswith("переход"):
                    found += f" {(yield step(self.act, command + ' после'))}"
                elif command.startswith(("шаг", "долго", "переход")):
                    found = str((yield step(self.act, command)))
                elif command.startswith("оба"):
                    found = str((yield gather(step(self.act, command), step(self.act, command + " рядом"))))
                elif command.startswith("ошибка"):
                    try:
                        yield step(self.act, command)
                    except ValueError as error:
                        found = str(error)
                if command.startswith(("заново", "переход")) and not before:
                    yield continue_as_new(run, command=command, before=f"было {n} {found}".strip())
                ended = command.startswith("конец")
                yield say(f"{n} {command}: {found}".rstrip(": ") + f" ({drawn})", end_session=ended)
                command = before = ""

        return run

    async def tell(self, process: "Process", key: Key, body: bytes) -> Told:
        """Deliver a message."""
        sent = next(self.moments)
        answer = await process.answer(body)
        self.told.append(Told(key, body, sent, next(self.moments), answer))
        return self.told[-1]


@cache
def template() -> Script:
    """A Script looks at all modules beside its function: once is enough for all worlds."""
    return Script(World.run(World.__new__(World)), version="1")


class Process:
    """One process: engines that follow each other over one connection to the journal; its clock is wrong by `skew`."""

    def __init__(self, network: Network, world: World, skew: float) -> None:
        self.network, self._world, self._skew = network, world, skew
        self._is_up = asyncio.Event()
        self._turns = 0
        self._begin()

    def _begin(self) -> None:
        world, loop = self._world, asyncio.get_running_loop()
        options = Options(reply_within=world.weather.within, threads=False, waiting=(WAITING,), unsaved=(UNSAVED,))
        self.dialogs = Dialogs(world.script, self.network, options, clock=lambda: NOW + self._skew + loop.time())
        self._is_up.set()

    async def answer(self, body: bytes) -> bytes:
        """The answer to a message."""
        await self._is_up.wait()
        self._turns += 1
        try:
            return await self.dialogs.answer(body)
        finally:
            self._turns -= 1

    def forget(self) -> None:
        """Lose all scripts in memory; steps under way go on, as they do in a process that lives."""
        self.dialogs.cache.stop()

    async def restart(self) -> None:
        """End as a process does that is told to, when nothing is under way, and begin anew."""
        self._is_up.clear()
        while self._turns or self.dialogs.work._tasks:
            await asyncio.sleep(self._world.weather.late)
        await self.dialogs.stop()
        self._begin()


def text(answer: bytes) -> str:
    """What Alice says."""
    said: str = json.loads(answer)["response"]["text"]
    return said


class User:
    """One user, who may be impatient: then they speak again before they were answered."""

    def __init__(self, world: World, processes: list[Process], name: str, impatient: bool) -> None:
        self._world, self._draw, self._processes = world, world.draw, processes
        self.key = ("test-skill", name)
        self._impatient = impatient
        self._words = {word: n for word, n in WORDS.items() if not (impatient and word in PATIENT)}
        self._n, self._said = count(), count()
        self._bodies: list[bytes] = []
        self._late: list[asyncio.Task[Any]] = []

    async def talk(self, turns: int) -> None:
        """Say so much, be told the rest of what is under way, and hear all answers."""
        for _ in range(turns):
            if self._draw.random() < 0.05:
                await self._begin_anew()
            await self._say(self._draw.choices(list(self._words), list(self._words.values()))[0])
        await asyncio.gather(*self._late)
        while text((await self._deliver(self._message("слово"))).answer) == WAITING:
            pass

    async def _begin_anew(self) -> None:
        """A new session with the same name, whose messages are numbered anew: those of the old one have all come."""
        await asyncio.gather(*self._late)
        self._n, self._bodies = count(), []

    async def _say(self, word: str) -> None:
        body = self._message(word)
        if self._impatient and self._draw.random() < 0.3:
            self._late.append(asyncio.create_task(self._deliver(body)))
            return
        for _ in range(self._draw.choice((0, 0, 1, 2))):
            self._late.append(asyncio.create_task(self._repeat(body)))
        await self._deliver(body)
        if self._draw.random() < 0.2:
            self._late.append(asyncio.create_task(self._repeat(self._draw.choice(self._bodies))))

    def _message(self, word: str) -> bytes:
        n = next(self._n)
        session = {"session_id": self.key[1], "message_id": n, "new": n == 0}
        sent = make_request(f"{word} {self.key[1]} {next(self._said)}", n, session=session)
        self._bodies.append(json.dumps(sent).encode())
        return self._bodies[-1]

    async def _deliver(self, body: bytes) -> Told:
        """Until it is acknowledged, to whichever process."""
        for _ in range(30):
            told = await self._world.tell(self._draw.choice(self._processes), self.key, body)
            if told.is_acknowledged:
                return told
        raise AssertionError(f"nobody keeps {body!r}")

    async def _repeat(self, body: bytes) -> None:
        """The same message once more, some time later."""
        await asyncio.sleep(self._draw.random() * self._draw.choice((0.0, 0.05, 1.0)))
        await self._world.tell(self._draw.choice(self._processes), self.key, body)
