"""Numbers as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pi_service.skill.numerals import date, digits, numbers, words_of
from tornado_alice.morphology import lemmatizer

LEMMA = lemmatizer()
UNITS = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"]
TEENS = ["десять", "одиннадцать", "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать"]
TEENS += ["семнадцать", "восемнадцать", "девятнадцать"]
TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]


def spoken(n: int) -> list[str]:
    """A number below 10^9 in Russian words, cases left aside."""
    if n >= 1_000_000:
        return [*spoken(n // 1_000_000), "миллион", *(spoken(n % 1_000_000) if n % 1_000_000 else [])]
    if n >= 1000:
        return [*spoken(n // 1000), "тысяча", *(spoken(n % 1000) if n % 1000 else [])]
    if n >= 100:
        return [HUNDREDS[n // 100 - 1], *(spoken(n % 100) if n % 100 else [])]
    if n >= 20:
        return [TENS[n // 10 - 2], *(spoken(n % 10) if n % 10 else [])]
    return [[*UNITS, *TEENS][n]]


@given(st.integers(0, 999_999_999))
def test_any_number_in_words(n: int) -> None:
    """Whatever number is said in Russian words, it is understood."""
    assert numbers(spoken(n)) == [n]


@given(st.integers(0, 999_999_999))
def test_any_number_in_digits(n: int) -> None:
    """A number in digits is understood with and without spaces between the thousands."""
    assert numbers(words_of(f"цифра {n}", LEMMA)) == [n]
    assert numbers(words_of(f"{n:,}".replace(",", " "), LEMMA)) == [n]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("назови тысячную цифру", [1000]),
        ("миллионная", [1_000_000]),
        ("сто двадцать пятую", [125]),
        ("пять миллионов", [5_000_000]),
        ("десятимиллионную", [10_000_000]),
        ("двухтысячная цифра", [2000]),
        ("двадцать пять тысяч третью", [25_003]),
        ("one hundred twenty third", [123]),
        ("two thousand five hundred", [2500]),
        ("какая погода", []),
        ("9" * 5000, [int("9" * 20)]),
    ],
)
def test_phrases(said: str, heard: list[int]) -> None:
    """Ordinals, cases and English words are understood; a number of thousands of digits stays too large, and cheap."""
    assert numbers(words_of(said, LEMMA)) == heard


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("14 марта 1990", (14, 3, 1990)),
        ("найди первое мая", (1, 5, None)),
        ("14 марта тысяча девятьсот девяностого года", (14, 3, 1990)),
        ("march", None),
        ("32 января", None),
    ],
)
def test_dates(said: str, heard: tuple[int | None, int | None, int | None] | None) -> None:
    """A date is a day, a month by name, and perhaps a year."""
    assert date(words_of(said, LEMMA)) == heard


def test_digits_one_by_one() -> None:
    """Digits said one by one, in groups or in words make one string; leading zeros stay."""
    assert digits(words_of("один четыре 15 девять 0 02", LEMMA)) == "14159002"
