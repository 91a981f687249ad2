"""An answer, as tests compare it."""

from typing import Any


class Answer(str):
    """The text of an answer, with the rest of it.

    Attributes:
        whole: the answer as the platform gets it.
    """

    whole: dict[str, Any]

    @classmethod
    def of(cls, whole: dict[str, Any]) -> "Answer":
        """The answer that `Skill.handle` gave."""
        answer = cls(whole["response"].get("text", ""))
        answer.whole = whole
        return answer

    @property
    def response(self) -> dict[str, Any]:
        """The ``response`` part."""
        part: dict[str, Any] = self.whole["response"]
        return part

    @property
    def buttons(self) -> list[str]:
        """Titles of the buttons."""
        return [button["title"] for button in self.response.get("buttons", [])]

    @property
    def user_state_update(self) -> dict[str, Any]:
        """What changed of the user's state; None for what was deleted."""
        return dict(self.whole.get("user_state_update") or {})

    @property
    def application_state(self) -> dict[str, Any]:
        """The state of the device, if it is sent anew."""
        return dict(self.whole.get("application_state") or {})

    @property
    def session_state(self) -> dict[str, Any]:
        """The state of the session, if it is sent."""
        return dict(self.whole.get("session_state") or {})

    @property
    def ended(self) -> bool:
        """Has the skill ended the session?"""
        return bool(self.response.get("end_session"))

    @property
    def tts(self) -> str:
        """What is heard: ``tts``, or the text where there is none."""
        return str(self.response.get("tts") or self)

    @property
    def card(self) -> dict[str, Any]:
        """The card; empty without one."""
        return dict(self.response.get("card") or {})

    @property
    def directives(self) -> dict[str, Any]:
        """What is set going on the device; empty if nothing is."""
        return dict(self.response.get("directives") or {})
