"""What a session checks: replies on their way out, and replay against what was said."""

import contextvars
import decimal
import logging
from pathlib import Path
from typing import Any

import pytest
from talking import ask, text

from tornado_alice import MemoryJournal, Skill, SqliteJournal, continue_as_new, request, say, step
from tornado_alice.testing import Dialog

pytestmark = pytest.mark.usefixtures("replay_mode")


@pytest.mark.gen_test
async def test_non_determinism_is_named(logs: Any) -> None:
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
async def test_replay_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
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


def test_too_long_phrase_is_cut_and_told(logs: Any) -> None:
    """A phrase over the limit is cut for the user and told in the log with the line of the script."""
    skill = Skill("long")

    @skill.script
    def run():
        yield say("я" * 1100)

    with Dialog(skill) as alice:
        assert len(alice.say()) == 1024
    assert "test_session.py" in logs.take("text: 1100 characters, cut to the 1024 allowed")


def test_reply_that_breaks_the_protocol_is_an_apology(logs: Any) -> None:
    """A reply that cannot be sent ends the session with an apology; the log names the field and the line."""
    skill = Skill("wrong")

    @skill.script
    def run():
        yield say("a", card={"type": "ItemsList", "items": []})

    with Dialog(skill) as alice:
        assert alice.say().ended
    assert "said at" in logs.take("card.items: ItemsList takes 1 to 5 items, got 0")


def test_each_session_has_its_own_context() -> None:
    """Context variables and decimal's precision that a script sets are there in its next turn, live and after replay,
    and nowhere else."""
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="никто")
    precision = decimal.getcontext().prec
    skill = Skill("contexts")

    @skill.script
    def run():
        yield say("кто вы?")
        decimal.getcontext().prec = 40
        token = who.set(request.command)
        while True:
            yield say(f"{who.get()} {decimal.getcontext().prec}")
            if request.command == "забудь":
                who.reset(token)  # only in the context in which it was set
                yield say(who.get())

    with Dialog(skill) as anna, Dialog(skill) as boris:
        for alice, name in ((anna, "анна"), (boris, "борис")):
            alice.say()
            assert alice.say(name) == f"{name} 40"
        assert (anna.say("да"), boris.say("да")) == ("анна 40", "борис 40")
        anna.forget()
        assert anna.say("да") == "анна 40"
        assert anna.say("забудь") == "никто"
    assert decimal.getcontext().prec == precision and who.get() == "никто"


@pytest.mark.parametrize("journal", ["memory", "sqlite"])
@pytest.mark.parametrize("turns", [3, 18])
def test_what_a_script_changes_is_not_what_the_engine_keeps(
    journal: str, turns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments of continue_as_new and outcomes of steps that a script changes in place are after a restart what they
    were before it."""
    kept = MemoryJournal() if journal == "memory" else SqliteJournal(tmp_path / "j.sqlite3")
    skill = Skill("changing", journal=kept)

    def found() -> dict[str, list[str]]:
        return {"товары": ["хлеб"]}

    @skill.script
    def first():
        yield say("начало")
        yield continue_as_new(second, items=[request.command], nested={"in": []})

    def second(items: list[str], nested: dict[str, list[str]]):
        got = yield step(found)
        while True:
            yield say(f"{items} {nested} {got}")
            items.append(request.command)
            nested["in"].append(request.command)
            got["товары"].append(request.command)
            yield step(len, items)

    monkeypatch.setitem(globals(), "second", second)  # where continue_as_new looks for it
    with Dialog(skill) as alice:
        alice.say()
        said = [alice.say(f"т{n}") for n in range(turns)]
        alice.forget()
        again = alice.say("ещё")
    assert again == said[-1].replace("]", ", 'ещё']").replace("[, ", "[")
