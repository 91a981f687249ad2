"""How scripts are stepped and closed: generators, coroutines, async generators."""

import asyncio
import time
from typing import Any

import pytest
from talking import ask

from tornado_alice import (
    Skill,
    request,
    say,
    step,
)
from tornado_alice.testing import Dialog


@pytest.mark.parametrize("form", ["coroutine", "async generator"])
def test_bare_await_names_step(form: str, logs: Any) -> None:
    """Awaiting something of asyncio in a script is an error that names step, at the script's own line."""
    skill = Skill("test")

    async def coroutine():
        await asyncio.sleep(1)

    async def generated():
        await asyncio.sleep(1)
        yield say("never")

    skill.script(coroutine if form == "coroutine" else generated)
    with Dialog(skill) as alice:
        assert alice.say().ended
    assert "test_script.py" in logs.take(r"wrap the call in step\(\.\.\.\)")


def test_finally_of_an_evicted_script_says_nothing() -> None:
    """A script that is dropped runs its `finally`; what it says or draws there goes nowhere and fails nothing."""
    skill, seen = Skill("test"), []

    @skill.script
    def run():
        try:
            yield say("a")
            yield say("b")
        finally:
            seen.append(1)
            yield say("в пустоту")

    with Dialog(skill) as alice:
        alice.say()
        alice.forget()
        assert alice.say() == "b"
    assert seen and time


def test_script_that_insists_on_a_bare_await(logs: Any) -> None:
    """A script that catches the error of its bare await and awaits again is ended, not followed for ever."""
    skill = Skill("stubborn")

    @skill.script
    async def run():
        while True:
            try:
                await asyncio.sleep(0.1)
                break
            except Exception:
                pass
        await say("никогда")

    with Dialog(skill) as alice:
        assert alice.say().ended
    assert "test_script.py" in logs.take(r"wrap the call in step")


@pytest.mark.gen_test
async def test_async_generator_is_closed_where_it_stands(caplog: pytest.LogCaptureFixture) -> None:
    """An evicted async generator runs its `finally`, whether it stands at a yield or inside an await."""
    skill, closed, gate = Skill("closing", reply_within=0.01), [], asyncio.Event()

    async def sub():
        await say("жду")

    @skill.script
    async def run():
        try:
            if request.command == "шаг":
                await step(gate.wait)
            await sub()
            yield say("никогда")
        finally:
            closed.append(1)
            await step(gate.wait)

    await ask(skill, "", 0, "a")
    await ask(skill, "шаг", 0, "b")
    await skill.dialogs.stop()
    assert closed == [1, 1]


def test_end_of_an_async_iterator_is_an_error_in_a_coroutine(logs: Any) -> None:
    """StopAsyncIteration that leaves a coroutine is its failure, not its end."""
    skill = Skill("anext", sorry="Простите")

    async def nothing():
        return
        yield

    @skill.script
    async def run():
        await anext(nothing())

    with Dialog(skill) as alice:
        assert alice.say() == "Простите"
    logs.take("StopAsyncIteration")
