"""What is wrong with an answer, though the skill has given it: limits, time, phrases that show the code. Pure."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from ..errors import ReplyError
from ..limits import Mending, normalize
from ..protocol import BESIDE_RESPONSE, MAX_ANSWER, dumps

#: Seconds that the platform waits for an answer, the network included; a later one ends the session.
DEADLINE = 4.5

#: What no user should hear, and what it comes of.
_SUSPECT = (
    (re.compile(r"\{\w*(?:[.\[!:][^{}]*)?\}"), "a place that nothing fills. Write f'...' or format(...)"),
    (re.compile(r"\bNone\b(?! of\b)"), "a value that is not there"),
    (re.compile(r"<(?:\w+ )?(?:generator|coroutine|async_generator|function|method)\b[^>]*>?"), "a call nobody ran"),
)
_SHOWN = ("text", "tts", "title", "description")


def check(whole: dict[str, Any], heard: str, seconds: float, within: float, may_be_silent: bool) -> None:
    """Look at one answer.

    Args:
        whole: as the platform gets it.
        heard: what the user has said; it may be said back, whatever it is.
        within: seconds it may take.
        may_be_silent: it answers an event, which nobody has asked aloud.

    Raises:
        ReplyError: the first thing that is wrong.

    >>> check({"response": {"text": "Вас None?"}}, "Анна", 0.1, DEADLINE, False)
    Traceback (most recent call last):
      ...
    tornado_alice.errors.ReplyError: text: 'Вас None?' holds None: a value that is not there
    """
    response = whole.get("response")
    if not isinstance(response, dict):
        raise ReplyError(f"response: expected an object, got {response!r}")
    reply = deepcopy(response | {key: whole[key] for key in BESIDE_RESPONSE if key in whole})
    normalize(reply, Mending.NOTHING, may_be_silent)
    if len(dumps(whole)) > MAX_ANSWER:
        raise ReplyError(f"answer: {len(dumps(whole))} bytes, but {MAX_ANSWER} are allowed")
    for place, phrase in _phrases(response):
        _check_phrase(place, phrase, heard)
    if seconds > within:
        raise ReplyError(f"the answer took {seconds:.1f} s, but {within:g} are allowed; wrap what is slow in step(...)")


def _check_phrase(place: str, phrase: str, heard: str) -> None:
    for pattern, cause in _SUSPECT:
        found = next((found[0] for found in pattern.finditer(phrase) if found[0] not in heard), None)
        if found is not None:
            raise ReplyError(f"{place}: {phrase[:200]!r} holds {found}: {cause}")


def _phrases(part: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(place, phrase) of all that is said or shown."""
    if isinstance(part, list):
        for i, one in enumerate(part):
            yield from _phrases(one, f"{place}[{i}]")
    elif isinstance(part, dict):
        for key, value in part.items():
            where = f"{place}.{key}".lstrip(".")
            if isinstance(value, str) and key in _SHOWN:
                yield where, value
            elif key != "payload":
                yield from _phrases(value, where)
