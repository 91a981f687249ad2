"""LiveSession scripts: a bounded cache of sessions, and the steps they wait for."""

import asyncio
import inspect
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from . import step as steps
from .journal.base import Journal
from .journal.records import Head, Key, Op
from .session import Do, Session
from .threads import in_thread

log = logging.getLogger(__name__)

#: Plain functions of steps that run at once; the next ones wait.
MOST_THREADS = 64


@dataclass(slots=True)
class LiveSession:
    """A script in memory.

    Attributes:
        head: as the journal has it; `head.n` is the next turn.
        message_id, sent: of its last turn.
        threads: bounds how many plain functions run at once.
        used: when, by the loop's clock.
        work: tasks of the steps it waits for.
        kept: outcomes that the journal holds for the turn under way.
    """

    session: Session
    head: Head
    threads: asyncio.Semaphore
    message_id: int | None = None
    sent: bytes = b""
    used: float = 0.0
    work: "list[asyncio.Task[Op]]" = field(default_factory=list)
    kept: dict[int, Op] = field(default_factory=dict)

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

    async def outcomes(self, asked: Do, journal: Journal, message_id: int | None, deadline: float) -> list[Op] | None:
        """Outcomes of the steps asked for: recorded ones and those that end now; None if the turn's time is up.

        Args:
            deadline: by the loop's clock.
        """
        if not self.work:
            self.work = [self._begin(asked, i, journal, message_id) for i in range(len(asked.steps))]
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        late = [task for i, task in enumerate(self.work) if self._kept(asked, i) is None]
        if late and (await asyncio.wait(late, timeout=left))[1]:
            return None
        ops = [self._kept(asked, i) or task.result() for i, task in enumerate(self.work)]
        self.forget_work()
        return [{key: op[key] for key in ("ok", "error") if key in op} for op in ops]

    def _kept(self, asked: Do, i: int) -> Op | None:
        """What the journal holds for a step: recorded before a crash, or by another process meanwhile."""
        kept = self.kept.get(len(self.session.ops) + i)
        return kept if kept is not None and kept["name"] == asked.steps[i].name else None

    def _begin(self, asked: Do, i: int, journal: Journal, message_id: int | None) -> "asyncio.Task[Op]":
        kept = self._kept(asked, i)
        return asyncio.create_task(_known(kept) if kept else self._do(asked, i, journal, message_id))

    async def _do(self, asked: Do, i: int, journal: Journal, message_id: int | None) -> Op:
        """Run one step and record its outcome: in the turn it was asked for, or in the one that waits for it now."""
        session, base = self.session, len(self.session.ops)
        skill_id, session_id = session.key
        key = f"{skill_id}/{session_id}/{self.head.epoch}/{asked.turn}/{asked.first + i}"
        op: Op = {"name": asked.steps[i].name} | await _call(asked.steps[i], key, self.threads)
        place, message = (base + i, message_id) if session.n == asked.turn else (i, None)
        head = self.head._replace(n=session.n, ended=False)
        id = await journal.add_step(session.key, head, place, message, op)
        self.head = self.head._replace(id=id)
        return op


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


async def _known(op: Op) -> Op:
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
    log.info("step %s raised %r", step.name, error, exc_info=error)
    return steps.failed(error)


def _is_cancelled(error: BaseException) -> bool:
    """Was this task cancelled? (A step may also raise CancelledError by itself: then it has failed.)"""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
