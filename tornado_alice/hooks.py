"""What surrounds a dialog: functions of the author that hear of each turn, for logs, analytics and error reporters.

Rules:
1. A hook hears of turns that the script lives through: neither of replays, nor of repeated deliveries, nor of pings.
2. Nothing that a hook does harms a turn: its failure is one log line, and an async one is not waited for. (The loop
   waits for a plain one, which must be quick.)
3. After each begun turn comes its end, also if the script raised or the journal could not keep it.
"""

import asyncio
import inspect
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .frames import authors_part
from .request import Request
from .serving import GRACE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answered:
    """A turn that is over.

    Attributes:
        request: what the user did.
        reply: the whole answer, as the platform gets it.
        seconds: how long it took, from the first look at the request, waiting for an earlier turn of the same session
            and for the journal included.
        error: what the script raised, or what kept the engine from going on; None if all is well.
    """

    request: Request
    reply: dict[str, Any]
    seconds: float
    error: BaseException | None


class Facts(NamedTuple):
    """What a turn was like, without a word of its user; for logs and figures of whoever runs the skill.

    Attributes:
        session: its number in the journal; None if the turn could not be kept.
        turn: its number in its epoch, from 0; None likewise.
        message_id: of the request.
        seconds: as in `Answered`.
        replayed: was the script not in memory, so that it was led there by the journal?
        ended: is the session over?
        error: as in `Answered`.
        bytes: of the answer.
    """

    session: int | None
    turn: int | None
    message_id: int | None
    seconds: float
    replayed: bool
    ended: bool
    error: BaseException | None
    bytes: int


#: What is timed: a turn as in `Answered`, reading and writing the journal, a step from its claim to its outcome.
Part = Literal["turn", "load", "commit", "step"]


@dataclass(eq=False)
class Hooks:
    """The hooks of one skill.

    Attributes:
        before: called with the Request before the script hears it.
        after: called with an Answered once the reply is certain.
        facts: called then with Facts, for which nothing need be parsed again.
        times: called with what took how many seconds; they must be quick and may not fail.
    """

    before: list[Callable[[Request], object]] = field(default_factory=list)
    after: list[Callable[[Answered], object]] = field(default_factory=list)
    facts: list[Callable[[Facts], object]] = field(default_factory=list)
    times: list[Callable[[Part, float], None]] = field(default_factory=list)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    async def stop(self) -> None:
        """Wait for the async hooks under way (for `GRACE` seconds), then end them."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()

    def spent(self, part: Part, since: float) -> None:
        """A part is over that began at `since` by `time.perf_counter`."""
        for tell in self.times:
            tell(part, time.perf_counter() - since)

    def call(self, hook: Callable[[Any], object], given: Any) -> None:
        """Call one; an async one goes on beside the turn."""
        try:
            result = hook(given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too
            _tell(hook, error)
            return
        if inspect.isawaitable(result):
            task = asyncio.create_task(_finish(hook, result))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _finish(hook: Callable[[Any], object], result: Awaitable[object]) -> None:
    try:
        await result
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise
    except BaseException as error:
        _tell(hook, error)


class Observed:
    """One request, as the hooks of its skill see it; the engine notes the attributes, which are those of `Facts`."""

    __slots__ = ("_began", "_data", "_hooks", "_lemma", "_start", "ended", "error", "replayed", "session", "turn")

    def __init__(self, hooks: Hooks, data: dict[str, Any], lemma: Callable[[str], str]) -> None:
        self._hooks, self._data, self._lemma = hooks, data, lemma
        self._start, self._began = time.perf_counter(), False
        self.error: BaseException | None = None
        self.session: int | None = None
        self.turn: int | None = None
        self.replayed = self.ended = False

    def begin(self) -> None:
        """The script is about to hear it (perhaps once more, after a conflict with another process)."""
        if self._began:
            return
        self._began = True
        for hook in self._hooks.before:
            self._hooks.call(hook, self._request())

    def end(self, answer: bytes) -> None:
        """The reply is certain."""
        if not self._began:
            return
        seconds = time.perf_counter() - self._start
        if self.turn is not None or self.error is not None:  # else the journal has turned out to have the answer
            self._hooks.spent("turn", self._start)
            self._tell(seconds, len(answer))
        for hook in self._hooks.after:
            self._hooks.call(hook, Answered(self._request(), json.loads(answer), seconds, self.error))

    def _tell(self, seconds: float, bytes: int) -> None:
        for hook in self._hooks.facts:
            place = (self.session, self.turn, self._data["session"].get("message_id"))
            self._hooks.call(hook, Facts(*place, seconds, self.replayed, self.ended, self.error, bytes))

    def _request(self) -> Request:
        return Request(self._data, self._lemma)


def _tell(hook: Callable[[Any], object], error: BaseException) -> None:
    name = getattr(hook, "__qualname__", repr(hook))
    log.error("hook %s raised %r", name, error, exc_info=(type(error), error, authors_part(error)))
