"""How tests of the engine as a whole talk to a skill."""

from typing import Any

from tornado_alice import Skill
from tornado_alice.testing import make_request


def text(answer: dict[str, Any]) -> str:
    """What Alice says."""
    said: str = answer["response"]["text"]
    return said


async def ask(skill: Skill, command: str, message_id: int, session: str = "s") -> dict[str, Any]:
    """The answer to one message of a session; message 0 begins it."""
    fields = {"session_id": session, "message_id": message_id, "new": message_id == 0}
    return await skill.handle(make_request(command, message_id, session=fields))
