"""What understands an answer: plain functions Request → the answer, or None if it is none. Pure.

Write your own the same way: ``def size(request): return request.slot("order", "size")``.
"""

import re
from collections.abc import Callable
from datetime import date as Day
from datetime import time as Time
from typing import Any

from .errors import ReplyError
from .morphology import words
from .request import Request

#: Ordinals as they are said of an option, by the beginning of the word.
_ORDINALS = ("перв", "втор", "трет", "четверт", "пят", "шест", "седьм", "восьм", "девят", "десят")
_LAST = "последн"
#: Words around the number of an option.
_OPTION = ("вариант", "ответ", "номер", "пункт", "пожалуйста", "давай", "пусть", "будет")


def text(request: Request) -> str | None:
    """Whatever was said.

    >>> text(Request({"request": {"command": "Мария"}}))
    'Мария'
    """
    return request.command or None


def yes_no(request: Request) -> bool | None:
    """True for a yes, False for a no.

    >>> [yes_no(Request({"request": {"command": said}})) for said in ("да, конечно", "нет", "может быть")]
    [True, False, None]
    """
    if request.said_yes == request.said_no:
        return None
    return request.said_yes


def number(low: float | None = None, high: float | None = None, whole: bool = True) -> Callable[[Request], Any]:
    """A number within these bounds, as the platform recognised it or in digits.

    Args:
        whole: fractions are no answer.

    >>> age = number(1, 120)
    >>> [age(Request({"request": {"command": said}})) for said in ("мне 25 лет", "300", "много")]
    [25, None, None]
    """

    def understand(request: Request) -> int | float | None:
        found = [*request.numbers] or [_number(word) for word in re.findall(r"-?\d+(?:[.,]\d+)?", request.command)]
        fitting = [n for n in found if (low is None or n >= low) and (high is None or n <= high)]
        if whole:
            fitting = [int(n) for n in fitting if n == int(n)]
        return fitting[0] if fitting else None

    return understand


def date(request: Request) -> Day | None:
    """The next day that fits: "завтра", "14 марта"."""
    moments = [moment.upcoming for moment in request.dates]
    return next((moment.date() for moment in moments if moment is not None), None)


def time(request: Request) -> Time | None:
    """A time of day: "в семь", "в половине восьмого"."""
    return next((moment.time for moment in request.dates if moment.time is not None), None)


def city(request: Request) -> str | None:
    """The city that was named, as the platform gives it.

    >>> value = {"city": "москва"}
    >>> city(Request({"request": {"nlu": {"entities": [{"type": "YANDEX.GEO", "value": value}]}}}))
    'москва'
    """
    return next((place.city for place in request.places if place.city), None)


class Choice:
    """One of several options: by a word of it, its number ("второй вариант"), or its button.

    Attributes:
        buttons: titles, which `ask` shows.
    """

    def __init__(self, options: dict[Any, tuple[str, ...]]) -> None:
        self._options = options
        self.buttons = tuple(titles[0] for titles in options.values())

    def __call__(self, request: Request) -> Any:
        heard = _plain(" ".join(request._words))
        for key, titles in self._options.items():
            if heard in map(_plain, titles):
                return key
        for found in (self._named(request), self._numbered(heard)):
            if len(found) == 1:
                return found[0]
        return None

    def _named(self, request: Request) -> list[Any]:
        """Options of which every word was said, in whatever form."""
        fitting = [
            (key, max(len(words(title)) for title in titles if _is_in(request, title)))
            for key, titles in self._options.items()
            if any(_is_in(request, title) for title in titles)
        ]
        longest = max((length for _, length in fitting), default=0)  # "красная рыба" is meant rather than "рыба"
        return [key for key, length in fitting if length == longest]

    def _numbered(self, heard: str) -> list[Any]:
        keys = list(self._options)
        said = [word for word in heard.split() if not word.startswith(_OPTION)]
        if len(said) != 1:
            return []
        if said[0].startswith(_LAST):
            return keys[-1:]
        n = int(said[0]) if said[0].isdecimal() and len(said[0]) < 3 else _ordinal(said[0])
        return keys[n - 1 : n] if n > 0 else []


def choice(*options: str, **named: str | tuple[str, ...]) -> Choice:
    """One of these options; ``choice("да", "нет")`` gives what was chosen, ``choice(cats="кошка")`` its name.

    Args:
        named: name=what the user says, or several ways to say it, the first of which is the title of the button.

    Raises:
        ReplyError: fewer than two options, or one that is empty.

    >>> pet = choice(cats="кошка", dogs=("собака", "пёс"))
    >>> [pet(Request({"request": {"command": said}})) for said in ("Кошку!", "второй вариант", "пес", "рыбку")]
    ['cats', 'dogs', 'dogs', None]
    """
    known: dict[Any, tuple[str, ...]] = {option: (option,) for option in options}
    known |= {key: (titles,) if isinstance(titles, str) else tuple(titles) for key, titles in named.items()}
    if len(known) < 2 or not all(titles and all(map(_plain, titles)) for titles in known.values()):
        raise ReplyError(f"choice(): two or more options with words in them, got {known!r}")
    return Choice(known)


def _is_in(request: Request, title: str) -> bool:
    said = words(title)
    return bool(said) and all(map(request.has_lemmas, said))


def _plain(text: str) -> str:
    return " ".join(words(text)).lower().replace("ё", "е")


def _number(text: str) -> int | float:
    value = float(text.replace(",", "."))
    return int(value) if value == int(value) else value


def _ordinal(word: str) -> int:
    return next((n for n, start in enumerate(_ORDINALS, 1) if word.startswith(start)), 0)
