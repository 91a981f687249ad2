"""LiveSession scripts: a bounded cache of sessions, and the steps they wait for."""

import asyncio
import inspect
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from . import step as steps
from .errors import JournalConflict
from .journal.base import Journal
from .journal.records import Head, Kept, Key, Op, Place
from .session import Do, Session
from .threads import in_thread

log = logging.getLogger(__name__)

#: Plain functions of steps that run at once; the next ones wait.
MOST_THREADS = 64
#: Seconds of silence after which a live script is compared with the journal; the platform ends a session after minutes.
RECENT = 600.0
#: Seconds between two looks at a step that another process runs.
POLL = 0.05


@dataclass(slots=True)
class LiveSession:
    """A script in memory.

    Attributes:
        head: as the journal has it; `head.n` is the next turn.
        threads: bounds how many plain functions run at once.
        message_id: of its last turn.
        used: when, by the loop's clock.
        asked: identity of the request whose turn asked for the steps under way.
        work: tasks of the steps it waits for.
        kept: steps that the journal holds for turns that are not finished.
    """

    session: Session
    head: Head
    threads: asyncio.Semaphore
    message_id: int | None = None
    used: float = 0.0
    asked: str = ""
    work: "list[asyncio.Task[Op]]" = field(default_factory=list)
    kept: dict[Place, Kept] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        """Is a step under way?"""
        return not all(task.done() for task in self.work)

    def forget_work(self) -> None:
        """End the steps under way; they are done again when the script asks for them again."""
        for task in self.work:
            task.cancel()
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody asks any more
        self.work = []

    def close(self) -> None:
        """Drop the script and what it waits for."""
        self.forget_work()
        self.session.close()

    async def outcomes(self, asked: Do, journal: Journal, deadline: float) -> list[Op] | None:
        """Outcomes of the steps asked for: recorded ones and those that end now; None if the turn's time is up.

        Args:
            deadline: by the loop's clock.

        Raises:
            JournalConflict: another process is further than this script.
        """
        if not self.work:
            self.work = [self._begin(asked, i, journal) for i in range(len(asked.steps))]
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        late = [task for i, task in enumerate(self.work) if self._known(asked, i) is None]
        if late and (await asyncio.wait(late, timeout=left))[1]:
            return None
        ops = [self._known(asked, i) or task.result() for i, task in enumerate(self.work)]
        self.forget_work()
        return [{key: op[key] for key in ("ok", "error") if key in op} for op in ops]

    def _place(self, asked: Do, i: int) -> Place:
        """What names a step: it belongs to the turn that asked for it, however long it takes."""
        return Place(self.head.seq - (self.session.n - asked.turn), asked.first + i)

    def _known(self, asked: Do, i: int) -> Op | None:
        """What the journal holds for a step: recorded before a crash, or by another process meanwhile."""
        kept = self.kept.get(self._place(asked, i))
        if kept is None or kept.op is None or kept.op["name"] != asked.steps[i].name:
            return None
        return kept.op if kept.asked in (self.asked, *before_schema_2(self.asked)) else None

    def _begin(self, asked: Do, i: int, journal: Journal) -> "asyncio.Task[Op]":
        known = self._known(asked, i)
        return asyncio.create_task(_given(known) if known else self._do(asked, i, journal))

    async def _do(self, asked: Do, i: int, journal: Journal) -> Op:
        """Run one step, unless another process does, and record its outcome."""
        step, place, request = asked.steps[i], self._place(asked, i), self.asked
        while (id := await journal.claim(self.session.key, self.head, place, request, step.name)) is None:
            if (theirs := await self._elsewhere(journal, place, request)) is not None:
                return theirs
            await asyncio.sleep(POLL)
        self.head = self.head._replace(id=id)
        skill_id, session_id = self.session.key
        key = f"{skill_id}/{session_id}/{self.head.epoch}/{asked.turn}/{place.k}"
        op: Op = {"name": step.name} | await _call(step, key, self.threads)
        await journal.add_step(self.session.key, self.head, place, request, op)
        return op

    async def _elsewhere(self, journal: Journal, place: Place, request: str) -> Op | None:
        """The outcome of a step that another process runs, once it is there."""
        known = await journal.load(self.session.key, since=self.head.seq)
        if known.head is not None and (known.head.epoch, known.head.seq) > (self.head.epoch, self.head.seq):
            raise JournalConflict(f"session {self.session.key[1]}: another process has written turn {self.head.seq}")
        kept = known.steps.get(place)
        return kept.op if kept is not None and kept.asked == request else None


def identity(epoch: int, message_id: int | None, request: bytes) -> str:
    """Names a request within its session: an outcome recorded for another one is of no use to it."""
    return f"{message_id}/{epoch}/{blake2b(request, digest_size=8).hexdigest()}"


def before_schema_2(identity: str) -> tuple[str, str]:
    """The same in journals of release 0.1.0: the message's number, or nothing for a step that was waited for."""
    return identity.partition("/")[0], ""


class SessionCache:
    """The live scripts by session, least recently used first.

    Args:
        most: how many are kept; one whose step is under way may be over this number, up to twice of it.
        idle: seconds of silence after which one goes.
    """

    def __init__(self, most: int, idle: float) -> None:
        self._most, self._idle = most, idle
        self.threads = asyncio.Semaphore(MOST_THREADS)
        self._live: OrderedDict[Key, LiveSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: Key) -> bool:
        return key in self._live

    def is_recent(self, live: LiveSession) -> bool:
        """Has it spoken so lately that its session cannot have been swept from the journal?"""
        return asyncio.get_running_loop().time() - live.used < RECENT

    def take(self, key: Key) -> LiveSession | None:
        """Take a script out for its turn: nobody else may drop it meanwhile. `keep` puts it back."""
        return self._live.pop(key, None)

    def keep(self, key: Key, live: LiveSession) -> None:
        """Keep a script that has just spoken, and drop what is too much or too old."""
        now = live.used = asyncio.get_running_loop().time()
        self._live[key] = live
        self._live.move_to_end(key)
        for _ in range(len(self._live)):
            oldest, other = next(iter(self._live.items()))
            if len(self._live) <= self._most and other.used >= now - self._idle:
                return
            if other.at_work and len(self._live) <= 2 * self._most + 1:
                self._live.move_to_end(oldest)  # to forget it would do its step twice
            else:
                self._live.pop(oldest).close()

    async def stop(self) -> None:
        """Close all scripts and end the steps under way."""
        work = [task for live in self._live.values() for task in live.work]
        for live in self._live.values():
            live.close()
        self._live.clear()
        await asyncio.gather(*work, return_exceptions=True)


async def _given(op: Op) -> Op:
    return op


async def _call(step: steps.Step, key: str, threads: asyncio.Semaphore) -> steps.Outcome:
    steps.running.set(key)  # in this task's own context
    try:
        if inspect.iscoroutinefunction(step.fn):
            return steps.done(step.name, await step.fn(*step.args, **step.kwargs))
        async with threads:
            outcome, value = await in_thread(lambda: _plain(step))
        return steps.done(step.name, await value) if inspect.isawaitable(value) else outcome
    except BaseException as error:
        if _is_cancelled(error) or isinstance(error, KeyboardInterrupt):
            raise
        return _failed(step, error)


def _plain(step: steps.Step) -> tuple[steps.Outcome, Any]:
    """In a thread: the outcome of a plain function, and its value if that is still to be awaited."""
    try:
        value = step.fn(*step.args, **step.kwargs)
        return ({}, value) if inspect.isawaitable(value) else (steps.done(step.name, value), None)
    except BaseException as error:  # SystemExit and StopIteration too: a step must not end the server
        return _failed(step, error), None


def _failed(step: steps.Step, error: BaseException) -> steps.Outcome:
    outcome = steps.failed(error)
    failure = outcome["error"]  # the repr of an exception may raise
    log.info("step %s raised %s: %s", step.name, failure["class"], failure["text"], exc_info=error)
    return outcome


def _is_cancelled(error: BaseException) -> bool:
    """Was this task cancelled? (A step may also raise CancelledError by itself: then it has failed.)"""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
