"""Sub-scripts that are called and not run, and @skill written in another way."""

from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import Reply, ScriptError, Skill, request, say, step
from tornado_alice.app.loading import load_skill
from tornado_alice.testing import Dialog

Talk = Generator[Any, Any, Any]


def city() -> Talk:
    yield say("В каком городе?")
    return request.command


async def async_city() -> str:
    await say("В каком городе?")
    return str(request.command)


async def streamed() -> AsyncIterator[Reply]:
    yield say("В каком городе?")


async def fetch(_: int) -> str:
    return "итог"


def generator_in_a_phrase() -> Talk:
    name = city()
    yield say(f"Ваш город: {name}")


def generator_in_tts() -> Talk:
    yield say("Ваш город", tts=f"Ваш город {city()}")


async def coroutine_in_a_phrase() -> None:
    name = async_city()
    try:
        await say(f"Ваш город: {name}")
    finally:
        name.close()


def step_in_a_phrase() -> Talk:
    doubled = step(fetch, 2)
    yield say(f"Дважды два: {doubled}")


def generator_said() -> Talk:
    yield say("Ваш город", city())  # type: ignore[arg-type]


async def coroutine_said() -> None:
    await say(async_city())  # type: ignore[arg-type]


def generator_yielded() -> Talk:
    yield city()


async def generator_yielded_by_an_async_generator() -> AsyncIterator[Any]:
    yield async_city()


async def async_generator_yielded_by_one() -> AsyncIterator[Any]:
    yield streamed()


def coroutine_yielded() -> Talk:
    yield fetch(1)


def called_inside_step() -> Talk:
    yield step(fetch(1))  # type: ignore[arg-type]


MISTAKES = {
    generator_in_a_phrase: r"text: holds <generator object city at 0x\w+>\. Write yield from city\(\.\.\.\)",
    generator_in_tts: r"tts: holds <generator object city at 0x\w+>\. Write yield from city\(\.\.\.\)",
    coroutine_in_a_phrase: r"text: holds <coroutine object async_city .*Write await async_city\(\.\.\.\), or step",
    step_in_a_phrase: r"text: holds Step\(fn=<function fetch at 0x\w+>\. Write x = yield step\(\.\.\.\)",
    generator_said: r"say\(\) takes phrases .*, got generator: .*; write yield from city\(\.\.\.\)",
    coroutine_said: r"say\(\) takes phrases .*, got coroutine: .*; write await async_city\(\.\.\.\)",
    generator_yielded: r"the script gave '<generator object city .*; write yield from city\(\.\.\.\)",
    generator_yielded_by_an_async_generator: r"the script gave '<coroutine .*; write await async_city\(\.\.\.\)",
    async_generator_yielded_by_one: r"make streamed an async def with `await say\(\.\.\.\)`, and write await streamed",
    coroutine_yielded: r"the script gave '<coroutine object fetch .*wrap the call in step\(\.\.\.\)",
    called_inside_step: r"step\(\) takes a function and its arguments, got <coroutine.*Write step\(fn, x\)",
}


@pytest.mark.parametrize("script", MISTAKES, ids=lambda script: script.__name__)
def test_a_call_that_runs_nothing_is_told_with_its_line(script: Callable[..., Any], logs: Any) -> None:
    """What was called and not run is an error at the script's line, with what to write; the user never hears it."""
    skill = Skill("mistaken", sorry="Простите")
    skill.script(script)
    with Dialog(skill) as alice:
        assert alice.say() == "Простите"
    told = logs.take(MISTAKES[script])
    assert Path(__file__).name in told and script.__name__ in told


def test_words_of_the_user_may_look_like_it() -> None:
    """A skill that repeats what the user has typed repeats this too."""
    skill = Skill("parrot")

    @skill.script
    def run():
        while True:
            yield say(request["request"]["original_utterance"] or "Слушаю")

    with Dialog(skill) as alice:
        alice.say()
        assert alice.say("<generator object city at 0x7f>") == "<generator object city at 0x7f>"


FORGOTTEN = """
from contextlib import contextmanager
from tornado_alice import Skill, say, suggest

skill = Skill(__name__)

def city():
    yield say("В каком городе?")

async def save():
    pass

def plain():
    def inner():
        yield 1
    return inner

@contextmanager
def decorated():
    yield

def twofold():
    yield say("раз")

twofold = print

@skill.script
def run_script():
    city()
    save()
    plain()
    decorated()
    twofold()
    yield from city()
    name = city()
"""


def test_a_forgotten_sub_script_is_told_when_the_script_is_loaded(tmp_path: Path, logs: Any) -> None:
    """A statement that calls a sub-script and throws it away is told with its line; other calls are not."""
    path = tmp_path / "forgotten.py"
    path.write_text(FORGOTTEN, "utf-8")
    load_skill(str(path))
    assert f"{path}:29: city(...) alone runs nothing. Write yield from city(...)" in logs.take(r"city\(\.\.\.\) alone")
    assert f"{path}:30: save(...) alone runs nothing. Write await save(...), or step(" in logs.take(r"save\(\.\.\.\)")


def test_a_skill_is_no_decorator() -> None:
    """@skill and @skill.script() say what to write."""
    skill = Skill("mistaken")
    with pytest.raises(ScriptError, match=r"^write @skill\.script before city, not @skill$"):
        skill(city)
    with pytest.raises(ScriptError, match=r"^write @skill\.script before a function, without parentheses$"):
        skill.script()
