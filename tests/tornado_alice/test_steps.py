"""Steps: run once, recorded, replayed; long ones; and what a script may not await."""

import asyncio
import threading
import time

import pytest

from tornado_alice import (
    NestedStepError,
    Skill,
    StepError,
    continue_as_new,
    gather,
    idempotency_key,
    now,
    random,
    request,
    say,
    step,
    uuid4,
)
from tornado_alice.testing import Dialog, make_request


@pytest.fixture(params=[10, 0], ids=["hot", "always replayed"])
def skill(request):
    return Skill("test", max_live=request.param)


class Effect:
    """Counts its runs."""

    def __init__(self, value=None):
        self.value, self.runs = value, 0

    def __call__(self, *args):
        self.runs += 1
        return self.value if self.value is not None else args

    async def later(self, *args):
        await asyncio.sleep(0)
        return self(*args)


def test_step_runs_once(skill):
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


def test_step_in_coroutine_and_async_generator(skill):
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


def test_value_is_what_json_keeps(skill):
    """A step gives what survives JSON, live too: tuples come as lists, int keys as strings."""

    @skill.script
    def run():
        got = yield step(lambda: {1: (2, 3)})
        yield say(repr(got))

    with Dialog(skill) as alice:
        assert alice.say() == "{'1': [2, 3]}"


def test_exception_is_recorded(skill):
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


def test_exception_of_an_unknown_class_is_a_step_error(skill):
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


def test_value_that_json_cannot_hold(skill):
    """A step that returns what JSON cannot hold fails with an error that names the step."""

    @skill.script
    def run():
        try:
            yield step(object)
        except ValueError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert alice.say().startswith("step object: ")


def test_gather_runs_at_once(skill):
    """gather() runs its steps at the same time and gives their values in order."""
    barrier = threading.Barrier(3, timeout=10)

    def meet(name):
        barrier.wait()
        return name

    @skill.script
    def run():
        got = yield gather(*(step(meet, name) for name in "абв"))
        yield say("".join(got))
        yield say("".join(got) + str((yield gather())))

    with Dialog(skill) as alice:
        assert [alice.say(), alice.say()] == ["абв", "абв[]"]


def test_gather_raises_the_first_failure(skill):
    """Of several failures in a gather the first in order is raised."""

    def fail(text):
        raise KeyError(text)

    @skill.script
    def run():
        try:
            yield gather(step(int, 5), step(fail, "a"), step(fail, "b"))
        except KeyError as error:
            yield say(str(error))

    with Dialog(skill) as alice:
        assert alice.say() == "'a'"


def test_plain_function_does_not_block_the_loop():
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


def test_step_inside_a_step_is_an_error(skill, logs):
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


def test_idempotency_key_is_stable_and_unique():
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


@pytest.mark.parametrize("form", ["coroutine", "async generator"])
def test_bare_await_names_step(form, logs):
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
    assert "test_steps.py" in logs.take(r"wrap the call in step\(\.\.\.\)")


def test_random_uuid_now_are_replayed():
    """random, uuid4() and now() give the same on replay; now() is the arrival in the user's time zone."""
    skill = Skill("test")

    @skill.script
    def run():
        drawn = (random(), random.randint(1, 10**12), random.sample(range(100), 5), uuid4(), now())
        while True:
            yield say(repr(drawn))

    with Dialog(skill) as alice:
        first = alice.say()
        alice.forget()
        assert alice.say() == first
    assert "Europe/Moscow" in first


def test_two_sessions_draw_differently():
    """Randomness differs between sessions and between draws."""
    skill = Skill("test")

    @skill.script
    def run():
        yield say(f"{random()} {random()}")

    drawn = []
    for _ in range(2):
        with Dialog(skill) as alice:
            drawn += alice.say().split()
    assert len(set(drawn)) == 4


def test_long_step_is_waited_for(skill):
    """A step longer than the turn: the waiting phrase, then its outcome to the next request; it ran once."""
    skill.options = skill.options.__class__(**{**vars(skill.options), "reply_within": 0.05})
    gate, effect = threading.Event(), Effect("готово")

    def work():
        gate.wait(10)
        return effect()

    @skill.script
    def run():
        yield say("Начнём?")
        got = yield step(work).or_say("Считаю")
        yield say(f"{got}: {request.command}")
        yield say("конец")

    with Dialog(skill) as alice:
        said = [alice.say(), alice.say("да"), alice.say("ну?")]
        gate.set()
        while (answer := alice.say("что там?")) == "Считаю":
            pass
        assert said == ["Начнём?", "Считаю", "Считаю"]
        assert answer == "готово: что там"
        assert alice.say() == "конец"
    assert effect.runs == 1


def test_long_step_that_ended_between_turns_is_not_run_again():
    """The outcome of a long step that ended between two turns is in the journal: a restart does not repeat it."""
    skill, effect, ended = Skill("test", reply_within=0.01), Effect("да"), threading.Event()

    async def work():
        await asyncio.sleep(0.05)
        return effect()

    @skill.script
    def run():
        yield say((yield step(work)))

    async def scenario():
        await skill.handle(make_request("", 0))
        live = next(iter(skill.dialogs.scripts._live.values()))
        await asyncio.wait(live.work)
        await skill.dialogs.stop()  # as a restart would
        return await skill.handle(make_request("", 1))

    assert asyncio.run(scenario())["response"]["text"] == "да"
    assert effect.runs == 1 and not ended.is_set()


def test_continue_as_new_starts_a_fresh_epoch(skill):
    """continue_as_new() starts another script with JSON state within the same turn, and survives replay."""
    module = {"say": say, "request": request, "continue_as_new": continue_as_new, "__name__": "continuing"}
    exec(
        "def run():\n"
        "  yield say('начало')\n"
        "  yield continue_as_new(level, n=1)\n"
        "def level(n):\n"
        "  yield say(f'уровень {n}: {request.command}')\n"
        "  yield say('ещё')\n"
        "  yield continue_as_new(level, n=n + 1)\n",
        module,
    )
    skill.script(module["run"])
    with Dialog(skill) as alice:
        said = [alice.say(text) for text in ("", "а", "б", "в", "г")]
    assert said == ["начало", "уровень 1: а", "ещё", "уровень 2: в", "ещё"]


def test_continue_as_new_with_a_stranger(skill, logs):
    """continue_as_new() with a function that cannot be found again is an error that says so."""

    @skill.script
    def run():
        yield continue_as_new(lambda: None)

    with Dialog(skill) as alice:
        assert alice.say().ended
    logs.take("it must be a function of the script's module")


def test_finally_of_an_evicted_script_says_nothing():
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


def test_thousand_steps_without_a_word(skill, logs):
    """A script that steps for ever and never speaks is ended with an error."""

    @skill.script
    async def run():
        while True:
            await step(int)

    with Dialog(Skill("test", reply_within=60)) as alice:
        alice.skill.script(run)
        assert alice.say().ended
    logs.take("1000 steps in one turn and not a word")
