"""A script that blocks holds up nobody; one that does not stays on the loop."""

import asyncio
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import ask, counting_skill, text

from tornado_alice import SettingsError, Skill, pace, request, say, step
from tornado_alice.app.loading import load_skill
from tornado_alice.pace import may_block

HEAD = "from tornado_alice import *\nskill = Skill(__name__)\n@skill.script\ndef run():\n  yield say('')\n"
BLOCKING = {
    "time.sleep": "import time\ndef wait():\n  time.sleep(1)\n",
    "sleep by name": "from time import sleep\n",
    "requests": "import requests\n",
    "inside a function": "def load():\n  import urllib.request\n",
    "a part of a package": "from urllib import request as web\n",
    "http.client": "from http.client import HTTPSConnection\n",
    "sqlite3": "import sqlite3\n",
    "subprocess": "import subprocess as sp\n",
}
HARMLESS = {
    "time.time": "import time\nstarted = time.time()\n",
    "urllib.parse": "import urllib.parse\n",
    "nothing": "",
    "asyncio.sleep": "import asyncio\nasync def wait():\n  await asyncio.sleep(1)\n",
}


@pytest.mark.parametrize("depth", ["in the script", "in a helper of a helper"])
@pytest.mark.parametrize(
    ("source", "blocks"),
    [*((source, True) for source in BLOCKING.values()), *((source, False) for source in HARMLESS.values())],
    ids=[*BLOCKING, *HARMLESS],
)
def test_what_is_known_to_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, blocks: bool, depth: str
) -> None:
    """A script is resumed in threads from the start if one of its own modules imports what blocks, however deep."""
    lazy = "def later():\n" + textwrap.indent(source or "pass", "  ") + "\n"  # what is imported need not be installed
    deep = depth != "in the script"
    files = {"main.py": ("import helpers\n" if deep else lazy) + HEAD}
    files |= {"helpers/__init__.py": "from . import deep\n", "helpers/deep.py": lazy} if deep else {}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    for name in ("main", "helpers", "helpers.deep"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert may_block(load_skill(str(tmp_path / "main.py")).dialogs.script.fn) == blocks


@pytest.fixture
def held(busy_machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound that users have."""
    monkeypatch.setattr("tornado_alice.pace.HELD", 0.05)


def waiting_skill(wait: Callable[[], object], **options: Any) -> Skill:
    skill = Skill("waiting", **options)

    @skill.script
    def run():
        yield say("привет")
        while True:
            wait()
            yield say(f"нашла {request.command}")

    return skill


@pytest.mark.gen_test
async def test_blocking_scripts_wait_beside_each_other(logs: Any) -> None:
    """While one session's script waits in a thread, those of others are resumed; each session stays in order."""
    entered, gate = [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait() -> None:
        entered.append(request.session_id)
        loop.call_soon_threadsafe(lambda: len(entered) == 6 and gate.set())
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(30)

    skill = waiting_skill(wait, threads=True)
    for name in "абвгде":
        await ask(skill, "", 0, session=name)
    answers = await asyncio.gather(*(ask(skill, name, 1, session=name) for name in "абвгде"))
    assert [text(answer) for answer in answers] == [f"нашла {name}" for name in "абвгде"], "request held in its thread"
    assert sorted(entered) == list("абвгде")
    while logs.records:
        logs.take("held its turn for .* wrap what waits for others in step")


@pytest.mark.gen_test
async def test_one_session_stays_serial_in_threads() -> None:
    """Two messages of one session that come at once are two turns one after another, in threads too."""
    skill = counting_skill(threads=True)
    await ask(skill, "", 0)
    answers = await asyncio.gather(ask(skill, "а", 1), ask(skill, "б", 2))
    assert sorted(map(text, answers)) in (["2 а", "3 б"], ["2 б", "3 а"])


@pytest.mark.gen_test
async def test_a_script_that_was_seen_to_hold_the_loop_goes_beside_it(
    held: None, logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a script has held the loop, the log names the place and the remedy, and its sessions go to threads."""
    look, looked = pace._look, threading.Event()
    monkeypatch.setattr(pace, "_look", lambda *args: (look(*args), looked.set()))
    loops = threading.current_thread()
    wait = lambda: time.sleep(0.2) if threading.current_thread() is loops else looked.wait(30)  # noqa: E731 it is shown
    skill = waiting_skill(wait)  # the test's own file imports time.sleep, so say that it may change
    skill.dialogs.pace.beside = False
    await ask(skill, "", 0)
    await ask(skill, "а", 1)
    assert skill.dialogs.pace.beside
    line = logs.take(r"held its turn for (0\.[2-9]|[1-9]).* wrap what waits for others in step")
    assert "test_pace.py:" in line
    await ask(skill, "б", 2)
    assert "test_pace.py:" in logs.take("in <lambda>: the script held its turn"), "a thread is looked at while it waits"
    await ask(skill, "в", 3)  # the same places: not told again


@pytest.mark.gen_test
async def test_a_script_may_be_told_to_stay_on_the_loop(held: None, logs: Any) -> None:
    """threads=False is obeyed, and the log says what it costs."""
    skill = waiting_skill(lambda: time.sleep(0.1), threads=False)
    await ask(skill, "", 0)
    await ask(skill, "а", 1)
    assert not skill.dialogs.pace.beside
    logs.take(r"held its turn for (0\.[1-9]|[1-9])")


@pytest.mark.gen_test
async def test_a_blocking_replay_runs_beside_the_loop(held: None, logs: Any) -> None:
    """A cold resume of a script that waits in each turn leaves the loop at its first turn."""
    skill = waiting_skill(lambda: time.sleep(0.1))
    for n in range(4):
        await ask(skill, "слово", n)
    await skill.dialogs.stop()
    skill.dialogs.pace.beside = False  # as after a restart of a script that imports nothing suspicious
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    assert text(await ask(skill, "ещё", 4)) == "нашла ещё"
    ticking.cancel()
    assert skill.dialogs.pace.beside and ticks > 5, "the loop went on during the replay"
    while logs.records:
        logs.take("held its turn")


@pytest.mark.gen_test
async def test_loading_the_dictionary_is_no_fault_of_the_script(held: None) -> None:
    """What the engine itself does in a turn, once, does not send the script to threads, and no line blames it."""

    class Analyzer:
        def parse(self, word: str) -> list[Any]:
            return [type("Parse", (), {"normal_form": word})]

    def slow_load() -> Analyzer:
        time.sleep(0.2)
        return Analyzer()

    skill = Skill("words", analyzer=slow_load)

    @skill.script
    def run():
        yield say(str(request.has_lemmas("кошка")))

    skill.dialogs.pace.beside = False
    assert text(await ask(skill, "кошка", 0)) == "True"
    assert not skill.dialogs.pace.beside


@pytest.mark.gen_test
async def test_another_threads_work_is_no_fault_of_the_script(held: None, logs: Any) -> None:
    """A script that waits for the interpreter, which another thread has meanwhile, stays on the loop unblamed. (Unless
    the machine had no time for that thread either, so there are several tries.)"""
    waited = []

    def work(done: threading.Event) -> None:
        assert 3**3_000_000 > 1, "one call, in which the interpreter is not given away"
        done.set()

    def give_way() -> None:
        start, done = time.perf_counter(), threading.Event()
        threading.Thread(target=work, args=(done,)).start()
        while not done.is_set():
            pass
        waited.append(time.perf_counter() - start)

    skill = waiting_skill(give_way, threads=False)
    await ask(skill, "", 0)
    blamed = 0
    for n in range(1, 51):
        skill.dialogs.pace._told.clear()
        await ask(skill, "а", n)
        blamed += len(logs.records)
        logs.records.clear()
        if blamed < n:
            break
    assert blamed < n and waited[-1] > 0.05, "the script had to wait"


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.gen_test
async def test_asyncio_does_not_reach_into_a_script(threads: bool, logs: Any) -> None:
    """A bare await and a time-out are errors at the script's own line with the remedy, on the loop and in threads."""
    for await_it, remedy in (("sleep", "wrap the call in step"), ("timeout", "wrap the call in step")):
        skill = Skill("waits", threads=threads)

        @skill.script
        async def run():
            if await_it == "sleep":  # noqa: B023 it is run at once
                await asyncio.sleep(1)
            async with asyncio.timeout(1):
                await step(int)

        assert (await ask(skill, "", 0))["response"]["end_session"]
        assert "test_pace.py" in logs.take(remedy)


def test_threads_is_yes_no_or_none() -> None:
    """Anything else is refused with what is allowed."""
    with pytest.raises(SettingsError, match="threads: True, False or None, got 4"):
        Skill("x", threads=4)  # type: ignore[arg-type]
