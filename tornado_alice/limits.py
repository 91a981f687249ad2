"""What Alice takes of a reply: its limits, checked and mended. Pure.

Rules:
1. Nothing leaves that the platform would refuse: silence would end the user's session.
2. In production a reply is mended to the longest valid form and each mending is told (`Mending.ALL`).
3. Where the author looks on, what is wrong is an error that names field, value and limit (`TEXTS`, `NOTHING`).
4. What no mending helps, a reply that says nothing, is an error everywhere.
"""

from collections.abc import Callable
from enum import Enum
from re import sub
from typing import Any

from .errors import ReplyError
from .protocol import (
    BESIDE_RESPONSE,
    MAX_ANALYTICS_DEPTH,
    MAX_ANSWER,
    MAX_BUTTON_TITLE,
    MAX_PAYLOAD,
    MAX_SESSION_STATE,
    MAX_TEXT,
    MAX_URL,
    encode,
)

#: Fields of the response, and of what stands beside it.
FIELDS = (
    *("text", "tts", "buttons", "card", "directives", "show_item_meta", "end_session", "should_listen"),
    *BESIDE_RESPONSE,
)

#: How many items a card takes, and what each must have.
_CARD_ITEMS = {"ItemsList": (1, 5, "title"), "ImageGallery": (1, 10, "image_id")}
_CARD_TEXTS = {
    "BigImage": {"title": 128, "description": 1024},
    "ItemsList": {"title": 128, "description": 256},
    "ImageGallery": {"title": 128},
}
_OBJECTS = ("card", "directives", "show_item_meta", *BESIDE_RESPONSE)


class Mending(Enum):
    """What is mended rather than refused."""

    #: Everything that can be; in production.
    ALL = "all"
    #: Phrases and titles that are too long; in the tests of a skill.
    TEXTS = "texts"
    #: Nothing; in strict tests and in the chat.
    NOTHING = "nothing"


def normalize(reply: dict[str, Any], mending: Mending = Mending.TEXTS, may_be_silent: bool = False) -> list[str]:
    """Make `reply` fit the protocol, in place, and tell what was mended.

    Args:
        may_be_silent: it answers an event of the audio player, which nobody has asked aloud.

    Returns:
        one sentence for each mending.

    Raises:
        ReplyError: what `mending` does not mend; a reply that says nothing.

    >>> reply = {"text": "ё" * 1100, "end_session": 0}
    >>> normalize(reply), len(reply["text"]), reply["end_session"]
    (['text: 1100 characters, cut to the 1024 allowed'], 1024, False)
    >>> reply = {"text": "Смотрите", "card": {"type": "BigImage"}}
    >>> normalize(reply, Mending.ALL), reply
    (['card.image_id: required, but missing: the card is left out'], {'text': 'Смотрите', 'end_session': False})
    """
    checks = _Checks(mending)
    if may_be_silent:
        reply.setdefault("text", "")
    checks.phrase(reply, may_be_silent)
    reply["end_session"] = bool(reply.get("end_session"))
    if len(reply) > 2:  # more than text and end_session
        checks.rest(reply)
    return checks.told


def _json_size(place: str, value: Any) -> int:
    return len(encode(place, value))


def _text_size(_: str, value: Any) -> int:
    return len(str(value).encode("utf-8", "replace"))


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 0


class _Checks:
    """The checks of one reply.

    Attributes:
        told: what was mended.
    """

    def __init__(self, mending: Mending) -> None:
        self.mending = mending
        self.told: list[str] = []

    def _fault(self, problem: str, remedy: str) -> None:
        if self.mending is not Mending.ALL:
            raise ReplyError(problem)
        self.told.append(f"{problem}: {remedy}")

    def _cut(self, holder: dict[str, Any], key: str, limit: int, place: str) -> None:
        value = holder.get(key)
        if value is None:
            return
        if not isinstance(value, str):
            value = holder[key] = str(value)
        if len(value) > limit:
            self._tell_cut(f"{place}: {len(value)} characters", limit)
            holder[key] = value[: limit - 1] + "…"

    def _tell_cut(self, problem: str, limit: int) -> None:
        if self.mending is Mending.NOTHING:
            raise ReplyError(f"{problem}, but {limit} are allowed")
        self.told.append(f"{problem}, cut to the {limit} allowed")

    def phrase(self, reply: dict[str, Any], may_be_silent: bool) -> None:
        """Text and tts: one of them says something, unless the reply may be silent."""
        if "tts" in reply:
            reply.setdefault("text", "")
        text = reply.get("text")
        if not isinstance(text, str):
            problem = f"text: expected a string, got {text!r}. Give say(...) a phrase"
            if text is None:
                raise ReplyError(problem)
            self._fault(problem, "it is said as it prints")
            reply["text"] = str(text)
        self._cut(reply, "text", MAX_TEXT, "text")
        if "tts" in reply:
            self._check_tts(reply)
        if not reply["text"] and not reply.get("tts") and not may_be_silent:
            raise ReplyError("text: empty, and no tts beside it. Give say(...) a phrase")

    def _check_tts(self, reply: dict[str, Any]) -> None:
        if not isinstance(reply["tts"], str):
            self._fault(f"tts: expected a string, got {reply['tts']!r}", "it is left out")
            del reply["tts"]
        elif len(sub(r"<speaker[^>]*>", "", reply["tts"])) > MAX_TEXT:
            self._cut(reply, "tts", MAX_TEXT, "tts")

    def rest(self, reply: dict[str, Any]) -> None:
        """All but the phrase."""
        self._check_buttons(reply)
        for key in _OBJECTS:
            if key in reply and not isinstance(reply[key], dict):
                self._fault(f"{key}: expected an object, got {reply[key]!r}", "it is left out")
                del reply[key]
        if not isinstance(reply.get("should_listen", True), bool):
            self._fault(f"should_listen: true or false, got {reply['should_listen']!r}", "its truth is taken")
            reply["should_listen"] = bool(reply["should_listen"])
        if "card" in reply and not self._check_card(reply["card"]):
            del reply["card"]
        if "directives" in reply:
            self._check_player(reply["directives"])
        self._check_beside(reply)

    def _check_buttons(self, reply: dict[str, Any]) -> None:
        buttons = reply.get("buttons", [])
        if not isinstance(buttons, list) or not all(isinstance(button, dict) for button in buttons):
            problem = f"buttons: expected a list of objects, got {buttons!r}. Use suggest(...) or button(...)"
            self._fault(problem, "others are left out")
            buttons = [button for button in buttons if isinstance(button, dict)] if isinstance(buttons, list) else []
            reply["buttons"] = buttons
        reply |= self._those_with("title", "buttons", reply) if buttons else {}
        for i, button in enumerate(reply.get("buttons", [])):
            self._check_button(f"buttons[{i}]", button)

    def _those_with(self, field: str, place: str, holder: dict[str, Any]) -> dict[str, Any]:
        """`holder` with those of its buttons, or items, that have a field that each must have."""
        name = place.rpartition(".")[2]
        wrong = [i for i, part in enumerate(holder[name]) if part.get(field) in (None, "")]
        for i in wrong:
            self._fault(f"{place}[{i}].{field}: required, but missing", "it is left out")
        return {name: [part for i, part in enumerate(holder[name]) if i not in wrong]} if wrong else {}

    def _check_button(self, place: str, button: dict[str, Any]) -> None:
        title = "title" if "title" in button else "text"  # buttons inside cards call it "text"
        self._cut(button, title, MAX_BUTTON_TITLE, f"{place}.{title}")
        self._bound(button, "url", place, MAX_URL, _text_size)
        self._bound(button, "payload", place, MAX_PAYLOAD)

    def _bound(
        self, holder: dict[str, Any], key: str, place: str, limit: int, size: Callable[[str, Any], int] = _json_size
    ) -> None:
        """Leave `key` out of `holder` if it has more bytes than `limit`, or if JSON cannot hold it."""
        if key not in holder:
            return
        where = f"{place}.{key}".lstrip(".")
        try:
            bytes = size(where, holder[key])
            problem = f"{where}: {bytes} bytes, but {limit} are allowed" if bytes > limit else ""
        except ReplyError as error:
            problem = str(error)
        if problem:
            self._fault(problem, "it is left out")
            del holder[key]

    def _check_card(self, card: dict[str, Any]) -> bool:
        """Is it a card that Alice shows, perhaps when mended?"""
        kind = card.get("type")
        if kind not in _CARD_TEXTS:
            self._fault(f"card.type: {', '.join(_CARD_TEXTS)}, got {kind!r}", "the card is left out")
            return False
        if kind == "BigImage" and not card.get("image_id"):
            self._fault("card.image_id: required, but missing", "the card is left out")
            return False
        if kind in _CARD_ITEMS and not self._check_items(kind, card):
            return False
        places = [("card", card)] + [(f"card.items[{i}]", item) for i, item in enumerate(card.get("items", []))]
        for place, holder in places:
            for key, limit in _CARD_TEXTS[kind].items():
                self._cut(holder, key, limit, f"{place}.{key}")
            if isinstance(holder.get("button"), dict):
                self._check_button(f"{place}.button", holder["button"])
        self._check_edges(card)
        return True

    def _check_items(self, kind: str, card: dict[str, Any]) -> bool:
        low, high, field = _CARD_ITEMS[kind]
        items = card.get("items", [])
        is_list = isinstance(items, list) and all(isinstance(item, dict) for item in items)
        if not is_list or not low <= len(items) <= high:
            got = len(items) if is_list else repr(items)
            remedy = f"the first {high} are shown" if is_list and items else "the card is left out"
            self._fault(f"card.items: {kind} takes {low} to {high} items, got {got}", remedy)
            card["items"] = items[:high] if is_list else []
        if not card["items"]:
            return False
        card |= self._those_with(field, "card.items", card)
        return bool(card["items"])

    def _check_edges(self, card: dict[str, Any]) -> None:
        for key in ("header", "footer"):
            edge = card.get(key)
            if isinstance(edge, dict):
                self._cut(edge, "text", MAX_BUTTON_TITLE, f"card.{key}.text")
                if isinstance(edge.get("button"), dict):
                    self._check_button(f"card.{key}.button", edge["button"])

    def _check_player(self, directives: dict[str, Any]) -> None:
        player = directives.get("audio_player")
        if player is None:
            return
        action = player.get("action") if isinstance(player, dict) else player
        problem = "" if action in ("Play", "Stop") else f".action: Play or Stop, got {action!r}"
        if action == "Play":
            stream = (player.get("item") or {}).get("stream") or {}
            missing = [field for field in ("url", "token") if not stream.get(field)]
            problem = f".item.stream.{missing[0]}: required, but missing" if missing else ""
        if problem:
            self._fault(f"directives.audio_player{problem}", "it is left out")
            del directives["audio_player"]

    def _check_beside(self, reply: dict[str, Any]) -> None:
        self._bound(reply, "session_state", "", MAX_SESSION_STATE)
        for key in ("user_state_update", "application_state"):
            self._bound(reply, key, "", MAX_ANSWER)
        events = reply.get("analytics", {}).get("events", [])
        for event in [event for event in events if _depth(event.get("value")) > MAX_ANALYTICS_DEPTH]:
            problem = f"analytics.events: {event.get('name')!r} is nested deeper than {MAX_ANALYTICS_DEPTH}"
            self._fault(problem, "the event is left out")
            reply["analytics"] = reply["analytics"] | {
                "events": [other for other in reply["analytics"]["events"] if other is not event]
            }
