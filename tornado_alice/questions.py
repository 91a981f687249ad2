"""Questions: a script asks, hears, asks again, and goes on with the answer. Pure; all of it is said with `say`.

age = yield from ask("Сколько вам лет?", number(1, 120))     in a generator; `yield ask(...)` does as well
age = await ask("Сколько вам лет?", number(1, 120))          in a coroutine
"""

from collections.abc import Callable, Collection, Generator
from typing import Any, cast

from . import context
from .answers import text
from .commands import Handler, again, event_of, scope
from .errors import ReplyError
from .modifiers import suggest
from .reply import Modifier, Reply, say
from .request import Request
from .unheard import Command, on_made

#: How often a question is asked before it is given up.
ATTEMPTS = 3

#: A conversation of its own: replies go out, it returns the answer.
Talk = Generator[Reply, Any, Any]


class Question(Command):
    """What a script yields from or awaits to get an answer.

    Args:
        call: how a script makes one.
        talk: begins the conversation.
    """

    def __init__(self, call: str, talk: Callable[[], Talk]) -> None:
        self.call, self._talk = call, talk  # type: ignore[misc]  # the class has none
        for tell in on_made:
            tell(self)

    def __iter__(self) -> Talk:
        self.hear()
        return self._talk()

    __await__ = __iter__


class Directive(Question):
    """A modifier that sets something going on the user's device, and the question that waits for its end.

    Args:
        call: how a script makes one.
        modifier: puts it into a reply.
        phrase: said with it.
        types: of the events that end it.
        result: what the event means; None stands for the user's refusal.
    """

    def __init__(
        self,
        call: str,
        modifier: Modifier,
        phrase: str,
        types: tuple[str, ...],
        result: Callable[[Request], Any],
    ) -> None:
        super().__init__(call, self._wait)
        self._modifier, self._phrase, self._types, self._result = modifier, phrase, types, result

    def __call__(self, response: dict[str, Any]) -> None:
        self.hear()
        self._modifier(response)

    def _wait(self) -> Talk:
        heard = yield from _waiting(self._types, say(self._phrase, self._modifier), ATTEMPTS)
        return None if heard is None else self._result(heard)


def ask(
    question: str | Collection[str] | Reply,
    understand: Callable[[Request], Any] = text,
    *also: Modifier,
    again: str | Reply | None = None,
    attempts: int = ATTEMPTS,
    otherwise: Any = None,
    commands: Collection[Handler] = (),
) -> Question:
    """Ask until the answer is understood.

    Args:
        question: a phrase, several of which one is chosen, or a whole reply.
        understand: Request → the answer, or None if it is none; see `answers`.
        also: modifiers of the question (suggest(...), image(...)).
        again: what is said after an answer that was not understood; by default the question.
        attempts: how often it is asked.
        otherwise: the answer after that; a reply is said, ``say("Ну ладно.", end_session=True)`` ends the dialog.
        commands: heard at this question alone.

    Raises:
        ReplyError: nothing to say, or nothing that understands.

    >>> next(iter(ask("Кошки или собаки?", text)))["text"]
    'Кошки или собаки?'
    """
    if not callable(understand):
        raise ReplyError(f"ask(): what understands the answer is a function of the request, got {understand!r}")
    if attempts < 1:
        raise ReplyError(f"ask(): attempts: at least 1, got {attempts}")
    buttons = getattr(understand, "buttons", ())
    with_buttons = [suggest(*buttons)] if buttons else []

    def reply(said: str | Collection[str] | Reply, *also: Modifier) -> Reply:
        if isinstance(said, Reply):
            for modify in with_buttons if "buttons" not in said else ():
                modify(said)
            return said
        return say(*([said] if isinstance(said, str) else said), *also, *with_buttons)

    def talk() -> Talk:
        said, other = reply(question, *also), reply(question if again is None else again, *(() if again else also))
        with scope(*commands):
            for _ in range(attempts):
                yield said
                answer = understand(_request())
                if answer is not None:
                    return answer
                said = other
        if isinstance(otherwise, Reply):
            yield otherwise
            return None
        return otherwise

    return Question("ask", talk)


def wait(*types: str, saying: str | Reply | None = None, attempts: int = ATTEMPTS) -> Question:
    """Wait for an event; the answer is its request, or None if the user refuses or speaks of something else.

    Args:
        types: ``"Purchase.Confirmation"``, ``"AudioPlayer.PlaybackFinished"``, ...
        saying: what to say first; by default the event must be the answer to what was said last.
        attempts: how often it is said.

    >>> first = next(iter(wait("Purchase.Confirmation", saying="Оплатите.")))
    >>> first["text"], first.takes
    ('Оплатите.', ('Purchase.Confirmation',))
    """
    return Question("wait", lambda: _waiting(types, say(saying) if isinstance(saying, str) else saying, attempts))


def _waiting(types: tuple[str, ...], saying: Reply | None, attempts: int) -> Talk:
    if saying is None:
        if event_of(_request()) in types:
            return _request()
        saying = _repeated(_prompt())
    for _ in range(attempts):
        saying.takes = types
        yield saying
        heard = _request()
        if event_of(heard) in types:
            return heard
        if heard.said_no:
            return None
        saying = _repeated(saying)
    return None


def _repeated(prompt: Reply | None) -> Reply:
    if prompt is None:
        raise ReplyError("wait(): nothing was said that could be waited for. Write wait(..., saying='...')")
    return again(prompt)


def _request() -> Request:
    turn = context.current.get()
    assert turn is not None, "a question is asked by a script"
    return cast(Request, turn.request)


def _prompt() -> Reply | None:
    turn = context.current.get()
    return cast(Reply | None, turn.prompt) if turn is not None else None
