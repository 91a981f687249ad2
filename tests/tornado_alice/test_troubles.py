"""What an attack on the engine found; each was a wrong dialog, a lost effect or a server that hung."""

import asyncio
import copy
import json
import threading
import time

import pytest
from talking import ask, text

from tornado_alice import Skill, SqliteJournal, gather, now, random, request, say, step
from tornado_alice.testing import Dialog, make_request


def counting(**options):
    skill = Skill("counting", **options)

    @skill.script
    def run():
        n = 0
        while True:
            n += 1
            yield say(str(n))

    return skill


@pytest.mark.gen_test
async def test_session_is_not_evicted_in_mid_turn(tmp_path):
    """Many users at once over a cache of one: nobody's script is dropped while its own turn is under way."""
    skill = counting(journal=SqliteJournal(tmp_path / "j.sqlite3"), max_live=1)
    await skill.start()
    for n in range(6):
        answers = await asyncio.gather(*(ask(skill, "", n, f"s{user}") for user in range(12)))
        assert {text(answer) for answer in answers} == {str(n + 1)}
    await skill.stop()


@pytest.mark.gen_test
async def test_long_step_at_two_processes_ends(tmp_path):
    """A long step, requests alternating between two processes: each runs it at most once, and the dialog goes on."""
    runs, gate = [], asyncio.Event()

    async def work():
        runs.append(1)
        await gate.wait()
        return "готово"

    skills = []
    for _ in range(2):
        skill = Skill("two", journal=SqliteJournal(tmp_path / "j.sqlite3"), reply_within=0.01, version="1")

        @skill.script
        def run():
            yield say((yield step(work)))

        await skill.start()
        skills.append(skill)
    said = [text(await ask(skills[n % 2], "", n)) for n in range(6)]
    gate.set()
    while text(answer := await ask(skills[0], "", len(said))) != "готово":
        said.append(text(answer))
    assert len(runs) == 2
    for skill in skills:
        await skill.stop()


@pytest.mark.gen_test(timeout=20)
async def test_steps_that_cannot_be_written_hang_nobody(tmp_path):
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


def test_script_that_insists_on_a_bare_await(logs):
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
    assert "test_troubles.py" in logs.take(r"wrap the call in step")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda r: r["session"].update(extra="x" * 20_000), "session"),
        (lambda r: r["session"].update(skill_id="k" * 300), "session.skill_id"),
        (lambda r: r["session"].update(session_id="\ud800"), "session.session_id"),
        (lambda r: r["session"].update(session_id="a\x1b[2J"), "session.session_id"),
        (lambda r: r["session"].update(extra=float("nan")), "body"),
        (lambda r: r["request"].update(command="кот " * 2000), "request.command"),
        (lambda r: r["request"].update(payload=json.loads("[" * 200 + "]" * 200)), "body"),
    ],
)
def test_what_could_not_be_echoed_or_replayed_is_refused(change, field):
    """What an answer could not carry, or a replay not parse, is refused at the door with its field."""
    from tornado_alice import RequestError

    sent = make_request("")
    change(sent)
    with pytest.raises(RequestError) as caught:
        asyncio.run(counting().dialogs.answer(json.dumps(sent).encode()))
    assert caught.value.field == field


@pytest.mark.parametrize("fn", [lambda: next(iter([])), lambda: (_ for _ in ()).throw(SystemExit)])
def test_step_that_raises_odd_things_fails(fn, logs):
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


def test_step_with_wrong_arguments_fails(logs):
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


def test_step_that_is_cancelled_by_itself_fails(logs):
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


@pytest.mark.gen_test
async def test_timeout_of_asyncio_in_a_script_is_answered(logs):
    """A script that uses asyncio's time-out around a step gets an apology for its user, not a closed connection."""
    skill, gate = Skill("timeout", sorry="Простите"), asyncio.Event()

    @skill.script
    async def run():
        async with asyncio.timeout(0.01):
            await step(gate.wait)
        await say("никогда")

    assert text(await ask(skill, "", 0)) == "Простите"
    logs.take("the engine failed")


@pytest.mark.parametrize("journal", ["memory", "file"])
@pytest.mark.gen_test
async def test_finished_part_of_a_gather_is_not_repeated(tmp_path, journal):
    """Of a gather that outlasts the turn what has ended is kept: a restart repeats only the rest."""
    gate, runs = asyncio.Event(), []
    options = {"reply_within": 0.05} | ({"journal": SqliteJournal(tmp_path / "j.sqlite3")} if journal == "file" else {})
    skill = Skill("gather", **options)

    def quick():
        runs.append("quick")

    async def slow():
        runs.append("slow")
        await gate.wait()

    @skill.script
    def run():
        yield gather(step(quick), step(slow))
        yield say("оба")

    await skill.start()
    for n in range(2):
        assert text(await ask(skill, "", n)) != "оба"
    await skill.dialogs.stop()
    assert text(await ask(skill, "", 2)) != "оба"
    gate.set()
    assert text(await ask(skill, "", 3)) == "оба"
    assert sorted(runs) == ["quick", "slow", "slow"]
    await skill.stop()


def test_shutdown_does_not_wait_for_a_plain_step():
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


@pytest.mark.gen_test
async def test_turns_under_way_end_before_the_journal_closes(tmp_path):
    """stop() lets a turn under way end: it is answered and kept."""
    skill, gate = Skill("ending", journal=SqliteJournal(tmp_path / "j.sqlite3")), asyncio.Event()

    @skill.script
    def run():
        yield step(gate.wait)
        yield say("успел")

    await skill.start()
    task = asyncio.ensure_future(skill.handle(make_request("", 0)))
    skill.webhook._under_way.add(task)
    await asyncio.sleep(0)
    stopping = asyncio.ensure_future(skill.stop())
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert text(task.result()) == "успел"


@pytest.mark.gen_test
async def test_memory_journal_forgets():
    """Sessions that ended long ago do not stay in the journal in memory."""
    times = iter(range(0, 10_000_000, 700))
    skill = Skill("short")

    @skill.script
    def run():
        yield say("всё", end_session=True)

    skill.dialogs._clock = lambda: float(next(times))
    for n in range(50):
        await ask(skill, "", 0, f"s{n}")
    assert len(skill.journal._rows) < 5


def test_gauss_is_replayed():
    """Every second gauss() of the standard library comes from a cache; the engine's own is replayed nonetheless."""
    skill = Skill("gauss", max_live=0)

    @skill.script
    def run():
        while True:
            yield say(f"{random.gauss(0, 1)} {now()}"[:20])

    with Dialog(skill) as alice:
        for _ in range(5):
            random.gauss(0, 1)
            alice.say()


@pytest.mark.gen_test
async def test_async_generator_is_closed_where_it_stands(caplog):
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


def test_end_of_an_async_iterator_is_an_error_in_a_coroutine(logs):
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


def test_version_covers_the_modules_beside_the_script(tmp_path):
    """A change in a module that the script imports from its own folder is a change of its version."""
    from tornado_alice.app.loading import load_skill

    source = "import {helper}\nfrom tornado_alice import *\nskill = Skill('v')\n"
    source += "@skill.script\ndef run():\n  yield say('a')\n"
    versions = []
    for name, phrase in (("phrases_a", "1"), ("phrases_b", "1"), ("phrases_c", "2")):
        (tmp_path / f"{name}.py").write_text(f"PHRASE = {phrase}\n")
        (tmp_path / f"using_{name}.py").write_text(source.format(helper=name).replace(name, name, 1))
        versions.append(load_skill(str(tmp_path / f"using_{name}.py")).dialogs.script.version)
    assert len(set(versions)) == 3


def test_copies_of_a_request_are_free():
    """A copy of a part of the request is a plain dict that may be changed."""
    from tornado_alice import Request

    data = {"session": {"user": {"access_token": "secret"}, "list": [1, {"a": 2}]}}
    r = Request(data)
    mine = copy.deepcopy(r["session"])
    mine["list"][1]["a"] = 3
    assert data["session"]["list"][1]["a"] == 2 and type(mine) is dict
    assert copy.copy(r["session"]) == data["session"] and "secret" not in repr(r["session"])


def test_proxy_is_no_empty_dict(logs):
    """json.dumps(request) is refused rather than empty, `request | {...}` is a dict of the whole."""
    skill = Skill("json")

    @skill.script
    def run():
        with pytest.raises(TypeError):
            json.dumps(request)
        yield say(str(sorted(request | {"x": 1})))

    with Dialog(skill) as alice:
        assert alice.say() == "['meta', 'request', 'session', 'state', 'version', 'x']"


@pytest.mark.parametrize(
    "option", [{"closing": ()}, {"sorry": ""}, {"reply_within": "3"}, {"idle": None}, {"max_live": -1}]
)
def test_options_are_checked(option):
    """An option of a wrong type or without a phrase is an error when the Skill is made."""
    with pytest.raises(Exception, match=next(iter(option))):
        Skill("options", **option)
