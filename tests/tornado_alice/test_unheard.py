"""say(...) and step(...) that a script makes and throws away."""

from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from tornado_alice import Reply, Skill, gather, request, say, step
from tornado_alice.testing import Dialog

Talk = Generator[Any, Any, Any]


def twice(n: int) -> int:
    return 2 * n


def generator_that_forgets() -> Talk:
    say("Этого никто не услышит")
    yield say("раз")


async def coroutine_that_forgets() -> None:
    say("Этого никто не услышит")
    await say("раз")


async def async_generator_that_forgets() -> AsyncIterator[Reply]:
    say("Этого никто не услышит")
    yield say("раз")


def greet() -> Reply:
    return say("Привет!")


def helper_is_forgotten() -> Talk:
    greet()
    yield say("раз")


def in_a_function_of_its_own() -> Talk:
    def hello() -> None:
        say("Этого никто не услышит")

    hello()
    yield say("раз")


def step_is_forgotten() -> Talk:
    step(twice, 1)
    yield say("раз")


async def step_is_forgotten_in_an_async_generator() -> AsyncIterator[Reply]:
    step(twice, 1)
    yield say("раз")


def gather_is_forgotten() -> Talk:
    gather(step(twice, 1), step(twice, 2))
    yield say("раз")


def thrown_away_in_an_expression() -> Talk:
    say("Этого никто не услышит") if request.command == "" else None
    yield say("раз")


FORGETFUL = {
    generator_that_forgets: r"say\(\.\.\.\) reaches nobody\. Write yield say\(\.\.\.\)$",
    coroutine_that_forgets: r"say\(\.\.\.\) reaches nobody\. Write await say\(\.\.\.\)$",
    async_generator_that_forgets: r"say\(\.\.\.\) reaches nobody\. Write yield say\(\.\.\.\)$",
    helper_is_forgotten: r"say\(\.\.\.\) reaches nobody\. Write yield say\(\.\.\.\)$",
    in_a_function_of_its_own: r"Write return say\(\.\.\.\) here, and yield in the script what this function gives$",
    step_is_forgotten: r"step\(\.\.\.\) reaches nobody\. Write yield step\(\.\.\.\)$",
    step_is_forgotten_in_an_async_generator: r"step\(\.\.\.\) reaches nobody\. Write await step\(\.\.\.\)$",
    gather_is_forgotten: r"gather\(\.\.\.\) reaches nobody\. Write yield gather\(\.\.\.\)$",
    thrown_away_in_an_expression: r"say\(\.\.\.\) reaches nobody\. Write yield say\(\.\.\.\)$",
}


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("script", FORGETFUL, ids=lambda script: script.__name__)
def test_what_is_thrown_away_is_told_with_its_line(script: Callable[..., Any], threads: bool, logs: Any) -> None:
    """One line names file, line and function, and what to write there; the dialog goes on."""
    skill = Skill("forgetful", threads=threads)
    skill.script(script)
    with Dialog(skill) as alice:
        assert alice.say() == "раз"
    line = script.__code__.co_firstlineno + (2 if script is in_a_function_of_its_own else 1)
    told = logs.take(FORGETFUL[script])
    assert told.startswith(f"WARNING tornado_alice.turn: {__file__}:{line} in ")


def test_a_place_is_told_once_and_not_by_replay(logs: Any) -> None:
    """A place is told once in a process, however often a session comes to it; a replay tells nothing."""
    skill = Skill("forgetful")

    @skill.script
    def run():
        while True:
            if request.command == "забудь":
                say("Этого никто не услышит")
            yield say("да")

    with Dialog(skill) as alice:
        alice.say()
        alice.say("забудь")
        alice.say("забудь")
    logs.take("reaches nobody")
    with Dialog(skill) as alice:
        alice.say("забудь")
        skill.dialogs._runtime.told.clear()
        alice.forget()
        assert alice.say() == "да"


def handed(reply: Reply) -> Talk:
    yield reply
    return reply  # its caller throws away what was heard


async def handed_on(reply: Reply) -> Reply:
    await reply
    return reply


def kept_and_used_later() -> Talk:
    prompt = say("сначала")
    if request.command == "":
        prompt = say("вместо него")
    queue = [say("потом"), say("ещё")]
    first = step(twice, 1)
    later = gather(first, step(twice, 2).or_say("Считаю"))
    yield prompt
    yield from handed(say("передано"))
    assert (yield later) == [2, 4]
    yield from queue
    queue.clear()
    unused = say("запасная")
    del unused
    try:
        say("a", 5)  # type: ignore[arg-type]
    except ValueError:
        return say("конец")


async def kept_in_a_coroutine() -> Reply:
    prompt = say("сначала")
    await prompt
    await handed_on(prompt)
    print(len(say("никому")), end="")
    assert await gather(step(twice, 1)) == [2]
    return say("конец")


@pytest.mark.parametrize("script", [kept_and_used_later, kept_in_a_coroutine])
@pytest.mark.usefixtures("replay_mode")
def test_what_is_used_later_is_no_mistake(script: Callable[..., Any]) -> None:
    """Nothing is told of replies that are replaced, passed on, deleted, kept for later turns, or thrown away heard."""
    skill = Skill("careful")
    skill.script(script)
    with Dialog(skill) as alice:
        while not (answer := alice.say()).ended:
            pass
    assert answer == "конец"


def test_outside_of_a_turn_nothing_is_told() -> None:
    """A reply made where no turn is, in a test or a module, is nobody's mistake."""
    say("раз")
