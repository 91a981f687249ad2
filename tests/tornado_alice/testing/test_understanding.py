"""What a test's platform understands of an utterance."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_alice import in_words
from tornado_alice.dates import moments
from tornado_alice.testing.requests import heard
from tornado_alice.testing.understanding import entities, intents, numbers


@given(n=st.integers(-(10**12) + 1, 10**12 - 1), gender=st.sampled_from(["masculine", "feminine"]))
def test_numbers_in_words(n: int, gender: Any) -> None:
    """A number in words is read as what it was, from its first word to its last."""
    tokens = in_words(n, gender).split()
    assert [(span.start, span.end, span.value) for span in numbers(tokens)] == [(0, len(tokens), n)]


@given(said=st.text("аб ,.!?-–«»1", max_size=30))
def test_tokens_have_no_punctuation(said: str) -> None:
    """Whatever is said, tokens are words and numbers ("1,5" is one), and the command holds the same words."""
    command, tokens = heard(said)
    assert all(token.isalnum() or token[-1] == "1" for token in tokens)
    assert command.replace(" ", "").replace("-", "") == "".join(tokens).replace("-", "")


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("два и три", [2, 3]),
        ("двадцать пять тысяч сто", [25100]),
        ("пять шесть", [5, 6]),
        ("двадцать пятнадцать", [20, 15]),
        ("тысяча миллион", [1000, 10**6]),
        ("полтора или 1,5 и -3", [1.5, -3]),
        ("ни одного", []),
    ],
)
def test_numbers_beside_each_other(said: str, values: list[float]) -> None:
    """Numbers that do not make one number stay apart."""
    assert [span.value for span in numbers(heard(said)[1])] == values


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("завтра в семь вечера", "2026-03-11 19:00"),
        ("Послезавтра, в 8 утра.", "2026-03-12 08:00"),
        ("в 18 30", "2026-03-10 18:30"),
        ("в 9:15", "2026-03-11 09:15"),
        ("через два часа", "2026-03-10 20:00"),
        ("через минуту", "2026-03-10 18:01"),
        ("через 3 дня", "2026-03-13 00:00"),
        ("двадцать девятого", None),
        ("14 марта", "2026-03-14 00:00"),
        ("5 мая 2027 года в 12 ночи", "2027-05-05 00:00"),
        ("в 45 случаях", None),
        ("в марте", None),
    ],
)
def test_moments(said: str, at: str | None) -> None:
    """Days and hours mean what they say."""
    now = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)
    found = [one for one in entities(heard(said)[1]) if one["type"] == "YANDEX.DATETIME"]
    spans = [(one["tokens"]["start"], one["tokens"]["end"], one["value"]) for one in found]
    told = [f"{moment.upcoming:%Y-%m-%d %H:%M}" for moment in moments(spans, now) if moment.upcoming is not None]
    assert told == ([] if at is None else [at])


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Да, конечно!", "YANDEX.CONFIRM"),
        ("нет, спасибо", "YANDEX.REJECT"),
        ("Помощь", "YANDEX.HELP"),
        ("Что ты умеешь?", "YANDEX.WHAT_CAN_YOU_DO"),
        ("повтори ещё раз", "YANDEX.REPEAT"),
        ("да или нет", None),
        ("помощь не нужна", None),
    ],
)
def test_intents(said: str, name: str | None) -> None:
    """The intents that every skill gets, for whole utterances."""
    assert list(intents(heard(said)[1])) == ([] if name is None else [name])
