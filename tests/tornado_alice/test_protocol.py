"""Shapes and limits of the protocol."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_alice import ReplyError, RequestError, say
from tornado_alice.limits import normalize
from tornado_alice.protocol import MAX_ANSWER, answer, echo, is_ping, parse, parse_again

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def test_wrapped_body_is_unwrapped() -> None:
    """A Show.Pull that comes as {"body": {...}} is the request inside."""
    inner = {"session": {"session_id": "s"}, "request": {"type": "Show.Pull"}}
    assert parse(json.dumps({"body": inner})) == inner


def test_event_without_request_passes() -> None:
    """An account linking event has no `request` key and is a request all the same."""
    data = {"account_linking_complete_event": {}, "session": {"session_id": "s"}, "version": "1.0"}
    assert parse(json.dumps(data)) == data


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"", "body", "body: not JSON"),
        (b"\xff\xfe", "body", "body: not JSON"),
        (b"[" * 100_000, "body", "body: not JSON"),
        (b"[1]", "body", "body: expected an object, got list"),
        (b"{}", "session", "session: required, but missing"),
        (b'{"session": 5}', "session", "session: expected an object, got int '5'"),
        (b'{"session": {}}', "session.session_id", "session.session_id: required, but missing"),
        (b'{"session": {"session_id": ""}}', "session.session_id", "expected 1 to 256 printable characters, got 0"),
        (b'{"session": {"session_id": 7}}', "session.session_id", "expected a string, got int '7'"),
        (b'{"session": {"session_id": "s", "message_id": true}}', "session.message_id", "expected a whole number"),
        (b'{"session": {"session_id": "s", "message_id": -1}}', "session.message_id", "expected 0 to 2^63 - 1, got -1"),
        (b'{"session": {"session_id": "s"}, "request": []}', "request", "expected an object, got list"),
        (
            b'{"session": {"session_id": "s"}, "request": {"command": 5}}',
            "request.command",
            "expected a string, got int",
        ),
    ],
)
def test_bad_body_names_its_field(body: bytes, field: str, message: str) -> None:
    """What is no request is refused with the field, what was sent and what is allowed."""
    with pytest.raises(RequestError) as caught:
        parse(body)
    assert caught.value.field == field
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("field", "most"),
    [("version", 64), ("request.type", 64), ("request.command", 4096), ("request.original_utterance", 4096)],
)
def test_echoed_and_kept_texts_are_bounded(field: str, most: int) -> None:
    """A text that is echoed or kept may be so long; one character more is refused by the field's name."""
    part, _, name = field.rpartition(".")
    for length in (most, most + 1):
        fields = {name: "x" * length}
        body = json.dumps({"session": {"session_id": "s"}, **({part: fields} if part else fields)})
        if length == most:
            parse(body)
        else:
            with pytest.raises(RequestError, match=f"{field}: {length} characters, but {most} are allowed") as caught:
                parse(body)
            assert caught.value.field == field


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_cannot_echo_are_refused(number: str) -> None:
    """A number that Python would echo as Infinity or NaN is refused; the largest that it holds is not."""
    with pytest.raises(RequestError, match="body: not JSON"):
        parse(f'{{"session": {{"session_id": "s", "x": {number}}}}}')
    assert parse('{"session": {"session_id": "s", "x": 1e308}}')["session"]["x"] == 1e308


def test_a_reply_has_no_infinite_number() -> None:
    """A script that says a number which JSON does not have gets an error, and the user no broken answer."""
    with pytest.raises(ReplyError, match="reply: Out of range float values"):
        answer(say("да", session_state={"x": float("inf")}), b'"session":{},"version":"1.0"')


def test_a_body_kept_by_an_earlier_release_is_read_again() -> None:
    """Rules that came later do not keep a journal from being replayed."""
    body = b'{"session": {"session_id": "s", "x": 1e400}, "version": "' + b"1" * 100 + b'"}'
    assert parse_again(body)["session"]["x"] == float("inf")


@given(JSON)
def test_any_json_parses_or_is_refused(value: Any) -> None:
    """No JSON value makes parse() fail otherwise than by RequestError."""
    try:
        parse(json.dumps(value))
    except RequestError as error:
        assert str(error)


@given(st.text(), JSON)
def test_answer_is_utf8_json(text: str, extra: Any) -> None:
    """Whatever the texts hold, lone surrogates too, an answer is JSON in UTF-8 that gives them back."""
    whole, _ = answer({"text": text, "end_session": False}, echo({"session": {"session_id": "s", "x": extra}}))
    assert json.loads(whole.decode("utf-8"))["response"]["text"] == text


def test_answer_puts_state_beside_response() -> None:
    """session_state and its like stand beside `response`, session and version are echoed."""
    whole, _ = answer(say("да", session_state={"a": 1}), echo({"session": {"session_id": "s"}, "version": "1.0"}))
    assert json.loads(whole) == {
        "response": {"text": "да", "end_session": False},
        "session": {"session_id": "s"},
        "version": "1.0",
        "session_state": {"a": 1},
    }


def test_answer_over_128_kib_is_an_error() -> None:
    """An answer longer than the platform takes is the script's error, not a lost session."""
    with pytest.raises(ReplyError, match=str(MAX_ANSWER)):
        answer({"text": "x", "card": "y" * MAX_ANSWER}, echo({"session": {"session_id": "s"}}))


def test_long_texts_are_cut() -> None:
    """Text, tts, button titles and card texts over their limits are cut, and each cut is told."""
    reply = say("т" * 2000, tts="з" * 1025, buttons=[{"title": "к" * 65}])
    cuts = normalize(reply)
    assert [len(reply["text"]), len(reply["tts"]), len(reply["buttons"][0]["title"])] == [1024, 1024, 64]
    assert cuts[0] == "text: 2000 characters, cut to the 1024 allowed"
    assert len(cuts) == 3


def test_speaker_tags_do_not_count() -> None:
    """<speaker> tags in tts are not counted against its limit."""
    reply = say("", tts="<speaker audio='" + "a" * 2000 + "'>" + "з" * 1000)
    assert normalize(reply) == []


def test_tts_alone_is_an_answer() -> None:
    """say(tts=...) without a phrase sends an empty text, which the platform allows beside tts."""
    reply = say(tts="дзынь")
    normalize(reply)
    assert reply["text"] == ""


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({}, "text: expected a string, got None"),
        ({"text": ""}, "text: empty"),
        ({"text": 5}, "text: expected a string, got 5"),
        ({"text": "a", "tts": 5}, "tts: expected a string"),
        ({"text": "a", "buttons": "b"}, "buttons: expected a list"),
        ({"text": "a", "buttons": [{}]}, r"buttons\[0\].title: required"),
        ({"text": "a", "buttons": [{"title": "b", "url": "u" * 1025}]}, "url: 1025 bytes, but 1024"),
        ({"text": "a", "buttons": [{"title": "b", "payload": "p" * 4096}]}, "payload: 4098 bytes, but 4096"),
        ({"text": "a", "buttons": [{"title": "b", "payload": {1, 2}}]}, "payload: .*JSON"),
        ({"text": "a", "card": {"type": "ItemsList", "items": []}}, "ItemsList takes 1 to 5 items, got 0"),
        ({"text": "a", "card": {"type": "ImageGallery", "items": [{}] * 11}}, "takes 1 to 10 items, got 11"),
        ({"text": "a", "session_state": {"a": "b" * 1024}}, "session_state: .* bytes, but 1024"),
        ({"text": "a", "session_state": 5}, "session_state: expected an object"),
        ({"text": "a", "analytics": {"events": [{"value": {"a": {"b": {"c": {"d": {"e": {}}}}}}}]}}, "deeper than 5"),
    ],
)
def test_what_cannot_be_mended_is_an_error(reply: dict[str, Any], message: str) -> None:
    """A reply that has no sensible mending raises with field, value and limit."""
    with pytest.raises(ReplyError, match=message):
        normalize(reply)


def test_numbers_become_titles() -> None:
    """A button title that is no string is shown as one."""
    reply = say("a", buttons=[{"title": 5}])
    normalize(reply)
    assert reply["buttons"][0]["title"] == "5"


def test_ping_is_known_by_its_utterance() -> None:
    """The availability check says "ping", with or without a command."""
    assert is_ping({"request": {"original_utterance": "ping", "command": ""}})
    assert not is_ping({"request": {"original_utterance": "пинг", "command": "ping"}})
    assert not is_ping({"session": {}})
