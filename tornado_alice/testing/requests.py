"""Requests as the platform sends them. Pure."""

import re
from typing import Any

#: A number, or a word; what stands between them the platform leaves out.
_WORD = re.compile(r"(?<!\w)-?\d+(?:[.,:]\d+)*|\w+(?:-\w+)*")


def heard(text: str) -> tuple[str, list[str]]:
    """(command, tokens) of what was said or written: lower case, without punctuation.

    >>> heard("Закажи пиццу на улицу Льва Толстого, 16!")[0]
    'закажи пиццу на улицу льва толстого 16'
    >>> heard("Что-нибудь за 1,5 рубля?")
    ('что-нибудь за 1,5 рубля', ['что', 'нибудь', 'за', '1,5', 'рубля'])
    """
    words = _WORD.findall(text.lower())
    tokens = [part for word in words for part in ([word] if word[-1].isdecimal() else word.split("-"))]
    return " ".join(words), tokens


def make_request(command: str = "", message_id: int = 0, **fields: Any) -> dict[str, Any]:
    """A request as the platform sends it.

    Args:
        command: what the user said.
        message_id: number within the session; 0 makes it a new one.
        fields: parts of the request (``request``, ``state``, ``meta``, ...), merged one level deep.
    """
    tokens = heard(command)[1]
    request: dict[str, Any] = {
        "meta": {"locale": "ru-RU", "timezone": "Europe/Moscow", "client_id": "test", "interfaces": {"screen": {}}},
        "session": {
            "message_id": message_id,
            "session_id": "test-session",
            "skill_id": "test-skill",
            "user_id": "test-user",
            "application": {"application_id": "test-user"},
            "new": message_id == 0,
        },
        "request": {
            "type": "SimpleUtterance",
            "command": command.lower().strip(" .!?"),
            "original_utterance": command,
            "nlu": {"tokens": tokens, "entities": [], "intents": {}},
        },
        "state": {"session": {}, "user": {}, "application": {}},
        "version": "1.0",
    }
    for key, value in fields.items():
        request[key] = request.get(key, {}) | value if isinstance(value, dict) else value
    return request
