"""What is heard at any prompt beside the script: commands of the user, events of the platform. Pure.

Rules:
1. A handler is a phrase, a plain function, or a script of its own, which may ask questions. It is tried before the
   script hears the turn; the script stays where it is and cannot tell that it happened.
2. A command is known by the whole utterance or by an intent of the platform. Those of the innermost question come
   first, then those of the skill, each in the order of their registration. One that is under way is not tried again:
   it hears the words itself.
3. What it says last is followed by the prompt it interrupted, in one reply where that has room. A reply that it
   returns (``return say(...)``) stands in place of the prompt. One with ``end_session=True`` ends the dialog.
4. An event is a request without words. It goes to its handler, unless the prompt waits for it. Nobody's AudioPlayer.*
   gets an empty answer, any other event without a handler is heard by the script.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, overload

from .errors import ScriptError
from .morphology import words
from .reply import Reply, say
from .request import Request
from .step import Continue

#: Requests with words, or with a button that stands for some.
WORDS = ("SimpleUtterance", "ButtonPressed", "")
#: What the event of account linking has in place of a request.
LINKED = "account_linking_complete_event"
#: Words around a command that change nothing.
FILLERS = frozenset({"алиса", "пожалуйста", "ну", "please"})
#: Fields of a prompt that are said again.
AGAIN = ("text", "tts", "buttons", "card")


@dataclass(frozen=True, eq=False)
class Handler:
    """One command or event and what it does; made by `command`, `Skill.command` and `Skill.event`.

    Attributes:
        name: what the journal calls it.
        does: a phrase, a plain function (which may take the prompt that it interrupts), or a script.
        phrases: whole utterances, as `plain` gives them.
        intents: of the platform.
        types: of requests that are events.
    """

    name: str
    does: Any
    phrases: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    @property
    def is_script(self) -> bool:
        """Does it talk, so that it may last for more than one turn?"""
        return any(is_form(self.does) for is_form in FORMS)

    def hears(self, request: Request) -> bool:
        """Is it a command that the user gave with this request?"""
        if not self.intents.isdisjoint(request.intents):
            return True
        return bool(self.phrases) and request.payload is None and plain(request.command) in self.phrases

    def call(self, prompt: Reply | None) -> Any:
        """What a phrase or a plain function has to say."""
        if not callable(self.does):
            return self.does
        return self.does(prompt) if inspect.signature(self.does).parameters else self.does()


#: The three forms of a script.
FORMS = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
#: Nobody hears the event.
NOBODY = Handler("nobody", None)

#: Handlers of the questions that the session at hand is in, innermost first.
scoped: ContextVar[tuple[Handler, ...]] = ContextVar("tornado_alice_commands", default=())


@dataclass(eq=False)
class Handlers:
    """Those of a skill.

    Attributes:
        commands: in the order in which they are tried.
        events: by the type of the request.
    """

    commands: list[Handler] = field(default_factory=list)
    events: dict[str, Handler] = field(default_factory=dict)

    def event(self, request: Request) -> Handler | None:
        """Who takes an event."""
        type = event_of(request)
        silent = NOBODY if type.startswith("AudioPlayer.") else None
        return self.events.get(type, silent)

    def named(self, name: str, active: tuple[Handler, ...]) -> Handler | None:
        """The handler that the journal calls so; None if there is none any more."""
        known = (*active, *self.commands, *self.events.values(), NOBODY)
        return next((handler for handler in known if handler.name == name), None)


@overload
def command(*phrases: str, intents: tuple[str, ...] = ()) -> Callable[[Any], Handler]: ...
@overload
def command(*phrases: str, intents: tuple[str, ...] = (), answer: str | Reply) -> Handler: ...
def command(
    *phrases: str, intents: tuple[str, ...] = (), answer: str | Reply | None = None
) -> Handler | Callable[[Any], Handler]:
    """A command for `Skill.commands(...)` and ``ask(..., commands=...)``: a decorator, or whole with an `answer`.

    Args:
        phrases: whole utterances ("помощь", "что ты умеешь"); case, punctuation, ё and "пожалуйста" do not matter.
        intents: of the platform ("YANDEX.HELP").
        answer: what is said before the prompt is said again.

    Raises:
        ScriptError: nothing that could be heard.

    >>> hint = command("подсказка", answer="Это птица.")
    >>> hint.hears(Request({"request": {"command": "Подсказка, пожалуйста!"}}))
    True
    """
    if not all(isinstance(phrase, str) and plain(phrase) for phrase in phrases) or not (phrases or intents):
        raise ScriptError(
            "a command needs a phrase or an intent: write @skill.command('помощь', intents=('YANDEX.HELP',))"
        )
    heard, first = (frozenset(map(plain, phrases)), frozenset(intents)), [*phrases, *intents][0]
    if answer is not None:
        return Handler(first, answer, *heard)
    return lambda does: Handler(_name(does, first), does, *heard)


def event(*types: str) -> Callable[[Any], Handler]:
    """A handler of requests of these types, as a decorator.

    Raises:
        ScriptError: no type is given.
    """
    if not types or not all(isinstance(type, str) and type for type in types):
        raise ScriptError("an event needs the type of its request: write @skill.event('AudioPlayer.PlaybackFinished')")
    return lambda does: Handler(_name(does, types[0]), does, types=frozenset(types))


@contextmanager
def scope(*handlers: Handler) -> Iterator[None]:
    """These commands are tried first, as long as the block is under way; for scripts.

    Raises:
        ScriptError: it is no command.
    """
    for handler in handlers:
        if not isinstance(handler, Handler):
            raise ScriptError(f"commands: make each with command('фраза')(function), got {handler!r}")
    before = scoped.get()
    scoped.set((*handlers, *before))
    try:
        yield
    finally:
        scoped.set(before)


def plain(text: str) -> str:
    """An utterance as commands are compared.

    >>> plain("Алиса, что ты умеешь?"), plain("Ещё раз, пожалуйста.")
    ('что ты умеешь', 'еще раз')
    """
    spoken = [word.lower().replace("ё", "е") for word in words(text)]
    return " ".join([word for word in spoken if word not in FILLERS] or spoken)


def event_of(request: Request) -> str:
    """The type of a request that has no words; empty if it has some."""
    if dict.__contains__(request, LINKED):
        return LINKED
    return "" if request.type in WORDS else request.type


def again(prompt: Reply) -> Reply:
    """A prompt to be said once more: as it was, without what it set going (a purchase, a melody)."""
    reply = Reply({key: prompt[key] for key in AGAIN if key in prompt})
    reply.phrases, reply.takes = prompt.phrases, prompt.takes
    reply["end_session"] = False
    return reply


def joined(first: Reply, prompt: Reply | None, most: int) -> Reply:
    """A reply and the prompt after it in one; the reply alone if both have more than `most` characters."""
    if prompt is None or first.get("end_session"):
        return first
    whole = Reply(again(prompt) | first)
    whole.phrases, whole.takes = (), prompt.takes
    whole["text"] = _both(first.get("text"), prompt.get("text"))
    if "tts" in first or "tts" in prompt:
        whole["tts"] = _both(first.get("tts") or first.get("text"), prompt.get("tts") or prompt.get("text"))
    if "buttons" in first and "buttons" in prompt:
        whole["buttons"] = [*first["buttons"], *prompt["buttons"]]
    return whole if max(len(whole["text"]), len(whole.get("tts", ""))) <= most else first


def _both(one: Any, other: Any) -> str:
    return " ".join(str(text) for text in (one, other) if text)


def outcome(value: Any, prompt: Reply | None, silent: bool, most: int) -> Reply | Continue:
    """What is said once a handler is done.

    Args:
        value: what it gave.
        prompt: what it interrupted.
        silent: may nothing be said?
        most: characters of a reply.

    Raises:
        ScriptError: it gave what cannot be said.
    """
    if isinstance(value, Reply | Continue):
        return value
    if isinstance(value, str):
        return joined(say(value), prompt, most)
    if value is not None:
        raise ScriptError(
            f"a command gives a phrase, say(...), continue_as_new(...) or nothing, got {value!r}. "
            "With steps or questions it is a script: use yield or await in it"
        )
    return say("") if prompt is None or silent else again(prompt)


def _name(does: Any, first: str) -> str:
    if not callable(does):
        raise ScriptError(f"a command or an event is a function, got {does!r}. A phrase goes into answer=...")
    return f"{getattr(does, '__qualname__', 'command')}({first})"


@command("повтори", "повторить", "повтори вопрос", "еще раз", "не понял", "не поняла", intents=("YANDEX.REPEAT",))
def repeat(prompt: Reply) -> Reply:
    """The prompt once more: text, tts, buttons and card as they were."""
    return again(prompt)


@command("хватит", "стоп", "выход", "выйти", "закончить", "до свидания", "пока")
def leave() -> Reply:
    """The end of the dialog."""
    return say("До встречи!", "Всего доброго!", end_session=True)
