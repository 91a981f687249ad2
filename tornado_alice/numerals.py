"""Russian words beside and instead of numbers. Pure."""

from typing import Literal

Gender = Literal["masculine", "feminine", "neuter"]

#: The number from which on digits are read as well as words.
MAX_IN_WORDS = 10**15

_UNITS = (
    "ноль",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
    "шестнадцать",
    "семнадцать",
    "восемнадцать",
    "девятнадцать",
)
_TENS = (
    "двадцать",
    "тридцать",
    "сорок",
    "пятьдесят",
    "шестьдесят",
    "семьдесят",
    "восемьдесят",
    "девяносто",
)
_HUNDREDS = (
    "сто",
    "двести",
    "триста",
    "четыреста",
    "пятьсот",
    "шестьсот",
    "семьсот",
    "восемьсот",
    "девятьсот",
)
_OTHER: dict[str, dict[int, str]] = {"masculine": {}, "feminine": {1: "одна", 2: "две"}, "neuter": {1: "одно"}}
_THOUSANDS: tuple[tuple[Gender, str, str, str], ...] = (
    ("feminine", "тысяча", "тысячи", "тысяч"),
    ("masculine", "миллион", "миллиона", "миллионов"),
    ("masculine", "миллиард", "миллиарда", "миллиардов"),
    ("masculine", "триллион", "триллиона", "триллионов"),
)


def plural(n: float, one: str, few: str, many: str) -> str:
    """The form of a noun that goes with a number; a fraction takes the second one.

    >>> [f"{n} {plural(n, 'рубль', 'рубля', 'рублей')}" for n in (1, 22, 11, 1.5)]
    ['1 рубль', '22 рубля', '11 рублей', '1.5 рубля']
    """
    n = abs(n)
    if n != int(n):
        return few
    if 11 <= n % 100 <= 14 or not 1 <= n % 10 <= 4:
        return many
    return one if n % 10 == 1 else few


def in_words(n: int, gender: Gender = "masculine") -> str:
    """A whole number in words; from 10**15 on, in digits.

    Args:
        gender: of the noun it counts.

    >>> in_words(21, "feminine"), in_words(2_015), in_words(-1, "neuter")
    ('двадцать одна', 'две тысячи пятнадцать', 'минус одно')
    """
    if gender not in _OTHER:
        raise ValueError(f"gender: {', '.join(_OTHER)}, got {gender!r}")
    if abs(n) >= MAX_IN_WORDS:
        return str(n)
    words = [] if n >= 0 else ["минус"]
    for power in range(len(_THOUSANDS), 0, -1):
        words += _thousands(abs(n) // 1000**power % 1000, *_THOUSANDS[power - 1])
    return " ".join(words + _below_thousand(abs(n) % 1000, gender)) if n else _UNITS[0]


def _thousands(n: int, gender: Gender, one: str, few: str, many: str) -> list[str]:
    return [*_below_thousand(n, gender), plural(n, one, few, many)] if n else []


def _below_thousand(n: int, gender: Gender) -> list[str]:
    words = [_HUNDREDS[n // 100 - 1]] if n >= 100 else []
    n %= 100
    if n >= 20:
        words.append(_TENS[n // 10 - 2])
        n %= 10
    return [*words, _OTHER[gender].get(n, _UNITS[n])] if n else words
