"""What a process has left is finished by another one, though the user says nothing more."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import ServerProcess

from tornado_alice.app.loading import load_skill
from tornado_alice.journal.memory import MemoryJournal
from tornado_alice.journal.sqlite import SqliteJournal
from tornado_alice.keeper import Keeper

ORDER = """
import os, time
from tornado_alice import Skill, say, step
skill = Skill(__name__, reply_within=0.3)

def pay():
    with open(os.environ["EFFECTS"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.02)
    return "оплачено"

@skill.script
def run():
    yield say("Что заказать?")
    paid = yield step(pay)
    while True:
        yield say(paid)
"""


@pytest.mark.slow
@pytest.mark.gen_test(timeout=60)
async def test_a_step_whose_process_was_killed(
    serve: Callable[..., ServerProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process is killed in a step and its user has left: another process does the step, once. While the first one
    lives nobody takes the step from it."""
    effects, path = tmp_path / "effects", tmp_path / "left_order.py"
    path.write_text(ORDER, "utf-8")
    monkeypatch.setenv("EFFECTS", str(effects))
    monkeypatch.setenv("GATE", str(tmp_path / "gate"))
    dying = serve(str(path))
    assert dying.say("", 0) == "Что заказать?"
    assert "Ещё работаю" in await asyncio.to_thread(dying.say, "пиццу", 1)
    skill = load_skill(str(path))
    skill.journal = SqliteJournal(tmp_path / "data" / "journal.sqlite3")
    await skill.journal.start()
    assert await skill.dialogs.finish_left(10, 5.0) == 0, "its process is alive"
    dying.kill()
    (tmp_path / "gate").touch()
    keeper = Keeper(skill.dialogs, every=0.05)
    keeper.start()
    end = time.monotonic() + 20
    while not any((await skill.journal.load(("test-skill", "s"))).steps.values()):
        assert time.monotonic() < end, "nobody has finished it"
        await asyncio.sleep(0.02)
    await keeper.stop()
    assert await skill.journal.left(10) == []
    assert len(effects.read_text().split()) == 2
    await skill.dialogs.stop()
    await skill.journal.stop()


@pytest.mark.slow
def test_a_step_ends_before_its_process(
    serve: Callable[..., ServerProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is told to stop in a step lets it end: nobody does it again, its outcome is heard."""
    effects, path = tmp_path / "effects", tmp_path / "ended_order.py"
    path.write_text(ORDER, "utf-8")
    monkeypatch.setenv("EFFECTS", str(effects))
    monkeypatch.setenv("GATE", str(tmp_path / "gate"))
    server = serve(str(path))
    server.say("", 0)
    assert "Ещё работаю" in server.say("пиццу", 1)
    ending = threading.Thread(target=server.stop)
    ending.start()
    with pytest.raises(OSError):
        while True:
            server.fetch("/healthz")
    (tmp_path / "gate").touch()
    ending.join()
    assert server.process.returncode == 0
    assert serve(str(path)).say("ну как", 2) == "оплачено"
    assert len(effects.read_text().split()) == 1


@pytest.mark.gen_test
async def test_memory_leaves_nothing() -> None:
    """What a process has left in memory went with it."""
    assert await MemoryJournal().left(10) == []
