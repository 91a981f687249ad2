"""Recorded sessions: list, show, replay, export."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import run

from tornado_alice.app.cli import main
from tornado_alice.app.loading import load_skill
from tornado_alice.testing import replay

pytestmark = pytest.mark.slow  # each test starts a server


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
    assert "3 turns  open   s" in capsys.readouterr().out
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
