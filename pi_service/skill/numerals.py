"""Numbers as people say them, in Russian and English: digits, words, ordinals. Pure."""

import re
from collections.abc import Callable, Iterable

#: Lemmas, as the analyser gives them, of what is said with one word and added to its neighbours.
_SMALL = {
    "ноль нуль нулевой zero": 0,
    "один первый раз one first": 1,
    "два второй two second": 2,
    "три третий three third": 3,
    "четыре четвёртый четвертый four fourth": 4,
    "пять пятый five fifth": 5,
    "шесть шестой six sixth": 6,
    "семь седьмой seven seventh": 7,
    "восемь восьмой eight eighth": 8,
    "девять девятый nine ninth": 9,
    "десять десятый десятая ten tenth": 10,
    "одиннадцать одиннадцатый eleven eleventh": 11,
    "двенадцать двенадцатый twelve twelfth": 12,
    "тринадцать тринадцатый thirteen thirteenth": 13,
    "четырнадцать четырнадцатый fourteen fourteenth": 14,
    "пятнадцать пятнадцатый fifteen fifteenth": 15,
    "шестнадцать шестнадцатый sixteen sixteenth": 16,
    "семнадцать семнадцатый seventeen seventeenth": 17,
    "восемнадцать восемнадцатый eighteen eighteenth": 18,
    "девятнадцать девятнадцатый nineteen nineteenth": 19,
    "двадцать двадцатый twenty twentieth": 20,
    "тридцать тридцатый thirty thirtieth": 30,
    "сорок сороковой forty fortieth": 40,
    "пятьдесят пятидесятый fifty fiftieth": 50,
    "шестьдесят шестидесятый sixty sixtieth": 60,
    "семьдесят семидесятый seventy seventieth": 70,
    "восемьдесят восьмидесятый eighty eightieth": 80,
    "девяносто девяностый ninety ninetieth": 90,
    "сто сотый сотая сотня": 100,
    "двести двухсотый": 200,
    "триста трёхсотый трехсотый": 300,
    "четыреста четырёхсотый четырехсотый": 400,
    "пятьсот пятисотый": 500,
    "шестьсот шестисотый": 600,
    "семьсот семисотый": 700,
    "восемьсот восьмисотый": 800,
    "девятьсот девятисотый": 900,
}
#: What the words before are multiplied by.
_MULTIPLIERS = {
    "hundred hundredth": 100,
    "тысяча тысячный тысячная thousand thousandth": 1_000,
    "миллион миллионный миллионная million millionth": 1_000_000,
    "миллиард миллиардный billion billionth": 1_000_000_000,
}
#: January is the first.
_MONTHS = (
    "январь january",
    "февраль february",
    "март march",
    "апрель april",
    "май may",
    "июнь june",
    "июль july",
    "август august",
    "сентябрь september",
    "октябрь october",
    "ноябрь november",
    "декабрь december",
)

#: First halves of compounds such as "десятимиллионный".
_HALVES = {
    "двух": "два",
    "трёх": "три",
    "трех": "три",
    "четырёх": "четыре",
    "четырех": "четыре",
    "пяти": "пять",
    "шести": "шесть",
    "семи": "семь",
    "восьми": "восемь",
    "девяти": "девять",
    "десяти": "десять",
    "двадцати": "двадцать",
    "тридцати": "тридцать",
    "сорока": "сорок",
    "пятидесяти": "пятьдесят",
    "сто": "сто",
}

Lemma = Callable[[str], str]


def words_of(text: str, lemma: Lemma) -> list[str]:
    """Lemmas of the words of `text`, digits as they are; "1 000 000" is one word.

    >>> words_of("цифра 1 000 000", str)
    ['цифра', '1000000']
    """
    joined = re.sub(r"(?<=\d)[\s.,](?=\d{3}(?!\d))", "", text.lower())
    words = (word if word.isdecimal() else lemma(word) for word in re.findall(r"\d+|[^\W\d]+", joined))
    return [part for word in words for part in _halves(word)]


def numbers(words: Iterable[str]) -> list[int]:
    """The numbers said, in order; consecutive words make one number as long as they can.

    >>> numbers(["двадцать", "пять", "тысяча", "третий"]), numbers(["один", "четыре"]), numbers(["миллионный"])
    ([25003], [1, 4], [1000000])
    """
    found: list[int] = []
    total, part, room = 0, None, 0
    for word in [*words, ""]:
        value, factor = _value(word), _lookup(_MULTIPLIERS, word)
        if value is not None and (part is None or room > value):
            part = (part or 0) + value
            room = _room(value) if not word.isdecimal() else 0
        elif factor is not None and (factor > 100 or part is not None):
            total += (part if part is not None else 1) * factor if factor > 100 else 0
            part, room = (None, 0) if factor > 100 else ((part or 1) * factor, 100)
        else:
            if part is not None or total:
                found.append(total + (part or 0))
            total, part, room = 0, value, _room(value) if value is not None and not word.isdecimal() else 0
    return found


def digits(words: Iterable[str]) -> str:
    """The digits said, one by one or in groups; leading zeros stay.

    >>> digits(["один", "ноль", "15", "девять"])
    '10159'
    """
    return "".join(word if word.isdecimal() else str(_value(word)) for word in words if _value(word) is not None)


def date(words: list[str]) -> tuple[int, int, int | None] | None:
    """(day, month, year or None) of "14 марта 1990", or None.

    >>> date(["14", "март", "1990"]), date(["день"])
    ((14, 3, 1990), None)
    """
    for i, word in enumerate(words):
        month = next((m for m, names in enumerate(_MONTHS, 1) if word in names.split()), None)
        if month is None:
            continue
        before, after = numbers(words[:i]), numbers(words[i + 1 :])
        if before and 1 <= before[-1] <= 31:
            return before[-1], month, after[0] if after and 0 < after[0] <= 9999 else None
    return None


def _halves(word: str) -> list[str]:
    """A compound ordinal as two words, any other word as it is."""
    for ending in ("тысячный", "миллионный"):
        half = _HALVES.get(word.removesuffix(ending)) if word.endswith(ending) else None
        if half is not None:
            return [half, ending]
    return [word]


def _value(word: str) -> int | None:
    # a number of more digits than any limit is cut: it stays too large, and int() stays quick
    return int(word[:20]) if word.isdecimal() else _lookup(_SMALL, word)


def _lookup(table: dict[str, int], word: str) -> int | None:
    return next((value for names, value in table.items() if word and word in names.split()), None)


def _room(value: int) -> int:
    """What may still be added to a number word: after hundreds less than 100, after tens less than 10."""
    if value >= 100:
        return 100
    return 10 if value >= 20 else 0
