"""Modifiers: buttons, cards, directives."""

from tornado_alice import (
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


def test_suggest_does_not_change_a_shared_list() -> None:
    """Buttons given as a keyword are not appended to in place: the author's list stays as it was."""
    mine = [{"title": "а"}]
    assert len(say("a", suggest("б"), buttons=mine)["buttons"]) == 2
    assert len(mine) == 1


def test_cards() -> None:
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


def test_buttons() -> None:
    """button() makes one button with url or payload."""
    reply = say("a", button("Сайт", url="https://example.com"), button(1, payload={"x": 1}, hide=True))
    assert reply["buttons"] == [
        {"title": "Сайт", "url": "https://example.com", "hide": False},
        {"title": "1", "payload": {"x": 1}, "hide": True},
    ]


def test_directives() -> None:
    """play, stop, link_account and locate are directives; several stand side by side."""
    reply = say("a", play("https://s", "t", title="x"), link_account(), locate())
    assert set(reply["directives"]) == {"audio_player", "start_account_linking", "request_geolocation"}
    assert reply["directives"]["audio_player"]["item"]["stream"] == {"url": "https://s", "offset_ms": 0, "token": "t"}
    assert say("a", stop())["directives"] == {"audio_player": {"action": "Stop"}}
