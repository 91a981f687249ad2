"""say(): what a script answers. Pure."""

from collections.abc import Callable, Generator
from typing import Any

from . import context
from .errors import ReplyError
from .spoken import Speech

Modifier = Callable[[dict[str, Any]], object]


class Reply(dict[str, Any]):
    """The ``response`` of an answer; ``await`` it in a coroutine, ``yield`` it in a generator.

    Attributes:
        phrases: all phrases it could have been; replay asks whether what the user heard was one of them.
    """

    __slots__ = ("phrases",)

    phrases: tuple[str, ...]

    def __await__(self) -> "Generator[Reply, None, None]":
        yield self


def say(*args: str | Modifier, **kwargs: Any) -> Reply:
    """A reply: one of the phrases at random, changed by the modifiers.

    Args:
        args: phrases (str, or `speech(...)`, which brings its tts) and modifiers (callables that take the response
            dict), in any order.
        kwargs: fields of the response (``tts``, ``end_session``, ``card``, ...); ``session_state``,
            ``user_state_update``, ``application_state`` and ``analytics`` go beside it.

    Raises:
        ReplyError: (a ValueError) an argument is neither str nor callable.

    >>> say("Привет!", tts="прив+ет")
    {'tts': 'прив+ет', 'text': 'Привет!', 'end_session': False}
    """
    for item in args:
        if not isinstance(item, str) and not callable(item):
            raise ReplyError(
                f"say() takes phrases (str) and modifiers (callables), got {type(item).__name__}: {item!r}"
            )
    reply = Reply(kwargs)
    reply.phrases = tuple(item for item in args if isinstance(item, str))
    if reply.phrases:
        phrase = context.choose(reply.phrases)
        reply["text"] = str(phrase)
        if isinstance(phrase, Speech):
            reply.setdefault("tts", phrase.tts)
    reply.setdefault("end_session", False)
    for item in args:
        if not isinstance(item, str):
            item(reply)
    return reply
