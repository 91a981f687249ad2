"""What the platform knows and keeps of a person and a device: the envelope of their requests, the skill's states. Pure.

Rules:
1. The state of the session lives as long as the session and is lost unless each answer sends it.
2. That of the device (``application``) is replaced by what is sent.
3. That of the account is merged, null deletes; who is not logged in has none.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from .answer import Answer

#: What a device tells of itself.
META = {"locale": "ru-RU", "timezone": "Europe/Moscow", "client_id": "tornado_alice.testing/1"}
#: What it can do beside showing something.
INTERFACES = ("account_linking", "audio_player", "payments", "geolocation_sharing")


def new_name() -> str:
    """What names something for the platform, and nothing else."""
    return uuid.uuid4().hex


@dataclass
class Account:
    """A person as the platform knows them on all their devices.

    Attributes:
        token: what account linking gave; empty before it.
        state: what the skill keeps for them.
    """

    id: str = field(default_factory=new_name)
    token: str = ""
    state: dict[str, Any] = field(default_factory=dict)


@dataclass
class Device:
    """A device with the session that is open on it.

    Attributes:
        account: of the person who owns it.
        meta: locale, timezone, client_id.
        interfaces: what it can do, beside showing something.
        logged_in: does it know its owner?
        screen: can buttons and cards be seen?
        location: empty if it may not be told.
        message_id: of the next request.
        seed: what names are made of, so that a skill whose journal has the same secret draws the same; by default
            every name is new.
    """

    account: Account = field(default_factory=Account)
    meta: dict[str, str] = field(default_factory=lambda: dict(META))
    interfaces: Collection[str] = INTERFACES
    logged_in: bool = True
    screen: bool = True
    id: str = field(default_factory=new_name)
    location: dict[str, float] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    session_state: dict[str, Any] = field(default_factory=dict)
    session_id: str = ""
    message_id: int = 0
    seed: str = ""
    _sessions: int = 0

    def __post_init__(self) -> None:
        if self.seed:
            self.id, self.account.id = f"{self.seed}-device", f"{self.seed}-account"

    def begin_session(self) -> None:
        """The next request is the first of a new session."""
        self._sessions += 1
        self.session_id = f"{self.seed}-{self._sessions}" if self.seed else new_name()
        self.message_id, self.session_state = 0, {}

    def request(self, body: dict[str, Any]) -> dict[str, Any]:
        """The next request: `body` (``request``, or what an event has in its place) with what is around it."""
        if not self.session_id:
            self.begin_session()
        self.message_id += 1
        can = [*self.interfaces, "screen"] if self.screen else self.interfaces
        return {
            "meta": {**self.meta, "interfaces": {name: {} for name in can}},
            "session": self._session(self.message_id - 1),
            "state": {
                "session": self.session_state,
                "user": self.account.state if self.logged_in else {},
                "application": self.state,
            },
            "version": "1.0",
        } | body

    def _session(self, message_id: int) -> dict[str, Any]:
        token = {"access_token": self.account.token} if self.account.token else {}
        session: dict[str, Any] = {
            "message_id": message_id,
            "session_id": self.session_id,
            "skill_id": "test-skill",
            "user_id": self.id,
            "application": {"application_id": self.id},
            "new": message_id == 0,
        }
        if self.logged_in:
            session["user"] = {"user_id": self.account.id} | token
        if self.location:
            session["location"] = self.location
        return session

    def keep(self, answer: Answer) -> None:
        """Keep the states that an answer has sent."""
        self.session_state = answer.session_state
        if "application_state" in answer.whole:
            self.state = answer.application_state
        if self.logged_in:
            state = self.account.state | answer.user_state_update
            self.account.state.clear()  # it is shared with the person's other devices
            self.account.state.update({key: value for key, value in state.items() if value is not None})
