"""What a skill's author tests with: a dialog without a server, and recorded dialogs as regression tests.

from tornado_alice.testing import Dialog
from hello import skill

def test_hello():
    with Dialog(skill) as alice:
        assert alice.say("") == "Добрый день! Как вас зовут?"
        assert "Анна" in alice.say("Анна")
"""

import asyncio
import json
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

from .diagnosis import noted
from .errors import ScriptError, SettingsError
from .frames import authors_part
from .hooks import Answered
from .journal.records import Head, Record
from .limits import Mending
from .morphology import lemmatizer
from .script import Script
from .session import Session
from .skill import Skill


def make_request(command: str = "", message_id: int = 0, **fields: Any) -> dict[str, Any]:
    """A request as the platform sends it.

    Args:
        command: what the user said.
        message_id: number within the session; 0 makes it a new one.
        fields: parts of the request (``request``, ``state``, ``meta``, ...), merged one level deep.
    """
    words = command.split()
    request: dict[str, Any] = {
        "meta": {"locale": "ru-RU", "timezone": "Europe/Moscow", "client_id": "test", "interfaces": {"screen": {}}},
        "session": {
            "message_id": message_id,
            "session_id": "test-session",
            "skill_id": "test-skill",
            "user_id": "test-user",
            "application": {"application_id": "test-user"},
            "new": message_id == 0,
        },
        "request": {
            "type": "SimpleUtterance",
            "command": command.lower().strip(" .!?"),
            "original_utterance": command,
            "nlu": {"tokens": words, "entities": [], "intents": {}},
        },
        "state": {"session": {}, "user": {}, "application": {}},
        "version": "1.0",
    }
    for key, value in fields.items():
        request[key] = request.get(key, {}) | value if isinstance(value, dict) else value
    return request


class Answer(str):
    """The text of an answer, with the rest of it.

    Attributes:
        whole: the answer as the platform gets it.
    """

    whole: dict[str, Any]

    @classmethod
    def of(cls, whole: dict[str, Any]) -> "Answer":
        """The answer that `Skill.handle` gave."""
        answer = cls(whole["response"]["text"])
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
        return bool(self.response["end_session"])


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
        self._runner = asyncio.Runner()
        self._started = False

    def __enter__(self) -> "Dialog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            self._runner.run(self.skill.stop())
        self._runner.close()
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
            self._runner.run(self.skill.start())
            self._started = True
        self.skill.dialogs.script.mending = self._mending
        whole = self._runner.run(self.skill.handle(request))
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
        self._runner.run(self.skill.dialogs.stop())

    def _remember(self, answer: dict[str, Any]) -> None:
        self.state["session"] = answer.get("session_state", {})
        self.state["application"] = answer.get("application_state", self.state["application"])
        user = self.state["user"] | answer.get("user_state_update", {})
        self.state["user"] = {key: value for key, value in user.items() if value is not None}


def export(
    key: tuple[str, str], epoch: int, script: str, state: dict[str, Any], seed: bytes, turns: list[Record]
) -> str:
    """A recorded dialog as JSON text, for `replay`. `seed` is that of this session alone, not the journal's secret."""
    fields = [
        {
            "n": turn.n,
            "message_id": turn.message_id,
            "at": turn.at,
            "request": json.loads(turn.request),
            "ops": turn.ops,
            "reply": json.loads(turn.reply),
            "digest": turn.digest,
            "version": turn.version,
        }
        for turn in turns
    ]
    whole = {"tornado_alice": 1, "key": key, "epoch": epoch, "script": script, "state": state, "seed": seed.hex()}
    return json.dumps(whole | {"turns": fields}, ensure_ascii=False, indent=1)


def replay(skill: Skill, path: str | Path) -> int:
    """Replay a dialog exported by ``python -m tornado_alice sessions export`` and compare every reply.

    Returns:
        how many turns were replayed.

    Raises:
        NonDeterminismError: the script now says something else; it names the turn, what was said and what is said now;
            a note tells what it looks like and the remedy.
        SettingsError: the file is no exported dialog.
    """
    data = json.loads(Path(path).read_text("utf-8"))
    if not isinstance(data, dict) or data.get("tornado_alice") != 1:
        raise SettingsError(f"{path} is no dialog exported by `python -m tornado_alice sessions export`")
    own = Script(
        skill.dialogs.script.fn, "test", handlers=skill.beside
    )  # one version for all turns: every reply is compared
    head = Head(epoch=data["epoch"], script=data["script"], state=data["state"])
    lemma = lemmatizer(skill.options.load_analyzer)
    try:
        session = Session.of(own, (data["key"][0], data["key"][1]), head, bytes.fromhex(data["seed"]), lemma)
    except ScriptError as error:
        raise SettingsError(f"{path} was recorded with another script: {error}") from None
    turns = [turn for turn in data["turns"] if turn["digest"] or any("wait" in op for op in turn["ops"])]
    with noted():
        session.replay([_record(turn) for turn in turns])
    session.close()
    return len(turns)


def _record(turn: dict[str, Any]) -> Record:
    request = json.dumps(turn["request"]).encode()
    reply = json.dumps(turn["reply"]).encode()
    return Record(
        turn["n"], turn["message_id"], turn["at"], request, turn["ops"], reply, turn["digest"], version="test"
    )
