"""Request and the `request` proxy."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tornado_alice import Request, Skill, context, request, say
from tornado_alice.testing import Dialog

DATA = {
    "meta": {"interfaces": {"screen": {}}, "timezone": "Europe/Moscow"},
    "session": {"session_id": "s", "user_id": "u", "new": True, "user": {"access_token": "secret"}},
    "request": {
        "type": "SimpleUtterance",
        "command": "Двадцать пять кошек...",
        "nlu": {
            "tokens": ["двадцать", "пять"],
            "entities": [{"type": "YANDEX.NUMBER", "value": 25}, {"type": "YANDEX.GEO", "value": {"city": "пермь"}}],
            "intents": {"YANDEX.CONFIRM": {"slots": {}}},
        },
        "payload": {"a": [1]},
    },
    "state": {"user": {"visits": 3}},
}


@pytest.fixture
def in_turn() -> Iterator[None]:
    token = context.current.set(context.TurnContext(Request(DATA), 0.0, b"seed"))
    yield
    context.current.reset(token)


def test_text_properties() -> None:
    """command loses its trailing dots; words, lemmas and matches speak of it."""
    r = Request({"request": {"command": "Двадцать пять кошек..."}})
    assert r.command == "Двадцать пять кошек"
    assert r.words == ["Двадцать", "пять", "кошек"]
    assert r.lemmas == ["двадцать", "пять", "кошка"]
    assert r.has_lemmas("кошками") and not r.has_lemmas("собака", "кот")
    assert r.matches("двадцать .*", 2) and not r.matches("двадцать", 2)


def test_request_without_a_command() -> None:
    """A pressed button has no command: the text properties are empty, nothing fails."""
    r = Request({"request": {"type": "ButtonPressed", "payload": {"x": 1}}})
    assert (r.command, r.words, r.lemmas, r.has_lemmas("да"), r.matches("")) == ("", [], [], False, True)
    assert r.payload == {"x": 1}


def test_event_without_a_request() -> None:
    """The account linking event has no `request` at all; properties are empty, nothing fails."""
    r = Request({"account_linking_complete_event": {}, "session": {"session_id": "s"}})
    assert (r.command, r.type, r.payload, r.intents, r.entities("YANDEX.NUMBER")) == ("", "", None, {}, [])


def test_shortcuts() -> None:
    """Sessions, entities, intents, states and the screen are one property away."""
    r = Request(DATA)
    assert (r.session_id, r.user_id, r.is_new, r.has_screen, r.type) == ("s", "u", True, True, "SimpleUtterance")
    assert r.entities("YANDEX.NUMBER") == [25] and "YANDEX.CONFIRM" in r.intents
    assert r.state("user")["visits"] == 3 and r.state("session") == {}


@pytest.mark.parametrize(
    ("session", "user_id"),
    [
        ({"user_id": "u", "application": {"application_id": "a"}}, "u"),
        ({"application": {"application_id": "a"}}, "a"),
        ({"user_id": "", "application": {"application_id": "a"}}, ""),
    ],
)
def test_user_id(session: dict[str, Any], user_id: str) -> None:
    """The application's id names the user where the deprecated session.user_id is not sent, and only there."""
    assert Request({"session": session}).user_id == user_id


def test_lemmas_are_lazy_and_pluggable() -> None:
    """The analyzer is asked only when lemmas are wanted, and any function may take its place."""
    asked = []
    r = Request({"request": {"command": "ТРИ слова тут"}}, lambda word: asked.append(word) or word.lower())
    assert r.words and asked == []
    assert r.lemmas == ["три", "слова", "тут"] and len(asked) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.__setitem__("a", 1),
        lambda r: r.pop("session"),
        lambda r: r["session"].update(a=1),
        lambda r: r["request"]["nlu"]["tokens"].append("x"),
        lambda r: r["request"]["payload"]["a"].clear(),
        lambda r: r.get("request").setdefault("x", 1),
        lambda r: next(iter(r.values())).popitem(),
        lambda r: r["request"]["nlu"]["entities"][0].update(x=1),
    ],
)
def test_requests_are_immutable(change: Callable[[Any], object]) -> None:
    """A script cannot change a request, at any depth: the change would be lost on replay."""
    before = json.dumps(DATA)
    with pytest.raises(TypeError, match="immutable"):
        change(Request(DATA))
    assert json.dumps(DATA) == before


def test_repr_hides_tokens() -> None:
    """repr() looks like the dict and shows no access token."""
    assert "secret" not in repr(Request(DATA)) and "'user_id': 'u'" in repr(Request(DATA))


@pytest.mark.usefixtures("in_turn")
def test_proxy_is_the_current_request() -> None:
    """`request` is a Request, indexes, iterates, contains and prints as the current one."""
    assert isinstance(request, Request)
    assert request["session"]["session_id"] == "s" and "meta" in request and "nothing" not in request
    assert list(request) == list(DATA) and len(request) == len(DATA) and request == DATA
    assert repr(request) == repr(Request(DATA)) and dict(request.items()) == DATA


def test_proxy_moves_with_the_turn() -> None:
    """A stored proxy means the turn in which it is asked, not the one in which it was stored."""
    stored = {"kept": request}
    seen = []
    for command in ("раз", "два"):
        token = context.current.set(context.TurnContext(Request({"request": {"command": command}}), 0.0, b"seed"))
        seen.append(stored["kept"].command)
        context.current.reset(token)
    assert seen == ["раз", "два"]


def test_proxy_outside_of_a_turn() -> None:
    """Outside of a turn the proxy says so, and can still be printed."""
    with pytest.raises(RuntimeError, match="no turn is being handled"):
        _ = request.command
    assert "no turn" in repr(request)


def test_json_and_truth() -> None:
    """A Request dumps as the dict it is; a part of it too."""
    assert json.loads(json.dumps(Request(DATA))) == DATA
    assert json.loads(json.dumps(Request(DATA)["request"]["nlu"]["tokens"])) == ["двадцать", "пять"]
    assert pickle.loads(pickle.dumps(dict(Request(DATA)["meta"]))) == DATA["meta"]


def test_copies_of_a_request_are_free() -> None:
    """A copy of a part of the request is a plain dict that may be changed."""
    from tornado_alice import Request

    data = {"session": {"user": {"access_token": "secret"}, "list": [1, {"a": 2}]}}
    r = Request(data)
    mine = copy.deepcopy(r["session"])
    mine["list"][1]["a"] = 3
    assert data["session"]["list"][1]["a"] == 2 and type(mine) is dict
    assert copy.copy(r["session"]) == data["session"] and "secret" not in repr(r["session"])


def test_proxy_is_no_empty_dict(logs: Any) -> None:
    """json.dumps(request) is refused rather than empty, `request | {...}` is a dict of the whole."""
    skill = Skill("json")

    @skill.script
    def run():
        with pytest.raises(TypeError):
            json.dumps(request)
        yield say(str(sorted(request | {"x": 1})))

    with Dialog(skill) as alice:
        assert alice.say() == "['meta', 'request', 'session', 'state', 'version', 'x']"


@pytest.mark.parametrize(
    "odd", [None, 5, "x", [], [1, None], {"entities": 7, "intents": [], "user": 1}, {"entities": [3, {}]}]
)
def test_odd_parts_are_empty_ones(odd: Any) -> None:
    """Whatever stands where nlu, interfaces or state should be, asking for them is no error."""
    got = Request({"request": {"nlu": odd}, "meta": {"interfaces": odd}, "state": odd})
    assert got.entities("YANDEX.NUMBER") == [] and got.intents == {} and got.state("user") == {}
    assert got.has_screen is False
