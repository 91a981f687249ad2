"""Recorded sessions: list, show, replay, export."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import run

from tornado_alice import NonDeterminismError
from tornado_alice.app.cli import main
from tornado_alice.app.loading import load_skill
from tornado_alice.journal import SqliteJournal
from tornado_alice.journal.records import Head, Key, Record
from tornado_alice.testing import replay

pytestmark = pytest.mark.slow  # each test starts a server

SAYING = """
from tornado_alice import Skill, say

skill = Skill(__name__)

@skill.script
def run_script():
    yield say({})
"""
CRASHING = """
from tornado_alice import Skill, request, say

skill = Skill(__name__)
@skill.script
def run_script():
    yield say('Сколько?')
    n = 1 / (request.command != 'ноль')
    yield say('Пока', end_session=True)
"""


def fill(
    data: Path, *sessions: tuple[Key, Head, float], body: bytes = b'{"session": {}}', text: str = "", ops: Any = ()
) -> None:
    """Keep sessions of one turn in the journal of a data directory."""
    reply = json.dumps({"response": {"text": text, "end_session": False}}).encode()

    async def commit() -> None:
        journal = SqliteJournal(data / "journal.sqlite3")
        await journal.start()
        for key, head, at in sessions:
            await journal.commit(key, head, Record(0, 0, at, body, list(ops), reply, "", "v"))
        await journal.stop()

    asyncio.run(commit())


def test_recorded_session_is_listed_shown_replayed_and_exported(
    serve: Callable[..., Any], hello: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A session of a server: its list, transcript, replay up to a turn, and a file that a test replays."""
    server = serve(hello)
    for n, word in enumerate(["раз", "два", "три"]):
        server.say(word, n)
    server.stop()
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["sessions", *data]) == 0
    assert "3 turns  open    s" in capsys.readouterr().out
    assert main(["sessions", *data, "show", "s"]) == 0
    shown = capsys.readouterr().out
    assert "[0.1]  User: два" in shown and "Alice: 2 два" in shown
    assert main(["sessions", *data, "replay", "1", "--script", hello, "--until", "2"]) == 0
    shown = capsys.readouterr().out
    assert "2 of 3 turns replayed; the script waits at" in shown and "next, turn 2: User: три" in shown
    exported = tmp_path / "dialog.json"
    assert main(["sessions", *data, "export", "s", "-o", str(exported)]) == 0
    assert replay(load_skill(hello), exported) == 3
    changed = tmp_path / "changed.py"
    changed.write_text(Path(hello).read_text("utf-8").replace("{n} {", "№{n} {"), "utf-8")
    with pytest.raises(Exception, match=r"turn 0: the journal holds the reply '1 раз', the script now gives .*№1"):
        replay(load_skill(str(changed)), exported)


def test_session_that_crashed_is_replayed_up_to_its_crash(
    serve: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A session whose script raised is replayed up to that turn; odd characters of users do not reach the terminal."""
    path = tmp_path / "crashing.py"
    path.write_text(
        "from tornado_alice import *\nskill = Skill('c')\n@skill.script\ndef run():\n  yield say('a')\n  1 / 0\n",
        "utf-8",
    )
    server = serve(str(path))
    server.say("\ud800\x1b[2J", 0)
    assert server.say("ещё", 1).startswith("Извините")
    server.stop()
    words = ["sessions", "replay", "s", "--data-dir", str(tmp_path / "data"), "--script", str(path)]
    assert main(words) == 0
    assert "1 of 2 turns replayed" in (shown := capsys.readouterr().out) and "ended or raised; --pdb" in shown
    shown = run("sessions", "show", "s", "--data-dir", str(tmp_path / "data")).stdout
    assert "\x1b" not in shown and "\\ud800" in shown
    assert run("sessions", "export", "s", "--data-dir", str(tmp_path / "data")).returncode == 0
    assert main([*words[:1], "export", "s", "--data-dir", str(tmp_path / "data"), "-o", "/nowhere/at/all"]) == 1
    assert "/nowhere/at/all cannot be written" in capsys.readouterr().err


def test_failure_of_last_night_is_found_and_replayed(
    serve: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Days after a script raised, its session is listed with exception and line, and --pdb reaches the failing turn."""
    path = tmp_path / "crashing.py"
    path.write_text(CRASHING, "utf-8")
    server = serve(str(path))
    server.say("", 0, "fine")
    server.say("пока", 1, "fine")
    server.say("", 0)
    server.say("ноль", 1)
    server.say("", 0, "going on")
    server.stop()
    data = ["--data-dir", str(tmp_path / "data")]
    journal = SqliteJournal(tmp_path / "data" / "journal.sqlite3")
    assert asyncio.run(journal.sweep(time.time() + 13 * 24 * 3600)) == 2, "the one that ended well and the silent one"
    assert main(["sessions", "list", *data, "--failed"]) == 0
    listed = capsys.readouterr().out
    assert "2 turns  failed  s  ZeroDivisionError: division by zero at " in listed and "crashing.py:8" in listed
    assert main(["sessions", "show", "s", *data]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("failed: ZeroDivisionError: division by zero at ")
    shown = run("sessions", "replay", "s", *data, "--script", str(path), "--pdb", stdin="p data['session']\nc\n").stdout
    assert "It raised ZeroDivisionError" in shown and "'message_id': 1" in shown
    assert "ZeroDivisionError('division by zero')" in shown
    assert asyncio.run(journal.sweep(time.time() + 15 * 24 * 3600)) == 1


def test_list_is_filtered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--failed, --open, --ended, --since, --skill, --limit choose sessions; --json gives them to programs."""
    now = time.time()
    fill(
        tmp_path,
        (("a", "open"), Head(), now),
        (("a", "well"), Head(ended=True), now - 60),
        (("b", "badly"), Head(ended=True, failure="KeyError: 'x'"), now - 7000),
        (("b", "older"), Head(), now - 7500),
    )

    def listed(*words: str) -> list[str]:
        assert main(["sessions", "list", "--data-dir", str(tmp_path), "--json", *words]) == 0
        return [entry["session_id"] for entry in json.loads(capsys.readouterr().out)]

    assert listed() == ["open", "well", "badly", "older"]
    assert (listed("--failed"), listed("--ended"), listed("--open")) == (["badly"], ["well"], ["open", "older"])
    assert listed("--since", "2h") == ["open", "well", "badly"] and listed("--since", "1000") == ["open", "well"]
    assert listed("--skill", "b") == ["badly", "older"] and listed("--skill", "b", "--open") == ["older"]
    assert listed("--limit", "1") == ["open"]
    assert main(["sessions", "list", "--data-dir", str(tmp_path), "--skill", "c"]) == 0
    assert "No such sessions are recorded" in capsys.readouterr().out


def test_number_of_a_session_goes_before_a_session_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that the list shows names that session, even if another one calls itself so; long numbers are names."""
    fill(tmp_path, (("a", "first"), Head(), 1.0), (("a", "1"), Head(), 2.0), (("a", "9" * 40), Head(), 3.0))
    for name, found in (("1", "first"), ("2", "1"), ("9" * 40, "9" * 40)):
        assert main(["sessions", "show", name, "--data-dir", str(tmp_path)]) == 0
        assert f"session {found} of skill a, open" in capsys.readouterr().out


def test_nothing_recorded_commands_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids, failures, kinds of requests, steps and their outcomes, replies: control characters are shown, not sent."""
    evil = "\x1b[2J\x9b2J\r\u202e"
    ops = [{"name": evil, "ok": evil}, {"name": "b", "error": {"class": evil, "text": evil}}, {"wait": evil}]
    body = json.dumps({"session": {}, "request": {"type": evil}}).encode()
    fill(tmp_path, ((evil, evil), Head(ended=True, failure=evil), time.time()), body=body, text=evil, ops=ops)
    for words in (["list"], ["list", "--json"], ["show", "1"]):
        assert main(["sessions", *words, "--data-dir", str(tmp_path)]) == 0
        shown = capsys.readouterr().out
        assert all(c.isprintable() or c == "\n" for c in shown) and "[2J" in shown


def test_divergence_is_diagnosed(serve: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sessions replay` and `testing.replay` say what a divergence looks like and what helps."""
    counter, script, exported = (tmp_path / name for name in ("counter.txt", "shop.py", "dialog.json"))
    counter.write_text("осталось 7 билетов", "utf-8")
    reading = f"__import__('pathlib').Path({str(counter)!r}).read_text('utf-8')"
    script.write_text(SAYING.format(reading), "utf-8")
    server = serve(str(script))
    server.say("раз", 0)
    server.stop()
    data = ["--data-dir", str(tmp_path / "data")]
    assert main(["sessions", "export", "s", *data, "-o", str(exported)]) == 0
    counter.write_text("осталось 5 билетов", "utf-8")
    with pytest.raises(NonDeterminismError) as raised:
        replay(load_skill(str(script)), exported)
    assert "it looks like a global variable" in raised.value.__notes__[0]
    assert main(["sessions", "replay", "s", *data, "--script", str(script)]) == 1
    assert "it looks like a global variable" in capsys.readouterr().err


def test_debugger_starts_at_the_turn(serve: Callable[..., Any], hello: str, tmp_path: Path) -> None:
    """`sessions replay --until K --pdb` runs turn K in the debugger."""
    server = serve(hello)
    for n in range(3):
        server.say("слово", n)
    server.stop()
    words = [
        "sessions",
        "--data-dir",
        str(tmp_path / "data"),
        "replay",
        "s",
        "--script",
        hello,
        "--until",
        "1",
        "--pdb",
    ]
    shown = run(*words, stdin="p data['session']['message_id']\nc\n")
    assert "(Pdb) 1" in shown.stdout and "2 слово" in shown.stdout


def test_exported_dialog_hides_tokens(serve: Callable[..., Any], hello: str, tmp_path: Path) -> None:
    """An exported dialog carries neither access tokens nor the journal's secret."""
    server = serve(hello)
    from tornado_alice.testing import make_request

    session = {"session_id": "s", "user": {"user_id": "u", "access_token": "AgAAAA-secret"}}
    server.fetch("/", make_request("а", 0, session=session))
    server.stop()
    shown = run("sessions", "--data-dir", str(tmp_path / "data"), "export", "s").stdout
    assert "AgAAAA" not in shown and json.loads(shown)["turns"][0]["request"]["session"]["user"]["user_id"] == "u"


def test_no_journal_and_no_session(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], serve: Callable[..., Any], hello: str
) -> None:
    """A missing journal or session is said clearly, with exit status 1."""
    assert main(["sessions", "--data-dir", str(tmp_path / "nowhere"), "list"]) == 1
    assert "There is no journal" in capsys.readouterr().err
    serve(hello).stop()
    assert main(["sessions", "--data-dir", str(tmp_path / "data"), "show", "5"]) == 1
    assert "no session '5' is recorded" in capsys.readouterr().err
    assert main(["sessions", "--data-dir", str(tmp_path / "data")]) == 0
    assert "No sessions are recorded" in capsys.readouterr().out
