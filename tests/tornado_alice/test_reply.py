"""say()."""

from typing import Any

import pytest

from tornado_alice import (
    Reply,
    ReplyError,
    say,
    suggest,
)


def test_say_is_a_dict() -> None:
    """say() gives the response dict: a phrase, keywords as fields, end_session False unless set."""
    assert say("Привет", tts="прив+ет") == {"text": "Привет", "tts": "прив+ет", "end_session": False}
    assert isinstance(say("a"), dict) and isinstance(say("a"), Reply)
    assert say("a", end_session="true")["end_session"] == "true"


def test_arguments_in_any_order() -> None:
    """Phrases and modifiers may come in any order; one of the phrases is chosen."""
    reply = say(suggest("да"), "раз", suggest(5), "два")
    assert reply["text"] in ("раз", "два")
    assert [b["title"] for b in reply["buttons"]] == ["да", "5"]


def test_every_phrase_is_chosen_sometimes() -> None:
    """Outside of a turn the choice is simply random: all phrases come up."""
    assert {say("а", "б", "в")["text"] for _ in range(200)} == {"а", "б", "в"}


@pytest.mark.parametrize("wrong", [5, None, ["a"], b"a"])
def test_anything_else_in_a_position_is_an_error(wrong: Any) -> None:
    """say() takes str and callables; anything else raises ValueError with what was given."""
    with pytest.raises(ValueError, match=r"say\(\) takes phrases \(str\) and modifiers"):
        say("a", wrong)
    assert issubclass(ReplyError, ValueError)


def test_own_modifier() -> None:
    """A modifier is any callable that takes the response dict."""
    assert say("a", lambda response: response.update(x=1))["x"] == 1
