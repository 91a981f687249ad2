"""What the platform understands of an utterance, as far as a test needs it without saying so. Pure.

Numbers in digits and in words of the basic form ("двадцать пять", "две"), days and hours as people mostly say them,
and the intents that every skill gets. The platform knows more; a test names the rest: ``say("...", entities=[...])``.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..entities import says_no, says_yes
from ..numerals import in_words
from .requests import heard

_WORDS = {in_words(n): n for n in (*range(20), *range(20, 100, 10), *range(100, 1000, 100))} | {"одна": 1, "две": 2}
_POWERS = {"тысяч": 1000, "миллион": 10**6, "миллиард": 10**9}
_MONTHS = [
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
]
_DAYS = {"позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "послезавтра": 2}
_UNITS = {"минут": "minute", "час": "hour", "де": "day", "дн": "day", "месяц": "month", "год": "year", "лет": "year"}
_INTENTS = {
    "YANDEX.HELP": r"помощь|помоги( мне)?|справка",
    "YANDEX.WHAT_CAN_YOU_DO": r"что ты (умеешь|можешь)( делать)?",
    "YANDEX.REPEAT": r"повтори(те)?( (ещё|еще) раз)?|(ещё|еще) раз",
}


class Span(NamedTuple):
    """A value and the tokens it was said with: the first, and the one after the last."""

    start: int
    end: int
    value: Any

    def entity(self, type: str) -> dict[str, Any]:
        """As it stands in ``nlu.entities``."""
        return {"type": type, "tokens": {"start": self.start, "end": self.end}, "value": self.value}


def utterance(
    text: str,
    numbers: Sequence[float] | None = None,
    entities: Sequence[Mapping[str, Any]] | None = None,
    intents: Collection[str] | Mapping[str, Mapping[str, Any]] | None = None,
    dangerous: bool = False,
) -> dict[str, Any]:
    """The ``request`` of words that were said; see `User.say`.

    >>> utterance("Привет, Алиса!")["nlu"]["tokens"]
    ['привет', 'алиса']
    """
    command, tokens = heard(text)
    return {
        "type": "SimpleUtterance",
        "command": command,
        "original_utterance": text,
        "markup": {"dangerous_context": dangerous},
        "nlu": {
            "tokens": tokens,
            "entities": entities_of(tokens, numbers, entities),
            "intents": intents_of(tokens, intents),
        },
    }


def entities(tokens: Sequence[str]) -> list[dict[str, Any]]:
    """The numbers and moments in an utterance.

    >>> [entity["value"] for entity in entities("завтра в двадцать два".split())]
    [22, {'day': 1, 'day_is_relative': True}, {'hour': 22}]
    """
    said = numbers(tokens)
    return [span.entity("YANDEX.NUMBER") for span in said] + [
        span.entity("YANDEX.DATETIME") for span in moments(tokens, said)
    ]


def intents(tokens: Sequence[str]) -> dict[str, Any]:
    """The intents that every skill gets.

    >>> list(intents(["повтори"])), list(intents(["да", "конечно"])), list(intents(["привет"]))
    (['YANDEX.REPEAT'], ['YANDEX.CONFIRM'], [])
    """
    said = " ".join(tokens)
    found = [name for name, pattern in _INTENTS.items() if re.fullmatch(pattern, said)]
    found += ["YANDEX.CONFIRM"] if says_yes(tokens) else []
    found += ["YANDEX.REJECT"] if says_no(tokens) else []
    return {name: {"slots": {}} for name in found}


def entities_of(
    tokens: Sequence[str], numbers: Sequence[float] | None, others: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """``nlu.entities``: what is given, and what is recognised where None is."""
    said = entities(tokens)
    everywhere = Span(0, len(tokens), None).entity("")
    counted = [one for one in said if one["type"] == "YANDEX.NUMBER"]
    if numbers is not None:
        counted = [everywhere | {"type": "YANDEX.NUMBER", "value": number} for number in numbers]
    if others is None:
        return counted + [one for one in said if one["type"] != "YANDEX.NUMBER"]
    return counted + [everywhere | dict(one) for one in others]


def intents_of(
    tokens: Sequence[str], given: Collection[str] | Mapping[str, Mapping[str, Any]] | None
) -> dict[str, Any]:
    """``nlu.intents``: names or name → {slot: value}, and what is recognised where None is.

    >>> intents_of([], {"order": {"size": "большую"}})
    {'order': {'slots': {'size': {'type': 'YANDEX.STRING', 'value': 'большую'}}}}
    """
    if given is None:
        return intents(tokens)
    named = given if isinstance(given, Mapping) else {name: {} for name in given}
    return {
        name: {"slots": {slot: {"type": "YANDEX.STRING", "value": value} for slot, value in slots.items()}}
        for name, slots in named.items()
    }


def numbers(tokens: Sequence[str]) -> list[Span]:
    """The numbers, in digits and in words.

    >>> [span.value for span in numbers("минус две тысячи пять или 1,5".split())]
    [-2005, 1.5]
    """
    found, at = list[Span](), 0
    while at < len(tokens):
        span = _digits(tokens, at) or _in_words(tokens, at)
        if span is not None and at and tokens[at - 1] == "минус":
            span = Span(at - 1, span.end, -span.value)
        found += [span] if span is not None else []
        at = span.end if span is not None else at + 1
    return found


def _digits(tokens: Sequence[str], at: int) -> Span | None:
    if not re.fullmatch(r"-?\d+([.,]\d+)?", tokens[at], re.ASCII):
        return None
    value = float(tokens[at].replace(",", "."))
    return Span(at, at + 1, int(value) if value == int(value) else value)


def _in_words(tokens: Sequence[str], start: int) -> Span | None:
    total, part, room, at = 0, 0, 1000, start
    for word in tokens[start:]:
        power = next((power for stem, power in _POWERS.items() if re.fullmatch(f"{stem}(а|и|ов)?", word)), 0)
        value = _WORDS.get(word, 0)
        if power and (not total or total > power):
            total, part, room = total + (part or 1) * power, 0, 1000
        elif word in _WORDS and value < room:
            part, room = part + value, 100 if value >= 100 else 10 if value >= 20 else 0
        else:
            break
        at += 1
    return Span(start, at, total + part) if at > start else None


def moments(tokens: Sequence[str], said: Sequence[Span]) -> Iterator[Span]:
    """The days and hours, with the numbers in them.

    >>> [span.value for span in moments("через 2 часа".split(), [Span(1, 2, 2)])]
    [{'hour': 2, 'hour_is_relative': True}]
    """
    starts = {span.start: span for span in said}
    parts, at = list[tuple[int, int, str]](), 0
    while at < len(tokens):
        span = starts.get(at, Span(at, at + 1, tokens[at]))
        parts.append((at, span.end, str(span.value)))
        at = span.end
    text = " ".join(part for *_, part in parts)
    for pattern, read in _MOMENTS:
        for match in re.finditer(rf"\b(?:{pattern})(?!\S)", text):
            first, last = text[: match.start()].count(" "), text[: match.end()].count(" ")
            value = read(match)
            if value:
                yield Span(parts[first][0], parts[last][1], value)


def _day(match: re.Match[str]) -> dict[str, Any]:
    return {"day": _DAYS[match[0]], "day_is_relative": True}


def _later(match: re.Match[str]) -> dict[str, Any]:
    unit = next(unit for stem, unit in _UNITS.items() if match[2].startswith(stem))
    return {unit: int(match[1] or 1), f"{unit}_is_relative": True}


def _hour(match: re.Match[str]) -> dict[str, Any]:
    hour, minute = int(match[1]), match[2] or match[3]
    if match[4] in ("дня", "вечера") and hour < 12:
        hour += 12
    elif match[4] == "ночи" and hour == 12:
        hour = 0
    return ({"hour": hour} | ({"minute": int(minute)} if minute else {})) if hour < 24 and int(minute or 0) < 60 else {}


def _date(match: re.Match[str]) -> dict[str, Any]:
    return {"day": int(match[1]), "month": _MONTHS.index(match[2]) + 1} | ({"year": int(match[3])} if match[3] else {})


#: How a moment is said, and what it means.
_MOMENTS: tuple[tuple[str, Callable[[re.Match[str]], dict[str, Any]]], ...] = (
    ("|".join(_DAYS), _day),
    (r"через(?: (\d+))? (минут[уы]?|час(?:а|ов)?|день|дня|дней|месяц(?:а|ев)?|года?|лет)", _later),
    (r"в (\d\d?)(?::(\d\d)| (\d\d))?(?: час(?:а|ов)?)?(?: (утра|дня|вечера|ночи))?", _hour),
    (rf"(\d\d?) ({'|'.join(_MONTHS)})(?: (\d{{4}})(?: года)?)?", _date),
)
