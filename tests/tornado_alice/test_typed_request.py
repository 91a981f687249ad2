"""What a request tells beside the words, as types."""

from typing import Any

import pytest

from tornado_alice import Intent, Location, Name, Place, Request, Skill, context, request, say
from tornado_alice.testing import Dialog

PIZZA = {
    "meta": {"timezone": "Asia/Yekaterinburg", "interfaces": {"screen": {}, "payments": {}}},
    "session": {
        "session_id": "s",
        "user_id": "old",
        "user": {"user_id": "account", "access_token": "secret"},
        "application": {"application_id": "device"},
        "location": {"lat": 55.75, "lon": 37, "accuracy": 15000.0},
    },
    "request": {
        "type": "SimpleUtterance",
        "command": "закажи пиццу на льва толстого 16 на завтра в семь",
        "markup": {"dangerous_context": True},
        "payload": {"a": [1]},
        "nlu": {
            "tokens": ["закажи", "пиццу", "на", "льва", "толстого", "16", "на", "завтра", "в", "семь"],
            "entities": [
                {
                    "tokens": {"start": 2, "end": 6},
                    "type": "YANDEX.GEO",
                    "value": {"house_number": "16", "street": "льва толстого"},
                },
                {
                    "tokens": {"start": 3, "end": 5},
                    "type": "YANDEX.FIO",
                    "value": {"first_name": "лев", "last_name": "толстой"},
                },
                {"tokens": {"start": 5, "end": 6}, "type": "YANDEX.NUMBER", "value": 16},
                {
                    "tokens": {"start": 6, "end": 8},
                    "type": "YANDEX.DATETIME",
                    "value": {"day": 1, "day_is_relative": True},
                },
                {"tokens": {"start": 8, "end": 10}, "type": "YANDEX.DATETIME", "value": {"hour": 7}},
            ],
            "intents": {"order": {"slots": {"size": {"type": "YANDEX.STRING", "value": "большую"}}}},
        },
    },
}
#: Requests that lack parts, or have others than they should: all of them have been seen, or are one letter away.
ODD: list[dict[str, Any]] = [
    {},
    {"session": {"session_id": "s"}},
    {"account_linking_complete_event": {}, "session": {"session_id": "s"}},
    {"request": {"type": "AudioPlayer.PlaybackFailed", "error": {"type": "MEDIA_ERROR_UNKNOWN"}}},
    {"request": {"type": "ButtonPressed", "payload": None, "nlu": None}, "meta": None, "state": None},
    {"request": {"nlu": {"entities": None, "intents": None, "tokens": None}, "markup": None}},
    {
        "request": {
            "nlu": {
                "entities": [None, {"type": "YANDEX.FIO"}, {"type": "YANDEX.GEO", "value": 5}],
                "intents": {"a": None},
            }
        }
    },
    {
        "request": {
            "nlu": {"entities": [{"type": "YANDEX.NUMBER", "value": "5"}, {"type": "YANDEX.DATETIME", "tokens": []}]}
        }
    },
    {
        "request": {"nlu": [], "markup": 5},
        "session": {"user": 5, "application": None, "location": {"lat": "55"}},
        "meta": {"timezone": 5},
    },
    {
        "request": {"command": "запусти навык"},
        "meta": {"timezone": "UTC", "client_id": "old"},
        "session": {"new": True},
    },
]


def test_everything_that_was_said() -> None:
    """Numbers, persons, places, slots and the account are dataclasses and plain values."""
    r = Request(PIZZA)
    assert (r.numbers, r.names, r.places) == (
        (16,),
        (Name("лев", last="толстой"),),
        (Place(street="льва толстого", house="16"),),
    )
    assert (r.slot("order", "size"), r.intents["order"].slot("size")) == ("большую", "большую")
    assert isinstance(r.intents.get("order"), Intent) and r.intents == PIZZA["request"]["nlu"]["intents"]
    assert (r.user_id, r.account_id, r.access_token) == ("old", "account", "secret")
    assert r.location == Location(55.75, 37.0, 15000.0) and r.dangerous and r.payload == {"a": [1]}
    assert r.interfaces == {"screen", "payments"} and r.can("payments") and not r.can("audio_player")
    assert str(r.timezone) == "Asia/Yekaterinburg"


def test_dates_are_in_the_zone_of_the_user() -> None:
    """«завтра» and «в семь» are one moment, counted from the arrival of the request by the user's own clock."""
    token = context.current.set(context.TurnContext(Request(PIZZA), 1773169200.0, b""))  # 10 March, 19:00 UTC
    [moment] = request.dates
    context.current.reset(token)
    assert moment.at is not None and moment.at.isoformat() == "2026-03-12T07:00:00+05:00"


@pytest.mark.parametrize("data", ODD)
def test_what_is_missing_is_empty(data: dict[str, Any]) -> None:
    """No property fails, whatever a request lacks."""
    r = Request(data)
    properties = [name for name in dir(Request) if isinstance(getattr(Request, name), property)]
    assert len(properties) > 20
    for name in properties:
        getattr(r, name)
    assert (r.numbers, r.account_id, r.access_token, r.location, r.dangerous) == ((), "", "", None, False)
    assert (r.slot("a", "b"), r.interfaces, r.can("screen"), str(r.timezone)) == (None, frozenset(), False, "UTC")
    assert all(moment.at is None for moment in r.dates) and r.said_yes is r.said_no is False
    assert all(str(thing) == "" for thing in r.names + r.places)


@pytest.mark.parametrize(
    ("part", "yes", "no"),
    [
        ({"command": "да"}, True, False),
        ({"command": "Да, давайте!"}, True, False),
        ({"command": "нет, конечно"}, False, True),
        ({"command": "да нет"}, False, True),
        ({"command": "не хочу"}, False, True),
        ({"command": "не знаю"}, False, False),
        ({"command": "хорошо бы, но потом"}, False, False),
        ({"command": ""}, False, False),
        ({"type": "ButtonPressed", "nlu": {"tokens": ["Да"]}}, True, False),
        ({"command": "валяй", "nlu": {"intents": {"YANDEX.CONFIRM": {"slots": {}}}}}, True, False),
        ({"command": "отвали", "nlu": {"intents": {"YANDEX.REJECT": {"slots": {}}}}}, False, True),
    ],
)
def test_yes_and_no(part: dict[str, Any], yes: bool, no: bool) -> None:
    """Yes and no are intents, buttons, or words that say that and nothing else."""
    r = Request({"request": part})
    assert (r.said_yes, r.said_no) == (yes, no)


@pytest.mark.usefixtures("replay_mode")
def test_in_a_script() -> None:
    """The properties work through the proxy, live and on replay."""
    skill = Skill("typed")

    @skill.script
    def run():
        yield say("Куда и когда?")
        while True:
            at = request.dates[0].at if request.dates else None
            yield say(f"{request.places and request.places[0]} {at and at.time()} {request.can('screen')}")

    with Dialog(skill) as alice:
        alice.say()
        assert alice.say("раз", request=PIZZA["request"]) == "льва толстого, 16 07:00:00 True"
        assert alice.say("два") == "() None True"
