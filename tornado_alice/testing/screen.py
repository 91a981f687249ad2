"""What a user can touch: buttons of an answer, of its card and of the card's items and footer. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import SettingsError
from .requests import heard
from .understanding import utterance


@dataclass(frozen=True)
class Touchable:
    """Something on the screen.

    Attributes:
        titles: by which a test finds it.
        text: what it says if it carries nothing.
        button: as the skill has sent it.
        stays: is it there after the next answer too?
    """

    titles: tuple[str, ...]
    text: str
    button: dict[str, Any]
    stays: bool

    @property
    def title(self) -> str:
        """The first of its titles."""
        return self.titles[0] if self.titles else ""


def touchables(response: dict[str, Any]) -> list[Touchable]:
    """Those of one answer.

    >>> [found.titles for found in touchables({"buttons": [{"title": "Да", "hide": True}]})]
    [('Да',)]
    """
    buttons = [
        Touchable((button["title"],), button["title"], button, not button.get("hide"))
        for button in response.get("buttons", [])
    ]
    return [*buttons, *_of_card(response.get("card") or {})]


def _of_card(card: dict[str, Any]) -> Iterator[Touchable]:
    for part in (card, *card.get("items", []), card.get("footer") or {}):
        button = part.get("button")
        if button is not None:
            shown = [part.get("title"), part.get("text"), button.get("text")]
            titles = tuple(title for title in shown if title)
            yield Touchable(titles, button.get("text") or next(iter(titles), ""), button, stays=True)


def find(shown: list[Touchable], title: str) -> Touchable:
    """The one with this title, of several the latest.

    Raises:
        SettingsError: there is none; it names those that are there.
    """
    found = next((one for one in shown if title in one.titles), None)
    if found is None:
        there = ", ".join(repr(one.title) for one in shown if one.titles) or "nothing"
        raise SettingsError(f"there is no {title!r} to tap; on the screen: {there}")
    return found


def pressed(touched: Touchable) -> dict[str, Any] | None:
    """The ``request`` that touching it sends: its payload, or its text; None if it only opens a link."""
    if "payload" in touched.button:
        nlu = {"tokens": heard(touched.text)[1], "entities": [], "intents": {}}
        return {"type": "ButtonPressed", "payload": touched.button["payload"], "nlu": nlu}
    return None if touched.button.get("url") else utterance(touched.text)
