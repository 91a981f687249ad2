"""What a request tells beside the user's words: who, where, on which device, and what the platform understood.

Whatever a request does not have is empty here (a number of things, a name, None), never an exception.
"""

from datetime import tzinfo
from typing import Any

from . import context, dates
from .entities import (
    Intents,
    Location,
    Name,
    Place,
    entities,
    is_number,
    location_of,
    name_of,
    part,
    place_of,
    says_no,
    says_yes,
)
from .frozen import Frozen, freeze
from .morphology import words


class Envelope(Frozen):
    """The dict of a request with its parts as properties."""

    @property
    def _body(self) -> dict[str, Any]:
        return part(self, "request")

    @property
    def _nlu(self) -> dict[str, Any]:
        return part(self._body, "nlu")

    @property
    def _session(self) -> Frozen:
        return Frozen(part(self, "session"))

    @property
    def type(self) -> str:
        """``SimpleUtterance``, ``ButtonPressed``, ``Purchase.Confirmation``, ...; empty for account linking."""
        return str(self._body.get("type") or "")

    @property
    def payload(self) -> Any:
        """What the pressed button carries; None without one."""
        return freeze(self._body.get("payload"))

    @property
    def dangerous(self) -> bool:
        """Does the platform think that this is about violence, drugs or the like? Then the answer should be careful."""
        return part(self._body, "markup").get("dangerous_context") is True

    @property
    def intents(self) -> Intents:
        """Recognised intents: name → Intent, a dict {"slots": ...} with `slot(name)`.

        >>> r = Request({"request": {"nlu": {"intents": {"order": {"slots": {"size": {"value": "большую"}}}}}}})
        >>> "order" in r.intents, r.intents["order"].slot("size"), r.intents["order"]["slots"]["size"]["value"]
        (True, 'большую', 'большую')
        """
        return Intents(part(self._nlu, "intents"))

    def slot(self, intent: str, name: str) -> Any:
        """What fills a slot of an intent; None if there is no such intent or nothing fills it.

        >>> r = Request({"request": {"nlu": {"intents": {"order": {"slots": {"size": {"value": "большую"}}}}}}})
        >>> r.slot("order", "size"), r.slot("order", "colour"), r.slot("cancel", "size")
        ('большую', None, None)
        """
        return self.intents[intent].slot(name) if intent in self.intents else None

    def entities(self, type: str) -> list[Any]:
        """Values of the recognised entities of a type, in order: ``request.entities("YANDEX.NUMBER")``."""
        return [freeze(value) for _, _, value in entities(self._nlu, type)]

    @property
    def numbers(self) -> tuple[int | float, ...]:
        """The numbers that were said.

        >>> Request({"request": {"nlu": {"entities": [{"type": "YANDEX.NUMBER", "value": 25}]}}}).numbers
        (25,)
        """
        return tuple(value for value in self.entities("YANDEX.NUMBER") if is_number(value))

    @property
    def dates(self) -> tuple[dates.Moment, ...]:
        """The moments that were said, in the user's time zone; see `Moment`.

        >>> value = {"month": 3, "day": 14, "hour": 7, "minute": 30}
        >>> [said] = Request({"request": {"nlu": {"entities": [{"type": "YANDEX.DATETIME", "value": value}]}}}).dates
        >>> said.month, said.day, said.year, str(said.time), said.at
        (3, 14, None, '07:30:00', None)
        """
        found = entities(self._nlu, "YANDEX.DATETIME")
        return dates.moments(found, context.now().astimezone(self.timezone))

    @property
    def names(self) -> tuple[Name, ...]:
        """The persons who were named."""
        return tuple(map(name_of, self.entities("YANDEX.FIO")))

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that were named."""
        return tuple(map(place_of, self.entities("YANDEX.GEO")))

    @property
    def said_yes(self) -> bool:
        """Did the user agree (the intent YANDEX.CONFIRM, or words that are a yes and nothing else)?"""
        return "YANDEX.CONFIRM" in self.intents or says_yes(self._words)

    @property
    def said_no(self) -> bool:
        """Did the user refuse (the intent YANDEX.REJECT, or words that are a no and nothing else)?

        >>> r = Request({"request": {"command": "нет, спасибо"}})
        >>> r.said_no, r.said_yes
        (True, False)
        """
        return "YANDEX.REJECT" in self.intents or says_no(self._words)

    @property
    def _words(self) -> list[str]:
        tokens = self._nlu.get("tokens")  # of a pressed button too, which has no command
        command = str(self._body.get("command") or "")
        return words(command) if command or not isinstance(tokens, list) else list(map(str, tokens))

    @property
    def session_id(self) -> str:
        """Names the dialog."""
        return str(self._session.get("session_id") or "")

    @property
    def user_id(self) -> str:
        """Names the device or the application the user speaks through; it lasts as long as that is installed.

        The platform has deprecated ``session.user_id``: where it is missing, this is ``session.application``'s id, and
        empty if that is missing too. Who the user is, on all devices, tells `account_id`.

        >>> Request({"session": {"session_id": "s", "application": {"application_id": "device"}}}).user_id
        'device'
        """
        session = self._session
        return str(
            session["user_id"] if "user_id" in session else part(session, "application").get("application_id", "")
        )

    @property
    def account_id(self) -> str:
        """Names the user on all their devices; empty if they are not logged in."""
        return str(part(self._session, "user").get("user_id") or "")

    @property
    def access_token(self) -> str:
        """What account linking gave, for requests to the author's own service; empty before it.

        Tokens are not kept in the journal: in a replay it reads "hidden". Use it in the arguments of a step.
        """
        return str(part(self._session, "user").get("access_token") or "")

    @property
    def location(self) -> Location | None:
        """Where the user is, if they have allowed to tell it."""
        return location_of(self._session.get("location"))

    @property
    def is_new(self) -> bool:
        """Is it the first request of its session?"""
        return bool(self._session.get("new"))

    @property
    def interfaces(self) -> frozenset[str]:
        """What the device can do: ``screen``, ``account_linking``, ``audio_player``, ``payments``, ...

        Old devices do not say, which is as if they could do nothing.
        """
        return frozenset(part(part(self, "meta"), "interfaces"))

    def can(self, interface: str) -> bool:
        """Can the device do this? ``request.can("payments")``"""
        return interface in self.interfaces

    @property
    def has_screen(self) -> bool:
        """Can the user see cards and buttons? (Old devices do not say; then no.)"""
        return self.can("screen")

    @property
    def timezone(self) -> tzinfo:
        """Where the user's clock stands; UTC if it is not told."""
        return context.zone(part(self, "meta").get("timezone"))

    def state(self, scope: str) -> Frozen:
        """What the skill kept with the platform; `scope` is ``session``, ``user`` or ``application``."""
        return Frozen(part(part(self, "state"), scope))
