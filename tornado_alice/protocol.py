"""Shapes and limits of Alice requests and replies. Pure: dicts in, dicts out, no I/O.

Source: the documentation of the platform (https://yandex.ru/dev/dialogs/alice/doc/), as collected in the tests of the
libraries around it. Unknown fields and unknown request types pass through: the platform grows faster than its clients.
"""

import json
import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from .errors import ReplyError, RequestError

#: Bytes; the largest real request is about 5 KB, this leaves room for payloads and state.
MAX_BODY = 1 << 20
#: The platform promises 64; its relatives send longer ones, and a journal key must be bounded.
MAX_SESSION_ID = 256
#: Characters; people say some dozens, and lemmas of a long text would hold the loop up.
MAX_COMMAND = 4096
#: Characters of names that the platform has few and short ones of; `version` is echoed in every answer.
MAX_NAME = 64
#: Of nested JSON; far below what the interpreter's stack takes, on replay too.
MAX_DEPTH = 100
#: Bytes; it is echoed in every answer.
MAX_SESSION = 16 * 1024
#: Characters of a phrase, and of its tts.
MAX_TEXT = 1024
#: Characters.
MAX_BUTTON_TITLE = 64
#: Bytes.
MAX_URL = 1024
#: Bytes of JSON.
MAX_PAYLOAD = 4096
#: Bytes of JSON.
MAX_SESSION_STATE = 1024
#: Bytes of JSON.
MAX_ANSWER = 128 * 1024
#: Levels of an event's value.
MAX_ANALYTICS_DEPTH = 5

#: Keywords of say() that stand beside ``response`` in the answer, not inside it.
BESIDE_RESPONSE = ("session_state", "user_state_update", "application_state", "analytics")

#: Fields of requests and replies that give access to something: shown to nobody, written nowhere else.
SECRETS = ("access_token", "purchase_token")

_CARD_ITEMS = {"ItemsList": (1, 5), "ImageGallery": (1, 10)}
_CARD_TEXTS = {
    "BigImage": {"title": 128, "description": 1024},
    "ItemsList": {"title": 128, "description": 256},
    "ImageGallery": {"title": 128},
}
#: Types of the fields, by the part they are in; only `session` and its session_id are required.
_SHAPES: dict[str, dict[str, type]] = {
    "": {"session": dict, "request": dict, "meta": dict, "state": dict, "version": str},
    "session": {
        "session_id": str,
        "message_id": int,
        "skill_id": str,
        "user_id": str,
        "user": dict,
        "application": dict,
        "new": bool,
    },
    "request": {"type": str, "command": str, "original_utterance": str, "nlu": dict},
    "meta": {"interfaces": dict},
}
_JSON_NAMES = {dict: "an object", str: "a string", int: "a whole number", bool: "true or false"}


#: Characters of texts that are echoed or kept, beside those that have a rule of their own.
_LENGTHS = {
    "": {"version": MAX_NAME},
    "request": {"type": MAX_NAME, "command": MAX_COMMAND, "original_utterance": MAX_COMMAND},
}


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")  # it would be echoed as Infinity, which is no JSON
    return value


_decode = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite).decode
# made once: json.dumps() with arguments makes one each time, a third of its cost for an answer
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_reply = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def dumps(value: Any) -> bytes:
    """JSON as bytes of UTF-8, compact; a lone surrogate stays an escape, so no input can break the encoding.

    >>> dumps({"text": "да", "odd": "\\ud800"})
    b'{"text":"\\xd0\\xb4\\xd0\\xb0","odd":"\\\\ud800"}'
    """
    return _encode(value).encode("utf-8", "backslashreplace")


def hide_secrets(body: bytes) -> bytes:
    """JSON with the values of secret fields blanked, for what is kept; other bodies stay byte for byte.

    >>> hide_secrets(b'{"user": {"access_token": "AQAA"}}')
    b'{"user":{"access_token":"hidden"}}'
    """
    if not any(name.encode() in body for name in SECRETS):
        return body
    return dumps(json.loads(body, object_hook=_hide))


def _hide(part: dict[str, Any]) -> dict[str, Any]:
    return {key: "hidden" if key in SECRETS else value for key, value in part.items()}


def error_body(code: str, message: str, field: str) -> bytes:
    """A refusal as JSON, of the shape that all HTTP answers of this project have.

    >>> error_body("too_large", "body: 2 bytes, but 1 is allowed", "body")
    b'{"error":{"code":"too_large","message":"body: 2 bytes, but 1 is allowed","field":"body"}}'
    """
    return dumps({"error": {"code": code, "message": message, "field": field}})


def parse(body: bytes | str) -> dict[str, Any]:
    """The request in a webhook body, unwrapped from ``{"body": {...}}`` and checked for types.

    Raises:
        RequestError: names the first field that is wrong, what was sent and what is allowed.

    >>> parse(b'{"session": {"session_id": "s"}, "request": {"command": "hi"}}')["request"]["command"]
    'hi'
    >>> parse(b'[]')
    Traceback (most recent call last):
      ...
    tornado_alice.errors.RequestError: body: expected an object, got list
    """
    try:
        text = body.decode() if isinstance(body, bytes) else body
        data = _decode(text)
    except (ValueError, RecursionError) as error:
        raise RequestError("body", f"body: not JSON in UTF-8 ({str(error)[:100]})") from None
    if is_too_deep(text, data):
        raise RequestError("body", f"body: nested deeper than the {MAX_DEPTH} levels allowed")
    data = check_request(data)
    if len(text) > MAX_SESSION and len(dumps(data["session"])) > MAX_SESSION:
        raise RequestError("session", f"session: more than the {MAX_SESSION} bytes allowed")
    return data


def is_too_deep(text: str, data: Any) -> bool:
    """Is the JSON `text`, parsed as `data`, nested deeper than MAX_DEPTH? (Mostly the brackets are too few for it.)"""
    return text.count("{") + text.count("[") > MAX_DEPTH and _nesting(data) > MAX_DEPTH


def _nesting(data: Any) -> int:
    depth, level = 0, [data]
    while level:
        depth += 1
        outers = [value for value in level if isinstance(value, dict | list)]
        level = [inner for outer in outers for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return depth - 1


def parse_again(body: bytes) -> dict[str, Any]:
    """What `parse` gave for a body that it, or that of an earlier release with fewer rules, accepted before."""
    data: dict[str, Any] = json.loads(body)
    return data if "session" in data else data["body"]


def check_request(data: Any) -> dict[str, Any]:
    """`data` itself (unwrapped) if it has the shape of an Alice request; otherwise RequestError."""
    if isinstance(data, dict) and "session" not in data and isinstance(data.get("body"), dict):
        data = data["body"]
    if not isinstance(data, dict):
        raise RequestError("body", f"body: expected an object, got {type(data).__name__}")
    for part, fields in _SHAPES.items():
        holder: dict[str, Any] = (data.get(part) or {}) if part else data
        for name, kind in fields.items():
            value = holder.get(name)
            if value is not None and type(value) is not kind:
                raise _wrong_type(f"{part}.{name}".lstrip("."), kind, value)
    session_id = (data.get("session") or {}).get("session_id")
    if session_id is None:
        missing = "session" if data.get("session") is None else "session.session_id"
        raise RequestError(missing, f"{missing}: required, but missing")
    _check_name("session_id", session_id)
    if data["session"].get("skill_id"):
        _check_name("skill_id", data["session"]["skill_id"])
    for part, lengths in _LENGTHS.items():
        holder = (data.get(part) or {}) if part else data
        for name, most in lengths.items():
            _check_length(f"{part}.{name}".lstrip("."), holder.get(name) or "", most)
    message_id = data["session"].get("message_id")
    if message_id is not None and not 0 <= message_id < 1 << 63:
        raise RequestError(
            "session.message_id", f"session.message_id: expected 0 to 2^63 - 1, got {str(message_id)[:40]}"
        )
    return data


def _check_name(field: str, value: str) -> None:
    if not 0 < len(value) <= MAX_SESSION_ID or not value.isprintable():
        got = f"got {len(value)}" if value.isprintable() else "got others"
        message = f"session.{field}: expected 1 to {MAX_SESSION_ID} printable characters, {got}"
        raise RequestError(f"session.{field}", message)


def _check_length(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise RequestError(field, f"{field}: {len(text)} characters, but {most} are allowed")


def _wrong_type(field: str, kind: type, value: Any) -> RequestError:
    got = f"{type(value).__name__} {str(value)[:40]!r}"
    return RequestError(field, f"{field}: expected {_JSON_NAMES[kind]}, got {got}")


def is_ping(data: dict[str, Any]) -> bool:
    """Is it what the platform's availability check sends? (A person may say "ping" as well.)"""
    request = data.get("request") or {}
    return request.get("original_utterance") == "ping" and request.get("command") in ("ping", "", None)


def echo(data: dict[str, Any]) -> bytes:
    """The part of an answer that only depends on its request: ``session`` and ``version``, as members of an object.

    The platform knows its own access tokens; they are not echoed.

    >>> echo({"session": {"session_id": "s"}, "version": "1.0"})
    b'"session":{"session_id":"s"},"version":"1.0"'
    """
    session, user = data["session"], data["session"].get("user")
    if user and not user.keys().isdisjoint(SECRETS):
        session = session | {"user": {key: value for key, value in user.items() if key not in SECRETS}}
    return dumps({"session": session, "version": data.get("version", "1.0")})[1:-1]


def answer(reply: dict[str, Any], echo: bytes) -> tuple[bytes, bytes]:
    """The whole answer as JSON, and the part of it that the script said.

    Args:
        reply: the response, and what stands beside it.
        echo: what `echo` gave for the request.

    Raises:
        ReplyError: JSON cannot hold it, or it is longer than the platform takes.

    >>> answer({"text": "hi"}, b'"session":{},"version":"1.0"')[0]
    b'{"response":{"text":"hi"},"session":{},"version":"1.0"}'
    """
    said = encode("reply", reply, lambda value: _encode_reply(value).encode("utf-8", "backslashreplace"))
    beside = {key: reply[key] for key in BESIDE_RESPONSE if key in reply}
    response = dumps({key: value for key, value in reply.items() if key not in beside}) if beside else said
    rest = echo + b"," + dumps(beside)[1:-1] if beside else echo
    whole = b'{"response":' + response + b"," + rest + b"}"
    if len(whole) > MAX_ANSWER:
        raise ReplyError(f"answer: {len(whole)} bytes, but {MAX_ANSWER} are allowed")
    return whole, said


def normalize(reply: dict[str, Any]) -> list[str]:
    """Make `reply` fit the protocol, in place, and tell what was cut.

    A phrase that is a few words too long is cut and said, since silence would end the user's session; what has no
    sensible mending is an error.

    Returns:
        one sentence for each cut.

    Raises:
        ReplyError: no text, a wrong type, a card without items, a payload over its limit.

    >>> reply = {"text": "ё" * 1100, "end_session": 0}
    >>> normalize(reply), len(reply["text"]), reply["end_session"]
    (['text: 1100 characters, cut to the 1024 allowed'], 1024, False)
    """
    cuts: list[str] = []
    if "tts" in reply:
        reply.setdefault("text", "")
    if not isinstance(reply.get("text"), str):
        raise ReplyError(f"text: expected a string, got {reply.get('text')!r}. Give say(...) a phrase")
    if not reply["text"] and not reply.get("tts"):
        raise ReplyError("text: empty, and no tts beside it. Give say(...) a phrase")
    _cut(reply, "text", MAX_TEXT, "text", cuts)
    if "tts" in reply:
        _check_tts(reply, cuts)
    reply["end_session"] = bool(reply.get("end_session"))
    if len(reply) > 2:  # more than text and end_session
        _check_rest(reply, cuts)
    return cuts


def _check_rest(reply: dict[str, Any], cuts: list[str]) -> None:
    for place, button in _buttons(reply):
        _check_button(place, button, cuts)
    if isinstance(reply.get("card"), dict):
        _check_card(reply["card"], cuts)
    _check_beside(reply)


def _cut(holder: dict[str, Any], key: str, limit: int, place: str, cuts: list[str]) -> None:
    value = holder.get(key)
    if value is None:
        return
    if not isinstance(value, str):
        value = holder[key] = str(value)
    if len(value) > limit:
        cuts.append(f"{place}: {len(value)} characters, cut to the {limit} allowed")
        holder[key] = value[: limit - 1] + "…"


def _check_tts(reply: dict[str, Any], cuts: list[str]) -> None:
    if not isinstance(reply["tts"], str):
        raise ReplyError(f"tts: expected a string, got {reply['tts']!r}")
    if len(re.sub(r"<speaker[^>]*>", "", reply["tts"])) > MAX_TEXT:
        _cut(reply, "tts", MAX_TEXT, "tts", cuts)


def _buttons(reply: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    buttons = reply.get("buttons", [])
    if not isinstance(buttons, list) or not all(isinstance(button, dict) for button in buttons):
        raise ReplyError(f"buttons: expected a list of objects, got {buttons!r}. Use suggest(...) or button(...)")
    for i, button in enumerate(buttons):
        if button.get("title") in (None, ""):
            raise ReplyError(f"buttons[{i}].title: required, but missing")
        yield f"buttons[{i}]", button


def _check_button(place: str, button: dict[str, Any], cuts: list[str]) -> None:
    title = "title" if "title" in button else "text"  # buttons inside cards call it "text"
    _cut(button, title, MAX_BUTTON_TITLE, f"{place}.{title}", cuts)
    _bound(f"{place}.url", len(str(button.get("url", "")).encode("utf-8", "replace")), MAX_URL)
    if "payload" in button:
        _bound(f"{place}.payload", _json_size(f"{place}.payload", button["payload"]), MAX_PAYLOAD)


def _check_card(card: dict[str, Any], cuts: list[str]) -> None:
    kind = str(card.get("type"))
    items = card.get("items", [])
    if kind in _CARD_ITEMS:
        low, high = _CARD_ITEMS[kind]
        if not isinstance(items, list) or not low <= len(items) <= high:
            got = len(items) if isinstance(items, list) else repr(items)
            raise ReplyError(f"card.items: {kind} takes {low} to {high} items, got {got}")
    places = [("card", card)] + [(f"card.items[{i}]", item) for i, item in enumerate(items)]
    for place, holder in places:
        for key, limit in _CARD_TEXTS.get(kind, {}).items():
            _cut(holder, key, limit, f"{place}.{key}", cuts)
        if isinstance(holder.get("button"), dict):
            _check_button(f"{place}.button", holder["button"], cuts)
    for key in ("header", "footer"):
        if isinstance(card.get(key), dict):
            _cut(card[key], "text", MAX_BUTTON_TITLE, f"card.{key}.text", cuts)


def _check_beside(reply: dict[str, Any]) -> None:
    for key in BESIDE_RESPONSE:
        if key in reply and not isinstance(reply[key], dict):
            raise ReplyError(f"{key}: expected an object, got {reply[key]!r}")
    if "session_state" in reply:
        _bound("session_state", _json_size("session_state", reply["session_state"]), MAX_SESSION_STATE)
    for event in reply.get("analytics", {}).get("events", []):
        if _depth(event.get("value")) > MAX_ANALYTICS_DEPTH:
            raise ReplyError(f"analytics.events: {event.get('name')!r} is nested deeper than {MAX_ANALYTICS_DEPTH}")


def _bound(place: str, size: int, limit: int) -> None:
    if size > limit:
        raise ReplyError(f"{place}: {size} bytes, but {limit} are allowed")


def _json_size(place: str, value: Any) -> int:
    return len(encode(place, value))


def encode(place: str, value: Any, dump: Callable[[Any], bytes] = dumps) -> bytes:
    """`value` as JSON; ReplyError that names `place` where JSON cannot hold it."""
    try:
        return dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ReplyError(f"{place}: {error}. Only what JSON can hold may be sent") from None


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 0
