"""A conversation with a skill in the terminal."""

import sys
import uuid
from pathlib import Path
from typing import Any

from ..limits import Mending
from ..skill import Skill
from ..testing import Answer
from ..testing.device import Device
from ..testing.scenario import Does
from ..testing.scenario_file import export, load_yaml
from ..testing.scenario_run import SECRET
from ..testing.screen import Touchable, pressed, touchables
from ..testing.understanding import utterance
from ..threads import in_thread

HELP = "Пишите, как сказали бы Алисе. /1, /2: нажать кнопку; /new: новая сессия; /quit или Ctrl+D: выход."


async def chat(skill: Skill, record: Path | None = None) -> None:
    """Talk to `skill` until the user leaves: lines of stdin are said, answers are printed.

    Args:
        record: a file for the conversation as a scenario, which ``python -m tornado_alice test`` plays again.
    """
    print(HELP)
    talk = Talk(skill, seed=uuid.uuid4().hex[:8])
    if record is not None:
        load_yaml()  # it is better missed now than at the end
        skill.journal.secret = SECRET
    try:
        await talk.go_on()
    finally:
        if record is not None:
            record.write_text(export(record.stem, talk.device.seed, talk.turns), "utf-8")
            print(f"— {record} —")


class Talk:
    """One conversation.

    Attributes:
        turns: what the user did, and what was answered.
    """

    def __init__(self, skill: Skill, seed: str) -> None:
        skill.dialogs.script.mending = Mending.NOTHING  # the author looks on
        self._skill, self.device = skill, Device(seed=seed)
        self.turns: list[tuple[Does, Answer]] = []

    async def go_on(self) -> None:
        """Until the user leaves."""
        answer = await self._enter()
        while True:
            if answer.ended:
                print("— сессия окончена; Enter: начать новую —")
            line = await _read()
            if line is None or line == "/quit":
                return
            if answer.ended or line == "/new":
                answer = await self._enter()
            else:
                answer = await self._hear(line, answer)

    async def _enter(self) -> Answer:
        self.device.begin_session()
        return await self._send(Does("enter", ""), utterance(""))

    async def _hear(self, line: str, answer: Answer) -> Answer:
        shown = touchables(answer.response)
        if line[:1] != "/" or not line[1:].isdecimal():
            return await self._send(Does("say", line), utterance(line))
        if not 0 < int(line[1:]) <= len(shown):
            print(f"— кнопки {line} нет —")
            return answer
        return await self._tap(shown[int(line[1:]) - 1], answer)

    async def _tap(self, touched: Touchable, answer: Answer) -> Answer:
        body = pressed(touched)
        if touched.button.get("url"):
            print(f"— открывается {touched.button['url']} —")
        return answer if body is None else await self._send(Does("tap", touched.title), body)

    async def _send(self, does: Does, body: dict[str, Any]) -> Answer:
        answer = Answer.of(await self._skill.handle(self.device.request({"request": body})))
        self.device.keep(answer)
        self.turns.append((does, answer))
        _show(answer)
        return answer


def _show(answer: Answer) -> None:
    print(f"Алиса: {answer}")
    for entry in answer.card.get("items", []):
        print(f"   • {entry.get('title', '')} {entry.get('description', '')}".rstrip())
    shown = [touched.title for touched in touchables(answer.response)]
    if shown:
        print("   " + "  ".join(f"/{i} [{title}]" for i, title in enumerate(shown, 1)))


async def _read() -> str | None:
    """A line of the user; None at the end of input."""
    print("Вы: ", end="", flush=True)
    line = await in_thread(sys.stdin.readline)
    if not sys.stdin.isatty():
        print(line, end="")
    return line.strip() if line else None
