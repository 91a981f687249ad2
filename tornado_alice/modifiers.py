"""What can be put into a reply beside its phrase: buttons, cards, audio, directives. Pure.

A modifier is a callable that takes the response dict and changes it; write your own the same way.
"""

from typing import Any

from .reply import Modifier


def suggest(*options: Any) -> Modifier:
    """Buttons with suggested answers; they vanish once one is pressed. Anything with a str() is a title.

    >>> from .reply import say
    >>> say("Как дела?", suggest("Хорошо", 5))["buttons"]
    [{'title': 'Хорошо', 'hide': True}, {'title': '5', 'hide': True}]
    """
    return _adds("buttons", *({"title": str(option), "hide": True} for option in options))


def button(title: Any, url: str | None = None, payload: Any = None, hide: bool = False) -> Modifier:
    """One button; with a `payload` pressing it sends ButtonPressed, with a `url` it opens a page."""
    return _adds("buttons", _link(title, url, payload) | {"hide": hide})


def image(image_id: str, title: str = "", description: str = "", button: dict[str, Any] | None = None) -> Modifier:
    """A card with one picture; `image_id` comes from the platform when the picture is uploaded."""
    card = {
        "type": "BigImage",
        "image_id": image_id,
        "title": title,
        "description": description,
        "button": button,
    }
    return _sets("card", _given(card))


def items(*items: dict[str, Any], header: str = "", footer: str = "") -> Modifier:
    """A card with a list of 1 to 5 items; make each with `item(...)`."""
    card = {
        "type": "ItemsList",
        "header": {"text": header} if header else None,
        "items": list(items),
        "footer": {"text": footer} if footer else None,
    }
    return _sets("card", _given(card))


def gallery(*items: dict[str, Any]) -> Modifier:
    """A card with 1 to 10 pictures side by side; make each with `item(...)`."""
    return _sets("card", {"type": "ImageGallery", "items": list(items)})


def item(
    title: str = "", description: str = "", image_id: str = "", url: str | None = None, payload: Any = None
) -> dict[str, Any]:
    """One item of `items(...)` or `gallery(...)`; pressing it opens `url` or sends `payload`."""
    link = {key: value for key, value in (("url", url), ("payload", payload)) if value is not None}
    return _given({"image_id": image_id, "title": title, "description": description, "button": link or None})


def play(url: str, token: str, offset_ms: int = 0, **metadata: Any) -> Modifier:
    """Start an audio stream; `token` comes back in the AudioPlayer.* requests."""
    stream = {"url": url, "offset_ms": offset_ms, "token": token}
    return _directive("audio_player", {"action": "Play", "item": _given({"stream": stream, "metadata": metadata})})


def stop() -> Modifier:
    """Stop the audio stream."""
    return _directive("audio_player", {"action": "Stop"})


def link_account() -> Modifier:
    """Ask the user to log in; the answer comes as an account linking event."""
    return _directive("start_account_linking", {})


def locate() -> Modifier:
    """Ask the user where they are; the answer comes as Geolocation.Allowed or Geolocation.Rejected."""
    return _directive("request_geolocation", {})


def _link(title: Any, url: str | None, payload: Any) -> dict[str, Any]:
    fields = (("title", str(title)), ("url", url), ("payload", payload))
    return {key: value for key, value in fields if value is not None}


def _given(card: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in card.items() if value not in (None, "", {})}


def _adds(key: str, *values: Any) -> Modifier:
    def modifier(response: dict[str, Any]) -> None:
        response[key] = [*response.get(key, []), *values]

    return modifier


def _sets(key: str, value: Any) -> Modifier:
    def modifier(response: dict[str, Any]) -> None:
        response[key] = value

    return modifier


def _directive(name: str, value: dict[str, Any]) -> Modifier:
    def modifier(response: dict[str, Any]) -> None:
        response["directives"] = response.get("directives", {}) | {name: value}

    return modifier
