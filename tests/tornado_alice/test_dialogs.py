"""Order, repetition, bounds and divergence of dialogs, over the engine as a whole."""

import asyncio
import gc
import json
import logging

import pytest
from talking import ask, text

from tornado_alice import MemoryJournal, Skill, SqliteJournal, request, say, step
from tornado_alice.testing import Dialog, make_request

pytestmark = pytest.mark.usefixtures("replay_mode")


def counting_skill(**options):
    """A skill that says how many requests it saw, and the last command."""
    skill = Skill("counting", **options)

    @skill.script
    def run():
        n = 0
        while True:
            n += 1
            yield say(f"{n} {request.command}".strip())

    return skill


@pytest.mark.gen_test
async def test_repeated_delivery_gets_the_same_bytes():
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
async def test_concurrent_delivery_of_one_message():
    """The same message twice at once is one turn: both get the same reply."""
    skill = counting_skill()
    answers = await asyncio.gather(*(ask(skill, "а", 0) for _ in range(8)))
    assert {text(answer) for answer in answers} == {"1 а"}
    assert text(await ask(skill, "б", 1)) == "2 б"


@pytest.mark.gen_test
async def test_concurrent_messages_of_one_session_take_turns():
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
async def test_sessions_do_not_wait_for_each_other():
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
async def test_reordered_and_missing_messages_are_turns():
    """A gap is no obstacle, and a message that comes late is a turn of its own."""
    skill = counting_skill()
    said = [text(await ask(skill, str(n), n)) for n in (0, 5, 3, 5, 9)]
    assert said == ["1 0", "2 5", "3 3", "2 5", "4 9"]


@pytest.mark.gen_test
async def test_requests_without_message_id_are_turns():
    """Requests that carry no message_id cannot be told apart: each is a turn."""
    skill, sent = counting_skill(), make_request("")
    del sent["session"]["message_id"]
    assert [text(await skill.handle(sent)) for _ in range(2)] == ["1", "2"]


@pytest.mark.gen_test
async def test_ping_opens_no_session():
    """An availability ping is answered without a session; within a dialog "ping" is what the user said."""
    skill = counting_skill()
    assert text(await ask(skill, "ping", 0)) == "pong"
    assert len(skill.dialogs.scripts) == 0 and skill.journal.sessions(10) == []
    await skill.handle(make_request("начали", 1, session={"session_id": "s", "new": True}))
    assert text(await ask(skill, "ping", 2)) == "2 ping"


@pytest.mark.gen_test
async def test_locks_and_scripts_of_ended_sessions_do_not_stay():
    """After a session has ended nothing of it stays in memory."""
    skill = Skill("one word")

    @skill.script
    def run():
        yield say("всё", end_session=True)

    for n in range(50):
        await ask(skill, "", 0, f"s{n}")
    gc.collect()
    assert len(skill.dialogs.scripts) == 0 and len(skill.dialogs._locks) == 0


@pytest.mark.gen_test
async def test_many_turns_are_warned_of(logs):
    """At 500 turns of one epoch the log names continue_as_new."""
    skill = counting_skill()
    for n in range(500):
        await ask(skill, "", n)
    logs.take("session s has 500 turns: continue_as_new")


@pytest.mark.gen_test
async def test_unknown_session_restarts(logs):
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
async def test_divergence_policy(policy, said, ended, logs):
    """on_divergence may end the session, say something of the author's, or restart; the next request starts anew."""
    skill = counting_skill(on_divergence=policy, sorry="Простите")
    answer = await ask(skill, "а", 7)
    assert (text(answer), answer["response"]["end_session"]) == (said, ended)
    logs.take("on_divergence")
    assert text(await ask(skill, "б", 8)) == ("2 б" if said == "1 а" else "1 б")


@pytest.mark.gen_test
async def test_non_determinism_is_named(logs):
    """Replay that says something else with the same code: an error that names the turn, what was and what came."""
    skill, calls = Skill("random", max_live=0), []

    @skill.script
    def run():
        calls.append(1)
        while True:
            yield say(f"запуск {len(calls)}")

    await ask(skill, "", 0)
    assert text(await ask(skill, "", 1)) == "запуск 3"
    logs.take(r"turn 0: the journal holds the reply 'запуск 1', the script now gives the reply 'запуск 2'")


@pytest.mark.gen_test
async def test_replay_logs_nothing(caplog):
    """What a script logs is logged once: replay is silent."""
    caplog.set_level(logging.INFO)
    skill, log = Skill("logging", max_live=0), logging.getLogger(__name__)

    @skill.script
    def run():
        for n in range(10):
            log.info("строка %d", n)
            yield say(str(n))

    for n in range(5):
        await ask(skill, "", n)
    assert [r.getMessage() for r in caplog.records if r.name == __name__] == [f"строка {n}" for n in range(5)]


@pytest.mark.gen_test
async def test_two_engines_on_one_journal(tmp_path):
    """Two processes' worth of engines on one file, turns alternating, hold the dialog that one would hold."""
    skills = [counting_skill(journal=SqliteJournal(tmp_path / "j.sqlite3")) for _ in range(2)]
    for skill in skills:
        await skill.start()
    said = [text(await ask(skills[n % 3 % 2], str(n), n)) for n in range(12)]
    assert said == [f"{n + 1} {n}" for n in range(12)]
    for skill in skills:
        await skill.stop()


@pytest.mark.gen_test
async def test_one_message_at_two_engines_is_one_turn(tmp_path):
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


class Broken(MemoryJournal):
    """A journal that fails when told to."""

    fails = False

    async def commit(self, *args):
        if self.fails:
            from tornado_alice import JournalError

            raise JournalError("the disk is full")
        return await super().commit(*args)


@pytest.mark.gen_test
async def test_turn_that_cannot_be_kept_is_not_acknowledged(logs):
    """When the journal fails the user hears an apology, the session goes on, and nothing unsaid is assumed."""
    skill = counting_skill(journal=Broken(), unsaved="Повторите")
    assert text(await ask(skill, "а", 0)) == "1 а"
    skill.journal.fails = True
    answer = await ask(skill, "б", 1)
    assert (text(answer), answer["response"]["end_session"]) == ("Повторите", False)
    logs.take("session s: the disk is full")
    skill.journal.fails = False
    assert text(await ask(skill, "в", 2)) == "2 в"


def test_unknown_option_is_an_error():
    """A misspelt option of Skill is named, with those there are."""
    with pytest.raises(Exception, match="no option 'max_lives'; there are closing"):
        Skill("test", max_lives=5)
    with pytest.raises(Exception, match="on_divergence: 'restart', 'end' or a callable, got 'explode'"):
        Skill("test", on_divergence="explode")


def test_skill_without_a_script_says_so():
    """A Skill without a script names the remedy."""
    with pytest.raises(Exception, match=r"has no script: put @skill\.script before a function"):
        asyncio.run(Skill("empty").handle(make_request()))


def test_too_long_phrase_is_cut_and_told(logs):
    """A phrase over the limit is cut for the user and told in the log with the line of the script."""
    skill = Skill("long")

    @skill.script
    def run():
        yield say("я" * 1100)

    with Dialog(skill) as alice:
        assert len(alice.say()) == 1024
    assert "test_dialogs.py" in logs.take("text: 1100 characters, cut to the 1024 allowed")


def test_reply_that_breaks_the_protocol_is_an_apology(logs):
    """A reply that cannot be sent ends the session with an apology; the log names the field and the line."""
    skill = Skill("wrong")

    @skill.script
    def run():
        yield say("a", card={"type": "ItemsList", "items": []})

    with Dialog(skill) as alice:
        assert alice.say().ended
    assert "said at" in logs.take("card.items: ItemsList takes 1 to 5 items, got 0")
