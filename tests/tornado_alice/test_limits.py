"""Replies beyond the limits: errors where the author looks on, the longest valid form in production."""

from typing import Any

import pytest

from tornado_alice import (
    ReplyError,
    Skill,
    confirm_purchase,
    event,
    gallery,
    image,
    item,
    items,
    link,
    play,
    product,
    purchase,
    say,
    should_listen,
    show_item_meta,
)
from tornado_alice.limits import Mending, normalize
from tornado_alice.testing import Dialog

LIST = {"type": "ItemsList"}
#: The wrong reply, what an author reads, and what production sends of it beside text and end_session.
WRONG: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"tts": 5}, "tts: expected a string", {}),
    ({"buttons": "б"}, "buttons: expected a list", {"buttons": []}),
    ({"buttons": [{}, {"title": "б"}]}, r"buttons\[0\].title: required", {"buttons": [{"title": "б"}]}),
    ({"buttons": [{"title": "б", "url": "u" * 1025}]}, "url: 1025 bytes", {"buttons": [{"title": "б"}]}),
    ({"buttons": [{"title": "б", "payload": {1}}]}, "payload: .*JSON", {"buttons": [{"title": "б"}]}),
    ({"card": 5}, "card: expected an object", {}),
    ({"card": {"type": "Video"}}, "card.type: BigImage, ItemsList, ImageGallery, got 'Video'", {}),
    ({"card": {"type": "BigImage", "title": "а"}}, "card.image_id: required", {}),
    ({"card": LIST | {"items": []}}, "ItemsList takes 1 to 5 items, got 0", {}),
    ({"card": LIST | {"items": 5}}, "ItemsList takes 1 to 5 items, got 5", {}),
    (
        {"card": LIST | {"items": [{"title": "а"}] * 6}},
        "takes 1 to 5 items, got 6",
        {"card": LIST | {"items": [{"title": "а"}] * 5}},
    ),
    (
        {"card": LIST | {"items": [{"image_id": "1"}, {"title": "а"}]}},
        r"card.items\[0\].title: required",
        {"card": LIST | {"items": [{"title": "а"}]}},
    ),
    ({"card": {"type": "ImageGallery", "items": [{"title": "а"}]}}, r"items\[0\].image_id: required", {}),
    ({"directives": {"audio_player": {"action": "Go"}}}, "action: Play or Stop, got 'Go'", {"directives": {}}),
    ({"directives": {"audio_player": {"action": "Play"}}}, "item.stream.url: required", {"directives": {}}),
    ({"should_listen": "no"}, "should_listen: true or false, got 'no'", {"should_listen": True}),
    ({"session_state": {"a": "б" * 1024}}, "session_state: .* bytes, but 1024", {}),
    ({"user_state_update": {"a": {1}}}, "user_state_update: .*JSON", {}),
    ({"user_state_update": [1]}, "user_state_update: expected an object", {}),
    (
        {"analytics": {"events": [{"name": "x", "value": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, {"name": "y"}]}},
        "deeper than 5",
        {"analytics": {"events": [{"name": "y"}]}},
    ),
]


def a_skill(**fields: Any) -> Skill:
    skill = Skill("limits")

    @skill.script
    def run():
        yield say("а", **fields)
        yield say("дальше")

    return skill


@pytest.mark.parametrize(("wrong", "message", "sent"), WRONG)
def test_wrong_replies(wrong: dict[str, Any], message: str, sent: dict[str, Any]) -> None:
    """Where the author looks on, the error names the field; in production the longest valid form is told and sent."""
    for mending in (Mending.TEXTS, Mending.NOTHING):
        with pytest.raises(ReplyError, match=message):
            normalize(say("а", **wrong), mending)
    reply = say("а", **wrong)
    assert len(normalize(reply, Mending.ALL)) == 1
    assert reply == {"text": "а", "end_session": False} | sent
    assert normalize(reply, Mending.NOTHING) == []


def test_a_reply_that_says_nothing_is_an_error_everywhere() -> None:
    """There is no longest valid form of nothing."""
    for reply in ({}, {"text": ""}, {"text": "", "tts": 5}):
        with pytest.raises(ReplyError, match="text: "):
            normalize(dict(reply), Mending.ALL)


@pytest.mark.usefixtures("replay_mode")
def test_production_goes_on(logs: Any) -> None:
    """In production a wrong card is left out and told with its line; the dialog goes on, live or replayed."""
    with Dialog(a_skill(card={"type": "Video"}), strict=False) as alice:
        answer = alice.say()
        assert answer == "а" and "card" not in answer.response and not answer.ended
        assert alice.say("ещё") == "дальше"
    assert "test_limits.py" in logs.take("card.type")


def test_strict_tests_refuse_what_is_cut_otherwise(logs: Any) -> None:
    """A strict Dialog takes a phrase that is too long as an error at its line."""
    skill = Skill("long", strict=True)

    @skill.script
    def run():
        yield say("я" * 1100)

    with (
        Dialog(skill, strict=True) as alice,
        pytest.raises(ReplyError, match="text: 1100 characters, but 1024 are allowed"),
    ):
        alice.say()
    assert "test_limits.py" in logs.take("text: 1100 characters, but 1024 are allowed")


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("endsession", "Did you mean end_session?"),
        ("sugest", r"Did you mean suggest\(...\), a modifier\?"),
        ("xyz", "extra="),
    ],
)
def test_unknown_keywords_name_the_nearest(keyword: str, hint: str, logs: Any) -> None:
    """A keyword that is no field is an error that names the nearest; in production it is sent as before, and told."""
    with pytest.raises(ReplyError, match=rf"say\(\) has no field '{keyword}'.*{hint}"):
        say("а", **{keyword: True})
    with Dialog(a_skill(**{keyword: True}), strict=False) as alice:
        assert alice.say().response[keyword] is True
    logs.take("has no field")


def test_new_fields_go_through_extra() -> None:
    """extra={...} holds fields that the library does not know yet."""
    assert say("а", extra={"new_field": 1}) == {"text": "а", "end_session": False, "new_field": 1}
    with pytest.raises(ReplyError, match="extra: expected a dict"):
        say("а", extra=5)


def test_all_modifiers_make_what_the_platform_takes() -> None:
    """Every row of the protocol is a modifier whose result passes the checks untouched."""
    pizza = product("p", "Пицца", 500, user_price="450.50")
    for reply in (
        say("а", image("1/2", "т", "о", button=link("к", url="https://e.com"))),
        say(
            "а",
            items(item("т", image_id="1/2", payload=1), header="h", footer="f", footer_button=link("ещё", payload=2)),
        ),
        say("а", gallery(item(image_id="1/2"))),
        say("а", play("https://s", "t", 10, title="т", art="https://a"), event("x", {"y": 1})),
        say("а", purchase("1", pizza, caption="c", merchant_key="k", delivery={"city": "м"}), should_listen(False)),
        say("а", confirm_purchase(), show_item_meta("1", expiration_date="2026-01-01T00:00:00Z")),
    ):
        before = dict(reply)
        assert normalize(reply, Mending.NOTHING) == [] and reply == before
    footer = say("а", items(item("т"), footer="f", footer_button=link("ещё", payload=2)))["card"]["footer"]
    assert footer == {"text": "f", "button": {"text": "ещё", "payload": 2}}
    shown = say("а", play("https://s", "t", art="https://a"))["directives"]["audio_player"]["item"]["metadata"]
    assert shown == {"art": {"url": "https://a"}}
    assert pizza["user_price"] == "450.50" and pizza["price"] == "500"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: purchase("", caption="", merchant_key=""), "an id and one or more products"),
        (lambda: show_item_meta(""), "content_id: required"),
        (lambda: event(""), "an event needs a name"),
    ],
)
def test_modifiers_that_lack_what_they_need(make: Any, message: str) -> None:
    """A modifier without what it cannot do without is an error where it is made."""
    with pytest.raises(ReplyError, match=message):
        make()
