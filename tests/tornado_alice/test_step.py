"""Steps: run once, recorded, replayed; and how they fail."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import ask, text

from tornado_alice import (
    NestedStepError,
    Skill,
    SqliteJournal,
    StepError,
    gather,
    idempotency_key,
    request,
    say,
    step,
)
from tornado_alice.testing import Dialog


@pytest.fixture(params=[10, 0], ids=["hot", "always replayed"])
def skill(request: pytest.FixtureRequest) -> Skill:
    return Skill("test", max_live=request.param)


class Effect:
    """Counts its runs."""

    def __init__(self, value: Any = None) -> None:
        self.value, self.runs = value, 0

    def __call__(self, *args: Any) -> Any:
        self.runs += 1
        return self.value if self.value is not None else args

    async def later(self, *args: Any) -> Any:
        await asyncio.sleep(0)
        return self(*args)


def test_step_runs_once(skill: Skill) -> None:
    """A step's function runs once, however often the session is replayed, and gives its value."""
    effect = Effect()

    @skill.script
    def run():
        got = yield step(effect, "а", 1)
        yield say(f"{got}")
        yield say(f"{got}")

    with Dialog(skill) as alice:
        assert [alice.say(), alice.say()] == ["['а', 1]", "['а', 1]"]
    assert effect.runs == 1


def test_step_in_coroutine_and_async_generator(skill: Skill) -> None:
    """`await step(...)` works in a coroutine and in an async generator, with async functions too."""
    effect = Effect("да")

    async def main():
        first = await step(effect.later)
        await say(first)
        await say(first + (await step(effect.later)))

    skill.script(main)
    with Dialog(skill) as alice:
        assert [alice.say(), alice.say()] == ["да", "дада"]

    async def generated():
        yield say(await step(effect.later))
        yield say((yield step(effect)))

    skill.script(generated)
    with Dialog(skill) as alice:
        assert [alice.say(), alice.say()] == ["да", "да"]
    assert effect.runs == 4


def test_value_is_what_json_keeps(skill: Skill) -> None:
    """A step gives what survives JSON, live too: tuples come as lists, int keys as strings."""

    @skill.script
    def run():
        got = yield step(lambda: {1: (2, 3)})
        yield say(repr(got))

    with Dialog(skill) as alice:
        assert alice.say() == "{'1': [2, 3]}"


def test_exception_is_recorded(skill: Skill) -> None:
    """A step's exception is raised in the script with its own class, live and replayed."""
    effect = Effect()

    def fail():
        effect()
        raise ValueError("нет", 5)

    @skill.script
    def run():
        try:
            yield step(fail)
        except ValueError as error:
            caught = error.args
        yield say(repr(caught))
        yield say(repr(caught))

    with Dialog(skill) as alice:
        assert [alice.say(), alice.say()] == ["('нет', 5)"] * 2
    assert effect.runs == 1


def test_exception_of_an_unknown_class_is_a_step_error(skill: Skill) -> None:
    """An exception whose class cannot be rebuilt comes as StepError with its text."""

    def fail():
        class Odd(Exception):
            pass

        raise Odd("странно")

    @skill.script
    def run():
        try:
            yield step(fail)
        except StepError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert alice.say().endswith("Odd: странно")


def test_value_that_json_cannot_hold(skill: Skill) -> None:
    """A step that returns what JSON cannot hold fails with an error that names the step."""

    @skill.script
    def run():
        try:
            yield step(object)
        except ValueError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert alice.say().startswith("step object: ")


def test_gather_runs_at_once(skill: Skill) -> None:
    """gather() runs its steps at the same time and gives their values in order."""
    barrier = threading.Barrier(3, timeout=10)

    def meet(name: str):
        barrier.wait()
        return name

    @skill.script
    def run():
        got = yield gather(*(step(meet, name) for name in "абв"))
        yield say("".join(got))
        yield say("".join(got) + str((yield gather())))

    with Dialog(skill) as alice:
        assert [alice.say(), alice.say()] == ["абв", "абв[]"]


def test_gather_raises_the_first_failure(skill: Skill) -> None:
    """Of several failures in a gather the first in order is raised."""

    def fail(text: str):
        raise KeyError(text)

    @skill.script
    def run():
        try:
            yield gather(step(int, 5), step(fail, "a"), step(fail, "b"))
        except KeyError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert alice.say() == "'a'"


def test_step_inside_a_step_is_an_error(skill: Skill, logs: Any) -> None:
    """step() inside the function of a step raises NestedStepError."""

    def inner():
        step(int, 5)

    @skill.script
    def run():
        try:
            yield step(inner)
        except NestedStepError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert alice.say().startswith("step(...) inside the function of a step")


def test_idempotency_key_is_stable_and_unique() -> None:
    """Each step has a key of its own, which is asked for inside its function."""
    skill = Skill("test")

    @skill.script
    def run():
        keys = [(yield step(idempotency_key)), (yield step(idempotency_key))]
        yield say(" ".join(keys))

    with Dialog(skill) as alice:
        keys = alice.say().split()
    assert len(set(keys)) == 2 and all(alice.session_id in key for key in keys)
    with pytest.raises(RuntimeError, match="only inside the function of a step"):
        idempotency_key()


@pytest.mark.gen_test(timeout=20)
async def test_steps_that_cannot_be_written_hang_nobody(tmp_path: Path) -> None:
    """A step whose value is nested too deep for JSON fails alone; other sessions of the same commit are kept."""
    skill = Skill("deep", journal=SqliteJournal(tmp_path / "j.sqlite3"))

    def deep():
        value = []
        for _ in range(980):
            value = [value]
        return value

    @skill.script
    def run():
        if request.command == "глубоко":
            try:
                yield step(deep)
            except ValueError:
                yield say("слишком")
        yield say("да")

    await skill.start()
    answers = await asyncio.gather(ask(skill, "глубоко", 0, "a"), ask(skill, "", 0, "b"))
    assert text(answers[1]) == "да"
    await skill.stop()


@pytest.mark.parametrize("fn", [lambda: next(iter([])), lambda: (_ for _ in ()).throw(SystemExit)])
def test_step_that_raises_odd_things_fails(fn: Callable[[], object], logs: Any) -> None:
    """StopIteration or SystemExit of a plain step is a failure of the step; nothing hangs."""
    skill = Skill("odd")

    @skill.script
    def run():
        try:
            yield step(fn)
        except Exception as error:
            yield say(type(error).__name__)

    with Dialog(skill) as alice:
        assert alice.say() in ("StopIteration", "StepError", "RuntimeError")


def test_step_with_wrong_arguments_fails(logs: Any) -> None:
    """An async function called with wrong arguments is a failed step like any other."""
    skill = Skill("arguments")

    async def work():
        return 1

    @skill.script
    def run():
        try:
            yield step(work, "too many")
        except TypeError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert "takes 0 positional arguments" in alice.say()


def test_step_that_is_cancelled_by_itself_fails(logs: Any) -> None:
    """A step that raises CancelledError of its own is a failed step, not a stuck session."""
    skill = Skill("cancelled")

    async def work():
        raise asyncio.CancelledError

    @skill.script
    def run():
        try:
            yield step(work)
        except Exception as error:
            yield say(type(error).__name__)

    with Dialog(skill) as alice:
        assert alice.say() == "StepError"
