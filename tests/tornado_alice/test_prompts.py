"""Where people leave: what becomes of each prompt, counted over processes, versions and sweeps."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tornado_alice import JournalError, MemoryJournal, Skill, SqliteJournal
from tornado_alice.app.loading import load_skill
from tornado_alice.journal.base import Journal, Retention
from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.prompts import SILENCE, Said, prompts
from tornado_alice.testing import make_request

#: When the dialogs of a test begin; their sessions are swept only if the test asks for it.
BEGIN = 1_000_000.0
KEEP = Retention(ended=1e10, failed=1e10, silent=1e10)
SWEPT = BEGIN + 2e10

CROWD = """from tornado_alice import Skill, request, say

skill = Skill(__name__)
skill.command("помощь", answer="Скажите число.")
skill.command("хватит", answer=say("Пока.", end_session=True))

@skill.script
def run_script():
    yield say("Как вас зовут?")
    yield say(
        "Сколько вам лет?"
    )
    while not request.command.isdecimal():
        yield say("Не понял. Сколько?")
    1 / int(request.command)
    return say("Спасибо!")
"""
NAME, AGE, AGAIN, END = ("crowd.py:9", "crowd.py:10", "crowd.py:14", "crowd.py:16")

#: What people of the crowd say, and what becomes of the prompts then: outcomes of NAME, AGE and AGAIN.
MANNERS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("",), ("name said", "name left")),
    (("", "Аня"), ("name said", "name answered", "age said", "age left")),
    (("", "Аня", "20"), ("name said", "name answered", "age said", "age answered", "end said", "end ended")),
    (("", "Аня", "помощь"), ("name said", "name answered", "age said", "age left")),
    (
        ("", "Аня", "помощь", "20"),
        ("name said", "name answered", "age said", "age answered", "end said", "end ended"),
    ),
    (("", "Аня", "хватит"), ("name said", "name answered", "age said", "age stopped")),
    (("", "Аня", "0"), ("name said", "name answered", "age said", "age failed")),
    (
        ("", "Аня", "эм", "ну", "20"),
        (
            *("name said", "name answered", "age said", "age answered", "again said", "again misunderstood"),
            *("again said", "again answered", "end said", "end ended"),
        ),
    ),
)


class Clock:
    """The time of a test's dialogs."""

    now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "file", "database"])
def journals(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Makes journals of one place, as each process of a server has one; the test alone sweeps them."""
    monkeypatch.setattr("tornado_alice.journal.sqlite.HOUSEKEEPING", 3600.0)
    if request.param == "memory":
        journal = MemoryJournal(KEEP)
        return lambda: journal
    if request.param == "database":
        url = request.getfixturevalue("database")
        return lambda: PostgresJournal(url, KEEP)
    return lambda: SqliteJournal(tmp_path / "journal.sqlite3", retention=KEEP)


@asynccontextmanager
async def serving(path: Path, source: str, journal: Journal, clock: Clock) -> AsyncIterator[Skill]:
    """The skill of a script, as a process of its own would serve it."""
    path.write_text(source, "utf-8")
    skill = load_skill(str(path))
    skill.journal = journal
    skill.dialogs._clock = clock
    await skill.start()
    try:
        yield skill
    finally:
        await skill.stop()


async def say_to(skill: Skill, command: str, n: int, session: str = "s") -> str:
    answer = await skill.handle(make_request(command, n, session={"session_id": session}))
    text: str = answer["response"]["text"]
    return text


def outcomes(found: list[Said]) -> dict[str, dict[str, int]]:
    """Place → what is not zero."""
    left_out = {"since", "code", "current"}
    return {
        said.place: {name: n for name, n in said.fields().items() if isinstance(n, int) and n and name not in left_out}
        for said in found
    }


@pytest.mark.slow
@pytest.mark.gen_test(timeout=120)
async def test_a_crowd_of_1000_over_two_processes(journals: Callable[[], Any], tmp_path: Path, logs: Any) -> None:
    """1,000 dialogs whose turns go now to one process, now to the other, with repeats: every number is exactly right,
    those of people still there too, and the sums; after all sessions were swept they are the same."""
    clock, draw, expected = Clock(), random.Random(7), Counter[str]()
    times: list[float] = []
    one, two = journals(), journals()
    path = tmp_path / "crowd.py"
    slots = asyncio.Semaphore(40)

    async def person(i: int, manner: int, skills: list[Skill]) -> None:
        nonlocal times
        phrases, what = MANNERS[manner]
        expected.update(what)
        at, lot = BEGIN + i, random.Random(i)
        async with slots:
            for n, phrase in enumerate(phrases):
                pause = lot.choice([2.0, 4.0, 9.0, 30.0]) if n else 0.0
                at += pause
                times += [pause] if n == 1 else []
                for _ in range(2 if lot.random() < 0.1 else 1):
                    clock.now = at
                    await say_to(lot.choice(skills), phrase, n, f"s{i}")

    async with serving(path, CROWD, one, clock) as first, serving(path, CROWD, two, clock) as second:
        await asyncio.gather(*(person(i, draw.randrange(len(MANNERS)), [first, second]) for i in range(1000)))
        await second.dialogs.tallies.flush()
        soon = {said.place: said for said in await prompts(one, first, now=BEGIN + 1)}
        late = await prompts(one, first, now=BEGIN + 1000 + 200 + SILENCE)
        while await one.sweep(SWEPT):
            pass
        swept = await prompts(two, second, now=SWEPT)
    while logs.records:  # more than failures: a repeat may reach the process that is behind
        logs.take("ZeroDivisionError")
    names = {NAME: "name", AGE: "age", AGAIN: "again", END: "end"}
    assert {said.place for said in late} == set(names)
    for said in late:
        name, own = names[said.place], outcomes([said])[said.place]
        assert own == {key.split()[1]: n for key, n in expected.items() if key.split()[0] == name}
        assert said.said == sum(own.values()) - said.said, "each has come to one end"
        assert soon[said.place].open == said.left and soon[said.place].left == 0
    assert late[0].seconds == pytest.approx(median(times), rel=0.1)
    assert [said.code for said in late] == [
        'yield say("Как вас зовут?")',
        'yield say( "Сколько вам лет?" )',
        'yield say("Не понял. Сколько?")',
        'return say("Спасибо!")',
    ]
    assert swept == late


@pytest.mark.gen_test
async def test_an_answer_counts_for_the_version_that_asked(tmp_path: Path) -> None:
    """After an edit that moves lines, the answer goes to the old version's line, and each version's sums are right; the
    old one still shows its own source."""
    path, file = tmp_path / "crowd.py", tmp_path / "journal.sqlite3"
    clock = Clock()
    async with serving(path, CROWD, SqliteJournal(file, retention=KEEP), clock) as skill:
        await say_to(skill, "", 0)
        await say_to(skill, "", 0, "leaves")
        old = skill.dialogs.script.version
    edited = CROWD.replace("@skill.script", "# said by Alice\n\n@skill.script").replace("зовут?", "зовут, скажите?")
    async with serving(path, edited, SqliteJournal(file, retention=KEEP), clock) as skill:
        clock.now += 5
        await say_to(skill, "Аня", 1)
        found = await prompts(skill.journal, skill, now=clock.now)
        assert outcomes(await prompts(skill.journal, skill, version=old, now=clock.now)) == {
            NAME: {"said": 2, "answered": 1, "open": 1}
        }
    assert {(said.version == old, said.place, said.code) for said in found} == {
        (True, NAME, 'yield say("Как вас зовут?")'),
        (False, "crowd.py:12", 'yield say( "Сколько вам лет?" )'),
    }


@pytest.mark.gen_test
async def test_a_dialog_that_cannot_go_on_has_failed(tmp_path: Path, logs: Any) -> None:
    """An edit that the open dialog does not survive counts as failed where it was; the new start counts anew."""
    path, file, clock = tmp_path / "crowd.py", tmp_path / "journal.sqlite3", Clock()
    async with serving(path, CROWD, SqliteJournal(file, retention=KEEP), clock) as skill:
        await say_to(skill, "", 0)
    edited = CROWD.replace("Как вас зовут?", "Здравствуйте! Любите ли вы театр?")
    async with serving(path, edited, SqliteJournal(file, retention=KEEP), clock) as skill:
        await say_to(skill, "Аня", 1)
        found = await prompts(skill.journal, skill, now=clock.now)
    logs.take("on_divergence")
    assert sorted(str(outcomes([said])[NAME]) for said in found) == [
        "{'said': 1, 'failed': 1}",
        "{'said': 1, 'open': 1}",
    ]


TALKING = """import asyncio
from tornado_alice import Skill, ask, continue_as_new, number, request, say, step

skill = Skill(__name__, reply_within=0)
gate = asyncio.Event()

@skill.command("карта")
def map():
    yield say("Какую карту?")
    return "Вот она."

def greet():
    answer = yield from ask("Сколько?", number(), again="Числом, пожалуйста.")
    return answer

@skill.script
def run_script():
    while True:
        yield say("Меню.")
        if request.command == "число":
            yield from greet()
        elif request.command == "ждать":
            yield step(gate.wait)
        elif request.command == "заново":
            return continue_as_new(run_script)
"""
MAP, ASK, MENU, STEP = ("crowd.py:9", "crowd.py:13", "crowd.py:19", "crowd.py:23")


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        pytest.param(["", "ну", "ой"], {MENU: {"said": 3, "misunderstood": 2, "open": 1}}, id="the same prompt again"),
        pytest.param(["", "заново"], {MENU: {"said": 2, "answered": 1, "open": 1}}, id="a new start is an answer"),
        pytest.param(
            ["", "число", "много", "5"],
            {MENU: {"said": 2, "answered": 1, "open": 1}, ASK: {"said": 2, "misunderstood": 1, "answered": 1}},
            id="a question in a sub-script",
        ),
        pytest.param(
            ["", "карта", "Москвы", "число"],
            {
                MENU: {"said": 2, "interrupted": 1, "answered": 1},
                MAP: {"said": 1, "answered": 1},
                ASK: {"said": 1, "open": 1},
            },
            id="a command that talks",
        ),
        pytest.param(
            ["", "ждать", "ну", "ещё?"],
            {MENU: {"said": 1, "answered": 1}, STEP: {"said": 3, "answered": 2, "open": 1}},
            id="a step that keeps waiting",
        ),
    ],
)
@pytest.mark.parametrize("live", [1000, 0], ids=["live", "always replayed"])
@pytest.mark.gen_test
async def test_every_turn_closes_one_prompt_and_opens_one(
    phrases: list[str], expected: dict[str, dict[str, int]], live: int, tmp_path: Path
) -> None:
    """Questions, sub-scripts, commands that talk, long steps and new starts are counted at the author's lines; replays
    count nothing."""
    source = TALKING.replace("reply_within=0", f"reply_within=0, max_live={live}") if live == 0 else TALKING
    async with serving(tmp_path / "crowd.py", source, MemoryJournal(KEEP), Clock()) as skill:
        for n, phrase in enumerate(phrases):
            await say_to(skill, phrase, n)
        assert outcomes(await prompts(skill.journal, skill, now=BEGIN)) == expected


@pytest.mark.gen_test
async def test_counts_wait_for_a_journal_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: Any
) -> None:
    """A batch that fails is offered again under its number, counts go on meanwhile, and nothing is lost or doubled."""
    journal, offered, works = MemoryJournal(KEEP), [], False
    add = journal.add_tallies

    async def fail(*batch: Any) -> None:
        offered.append(batch[1])
        if not works:
            raise JournalError("away")
        await add(*batch)

    monkeypatch.setattr(journal, "add_tallies", fail)
    async with serving(tmp_path / "crowd.py", CROWD, journal, Clock()) as skill:
        for n, phrase in enumerate(["", "Аня", "20"]):
            await say_to(skill, phrase, n)
            works = phrase == "20"
            try:
                await skill.dialogs.tallies.flush()
            except JournalError:
                assert not works
        found = await prompts(journal, skill, now=BEGIN)
    assert offered == [1, 1, 1, 2]
    assert outcomes(found) == {
        NAME: {"said": 1, "answered": 1},
        AGE: {"said": 1, "answered": 1},
        END: {"said": 1, "ended": 1},
    }
