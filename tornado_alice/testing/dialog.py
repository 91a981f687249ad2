"""Dialog: one user's dialog with a skill, for tests that want nothing more."""

import uuid
from types import TracebackType
from typing import Any

from ..frames import authors_part
from ..hooks import Answered
from ..limits import Mending
from ..skill import Skill
from .answer import Answer
from .loop import Loop
from .requests import make_request


class Dialog:
    """One user's dialog with a skill; what the platform keeps for the skill (its states) is kept here.

    Args:
        skill: the Skill; its journal is used as it is (by default in memory).
        strict: are replies beyond the limits of the platform errors? True: all, and what the script raised, or a replay
            that led elsewhere, is raised here, where the user hears an apology; False: none, they are mended and told
            in the log as in production; by default all but phrases and titles that are too long.

    >>> from tornado_alice.examples.survey import skill
    >>> with Dialog(skill) as alice:
    ...     alice.say("")
    'Добрый день! Как вас зовут?'
    """

    def __init__(self, skill: Skill, *, strict: bool | None = None) -> None:
        self.skill = skill
        self._failed: BaseException | None = None
        if strict:
            skill.after_turn(self._watch)
        self._mending = {None: Mending.TEXTS, True: Mending.NOTHING, False: Mending.ALL}[strict]
        self.session_id = str(uuid.uuid4())
        self.message_id = 0
        self.state: dict[str, dict[str, Any]] = {"session": {}, "user": {}, "application": {}}
        self._loop = Loop()
        self._started = False

    def __enter__(self) -> "Dialog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            self._loop.run(self.skill.stop())
        self._loop.close()
        if self._watch in self.skill.hooks.after:
            self.skill.hooks.after.remove(self._watch)

    def say(self, command: str = "", **fields: Any) -> Answer:
        """The user says something; an empty command is the launch of the skill."""
        return self.send(make_request(command, self.message_id, state=self.state, **fields))

    def press(self, payload: Any) -> Answer:
        """The user presses a button that carries a payload."""
        request = make_request("", self.message_id, state=self.state)
        request["request"] = {"type": "ButtonPressed", "payload": payload, "nlu": {"tokens": [], "entities": []}}
        return self.send(request)

    def send(self, request: dict[str, Any]) -> Answer:
        """Send a request as it is, within this dialog's session."""
        request["session"] |= {"session_id": self.session_id, "message_id": self.message_id}
        self.message_id += 1
        if not self._started:
            self._loop.run(self.skill.start())
            self._started = True
        self.skill.dialogs.script.mending = self._mending
        whole = self._loop.run(self.skill.handle(request))
        if self._failed is not None:
            error, self._failed = self._failed, None
            raise error.with_traceback(authors_part(error))
        self._remember(whole)
        return Answer.of(whole)

    def _watch(self, answered: Answered) -> None:
        if answered.request["session"]["session_id"] == self.session_id:
            self._failed = answered.error

    def forget(self) -> None:
        """Drop the live script, as a restart of the server would: the next turn is replayed from the journal."""
        self._loop.run(self.skill.dialogs.stop())

    def _remember(self, answer: dict[str, Any]) -> None:
        self.state["session"] = answer.get("session_state", {})
        self.state["application"] = answer.get("application_state", self.state["application"])
        user = self.state["user"] | answer.get("user_state_update", {})
        self.state["user"] = {key: value for key, value in user.items() if value is not None}
