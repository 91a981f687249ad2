"""Steps under way in this process: claimed, run once, recorded.

Rules:
1. A step is claimed in the journal before it runs; if another process has it, its outcome is waited for.
2. Within this process a step is under way once, whoever asks for it: a script that was dropped and replayed finds it.
3. An outcome that the journal cannot take now is offered again as long as the process lives: the effect has happened,
   and only a death may lead to another one.
"""

import asyncio
import inspect
import logging
from time import perf_counter
from typing import Any

from . import step as steps
from .errors import JournalConflict, JournalError
from .hooks import Hooks
from .journal.base import Journal
from .journal.records import Head, Key, Op, Place
from .threads import in_thread

log = logging.getLogger(__name__)

#: Plain functions of steps that run at once; the next ones wait.
MOST_THREADS = 64
#: Seconds between two looks at a step that another process runs.
POLL = 0.05
#: Seconds after which an outcome is offered again to a journal that did not take it.
AGAIN = 0.5

#: What names a step under way: session, place, and the request that asked for it.
Name = tuple[Key, Place, str]


class Work:
    """The steps under way."""

    def __init__(self, journal: Journal, hooks: Hooks) -> None:
        self._journal, self._hooks = journal, hooks
        self._threads = asyncio.Semaphore(MOST_THREADS)
        self._tasks: dict[Name, asyncio.Task[Op]] = {}

    def begin(
        self, key: Key, head: Head, place: Place, asked: str, step: steps.Step, effect: str
    ) -> "asyncio.Task[Op]":
        """The task of a step: the one under way, or a new one.

        Args:
            effect: the idempotency key that the step's function may ask for.
        """
        name = key, place, asked
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = asyncio.create_task(self._do(key, head, place, asked, step, effect))
            task.add_done_callback(lambda done: self._end(name, done))
        return task

    def _end(self, name: Name, task: "asyncio.Task[Op]") -> None:
        del self._tasks[name]
        if not task.cancelled():
            task.exception()  # perhaps nobody asks any more

    async def finish(self, seconds: float) -> None:
        """Let the steps under way end: what is done but not recorded, another process would do again."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=seconds)

    async def stop(self) -> None:
        """End the steps under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _do(self, key: Key, head: Head, place: Place, asked: str, step: steps.Step, effect: str) -> Op:
        while (id := await self._journal.claim(key, head, place, asked, step.name)) is None:
            if (theirs := await self._elsewhere(key, head, place, asked)) is not None:
                return theirs
            await asyncio.sleep(POLL)
        start = perf_counter()
        op: Op = {"name": step.name} | await _call(step, effect, self._threads)
        self._hooks.spent("step", start)
        await self._record(key, head._replace(id=id), place, asked, op)
        return op

    async def _record(self, key: Key, head: Head, place: Place, asked: str, op: Op) -> None:
        while True:
            try:
                return await self._journal.add_step(key, head, place, asked, op)
            except JournalConflict:
                raise
            except JournalError as error:
                log.error("session %s: the outcome of step %s is kept in memory: %s", key[1], op["name"], error)
                await asyncio.sleep(AGAIN)

    async def _elsewhere(self, key: Key, head: Head, place: Place, asked: str) -> Op | None:
        """The outcome of a step that another process runs, once it is there."""
        known = await self._journal.load(key, since=head.seq)
        if known.head is not None and (known.head.epoch, known.head.seq) > (head.epoch, head.seq):
            raise JournalConflict(f"session {key[1]}: another process has written turn {head.seq}")
        return known.steps.get((place, asked))


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
