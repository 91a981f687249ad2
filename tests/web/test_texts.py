"""The two languages of the pages say the same things."""

import re
from typing import Any

from pi_service.handlers.texts import EN, LANGUAGES, RU, texts
from pi_service.jobs import Stage
from pi_service.listing import SORTS


def shape(words: Any) -> Any:
    """Keys, and the names in braces of each text."""
    if isinstance(words, dict):
        return {key: shape(value) for key, value in words.items()}
    return sorted(re.findall(r"\{(\w+)\}", words))


def test_languages_have_the_same_keys_and_fields() -> None:
    """A text of one language exists in the other, with the same fields to fill in."""
    assert shape(EN) == shape(RU)


def test_every_order_of_the_table_has_words() -> None:
    """Whatever the address can order by, the menu can show."""
    for lang in LANGUAGES:
        assert set(texts(lang)["orders"]) == {sign + column for column in SORTS for sign in ("", "-")}


def test_every_stage_has_a_word() -> None:
    """No status that the service knows is shown without a word."""
    assert [set(texts(lang)["status"]) for lang in LANGUAGES] == [set(Stage)] * 2
