"""say() and modifiers."""

import pytest

from tornado_alice import (
    Reply,
    ReplyError,
    button,
    gallery,
    image,
    item,
    items,
    link_account,
    locate,
    play,
    say,
    stop,
    suggest,
)


def test_say_is_a_dict():
    """say() gives the response dict: a phrase, keywords as fields, end_session False unless set."""
    assert say("Привет", tts="прив+ет") == {"text": "Привет", "tts": "прив+ет", "end_session": False}
    assert isinstance(say("a"), dict) and isinstance(say("a"), Reply)
    assert say("a", end_session="true")["end_session"] == "true"


def test_arguments_in_any_order():
    """Phrases and modifiers may come in any order; one of the phrases is chosen."""
    reply = say(suggest("да"), "раз", suggest(5), "два")
    assert reply["text"] in ("раз", "два")
    assert [b["title"] for b in reply["buttons"]] == ["да", "5"]


def test_every_phrase_is_chosen_sometimes():
    """Outside of a turn the choice is simply random: all phrases come up."""
    assert {say("а", "б", "в")["text"] for _ in range(200)} == {"а", "б", "в"}


@pytest.mark.parametrize("wrong", [5, None, ["a"], b"a"])
def test_anything_else_in_a_position_is_an_error(wrong):
    """say() takes str and callables; anything else raises ValueError with what was given."""
    with pytest.raises(ValueError, match=r"say\(\) takes phrases \(str\) and modifiers"):
        say("a", wrong)
    assert issubclass(ReplyError, ValueError)


def test_own_modifier():
    """A modifier is any callable that takes the response dict."""
    assert say("a", lambda response: response.update(x=1))["x"] == 1


def test_suggest_does_not_change_a_shared_list():
    """Buttons given as a keyword are not appended to in place: the author's list stays as it was."""
    mine = [{"title": "а"}]
    assert len(say("a", suggest("б"), buttons=mine)["buttons"]) == 2
    assert len(mine) == 1


def test_cards():
    """image, items and gallery make the cards of the protocol, without empty fields."""
    assert say("a", image("1/2", "t"))["card"] == {"type": "BigImage", "image_id": "1/2", "title": "t"}
    card = say("a", items(item("t", payload=0), header="h", footer="f"))["card"]
    assert card == {
        "type": "ItemsList",
        "header": {"text": "h"},
        "items": [{"title": "t", "button": {"payload": 0}}],
        "footer": {"text": "f"},
    }
    assert say("a", gallery(item("t", image_id="1/2")))["card"]["items"] == [{"title": "t", "image_id": "1/2"}]


def test_buttons():
    """button() makes one button with url or payload."""
    reply = say("a", button("Сайт", url="https://example.com"), button(1, payload={"x": 1}, hide=True))
    assert reply["buttons"] == [
        {"title": "Сайт", "url": "https://example.com", "hide": False},
        {"title": "1", "payload": {"x": 1}, "hide": True},
    ]


def test_directives():
    """play, stop, link_account and locate are directives; several stand side by side."""
    reply = say("a", play("https://s", "t", title="x"), link_account(), locate())
    assert set(reply["directives"]) == {"audio_player", "start_account_linking", "request_geolocation"}
    assert reply["directives"]["audio_player"]["item"]["stream"] == {"url": "https://s", "offset_ms": 0, "token": "t"}
    assert say("a", stop())["directives"] == {"audio_player": {"action": "Stop"}}
