"""``--processes N``: several processes on one port, of which one computes pi."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from processes import HELLO, ServerProcess

from tornado_alice.testing import make_request

pytestmark = pytest.mark.slow


def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for what other processes do; fail loudly when it does not come."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


def parent(pid: int) -> int:
    """Of a process; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def children(pid: int) -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdecimal() and parent(int(name)) == pid}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def several(serve: Callable[..., ServerProcess]) -> Callable[..., ServerProcess]:
    return lambda *args: serve(*args, "--processes", "2")


class Talker(threading.Thread):
    """A user who talks on, each turn over a new connection, and repeats what had no answer as the platform would."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__()
        self.server, self.said, self.failed = server, list[str](), list[Exception]()
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(0.01):  # as fast as it goes would be thousands of turns
            try:
                self.said.append(self.server.say("да", len(self.said)))
            except Exception as error:
                self.failed.append(error)

    def end(self) -> list[str]:
        self._enough.set()
        self.join()
        return self.said


@pytest.fixture
def talking() -> Iterator[Callable[[ServerProcess], Talker]]:
    started = []

    def start(server: ServerProcess) -> Talker:
        started.append(Talker(server))
        started[-1].start()
        return started[-1]

    yield start
    for talker in started:
        talker.end()


def turns_by_process(server: ServerProcess) -> dict[str, int]:
    lines = server.fetch("/metrics")[1].splitlines()
    found = [line.split('"') for line in lines if line.startswith("alice_turns_total{")]
    return {process: int(float(value.split()[-1])) for _, process, value in found}


def keep_talking(server: ServerProcess, stack: ExitStack) -> http.client.HTTPConnection:
    """A new connection that stays open."""
    return stack.enter_context(closing(http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)))


def say(connection: http.client.HTTPConnection, command: str, message_id: int, session_id: str = "s") -> str:
    """What is answered over this connection."""
    request = make_request(command, message_id, session={"session_id": session_id})
    connection.request("POST", "/", json.dumps(request).encode(), {"Content-Type": "application/json"})
    text: str = json.loads(connection.getresponse().read())["response"]["text"]
    return text


def test_one_dialog_goes_through_all(several: Callable[..., ServerProcess], hello: str) -> None:
    """Connections that are kept are spread over both processes, also when they come one after the other. The turns of
    one session go over all of them; the dialog is one, and /metrics tells of both."""
    server, n, shares = several(hello), 0, dict[str, int]()
    assert server.announced.endswith(": 2 processes\n")
    with ExitStack() as stack:
        while len(shares) < 2 or min(shares.values()) < 3:
            assert n < 100, f"one process gets next to nothing: {shares}"
            assert say(keep_talking(server, stack), "да", n) == f"{n + 1} да"
            n, shares = n + 1, turns_by_process(server)
    turns = until(lambda: (told := turns_by_process(server)) and len(told) == 2 and told)  # a slow one is left out
    assert set(turns) == {"0", "1"} and sum(turns.values()) == n
    assert server.stop() == 0


def test_pages_and_digits_in_each(several: Callable[..., ServerProcess]) -> None:
    """Every process shows the pages, takes jobs, and tells digits by voice, though one of them computes."""
    server = several()
    shown = Counter(server.fetch("/")[0] for _ in range(8))
    assert shown == {200: 8}
    assert {server.fetch("/api/jobs", {"n": n})[0] for n in range(100, 108)} == {201}
    until(lambda: all(server.fetch(f"/api/jobs/{n}")[1]["status"] == "stored" for n in range(100, 108)))
    with ExitStack() as stack:
        for n in range(50):
            if n and len(turns := turns_by_process(server)) == 2 and min(turns.values()) >= 3:
                break
            connection, session = keep_talking(server, stack), f"s{n}"
            say(connection, "", 0, session)
            said, message_id = say(connection, "тысячную", 1, session), 2
            while said.startswith("Считаю"):
                said, message_id = say(connection, "ну что", message_id, session), message_id + 1
            assert said == "Цифра номер 1000 после запятой: 9."
        else:
            raise AssertionError("one process was never asked")


def test_a_killed_process_is_replaced(
    several: Callable[..., ServerProcess], talking: Callable[[ServerProcess], Talker], hello: str
) -> None:
    """SIGKILL for the process that computes pi: the other one takes the job over, a third one takes its place, and the
    user who talks meanwhile loses no turn."""
    server = several(hello)
    server.fetch("/api/jobs", {"n": 5_000_000})
    until(lambda: server.fetch("/api/jobs/5000000")[1]["status"] == "taken")
    before = children(server.process.pid)
    (computing,) = [pid for pid in before if children(pid)]
    talker = talking(server)
    until(lambda: len(talker.said) > 5)
    os.kill(computing, signal.SIGKILL)
    until(lambda: len(children(server.process.pid) - {computing}) == 2)
    job = until(lambda: stored(server, 5_000_000), 90)
    said = talker.end()
    assert said == [f"{n + 1} да" for n in range(len(said))] and len(talker.failed) <= 1
    assert job["digit"] == 5 and job["attempt"] == 2
    assert server.stop() == 0
    assert "ended by itself (status -9); another one takes its place" in server.errors


def stored(server: ServerProcess, n: int) -> Any:
    status, job = server.fetch(f"/api/jobs/{n}")
    return job if status == 200 and job["status"] == "stored" else None


def test_a_deploy_that_nobody_notices(
    several: Callable[..., ServerProcess], talking: Callable[[ServerProcess], Talker], tmp_path: Path
) -> None:
    """SIGHUP replaces the processes one by one: no request fails, dialogs go on, and new ones hear the new script."""
    path = tmp_path / "deployed.py"
    path.write_text(HELLO, "utf-8")
    server = several(str(path))
    before, talker = children(server.process.pid), talking(server)
    until(lambda: len(talker.said) > 5)
    path.write_text(HELLO.replace("say(f'", "say('new' if request.command == 'версия' else f'"), "utf-8")
    server.process.send_signal(signal.SIGHUP)
    after = until(lambda: (now := children(server.process.pid)) and not now & before and len(now) == 2 and now)
    said = talker.end()
    assert not talker.failed and said == [f"{n + 1} да" for n in range(len(said))]
    assert children(server.process.pid) == after and server.say("версия", 0, "another") == "new"
    assert server.stop() == 0 and "all processes are new" in server.errors


def test_a_deploy_while_a_process_is_replaced(several: Callable[..., ServerProcess], hello: str) -> None:
    """A process dies, and a deploy is told at once: in the end there are as many as were asked for, all of them new."""
    server = several(hello)
    before = children(server.process.pid)
    os.kill(min(before), signal.SIGKILL)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: (now := children(server.process.pid)) and len(now) == 2 and not now & before)
    assert server.stop() == 0


def test_a_deploy_of_a_broken_script(several: Callable[..., ServerProcess], tmp_path: Path) -> None:
    """A script that does not load replaces nothing: the processes that serve go on, and the log says so."""
    path, tried = tmp_path / "broken_later.py", tmp_path / "tried"
    path.write_text(HELLO, "utf-8")
    server = several(str(path))
    before = children(server.process.pid)
    path.write_text(f"open({str(tried)!r}, 'w').close()\nraise RuntimeError('broken')", "utf-8")
    server.process.send_signal(signal.SIGHUP)
    until(tried.exists)
    until(lambda: children(server.process.pid) == before)
    assert server.say("да", 0) == "1 да"
    assert server.stop() == 0 and "those that serve go on as they are" in server.errors


def test_what_keeps_them_from_starting_is_told_once(tmp_path: Path) -> None:
    """A script that does not load is one message and exit status 1, not one for each process and no end."""
    path = tmp_path / "broken.py"
    path.write_text("this is no Python", "utf-8")
    command = [sys.executable, "-m", "tornado_alice", str(path), "--port", "0", "--processes", "4"]
    done = subprocess.run(
        [*command, "--data-dir", str(tmp_path / "data")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1 and done.stderr.count("invalid syntax") == 1


def test_they_stop_with_their_supervisor(several: Callable[..., ServerProcess], hello: str) -> None:
    """When the supervisor itself is killed the processes stop too, and the port is free."""
    server = several(hello)
    pids = children(server.process.pid)
    server.kill()
    until(lambda: not any(map(alive, pids)))
    host, port = server.url.removeprefix("http://").split(":")
    with pytest.raises(OSError):
        http.client.HTTPConnection(host, int(port), timeout=5).request("GET", "/healthz")


def test_memory_alone_is_refused(tmp_path: Path) -> None:
    """Several processes without a journal could not go on with each other's dialogs: the command says so."""
    command = [sys.executable, "-m", "tornado_alice", "--processes", "2", "--durability", "memory"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 1 and "--processes" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["0", "-1", "two", "65"])
def test_how_many_there_may_be(given: str, tmp_path: Path) -> None:
    """From 1 to 64; anything else is told with what is allowed."""
    command = [sys.executable, "-m", "tornado_alice", "--processes", given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 2 and "a whole number from 1" in done.stderr
