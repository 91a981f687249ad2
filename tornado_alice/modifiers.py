"""What can be put into a reply beside its phrase: buttons, cards, audio, directives. Pure.

A modifier is a callable that takes the response dict and changes it; write your own the same way.
"""

from datetime import datetime
from typing import Any

from . import media
from .errors import ReplyError
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
    """A card with one picture.

    Args:
        image_id: what the platform gave the picture, or the name of a file that was uploaded: ``image("cat.png")``.

    Raises:
        ReplyError: no file of that name was uploaded.
    """
    card = {
        "type": "BigImage",
        "image_id": media.image_id(image_id),
        "title": title,
        "description": description,
        "button": button,
    }
    return _sets("card", _given(card))


def items(
    *items: dict[str, Any], header: str = "", footer: str = "", footer_button: dict[str, Any] | None = None
) -> Modifier:
    """A card with a list of 1 to 5 items; make each with `item(...)`, and what the footer does with `link(...)`."""
    card = {
        "type": "ItemsList",
        "header": {"text": header} if header else None,
        "items": list(items),
        "footer": _given({"text": footer, "button": footer_button}),
    }
    return _sets("card", _given(card))


def gallery(*items: dict[str, Any]) -> Modifier:
    """A card with 1 to 10 pictures side by side; make each with `item(...)`."""
    return _sets("card", {"type": "ImageGallery", "items": list(items)})


def item(
    title: str = "", description: str = "", image_id: str = "", url: str | None = None, payload: Any = None
) -> dict[str, Any]:
    """One item of `items(...)` or `gallery(...)`; pressing it opens `url` or sends `payload`.

    Its `image_id` may be the name of an uploaded file, as in `image`.
    """
    link = {key: value for key, value in (("url", url), ("payload", payload)) if value is not None}
    return _given(
        {"image_id": media.image_id(image_id), "title": title, "description": description, "button": link or None}
    )


def link(text: str = "", url: str | None = None, payload: Any = None) -> dict[str, Any]:
    """The button of a card or a footer: pressing it opens `url` or sends `payload`.

    >>> say("Вот", image("1/2", button=link("Открыть", url="https://example.com")))["card"]["button"]
    {'text': 'Открыть', 'url': 'https://example.com'}
    """
    fields = (("text", text or None), ("url", url), ("payload", payload))
    return {key: value for key, value in fields if value is not None}


def play(url: str, token: str, offset_ms: int = 0, **metadata: Any) -> Modifier:
    """Start an audio stream; `token` comes back in the AudioPlayer.* requests.

    Args:
        offset_ms: where in the stream to begin, milliseconds.
        metadata: what the screen shows: ``title``, ``sub_title``, ``art`` and ``background_image`` (URLs of pictures).
    """
    stream = {"url": url, "offset_ms": offset_ms, "token": token}
    shown = {
        key: {"url": value} if key in ("art", "background_image") and isinstance(value, str) else value
        for key, value in metadata.items()
    }
    return directive("audio_player", {"action": "Play", "item": _given({"stream": stream, "metadata": shown})})


def stop() -> Modifier:
    """Stop the audio stream."""
    return directive("audio_player", {"action": "Stop"})


def product(
    id: str, title: str, price: Any, user_price: Any = None, quantity: Any = 1, nds_type: str = "nds_none"
) -> dict[str, Any]:
    """One product of `purchase(...)`.

    Args:
        price: what one costs, in units of the currency (``500`` or ``"499.90"``).
        user_price: what the user pays for one; by default the price.
        nds_type: the value added tax, as the platform names it.
    """
    return {
        "product_id": id,
        "title": title,
        "user_price": str(price if user_price is None else user_price),
        "price": str(price),
        "quantity": str(quantity),
        "nds_type": nds_type,
    }


def confirm_purchase() -> Modifier:
    """The answer to Purchase.Confirmation: the purchase has been taken down."""
    return directive("confirm_purchase", {})


def show_item_meta(
    content_id: str,
    title: str = "",
    title_tts: str = "",
    publication_date: datetime | str = "",
    expiration_date: datetime | str = "",
) -> Modifier:
    """What this answer to Show.Pull is for the morning show; dates as datetime with a zone, or in ISO 8601.

    Raises:
        ReplyError: no content_id.

    >>> say("Новости", show_item_meta("42", "Утро"))["show_item_meta"]
    {'content_id': '42', 'title': 'Утро'}
    """
    if not content_id:
        raise ReplyError("show_item_meta.content_id: required, but empty")
    dates = {"publication_date": publication_date, "expiration_date": expiration_date}
    shown = {key: date.isoformat() if isinstance(date, datetime) else date for key, date in dates.items()}
    return _sets("show_item_meta", _given({"content_id": content_id, "title": title, "title_tts": title_tts} | shown))


def event(name: str, value: dict[str, Any] | None = None) -> Modifier:
    """An event for the platform's analytics, with a value of at most five levels.

    >>> say("Готово", event("order", {"size": "big"}), event("done"))["analytics"]
    {'events': [{'name': 'order', 'value': {'size': 'big'}}, {'name': 'done'}]}
    """
    if not name:
        raise ReplyError("analytics.events: an event needs a name, got an empty one")
    told = {"name": name} | ({} if value is None else {"value": value})

    def modifier(response: dict[str, Any]) -> None:
        before = response.get("analytics", {})
        response["analytics"] = before | {"events": [*before.get("events", []), told]}

    return modifier


def should_listen(value: bool = True) -> Modifier:
    """Whether the microphone is opened after the answer."""
    return _sets("should_listen", value)


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


def directive(name: str, value: dict[str, Any]) -> Modifier:
    """What the device is to do beside speaking; those that a reply has already stay."""

    def modifier(response: dict[str, Any]) -> None:
        response["directives"] = response.get("directives", {}) | {name: value}

    return modifier
