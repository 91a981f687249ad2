"""step(): what a script does beside talking, run once and recorded.

    x = yield step(fn, *args)       in a generator
    x = await step(fn, *args)       in a coroutine

Rules:
1. What a step gives is what survives a round trip through JSON, on the live run too, so that live and replay agree.
2. A failure is recorded like a value and raised in the script, see `failures`.
3. Effects are at-least-once: a crash between the effect and its record runs the function again, with the same
   `idempotency_key()`.
"""

import json
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from . import protocol
from .errors import NestedStepError, ReplyError
from .failures import record
from .subscripts import remedy
from .unheard import Command

Outcome = dict[str, Any]  # {"ok": value} or {"error": Failure}

running: ContextVar[str | None] = ContextVar("tornado_alice_step", default=None)


class Awaited(Command):
    """What a script may await or yield beside a reply."""

    def __await__(self) -> Generator["Awaited", Any, Any]:
        return (yield self)


@dataclass(frozen=True, eq=False)
class Step(Awaited):
    """One call that a script asks for; made by `step`."""

    call = "step"

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    waiting: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the journal calls it: the qualified name of its function."""
        return str(getattr(self.fn, "__qualname__", type(self.fn).__qualname__))

    def or_say(self, *phrases: str) -> "Step":
        """The same step; these phrases are said while it takes longer than the turn's budget."""
        return Step(self.fn, self.args, self.kwargs, phrases)


@dataclass(frozen=True, eq=False)
class Gather(Awaited):
    """Several steps at once; made by `gather`."""

    call = "gather"

    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Continue(Awaited):
    """A fresh start of a script; made by `continue_as_new`."""

    call = "continue_as_new"

    script: Callable[..., Any]
    state: dict[str, Any]


def step(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Step:
    """Run ``fn(*args, **kwargs)`` (plain, in a thread; or async, on the loop) once and record its outcome.

    Raises:
        NestedStepError: inside the function of another step.

    >>> step(round, 2.5).name
    'round'
    """
    if running.get() is not None:
        raise NestedStepError("step(...) inside the function of a step: call the function itself there")
    if not callable(fn):
        remedy(fn)  # closes it: it will not be run
        raise ReplyError(f"step() takes a function and its arguments, got {fn!r}. Write step(fn, x), not step(fn(x))")
    return Step(fn, args, kwargs)


def gather(*steps: Step) -> Gather:
    """Run several steps at once; gives their values in order, or raises the first failure in that order."""
    for item in steps:
        if not isinstance(item, Step):
            raise ReplyError(f"gather() takes steps, got {item!r}. Wrap each call in step(...)")
    return Gather(steps)


def continue_as_new(script: Callable[..., Any], **state: Any) -> Continue:
    """End this script and start `script` with JSON arguments: a long dialog whose history may go.

    ``yield`` it in a generator, ``await`` it in a coroutine; what follows is not reached.
    """
    return Continue(script, round_trip("continue_as_new", state))


def idempotency_key() -> str:
    """Names the running step; the same each time it is run again. For services that accept such a key.

    Raises:
        RuntimeError: outside of a step.
    """
    key = running.get()
    if key is None:
        raise RuntimeError("idempotency_key() means something only inside the function of a step")
    return key


def round_trip(name: str, value: Any) -> Any:
    """`value` as JSON gives it back; ReplyError names the step whose value JSON cannot hold."""
    text = protocol.encode(f"step {name}", value).decode()
    data = json.loads(text)
    if protocol.is_too_deep(text, data):
        raise ReplyError(f"step {name}: nested deeper than the {protocol.MAX_DEPTH} levels allowed")
    return data


def done(name: str, value: Any) -> Outcome:
    """The outcome of a step that returned; a value that JSON cannot hold is a failure of the step."""
    try:
        return {"ok": round_trip(name, value)}
    except ReplyError as error:
        return failed(error)


def failed(error: BaseException) -> Outcome:
    """The outcome of a step that raised."""
    return {"error": record(error)}
