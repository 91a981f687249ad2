"""What a session checks: replies on their way out, and replay against what was said."""

import logging
from typing import Any

import pytest
from talking import ask, text

from tornado_alice import Skill, say
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
