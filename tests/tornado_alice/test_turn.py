"""One turn: kept or not acknowledged, longer than its time, continued anew, diverged."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from talking import ask, counting_skill, text

from tornado_alice import (
    MemoryJournal,
    Skill,
    SqliteJournal,
    continue_as_new,
    gather,
    idempotency_key,
    request,
    say,
    step,
)
from tornado_alice.testing import Dialog, make_request

pytestmark = pytest.mark.usefixtures("replay_mode")


@pytest.fixture
def skill() -> Skill:
    return Skill("test")


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


class Broken(MemoryJournal):
    """A journal that fails when told to."""

    fails = False

    async def commit(self, *args: Any) -> int:
        if self.fails:
            from tornado_alice import JournalError

            raise JournalError("the disk is full")
        return await super().commit(*args)


@pytest.mark.slow
@pytest.mark.gen_test(timeout=60)
async def test_many_turns_are_warned_of(logs: Any) -> None:
    """At 500 turns of one epoch the log names continue_as_new."""
    skill = counting_skill()
    for n in range(500):
        await ask(skill, "", n)
    logs.take("session s has 500 turns: continue_as_new")


@pytest.mark.gen_test
async def test_unknown_session_restarts(logs: Any) -> None:
    """A running session that the journal does not hold starts the script anew, by default."""
    skill = counting_skill()
    assert text(await ask(skill, "а", 7)) == "1 а"
    logs.take("goes on with a session that the journal does not hold; on_divergence: restart")


@pytest.mark.parametrize(
    ("policy", "said", "ended"),
    [
        ("end", "Простите", True),
        (lambda request, error: say("Напомните, где мы?"), "Напомните, где мы?", False),
        (lambda request, error: None, "1 а", False),
    ],
    ids=["end", "reply", "restart by hand"],
)
@pytest.mark.gen_test
async def test_divergence_policy(policy: Any, said: str, ended: bool, logs: Any) -> None:
    """on_divergence may end the session, say something of the author's, or restart; the next request starts anew."""
    skill = counting_skill(on_divergence=policy, sorry="Простите")
    answer = await ask(skill, "а", 7)
    assert (text(answer), answer["response"]["end_session"]) == (said, ended)
    logs.take("on_divergence")
    assert text(await ask(skill, "б", 8)) == ("2 б" if said == "1 а" else "1 б")


@pytest.mark.gen_test
async def test_turn_that_cannot_be_kept_is_not_acknowledged(logs: Any) -> None:
    """When the journal fails the user hears an apology, the session goes on, and nothing unsaid is assumed."""
    skill = counting_skill(journal=Broken(), unsaved="Повторите")
    assert text(await ask(skill, "а", 0)) == "1 а"
    skill.journal.fails = True
    answer = await ask(skill, "б", 1)
    assert (text(answer), answer["response"]["end_session"]) == ("Повторите", False)
    logs.take("session s: the disk is full")
    skill.journal.fails = False
    assert text(await ask(skill, "в", 2)) == "2 в"


@pytest.mark.gen_test
async def test_another_message_acts_under_another_key(logs: Any) -> None:
    """A turn that could not be kept, and another message in its place, are two effects to a service that knows keys;
    the same message again is one."""
    skill, keys = Skill("test", journal=Broken(), unsaved="Повторите"), []

    @skill.script
    def run():
        while True:
            yield step(lambda: keys.append(idempotency_key()))
            yield say(request.command)

    skill.journal.fails = True
    assert text(await ask(skill, "пицца", 0)) == text(await ask(skill, "пицца", 0)) == "Повторите"
    skill.journal.fails = False
    assert text(await ask(skill, "суши", 0)) == "суши"
    assert len(keys) == len(set(keys)) == 2
    for _ in range(2):
        logs.take("the disk is full")


def test_long_step_is_waited_for(skill: Skill) -> None:
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


def test_long_step_that_ended_between_turns_is_not_run_again() -> None:
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
        live = next(iter(skill.dialogs.cache._live.values()))
        await asyncio.wait(live.awaited)
        await skill.dialogs.stop()  # as a restart would
        return await skill.handle(make_request("", 1))

    assert asyncio.run(scenario())["response"]["text"] == "да"
    assert effect.runs == 1 and not ended.is_set()


@pytest.mark.gen_test
async def test_a_step_has_one_key_whatever_was_waited_for_before_it() -> None:
    """A process that ends a turn in waiting, and one that has the outcome in time, do the next step under one key."""
    found = []
    for is_late in (False, True):
        skill, gate, keys = Skill("keys", reply_within=0.05 if is_late else 60), asyncio.Event(), []

        async def wait(gate: asyncio.Event = gate) -> None:
            await gate.wait()

        @skill.script
        def run(wait: Any = wait, keys: list[str] = keys):
            yield step(wait)
            yield step(lambda: keys.append(idempotency_key()))
            yield say("готово")

        if is_late:
            assert text(await ask(skill, "", 0)) != "готово"
        gate.set()
        for n in count(int(is_late)):
            if text(await ask(skill, "", n)) == "готово":
                break
        found += keys
    assert len(found) == 2 and len(set(found)) == 1


def test_continue_as_new_starts_a_fresh_epoch(skill: Skill) -> None:
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


def test_continue_as_new_with_a_stranger(skill: Skill, logs: Any) -> None:
    """continue_as_new() with a function that cannot be found again is an error that says so."""

    @skill.script
    def run():
        yield continue_as_new(lambda: None)

    with Dialog(skill) as alice:
        assert alice.say().ended
    logs.take("it must be a function of the script's module")


@pytest.mark.slow
def test_thousand_steps_without_a_word(skill: Skill, logs: Any) -> None:
    """A script that steps for ever and never speaks is ended with an error."""

    @skill.script
    async def run():
        while True:
            await step(int)

    with Dialog(Skill("test", reply_within=60)) as alice:
        alice.skill.script(run)
        assert alice.say().ended
    logs.take("1000 steps in one turn and not a word")


@pytest.mark.gen_test
async def test_long_step_at_two_processes_ends(tmp_path: Path) -> None:
    """A long step, requests alternating between two processes: one of them runs it, once, and the dialog goes on."""
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
    assert len(runs) == 1
    for skill in skills:
        await skill.stop()


@pytest.mark.parametrize("journal", ["memory", "file"])
@pytest.mark.gen_test
async def test_finished_part_of_a_gather_is_not_repeated(tmp_path: Path, journal: str) -> None:
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
    (live,) = skill.dialogs.cache._live.values()
    await asyncio.wait(live.awaited, return_when=asyncio.FIRST_COMPLETED)
    await skill.dialogs.stop()
    assert text(await ask(skill, "", 2)) != "оба"
    gate.set()
    for n in count(3):
        if text(await ask(skill, "", n)) == "оба":
            break
    assert sorted(runs) == ["quick", "slow", "slow"]
    await skill.stop()


@pytest.mark.gen_test
async def test_tokens_are_seen_in_their_turn_and_kept_nowhere(tmp_path: Path) -> None:
    """A script sees the access token in the turn it came with; neither journal nor answer hold it, and a replay, which
    has the outcome of the step that used it, does not need it."""
    skill, used = Skill("token", journal=SqliteJournal(tmp_path / "j.sqlite3")), []

    def order(token: str) -> str:
        used.append(token)
        return "заказано"

    @skill.script
    def run():
        said = yield step(order, request["session"]["user"]["access_token"])
        while True:
            yield say(said)

    await skill.start()
    sent = make_request("", 0, session={"user": {"user_id": "u", "access_token": "AQAA-secret"}})
    first = await skill.handle(sent)
    await skill.dialogs.stop()
    again = await skill.handle(make_request("да", 1))
    await skill.stop()
    assert used == ["AQAA-secret"] and text(first) == text(again) == "заказано"
    assert first["session"]["user"] == {"user_id": "u"}
    assert all(b"AQAA" not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.slow
@pytest.mark.gen_test
async def test_an_outcome_waits_for_the_journal(tmp_path: Path, logs: Any) -> None:
    """A journal that is locked when a step ends costs an apology, not a second effect: the repeat has the outcome."""
    path, effects, running = tmp_path / "j.sqlite3", [], asyncio.Event()
    skill, ended = Skill("locked", journal=SqliteJournal(path), reply_within=0.2), asyncio.Event()

    async def effect() -> str:
        effects.append(1)
        running.set()
        await ended.wait()
        return "сделано"

    @skill.script
    def run():
        yield say((yield step(effect)))

    await skill.start()
    first = asyncio.create_task(ask(skill, "", 0))
    await running.wait()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ended.set()
        assert text(await first).startswith("Извините, не получилось это запомнить")
        other.execute("ROLLBACK")
    n = 0
    while text(answer := await ask(skill, "", n)) != "сделано":
        assert text(answer).startswith("Ещё работаю")  # the outcome is offered again every half second
        n += 1
    assert effects == [1]
    await skill.stop()
    while logs.records:
        logs.take("another program holds the journal")
