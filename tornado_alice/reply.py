"""say(): what a script answers. Pure."""

from collections.abc import Callable, Generator
from typing import Any

from . import context
from .errors import ReplyError
from .subscripts import remedy
from .unheard import Command

Modifier = Callable[[dict[str, Any]], object]


class Reply(dict[str, Any], Command):
    """The ``response`` of an answer; ``await`` it in a coroutine, ``yield`` it in a generator.

    Attributes:
        phrases: all phrases it could have been; replay asks whether what the user heard was one of them.
    """

    __slots__ = ("heard", "phrases")

    call = "say"

    phrases: tuple[str, ...]

    def __await__(self) -> "Generator[Reply, None, None]":
        yield self


def say(*args: str | Modifier, **kwargs: Any) -> Reply:
    """A reply: one of the phrases at random, changed by the modifiers.

    Args:
        args: phrases (str) and modifiers (callables that take the response dict), in any order.
        kwargs: fields of the response (``tts``, ``end_session``, ``card``, ...); ``session_state``,
            ``user_state_update``, ``application_state`` and ``analytics`` go beside it.

    Raises:
        ReplyError: (a ValueError) an argument is neither str nor callable.

    >>> say("Привет!", tts="прив+ет")
    {'tts': 'прив+ет', 'text': 'Привет!', 'end_session': False}
    """
    for item in args:
        if not isinstance(item, str) and not callable(item):
            what = f"say() takes phrases (str) and modifiers (callables), got {type(item).__name__}: {item!r}"
            instead = remedy(item)
            raise ReplyError(what if instead is None else f"{what}; {instead}")
    reply = Reply(kwargs)
    reply.phrases = tuple(item for item in args if isinstance(item, str))
    if reply.phrases:
        reply["text"] = context.choose(reply.phrases)
    reply.setdefault("end_session", False)
    for item in args:
        if not isinstance(item, str):
            item(reply)
    return reply
