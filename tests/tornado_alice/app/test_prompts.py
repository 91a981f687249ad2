"""Where people leave, with real processes: `sessions prompts` and GET /api/prompts."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import run

pytestmark = pytest.mark.slow  # each test starts servers

ASKING = """from tornado_alice import Skill, request, say

skill = Skill(__name__)

@skill.script
def run_script():
    yield say("Чай или кофе?")
    while request.command not in ("чай", "кофе"):
        yield say("Чай? Кофе?")
    yield say("Несу!", end_session=True)
"""
FIRST, AGAIN, LAST = ("asking.py:7", "asking.py:9", "asking.py:10")


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "asking.py"
    path.write_text(ASKING, "utf-8")
    return str(path)


def counts(found: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Place → what is not zero."""
    names = ("said", "answered", "misunderstood", "failed", "stopped", "interrupted", "ended", "open", "left")
    return {said["place"]: {name: said[name] for name in names if said[name]} for said in found}


def test_two_processes_and_what_they_counted(serve: Callable[..., Any], script: str, tmp_path: Path) -> None:
    """Dialogs that go from one process to the other are counted once, whoever is asked: an endpoint of either, and the
    command when both have stopped; the table shows numbers beside source lines."""
    one, two = serve(script), serve(script)
    for i in range(12):
        one.say("", 0, f"s{i}")
        if i >= 4:
            two.say("э", 1, f"s{i}")
            one.say("ну", 2, f"s{i}")
        if i >= 7:
            two.say("чай", 3, f"s{i}")
    two.stop()
    expected = {
        FIRST: {"said": 12, "answered": 8, "open": 4},
        AGAIN: {"said": 16, "answered": 5, "misunderstood": 8, "open": 3},
        LAST: {"said": 5, "ended": 5},
    }
    status, told = one.fetch("/api/prompts")
    assert status == 200 and counts(told["prompts"]) == expected
    assert all(said["current"] for said in told["prompts"])
    assert one.fetch("/api/prompts?version=other") == (200, {"prompts": []})
    one.stop()
    asked = ("sessions", "prompts", script, "--data-dir", str(tmp_path / "data"))
    assert counts(json.loads(run(*asked, "--json").stdout)) == expected
    lines = run(*asked).stdout.splitlines()
    assert lines[0].startswith("asking.py, version ") and ", as it is here, since " in lines[0]
    assert lines[1].split() == ["said", "answered", "misunderstood", "failed", "ended", "open", "left", "seconds"]
    assert [line.split()[:4] for line in lines[2:5]] == [["12", "8", "0", "0"], ["16", "5", "8", "0"], ["5", *"000"]]
    assert [line.partition("asking.py")[2] for line in lines[2:5]] == [
        ':7  yield say("Чай или кофе?")',
        ':9  yield say("Чай? Кофе?")',
        ':10  yield say("Несу!", end_session=True)',
    ]
    none = run(*asked, "--version", "f" * 16)
    assert none.stdout.startswith("No such prompts were counted in ") and none.returncode == 0


def test_a_killed_process_loses_seconds_and_not_who_waits(
    serve: Callable[..., Any], script: str, tmp_path: Path
) -> None:
    """After SIGKILL the counts of the last seconds may be missing, but nobody who waits; the endpoint tells nothing to
    who has no password of the pages."""
    (tmp_path / "password").write_text("a long enough password\n")
    server = serve(script, "--password-file", str(tmp_path / "password"))
    assert server.fetch("/api/prompts")[0] == 401
    server.say("", 0)
    password = b64encode(b":a long enough password").decode()
    assert server.fetch("/api/prompts", Authorization=f"Basic {password}")[0] == 200  # written, since somebody asks
    server.say("э", 1)
    server.kill()
    asked = ("sessions", "prompts", script, "--data-dir", str(tmp_path / "data"), "--json")
    found = json.loads(run(*asked).stdout)
    assert counts(found)[FIRST]["said"] == 1 and counts(found)[AGAIN]["open"] == 1
    assert [said["code"] for said in found] == ['yield say("Чай или кофе?")', 'yield say("Чай? Кофе?")']
    again = serve(script)
    again.say("чай", 2)
    again.stop()
    found = counts(json.loads(run(*asked).stdout))
    assert found[AGAIN]["answered"] == 1 and "open" not in found[AGAIN] and found[LAST] == {"said": 1, "ended": 1}
