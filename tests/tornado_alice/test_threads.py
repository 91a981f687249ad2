"""Threads of plain steps."""

import asyncio
import threading
import time

from talking import ask

from tornado_alice import (
    Skill,
    request,
    say,
    step,
)
from tornado_alice.testing import make_request


def test_shutdown_does_not_wait_for_a_plain_step() -> None:
    """A plain step under way does not hold up the end of the process."""
    skill, gate = Skill("sleeping", reply_within=0.01), threading.Event()

    @skill.script
    def run():
        yield step(gate.wait, 60)
        yield say("да")

    start = time.monotonic()

    async def scenario():
        await ask(skill, "", 0)
        await skill.stop()

    asyncio.run(scenario())
    assert time.monotonic() - start < 30, "it did not wait for the minute of the step"
    gate.set()


def test_plain_function_does_not_block_the_loop() -> None:
    """A plain function runs in a thread: other sessions are answered meanwhile."""
    skill, gate = Skill("test"), threading.Event()

    @skill.script
    def run():
        if request.command == "жди":
            yield step(gate.wait, 10)
        yield say("готово")

    async def both():
        slow = asyncio.create_task(skill.handle(make_request("жди", session={"session_id": "a"})))
        await asyncio.sleep(0)
        quick = await skill.handle(make_request("", session={"session_id": "b"}))
        waiting = not slow.done()
        gate.set()
        return quick["response"]["text"], waiting, (await slow)["response"]["text"]

    assert asyncio.run(both()) == ("готово", True, "готово")
