"""Order, repetition and bounds of dialogs, over the engine as a whole."""

import asyncio
import gc
import json
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from talking import ask, counting_skill, text

from tornado_alice import MemoryJournal, Skill, SqliteJournal, continue_as_new, request, say, step
from tornado_alice.journal.base import Journal
from tornado_alice.journal.postgres import PostgresJournal
from tornado_alice.journal.records import Key, Known
from tornado_alice.testing import make_request

pytestmark = pytest.mark.usefixtures("replay_mode")


@pytest.mark.gen_test
async def test_repeated_delivery_gets_the_same_bytes() -> None:
    """A message that was answered is answered with the same bytes, and the script does not move."""
    skill = counting_skill()
    body = json.dumps(make_request("а", 0)).encode()
    first = await skill.dialogs.answer(body)
    assert await skill.dialogs.answer(body) == first
    assert text(await ask(skill, "б", 1, "test-session")) == "2 б"
    assert await skill.dialogs.answer(body) == first, "an older one too"
    await skill.dialogs.stop()
    assert await skill.dialogs.answer(body) == first, "after a restart too"


@pytest.mark.gen_test
async def test_concurrent_delivery_of_one_message() -> None:
    """The same message twice at once is one turn: both get the same reply."""
    skill = counting_skill()
    answers = await asyncio.gather(*(ask(skill, "а", 0) for _ in range(8)))
    assert {text(answer) for answer in answers} == {"1 а"}
    assert text(await ask(skill, "б", 1)) == "2 б"


@pytest.mark.gen_test
async def test_concurrent_messages_of_one_session_take_turns() -> None:
    """Different messages of one session at once are handled one after another, each exactly once."""
    skill = Skill("slow")

    @skill.script
    def run():
        seen = []
        while True:
            seen.append((yield step(lambda: len(seen))))
            yield say(str(len(seen)))

    answers = await asyncio.gather(*(ask(skill, "", n) for n in range(6)))
    assert sorted(map(text, answers)) == list("123456")


@pytest.mark.gen_test
async def test_sessions_do_not_wait_for_each_other() -> None:
    """While one session waits for its step, another one is answered."""
    skill, gate = Skill("gated", reply_within=60), asyncio.Event()

    @skill.script
    async def run():
        if request.command == "жди":
            await step(gate.wait)
        await say("готово")

    slow = asyncio.create_task(ask(skill, "жди", 0, "a"))
    assert text(await ask(skill, "", 0, "b")) == "готово"
    assert not slow.done()
    gate.set()
    assert text(await slow) == "готово"


@pytest.mark.gen_test
async def test_reordered_and_missing_messages_are_turns() -> None:
    """A gap is no obstacle, and a message that comes late is a turn of its own."""
    skill = counting_skill()
    said = [text(await ask(skill, str(n), n)) for n in (0, 5, 3, 5, 9)]
    assert said == ["1 0", "2 5", "3 3", "2 5", "4 9"]


@pytest.mark.gen_test
async def test_a_repeat_after_the_message_before_it_is_a_repeat() -> None:
    """A message that overtook the one before it, and comes once more after that, gets its bytes again."""
    skill = counting_skill()
    said = [text(await ask(skill, str(n), n)) for n in (0, 2, 1, 2, 3)]
    assert said == ["1 0", "2 2", "3 1", "2 2", "4 3"]


@pytest.mark.gen_test
async def test_requests_without_message_id_are_turns() -> None:
    """Requests that carry no message_id cannot be told apart: each is a turn."""
    skill, sent = counting_skill(), make_request("")
    del sent["session"]["message_id"]
    assert [text(await skill.handle(sent)) for _ in range(2)] == ["1", "2"]


@pytest.mark.gen_test
async def test_ping_opens_no_session() -> None:
    """An availability ping is answered without a session; within a dialog "ping" is what the user said."""
    skill = counting_skill()
    assert text(await ask(skill, "ping", 0)) == "pong"
    assert len(skill.dialogs.cache) == 0 and await skill.journal.sessions(10) == []
    await skill.handle(make_request("начали", 1, session={"session_id": "s", "new": True}))
    assert text(await ask(skill, "ping", 2)) == "2 ping"


@pytest.mark.gen_test
async def test_places_and_scripts_of_ended_sessions_do_not_stay() -> None:
    """After a session has ended nothing of it stays in memory."""
    skill = Skill("one word")

    @skill.script
    def run():
        yield say("всё", end_session=True)

    for n in range(50):
        await ask(skill, "", 0, f"s{n}")
    gc.collect()
    assert len(skill.dialogs.cache) == 0 and not skill.dialogs._order._waiting


@pytest.mark.gen_test
async def test_two_engines_on_one_journal(tmp_path: Path) -> None:
    """Two processes' worth of engines on one file, turns alternating, hold the dialog that one would hold."""
    skills = [counting_skill(journal=SqliteJournal(tmp_path / "j.sqlite3")) for _ in range(2)]
    for skill in skills:
        await skill.start()
    said = [text(await ask(skills[n % 3 % 2], str(n), n)) for n in range(12)]
    assert said == [f"{n + 1} {n}" for n in range(12)]
    for skill in skills:
        await skill.stop()


@pytest.mark.gen_test
async def test_one_message_at_two_engines_is_one_turn(tmp_path: Path) -> None:
    """The same message at two processes at once: one of them writes it, both answer the same bytes."""
    skills = [counting_skill(journal=SqliteJournal(tmp_path / "j.sqlite3")) for _ in range(2)]
    for skill in skills:
        await skill.start()
    for n in range(10):
        body = json.dumps(make_request(str(n), n)).encode()
        one, other = await asyncio.gather(*(skill.dialogs.answer(body) for skill in skills))
        assert one == other and text(json.loads(one)) == f"{n + 1} {n}"
    for skill in skills:
        await skill.stop()


class OvertakenJournal(SqliteJournal):
    """The journal of a process that another one overtakes: `overtake` is awaited before a session is read whole."""

    overtake: Callable[[], Awaitable[Any]] | None = None

    async def load(self, key: Key, request: bytes = b"", message_id: int | None = None, since: int = 0) -> Known:
        if since == 0 and self.overtake is not None:
            await self.overtake()
        return await super().load(key, request, message_id, since)


def restarting() -> Generator[Any, Any, None]:
    """A script that counts its requests, and begins anew when asked to."""
    n = 0
    while True:
        n += 1
        yield say(f"{n} {request.command}")
        if request.command == "заново":
            yield continue_as_new(restarting)


@pytest.mark.gen_test
async def test_a_message_answered_while_the_session_is_read_again(tmp_path: Path) -> None:
    """A process whose script is of an earlier epoch reads twice: what was answered in between is a repeat."""
    journal = OvertakenJournal(tmp_path / "j.sqlite3")
    late = Skill("late", journal=journal, version="1")
    quick = Skill("quick", journal=SqliteJournal(tmp_path / "j.sqlite3"), version="1")
    for skill in (late, quick):
        skill.script(restarting)
        await skill.start()
    assert text(await ask(late, "а", 0)) == "1 а"
    assert text(await ask(quick, "заново", 1)) == "1 заново"
    journal.overtake = lambda: ask(quick, "б", 2)
    assert text(await ask(late, "б", 2)) == "2 б"
    assert text(await ask(quick, "в", 3)) == "3 в"
    for skill in (late, quick):
        await skill.stop()


@pytest.fixture(params=["memory", "file", "database"])
def ways(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Journal]:
    """Makes ways to one journal, as processes have them."""
    if request.param == "memory":
        return MemoryJournal().beside
    if request.param == "file":
        return lambda: SqliteJournal(tmp_path / "j.sqlite3")
    url = request.getfixturevalue("database")
    return lambda: PostgresJournal(url)


@pytest.mark.gen_test
async def test_a_repeat_of_what_has_begun_anew(ways: Callable[[], Journal]) -> None:
    """One process begins the script anew; to another one, whose script is of the epoch before, the same message comes
    at once and once more: both give its bytes, and the dialog goes on in the new epoch, at either."""
    skills = [Skill("anew", journal=ways(), version="1") for _ in range(2)]
    for skill in skills:
        skill.script(restarting)
        await skill.start()
    for n, (word, expected) in enumerate([("а", "1 а"), ("заново", "1 заново"), ("б", "2 б"), ("в", "3 в")]):
        body = json.dumps(make_request(word, n)).encode()
        answers = await asyncio.gather(*(skill.dialogs.answer(body) for skill in skills))
        answers += [await skill.dialogs.answer(body) for skill in skills]
        assert len(set(answers)) == 1 and text(json.loads(answers[0])) == expected
    for skill in skills:
        await skill.stop()


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
def test_what_could_not_be_echoed_or_replayed_is_refused(change: Callable[[Any], object], field: str) -> None:
    """What an answer could not carry, or a replay not parse, is refused at the door with its field."""
    from tornado_alice import RequestError

    sent = make_request("")
    change(sent)
    with pytest.raises(RequestError) as caught:
        asyncio.run(counting_skill().dialogs.answer(json.dumps(sent).encode()))
    assert caught.value.field == field


@pytest.mark.gen_test
async def test_timeout_of_asyncio_in_a_script_is_answered(logs: Any) -> None:
    """A script that uses asyncio's time-out around a step gets an apology for its user, not a closed connection."""
    skill, gate = Skill("timeout", sorry="Простите"), asyncio.Event()

    @skill.script
    async def run():
        async with asyncio.timeout(0.01):
            await step(gate.wait)
        await say("никогда")

    assert text(await ask(skill, "", 0)) == "Простите"
    logs.take(r"asyncio.timeout\(0.01\).*wrap the call in step")


@pytest.mark.gen_test
async def test_another_body_is_another_request() -> None:
    """A hand-made client that numbers all its messages 0 is answered turn by turn; an equal request is a repeat."""
    skill = counting_skill()
    said = [text(await ask(skill, word, 0)) for word in ("", "кошка", "кошка", "собака")]
    assert said == ["1", "2 кошка", "2 кошка", "3 собака"]
    await skill.dialogs.stop()
    assert text(await ask(skill, "рыба", 0)) == "4 рыба"


@pytest.mark.parametrize("policy", ["end", "restart"])
@pytest.mark.gen_test
async def test_a_person_may_open_with_ping(policy: Any) -> None:
    """What looked like the availability check was a person: the dialog begins with what they say next."""
    skill = counting_skill(on_divergence=policy)
    assert text(await ask(skill, "ping", 0)) == "pong"
    assert text(await ask(skill, "ping", 1)) == "pong"
    answer = await ask(skill, "привет", 2)
    assert text(answer) == "1 привет" and not answer["response"]["end_session"]


@pytest.mark.gen_test
async def test_a_person_may_open_with_ping_before_a_restart() -> None:
    """After a restart nobody remembers the ping, but a second message of an unknown session can only follow one."""
    first, second = counting_skill(on_divergence="end"), counting_skill(on_divergence="end")
    second.journal = first.journal
    assert text(await ask(first, "ping", 0)) == "pong"
    assert text(await ask(second, "привет", 1)) == "1 привет"


#: JSON, but no list of outcomes.
WRONG_OPS = ("5", "{}", "[1]", "null", '[{"name": "f"}]', '[{"name": "f", "error": "text"}]', '[{"ok": 1}]')


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE turn SET ops = '{oops' WHERE n = 1",
        *(f"UPDATE turn SET ops = '{ops}' WHERE n = 1" for ops in WRONG_OPS),
        f"UPDATE turn SET ops = '{'[' * 100_000}' WHERE n = 1",
        "UPDATE turn SET ops = x'ff00' WHERE n = 1",
        "UPDATE turn SET request = x'00' WHERE n = 1",
        "UPDATE turn SET reply = 'oops' WHERE n = 2",
        "UPDATE session SET state = '{oops'",
        "UPDATE session SET state = '[5]'",
        "UPDATE session SET script = 'nobody'",
    ],
)
@pytest.mark.gen_test
async def test_a_damaged_row_is_a_divergence(damage: str, tmp_path: Path, logs: Any) -> None:
    """A row that cannot be read leads to the skill's policy, not to an apology for ever."""
    path = tmp_path / "j.sqlite3"
    first = counting_skill(journal=SqliteJournal(path))
    await first.start()
    for n, word in enumerate(("", "а", "б")):
        await ask(first, word, n)
    await first.stop()
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(damage)
    second = counting_skill(journal=SqliteJournal(path))
    await second.start()
    said = [text(await ask(second, word, n)) for n, word in ((3, "в"), (4, "г"))]
    await second.stop()
    assert said in (["1 в", "2 г"], ["4 в", "5 г"])
    if said[0] == "1 в":
        logs.take("on_divergence: restart")
