"""One stepper for the three forms of a script: generator, coroutine, async generator. No I/O.

Rules:
1. `advance` runs the script to what it yields or awaits next; that is a Reply (or a plain dict), a Step, a Gather or a
   Continue. A Question that is yielded talks in place of the script, until it has its answer. Anything else is thrown
   back into the script as NotAReplyError, at its own line.
2. The script is driven by hand with send() and throw(): nothing of an event loop is behind its awaits, so a bare
   ``await asyncio.sleep(1)`` is rule 1's error, live and on replay alike.
3. A script that ends gives Ended; an exception of the script leaves `advance` as it is.
4. The random of the standard library (as old scripts use it) is seeded anew by the turn at each resumption, so that
   replay draws the same.
"""

import contextvars
import inspect
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from copy import copy
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType, ModuleType
from typing import Any, NamedTuple

from . import context, fingerprint, frames, outside, stdlib_random, tails
from .commands import FORMS, Handler, Handlers
from .errors import NotAReplyError, ScriptError
from .limits import Mending
from .questions import Question
from .reply import Reply
from .source import Source
from .step import Continue, Gather, Step
from .subscripts import remedy
from .unheard import Command

log = logging.getLogger(__name__)

Function = Callable[..., Any]

#: Where a script waits that has not begun, or has ended.
START = "its start"

#: Where the frame of each form is found, and what it waits for itself.
CHAIN = {
    GeneratorType: ("gi_frame", "gi_yieldfrom"),
    CoroutineType: ("cr_frame", "cr_await"),
    AsyncGeneratorType: ("ag_frame", "ag_await"),
}

#: What a script may yield or await; a plain dict is a reply made by hand.
COMMANDS = (dict, Step, Gather, Continue)


class Ended(NamedTuple):
    """The script has returned."""

    value: Any


class Script:
    """A script as its author wrote it: the function and what the engine must know of it.

    Attributes:
        fn: generator function, coroutine function or async generator function.
        version: hash of the source of its module and of the modules beside it that it uses; two processes with the
            same code agree on it.
        handlers: what is heard beside it.
        source: the lines it waits at.
        uses_stdlib_random: does one of these modules use the standard library's random?
        mending: what becomes of replies beyond the limits; tests set it.
        context: context variables as they were when the script was registered; each session gets a copy.
    """

    def __init__(
        self,
        fn: Function,
        version: str | None = None,
        mending: Mending = Mending.ALL,
        handlers: Handlers | None = None,
    ) -> None:
        _check_form(fn)
        self.fn = fn
        self.handlers = Handlers() if handlers is None else handlers
        self.mending = mending
        self.version = version if version is not None else fingerprint.version(fn)
        self.source = Source(fn)
        self.uses_stdlib_random = fingerprint.uses_random(fn)
        self.context = contextvars.copy_context()
        spaces: list[ModuleType | dict[str, Any]] = [fn.__globals__, *fingerprint.modules(fn)]
        stdlib_random.install(spaces)
        outside.watch(spaces)

    def named(self, name: str) -> "Script":
        """The script of this module that an epoch runs; an empty name is this one.

        Raises:
            ScriptError: there is none.
        """
        if not name:
            return self
        fn = self.sibling(name)
        if fn is None:
            raise ScriptError(f"the module of the script has no {name!r} any more")
        _check_form(fn)
        other = copy(self)
        other.fn = fn
        return other

    def begin(self, state: dict[str, Any]) -> "Stepper":
        """A run of it with these arguments."""
        return Stepper(self.fn(**state), self.uses_stdlib_random)

    def begin_handler(self, handler: Handler, prompt: Reply | None) -> "Stepper":
        """A run of a handler that is a script."""
        takes_prompt = inspect.signature(handler.does).parameters
        return Stepper(handler.does(prompt) if takes_prompt else handler.does())

    def sibling(self, name: str) -> Function | None:
        """Another script of the same module, for `continue_as_new`."""
        found = getattr(self.fn, "__globals__", {}).get(name)
        return found if callable(found) else None


def _check_form(fn: Function) -> None:
    if not any(is_form(fn) for is_form in FORMS):
        raise ScriptError(
            f"{fn!r} is no script: write a function with `yield say(...)`, or `async def` with `await say(...)`"
        )


class Stepper:
    """One run of a script.

    Args:
        run: what a call of the script gave.
        draws: seed the standard library's random from the turn's draws, see `TurnContext.begin_resumption`.
    """

    __slots__ = ("_asend", "_asking", "_draws", "_frame", "_is_asyncgen", "_run")

    def __init__(self, run: Any, draws: bool = False) -> None:
        self._run = run
        self._frame = next(_frames(run), None)  # tells its last line even after its end
        self._is_asyncgen = inspect.isasyncgen(run)
        self._draws = draws
        self._asking: list[Generator[Any, Any, Any]] = []
        self._asend: Any = None  # the awaitable of an async generator that is under way

    def advance(self, value: Any = None, error: BaseException | None = None) -> Any:
        """Give `value` (or raise `error`) where the script waits and run it to its next command.

        Returns:
            Reply, Step, Gather, Continue or Ended.
        """
        try:
            command = self._send(value, error)
            if not isinstance(command, COMMANDS):
                command = self._send(None, NotAReplyError(self._complaint(command)))
            if not isinstance(command, COMMANDS):  # it caught the error and did the same again
                raise NotAReplyError(self._complaint(command))
        except StopIteration as end:
            return Ended(end.value)
        except StopAsyncIteration:
            if not self._is_asyncgen:
                raise
            return Ended(None)
        except RuntimeError as error:
            if _is_of_asyncio(error):
                error.add_note(
                    "asyncio's time-outs, tasks and locks do not reach into a script: wrap the call in step(...)"
                )
            raise
        heard: Command = command if isinstance(command, Command) else _as_reply(command)
        heard.hear()
        return heard

    def _send(self, value: Any, error: BaseException | None) -> Any:
        turn = context.current.get()
        if turn is not None:
            turn.begin_resumption(self._draws)
        command = self._next(value, error)
        while isinstance(command, Question):  # yield ask(...): it talks in place of the script
            self._asking.append(iter(command))
            command = self._next(None, None)
        return command

    def _next(self, value: Any, error: BaseException | None) -> Any:
        while self._asking:
            try:
                return self._asking[-1].send(value) if error is None else self._asking[-1].throw(error)
            except StopIteration as end:
                value, error = end.value, None
            except BaseException as raised:
                value, error = None, raised
            self._asking.pop()
        return self._resume(value, error)

    def _resume(self, value: Any, error: BaseException | None) -> Any:
        if not self._is_asyncgen:
            return self._run.send(value) if error is None else self._run.throw(error)
        if self._asend is None:  # it stands at a yield (or at its start)
            self._asend = self._run.asend(value) if error is None else self._run.athrow(error)
            value, error = None, None
        try:
            return self._asend.send(value) if error is None else self._asend.throw(error)
        except StopIteration as yielded:
            self._asend = None
            return yielded.value
        except BaseException:
            self._asend = None
            raise

    def close(self) -> None:
        """End the script where it stands: its ``finally`` runs, what it still says or does there goes nowhere."""
        try:
            while self._asking:
                self._asking.pop().close()
            if self._is_asyncgen:
                self._close_asyncgen()
            else:
                self._run.close()
        except (StopIteration, GeneratorExit):
            return  # how aclose() and a cleanup that was cut short say that they are done
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            log.info("a script that was closed before its end raised %r in its cleanup", error)

    def _close_asyncgen(self) -> None:
        closing = self._run.aclose() if self._asend is None else self._asend  # does it stand at a yield or in an await?
        with suppress(StopAsyncIteration):
            if self._asend is None:
                closing.send(None)
            for _ in range(100):  # each await of its cleanup is cut short: nobody answers there
                closing.throw(GeneratorExit)

    @property
    def is_last(self) -> bool:
        """Has it nothing to do after what it says now?"""
        if self._asking or getattr(self._run, "gi_yieldfrom", None) is not None:
            return False
        awaited = getattr(self._run, "cr_await", None) or getattr(self._run, "ag_await", None)
        if awaited is not None and getattr(awaited, "gi_code", None) is not Reply.__await__.__code__:
            return False
        kind = next((kind for kind in ("gi", "cr", "ag") if hasattr(self._run, f"{kind}_frame")), None)
        frame = getattr(self._run, f"{kind}_frame", None)
        return frame is not None and tails.is_last(frame)

    def where(self) -> str:
        """File, line and function in which the script waits."""
        place = START
        for frame in self.suspended():
            place = frames.describe(frame)
        return place

    def suspended(self) -> Iterator[FrameType]:
        """The author's frames in which the script waits, the outermost first."""
        for frame in _frames(self._run):
            if not frames.is_engine(frame.f_globals.get("__name__", "")):
                yield frame

    def frame(self, source: Source) -> FrameType | None:
        """The innermost frame of the script's own in which it waits, or has ended."""
        found, run = self._frame, self._run
        while (names := CHAIN.get(type(run))) is not None:  # each turn asks this, so it is written out
            frame, run = getattr(run, names[0]), getattr(run, names[1])
            if frame is not None and frame is not found and source.names[frame.f_code.co_filename] is not None:
                found = frame
        return found

    def _complaint(self, command: Any) -> str:
        what = f"{self.where()}: the script gave {str(command)[:80]!r} ({type(command).__name__})"
        if isinstance(command, str):
            return f"{what}; write yield say({command[:40]!r})"
        instead = remedy(command)
        if instead is not None and (not inspect.iscoroutine(command) or self._is_asyncgen):
            return f"{what}; {instead}"
        if hasattr(command, "_asyncio_future_blocking") or inspect.isawaitable(command):
            how = "yield" if inspect.isgenerator(self._run) else "await"
            return f"{what}; wrap the call in step(...): x = {how} step(fn, ...)"
        return f"{what}; a script yields or awaits say(...), step(...), gather(...) or continue_as_new(...)"


def describe_failure(error: BaseException) -> str:
    """An exception of a script in one line: class, text, and where in the author's code it was raised."""
    place, trace = "", error.__traceback__
    while trace is not None:
        if frames.is_authors(trace.tb_frame):
            place = f" at {frames.describe(trace.tb_frame, trace.tb_lineno)}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}"[:300] + place


def _frames(run: Any) -> Iterator[FrameType]:
    """Frames of a suspended script, and of what it waits for, the innermost last; of one that has ended, none."""
    while (names := CHAIN.get(type(run))) is not None:
        frame = getattr(run, names[0])
        if frame is not None:
            yield frame
        run = getattr(run, names[1])


def _is_of_asyncio(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("asyncio.")


def _as_reply(fields: dict[str, Any]) -> Reply:
    reply = Reply(fields)
    reply.phrases, reply.takes = (), ()
    return reply
