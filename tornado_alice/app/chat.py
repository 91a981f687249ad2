"""A conversation with a skill in the terminal."""

import sys
from typing import Any

from ..limits import Mending
from ..skill import Skill
from ..testing import Answer, make_request
from ..threads import in_thread

HELP = "Пишите, как сказали бы Алисе. /1, /2: нажать кнопку; /new: новая сессия; /quit или Ctrl+D: выход."


async def chat(skill: Skill) -> None:
    """Talk to `skill` until the user leaves: lines of stdin are said, answers are printed."""
    print(HELP)
    skill.dialogs.script.mending = Mending.NOTHING  # the author looks on
    session, message_id = 0, 0
    request = make_request("", 0)
    while True:
        request["session"] |= {"session_id": f"chat-{session}", "message_id": message_id, "new": message_id == 0}
        answer = Answer.of(await skill.handle(request))
        _show(answer)
        message_id += 1
        if answer.ended:
            print("— сессия окончена; Enter: начать новую —")
        line = await _read()
        if line is None or line == "/quit":
            return
        if answer.ended or line == "/new":
            session, message_id, request = session + 1, 0, make_request("", 0)
        else:
            request = _said(line, answer)


def _said(line: str, answer: Answer) -> dict[str, Any]:
    buttons = answer.response.get("buttons", [])
    number = int(line[1:]) - 1 if line[:1] == "/" and line[1:].isdecimal() else -1
    if not 0 <= number < len(buttons):
        return make_request(line, 1)
    button = buttons[number]
    if "payload" not in button:
        return make_request(button["title"], 1)
    request = make_request("", 1)
    request["request"] = {"type": "ButtonPressed", "payload": button["payload"], "nlu": {"tokens": [], "entities": []}}
    return request


def _show(answer: Answer) -> None:
    print(f"Алиса: {answer}")
    card = answer.response.get("card") or {}
    for entry in card.get("items", []):
        print(f"   • {entry.get('title', '')} {entry.get('description', '')}".rstrip())
    if answer.buttons:
        print("   " + "  ".join(f"/{i} [{title}]" for i, title in enumerate(answer.buttons, 1)))


async def _read() -> str | None:
    """A line of the user; None at the end of input."""
    print("Вы: ", end="", flush=True)
    line = await in_thread(sys.stdin.readline)
    if not sys.stdin.isatty():
        print(line, end="")
    return line.strip() if line else None
