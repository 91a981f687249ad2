"""Shapes and limits of Alice requests and replies. Pure: dicts in, dicts out, no I/O.

Source: the documentation of the platform (https://yandex.ru/dev/dialogs/alice/doc/), as collected in the tests of the
libraries around it. Unknown fields and unknown request types pass through: the platform grows faster than its clients.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from .errors import ReplyError, RequestError

if TYPE_CHECKING:
    from .codec import Codec

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
_SENT_SECRETS = tuple(name.encode() for name in SECRETS)

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


@lru_cache(maxsize=1)
def _codec() -> "Codec":
    """The tables above as one type: all but a few requests are of it, and need not be looked at field by field."""
    from .codec import Codec  # here, with the first request: whoever imports the package alone need not wait for it

    bounds = {
        f"{part}.{name}".lstrip("."): {"max_length": most}
        for part, lengths in _LENGTHS.items()
        for name, most in lengths.items()
    }
    bounds["session.session_id"] = bounds["session.skill_id"] = {"min_length": 1, "max_length": MAX_SESSION_ID}
    bounds["session.message_id"] = {"ge": 0, "le": (1 << 63) - 1}
    return Codec(_SHAPES, bounds, required=frozenset({"session", "session.session_id"}))


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
_encode_finite = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def dumps(value: Any) -> bytes:
    """JSON as bytes of UTF-8, compact; a lone surrogate stays an escape, so no input can break the encoding.

    >>> dumps({"text": "да", "odd": "\\ud800"})
    b'{"text":"\\xd0\\xb4\\xd0\\xb0","odd":"\\\\ud800"}'
    """
    quick = _codec().write(value) if isinstance(value, dict) else None
    return _encode(value).encode("utf-8", "backslashreplace") if quick is None else quick


def hide_secrets(body: bytes) -> bytes:
    """JSON with the values of secret fields blanked, for what is kept; other bodies stay byte for byte.

    >>> hide_secrets(b'{"user": {"access_token": "AQAA"}}')
    b'{"user":{"access_token":"hidden"}}'
    """
    for name in _SENT_SECRETS:
        if name in body:
            return dumps(json.loads(body, object_hook=_hide))
    return body


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
    return _parse_usual(body) or _parse_any(body)


def _parse_usual(body: bytes | str) -> dict[str, Any] | None:
    """A request with nothing unusual about it."""
    if not isinstance(body, bytes) or len(body) > MAX_SESSION or body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        return None
    data = _codec().read_request(body)
    if data is None:
        return None
    session = data["session"]
    return data if session["session_id"].isprintable() and (session.get("skill_id") or "").isprintable() else None


def _parse_any(body: bytes | str) -> dict[str, Any]:
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
    data: dict[str, Any] = _codec().read(body) or json.loads(body.decode())  # of bytes it would guess the encoding
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
    said = _codec().write(reply) or encode("reply", reply, _dump_finite)
    beside = {key: reply[key] for key in BESIDE_RESPONSE if key in reply}
    response = dumps({key: value for key, value in reply.items() if key not in beside}) if beside else said
    rest = echo + b"," + dumps(beside)[1:-1] if beside else echo
    whole = b'{"response":' + response + b"," + rest + b"}"
    if len(whole) > MAX_ANSWER:
        raise ReplyError(f"answer: {len(whole)} bytes, but {MAX_ANSWER} are allowed")
    return whole, said


def _dump_finite(reply: dict[str, Any]) -> bytes:
    return _encode_finite(reply).encode("utf-8", "backslashreplace")


def encode(place: str, value: Any, dump: Callable[[Any], bytes] = dumps) -> bytes:
    """`value` as JSON; ReplyError that names `place` where JSON cannot hold it."""
    try:
        return dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ReplyError(f"{place}: {error}. Only what JSON can hold may be sent") from None
