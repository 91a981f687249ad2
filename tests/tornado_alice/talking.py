"""How tests of the engine as a whole talk to a skill."""

import subprocess
import sys
from typing import Any

from tornado_alice import Skill, request, say
from tornado_alice.testing import make_request


def text(answer: dict[str, Any]) -> str:
    """What Alice says."""
    said: str = answer["response"]["text"]
    return said


async def ask(skill: Skill, command: str, message_id: int, session: str = "s") -> dict[str, Any]:
    """The answer to one message of a session; message 0 begins it."""
    fields = {"session_id": session, "message_id": message_id, "new": message_id == 0}
    return await skill.handle(make_request(command, message_id, session=fields))


def counting_skill(**options: Any) -> Skill:
    """A skill that says how many requests it saw, and the last command."""
    skill = Skill("counting", **options)

    @skill.script
    def run():
        n = 0
        while True:
            n += 1
            yield say(f"{n} {request.command}".strip())

    return skill


def run(*words: str, stdin: str = "", **options: Any) -> "subprocess.CompletedProcess[str]":
    """What `python -m tornado_alice WORDS` shows when it gets these lines."""
    command = [sys.executable, "-m", "tornado_alice", *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, **options)
