"""The log as JSON, and its line for each turn."""

import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import ask

from tornado_alice import Skill, SqliteJournal, request, say
from tornado_alice.app.logs import JsonFormatter, turn_log
from tornado_alice.testing import make_request

EVIL = "\x1b[2J\x9b2J\x7f\r\n\u2028\u202e\ud800"
WORD = "секретное"


def record(message: str, **options: Any) -> logging.LogRecord:
    return logging.LogRecord("tornado_alice.turn", logging.ERROR, "turn.py", 1, "%s", (message,), **options)


def test_a_line_is_an_object_that_steers_no_terminal() -> None:
    """Whatever a message, an exception or a field holds, the line is one object of printable ASCII that holds it."""
    try:
        raise LookupError(EVIL)
    except LookupError:
        failed = record(f"a{EVIL}", exc_info=sys.exc_info())
    failed.fields = {"skill": EVIL, "seconds": 0.5}
    line = JsonFormatter().format(failed)
    assert line.isascii() and line.isprintable()
    told = json.loads(line)
    exception = told.pop("exception")
    assert "Traceback" in exception and f"LookupError: {EVIL}" in exception
    assert told.pop("time").endswith("+00:00")
    rest = {"level": "ERROR", "logger": "tornado_alice.turn", "message": f"a{EVIL}"}
    assert told == rest | {"skill": EVIL, "seconds": 0.5}


def forgetful_skill(path: Path) -> Skill:
    """A skill that keeps no script in memory, and raises when it hears "упади"."""
    skill = Skill("forgetful", journal=SqliteJournal(path), max_live=0)

    @skill.script
    def run() -> Any:
        yield say("да")
        if request.command.startswith("упади"):
            raise LookupError(request.command)
        yield say("пока", end_session=True)

    skill.hooks.facts.append(turn_log("shop"))
    return skill


@pytest.mark.gen_test
async def test_a_turn_is_told_without_words(tmp_path: Path, caplog: pytest.LogCaptureFixture, logs: Any) -> None:
    """Skill, number of the session and turn, message_id, bytes and what became of it; no word and no id of the user.
    A repeat is no turn."""
    caplog.set_level(logging.INFO, "tornado_alice.turns")
    skill = forgetful_skill(tmp_path / "journal.sqlite3")
    await skill.start()
    first = await ask(skill, WORD, 0)
    await ask(skill, WORD, 0)
    await ask(skill, f"упади {WORD}", 1)
    await ask(skill, WORD, 0, "other")
    await ask(skill, WORD, 1, "other")
    await skill.stop()
    logs.take("the script raised LookupError")
    told = [each for each in caplog.records if each.name == "tornado_alice.turns"]
    shown = "".join(JsonFormatter().format(each) for each in told)
    user = make_request(WORD)["session"]["user_id"]
    assert WORD.encode("unicode_escape").decode() not in shown and user not in shown
    assert len({each.fields["session"] for each in told}) == 2
    names = ("turn", "message_id", "replayed", "ended", "failed")
    assert [tuple(each.fields[name] for name in names) for each in told] == [
        (0, 0, False, False, None),
        (1, 1, True, True, "LookupError"),
        (0, 0, False, False, None),
        (1, 1, True, True, None),
    ]
    assert told[0].fields["skill"] == "shop" and 0 < told[0].fields["seconds"] < 60
    assert told[0].fields["bytes"] == len(json.dumps(first, ensure_ascii=False, separators=(",", ":")).encode())
    text = told[1].getMessage()
    assert re.match(r"turn: skill=shop session=1 turn=1 message_id=1 seconds=[\d.e-]+ ", text)
    assert " replayed=yes ended=yes bytes=" in text and text.endswith(" failed=LookupError")


@pytest.mark.slow
def test_the_command_line_chooses(serve: Callable[..., Any], hello: str) -> None:
    """--log-format json makes each line an object; --log-turns adds the turns, which are not told otherwise."""
    told = []
    for words in (["--log-turns"], []):
        server = serve(hello, "--log-format", "json", *words)
        server.say(WORD, 0, words[0] if words else "s")
        server.fetch("/", b"no json")
        server.stop()
        told.append([json.loads(line) for line in server.errors.splitlines()])
    assert {line["logger"] for line in told[0]} - {line["logger"] for line in told[1]} == {"tornado_alice.turns"}
    (turn,) = [line for line in told[0] if line["logger"] == "tornado_alice.turns"]
    assert (turn["skill"], turn["session"], turn["turn"], turn["failed"]) == ("hello", 1, 0, None)
    assert any("refused with 400" in line["message"] for line in told[1])
