"""python -m tornado_alice dev, and the workbench's JSON: a real process, edited in the middle of its dialogs."""

import http.cookiejar
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tornado_alice import SettingsError
from tornado_alice.app.cli import main
from tornado_alice.app.dev import watched
from tornado_alice.app.settings import Settings

pytestmark = pytest.mark.slow
SCRIPT = """
from tornado_alice import Skill, request, say

skill = Skill(__name__)

@skill.script
def run_script():
    yield say('Как вас зовут?')
    name = request.command
    yield say(f'Привет, {name}! Сколько вам лет?')
    yield say(f'{name}, {request.command}')
"""


class Dev:
    """``python -m tornado_alice dev`` on a free port of its own choice; `tell` waits for a line of it."""

    def __init__(self, script: Path) -> None:
        command = [sys.executable, "-m", "tornado_alice", "dev", str(script), "--port", "0", "--data-dir"]
        self.process = subprocess.Popen(
            [*command, str(script.parent / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def tell(self, part: str) -> str:
        seen = []
        while True:
            try:
                seen.append(self._lines.get(timeout=60))
            except queue.Empty:
                raise AssertionError(f"{part!r} was not told: {''.join(seen)}") from None
            if part in seen[-1]:
                return seen[-1]

    def bench(self) -> "Bench":
        """Its workbench, as soon as it serves one."""
        return Bench(self.tell("workbench on ").rpartition("workbench on ")[2].strip())

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        status = self.process.wait(30)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


class Bench:
    """What the page does: it has the cookie with the token, and sends the token back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self.page = self.ask("")
        self._token = next(cookie.value for cookie in self._jar if cookie.name == "_xsrf")

    def ask(self, path: str, sent: Any = None, **headers: str) -> Any:
        body = None if sent is None else json.dumps(sent).encode()
        if sent is not None:
            headers = {"X-XSRFToken": self._token or "", "Content-Type": "application/json"} | headers
        try:
            with self._opener.open(urllib.request.Request(self.url + path, body, headers), timeout=30) as answer:
                content = answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())["error"]["message"]
        return json.loads(content) if content.startswith("{") else content

    def play(self, device: dict[str, Any], **does: Any) -> Any:
        return self.ask("/play", {"skill": "", "device": device, "does": does})


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "hello.py"
    path.write_text(SCRIPT, "utf-8")
    return path


@pytest.fixture
def dev(script: Path) -> Iterator[Callable[[], Dev]]:
    started: list[Dev] = []

    def start() -> Dev:
        started.append(Dev(script))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


def test_a_saved_file_goes_on_in_the_same_dialog(dev: Callable[[], Dev], script: Path) -> None:
    """Edited in the middle: the dialog goes on in the new code with its variables; a broken file only waits."""
    server = dev()
    bench = server.bench()
    turn = bench.play({}, enter="")
    turn = bench.play(turn["device"], say="Анна")
    version = bench.ask("/script?skill=")["version"]

    script.write_text(SCRIPT + "\n)", "utf-8")
    assert "SyntaxError" in server.tell("SyntaxError")
    server.tell("it starts again when a file is saved")
    script.write_text(SCRIPT.replace("{name}, {request", "{name.upper()} — {request"), "utf-8")
    bench = server.bench()
    assert bench.ask("/script?skill=")["version"] != version
    seen = bench.ask(f"/look?skill=&session={turn['device']['session_id']}")
    assert seen["frames"][0]["variables"] == {"name": "'анна'"} and seen["trouble"] is None
    assert bench.play(turn["device"], say="20")["answer"]["response"]["text"] == "АННА — 20"
    assert server.stop(signal.SIGINT) == 0


def test_the_workbench_answers(dev: Callable[[], Dev]) -> None:
    """Turns, looks, branches and tests by JSON; what is wrong gets a status and a sentence."""
    server = dev()
    bench = server.bench()
    assert "Верстак" in bench.page
    turn = bench.play({}, enter="")
    turn = bench.play(turn["device"], say="Анна")
    session = turn["device"]["session_id"]
    assert bench.ask(f"/look?session={session}&turn=1")["at"] == 1
    other = bench.ask("/branch", {"skill": "", "session": session, "turns": 1})["session"]
    assert len(bench.ask(f"/look?session={other}")["turns"]) == 1
    saved = {
        kind: bench.ask("/save", {"skill": "", "session": session, "kind": kind}) for kind in ("dialog", "scenario")
    }
    assert '"tornado_alice": 1' in saved["dialog"]["text"] and "Привет, анна!" in saved["scenario"]["text"]
    wrong = {
        bench.ask(f"/look?session={session}&turn=x"),
        bench.ask("/look?session=a&skill=b"),
        bench.play({"x": 1}, say=""),
        bench.ask("/play", {"skill": "", "device": {}}),
        bench.ask("/branch", {"skill": "", "session": session, "turns": 9}),
        bench.ask("/branch", {"skill": "", "session": session, "turns": 1}, **{"X-XSRFToken": "x"})[0],
    }
    assert {status for status, _ in (one for one in wrong if one != 403)} == {400, 404} and 403 in wrong
    assert "turn: a number of turns, got 'x'" in str(wrong) and "does: expected dict" in str(wrong)
    assert server.stop() == 0


def test_only_where_it_is_asked_for(serve: Callable[..., Any], hello: str) -> None:
    """A server has no workbench by itself, and none for others without a password."""
    server = serve(hello)
    assert server.fetch("/workbench")[0] == 404
    with pytest.raises(SettingsError, match="--workbench shows what users said: give it a --password-file"):
        Settings(workbench=True, address="0.0.0.0")


def test_dev_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """dev without a file of a script says what it watches."""
    assert main(["dev"]) == 1
    assert "dev watches files: name the script's" in capsys.readouterr().err


def test_what_is_watched(tmp_path: Path) -> None:
    """The script's folder tree, its lock file of media; neither installed packages nor what is hidden."""
    for name in ("hello.py", "parts/words.py", "media.lock.json", "notes.txt", ".git/x.py", ".venv/y.py", "venv/z.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    names = {path.relative_to(tmp_path).as_posix() for path in watched([tmp_path])}
    assert names == {"hello.py", "parts/words.py", "media.lock.json"}
