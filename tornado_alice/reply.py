"""say(): what a script answers. Pure."""

import logging
from collections.abc import Callable, Generator
from typing import Any

from . import context
from .errors import ReplyError
from .limits import FIELDS
from .spoken import Speech
from .subscripts import remedy
from .unheard import Command, on_made

log = logging.getLogger(__name__)

#: Keywords of say().
_KNOWN = {*FIELDS, "extra"}
#: Modifiers whose names are written as keywords by mistake.
_MODIFIERS = {"suggest", "button", "image", "items", "gallery", "play", "purchase", "event"}

Modifier = Callable[[dict[str, Any]], object]


class Reply(dict[str, Any], Command):
    """The ``response`` of an answer; ``await`` it in a coroutine, ``yield`` it in a generator.

    Attributes:
        phrases: all phrases it could have been; replay asks whether what the user heard was one of them.
        takes: types of events that this prompt waits for, beside words.
    """

    __slots__ = ("heard", "made_at", "phrases", "takes")

    call = "say"

    phrases: tuple[str, ...]
    takes: tuple[str, ...]

    def __await__(self) -> "Generator[Reply, None, None]":
        yield self


def say(*args: str | Modifier, **kwargs: Any) -> Reply:
    """A reply: one of the phrases at random, changed by the modifiers.

    Args:
        args: phrases (str, or `speech(...)`, which brings its tts) and modifiers (callables that take the response
            dict), in any order.
        kwargs: fields of the response (``tts``, ``end_session``, ``card``, ...); ``session_state``,
            ``user_state_update``, ``application_state`` and ``analytics`` go beside it. ``extra={...}`` holds fields of
            the response that this library does not know.

    Raises:
        ReplyError: (a ValueError) an argument is neither str nor callable; a keyword is no field of the protocol (in
            production it is sent as it is, and the log tells).

    >>> say("Привет!", tts="прив+ет")
    {'tts': 'прив+ет', 'text': 'Привет!', 'end_session': False}
    """
    for item in args:
        if not isinstance(item, str) and not callable(item):
            what = f"say() takes phrases (str) and modifiers (callables), got {type(item).__name__}: {item!r}"
            instead = remedy(item)
            raise ReplyError(what if instead is None else f"{what}; {instead}")
    unknown = kwargs.keys() - _KNOWN
    if unknown:
        _tell_unknown(min(unknown))
    reply = Reply(_with_extra(kwargs) if "extra" in kwargs else kwargs)
    for tell in on_made:
        tell(reply)
    reply.phrases, reply.takes = tuple(item for item in args if isinstance(item, str)), ()
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


def _tell_unknown(keyword: str) -> None:
    from difflib import get_close_matches  # here: for mistakes alone

    near = get_close_matches(keyword, _KNOWN | _MODIFIERS, 1)
    hint = f"Did you mean {near[0]}{'(...), a modifier' if near[0] in _MODIFIERS else ''}? " if near else ""
    message = f"say() has no field {keyword!r}. {hint}A new field of the platform goes through extra={{...}}"
    turn = context.current.get()
    if turn is None or turn.strict:
        raise ReplyError(message)
    if not turn.replaying:
        log.warning("session %s: %s", turn.request.get("session", {}).get("session_id"), message)


def _with_extra(kwargs: dict[str, Any]) -> dict[str, Any]:
    extra = kwargs["extra"]
    if not isinstance(extra, dict):
        raise ReplyError(f"extra: expected a dict of fields, got {extra!r}")
    return {key: value for key, value in kwargs.items() if key != "extra"} | extra
