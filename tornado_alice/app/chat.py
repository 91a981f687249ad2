"""A conversation with a skill in the terminal.

A script that is saved meanwhile is loaded anew, and the conversation goes on in it: its turns are in the journal.
"""

import json
import uuid
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from ..errors import AliceError, SettingsError
from ..frames import is_authors_fault
from ..limits import Mending
from ..skill import Skill
from ..testing import Answer
from ..testing.device import Device
from ..testing.scenario import Does
from ..testing.scenario_file import export, load_yaml
from ..testing.scenario_run import SECRET
from ..testing.screen import Touchable, pressed, touchables
from ..testing.understanding import utterance
from ..workbench import branch, look
from .reading import Reader

HELP = """Пишите, как сказали бы Алисе. /1, /2: нажать кнопку. Ctrl+D: выход.
:new новая сессия    :back взять последнюю фразу назад    :screen экран есть или нет
:state состояния     :json последний запрос и ответ       :user ИМЯ другой человек, :user вход в аккаунт
:where где стоит скрипт, его переменные                   :help эта подсказка    :quit выход"""
COMMANDS = (":back", ":help", ":json", ":new", ":quit", ":screen", ":state", ":user", ":where")
#: As they were called before.
OLD = {"/new": ":new", "/quit": ":quit"}


async def chat(skill: Skill, record: Path | None, reload: Callable[[], Skill | None], history: Path) -> None:
    """Talk to `skill` until the user leaves.

    Args:
        record: a file for the conversation as a scenario, which ``python -m tornado_alice test`` plays again.
        reload: the skill anew if its files have changed, else None.
        history: a file of what was typed before.
    """
    if record is not None:
        load_yaml()  # it is better missed now than at the end
        skill.journal.secret = SECRET
    talk = Talk(skill, reload, Reader(history, COMMANDS), seed=uuid.uuid4().hex[:8], alone=record is not None)
    print(HELP)
    try:
        await talk.go_on()
    finally:
        if record is not None:
            record.write_text(export(record.stem, talk.person.device.seed, talk.person.turns), "utf-8")
            print(f"— {record} —")


class Person:
    """Somebody who talks, on a device of their own.

    Attributes:
        turns: what they did, and what was answered.
        before: the device as it was before each turn of the session.
    """

    def __init__(self, seed: str) -> None:
        self.device = Device(seed=seed)
        self.turns: list[tuple[Does, Answer]] = []
        self.before: list[Device] = []
        self.request: dict[str, Any] = {}

    @property
    def answer(self) -> Answer | None:
        """The last one of the session."""
        return self.turns[-1][1] if self.before else None


class Talk:
    """One conversation, of several people if need be."""

    def __init__(
        self, skill: Skill, reload: Callable[[], Skill | None], reader: Reader, seed: str, alone: bool
    ) -> None:
        self._skill, self._reload, self._reader, self._seed, self._alone = skill, reload, reader, seed, alone
        self._people = {"": Person(seed)}
        self.person = self._people[""]
        self._script_of(skill)

    @staticmethod
    def _script_of(skill: Skill) -> None:
        skill.dialogs.script.mending = Mending.NOTHING  # the author looks on

    async def go_on(self) -> None:
        """Until the user leaves."""
        await self._enter()
        while True:
            line = await self._reader.read(touchables(self.person.answer.response) if self.person.answer else [])
            line = OLD.get(line, line) if line is not None else ":quit"
            if line == ":quit":
                return
            try:
                await self._look_for_changes()
                await self._hear(line)
            except SettingsError as error:
                print(f"— {error} —")

    async def _hear(self, line: str) -> None:
        ended = self.person.answer is None or self.person.answer.ended
        if line[:1] == ":":
            await self._command(*line.split(maxsplit=1))
        elif line[:1] == "/":
            await self._press(line)
        elif ended:
            await self._enter(line)
        else:
            await self._send(Does("say", line), utterance(line))

    async def _command(self, name: str, argument: str = "") -> None:
        device = self.person.device
        match name:
            case ":new":
                await self._enter()
            case ":back":
                await self._back()
            case ":screen":
                device.screen = not device.screen
                print(f"— экран {'есть' if device.screen else 'выключен'} —")
            case ":user" if argument:
                await self._turn_to(argument)
            case ":user":
                device.logged_in = not device.logged_in
                print(f"— {'вошли в аккаунт' if device.logged_in else 'не вошли в аккаунт'} —")
            case ":state":
                states = {"session": device.session_state, "user": device.account.state, "application": device.state}
                print(json.dumps(states, ensure_ascii=False, indent=2))
            case ":json":
                answer = self.person.answer
                print(json.dumps(self.person.request, ensure_ascii=False, indent=2))
                print(json.dumps(answer.whole if answer else None, ensure_ascii=False, indent=2))
            case ":where":
                await self._where()
            case ":help":
                print(HELP)
            case _:
                print(f"— команды {name} нет; есть {' '.join(COMMANDS)} —")

    async def _enter(self, words: str = "") -> None:
        self.person.before.clear()
        self.person.device.begin_session()
        await self._send(Does("enter", words), utterance(words))

    async def _press(self, line: str) -> None:
        answer = self.person.answer
        shown = touchables(answer.response) if answer is not None else []
        if not line[1:].isdecimal() or not 0 < int(line[1:]) <= len(shown):
            print(f"— кнопки {line} нет —")
            return
        await self._tap(shown[int(line[1:]) - 1])

    async def _tap(self, touched: Touchable) -> None:
        body = pressed(touched)
        if touched.button.get("url"):
            print(f"— открывается {touched.button['url']} —")
        if body is not None:
            await self._send(Does("tap", touched.title), body)

    async def _send(self, does: Does, body: dict[str, Any]) -> None:
        person = self.person
        person.before.append(deepcopy(person.device))
        person.request = person.device.request({"request": body})
        answer = Answer.of(await self._skill.handle(person.request))
        person.device.keep(answer)
        person.turns.append((does, answer))
        _show(answer)

    async def _back(self) -> None:
        """The dialog as it was before the last phrase: a branch of it, which is answered as that was."""
        person = self.person
        kept = len(person.before) - 1
        if kept < 1:
            print("— это первая фраза; :new начинает заново —")
            return
        _, session_id = await branch(self._skill.journal, self._key(), kept)
        person.device = person.before.pop()
        person.device.session_id = session_id
        person.turns.pop()
        _show(person.turns[-1][1])

    async def _turn_to(self, name: str) -> None:
        if self._alone:
            print("— в сценарий записывается один человек —")
            return
        self.person = self._people.setdefault(name, Person(f"{self._seed}-{len(self._people)}"))
        print(f"— говорит {name} —")
        if self.person.answer is None:
            await self._enter()
        else:
            _show(self.person.answer)

    async def _where(self) -> None:
        seen = look(self._skill, self._key(), await self._skill.journal.load(self._key()))
        for frame in seen["frames"]:
            print(f"{frame['file']}:{frame['line']} {frame['function']}")
            for name, value in frame["variables"].items():
                print(f"    {name} = {value}")
        if not seen["frames"]:
            print("— скрипт не начат или уже закончился —")

    async def _look_for_changes(self) -> None:
        """Go on in the new code if a file was saved."""
        try:
            skill = self._reload()
        except Exception as error:  # whatever a file may raise as it is loaded: the conversation waits for its mending
            if not is_authors_fault(error) and not isinstance(error, AliceError):
                raise
            name = type(error).__name__
            print(f"— файл сохранён, но не загружается ({name}): {error}; разговор идёт в прежнем коде —")
            return
        if skill is None:
            return
        skill.journal = self._skill.journal
        self._skill = skill
        self._script_of(skill)
        seen = look(skill, self._key(), await skill.journal.load(self._key()))
        trouble = seen["trouble"] if self.person.answer is not None and not self.person.answer.ended else None
        where = f"; на реплике {seen['at']} новый код расходится с записанным: {trouble}" if trouble else ""
        print(f"— файл сохранён, разговор продолжается в новом коде{where} —")

    def _key(self) -> tuple[str, str]:
        skill_id: str = self.person.request["session"]["skill_id"]
        return (skill_id, self.person.device.session_id)


def _show(answer: Answer) -> None:
    print(f"Алиса: {answer}")
    if answer.tts != str(answer):
        print(f"   вслух: {answer.tts}")
    title = answer.card.get("title") or (answer.card.get("header") or {}).get("text")
    if title:
        print(f"   {title} {answer.card.get('description', '')}".rstrip())
    for entry in answer.card.get("items", []):
        print(f"   • {entry.get('title', '')} {entry.get('description', '')}".rstrip())
    for name, directive in answer.directives.items():
        print(f"   [{name} {directive.get('action', '')}]".replace(" ]", "]"))
    shown = [touched.title for touched in touchables(answer.response)]
    if shown:
        print("   " + "  ".join(f"/{i} [{title}]" for i, title in enumerate(shown, 1)))
    if answer.ended:
        print("— сессия окончена; новые слова начнут другую —")
